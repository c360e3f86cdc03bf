/* Tables fill structs and name every problem with its path and place. */
#include <criterion/criterion.h>

#include "fops/data/decode.h"
#include "reading.h"

struct ssh {
	const char *host;
	int64_t port;
	bool present;
};

struct route {
	const char *url;
	struct optional_int weight;
};

struct policy {
	const char *run;
	bool strict;
};

struct thing {
	const char *id;
	const char *mode;
	const char *path;
	const char *url;
	bool enabled;
	int64_t offset;
	uint64_t count;
	struct optional_int limit;
	struct optional_bool wide;
	struct duration timeout;
	struct instant since;
	struct text_list tags;
	struct text_list argv;
	struct text_map labels;
	const struct value *expect;
	struct ssh ssh;
	struct policy policy;
	struct record_list routes;
};

static const struct field ssh_fields[] = {
	{ "host", SLOT(struct ssh, host), .flags = FIELD_REQUIRED },
	{ "port", SLOT(struct ssh, port), .preset = "22", .minimum = 1, .maximum = 65535 },
	{ 0 },
};

static const struct field route_fields[] = {
	{ "url", SLOT(struct route, url), .flags = FIELD_REQUIRED | FIELD_URL },
	{ "weight", SLOT(struct route, weight), .minimum = -5, .maximum = 5 },
	{ 0 },
};

static const struct field policy_fields[] = {
	{ "run", SLOT(struct policy, run), .choices = "open|proposal", .preset = "open" },
	{ "strict", SLOT(struct policy, strict), .preset = "true" },
	{ 0 },
};

static const struct field fields[] = {
	{ "id", SLOT(struct thing, id), .flags = FIELD_REQUIRED | FIELD_IDENTIFIER },
	{ "mode", SLOT(struct thing, mode), .choices = "slow|fast", .preset = "slow" },
	{ "path", SLOT(struct thing, path), .flags = FIELD_PATH },
	{ "url", SLOT(struct thing, url), .flags = FIELD_URL },
	{ "enabled", SLOT(struct thing, enabled), .flags = 0 },
	{ "offset", SLOT(struct thing, offset), .flags = 0 },
	{ "count", SLOT(struct thing, count), .flags = 0 },
	{ "limit", SLOT(struct thing, limit), .flags = 0 },
	{ "wide", SLOT(struct thing, wide), .flags = 0 },
	{ "timeout", SLOT(struct thing, timeout), .preset = "15s", .minimum = 100, .maximum = 60000 },
	{ "since", SLOT(struct thing, since), .flags = 0 },
	{ "tags", SLOT(struct thing, tags), .flags = FIELD_IDENTIFIER | FIELD_DISTINCT, .preset = "a,b" },
	{ "argv", SLOT(struct thing, argv), .flags = FIELD_NOT_EMPTY },
	{ "labels", SLOT(struct thing, labels), .flags = FIELD_IDENTIFIER | FIELD_NOT_EMPTY },
	{ "expect", SLOT(struct thing, expect), .flags = 0 },
	{ "ssh", SLOT_EMBEDDED(struct thing, ssh), .fields = ssh_fields,
	  .present_offset = offsetof(struct thing, ssh.present) },
	{ "policy", SLOT_EMBEDDED(struct thing, policy), .fields = policy_fields },
	{ "routes", SLOT(struct thing, routes), .fields = route_fields, .record_size = sizeof(struct route) },
	{ 0 },
};

/* The findings of decoding one document as lines; "" when it was taken. */
static const char *decode_lines(struct reading *reading, const char *text, enum decode_mode mode, struct thing *thing)
{
	const char *lines = "";
	bool good;

	*thing = (struct thing){ 0 };
	reading_yaml(reading, text, NULL);
	cr_assert_eq(reading->count, 1, "%s", text);
	good = decode(reading->arena, "t", "spec", reading->documents[0], fields, mode, thing, &reading->findings);
	findings_sort(&reading->findings);
	for (size_t i = 0; i < reading->findings.count; i++) {
		const struct finding *finding = &reading->findings.items[i];

		lines = arena_format(reading->arena, "%s%d:%d %s: %s%s%s\n", lines, (int)finding->line,
		                     (int)finding->column, finding->path == NULL ? "-" : finding->path,
		                     finding->message, finding->fix == NULL ? "" : "; ",
		                     finding->fix == NULL ? "" : finding->fix);
	}
	cr_expect_eq(good, reading->findings.count == 0, "%s", lines);
	return lines;
}

Test(decode, fills_every_kind_of_slot)
{
	struct reading reading = reading_new();
	struct thing thing;
	const char *lines =
	        decode_lines(&reading,
	                     "{id: a-1, mode: fast, path: /x, url: 'https://h/', enabled: true, offset: -3, count: 7,\n"
	                     " limit: 0, wide: false, timeout: 250ms, since: 2026-11-20T14:02:11Z, tags: [x, z],\n"
	                     " argv: [-v, -v], labels: {tier: core, zone: 'no'}, expect: {a: [1, null]},\n"
	                     " ssh: {host: h, port: 2222}, policy: {run: proposal, strict: false},\n"
	                     " routes: [{url: 'http://a'}, {url: 'http://b', weight: -5}]}",
	                     DECODE_STRICT, &thing);

	cr_assert_str_eq(lines, "");
	cr_expect_str_eq(thing.id, "a-1");
	cr_expect_str_eq(thing.mode, "fast");
	cr_expect_str_eq(thing.path, "/x");
	cr_expect_str_eq(thing.url, "https://h/");
	cr_expect(thing.enabled);
	cr_expect_eq(thing.offset, -3);
	cr_expect_eq(thing.count, 7);
	cr_expect(thing.limit.present && thing.limit.value == 0);
	cr_expect(thing.wide.present && !thing.wide.value);
	cr_expect_eq(thing.timeout.ms, 250);
	cr_expect_eq(thing.since.unix_ms, INT64_C(1795183331000));
	cr_expect_eq(thing.tags.count, 2);
	cr_expect_str_eq(thing.argv.items[1], "-v");
	cr_expect_str_eq(text_map_get(&thing.labels, "zone"), "no");
	cr_expect_str_eq(reading_show(&reading, thing.expect), "{\"a\":[1,null]}");
	cr_expect(thing.ssh.present);
	cr_expect_eq(thing.ssh.port, 2222);
	cr_expect_str_eq(thing.policy.run, "proposal");
	cr_expect_not(thing.policy.strict);
	cr_assert_eq(thing.routes.count, 2);
	cr_expect_not(((const struct route *)thing.routes.items)[0].weight.present);
	cr_expect_eq(((const struct route *)thing.routes.items)[1].weight.value, -5);
	reading_done(&reading);
}

Test(decode, applies_presets_to_what_is_absent)
{
	struct reading reading = reading_new();
	struct thing thing;

	cr_assert_str_eq(decode_lines(&reading, "id: a", DECODE_STRICT, &thing), "");
	cr_expect_str_eq(thing.mode, "slow");
	cr_expect_eq(thing.timeout.ms, 15000);
	cr_expect_eq(thing.tags.count, 2);
	cr_expect_str_eq(thing.tags.items[1], "b");
	cr_expect_str_eq(thing.policy.run, "open");
	cr_expect(thing.policy.strict);
	cr_expect_not(thing.ssh.present);
	cr_expect_eq(thing.ssh.port, 0);
	cr_expect_null(thing.path);
	cr_expect_null(thing.expect);
	cr_expect_not(thing.limit.present);
	cr_assert_str_eq(decode_lines(&reading, "{id: a, ssh: {host: h}}", DECODE_STRICT, &thing), "");
	cr_expect_eq(thing.ssh.port, 22);
	reading_done(&reading);
}

static const struct {
	const char *text;
	const char *lines;
} problems[] = {
	{ "{lables: {a: b}, Id: x}", "1:1 spec.id: missing required field id\n"
	                             "1:2 spec.lables: unknown field lables; did you mean labels?\n"
	                             "1:18 spec.Id: unknown field Id; did you mean id?\n" },
	{ "{id: a, zzzzzzzz: 1}", "1:9 spec.zzzzzzzz: unknown field zzzzzzzz\n" },
	{ "{id: 12, mode: quick, offset: x, enabled: 'true'}",
	  "1:6 spec.id: expected a text, found a whole number; quote it\n"
	  "1:16 spec.mode: 'quick' is not one of slow|fast\n"
	  "1:31 spec.offset: expected a whole number, found a text\n"
	  "1:43 spec.enabled: expected true or false, found a text\n" },
	{ "{id: Upper, path: x, url: 'ftp://h', count: -1}",
	  "1:6 spec.id: 'Upper' is not an identifier: lower-case letters, digits, '.', '_' and '-', first a "
	  "letter "
	  "or digit, at most 128\n"
	  "1:19 spec.path: 'x' is not a path: it must start with '/' and hold no control characters\n"
	  "1:27 spec.url: 'ftp://h' is not a URL: it must start with https:// or http:// and name a host\n"
	  "1:45 spec.count: expected a whole number of at least 0, found -1\n" },
	{ "{id: a, offset: 1.5, timeout: 15, since: now, limit: [1], expect: null}",
	  "1:17 spec.offset: expected a whole number, found a real number\n"
	  "1:31 spec.timeout: expected a duration such as 15s, found a whole number\n"
	  "1:42 spec.since: 'now' is not a time such as 2026-01-31T12:00:00Z\n"
	  "1:54 spec.limit: expected a whole number, found a list\n" },
	{ "{id: a, timeout: 99ms, ssh: {port: 65536}}",
	  "1:18 spec.timeout: expected a duration from 100ms to 1m, found 99ms\n"
	  "1:29 spec.ssh.host: missing required field host\n"
	  "1:36 spec.ssh.port: expected a whole number from 1 to 65535, found 65536\n" },
	{ "{id: a, timeout: soon}",
	  "1:18 spec.timeout: 'soon' is not a duration: a whole number with ms, s, m, h or d\n" },
	{ "{id: a, tags: [x, Z, 1, x], argv: [], labels: {Tier: core, b: 1}}",
	  "1:19 spec.tags[1]: 'Z' is not an identifier: lower-case letters, digits, '.', '_' and '-', first a "
	  "letter "
	  "or digit, at most 128\n"
	  "1:22 spec.tags[2]: expected a text, found a whole number; quote it\n"
	  "1:25 spec.tags[3]: 'x' stands twice in the list\n"
	  "1:35 spec.argv: must have at least one entry\n"
	  "1:48 spec.labels.Tier: 'Tier' is not an identifier: lower-case letters, digits, '.', '_' and '-', "
	  "first "
	  "a letter or digit, at most 128\n"
	  "1:63 spec.labels.b: expected a text, found a whole number; quote it\n" },
	{ "{id: a, routes: [{url: 'http://a'}, {url: 'http://', wieght: 1}, 7, {weight: 6}]}",
	  "1:43 spec.routes[1].url: 'http://' is not a URL: it must start with https:// or http:// and name a "
	  "host\n"
	  "1:54 spec.routes[1].wieght: unknown field wieght; did you mean weight?\n"
	  "1:66 spec.routes[2]: expected an object, found a whole number\n"
	  "1:69 spec.routes[3].url: missing required field url\n"
	  "1:78 spec.routes[3].weight: expected a whole number from -5 to 5, found 6\n" },
	{ "{id: a, ssh: x, routes: {}, labels: [], path: null}", "1:14 spec.ssh: expected an object, found a text\n"
	                                                         "1:25 spec.routes: expected a list, found an object\n"
	                                                         "1:37 spec.labels: expected an object, found a list\n"
	                                                         "1:47 spec.path: expected a text, found null\n" },
	{ "[a]", "1:1 spec: expected an object, found a list\n" },
};

Test(decode, names_every_problem_of_an_object)
{
	for (size_t i = 0; i < ARRAY_LEN(problems); i++) {
		struct reading reading = reading_new();
		struct thing thing;
		const char *lines = decode_lines(&reading, problems[i].text, DECODE_STRICT, &thing);

		cr_expect_str_eq(lines, problems[i].lines, "%s\nwas answered by\n%s", problems[i].text, lines);
		reading_done(&reading);
	}
}

Test(decode, is_lenient_with_replies)
{
	struct reading reading = reading_new();
	struct thing thing;

	cr_expect_str_eq(decode_lines(&reading, "{id: a, more: 1, mode: null, limit: null, ssh: null, expect: null}",
	                              DECODE_LENIENT, &thing),
	                 "");
	cr_expect_str_eq(thing.mode, "slow");
	cr_expect_not(thing.limit.present);
	cr_expect_not(thing.ssh.present);
	cr_expect_null(thing.expect);
	cr_expect_str_eq(decode_lines(&reading, "{id: null}", DECODE_LENIENT, &thing),
	                 "1:1 spec.id: missing required field id\n");
	cr_expect_str_eq(decode_lines(&reading, "{id: 1}", DECODE_LENIENT, &thing),
	                 "1:6 spec.id: expected a text, found a whole number; quote it\n");
	reading_done(&reading);
}

Test(decode, adds_nothing_to_what_the_reader_said)
{
	struct reading reading = reading_new();
	struct thing thing = { 0 };

	reading_yaml(&reading, "{id: a, enabled: yes, offset: 012}", NULL);
	cr_assert_eq(reading.findings.count, 2);
	cr_expect_not(decode(reading.arena, "t", "spec", reading.documents[0], fields, DECODE_STRICT, &thing,
	                     &reading.findings));
	cr_expect_eq(reading.findings.count, 2);
	reading_done(&reading);
}

Test(decode, keeps_what_it_copied_when_the_document_is_gone)
{
	struct reading reading = reading_new();
	struct thing thing = { 0 };
	struct arena *scratch = arena_new((size_t)1024 * 1024);
	struct value value;

	cr_assert(json_parse(scratch, "t", "{\"id\":\"a\",\"tags\":[\"b\"],\"expect\":[{\"c\":\"d\"}]}", 44, NULL,
	                     &value, &reading.err),
	          "%s", reading.err.message);
	cr_assert(decode(reading.arena, "t", "spec", &value, fields, DECODE_STRICT, &thing, &reading.findings));
	arena_free(scratch);
	cr_expect_str_eq(thing.id, "a");
	cr_expect_str_eq(thing.tags.items[0], "b");
	cr_expect_str_eq(reading_show(&reading, thing.expect), "[{\"c\":\"d\"}]");
	reading_done(&reading);
}

Test(decode, counts_findings_beyond_the_limit)
{
	struct reading reading = reading_new();
	struct thing thing = { 0 };

	reading_yaml(&reading, "{a: 1, b: 2, c: 3, d: 4}", NULL);
	reading.findings.limit = 2;
	cr_expect_not(decode(reading.arena, "t", "spec", reading.documents[0], fields, DECODE_STRICT, &thing,
	                     &reading.findings));
	cr_expect_eq(reading.findings.count, 2);
	cr_expect_eq(reading.findings.dropped, 3);
	reading_done(&reading);
}

Test(decode, reads_rfc_3339_times)
{
	static const struct {
		const char *text;
		int64_t ms; /* -1: refused */
	} rows[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2000-02-29T12:00:00Z", INT64_C(951825600000) },
		{ "2026-11-20T14:02:11.5Z", INT64_C(1795183331500) },
		{ "2026-11-20T16:02:11.123456+02:00", INT64_C(1795183331123) },
		{ "2026-11-20t14:02:11z", INT64_C(1795183331000) },
		{ "2016-12-31T23:59:60Z", INT64_C(1483228799000) },
		{ "2026-02-29T00:00:00Z", -1 },
		{ "2026-13-01T00:00:00Z", -1 },
		{ "2026-11-20T24:00:00Z", -1 },
		{ "2026-11-20T14:02:11", -1 },
		{ "2026-11-20T14:02:11.Z", -1 },
		{ "2026-11-20T14:02:11+2:00", -1 },
		{ "2026-11-20T14:02:11Zx", -1 },
		{ "2026-11-20", -1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct reading reading = reading_new();
		struct thing thing;
		const char *text = arena_format(reading.arena, "{id: a, since: '%s'}", rows[i].text);
		const char *lines = decode_lines(&reading, text, DECODE_STRICT, &thing);

		cr_expect_eq(*lines == '\0', rows[i].ms >= 0, "%s: %s", rows[i].text, lines);
		if (rows[i].ms >= 0)
			cr_expect_eq(thing.since.unix_ms, rows[i].ms, "%s: %lld", rows[i].text,
			             (long long)thing.since.unix_ms);
		reading_done(&reading);
	}
}
