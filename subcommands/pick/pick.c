/* pick: choose one name from a list on a terminal. */
#include "pick.h"

#include <errno.h>

#include "../topology_access.h"
#include "fops/base/arena.h"
#include "fops/base/buffer.h"
#include "fops/base/terminal.h"
#include "fops/cli/call.h"
#include "fops/cli/output.h"
#include "fops/cli/settings.h"

#define LONGEST_ANSWER 256
#define MOST_SHOWN     20

struct candidate {
	const char *name;
	const char *about;
};

struct candidates {
	struct candidate *items;
	size_t count;
};

static bool read_candidates(struct call *call, struct candidates *ret_list, struct error *err)
{
	const char *kind = call->arguments.items[0];
	CLEANUP(topology_cleanup) struct topology *topology = NULL;
	size_t count = call->settings->context_count;

	if (strcmp(kind, "contexts") == 0) {
		*ret_list = (struct candidates){ arena_array(call->arena, count, sizeof *ret_list->items), count };
		for (size_t i = 0; i < count; i++)
			ret_list->items[i] = (struct candidate){ call->settings->contexts[i].name,
				                                 call->settings->contexts[i].file };
		return true;
	}
	if (strcmp(kind, "runtime-assets") != 0) {
		fail(err, ERROR_USAGE_BAD_VALUE, "nothing of kind \"%s\" can be picked", kind);
		error_cause(err, "kinds are runtime-assets and contexts");
		error_fix(err, "%s pick runtime-assets", call->program);
		return false;
	}
	if (!call_topology(call, &topology, err))
		return false;
	count = topology_count(topology, KIND_RUNTIME_ASSET);
	*ret_list = (struct candidates){ arena_array(call->arena, count, sizeof *ret_list->items), count };
	for (size_t i = 0; i < count; i++)
		ret_list->items[i] =
		        (struct candidate){ arena_copy(call->arena, topology_id(topology, KIND_RUNTIME_ASSET, i)),
			                    arena_copy(call->arena, topology_asset_role(topology, i)) };
	return true;
}

static bool matches(const struct candidate *candidate, const char *words)
{
	return strstr(candidate->name, words) != NULL || strstr(candidate->about, words) != NULL;
}

static void show_matches(const struct candidates *list, const char *words)
{
	struct buffer text = BUFFER((size_t)1 << 20);
	size_t shown = 0;
	size_t found = 0;
	ssize_t written;

	for (size_t i = 0; i < list->count; i++) {
		if (!matches(&list->items[i], words))
			continue;
		found++;
		if (shown++ >= MOST_SHOWN)
			continue;
		buffer_format(&text, "%4zu  %s  ", i + 1, list->items[i].name);
		terminal_escape(&text, list->items[i].about, strlen(list->items[i].about));
		buffer_byte(&text, '\n');
	}
	if (found > MOST_SHOWN)
		buffer_format(&text, "      and %zu more\n", found - MOST_SHOWN);
	buffer_text(&text, "number, part of a name to narrow, or empty to give up: ");
	written = write(STDERR_FILENO, buffer_string(&text), text.len);
	(void)written;
	buffer_done(&text);
}

static bool read_line(char answer[LONGEST_ANSWER])
{
	size_t len = 0;

	while (len + 1 < LONGEST_ANSWER) {
		ssize_t got = read(STDIN_FILENO, answer + len, 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0 || answer[len] == '\n')
			break;
		len++;
	}
	answer[len] = '\0';
	return len > 0;
}

/* The candidate that an answer decides for, or NULL: a listed number, an exact name, or the only match. */
static const struct candidate *decide(const struct candidates *list, const char *answer)
{
	const struct candidate *only = NULL;
	size_t found = 0;
	uint64_t number;

	if (parse_count(answer, &number) && number >= 1 && number <= list->count)
		return &list->items[number - 1];
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->items[i].name, answer) == 0)
			return &list->items[i];
		if (matches(&list->items[i], answer)) {
			only = &list->items[i];
			found++;
		}
	}
	return found == 1 ? only : NULL;
}

static bool pick(struct call *call, struct error *err)
{
	struct candidates list;
	char answer[LONGEST_ANSWER] = "";

	if (!call_may_ask(call)) {
		fail(err, ERROR_USAGE_TERMINAL, "pick asks on a terminal, and there is none to ask on");
		error_fix(err, "name the thing itself, such as --asset-id ID");
		return false;
	}
	if (!read_candidates(call, &list, err))
		return false;
	if (list.count == 0)
		return fail(err, ERROR_NOT_FOUND, "there are no %s to pick from", call->arguments.items[0]);
	for (;;) {
		const struct candidate *chosen = answer[0] == '\0' ? NULL : decide(&list, answer);

		if (chosen != NULL) {
			output_text(call->output, arena_format(call->arena, "%s\n", chosen->name));
			return true;
		}
		show_matches(&list, answer);
		if (!read_line(answer)) {
			fail(err, ERROR_DECLINED, "nothing was picked");
			return false;
		}
	}
}

static const char *const examples[] = {
	"fops pick runtime-assets",
	"fops runtime-assets show --asset-id \"$(fops pick runtime-assets)\"",
	NULL,
};

static const int exits[] = { EXIT_DECLINED, EXIT_NOT_FOUND, EXIT_CONFIG, -1 };

const struct command pick_command = {
	.name = "pick",
	.summary = "Choose a name from a list on a terminal",
	.about = "Lists names on stderr, reads a number or part of a name, and prints the chosen name on stdout. "
	         "Without a terminal it is an error, never a "
	         "wait.",
	.arguments = "runtime-assets|contexts",
	.arguments_min = 1,
	.arguments_max = 1,
	.examples = examples,
	.exits = exits,
	.flags = COMMAND_TOPOLOGY | COMMAND_SETTINGS,
	.run = pick,
};
