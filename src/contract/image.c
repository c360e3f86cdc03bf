/* Looking into a block of bytes that claims to be a compiled topology: every offset is checked before it is used. */
#include "image.h"

#include "checksum.h"

/* The header's own checksum covers what stands before it. */
#define HEADER_COVERED offsetof(struct image_header, header_checksum)

static bool add_rows(uint64_t *at, uint64_t count, uint64_t size)
{
	uint64_t bytes;

	return !__builtin_mul_overflow(count, size, &bytes) && !__builtin_add_overflow(*at, bytes, at);
}

bool image_lay_out(const struct image_header *header, struct image_layout *ret_layout)
{
	struct image_layout layout = { .files = sizeof *header };
	uint64_t at = layout.files;

	if (!add_rows(&at, header->file_count, sizeof(struct image_file)))
		return false;
	for (size_t kind = 0; kind < CONTRACT_KIND_COUNT; kind++) {
		layout.objects[kind] = at;
		if (!add_rows(&at, header->object_counts[kind], sizeof(struct image_object)))
			return false;
	}
	layout.roles = at;
	if (!add_rows(&at, header->object_counts[KIND_RUNTIME_ASSET], sizeof(uint32_t)))
		return false;
	layout.texts = at;
	if (!add_rows(&at, header->texts_bytes, 1))
		return false;
	layout.records = at;
	if (!add_rows(&at, header->records_bytes, 1) || at > SIZE_MAX / 2)
		return false;
	layout.total = at;
	*ret_layout = layout;
	return true;
}

static const char *header_wrong(const struct image_header *header, size_t len)
{
	if (len < sizeof *header)
		return "it is shorter than its header";
	if (memcmp(header->magic, IMAGE_MAGIC, sizeof header->magic) != 0)
		return "it is something else";
	if (header->version != IMAGE_VERSION || header->header_bytes != sizeof *header ||
	    memcmp(header->product, image_rules, IMAGE_PRODUCT) != 0)
		return "another version wrote it";
	if (checksum(header, HEADER_COVERED) != header->header_checksum)
		return "its header is damaged";
	return NULL;
}

static const void *part(const void *data, uint64_t at)
{
	return (const unsigned char *)data + at;
}

const char *image_open(const void *data, size_t len, struct image *ret_image)
{
	const struct image_header *header = data;
	const char *wrong = header_wrong(header, len);
	struct image_layout layout;
	struct image image = { .header = header };

	if (wrong != NULL)
		return wrong;
	if (!image_lay_out(header, &layout) || layout.total != len)
		return "its size does not fit its header";
	if (checksum(part(data, layout.files), layout.records - layout.files) != header->index_checksum)
		return "its index is damaged";
	image.files = part(data, layout.files);
	for (size_t kind = 0; kind < CONTRACT_KIND_COUNT; kind++)
		image.objects[kind] = part(data, layout.objects[kind]);
	image.roles = part(data, layout.roles);
	image.texts = part(data, layout.texts);
	image.records = part(data, layout.records);
	if (header->texts_bytes == 0 || image.texts[0] != '\0' || image.texts[header->texts_bytes - 1] != '\0')
		return "its texts do not end";
	*ret_image = image;
	return NULL;
}

void image_seal(void *data, const struct image_layout *layout)
{
	struct image_header *header = data;

	memcpy(header->magic, IMAGE_MAGIC, sizeof header->magic);
	header->version = IMAGE_VERSION;
	header->header_bytes = sizeof *header;
	memcpy(header->product, image_rules, IMAGE_PRODUCT);
	header->index_checksum = checksum(part(data, layout->files), layout->records - layout->files);
	header->header_checksum = checksum(header, HEADER_COVERED);
}

const char *image_text(const struct image *image, uint32_t offset)
{
	/* the last byte of the texts is NUL, so every text inside ends inside */
	return offset < image->header->texts_bytes ? image->texts + offset : "";
}

const struct image_object *image_object(const struct image *image, enum contract_kind kind, size_t index)
{
	return index < image->header->object_counts[kind] ? &image->objects[kind][index] : NULL;
}

size_t image_role(const struct image *image, size_t place)
{
	uint32_t count = image->header->object_counts[KIND_RUNTIME_ASSET];

	if (place >= count || image->roles[place] >= count)
		return SIZE_MAX;
	return image->roles[place];
}

bool image_record(const struct image *image, const struct image_object *object, struct str *ret_record)
{
	uint64_t end;

	if (__builtin_add_overflow(object->record_at, (uint64_t)object->record_bytes, &end) ||
	    end > image->header->records_bytes)
		return false;
	if (checksum(image->records + object->record_at, object->record_bytes) != object->record_checksum)
		return false;
	*ret_record = (struct str){ image->records + object->record_at, object->record_bytes };
	return true;
}
