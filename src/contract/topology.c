/* Opening a topology, from its cache or from its files; both end in the same image, which every reader looks into. */
#include "fops/contract/topology.h"

#include "cache.h"
#include "fops/base/arena.h"
#include "git_source.h"
#include "image_build.h"
#include "topology_image.h"

#define SCRATCH_BYTES ((size_t)1024 * 1024 * 1024)

struct topology {
	struct image image;
	struct cache_map map;   /* when the image is the cache's */
	void *built;            /* when it was made just now */
	const char *cache_path; /* NULL without a cache */
	struct arena *arena;
	struct topology_request request;
	struct git_sources revisions;
	struct topology *self; /* readers hold it const; a damaged record is mended through this */
};

/* What opening needs along the way. */
struct opening {
	struct arena *arena;
	struct arena *scratch;
	const struct topology_request *request;
	struct git_sources revisions;
	struct source_list files;
	struct findings findings;
	int64_t listed_ns;
};

static int64_t now_ns(void)
{
	struct timespec now;

	return clock_gettime(CLOCK_REALTIME, &now) == 0 ? (int64_t)now.tv_sec * 1000000000 + now.tv_nsec : 0;
}

/* The files behind paths, and one row for each revision. */
static bool list_sources(struct opening *opening, struct error *err)
{
	opening->listed_ns = now_ns();
	return source_list_revisions(opening->arena, &opening->request->sources, opening->revisions.items,
	                             &opening->files, &opening->findings, err);
}

static void store(const struct opening *opening, const char *path, const void *data, size_t len)
{
	struct error err;

	if (cache_store(opening->scratch, path, data, len, &err))
		log_detail(opening->request->log, "wrote the topology cache %s", path);
	else
		log_detail(opening->request->log, "the topology cache is not written: %s: %s", err.message, err.cause);
}

/* The same image with the time of a later listing: its files need not be compared by digest any more. */
static void store_refreshed(const struct opening *opening, const struct topology *topology)
{
	struct image_header *header;
	struct image_layout layout;
	void *copy = malloc(topology->map.len);

	if (copy == NULL)
		out_of_memory();
	memcpy(copy, topology->map.data, topology->map.len);
	header = copy;
	header->listed_ns = opening->listed_ns;
	if (image_lay_out(header, &layout) && layout.total == topology->map.len) {
		image_seal(copy, &layout);
		store(opening, topology->cache_path, copy, topology->map.len);
	}
	free(copy);
}

static bool open_cached(const struct opening *opening, struct topology *topology)
{
	const struct log *log = opening->request->log;
	const char *wrong;
	bool fresh;

	if (topology->cache_path == NULL)
		return false;
	wrong = cache_load(opening->scratch, topology->cache_path, &opening->files, &topology->map, &topology->image,
	                   &fresh);
	if (wrong != NULL) {
		log_detail(log, "the topology cache %s is not used: %s", topology->cache_path, wrong);
		return false;
	}
	log_detail(log, "using the topology cache %s", topology->cache_path);
	if (!fresh)
		store_refreshed(opening, topology);
	return true;
}

static bool fail_with_findings(struct opening *opening, struct error *err)
{
	struct findings *findings = &opening->findings;
	size_t total = findings->count + findings->dropped;

	findings_sort(findings);
	fail(err, ERROR_CONTRACT_INVALID, "the topology has %zu error%s", total, total == 1 ? "" : "s");
	if (findings->dropped > 0)
		error_cause(err, "the first %zu are listed", findings->count);
	err->findings = findings->items;
	err->finding_count = findings->count;
	return false;
}

static bool compile(struct opening *opening, struct topology *topology, struct error *err)
{
	struct compilation compilation;
	const char *wrong;
	size_t len = 0;
	bool built;

	if (!source_expand(opening->arena, &opening->files, &opening->findings, err) ||
	    !compile_files(opening->scratch, &opening->files, &opening->findings, &compilation, err))
		return false;
	if (opening->findings.count > 0) {
		compilation_done(&compilation);
		return fail_with_findings(opening, err);
	}
	built = image_build(opening->scratch, &compilation, &opening->files, opening->listed_ns, &topology->built, &len,
	                    err);
	compilation_done(&compilation);
	if (!built)
		return false;
	wrong = image_open(topology->built, len, &topology->image);
	if (wrong != NULL)
		return fail(err, ERROR_INTERNAL, "the compiled topology cannot be read: %s", wrong);
	if (topology->cache_path != NULL)
		store(opening, topology->cache_path, topology->built, len);
	return true;
}

static void release(struct topology *topology)
{
	cache_unmap(&topology->map);
	free(topology->built);
	/* the struct itself lives in the arena */
	*topology = (struct topology){ 0 };
}

static bool open_in(struct opening *opening, struct topology *topology, struct error *err)
{
	const struct topology_request *request = opening->request;

	opening->findings = (struct findings){ .arena = opening->arena, .limit = MOST_FINDINGS };
	if (!git_sources_resolve(opening->arena, request, &opening->revisions, err) || !list_sources(opening, err))
		return false;
	if (request->cache_folder != NULL && opening->files.steady)
		topology->cache_path = cache_path(opening->arena, request->cache_folder, &opening->revisions.names);
	if (opening->findings.count == 0 && open_cached(opening, topology))
		return true;
	return compile(opening, topology, err);
}

bool topology_open(struct arena *arena, const struct topology_request *request, struct topology **ret_topology,
                   struct error *err)
{
	struct topology *topology = arena_alloc(arena, sizeof *topology);
	CLEANUP(arena_cleanup) struct arena *scratch = arena_new(SCRATCH_BYTES);
	struct opening opening = { .arena = arena, .scratch = scratch, .request = request };

	bool good = open_in(&opening, topology, err);

	source_list_close(&opening.files);
	git_sources_done(&opening.revisions);
	if (!good) {
		release(topology);
		return false;
	}
	topology->revisions = opening.revisions;
	topology->arena = arena;
	topology->request = *request;
	topology->self = topology;
	*ret_topology = topology;
	return true;
}

bool topology_validate(struct arena *arena, const struct topology_request *request, struct findings *findings,
                       struct topology_counts *ret_counts, struct error *err)
{
	CLEANUP(arena_cleanup) struct arena *scratch = arena_new(SCRATCH_BYTES);
	struct topology_counts counts = { 0 };
	struct compilation compilation;
	struct opening opening = { .arena = arena, .scratch = scratch, .request = request, .findings = *findings };
	bool good = git_sources_resolve(arena, request, &opening.revisions, err) && list_sources(&opening, err) &&
	            source_expand(arena, &opening.files, &opening.findings, err) &&
	            compile_files(scratch, &opening.files, &opening.findings, &compilation, err);

	source_list_close(&opening.files);
	git_sources_done(&opening.revisions);
	if (!good)
		return false;
	*findings = opening.findings;
	for (size_t i = 0; i < opening.files.count; i++)
		counts.files += opening.files.items[i].kind != SOURCE_REVISION ? 1 : 0;
	counts.revisions = git_sources_about(arena, &opening.revisions, &counts.revision_count);
	counts.documents = compilation.documents;
	for (size_t i = 0; i < compilation.count; i++)
		counts.objects[compilation.objects[i].kind]++;
	compilation_done(&compilation);
	findings_sort(findings);
	*ret_counts = counts;
	return true;
}

bool topology_open_image(struct arena *arena, const void *data, size_t len, struct topology **ret_topology)
{
	struct topology topology = { 0 };

	if (image_open(data, len, &topology.image) != NULL)
		return false;
	*ret_topology = arena_alloc(arena, sizeof topology);
	**ret_topology = topology;
	return true;
}

void topology_cleanup(struct topology **topology)
{
	if (*topology != NULL)
		release(*topology);
	*topology = NULL;
}

const struct topology_revision *topology_revisions(const struct topology *topology, size_t *ret_count)
{
	if (topology->self == NULL) {
		*ret_count = 0;
		return NULL;
	}
	return git_sources_about(topology->arena, &topology->revisions, ret_count);
}

size_t topology_count(const struct topology *topology, enum contract_kind kind)
{
	return topology->image.header->object_counts[kind];
}

static const char *text_of(const struct topology *topology, const struct image_object *object, size_t member)
{
	uint32_t offset;

	if (object == NULL)
		return "";
	memcpy(&offset, (const char *)object + member, sizeof offset);
	return image_text(&topology->image, offset);
}

const char *topology_id(const struct topology *topology, enum contract_kind kind, size_t index)
{
	return text_of(topology, image_object(&topology->image, kind, index), offsetof(struct image_object, id));
}

const char *topology_asset_role(const struct topology *topology, size_t index)
{
	return text_of(topology, image_object(&topology->image, KIND_RUNTIME_ASSET, index),
	               offsetof(struct image_object, role));
}

const char *topology_asset_kind(const struct topology *topology, size_t index)
{
	return text_of(topology, image_object(&topology->image, KIND_RUNTIME_ASSET, index),
	               offsetof(struct image_object, kind));
}

bool topology_find(const struct topology *topology, enum contract_kind kind, const char *id, size_t *ret_index)
{
	size_t low = 0, high = topology_count(topology, kind);

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(topology_id(topology, kind, middle), id);

		if (order == 0) {
			*ret_index = middle;
			return true;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

size_t topology_role(const struct topology *topology, const char *role, size_t *ret_indexes, size_t most)
{
	size_t count = topology_count(topology, KIND_RUNTIME_ASSET);
	size_t low = 0, high = count;
	size_t found = 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(topology_asset_role(topology, image_role(&topology->image, middle)), role) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < count; low++, found++) {
		size_t index = image_role(&topology->image, low);

		if (strcmp(topology_asset_role(topology, index), role) != 0)
			break;
		if (found < most)
			ret_indexes[found] = index;
	}
	return found;
}

/*
 * A record of the cache is damaged: compile the sources again and go on with that image, if they are what the cache was
 * made of. The old image stays mapped, because texts of it may be in use.
 */
static bool mend(const struct topology *topology)
{
	struct topology *self = topology->self;
	struct topology fresh = { .cache_path = topology->cache_path };
	CLEANUP(arena_cleanup) struct arena *scratch = arena_new(SCRATCH_BYTES);
	struct opening opening = { .scratch = scratch };
	struct error err;
	bool good;

	if (self == NULL || self->built != NULL)
		return false;
	log_detail(self->request.log, "the topology cache %s is damaged and made anew", self->cache_path);
	(void)unlink(self->cache_path);
	opening.arena = self->arena;
	opening.request = &self->request;
	opening.findings = (struct findings){ .arena = self->arena, .limit = MOST_FINDINGS };
	/* the same commits: asking again could bring others */
	opening.revisions = self->revisions;
	good = list_sources(&opening, &err) && opening.findings.count == 0 && compile(&opening, &fresh, &err);
	source_list_close(&opening.files);
	if (!good)
		return false;
	if (memcmp(fresh.image.header->digest, self->image.header->digest, DIGEST_BYTES) != 0) {
		free(fresh.built);
		return false;
	}
	self->built = fresh.built;
	self->image = fresh.image;
	return true;
}

static bool try_read(const struct topology *topology, enum contract_kind kind, size_t index, struct arena *arena,
                     void *record)
{
	const struct image_object *object = image_object(&topology->image, kind, index);
	struct findings findings = { .arena = arena, .limit = 1 };
	struct error broken;
	struct value value;
	struct str text;

	memset(record, 0, contract_kinds[kind].record_size);
	return object != NULL && image_record(&topology->image, object, &text) &&
	       json_parse(arena, "cache", text.data, text.len, &document_default_limits, &value, &broken) &&
	       decode(arena, "cache", "spec", &value, contract_kinds[kind].fields, DECODE_STRICT, record, &findings);
}

static bool read_object(const struct topology *topology, enum contract_kind kind, size_t index, struct arena *arena,
                        void *record, struct error *err)
{
	if (index >= topology_count(topology, kind))
		return fail(err, ERROR_INTERNAL, "there is no object %zu of kind %s", index, contract_kinds[kind].name);
	if (try_read(topology, kind, index, arena, record) ||
	    (mend(topology) && try_read(topology, kind, index, arena, record)))
		return true;
	fail(err, ERROR_DATA, "the topology changed or was damaged while it was read");
	error_fix(err, "repeat the command");
	return false;
}

bool topology_read_asset(const struct topology *topology, size_t index, struct arena *arena,
                         struct runtime_asset *ret_asset, struct error *err)
{
	struct runtime_asset asset = { 0 };

	if (!read_object(topology, KIND_RUNTIME_ASSET, index, arena, &asset, err))
		return false;
	*ret_asset = asset;
	return true;
}

bool topology_read_endpoint(const struct topology *topology, size_t index, struct arena *arena,
                            struct endpoint *ret_endpoint, struct error *err)
{
	struct endpoint endpoint = { 0 };

	if (!read_object(topology, KIND_ENDPOINT, index, arena, &endpoint, err))
		return false;
	*ret_endpoint = endpoint;
	return true;
}

bool topology_read_stack(const struct topology *topology, size_t index, struct arena *arena, struct stack *ret_stack,
                         struct error *err)
{
	struct stack stack = { 0 };

	if (!read_object(topology, KIND_STACK, index, arena, &stack, err))
		return false;
	*ret_stack = stack;
	return true;
}

bool topology_read_env_contract(const struct topology *topology, size_t index, struct arena *arena,
                                struct env_contract *ret_contract, struct error *err)
{
	struct env_contract contract = { 0 };

	if (!read_object(topology, KIND_ENV_CONTRACT, index, arena, &contract, err))
		return false;
	*ret_contract = contract;
	return true;
}

const char *topology_origin(const struct topology *topology, enum contract_kind kind, size_t index, struct arena *arena)
{
	const struct image_object *object = image_object(&topology->image, kind, index);
	const char *path = "";

	if (object == NULL)
		return "";
	if (object->file < topology->image.header->file_count)
		path = image_text(&topology->image, topology->image.files[object->file].path);
	return arena_format(arena, "%s:%u", path, object->line);
}

const char *topology_digest(const struct topology *topology, struct arena *arena)
{
	struct digest digest;
	char *text = arena_alloc(arena, DIGEST_TEXT);

	memcpy(digest.bytes, topology->image.header->digest, DIGEST_BYTES);
	digest_text(&digest, text);
	return text;
}
