/* Every state that a variable can be in, and that no row ever holds a secret. */
#include "fops/flow/env_check.h"

#include <criterion/criterion.h>

#include "../contract/place.h"
#include "env_shown.h"
#include "fops/base/arena.h"

#define EXECUTOR "https://board.internal.example.net:8443"
#define PUBLIC   "https://board.example.net"
#define CANARY   "canary-7f3a91c2"

static struct arena *arena;
static struct env_variable variables[] = {
	{ .name = "BOARD_URL", .endpoint = "board", .url = "executor", .required = true },
	{ .name = "BOARD_TOKEN", .secret_ref = "openbao://kv/board#token", .required = true },
	{ .name = "LOG_LEVEL", .value = "info", .required = true },
	{ .name = "TRACE", .value = "", .preset = "off" },
};
static struct env_value items[] = {
	{ .variable = &variables[0], .value = EXECUTOR, .endpoint_urls = { PUBLIC, EXECUTOR, NULL } },
	{ .variable = &variables[1], .secret_ref = "openbao://kv/board#token" },
	{ .variable = &variables[2], .value = "info" },
	{ .variable = &variables[3], .value = "off" },
};
static struct env_contract contract = { .consumer = "my-portal" };
static struct env_values values = { .contract = &contract, .items = items, .count = ARRAY_LEN(items) };
static struct env_found found[16];
static struct env_surroundings surroundings;
static struct env_check check;

static void make(void)
{
	arena = arena_new((size_t)1 << 24);
	surroundings = (struct env_surroundings){ .items = found };
}

static void done(void)
{
	arena_free(arena);
}

TestSuite(env_check, .init = make, .fini = done);

static void put(const char *name, const char *value)
{
	found[surroundings.count++] = (struct env_found){ name, value };
}

static void put_good(void)
{
	put("BOARD_URL", EXECUTOR);
	put("BOARD_TOKEN", CANARY);
	put("LOG_LEVEL", "info");
}

static const struct env_check_row *row_of(const char *name, bool strict)
{
	env_check(arena, &values, &surroundings, strict, &check);
	for (size_t i = 0; i < check.count; i++) {
		const struct env_check_row *row = &check.rows[i];

		cr_expect(i == 0 || strcmp(check.rows[i - 1].variable, row->variable) < 0);
		cr_expect(text_in_choices(ENV_CHECK_STATES, row->state));
		cr_expect(row->expected == NULL || strstr(row->expected, CANARY) == NULL);
		cr_expect(row->found == NULL || strstr(row->found, CANARY) == NULL, "%s", row->found);
		cr_expect_eq(row->fix == NULL, strcmp(row->state, "ok") == 0);
	}
	for (size_t i = 0; i < check.count; i++) {
		if (strcmp(check.rows[i].variable, name) == 0)
			return &check.rows[i];
	}
	return NULL;
}

static const char *state_of(const char *name)
{
	const struct env_check_row *row = row_of(name, false);

	return row == NULL ? "" : row->state;
}

Test(env_check, a_good_environment_is_ok)
{
	put_good();
	cr_expect_str_eq(state_of("BOARD_URL"), "ok");
	cr_expect_str_eq(row_of("BOARD_TOKEN", false)->found, "set");
	cr_expect_str_eq(row_of("TRACE", false)->found, "not set");
	cr_expect(!check.findings);
	cr_expect(!check.drift);
}

Test(env_check, what_is_required_is_missed)
{
	put("LOG_LEVEL", "");
	cr_expect_str_eq(state_of("BOARD_URL"), "missing");
	cr_expect_str_eq(state_of("BOARD_TOKEN"), "missing");
	cr_expect_str_eq(state_of("LOG_LEVEL"), "missing");
	cr_expect_str_eq(state_of("TRACE"), "ok");
	cr_expect(check.findings);
}

Test(env_check, another_value_is_drift_alone)
{
	put_good();
	found[2].value = "debug";
	cr_expect_str_eq(state_of("LOG_LEVEL"), "drift");
	cr_expect(!check.findings);
	cr_expect(check.drift);
}

Test(env_check, the_wrong_kind_of_url_is_told_by_name)
{
	static const char *const wrong[] = { PUBLIC, PUBLIC "/", PUBLIC "/boards", "https://BOARD.example.net:443" };

	put_good();
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		found[0].value = wrong[i];
		cr_expect_str_eq(state_of("BOARD_URL"), "wrong-url-kind", "%s", wrong[i]);
		cr_expect_str_eq(row_of("BOARD_URL", false)->rule, "R12");
		cr_expect_not_null(strstr(row_of("BOARD_URL", false)->fix, "publicUrl"));
	}
	cr_expect(check.findings);
}

Test(env_check, an_address_is_found_in_every_disguise)
{
	static const char *const raw[] = {
		"http://10.0.0.5:8443", "https://[::1]/",           "http://2130706433/",      "http://0x7f.1/",
		"http://localhost.:80", "http://user@127.0.0.1/",   "http://%31%32%37.0.0.1/", "10.0.0.5:8443",
		"http://0177.0.0.1",    "http://a.LOCALHOST:8080/", "[fe80::1%25eth0]:80",     "http://127.1?x=y",
	};

	put_good();
	for (size_t i = 0; i < ARRAY_LEN(raw); i++) {
		found[0].value = raw[i];
		cr_expect_str_eq(state_of("BOARD_URL"), "raw-address", "%s: %s", raw[i], state_of("BOARD_URL"));
	}
	found[0].value = "https://ten.example.net";
	cr_expect_str_eq(state_of("BOARD_URL"), "drift");
}

Test(env_check, a_secret_does_not_belong_into_a_file)
{
	surroundings.file = ".env";
	put_good();
	put("MY_PORTAL_COPY", "x" CANARY);
	cr_expect_str_eq(state_of("BOARD_TOKEN"), "secret-in-file");
	cr_expect_str_eq(row_of("BOARD_TOKEN", false)->rule, "R02");
	cr_expect_str_eq(state_of("MY_PORTAL_COPY"), "secret-in-file");
	found[2].value = CANARY;
	cr_expect_str_eq(state_of("LOG_LEVEL"), "secret-in-file");
	/* what follows is no secret any more, so nothing may know it as one */
	found[2].value = "info";
	found[1].value = "openbao://kv/board#token";
	cr_expect_str_eq(state_of("BOARD_TOKEN"), "ok");
	found[1].value = "openbao://kv/other#token";
	cr_expect_str_eq(state_of("BOARD_TOKEN"), "drift");
	found[1].value = "";
	cr_expect_str_eq(state_of("BOARD_TOKEN"), "ok");
}

Test(env_check, a_secret_in_a_plain_variable_is_not_shown)
{
	put_good();
	found[2].value = "level " CANARY;
	cr_expect_str_eq(row_of("LOG_LEVEL", false)->found, NOT_SHOWN);
	found[2].value = "https://me:pass@x.example.net/a?key=1";
	cr_expect_str_eq(row_of("LOG_LEVEL", false)->found, "https://" NOT_SHOWN "@x.example.net/a?" NOT_SHOWN);
}

Test(env_check, extra_names_are_those_of_the_consumer)
{
	put_good();
	put("MY_PORTAL_MODE", "x");
	put("BOARD_COLOUR", "x");
	put("LOG_FORMAT", "x");
	put("PATH", "/bin");
	cr_expect_str_eq(state_of("MY_PORTAL_MODE"), "extra");
	cr_expect_str_eq(row_of("BOARD_COLOUR", false)->found, "set");
	cr_expect_null(row_of("LOG_FORMAT", false));
	cr_expect_not_null(row_of("LOG_FORMAT", true));
	cr_expect_null(row_of("PATH", true));
	surroundings.file = ".env";
	cr_expect_not_null(row_of("PATH", true));
}

static const char *read_value(const char *text, const char *name)
{
	struct place place = place_new();
	struct env_surroundings read;
	struct error err;
	const char *value = NULL;

	if (env_surroundings_read(arena, place_write(&place, "env", text), &read, &err)) {
		for (size_t i = 0; i < read.count; i++)
			value = strcmp(read.items[i].name, name) == 0 ? read.items[i].value : value;
	} else {
		value = arena_format(arena, "error %s", strrchr(err.message, '/') + 1);
	}
	place_done(&place);
	return value;
}

Test(env_check, reads_dotenv_files)
{
	static const struct {
		const char *text, *value;
	} rows[] = {
		{ "A=1", "1" },
		{ "# x\n\nexport A = two words  # said\n", "two words" },
		{ "A='x # y'  # z\n", "x # y" },
		{ "A=\"a\\nb\\\"c\\\\\"\n", "a\nb\"c\\" },
		{ "A='a\nb'\nB=2\n", "a\nb" },
		{ "A=a#b\r\n", "a#b" },
		{ "A=\n", "" },
		{ "A=1\nA=2\n", "2" },
		{ "\xEF\xBB\xBF"
		  "A=1\n",
		  "1" },
		{ "A='open\n", "error env:1: the quote is not closed" },
		{ "\nA='x' y\n", "error env:2: something follows the closing quote" },
		{ "B=1\nsecret words\n", "error env:2: this is no assignment to a variable" },
		{ "A='1\n2'\n=x\n", "error env:3: this is no assignment to a variable" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *value = read_value(rows[i].text, "A");

		cr_expect(value != NULL && strcmp(value, rows[i].value) == 0, "%s gave %s", rows[i].text, value);
	}
}
