/* Walking the trees of a commit: a hostile one may hold any name, any kind of entry, and objects that are not there. */
#include "git_source_tree.h"

#include "fops/base/arena.h"
#include "fops/data/document.h"
#include "git_source_library.h"

#define MOST_FILES   50000
#define MOST_FOLDERS 50000
#define MOST_ENTRIES 2000000
#define MOST_DEPTH   32
#define LONGEST_LINK 4096

struct git_source_tree {
	git_repository *repository;
	git_odb *objects;
};

/* A listing under way. */
struct walk {
	struct git_source_tree *tree;
	struct git_source_listing *listing;
	const git_tree *root; /* of the commit */
	size_t folders, entries;
};

static bool unreadable(const char *object, struct error *err)
{
	return git_source_library_fail(err, ERROR_CONTRACT_UNREADABLE, "cannot read the topology", object);
}

bool git_source_tree_open(const char *path, struct git_source_tree **ret_tree, struct error *err)
{
	struct git_source_tree tree = { 0 };
	int failed;

	if (!git_source_library_start(err))
		return false;
	/* a bare one is opened without reading its settings */
	failed = git_repository_open_ext(&tree.repository, path,
	                                 GIT_REPOSITORY_OPEN_NO_SEARCH | GIT_REPOSITORY_OPEN_BARE, NULL);
	if (failed != 0)
		failed = git_repository_open_ext(&tree.repository, path, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL);
	if (failed == 0)
		failed = git_repository_odb(&tree.objects, tree.repository);
	if (failed != 0) {
		enum error_id id = failed == GIT_ENOTFOUND ? ERROR_CONTRACT_NOT_FOUND : ERROR_CONTRACT_UNREADABLE;

		(void)git_source_library_fail(err, id, "there is no git repository at", path);
		git_repository_free(tree.repository);
		git_source_library_stop();
		return false;
	}
	*ret_tree = malloc(sizeof tree);
	if (*ret_tree == NULL)
		out_of_memory();
	**ret_tree = tree;
	return true;
}

void git_source_tree_close(struct git_source_tree *tree)
{
	if (tree == NULL)
		return;
	git_odb_free(tree->objects);
	git_repository_free(tree->repository);
	free(tree);
	git_source_library_stop();
}

static bool not_found(const char *what, const char *name, struct error *err)
{
	fail(err, ERROR_CONTRACT_NOT_FOUND, "the git repository has no %s %s", what, name);
	error_fix(err, "name a branch, a tag or a whole commit id with ?ref=");
	return false;
}

/* The object that a name of a branch or tag stands for. */
static bool find_ref(struct git_source_tree *tree, const char *ref, git_oid *ret_id, struct error *err)
{
	char branch[512], tag[512];
	bool has_branch, has_tag;
	git_oid tag_id;

	if (text_starts(ref, "refs/"))
		return git_reference_name_to_id(ret_id, tree->repository, ref) == 0 || not_found("ref", ref, err);
	(void)snprintf(branch, sizeof branch, "refs/heads/%s", ref);
	(void)snprintf(tag, sizeof tag, "refs/tags/%s", ref);
	has_branch = git_reference_name_to_id(ret_id, tree->repository, branch) == 0;
	has_tag = git_reference_name_to_id(&tag_id, tree->repository, tag) == 0;
	if (has_branch && has_tag) {
		fail(err, ERROR_USAGE_BAD_VALUE, "%s is both a branch and a tag of the repository", ref);
		error_fix(err, "?ref=%s or ?ref=%s", branch, tag);
		return false;
	}
	if (has_tag)
		*ret_id = tag_id;
	return has_branch || has_tag || not_found("branch or tag", ref, err);
}

bool git_source_tree_resolve(struct git_source_tree *tree, const char *ref, char ret_commit[GIT_COMMIT_DIGITS + 1],
                             struct error *err)
{
	git_object *object = NULL, *commit = NULL;
	git_oid id;
	bool good = true;

	if (ref == NULL)
		good = git_reference_name_to_id(&id, tree->repository, "HEAD") == 0 ||
		       not_found("commit at its", "HEAD", err);
	else if (git_source_is_commit(ref))
		good = git_oid_fromstr(&id, ref) == 0;
	else
		good = find_ref(tree, ref, &id, err);
	if (!good)
		return false;
	if (git_object_lookup(&object, tree->repository, &id, GIT_OBJECT_ANY) != 0)
		good = git_source_library_fail(err, ERROR_CONTRACT_NOT_FOUND, "the git repository has no object for",
		                               ref == NULL ? "HEAD" : ref);
	else if (git_object_peel(&commit, object, GIT_OBJECT_COMMIT) != 0)
		good = git_source_library_fail(err, ERROR_CONTRACT_NOT_FOUND,
		                               "this ref leads to no commit:", ref == NULL ? "HEAD" : ref);
	else
		(void)git_oid_tostr(ret_commit, GIT_COMMIT_DIGITS + 1, git_object_id(commit));
	git_object_free(commit);
	git_object_free(object);
	return good;
}

static bool is_contract_name(const char *name)
{
	return text_ends(name, ".yaml") || text_ends(name, ".yml") || text_ends(name, ".json");
}

static void refuse(const struct walk *walk, const char *path, const char *fix, const char *why)
{
	struct git_source_listing *listing = walk->listing;

	findings_add(listing->findings, arena_format(listing->arena, "%s:%s", listing->label, path), 0, 0, NULL, fix,
	             "%s", why);
}

static bool too_many(const struct walk *walk, const char *what, struct error *err)
{
	fail(err, ERROR_CONTRACT_UNREADABLE, "the topology %s is too large", walk->listing->label);
	error_cause(err, "%s", what);
	error_fix(err, "name the folder that holds the contracts with #FOLDER");
	return false;
}

/* A blob's content must be small enough to be a document before it is worth a row. */
static bool add_blob(const struct walk *walk, const char *path, const git_oid *id, struct error *err)
{
	struct git_source_blobs *blobs = &walk->listing->blobs;
	git_object_t type;
	size_t len;

	if (git_odb_read_header(&len, &type, walk->tree->objects, id) != 0)
		return unreadable(path, err);
	if (type != GIT_OBJECT_BLOB) {
		refuse(walk, path, NULL, "its object is no file");
		return true;
	}
	if (len > document_default_limits.bytes) {
		refuse(walk, path, "divide it", "the file is larger than a document may be");
		return true;
	}
	if (blobs->count == MOST_FILES)
		return too_many(walk, "it has more than 50000 files", err);
	if (blobs->count == blobs->size) {
		size_t size = blobs->size == 0 ? 64 : blobs->size * 2;
		struct git_source_blob *items = arena_array(walk->listing->arena, size, sizeof *items);

		if (blobs->count > 0)
			memcpy(items, blobs->items, blobs->count * sizeof *items);
		blobs->items = items;
		blobs->size = size;
	}
	blobs->items[blobs->count].path = path;
	memcpy(blobs->items[blobs->count++].object, id->id, GIT_OBJECT_BYTES);
	return true;
}

/* Where a link leads, seen from the repository's root; NULL: out of the repository. */
static const char *link_target(struct arena *arena, const char *path, const char *target)
{
	char *place = arena_format(arena, "%s/", path);
	size_t used = 0;

	if (target[0] == '/' || target[0] == '\0')
		return NULL;
	for (size_t i = 0; path[i] != '\0'; i++)
		used = path[i] == '/' ? i + 1 : used;
	place[used] = '\0';
	while (*target != '\0') {
		size_t len = strcspn(target, "/");

		if (len == 2 && strncmp(target, "..", 2) == 0) {
			if (used == 0)
				return NULL;
			for (used--; used > 0 && place[used - 1] != '/'; used--) {
			}
			place[used] = '\0';
		} else if (len > 0 && !(len == 1 && target[0] == '.')) {
			place = arena_format(arena, "%s%.*s/", place, (int)len, target);
			used = strlen(place);
		}
		target += len + (target[len] == '/' ? 1 : 0);
	}
	if (used > 0)
		place[used - 1] = '\0';
	return place;
}

static bool is_inside(const char *folder, const char *path)
{
	size_t len = strlen(folder);

	return len == 0 || (strncmp(path, folder, len) == 0 && (path[len] == '/' || path[len] == '\0'));
}

/* A folder that is listed under its own name needs no link; a file with another name is read through the link. */
static bool follow_link(const struct walk *walk, const char *path, const char *target, bool named, struct error *err)
{
	git_tree_entry *entry = NULL;
	git_object_t type;
	git_filemode_t mode;
	git_oid id;

	if (target == NULL) {
		refuse(walk, path, "copy the file into the repository", "the symbolic link leaves the repository");
		return true;
	}
	if (target[0] != '\0' && git_tree_entry_bypath(&entry, walk->root, target) != 0) {
		if (named)
			refuse(walk, path, "remove the link", "the symbolic link leads nowhere");
		return true;
	}
	type = entry == NULL ? GIT_OBJECT_TREE : git_tree_entry_type(entry);
	mode = entry == NULL ? GIT_FILEMODE_TREE : git_tree_entry_filemode(entry);
	if (entry != NULL)
		git_oid_cpy(&id, git_tree_entry_id(entry));
	git_tree_entry_free(entry);
	if (mode == GIT_FILEMODE_LINK && named)
		refuse(walk, path, "let it lead to the file itself", "the symbolic link leads to another one");
	if (mode == GIT_FILEMODE_LINK || (type == GIT_OBJECT_BLOB && !named))
		return true;
	if (!is_inside(walk->listing->folder, target)) {
		refuse(walk, path, "copy the file, or name its folder with a --topology of its own",
		       "the symbolic link leaves the folder that was named");
		return true;
	}
	if (type == GIT_OBJECT_TREE) {
		if (named)
			refuse(walk, path, "remove it", "not a regular file");
		else if (target[0] == '.' || strstr(target, "/.") != NULL)
			refuse(walk, path, "move the folder", "the symbolic link leads into a hidden folder");
		return true;
	}
	/* a contract that is listed anyway is listed once */
	if (is_contract_name(target) && target[0] != '.' && strstr(target, "/.") == NULL)
		return true;
	return add_blob(walk, path, &id, err);
}

static bool add_link(const struct walk *walk, const char *path, const git_tree_entry *entry, bool named,
                     struct error *err)
{
	struct arena *arena = walk->listing->arena;
	git_blob *blob = NULL;
	git_object_t type;
	size_t len;
	const char *target;

	if (git_odb_read_header(&len, &type, walk->tree->objects, git_tree_entry_id(entry)) != 0)
		return unreadable(path, err);
	if (len > LONGEST_LINK || type != GIT_OBJECT_BLOB) {
		refuse(walk, path, "remove the link", "the symbolic link is too long");
		return true;
	}
	if (git_blob_lookup(&blob, walk->tree->repository, git_tree_entry_id(entry)) != 0)
		return unreadable(path, err);
	target = link_target(arena, path, arena_text(arena, git_blob_rawcontent(blob), len));
	git_blob_free(blob);
	return follow_link(walk, path, target, named, err);
}

/* A name that a file could have, and that a person could tell from others. */
static const char *name_problem(const char *name)
{
	if (!is_utf8(name, strlen(name), NULL))
		return "its name is no UTF-8";
	if (name[0] == '\0' || strchr(name, '/') != NULL || text_equal(name, ".") || text_equal(name, ".."))
		return "its name leads elsewhere";
	for (const char *at = name; *at != '\0'; at++) {
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			return "its name has a control character";
	}
	return NULL;
}

/* The name as a finding can show it: what is no plain ASCII as \xNN. */
static const char *shown_name(struct arena *arena, const char *name)
{
	char *shown = arena_alloc(arena, strlen(name) * 4 + 1);
	size_t used = 0;

	for (; *name != '\0'; name++) {
		bool plain = (unsigned char)*name > ' ' && (unsigned char)*name < 0x7f && *name != '\\';

		used += (size_t)snprintf(shown + used, 5, plain ? "%c" : "\\x%02x", (unsigned char)*name);
	}
	return shown;
}

static bool walk_tree(struct walk *walk, const git_tree *tree, const char *folder, size_t depth, struct error *err);

static bool walk_folder(struct walk *walk, const char *path, const git_oid *id, size_t depth, struct error *err)
{
	git_tree *tree = NULL;
	bool good;

	if (depth > MOST_DEPTH)
		return too_many(walk, "its folders are nested deeper than 32", err);
	if (++walk->folders > MOST_FOLDERS)
		return too_many(walk, "it has more than 50000 folders", err);
	if (git_tree_lookup(&tree, walk->tree->repository, id) != 0)
		return unreadable(path, err);
	good = walk_tree(walk, tree, path, depth, err);
	git_tree_free(tree);
	return good;
}

static bool walk_entry(struct walk *walk, const git_tree_entry *entry, const char *folder, size_t depth,
                       struct error *err)
{
	struct arena *arena = walk->listing->arena;
	const char *name = git_tree_entry_name(entry);
	const char *problem = name_problem(name);
	bool named = is_contract_name(name);
	const char *path;

	if (problem != NULL) {
		refuse(walk,
		       arena_format(arena, "%s%s%s", folder, folder[0] == '\0' ? "" : "/", shown_name(arena, name)),
		       "rename it", problem);
		return true;
	}
	if (name[0] == '.')
		return true;
	path = arena_format(arena, "%s%s%s", folder, folder[0] == '\0' ? "" : "/", name);
	switch (git_tree_entry_filemode(entry)) {
	case GIT_FILEMODE_TREE:
		return walk_folder(walk, path, git_tree_entry_id(entry), depth + 1, err);
	case GIT_FILEMODE_LINK:
		return add_link(walk, path, entry, named, err);
	case GIT_FILEMODE_COMMIT:
		refuse(walk, path, "name its repository with a --topology of its own", "submodules are not read");
		return true;
	case GIT_FILEMODE_BLOB:
	case GIT_FILEMODE_BLOB_EXECUTABLE:
	case GIT_FILEMODE_UNREADABLE:
		break;
	}
	return !named || add_blob(walk, path, git_tree_entry_id(entry), err);
}

/* Names of one folder that some file systems take for the same. */
struct folded_name {
	char *folded;
	const char *name;
};

static int by_folded(const void *a, const void *b)
{
	return strcmp(((const struct folded_name *)a)->folded, ((const struct folded_name *)b)->folded);
}

static void find_case_clashes(const struct walk *walk, const git_tree *tree, const char *folder)
{
	size_t count = git_tree_entrycount(tree);
	struct folded_name *names = arena_array(walk->listing->arena, count, sizeof *names);
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		const git_tree_entry *entry = git_tree_entry_byindex(tree, i);
		const char *name = git_tree_entry_name(entry);

		if (name[0] == '.' || (!is_contract_name(name) && git_tree_entry_type(entry) != GIT_OBJECT_TREE))
			continue;
		names[used].name = name;
		names[used].folded = arena_text(walk->listing->arena, name, strlen(name));
		for (char *at = names[used].folded; *at != '\0'; at++)
			*at = (char)(*at >= 'A' && *at <= 'Z' ? *at - 'A' + 'a' : *at);
		used++;
	}
	if (used > 1)
		qsort(names, used, sizeof *names, by_folded);
	for (size_t i = 1; i < used; i++) {
		if (strcmp(names[i].folded, names[i - 1].folded) == 0)
			refuse(walk,
			       arena_format(walk->listing->arena, "%s%s%s", folder, folder[0] == '\0' ? "" : "/",
			                    shown_name(walk->listing->arena, names[i].name)),
			       "rename one of the two",
			       "another name of the folder differs in case alone or not at all");
	}
}

static bool walk_tree(struct walk *walk, const git_tree *tree, const char *folder, size_t depth, struct error *err)
{
	size_t count = git_tree_entrycount(tree);

	walk->entries += count;
	if (walk->entries > MOST_ENTRIES)
		return too_many(walk, "it has more than two million entries", err);
	find_case_clashes(walk, tree, folder);
	for (size_t i = 0; i < count; i++) {
		if (!walk_entry(walk, git_tree_entry_byindex(tree, i), folder, depth, err))
			return false;
	}
	return true;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct git_source_blob *)a)->path, ((const struct git_source_blob *)b)->path);
}

/* What #PATH names: a folder, or a file of any name. */
static bool walk_named(struct walk *walk, const char *folder, struct error *err)
{
	git_tree_entry *entry = NULL;
	git_filemode_t mode;
	bool good;

	if (folder[0] == '\0')
		return walk_tree(walk, walk->root, "", 0, err);
	if (git_tree_entry_bypath(&entry, walk->root, folder) != 0) {
		fail(err, ERROR_CONTRACT_NOT_FOUND, "there is no topology at %s", walk->listing->label);
		error_cause(err, "the commit has no file or folder %s", folder);
		return false;
	}
	mode = git_tree_entry_filemode(entry);
	if (mode == GIT_FILEMODE_TREE) {
		good = walk_folder(walk, folder, git_tree_entry_id(entry), 0, err);
	} else if (mode == GIT_FILEMODE_BLOB || mode == GIT_FILEMODE_BLOB_EXECUTABLE) {
		good = add_blob(walk, folder, git_tree_entry_id(entry), err);
	} else {
		fail(err, ERROR_CONTRACT_UNREADABLE, "the topology %s is neither a file nor a folder",
		     walk->listing->label);
		error_cause(err, "%s is a symbolic link or a submodule", folder);
		good = false;
	}
	git_tree_entry_free(entry);
	return good;
}

bool git_source_tree_list(struct git_source_tree *tree, const char *commit, struct git_source_listing *listing,
                          struct error *err)
{
	struct walk walk = { .tree = tree, .listing = listing };
	git_commit *revision = NULL;
	git_tree *root = NULL;
	git_oid id;
	bool good;

	if (git_oid_fromstr(&id, commit) != 0 || git_commit_lookup(&revision, tree->repository, &id) != 0 ||
	    git_commit_tree(&root, revision) != 0) {
		git_commit_free(revision);
		return unreadable(listing->label, err);
	}
	walk.root = root;
	good = walk_named(&walk, listing->folder, err);
	git_tree_free(root);
	git_commit_free(revision);
	if (good && listing->blobs.count > 1)
		qsort(listing->blobs.items, listing->blobs.count, sizeof *listing->blobs.items, by_path);
	return good;
}

bool git_source_tree_read(struct git_source_tree *tree, struct arena *arena, const unsigned char *object,
                          const char *path, struct str *ret_data, struct error *err)
{
	git_odb_object *content = NULL;
	git_oid id;

	memcpy(id.id, object, GIT_OBJECT_BYTES);
	if (git_odb_read(&content, tree->objects, &id) != 0)
		return unreadable(path, err);
	ret_data->len = git_odb_object_size(content);
	ret_data->data = arena_text(arena, git_odb_object_data(content), ret_data->len);
	git_odb_object_free(content);
	return true;
}
