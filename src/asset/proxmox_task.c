/* Reads task names and lists of a Proxmox VE node, whose texts anybody with an account there may have written. */
#include "proxmox_task.h"

#include "fops/base/arena.h"
#include "fops/base/buffer.h"
#include "fops/base/terminal.h"
#include "fops/data/document.h"

#define LONGEST_UPID ((size_t)320)
#define LONGEST_NODE ((size_t)63)
#define LONGEST_LINE ((size_t)4096)
#define HEX          "0123456789ABCDEFabcdef"

/* A row of GET /nodes/NODE/tasks. */
struct row {
	const char *upid;
	const char *status; /* "RUNNING", or what it ended with */
	int64_t ended;
};

static const struct field row_fields[] = {
	{ "upid", SLOT(struct row, upid), .text = "the task" },
	{ "status", SLOT(struct row, status), .text = "RUNNING, or what it ended with" },
	{ "endtime", SLOT(struct row, ended), .text = "when it ended" },
	{ 0 },
};

/* The part of the type that the task of a lock has (fork_worker in qemu-server and pve-container). */
static const struct {
	const char *lock, *part;
} lock_parts[] = {
	{ "backup", "vzdump" },     { "migrate", "migrate" },
	{ "snapshot", "snapshot" }, { "snapshot-delete", "delsnapshot" },
	{ "rollback", "rollback" }, { "clone", "clone" },
	{ "create", "create" },     { "suspending", "suspend" },
	{ "destroyed", "destroy" },
};

static bool is_of(const char *text, size_t least, size_t most, const char *characters)
{
	size_t len = strlen(text);

	return len >= least && len <= most && strspn(text, characters) == len;
}

/* What PVE::UPID allows ([^:\s/], the colon is gone already), without control characters. */
static bool is_word(const char *text, size_t least)
{
	if (strlen(text) < least)
		return false;
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text <= ' ' || *text == '/' || *text == 0x7F)
			return false;
	}
	return true;
}

static bool is_plain_character(char character)
{
	return (character >= 'A' && character <= 'Z') || (character >= 'a' && character <= 'z') ||
	       (character >= '0' && character <= '9') || character == '-';
}

static bool is_node(const char *text)
{
	size_t len = 0;

	while (is_plain_character(text[len]))
		len++;
	return len > 0 && len <= LONGEST_NODE && text[len] == '\0' && text[0] != '-' && text[len - 1] != '-';
}

bool proxmox_upid_parse(struct arena *arena, const char *text, struct proxmox_task *ret_task)
{
	enum { MARK, NODE, PID, PROCESS_START, START, TYPE, ID, USER, END, PARTS };
	const char *parts[PARTS];
	size_t len = text == NULL ? 0 : strnlen(text, LONGEST_UPID + 1);
	char *rest;

	if (len == 0 || len > LONGEST_UPID || !is_utf8(text, len, NULL))
		return false;
	rest = arena_text(arena, text, len);
	for (size_t i = 0; i < PARTS; i++) {
		char *colon = strchr(rest, ':');

		parts[i] = rest;
		if ((colon == NULL) != (i == END))
			return false;
		if (colon == NULL)
			break;
		*colon = '\0';
		rest = colon + 1;
	}
	if (!text_equal(parts[MARK], "UPID") || parts[END][0] != '\0' || !is_node(parts[NODE]) ||
	    !is_of(parts[PID], 8, 8, HEX) || !is_of(parts[PROCESS_START], 8, 9, HEX) ||
	    !is_of(parts[START], 8, 8, HEX) || !is_word(parts[TYPE], 1) || !is_word(parts[ID], 0) ||
	    !is_word(parts[USER], 1))
		return false;
	*ret_task = (struct proxmox_task){
		.upid = arena_text(arena, text, len),
		.node = parts[NODE],
		.type = parts[TYPE],
		.id = parts[ID],
		.user = parts[USER],
		.started = (int64_t)strtoull(parts[START], NULL, 16),
	};
	return true;
}

bool proxmox_result_is_good(const char *result)
{
	static const char warnings[] = "WARNINGS: ";
	uint64_t count;

	if (result == NULL || text_equal(result, "OK"))
		return result != NULL;
	return text_starts(result, warnings) && is_of(result + sizeof warnings - 1, 1, 18, "0123456789") &&
	       parse_count(result + sizeof warnings - 1, &count);
}

static bool has_any(const char *type, const char *const *parts)
{
	for (; *parts != NULL; parts++) {
		if (strstr(type, *parts) != NULL)
			return true;
	}
	return false;
}

static bool leads_away(const char *type)
{
	static const char *const parts[] = { "migrate", "destroy", NULL };

	return has_any(type, parts);
}

/* Somebody looks at the guest, or a file travels: it holds and breaks nothing. */
static bool is_onlooker(const char *type)
{
	static const char *const parts[] = { "proxy", "shell", "tunnel", "pull_file", "push_file", NULL };

	return has_any(type, parts);
}

/* After such a task's success what came before it explains nothing any more. */
static bool gives_life(const char *type)
{
	static const char *const parts[] = { "start", "resume", "reboot", "create", "restore", NULL };

	return has_any(type, parts);
}

static bool takes_life(const char *type)
{
	static const char *const parts[] = { "stop", "shutdown", "suspend", NULL };

	return has_any(type, parts);
}

static bool holds_lock(const struct proxmox_task *task, const char *lock)
{
	for (size_t i = 0; i < ARRAY_LEN(lock_parts); i++) {
		if (text_equal(lock_parts[i].lock, lock))
			return strstr(task->type, lock_parts[i].part) != NULL;
	}
	return false;
}

static bool read_row(struct arena *arena, const struct value *value, const struct proxmox_question *question,
                     struct proxmox_task *ret_task)
{
	struct findings findings = { .arena = arena };
	const char *vmid = arena_format(arena, "%lld", (long long)question->vmid);
	struct row row = { 0 };
	struct proxmox_task task;

	if (!decode(arena, "answer", "data", value, row_fields, DECODE_LENIENT, &row, &findings) ||
	    !proxmox_upid_parse(arena, row.upid, &task) || !text_equal(task.node, question->node))
		return false;
	if (!text_equal(task.id, vmid) && !(question->job && task.id[0] == '\0'))
		return false;
	if (is_onlooker(task.type) || (question->away && !leads_away(task.type)))
		return false;
	if (!text_equal(row.status, "RUNNING"))
		task.result = row.status == NULL ? "unexpected status" : row.status;
	task.ended = row.ended > 0 && row.ended <= UINT32_MAX ? row.ended : 0;
	*ret_task = task;
	return true;
}

static int64_t time_of(const struct proxmox_task *task)
{
	return task->ended > 0 ? task->ended : task->started;
}

/* Does it explain more than what was found before it? */
static bool is_better(const struct proxmox_task *task, const struct proxmox_task *before, const char *lock)
{
	bool runs = task->result == NULL;

	if (before->upid == NULL)
		return true;
	if (runs != (before->result == NULL))
		return runs;
	if (runs && holds_lock(task, lock) != holds_lock(before, lock))
		return holds_lock(task, lock);
	return time_of(task) > time_of(before);
}

bool proxmox_task_pick(struct arena *arena, const struct value *list, const struct proxmox_question *question,
                       struct proxmox_task *ret_task)
{
	struct proxmox_task best = { 0 };

	for (size_t i = 0; list != NULL && list->kind == VALUE_ARRAY && i < list->list.count; i++) {
		struct proxmox_task task;

		if (!read_row(arena, &list->list.items[i], question, &task))
			continue;
		if (proxmox_result_is_good(task.result) && !gives_life(task.type) && !takes_life(task.type) &&
		    !leads_away(task.type))
			continue;
		if (is_better(&task, &best, question->lock))
			best = task;
	}
	if (best.upid == NULL || (proxmox_result_is_good(best.result) && gives_life(best.type)))
		return false;
	*ret_task = best;
	return true;
}

const char *proxmox_log_end(const struct value *lines)
{
	for (size_t i = lines == NULL || lines->kind != VALUE_ARRAY ? 0 : lines->list.count; i > 0; i--) {
		const struct value *text = value_member(&lines->list.items[i - 1], "t");

		if (text != NULL && text->kind == VALUE_TEXT && text->text.len > 0 &&
		    !text_starts(text->text.data, "TASK "))
			return text->text.data;
	}
	return NULL;
}

const char *proxmox_task_path(struct arena *arena, const struct proxmox_task *task, const char *more)
{
	struct buffer path = BUFFER(LONGEST_LINE);
	const char *text;

	buffer_format(&path, "/api2/json/nodes/%s/tasks/", task->node);
	for (text = task->upid; *text != '\0'; text++) {
		if (is_plain_character(*text) || strchr("._:", *text) != NULL)
			buffer_byte(&path, *text);
		else
			buffer_format(&path, "%%%02X", (unsigned char)*text);
	}
	buffer_text(&path, more);
	text = arena_copy(arena, buffer_string(&path));
	buffer_done(&path);
	return text;
}

/* Logs are files of bytes, which may come as one character each; text that came whole stays as it is. */
static struct str whole_text(struct arena *arena, struct str text)
{
	struct str bytes;

	return proxmox_decode_bytes(arena, text.data, text.len, &bytes) && is_utf8(bytes.data, bytes.len, NULL) ? bytes
	                                                                                                        : text;
}

const char *proxmox_plain(struct arena *arena, const struct http_access *access, const char *text, size_t most)
{
	struct buffer escaped = BUFFER(LONGEST_LINE * 8);
	struct str line = whole_text(arena, (struct str){ text, strcspn(text, "\r\n") });
	char *copy;
	size_t len;

	terminal_escape(&escaped, line.data, line.len < LONGEST_LINE ? line.len : LONGEST_LINE);
	copy = arena_text(arena, buffer_string(&escaped), escaped.len);
	buffer_done(&escaped);
	http_mask(access, copy);
	len = strlen(copy);
	if (len > most) {
		len = most;
		while (len > 0 && ((unsigned char)copy[len] & 0xC0) == 0x80)
			len--;
		copy[len] = '\0';
	}
	return copy;
}
