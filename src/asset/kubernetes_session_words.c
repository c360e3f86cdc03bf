/* The scripts around a command in a pod, and the URLs that start them; values of variables are in neither. */
#include "fops/base/arena.h"
#include "inner_script.h"
#include "kubernetes_session.h"
#include "word_script.h"

/* Words that make the URL longer than this go the way of the environment; proxies allow 8 KiB for a request's head. */
#define LONGEST_WORDS_IN_URL ((size_t)4096)
#define PING_MS              10000
#define DEAD_PEER_MS         60000

#define TERMINAL_SCRIPT      "TERM=$1; export TERM; shift\n"
/* A terminal shows what it gets and takes lines of 4 KiB at most, unless told otherwise. */
#define HIDE_SCRIPT                                                                                                    \
	"fops_t=$(command -v stty) && fops_s=$(stty -g) && stty -echo -icanon ||\n"                                    \
	"{ printf '%s no-stty\\n' \"$0\"; exit 125; }; printf '%s reads\\n' \"$0\"\n"
#define SHOW_SCRIPT "\"$fops_t\" \"$fops_s\"\n"
/*
 * Tells its process, which leads the group; outlives the signals that end the command, whose status it tells. Its last
 * words on both streams stand behind everything that the command itself wrote. What this shell itself would say goes
 * nowhere.
 */
#define COMMAND_SCRIPT                                                                                                 \
	"exec 3>&2 2>/dev/null\n"                                                                                      \
	"trap : INT TERM HUP\n"                                                                                        \
	"printf '%s pid %s\\n' \"$0\" \"$$\"\n"                                                                        \
	"( " INNER_SCRIPT "\n) 2>&3 3>&-\n"                                                                            \
	"fops_v=$?; printf '%s status %s\\n' \"$0\" \"$fops_v\" >&3\n"                                                 \
	"printf '%s end\\n' \"$0\"; exit \"$fops_v\""

/*
 * The second command: $1 signal, $2 the first one's shell. Where that leads no group of its own, everything below it in
 * the tree of processes gets the signal.
 */
#define SIGNAL_SCRIPT                                                                                                  \
	"signal=$1 root=$2 all=\n"                                                                                     \
	"kill -s \"$signal\" -- \"-$root\" 2>/dev/null && exit 0\n"                                                    \
	"one() { all=\"$all $1:$3\"; }\n"                                                                              \
	"for file in /proc/[0-9]*/stat; do { IFS= read -r line <\"$file\"; } 2>/dev/null || continue\n"                \
	"pid=${file#/proc/}; one \"${pid%/stat}\" ${line##*) }; done\n"                                                \
	"family=\" $root \" before=\n"                                                                                 \
	"while [ \"$family\" != \"$before\" ]; do before=$family; for pair in $all; do\n"                              \
	"case $family in *\" ${pair%:*} \"*) continue;; esac\n"                                                        \
	"case $family in *\" ${pair#*:} \"*) family=\"$family${pair%:*} \";; esac; done; done\n"                       \
	"for pid in $family; do kill -s \"$signal\" \"$pid\" 2>/dev/null; done; exit 0"

static void add(struct arena *arena, struct text_map *query, size_t *room, const char *key, const char *value)
{
	if (query->count == *room) {
		struct text_pair *items = arena_array(arena, *room * 2 + 16, sizeof *items);

		if (query->count > 0)
			memcpy(items, query->items, query->count * sizeof *items);
		query->items = items;
		*room = *room * 2 + 16;
	}
	query->items[query->count++] = (struct text_pair){ key, value };
}

/* The upgrade's URL; every stream is stated, because old servers have presets of their own. */
static const char *exec_url(const struct kubernetes_session *state, struct arena *arena, const char *const *words,
                            bool input, bool errors, bool terminal)
{
	const char *path =
	        arena_format(arena, "/api/v1/namespaces/%s/pods/%s/exec", state->pod.name_space, state->pod.name);
	struct text_map query = { 0 };
	size_t room = 0;

	add(arena, &query, &room, "container", state->pod.container);
	for (; *words != NULL; words++)
		add(arena, &query, &room, "command", *words);
	add(arena, &query, &room, "stdin", input ? "true" : "false");
	add(arena, &query, &room, "stdout", "true");
	add(arena, &query, &room, "stderr", errors ? "true" : "false");
	add(arena, &query, &room, "tty", terminal ? "true" : "false");
	return url_build(arena, &state->access->url, path, &query);
}

static size_t count_words(const char *const *words)
{
	size_t count = 0;

	while (words[count] != NULL)
		count++;
	return count;
}

/* Too long for a URL, or bytes that a container runtime's interface does not take. */
static bool must_carry_words(const char *const *words)
{
	size_t len = 0;

	for (size_t i = 0; words[i] != NULL; i++) {
		len += strlen("&command=");
		for (const char *at = words[i]; *at != '\0'; at++)
			len += isalnum((unsigned char)*at) ? 1 : 3;
		if (len > LONGEST_WORDS_IN_URL)
			return true;
	}
	return !words_are_text(words);
}

const char *kubernetes_needs_script(const struct kubernetes_session *state)
{
	const struct session_request *request = state->session->request;

	if (request->workdir != NULL)
		return "--workdir";
	if (request->environment.count > 0)
		return "--env";
	return must_carry_words(request->argv) ? "a command as long as this, or with bytes that are no text," : NULL;
}

static const char *script_of(const struct kubernetes_session *state)
{
	const struct session_request *request = state->session->request;
	bool hides = state->framed && request->terminal;

	return arena_format(state->arena, "%s%s%s%s%s%s%s", state->merged && !request->terminal ? JOIN_SCRIPT : "",
	                    request->terminal ? TERMINAL_SCRIPT : "", hides ? HIDE_SCRIPT : "",
	                    state->framed ? PREAMBLE_SCRIPT : "", hides ? SHOW_SCRIPT : "",
	                    state->framed && !request->want_input ? NO_INPUT_SCRIPT : "", COMMAND_SCRIPT);
}

/* "sh -c SCRIPT MARK [TERM] FOLDER COMMAND…" */
static const char *const *script_words(struct kubernetes_session *state, bool carries)
{
	const struct session_request *request = state->session->request;
	const char *terminal_name = getenv("TERM");
	const char **words = arena_array(state->arena, count_words(request->argv) + 7, sizeof *words);
	size_t i = 0;

	words[i++] = "sh";
	words[i++] = "-c";
	words[i++] = script_of(state);
	words[i++] = state->mark;
	if (request->terminal)
		words[i++] = terminal_name == NULL ? "xterm" : terminal_name;
	words[i++] = request->workdir == NULL ? "" : request->workdir;
	for (const char *const *word = request->argv; !carries && *word != NULL; word++)
		words[i++] = *word;
	return words;
}

const char *kubernetes_run_url(struct kubernetes_session *state)
{
	const struct session_request *request = state->session->request;
	bool carries = must_carry_words(request->argv);
	const char *const *words;

	state->merged = request->terminal || session_joins_streams(request);
	if (state->direct) {
		state->framed = false;
		state->preamble = (struct str){ NULL, 0 };
		return exec_url(state, state->arena, request->argv, request->want_input, !request->terminal,
		                request->terminal);
	}
	/* the script also waits where a protocol without an end of the input must be refused */
	state->framed = request->environment.count > 0 || carries || (request->want_input && !request->terminal);
	state->mark = note_mark(state->arena);
	words = script_words(state, carries);
	if (state->framed)
		state->preamble = inner_preamble(state->arena, &request->environment, carries ? request->argv : NULL);
	return exec_url(state, state->arena, words, request->want_input || state->framed, !state->merged,
	                request->terminal);
}

static const char *signal_name(int number)
{
	switch (number) {
	case SIGINT:
		return "INT";
	case SIGHUP:
		return "HUP";
	case SIGKILL:
		return "KILL";
	default:
		return "TERM";
	}
}

const char *kubernetes_signal_url(const struct kubernetes_session *state, struct arena *arena, int number)
{
	const char *pid = arena_format(arena, "%llu", (unsigned long long)state->reports.pid);
	const char *words[] = { "sh", "-c", SIGNAL_SCRIPT, "sh", signal_name(number), pid, NULL };

	return exec_url(state, arena, words, false, false, false);
}

bool kubernetes_prepare_websocket(const struct kubernetes_session *state, struct arena *arena,
                                  struct websocket *websocket, struct error *err)
{
	struct text_list protocols = { 0 };

	if (!access_refresh(state->access, err))
		return false;
	text_list_add(arena, &protocols, KUBERNETES_V5);
	text_list_add(arena, &protocols, KUBERNETES_V4);
	*websocket = (struct websocket){
		.protocols = protocols,
		.access = state->access->http,
		.ping_ms = PING_MS,
		.dead_peer_ms = DEAD_PEER_MS,
	};
	return true;
}
