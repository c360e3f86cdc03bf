/* A table as JSON Schema and as a Markdown table. */
#include <criterion/criterion.h>

#include "fops/base/buffer.h"
#include "fops/data/schema.h"
#include "reading.h"

#define MOST_BYTES ((size_t)64 * 1024)

struct inner {
	const char *run;
	int64_t port;
};

struct thing {
	const char *id;
	const char *url;
	bool enabled;
	uint64_t count;
	struct duration timeout;
	struct instant since;
	struct text_list tags;
	struct text_map labels;
	const struct value *expect;
	struct inner inner;
	struct record_list routes;
};

static const struct field inner_fields[] = {
	{ "run", SLOT(struct inner, run), FIELD_REQUIRED, .choices = "open|proposal|none" },
	{ "port", SLOT(struct inner, port), .preset = "22", .minimum = 1, .maximum = 65535 },
	{ 0 },
};

static const struct field fields[] = {
	{ "id", SLOT(struct thing, id), FIELD_REQUIRED | FIELD_IDENTIFIER, .text = "a name", .example = "a-1" },
	{ "url", SLOT(struct thing, url), FIELD_URL, .text = "where | it is" },
	{ "enabled", SLOT(struct thing, enabled), .preset = "false" },
	{ "count", SLOT(struct thing, count), .example = "3" },
	{ "timeout", SLOT(struct thing, timeout), .preset = "15s", .minimum = 1000, .maximum = 60000 },
	{ "since", SLOT(struct thing, since), .text = "a time" },
	{ "tags", SLOT(struct thing, tags), FIELD_NOT_EMPTY | FIELD_DISTINCT, .preset = "a,b", .example = "x, y" },
	{ "labels", SLOT(struct thing, labels), FIELD_IDENTIFIER, .example = "tier: core" },
	{ "expect", SLOT(struct thing, expect), .example = "ok" },
	{ "inner", SLOT_EMBEDDED(struct thing, inner), FIELD_REQUIRED, .fields = inner_fields, .text = "inside" },
	{ "routes", SLOT(struct thing, routes), .fields = inner_fields, .record_size = sizeof(struct inner) },
	{ 0 },
};

Test(schema, says_everything_that_decode_checks)
{
	static const char expected[] =
	        "{\"type\":\"object\",\"description\":\"a thing\",\"properties\":{"
	        "\"id\":{\"type\":\"string\",\"pattern\":\"^[a-z0-9][a-z0-9._-]{0,127}$\",\"description\":\"a name\","
	        "\"examples\":[\"a-1\"]},"
	        "\"url\":{\"type\":\"string\",\"pattern\":\"^https?://[^/?#:@\\\\s]\",\"format\":\"uri\","
	        "\"description\":\"where | it is\"},"
	        "\"enabled\":{\"type\":\"boolean\",\"default\":false},"
	        "\"count\":{\"type\":\"integer\",\"minimum\":0,\"examples\":[3]},"
	        "\"timeout\":{\"type\":\"string\",\"pattern\":\"^[0-9]+(ms|s|m|h|d)$\",\"default\":\"15s\"},"
	        "\"since\":{\"type\":\"string\",\"format\":\"date-time\",\"description\":\"a time\"},"
	        "\"tags\":{\"type\":\"array\",\"minItems\":1,\"uniqueItems\":true,\"items\":{\"type\":\"string\","
	        "\"minLength\":1},\"default\":[\"a\",\"b\"],\"examples\":[[\"x, y\"]]},"
	        "\"labels\":{\"type\":\"object\",\"propertyNames\":{\"pattern\":\"^[a-z0-9][a-z0-9._-]{0,127}$\"},"
	        "\"additionalProperties\":{\"type\":\"string\"},\"examples\":[{\"tier\":\"core\"}]},"
	        "\"expect\":{\"examples\":[\"ok\"]},"
	        "\"inner\":{\"type\":\"object\",\"description\":\"inside\",\"properties\":{"
	        "\"run\":{\"type\":\"string\",\"enum\":[\"open\",\"proposal\",\"none\"]},"
	        "\"port\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":65535,\"default\":22}},"
	        "\"required\":[\"run\"],\"additionalProperties\":false},"
	        "\"routes\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{"
	        "\"run\":{\"type\":\"string\",\"enum\":[\"open\",\"proposal\",\"none\"]},"
	        "\"port\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":65535,\"default\":22}},"
	        "\"required\":[\"run\"],\"additionalProperties\":false}}},"
	        "\"required\":[\"id\",\"inner\"],\"additionalProperties\":false}";
	struct buffer out = BUFFER(MOST_BYTES);
	struct emitter emitter;

	emit_start(&emitter, EMIT_JSON, buffer_sink(&out));
	schema_object(&emitter, fields, "a thing");
	cr_expect(emit_finish(&emitter, false));
	cr_expect_str_eq(out.data, expected, "%s", out.data);
	buffer_done(&out);
}

Test(schema, makes_a_reference)
{
	static const char expected[] = "| field | type | required | default | meaning |\n"
	                               "|---|---|---|---|---|\n"
	                               "| `id` | identifier | yes | | a name |\n"
	                               "| `url` | URL | no | | where \\| it is |\n"
	                               "| `enabled` | true or false | no | `false` | |\n"
	                               "| `count` | whole number | no | | |\n"
	                               "| `timeout` | duration, 1s to 1m | no | `15s` | |\n"
	                               "| `since` | time | no | | a time |\n"
	                               "| `tags` | list of texts | no | `a,b` | |\n"
	                               "| `labels` | map of texts | no | | |\n"
	                               "| `expect` | any value | no | | |\n"
	                               "| `inner` | object | yes | | inside |\n"
	                               "| `inner.run` | text: `open`, `proposal` or `none` | yes | | |\n"
	                               "| `inner.port` | whole number, 1 to 65535 | no | `22` | |\n"
	                               "| `routes` | list of objects | no | | |\n"
	                               "| `routes[].run` | text: `open`, `proposal` or `none` | yes | | |\n"
	                               "| `routes[].port` | whole number, 1 to 65535 | no | `22` | |\n";
	struct buffer out = BUFFER(MOST_BYTES);
	struct buffer small = BUFFER(100);

	cr_expect(schema_reference(&out, fields));
	cr_expect_str_eq(out.data, expected, "%s", out.data);
	cr_expect_not(schema_reference(&small, fields));
	buffer_done(&out);
	buffer_done(&small);
}
