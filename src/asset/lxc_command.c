/* Builds words and scripts for lxc-attach and reads its complaints. */
#include "lxc_command.h"

#include "fops/base/arena.h"
#include "inner_script.h"

#define USER_SCRIPT                                                                                                    \
	"u=$(id -u \"$1\") && g=$(id -g \"$1\") || exit 1\n"                                                           \
	"h=/\n"                                                                                                        \
	"while IFS=: read -r n x a b c d e; do [ \"$n\" = \"$1\" ] && h=$d; done </etc/passwd\n"                       \
	"printf '%s %s %s\\n' \"$u\" \"$g\" \"$h\""

static void add(struct arena *arena, struct text_list *words, const char *option, const char *value)
{
	text_list_add(arena, words, option);
	if (value != NULL)
		text_list_add(arena, words, value);
}

static const char *const *end_words(struct arena *arena, struct text_list *words)
{
	const char **argv = arena_array(arena, words->count + 1, sizeof *argv);

	for (size_t i = 0; i < words->count; i++)
		argv[i] = words->items[i];
	return argv;
}

/* Variables that would change what lxc-attach, the loader or the C library do on this side. */
static bool steers_programs(const char *entry)
{
	static const char *const heads[] = { "LD_PRELOAD=",
		                             "LD_LIBRARY_PATH=",
		                             "LD_AUDIT=",
		                             "LD_BIND",
		                             "LD_DEBUG",
		                             "LD_PROFILE",
		                             "LD_ORIGIN_PATH=",
		                             "LD_SHOW_AUXV=",
		                             "LD_HWCAP_MASK=",
		                             "LD_ASSUME_KERNEL=",
		                             "LD_DYNAMIC_WEAK=",
		                             "LD_USE_LOAD_BIAS=",
		                             "LD_VERBOSE=",
		                             "LD_WARN=",
		                             "LD_TRACE_LOADED_OBJECTS=",
		                             "LD_PREFER_MAP_32BIT_EXEC=",
		                             "LXC_",
		                             "MALLOC_",
		                             "GLIBC_",
		                             "PATH=",
		                             "HOME=",
		                             "USER=",
		                             "TERM=",
		                             "TMPDIR=",
		                             "IFS=",
		                             "ENV=",
		                             "BASH_ENV=",
		                             "LOCPATH=",
		                             "GCONV_",
		                             "NLSPATH=",
		                             "container=",
		                             "SHELLOPTS=",
		                             "PS4=",
		                             "LC_",
		                             "LANG=",
		                             "LANGUAGE=",
		                             "POSIXLY_CORRECT=" };

	for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
		if (text_starts(entry, heads[i]))
			return true;
	}
	return false;
}

static bool has_variable(const struct text_list *environment, const char *prefix)
{
	for (size_t i = 0; i < environment->count; i++) {
		if (text_starts(environment->items[i], prefix))
			return true;
	}
	return false;
}

static void add_preset(struct arena *arena, struct text_list *words, const struct text_list *environment,
                       const char *prefix, const char *value)
{
	if (value != NULL && !has_variable(environment, prefix))
		add(arena, words, "-v", arena_format(arena, "%s%s", prefix, value));
}

static void add_environment(struct arena *arena, struct text_list *words, const struct lxc_command *command,
                            struct text_list *set)
{
	const struct text_list *environment = &command->environment;

	text_list_add(arena, words, "--clear-env");
	add_preset(arena, words, environment, "HOME=", command->user.home);
	add_preset(arena, words, environment, "USER=", command->user.name);
	add_preset(arena, words, environment, "TERM=", command->terminal_name);
	for (size_t i = 0; i < environment->count; i++) {
		const char *entry = environment->items[i];

		if (command->values_in_words || steers_programs(entry)) {
			add(arena, words, "-v", entry);
			continue;
		}
		text_list_add(arena, set, entry);
		add(arena, words, "--keep-var", arena_text(arena, entry, strcspn(entry, "=")));
	}
}

static void add_container(struct arena *arena, struct text_list *words, const struct lxc_block *lxc)
{
	if (lxc->path != NULL)
		add(arena, words, "-P", lxc->path);
	add(arena, words, "-n", lxc->container);
}

static void add_command(struct arena *arena, struct text_list *words, const struct lxc_command *command)
{
	if (command->mark != NULL) {
		add(arena, words, "sh", "-c");
		add(arena, words, INNER_SCRIPT, command->mark);
		text_list_add(arena, words, command->workdir == NULL ? "" : command->workdir);
	}
	for (const char *const *word = command->argv; *word != NULL; word++)
		text_list_add(arena, words, *word);
}

/* pct has no options for the environment: what may be seen goes through env, the rest through its own. */
static const char *const *pct_words(struct arena *arena, const struct lxc_command *command, struct text_list *ret_set)
{
	const struct text_list *environment = &command->environment;
	const char *presets[] = { "HOME=", command->user.home,    "USER=", command->user.name,
		                  "TERM=", command->terminal_name };
	struct text_list words = { 0 };
	struct text_list set = { 0 };

	add(arena, &words, "pct", "exec");
	add(arena, &words, command->lxc->container, "--keep-env");
	add(arena, &words, "1", "--");
	text_list_add(arena, &words, "env");
	for (size_t i = 0; i < ARRAY_LEN(presets); i += 2) {
		if (presets[i + 1] != NULL && !has_variable(environment, presets[i]))
			text_list_add(arena, &words, arena_format(arena, "%s%s", presets[i], presets[i + 1]));
	}
	for (size_t i = 0; i < environment->count; i++) {
		bool visible = command->values_in_words || steers_programs(environment->items[i]) ||
		               text_starts(environment->items[i], "PERL");

		text_list_add(arena, visible ? &words : &set, environment->items[i]);
	}
	add_command(arena, &words, command);
	*ret_set = set;
	return end_words(arena, &words);
}

const char *const *lxc_attach_words(struct arena *arena, const struct lxc_command *command, struct text_list *ret_set)
{
	struct text_list words = { 0 };
	struct text_list set = { 0 };

	if (command->lxc->proxmox.present)
		return pct_words(arena, command, ret_set);
	text_list_add(arena, &words, "lxc-attach");
	add_container(arena, &words, command->lxc);
	if (command->log_path != NULL) {
		add(arena, &words, "-o", command->log_path);
		add(arena, &words, "-l", "ERROR");
	}
	add_environment(arena, &words, command, &set);
	if (command->user.uid != NULL) {
		add(arena, &words, "-u", command->user.uid);
		add(arena, &words, "-g", command->user.gid);
	}
	text_list_add(arena, &words, "--");
	add_command(arena, &words, command);
	*ret_set = set;
	return end_words(arena, &words);
}

const char *const *lxc_info_words(struct arena *arena, const struct lxc_block *lxc)
{
	struct text_list words = { 0 };

	if (lxc->proxmox.present) {
		add(arena, &words, "pct", "status");
		text_list_add(arena, &words, lxc->container);
		return end_words(arena, &words);
	}
	text_list_add(arena, &words, "lxc-info");
	add_container(arena, &words, lxc);
	text_list_add(arena, &words, "-sH");
	return end_words(arena, &words);
}

const char *const *lxc_user_words(struct arena *arena, const char *name)
{
	struct text_list words = { 0 };

	add(arena, &words, "sh", "-c");
	add(arena, &words, USER_SCRIPT, "sh");
	text_list_add(arena, &words, name);
	return end_words(arena, &words);
}

static bool is_number(const char *text)
{
	uint64_t number;

	return parse_count(text, &number) && number < UINT32_MAX;
}

bool lxc_user_read(struct arena *arena, const char *text, const char *name, struct lxc_user *ret_user)
{
	struct text_list parts = text_split(arena, arena_text(arena, text, strcspn(text, "\r\n")), ' ');

	if (parts.count < 2 || !is_number(parts.items[0]) || !is_number(parts.items[1]))
		return false;
	*ret_user = (struct lxc_user){ parts.items[0], parts.items[1], name, parts.count > 2 ? parts.items[2] : "/" };
	return true;
}

/* Names as useradd accepts them, and a few more letters; nothing that a shell or an option parser could take otherwise.
 */
static bool is_user_name(const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len > 64 || text[0] == '-' || strspn(text, "0123456789") == len)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)text[i]) && strchr("._-$", text[i]) == NULL)
			return false;
	}
	return true;
}

bool lxc_user_parse(struct arena *arena, const char *text, struct lxc_user *ret_user, const char **ret_name,
                    struct error *err)
{
	const char *colon;
	const char *uid;
	const char *gid;

	*ret_name = NULL;
	if (text == NULL || text_equal(text, "root")) {
		*ret_user = (struct lxc_user){ NULL, NULL, "root", "/root" };
		return true;
	}
	colon = strchr(text, ':');
	uid = arena_text(arena, text, colon == NULL ? strlen(text) : (size_t)(colon - text));
	gid = colon == NULL ? uid : colon + 1;
	if (is_number(uid) && is_number(gid)) {
		bool root = text_equal(uid, "0");

		*ret_user = (struct lxc_user){ uid, gid, root ? "root" : NULL, root ? "/root" : "/" };
		return true;
	}
	if (colon == NULL && is_user_name(text)) {
		*ret_name = text;
		return true;
	}
	fail(err, ERROR_USAGE_BAD_VALUE, "--user takes a name, UID or UID:GID");
	error_cause(err, "it is \"%s\"", text);
	return false;
}

bool lxc_name_check(const struct lxc_block *lxc, struct error *err)
{
	if (lxc->container != NULL && lxc->container[0] != '\0' && lxc->container[0] != '-' &&
	    lxc->container[0] != '.' && strchr(lxc->container, '/') == NULL)
		return true;
	return fail(err, ERROR_CONTRACT_INVALID, "the container name of the asset is no plain name");
}

void shell_quote(struct buffer *out, const char *word)
{
	buffer_byte(out, '\'');
	for (; *word != '\0'; word++) {
		if (*word == '\'')
			buffer_text(out, "'\\''");
		else
			buffer_byte(out, *word);
	}
	buffer_byte(out, '\'');
}

void shell_quote_words(struct buffer *out, const char *const *words)
{
	for (size_t i = 0; words[i] != NULL; i++) {
		if (i > 0)
			buffer_byte(out, ' ');
		shell_quote(out, words[i]);
	}
}

void shell_octal(struct buffer *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (isalnum((unsigned char)*text))
			buffer_byte(out, *text);
		else
			buffer_format(out, "\\0%03o", (unsigned)(unsigned char)*text);
	}
}

/* The part of a line behind its place in the sources: "… - message" in a log, "file: function: 406 message" on stderr.
 */
static const char *line_message(struct arena *arena, const char *line, size_t len)
{
	const char *message = arena_text(arena, line, len);
	const char *place = strstr(message, ".c:");

	if (place == NULL)
		return message;
	message = place + 3;
	message += strcspn(message, "0123456789");
	message += strspn(message, "0123456789");
	message += strspn(message, " -");
	return message;
}

enum lxc_complaint lxc_complaint_read(struct arena *arena, const char *text, size_t len, const char **ret_text)
{
	static const struct {
		const char *words;
		enum lxc_complaint complaint;
	} known[] = {
		{ "Failed to exec", LXC_EXEC_FAILED }, { "Failed to get init pid", LXC_NOT_RUNNING },
		{ "not running", LXC_NOT_RUNNING },    { "is not defined", LXC_NOT_RUNNING },
		{ "You lack access", LXC_FORBIDDEN },  { "privileges to control", LXC_FORBIDDEN },
	};
	const char *all = arena_text(arena, text, len);

	if (len == 0)
		return LXC_NO_COMPLAINT;
	*ret_text = line_message(arena, all, strcspn(all, "\n"));
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		const char *hit = strstr(all, known[i].words);
		const char *start = hit;

		if (hit == NULL)
			continue;
		while (start > all && start[-1] != '\n')
			start--;
		*ret_text = line_message(arena, start, strcspn(start, "\n"));
		return known[i].complaint;
	}
	return LXC_ATTACH_FAILED;
}
