/* What stands in the files of a topology, wherever they are: on disk, or in a commit. */
#include <sys/stat.h>

#include "fops/base/arena.h"
#include "fops/base/file.h"
#include "fops/contract/source.h"
#include "git_source.h"

static bool unreadable(const char *path, const char *cause, struct error *err)
{
	fail(err, ERROR_CONTRACT_UNREADABLE, "cannot read the topology %s", path);
	error_cause(err, "%s", cause);
	return false;
}

bool source_read(struct arena *arena, const struct source_file *file, struct str *ret_data, struct error *err)
{
	struct error broken;
	struct stat about;

	if (file->kind == SOURCE_BLOB)
		return git_source_tree_read(file->tree, arena, file->object, file->path, ret_data, err);
	if (!file_read(arena, file->path, document_default_limits.bytes, ret_data, &broken))
		return unreadable(file->path, broken.cause[0] != '\0' ? broken.cause : broken.message, err);
	/* what was read is what was listed: a link put in its place meanwhile could lead out of the folder */
	if (stat(file->path, &about) != 0 || about.st_dev != file->device || about.st_ino != file->inode)
		return unreadable(file->path, "it was replaced while it was read", err);
	return true;
}

/* Does a revision that stands before this one bring the same file? */
static bool is_listed(const struct source_list *list, size_t before, const struct git_source *revision,
                      const char *path)
{
	for (size_t i = 0; i < before; i++) {
		const struct git_source *other = list->items[i].revision;
		size_t len = other == NULL ? 0 : strlen(other->url.folder);

		if (other == NULL || !text_equal(other->url.repository, revision->url.repository) ||
		    !text_equal(other->about.commit, revision->about.commit))
			continue;
		if (len == 0 || (strncmp(other->url.folder, path, len) == 0 && (path[len] == '/' || path[len] == '\0')))
			return true;
	}
	return false;
}

static bool open_revision(struct arena *arena, struct source_list *list, size_t index, struct findings *findings,
                          struct git_source_listing *ret_listing, struct error *err)
{
	const struct git_source *revision = list->items[index].revision;
	struct git_source_listing listing = {
		.arena = arena,
		.findings = findings,
		.label = arena_format(arena, "%s@%.7s", revision->url.repository, revision->about.commit),
		.folder = revision->url.folder,
	};
	struct git_source_tree **tree = &list->trees[list->tree_count];

	if (!git_source_tree_open(revision->place, tree, err))
		return false;
	list->tree_count++;
	if (!git_source_tree_list(*tree, revision->about.commit, &listing, err))
		return false;
	*ret_listing = listing;
	return true;
}

/* The row of a revision and the rows of its files. */
static size_t put_revision(struct arena *arena, const struct source_list *list, size_t index,
                           const struct git_source_listing *listing, struct source_file *rows)
{
	size_t count = 1;

	rows[0] = list->items[index];
	for (size_t i = 0; i < listing->blobs.count; i++) {
		const struct git_source_blob *blob = &listing->blobs.items[i];
		struct source_file *row = &rows[count];

		if (is_listed(list, index, list->items[index].revision, blob->path))
			continue;
		*row = (struct source_file){ .path = arena_format(arena, "%s:%s", listing->label, blob->path),
			                     .kind = SOURCE_BLOB,
			                     .tree = list->trees[list->tree_count - 1] };
		memcpy(row->object, blob->object, GIT_OBJECT_BYTES);
		count++;
	}
	return count;
}

bool source_expand(struct arena *arena, struct source_list *list, struct findings *findings, struct error *err)
{
	struct source_file *rows = NULL;
	size_t count = 0, revisions = 0;

	for (size_t i = 0; i < list->count; i++)
		revisions += list->items[i].kind == SOURCE_REVISION ? 1 : 0;
	if (revisions == 0)
		return true;
	list->trees = arena_array(arena, revisions, sizeof(struct git_source_tree *));
	for (size_t i = 0; i < list->count; i++) {
		struct git_source_listing listing = { .arena = arena };
		struct source_file *longer;

		if (list->items[i].kind == SOURCE_REVISION && !open_revision(arena, list, i, findings, &listing, err)) {
			free(rows);
			return false;
		}
		longer = reallocarray(rows, count + 1 + listing.blobs.count, sizeof *rows);
		if (longer == NULL)
			out_of_memory();
		rows = longer;
		if (list->items[i].kind == SOURCE_REVISION)
			count += put_revision(arena, list, i, &listing, rows + count);
		else
			rows[count++] = list->items[i];
	}
	list->items = arena_array(arena, count + 1, sizeof *rows);
	if (count > 0)
		memcpy(list->items, rows, count * sizeof *rows);
	list->count = count;
	free(rows);
	return true;
}

void source_list_close(struct source_list *list)
{
	for (size_t i = 0; i < list->tree_count; i++)
		git_source_tree_close(list->trees[i]);
	list->tree_count = 0;
}
