/* Temporary folders, and topologies as text that can be compared. */
#include "place.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>

#include "fops/base/buffer.h"
#include "fops/base/file.h"
#include "fops/data/emit.h"

struct place place_new(void)
{
	const char *base = getenv("TMPDIR");
	struct place place = { .arena = arena_new((size_t)1024 * 1024 * 1024) };
	char *root = arena_format(place.arena, "%s/fops-contract-XXXXXX", base == NULL ? "/tmp" : base);

	cr_assert_not_null(mkdtemp(root));
	place.root = root;
	place.sources = path_join(place.arena, root, "sources");
	place.cache = path_join(place.arena, root, "cache");
	cr_assert_eq(mkdir(place.sources, 0700), 0);
	return place;
}

static int remove_entry(const char *path, const struct stat *about, int kind, struct FTW *walk)
{
	(void)about;
	(void)kind;
	(void)walk;
	(void)remove(path);
	return 0;
}

void place_done(struct place *place)
{
	(void)nftw(place->root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	arena_free(place->arena);
}

const char *place_write(const struct place *place, const char *name, const char *text)
{
	const char *path = path_join(place->arena, place->sources, name);
	struct error err;

	cr_assert(file_make_folders(path_folder(place->arena, path), &err));
	cr_assert(file_write(path, text, strlen(text), 0600, false, &err));
	return path;
}

const char *place_cache_file(const struct place *place)
{
	const char *folder = path_join(place->arena, place->cache, "topology");
	DIR *open_folder = opendir(folder);
	const struct dirent *entry;
	const char *found = NULL;
	size_t count = 0;

	if (open_folder == NULL)
		return NULL;
	while ((entry = readdir(open_folder)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		found = path_join(place->arena, folder, arena_copy(place->arena, entry->d_name));
		count++;
	}
	(void)closedir(open_folder);
	return count == 1 ? found : NULL;
}

struct str place_read(const struct place *place, const char *path)
{
	struct str data = { 0 };
	struct error err;

	cr_assert(file_read(place->arena, path, (size_t)64 * 1024 * 1024, &data, &err), "%s", path);
	return data;
}

void place_overwrite(const char *path, const void *data, size_t len)
{
	int descriptor = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	cr_assert_geq(descriptor, 0);
	cr_assert_eq(write(descriptor, data, len), (ssize_t)len);
	(void)close(descriptor);
}

bool place_open(const struct place *place, bool cached, struct topology **ret_topology, struct error *err)
{
	struct topology_request request = { .cache_folder = cached ? place->cache : NULL };

	text_list_add(place->arena, &request.sources, place->sources);
	return topology_open(place->arena, &request, ret_topology, err);
}

static void describe_object(const struct place *place, const struct topology *topology, enum contract_kind kind,
                            size_t i, struct buffer *out)
{
	struct emitter emitter;
	struct runtime_asset asset = { 0 };
	struct endpoint endpoint = { 0 };
	struct error err = { 0 };

	(void)buffer_format(out, "%s %s %s\n", contract_kinds[kind].name, topology_id(topology, kind, i),
	                    topology_origin(topology, kind, i, place->arena));
	emit_start(&emitter, EMIT_JSON, buffer_sink(out));
	if (kind == KIND_RUNTIME_ASSET) {
		(void)buffer_format(out, "%s %s\n", topology_asset_role(topology, i), topology_asset_kind(topology, i));
		cr_assert(topology_read_asset(topology, i, place->arena, &asset, &err), "%s: %s", err.message,
		          err.cause);
		emit_record(&emitter, runtime_asset_fields, &asset);
	} else {
		cr_assert(topology_read_endpoint(topology, i, place->arena, &endpoint, &err), "%s: %s", err.message,
		          err.cause);
		emit_record(&emitter, endpoint_fields, &endpoint);
	}
	cr_assert(emit_finish(&emitter, true));
}

const char *place_describe(const struct place *place, const struct topology *topology)
{
	struct buffer out = BUFFER((size_t)64 * 1024 * 1024);
	const char *text;

	(void)buffer_format(&out, "%s\n", topology_digest(topology, place->arena));
	for (size_t kind = 0; kind < CONTRACT_KIND_COUNT; kind++) {
		size_t count = topology_count(topology, (enum contract_kind)kind);

		(void)buffer_format(&out, "%zu\n", count);
		for (size_t i = 0; i < count; i++)
			describe_object(place, topology, (enum contract_kind)kind, i, &out);
	}
	text = arena_copy(place->arena, buffer_string(&out));
	buffer_done(&out);
	return text;
}

const char *place_answer(const struct place *place, bool cached)
{
	struct topology *topology = NULL;
	struct error err = { 0 };
	const char *text;
	bool opened = place_open(place, cached, &topology, &err);

	cr_assert(opened, "%s: %s; %s", err.message, err.cause,
	          err.finding_count > 0 ? err.findings[0].message : "no finding");
	text = place_describe(place, topology);
	topology_cleanup(&topology);
	return text;
}

bool place_refuses(const struct place *place, const char *part)
{
	struct topology *topology = NULL;
	struct error err = { 0 };

	if (place_open(place, false, &topology, &err)) {
		topology_cleanup(&topology);
		fprintf(stderr, "accepted, but should say: %s\n", part);
		return false;
	}
	for (size_t i = 0; i < err.finding_count; i++) {
		if (strstr(err.findings[i].message, part) != NULL)
			return true;
	}
	for (size_t i = 0; i < err.finding_count; i++)
		fprintf(stderr, "%s:%d:%d: %s\n", err.findings[i].file, (int)err.findings[i].line,
		        (int)err.findings[i].column, err.findings[i].message);
	fprintf(stderr, "%s: no finding says: %s\n", err.message, part);
	return false;
}
