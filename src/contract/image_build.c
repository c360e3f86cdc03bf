/* Laying out a compilation as one block: rows sorted for binary search, texts once, records behind them. */
#include "image_build.h"

#include "fops/base/arena.h"

#define MOST_OBJECTS ((size_t)4 * 1000 * 1000)
#define TEXTS_BYTES  ((size_t)UINT32_MAX)

/* The parts of the image before they are put behind each other. */
struct building {
	struct arena *arena;
	struct image_header header;
	struct image_file *files;
	const struct compiled_object **rows[CONTRACT_KIND_COUNT];
	const struct buffer *records;
	struct image_object *objects[CONTRACT_KIND_COUNT];
	uint32_t *roles;
	struct buffer texts;
};

/* An asset by its role. */
struct role_row {
	const char *role;
	uint32_t asset;
};

static uint32_t add_text(struct building *building, const char *text)
{
	uint32_t offset = (uint32_t)building->texts.len;

	(void)buffer_append(&building->texts, text, strlen(text) + 1);
	return offset;
}

static void build_files(struct building *building, const struct source_list *files, const struct digest *digests)
{
	struct digest_context *content = digest_start();
	struct digest digest;

	building->header.file_count = (uint32_t)files->count;
	building->files = arena_array(building->arena, files->count, sizeof *building->files);
	for (size_t i = 0; i < files->count; i++) {
		const struct source_file *file = &files->items[i];
		struct image_file *row = &building->files[i];

		row->device = file->device;
		row->inode = file->inode;
		row->size = file->size;
		row->mtime_ns = file->mtime_ns;
		row->ctime_ns = file->ctime_ns;
		row->path = add_text(building, file->path);
		row->kind = file->kind;
		if (file->kind == SOURCE_REVISION)
			continue;
		memcpy(row->digest, digests[i].bytes, DIGEST_BYTES);
		digest_add(content, digests[i].bytes, DIGEST_BYTES);
	}
	digest = digest_finish(content);
	memcpy(building->header.digest, digest.bytes, DIGEST_BYTES);
}

static void build_objects(struct building *building, const struct compilation *compilation, enum contract_kind kind)
{
	const char *asset_kind = NULL;
	uint32_t asset_kind_at = 0;
	size_t count;

	building->rows[kind] = compile_rows(building->arena, compilation, kind, &count);
	building->objects[kind] = arena_array(building->arena, count, sizeof **building->objects);
	building->header.object_counts[kind] = (uint32_t)count;
	for (size_t i = 0; i < count; i++) {
		const struct compiled_object *object = building->rows[kind][i];
		struct image_object *row = &building->objects[kind][i];

		row->record_at = building->header.records_bytes;
		row->record_bytes = object->record_len;
		row->record_checksum = object->record_checksum;
		row->id = add_text(building, object->id);
		row->file = object->file;
		row->line = object->line;
		building->header.records_bytes += object->record_len;
		if (object->asset_kind == NULL)
			continue;
		if (!text_equal(asset_kind, object->asset_kind)) {
			asset_kind = object->asset_kind;
			asset_kind_at = add_text(building, asset_kind);
		}
		row->kind = asset_kind_at;
	}
}

static int by_role(const void *a, const void *b)
{
	const struct role_row *left = a;
	const struct role_row *right = b;
	int order = strcmp(left->role, right->role);

	if (order != 0)
		return order;
	return left->asset < right->asset ? -1 : left->asset > right->asset;
}

/* Assets stand in the order of their ids, so the order of their indexes is the order of their ids. */
static void build_roles(struct building *building)
{
	size_t count = building->header.object_counts[KIND_RUNTIME_ASSET];
	struct role_row *rows = arena_array(building->arena, count, sizeof *rows);
	uint32_t text = 0;

	building->roles = arena_array(building->arena, count, sizeof *building->roles);
	for (size_t i = 0; i < count; i++)
		rows[i] = (struct role_row){ building->rows[KIND_RUNTIME_ASSET][i]->role, (uint32_t)i };
	if (count > 0)
		qsort(rows, count, sizeof *rows, by_role);
	for (size_t i = 0; i < count; i++) {
		if (i == 0 || strcmp(rows[i].role, rows[i - 1].role) != 0)
			text = add_text(building, rows[i].role);
		building->roles[i] = rows[i].asset;
		building->objects[KIND_RUNTIME_ASSET][rows[i].asset].role = text;
	}
}

static void put(unsigned char *data, uint64_t at, const void *from, size_t len)
{
	if (len > 0)
		memcpy(data + at, from, len);
}

static void put_records(const struct building *building, unsigned char *data, uint64_t at)
{
	for (size_t kind = 0; kind < CONTRACT_KIND_COUNT; kind++) {
		for (size_t i = 0; i < building->header.object_counts[kind]; i++) {
			const struct compiled_object *object = building->rows[kind][i];

			put(data, at, building->records->data + object->record_at, object->record_len);
			at += object->record_len;
		}
	}
}

static bool too_large(struct error *err)
{
	fail(err, ERROR_CONTRACT_UNREADABLE, "the topology is too large");
	error_cause(err, "it has more than %zu objects, or more text than 4 GiB in their names", MOST_OBJECTS);
	return false;
}

static bool assemble(struct building *building, void **ret_data, size_t *ret_len, struct error *err)
{
	const struct image_header *header = &building->header;
	struct image_layout layout;
	unsigned char *data;

	building->header.texts_bytes = building->texts.len;
	if (building->texts.overflow || !image_lay_out(header, &layout))
		return too_large(err);
	data = malloc(layout.total);
	if (data == NULL)
		out_of_memory();
	put(data, 0, header, sizeof *header);
	put(data, layout.files, building->files, header->file_count * sizeof *building->files);
	for (size_t kind = 0; kind < CONTRACT_KIND_COUNT; kind++)
		put(data, layout.objects[kind], building->objects[kind],
		    header->object_counts[kind] * sizeof **building->objects);
	put(data, layout.roles, building->roles, header->object_counts[KIND_RUNTIME_ASSET] * sizeof *building->roles);
	put(data, layout.texts, building->texts.data, building->texts.len);
	put_records(building, data, layout.records);
	image_seal(data, &layout);
	*ret_data = data;
	*ret_len = layout.total;
	return true;
}

bool image_build(struct arena *arena, const struct compilation *compilation, const struct source_list *files,
                 int64_t listed_ns, void **ret_data, size_t *ret_len, struct error *err)
{
	struct building building = { .arena = arena, .records = &compilation->records, .texts = BUFFER(TEXTS_BYTES) };
	bool built;

	if (compilation->count > MOST_OBJECTS)
		return too_large(err);
	building.header.listed_ns = listed_ns;
	/* offset 0 means "none" and reads as an empty text */
	(void)buffer_byte(&building.texts, '\0');
	build_files(&building, files, compilation->digests);
	for (size_t kind = 0; kind < CONTRACT_KIND_COUNT; kind++)
		build_objects(&building, compilation, (enum contract_kind)kind);
	build_roles(&building);
	built = assemble(&building, ret_data, ret_len, err);
	buffer_done(&building.texts);
	return built;
}
