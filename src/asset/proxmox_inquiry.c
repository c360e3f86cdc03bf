/* Asks a node for the task that holds a guest or broke it, once a guest cannot be used; never on the good path. */
#include "fops/base/arena.h"
#include "fops/data/document.h"
#include "proxmox_task.h"

#define LONGEST_ANSWER ((size_t)1024 * 1024)
#define MOST_MS        3000
#define MOST_NODES     ((size_t)3)
#define MOST_ROWS      "50"
#define LOG_LINES      50
#define LONGEST_WORD   ((size_t)80)
#define LONGEST_QUOTE  ((size_t)200)

/* GET …/tasks/UPID/status */
struct task_state {
	const char *status; /* "running", "stopped" */
	const char *exit_status;
};

static const struct field task_fields[] = {
	{ "status", SLOT(struct task_state, status), .text = "running or stopped" },
	{ "exitstatus", SLOT(struct task_state, exit_status), .text = "what it ended with" },
	{ 0 },
};

/* What helps against a lock that no task holds (lock in qemu-server and pve-container); NULL: look, then unlock. */
static const struct {
	const char *lock, *text, *verb;
} lock_fixes[] = {
	{ "suspended", "It sleeps on its disk; start it on its node, which wakes it up", "start" },
	{ "mounted", "Its disk is mounted on its node; unmount it there", "unmount" },
	{ NULL, "When no task works on it any more, unlock it on its node", "unlock" },
};

static struct arena *arena_of(const struct proxmox_inquiry *inquiry)
{
	return inquiry->look->context->arena;
}

static const char *node_of(const struct proxmox_inquiry *inquiry)
{
	return inquiry->nodes.count == 0 ? inquiry->look->guest.node : inquiry->nodes.items[inquiry->node];
}

/* A lock is one of a few words; what is no such word is not repeated. */
static const char *lock_of(const struct proxmox_inquiry *inquiry)
{
	const char *lock = inquiry->look->guest.lock;

	if (lock == NULL || lock[0] == '\0')
		return NULL;
	return strlen(lock) > 32 || lock[strspn(lock, "abcdefghijklmnopqrstuvwxyz-")] != '\0' ? "unknown" : lock;
}

static const char *quote(const struct proxmox_inquiry *inquiry, const char *text, size_t most)
{
	return proxmox_plain(arena_of(inquiry), &inquiry->look->access->http, text, most);
}

/* --- what is said --- */

static const char *task_text(const struct proxmox_inquiry *inquiry)
{
	const struct proxmox_task *task = &inquiry->task;
	struct arena *arena = arena_of(inquiry);
	int64_t time = task->result != NULL && task->ended > 0 ? task->ended : task->started;
	const char *name =
	        arena_format(arena, "%s %s of %s", task->id[0] == '\0' ? "a job over several guests," : "its task",
	                     quote(inquiry, task->type, LONGEST_WORD), quote(inquiry, task->user, LONGEST_WORD));
	const char *when = instant_format(arena, (struct instant){ time * 1000 }, false);
	const char *text;

	if (when == NULL)
		when = "an unknown time";
	if (task->result == NULL)
		return arena_format(arena, "%s runs since %s", name, when);
	when = arena_format(arena, task->ended == 0 ? "after it began at %s" : "at %s", when);
	if (proxmox_result_is_good(task->result))
		return arena_format(arena, "%s ended well %s", name, when);
	text = arena_format(arena, "%s failed %s: %s", name, when, quote(inquiry, task->result, LONGEST_QUOTE));
	return inquiry->log == NULL
	               ? text
	               : arena_format(arena, "%s (log: %s)", text, quote(inquiry, inquiry->log, LONGEST_QUOTE));
}

static void tell_lock_fix(const struct proxmox_inquiry *inquiry, const char *lock, const char *tool)
{
	size_t i = 0;

	while (lock_fixes[i].lock != NULL && !text_equal(lock_fixes[i].lock, lock))
		i++;
	error_fix(inquiry->err, "%s: %s %s %lld", lock_fixes[i].text, tool, lock_fixes[i].verb,
	          (long long)inquiry->look->guest.vmid);
}

static void tell_fix(const struct proxmox_inquiry *inquiry, const char *lock)
{
	const struct proxmox_guest *guest = &inquiry->look->guest;
	const char *tool = text_equal(guest->type, "qemu") ? "qm" : "pct";
	bool runs = inquiry->found && inquiry->task.result == NULL;

	if (runs)
		error_fix(inquiry->err,
		          "Wait until that task has ended, then try again; its node's task list shows it.");
	else if (inquiry->away)
		return;
	else if (inquiry->ran && proxmox_result_is_good(inquiry->task.result))
		error_fix(inquiry->err, "Try again: that task has just ended.");
	else if (lock != NULL)
		tell_lock_fix(inquiry, lock, tool);
	else if (proxmox_result_is_good(inquiry->task.result))
		error_fix(inquiry->err, "Start it again on its node when that was not meant: %s start %lld", tool,
		          (long long)guest->vmid);
	else
		error_fix(inquiry->err, "Mend what that task says, then start it on its node: %s start %lld", tool,
		          (long long)guest->vmid);
}

static void tell(const struct proxmox_inquiry *inquiry)
{
	struct arena *arena = arena_of(inquiry);
	const char *lock = inquiry->away ? NULL : lock_of(inquiry);
	const char *cause = arena_copy(arena, inquiry->err->cause);

	if (lock != NULL)
		cause = arena_format(arena, "%s; it is locked (%s)", cause, lock);
	if (inquiry->found)
		cause = arena_format(arena, "%s; %s", cause, task_text(inquiry));
	if (lock == NULL && !inquiry->found)
		return;
	error_cause(inquiry->err, "%s", cause);
	tell_fix(inquiry, lock);
}

static void finish(struct proxmox_inquiry *inquiry)
{
	if (!inquiry->found && !inquiry->unread)
		log_detail(inquiry->look->context->log,
		           "no task explains guest %lld; a token sees the tasks of others with Sys.Audit alone",
		           (long long)inquiry->look->guest.vmid);
	tell(inquiry);
	inquiry->on_done(inquiry);
}

/* --- what is asked --- */

static void log_unread(struct proxmox_inquiry *inquiry, const struct error *err)
{
	inquiry->unread = true;
	log_detail(inquiry->look->context->log, "tasks of guest %lld on %s were not read: %s%s%s",
	           (long long)inquiry->look->guest.vmid, node_of(inquiry), err->message,
	           err->cause[0] == '\0' ? "" : ": ", err->cause);
}

static bool ask(struct proxmox_inquiry *inquiry, const char *path, struct text_map query,
                void (*on_done)(struct http_exchange *exchange))
{
	struct asset_context *context = inquiry->look->context;
	struct http_exchange *exchange = &inquiry->exchange;
	int left = deadline_left_ms(inquiry->limit);
	struct error err;

	if (left == 0)
		return false;
	proxmox_prepare(context, inquiry->look->access, "GET", path, LONGEST_ANSWER, exchange);
	exchange->url = url_build(context->arena, &inquiry->look->access->url, path, &query);
	exchange->timeout_ms = left;
	exchange->tries = HTTP_TRIES_NEVER;
	exchange->on_done = on_done;
	exchange->user = inquiry;
	inquiry->asking = http_start(inquiry->look->http, context->arena, exchange, &err);
	if (!inquiry->asking)
		log_unread(inquiry, &err);
	return inquiry->asking;
}

static bool read_answer(struct proxmox_inquiry *inquiry, struct proxmox_answer *ret_answer)
{
	struct error err;

	inquiry->asking = false;
	if (proxmox_answer_read(arena_of(inquiry), inquiry->look->asset, &inquiry->exchange, ret_answer, &err))
		return true;
	log_unread(inquiry, &err);
	return false;
}

static bool ask_log(struct proxmox_inquiry *inquiry, int64_t start);

static void log_came(struct http_exchange *exchange)
{
	struct proxmox_inquiry *inquiry = exchange->user;
	struct proxmox_answer answer;

	if (read_answer(inquiry, &answer)) {
		/* the first page of a longer log is not its end */
		if (!inquiry->paged && answer.total > LOG_LINES) {
			inquiry->paged = true;
			if (ask_log(inquiry, answer.total - LOG_LINES))
				return;
		} else {
			inquiry->log = proxmox_log_end(answer.data);
		}
	}
	finish(inquiry);
}

static bool ask_log(struct proxmox_inquiry *inquiry, int64_t start)
{
	struct arena *arena = arena_of(inquiry);
	struct text_pair pairs[] = { { "start", arena_format(arena, "%lld", (long long)start) },
		                     { "limit", arena_format(arena, "%d", LOG_LINES) } };

	return ask(inquiry, proxmox_task_path(arena, &inquiry->task, "/log"),
	           (struct text_map){ pairs, ARRAY_LEN(pairs) }, log_came);
}

static void status_came(struct http_exchange *exchange)
{
	struct proxmox_inquiry *inquiry = exchange->user;
	struct findings findings = { .arena = arena_of(inquiry) };
	struct task_state state = { 0 };
	struct proxmox_answer answer;

	/* the list may still say that it runs when nothing noted its end; what it says stands when this cannot be read
	 */
	if (read_answer(inquiry, &answer) && answer.data != NULL &&
	    decode(arena_of(inquiry), "answer", "data", answer.data, task_fields, DECODE_LENIENT, &state, &findings) &&
	    state.status != NULL) {
		if (text_equal(state.status, "running"))
			inquiry->task.result = NULL;
		else if (state.exit_status != NULL)
			inquiry->task.result = state.exit_status;
	}
	if (inquiry->task.result == NULL || proxmox_result_is_good(inquiry->task.result) || !ask_log(inquiry, 0))
		finish(inquiry);
}

static void ask_status(struct proxmox_inquiry *inquiry)
{
	if (!ask(inquiry, proxmox_task_path(arena_of(inquiry), &inquiry->task, "/status"), (struct text_map){ 0 },
	         status_came))
		finish(inquiry);
}

static bool ask_list(struct proxmox_inquiry *inquiry);

static void list_came(struct http_exchange *exchange)
{
	struct proxmox_inquiry *inquiry = exchange->user;
	const struct proxmox_guest *guest = &inquiry->look->guest;
	struct proxmox_question question = { .node = node_of(inquiry),
		                             .lock = guest->lock,
		                             .vmid = guest->vmid,
		                             .job = inquiry->job_asked,
		                             .away = inquiry->away };
	struct proxmox_answer answer;
	struct proxmox_task task;

	if (read_answer(inquiry, &answer) && proxmox_task_pick(arena_of(inquiry), answer.data, &question, &task) &&
	    (!inquiry->job_asked || task.result == NULL)) {
		inquiry->task = task;
		inquiry->found = true;
		inquiry->ran = task.result == NULL;
	}
	/* a backup of several guests is a task of none of them */
	if (!inquiry->job_asked && text_equal(guest->lock, "backup") &&
	    (!inquiry->found || inquiry->task.result != NULL)) {
		inquiry->job_asked = true;
		if (ask_list(inquiry))
			return;
	}
	while (!inquiry->found && inquiry->node + 1 < inquiry->nodes.count && inquiry->node + 1 < MOST_NODES) {
		inquiry->node++;
		if (ask_list(inquiry))
			return;
	}
	if (inquiry->found)
		ask_status(inquiry);
	else
		finish(inquiry);
}

/* source, typefilter and the rest are parameters of PVE::API2::Tasks; old versions refuse those that they lack. */
static bool ask_list(struct proxmox_inquiry *inquiry)
{
	struct arena *arena = arena_of(inquiry);
	const char *path = arena_format(arena, "/api2/json/nodes/%s/tasks", node_of(inquiry));
	struct text_pair own[] = { { "vmid", arena_format(arena, "%lld", (long long)inquiry->look->guest.vmid) },
		                   { "source", "all" },
		                   { "limit", MOST_ROWS } };
	struct text_pair jobs[] = { { "typefilter", "vzdump" }, { "source", "active" }, { "limit", MOST_ROWS } };

	return ask(inquiry, path, (struct text_map){ inquiry->job_asked ? jobs : own, ARRAY_LEN(own) }, list_came);
}

void proxmox_inquiry_start(struct proxmox_inquiry *inquiry)
{
	int left = deadline_left_ms(inquiry->look->context->deadline);

	inquiry->limit = deadline_after(left >= 0 && left / 2 < MOST_MS ? left / 2 : MOST_MS);
	if (!ask_list(inquiry))
		finish(inquiry);
}

void proxmox_inquiry_stop(struct proxmox_inquiry *inquiry)
{
	if (inquiry->asking)
		http_cancel(inquiry->look->http, &inquiry->exchange);
	inquiry->asking = false;
}
