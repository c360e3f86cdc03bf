/* Matches assets by id, role and contract fields, and refuses to guess between several. */
#include "fops/asset/select.h"

#include "fops/base/arena.h"
#include "fops/base/buffer.h"

#define SCRATCH_LIMIT   ((size_t)64 * 1024 * 1024)
#define MOST_CANDIDATES 10
#define LONGEST_LIST    ((size_t)700)

bool asset_selection_check(const struct asset_selection *selection, struct error *err)
{
	if (selection->asset_id != NULL && !is_identifier(selection->asset_id))
		return fail(err, ERROR_USAGE_BAD_VALUE, "--asset-id \"%s\" is no identifier", selection->asset_id);
	if (selection->role != NULL && !is_identifier(selection->role))
		return fail(err, ERROR_USAGE_BAD_VALUE, "--role \"%s\" is no identifier", selection->role);
	return label_words_check(&selection->labels, err);
}

bool label_words_check(const struct text_list *labels, struct error *err)
{
	for (size_t i = 0; i < labels->count; i++) {
		const char *label = labels->items[i];

		if (label[0] != '=' && strchr(label, '=') != NULL)
			continue;
		fail(err, ERROR_USAGE_BAD_VALUE, "--label takes KEY=VALUE");
		error_cause(err, "it is \"%s\"", label);
		return false;
	}
	return true;
}

bool label_word_holds(const struct text_map *labels, const char *label)
{
	size_t key = strcspn(label, "=");

	for (size_t i = 0; i < labels->count; i++) {
		const struct text_pair *pair = &labels->items[i];

		if (strlen(pair->key) == key && strncmp(pair->key, label, key) == 0)
			return text_equal(pair->value, label + key + 1);
	}
	return false;
}

static bool needs_record(const struct asset_selection *selection)
{
	return selection->owner != NULL || selection->labels.count > 0;
}

/* Does the record of one asset meet owner and labels? */
static bool match_record(struct arena *scratch, const struct topology *topology, size_t index,
                         const struct asset_selection *selection, bool *ret_match, struct error *err)
{
	struct arena_mark mark = arena_mark(scratch);
	struct runtime_asset asset;
	bool match;

	if (!topology_read_asset(topology, index, scratch, &asset, err))
		return false;
	match = selection->owner == NULL || text_equal(asset.owner, selection->owner);
	for (size_t i = 0; match && i < selection->labels.count; i++)
		match = label_word_holds(&asset.labels, selection->labels.items[i]);
	arena_rewind(scratch, mark);
	*ret_match = match;
	return true;
}

static bool unknown_name(struct arena *arena, const struct topology *topology, const char *what, const char *word,
                         const char *(*name_of)(const struct topology *topology, size_t index), struct error *err)
{
	size_t count = topology_count(topology, KIND_RUNTIME_ASSET);
	const char **names = arena_array(arena, count + 1, sizeof *names);
	size_t used = 0;
	const char *near;

	for (size_t i = 0; i < count; i++) {
		const char *name = name_of(topology, i);

		/* assets of one role mostly stand together; a second mention of a far one does no harm */
		if (used == 0 || !text_equal(names[used - 1], name))
			names[used++] = name;
	}
	near = text_suggest(arena, word, names, used);
	fail(err, ERROR_ASSET_NOT_FOUND, "no runtime asset has the %s \"%s\"", what, word);
	if (near != NULL)
		error_cause(err, "did you mean %s?", near);
	error_fix(err, "fops runtime-assets list");
	return false;
}

static const char *id_of(const struct topology *topology, size_t index)
{
	return topology_id(topology, KIND_RUNTIME_ASSET, index);
}

/* The indexes that id and role leave, ascending. */
static bool narrow(struct arena *arena, const struct topology *topology, const struct asset_selection *selection,
                   struct asset_choice *ret_choice, struct error *err)
{
	size_t count = topology_count(topology, KIND_RUNTIME_ASSET);
	struct asset_choice choice = { 0 };

	if (selection->asset_id != NULL) {
		choice.indexes = arena_array(arena, 1, sizeof *choice.indexes);
		if (!topology_find(topology, KIND_RUNTIME_ASSET, selection->asset_id, &choice.indexes[0]))
			return unknown_name(arena, topology, "id", selection->asset_id, id_of, err);
		choice.count = selection->role == NULL ||
		               text_equal(topology_asset_role(topology, choice.indexes[0]), selection->role);
	} else if (selection->role != NULL) {
		choice.count = topology_role(topology, selection->role, NULL, 0);
		if (choice.count == 0)
			return unknown_name(arena, topology, "role", selection->role, topology_asset_role, err);
		choice.indexes = arena_array(arena, choice.count, sizeof *choice.indexes);
		(void)topology_role(topology, selection->role, choice.indexes, choice.count);
	} else {
		choice.count = count;
		choice.indexes = arena_array(arena, count + 1, sizeof *choice.indexes);
		for (size_t i = 0; i < count; i++)
			choice.indexes[i] = i;
	}
	*ret_choice = choice;
	return true;
}

bool asset_select(struct arena *arena, const struct topology *topology, const struct asset_selection *selection,
                  struct asset_choice *ret_choice, struct error *err)
{
	CLEANUP(arena_cleanup) struct arena *scratch = arena_new(SCRATCH_LIMIT);
	struct asset_choice choice = { 0 };
	size_t kept = 0;

	if (!narrow(arena, topology, selection, &choice, err))
		return false;
	for (size_t i = 0; i < choice.count; i++) {
		bool match = selection->kind == NULL ||
		             text_equal(topology_asset_kind(topology, choice.indexes[i]), selection->kind);

		if (match && needs_record(selection) &&
		    !match_record(scratch, topology, choice.indexes[i], selection, &match, err))
			return false;
		if (match)
			choice.indexes[kept++] = choice.indexes[i];
	}
	choice.count = kept;
	*ret_choice = choice;
	return true;
}

static bool selects_anything(const struct asset_selection *selection)
{
	return selection->asset_id != NULL || selection->role != NULL || selection->kind != NULL ||
	       selection->owner != NULL || selection->labels.count > 0 || selection->all;
}

static bool ambiguous(const struct topology *topology, const struct asset_selection *selection,
                      const struct asset_choice *choice, struct error *err)
{
	struct buffer list = BUFFER(LONGEST_LIST);
	size_t shown = 0;

	while (shown < choice->count && shown < MOST_CANDIDATES) {
		const char *id = id_of(topology, choice->indexes[shown]);

		/* ids are up to 128 bytes: leave room for the words behind the list */
		if (list.len + strlen(id) + 40 > LONGEST_LIST)
			break;
		buffer_format(&list, "%s%s", shown == 0 ? "" : ", ", id);
		shown++;
	}
	if (shown < choice->count)
		buffer_format(&list, " and %zu more", choice->count - shown);
	if (selection->role != NULL)
		fail(err, ERROR_ASSET_AMBIGUOUS, "role %s has %zu assets", selection->role, choice->count);
	else
		fail(err, ERROR_ASSET_AMBIGUOUS, "%zu assets match", choice->count);
	error_cause(err, "candidates: %s", buffer_string(&list));
	error_fix(err, selection->single ? "add --asset-id ID for one of them"
	                                 : "add --asset-id ID for one of them, or --all for every one");
	buffer_done(&list);
	return false;
}

bool asset_select_some(struct arena *arena, const struct topology *topology, const struct asset_selection *selection,
                       struct asset_choice *ret_choice, struct error *err)
{
	struct asset_choice choice;

	if (!selects_anything(selection)) {
		fail(err, ERROR_USAGE_MISSING_ARGUMENT, "no asset is selected");
		error_fix(err, selection->single ? "add --asset-id ID or --role ROLE"
		                                 : "add --asset-id ID or --role ROLE, or --all");
		return false;
	}
	if (!asset_select(arena, topology, selection, &choice, err))
		return false;
	if (choice.count == 0)
		return fail(err, ERROR_ASSET_NOT_FOUND, "no runtime asset matches the selection");
	if (choice.count > 1 && !selection->all)
		return ambiguous(topology, selection, &choice, err);
	*ret_choice = choice;
	return true;
}
