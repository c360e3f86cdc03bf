/* Fuzzes the formatter: what it writes is written once, reads as what it was, and a diff of both is made. */
#include "fops/data/format.h"

#include <stdint.h>

#include "fops/base/arena.h"
#include "fops/data/line_diff.h"

#define ARENA_BYTES ((size_t)1024 * 1024 * 1024)
#define MOST_INPUT  8192

/* Two levels of known names are enough: the tables of the contract are data. */
struct part {
	const char *mode;
};

struct thing {
	const char *id;
	struct part auth;
	struct text_map labels;
	struct text_list keys;
};

static const struct field part_fields[] = {
	{ "path", SLOT(struct part, mode), .flags = 0 },
	{ "mode", SLOT(struct part, mode), .flags = 0 },
	{ 0 },
};

static const struct field thing_fields[] = {
	{ "id", SLOT(struct thing, id), .flags = 0 },
	{ "auth", SLOT_EMBEDDED(struct thing, auth), .fields = part_fields },
	{ "labels", SLOT(struct thing, labels), .flags = 0 },
	{ "keys", SLOT(struct thing, keys), .flags = 0 },
	{ 0 },
};

static const struct format_kind kinds[] = { { "a", thing_fields }, { "Endpoint", thing_fields } };
static const struct format_rules rules = { "fractalops/v1", kinds, ARRAY_LEN(kinds) };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An envelope around the input, so that most of it is laid out. */
static struct str wrap(struct arena *arena, const uint8_t *data, size_t size)
{
	static const char head[] = "kind: a\napiVersion: fractalops/v1\n";
	char *text = arena_alloc(arena, size + sizeof head);

	memcpy(text, head, sizeof head - 1);
	memcpy(text + sizeof head - 1, data, size);
	return (struct str){ text, size + sizeof head - 1 };
}

static void check(struct arena *arena, struct str text)
{
	struct findings findings = { .arena = arena, .limit = 10 };
	struct formatted once, twice;
	struct buffer diff = BUFFER((size_t)64 * 1024 * 1024);

	if (!format_yaml(arena, "fuzz", text, &rules, &findings, &once))
		return;
	if (!format_yaml(arena, "fuzz", once.text, &rules, &findings, &twice) || once.text.len != twice.text.len ||
	    memcmp(once.text.data, twice.text.data, once.text.len) != 0 || once.documents != twice.documents)
		abort();
	line_diff(&diff, "a", "b", text, once.text);
	if ((diff.len == 0) != (text.len == once.text.len && memcmp(text.data, once.text.data, text.len) == 0))
		abort();
	buffer_done(&diff);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena;

	if (size > MOST_INPUT)
		return 0;
	arena = arena_new(ARENA_BYTES);
	check(arena, wrap(arena, data, size));
	check(arena, (struct str){ arena_text(arena, (const char *)data, size), size });
	arena_free(arena);
	return 0;
}
