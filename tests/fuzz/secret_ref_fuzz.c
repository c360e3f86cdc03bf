/* Fuzzes secret references; what was taken must have plain parts that make up the text again. */
#include <stdint.h>

#include "fops/base/arena.h"
#include "fops/base/text.h"
#include "fops/contract/secret_ref.h"

#define ARENA_BYTES ((size_t)16 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_parts(struct arena *arena, const char *text, const struct secret_ref *ref)
{
	const char *again = ref->scheme == SECRET_ENV
	                            ? arena_format(arena, "env://%s", ref->name)
	                            : arena_format(arena, "openbao://%s/%s#%s", ref->mount, ref->path, ref->field);

	if (strcmp(again, text) != 0)
		abort();
	for (const char *at = text; *at != '\0'; at++) {
		if ((unsigned char)*at <= ' ' || (unsigned char)*at >= 0x7F)
			abort();
	}
	if (ref->scheme == SECRET_OPENBAO && (ref->path[0] == '\0' || ref->field[0] == '\0' ||
	                                      strstr(ref->path, "//") != NULL || strchr(ref->mount, '/') != NULL))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new(ARENA_BYTES);
	const char *text = arena_text(arena, (const char *)data, size);
	struct secret_ref ref;
	struct error err = { 0 };

	if (secret_ref_parse(arena, text, &ref, &err))
		check_parts(arena, text, &ref);
	else if (err.id != ERROR_SECRET_REF || err.cause[0] == '\0')
		abort();
	arena_free(arena);
	return 0;
}
