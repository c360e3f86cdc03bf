/* Fuzzes the conversion of kubeconfigs; what comes out must be an Endpoint that a topology accepts. */
#include <stdint.h>

#include "fops/base/arena.h"
#include "fops/base/buffer.h"
#include "fops/contract/kubeconfig.h"
#include "fops/contract/secret_ref.h"
#include "fops/data/emit.h"
#include "same.h"

#define ARENA_BYTES  ((size_t)1024 * 1024 * 1024)
#define OUTPUT_BYTES ((size_t)64 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* No file is ever opened: a name that ends in "m" is a certificate, anything else is missing. */
static bool read_nothing(struct arena *arena, const char *path, size_t limit_bytes, struct str *ret_data,
                         struct error *err)
{
	static const char text[] = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

	(void)limit_bytes;
	if (!text_ends(path, "m"))
		return fail(err, ERROR_INPUT_NOT_FOUND, "there is no such file");
	*ret_data = (struct str){ arena_copy(arena, text), sizeof text - 1 };
	return true;
}

/* Is everything of part in all? Reading adds presets. */
static bool is_part(const struct value *part, const struct value *all)
{
	if (all == NULL || part->kind != VALUE_OBJECT || all->kind != VALUE_OBJECT)
		return all != NULL && is_same(part, all);
	for (size_t i = 0; i < part->list.count; i++) {
		const struct member *member = &part->list.members[i];

		if (!is_part(&member->value, value_member(all, member->name)))
			return false;
	}
	return true;
}

/* Written as a document and read again, the Endpoint has all that it had. */
static void check_endpoint(struct arena *arena, const struct kubeconfig_endpoint *made)
{
	struct findings findings = { .arena = arena };
	struct buffer text = BUFFER(OUTPUT_BYTES), again = BUFFER(OUTPUT_BYTES);
	struct endpoint endpoint = { 0 };
	struct emitter emitter;
	struct secret_ref ref;
	struct value value, read;
	struct error err = { 0 };

	emit_start(&emitter, EMIT_JSON, buffer_sink(&text));
	emit_record(&emitter, endpoint_fields, &made->endpoint);
	if (!emit_finish(&emitter, false) ||
	    !json_parse(arena, "again", buffer_string(&text), text.len, NULL, &value, &err) ||
	    !decode(arena, "again", "spec", &value, endpoint_fields, DECODE_STRICT, &endpoint, &findings))
		abort();
	emit_start(&emitter, EMIT_JSON, buffer_sink(&again));
	emit_record(&emitter, endpoint_fields, &endpoint);
	if (!emit_finish(&emitter, false) ||
	    !json_parse(arena, "read", buffer_string(&again), again.len, NULL, &read, &err) || !is_part(&value, &read))
		abort();
	for (size_t i = 0; i < made->secret_count; i++) {
		if (!secret_ref_parse(arena, made->secrets[i].ref, &ref, &err) || made->secrets[i].value.len == 0)
			abort();
	}
	buffer_done(&text);
	buffer_done(&again);
}

static void import(struct str text, bool all)
{
	struct arena *arena = arena_new(ARENA_BYTES);
	struct kubeconfig_request request = {
		.file = "config",
		.folder = "/nowhere",
		.all = all,
		.read = read_nothing,
		.values = true,
	};
	struct kubeconfig_endpoints endpoints = { 0 };
	struct error err = { 0 };

	if (kubeconfig_import(arena, &request, text, &endpoints, &err)) {
		if (endpoints.count == 0)
			abort();
		for (size_t i = 0; i < endpoints.count; i++)
			check_endpoint(arena, &endpoints.items[i]);
	} else if (err.message[0] == '\0' || (err.id != ERROR_DATA && err.id != ERROR_NOT_FOUND)) {
		abort();
	}
	arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new(ARENA_BYTES);
	struct str text = { arena_text(arena, (const char *)data, size), size };

	import(text, false);
	import(text, true);
	arena_free(arena);
	return 0;
}
