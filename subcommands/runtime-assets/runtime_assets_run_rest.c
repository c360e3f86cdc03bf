/* --only-failed: which assets of the selection an earlier run left undone. */
#include "fops/base/arena.h"
#include "fops/base/terminal.h"
#include "fops/cli/output.h"
#include "runtime_assets_run.h"

#define MOST_WARNINGS 10

static void warn(struct call *call, const struct run_rest *rest, struct text_list *warnings)
{
	if (rest->cut != NULL)
		text_list_add(call->arena, warnings, rest->cut);
	for (size_t i = 0; i < rest->unknown.count && i < MOST_WARNINGS; i++)
		text_list_add(call->arena, warnings, rest->unknown.items[i]);
	if (rest->unknown.count > MOST_WARNINGS)
		text_list_add(call->arena, warnings,
		              arena_format(call->arena, "and %zu more that the topology does not have",
		                           rest->unknown.count - MOST_WARNINGS));
	for (size_t i = 0; i < warnings->count; i++)
		output_warning(call->output, "%s", warnings->items[i]);
}

/* Nothing to do is a success only when nothing waits anywhere. */
static bool nothing_left(struct call *call, const struct run_rest *rest, const char *path, struct error *err)
{
	if (rest->count > 0) {
		fail(err, ERROR_ASSET_NOT_FOUND, "none of the assets that failed in %s is in the selection", path);
		error_cause(err, "%zu of the topology failed or were left out there", rest->count);
		error_fix(err, "leave out the other selection flags");
		return false;
	}
	if (rest->unknown.count > 0) {
		fail(err, ERROR_ASSET_NOT_FOUND, "none of the assets that failed in %s is in the topology", path);
		error_cause(err, "%s", rest->unknown.items[0]);
		return false;
	}
	if (call->globals.quiet == 0 && output_format(call->output) == OUTPUT_TABLE) {
		struct buffer text = BUFFER((size_t)64 * 1024);
		ssize_t written;

		buffer_text(&text, "nothing to run: every asset ended well in ");
		terminal_escape(&text, path, strlen(path));
		buffer_byte(&text, '\n');
		written = write(STDERR_FILENO, buffer_string(&text), text.len);
		(void)written; /* the status says the same */
		buffer_done(&text);
	}
	return true;
}

bool run_select_rest(struct call *call, const struct topology *topology, const char *path,
                     const struct asset_selection *selection, struct text_list *warnings,
                     struct runtime_asset **ret_assets, size_t *ret_count, struct error *err)
{
	struct asset_selection wanted = *selection;
	struct runtime_asset *assets;
	struct asset_choice choice;
	struct run_rest rest;
	size_t count = 0;

	wanted.all = true;
	if (!asset_select_some(call->arena, topology, &wanted, &choice, err) ||
	    !run_rest_read(call->arena, topology, path, &rest, err))
		return false;
	assets = arena_array(call->arena, choice.count, sizeof *assets);
	for (size_t i = 0; i < choice.count; i++) {
		if (!rest.waits[choice.indexes[i]])
			continue;
		if (!topology_read_asset(topology, choice.indexes[i], call->arena, &assets[count], err))
			return false;
		count++;
	}
	if (count == 0 && !nothing_left(call, &rest, path, err))
		return false;
	warn(call, &rest, warnings);
	*ret_assets = assets;
	*ret_count = count;
	return true;
}
