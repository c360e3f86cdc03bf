/* Each format's quoting, what a format cannot hold, and that no default stands in for another kind of URL. */
#include "fops/flow/env_render.h"

#include <criterion/criterion.h>

#include "../contract/place.h"
#include "fops/base/arena.h"

#define MOST 8

static struct arena *arena;
static struct env_variable variables[MOST];
static struct env_value items[MOST];
static struct env_contract contract;
static struct env_values values;
static struct buffer out;
static struct error err;

static void make(void)
{
	arena = arena_new((size_t)1 << 24);
	out = BUFFER((size_t)1 << 20);
	contract = (struct env_contract){ .consumer = "portal", .format = "dotenv" };
	values = (struct env_values){ .contract = &contract, .items = items, .digest = "0123" };
}

static void done(void)
{
	buffer_done(&out);
	arena_free(arena);
}

TestSuite(env_render, .init = make, .fini = done);

static void put(const char *name, const char *text, const char *reference)
{
	variables[values.count] = (struct env_variable){ .name = name, .value = text, .secret_ref = reference };
	items[values.count] =
	        (struct env_value){ .variable = &variables[values.count], .value = text, .secret_ref = reference };
	values.count++;
}

/* The one line that a value makes, without its newline; NULL when it is refused. */
static const char *line_of(enum env_format format, const char *text)
{
	bool ours = false;
	const char *body;

	values.count = 0;
	put("A", text, NULL);
	buffer_clear(&out);
	if (!env_render(arena, &values, format, &out, &err))
		return NULL;
	body = env_body(buffer_string(&out), &ours);
	cr_expect(ours);
	return arena_text(arena, body, strlen(body) - 1);
}

Test(env_render, dotenv_quotes_as_all_readers_agree)
{
	static const struct {
		const char *text, *line; /* line NULL: refused */
	} rows[] = {
		{ "info", "A=info" },
		{ "", "A=" },
		{ "https://a.example.net:8443/x", "A=https://a.example.net:8443/x" },
		{ "two words", "A='two words'" },
		{ "a#b", "A='a#b'" },
		{ "~", "A='~'" },
		{ "$HOME", "A='$HOME'" },
		{ "say \"x\"", "A='say \"x\"'" },
		{ "it's", "A=\"it's\"" },
		{ "C:\\temp", "A='C:\\temp'" },
		{ "\xC3\xA9", "A='\xC3\xA9'" },
		{ "line\nline", "A='line\nline'" },
		{ "it's $HOME", NULL },
		{ "it's `x`", NULL },
		{ "${HOME}", NULL },
		{ "end\\", NULL },
		{ "a\\\\b", NULL },
		{ "\x1b[2J", NULL },
		{ "a\rb", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *line = line_of(ENV_DOTENV, rows[i].text);

		if (rows[i].line == NULL)
			cr_expect_null(line, "%s gave %s", rows[i].text, line);
		else
			cr_expect(line != NULL && strcmp(line, rows[i].line) == 0, "%s gave %s", rows[i].text, line);
	}
	cr_expect_eq(err.id, ERROR_CONTRACT_INVALID);
}

Test(env_render, shell_takes_every_text)
{
	cr_expect_str_eq(line_of(ENV_SHELL, "it's $(x) \\ \n \"`"), "export A='it'\\''s $(x) \\ \n \"`'");
	cr_expect_str_eq(line_of(ENV_SHELL, ""), "export A=''");
}

Test(env_render, make_escapes_what_make_changes)
{
	static const struct {
		const char *text, *line;
	} rows[] = {
		{ "info", "export A := info" },       { "", "export A :=" },
		{ "$HOME", "export A := $$HOME" },    { "a#b", "export A := a\\#b" },
		{ "a\\#b", "export A := a\\\\\\#b" }, { "a\\\\#b", "export A := a\\\\\\\\\\#b" },
		{ "a\\b", "export A := a\\b" },       { " a ", "export A := $() a " },
		{ "a\\", "export A := a\\$()" },      { "%.o = x", "export A := %.o = x" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		cr_expect_str_eq(line_of(ENV_MAKE, rows[i].text), rows[i].line);
	cr_expect_null(line_of(ENV_MAKE, "a\nb"));
}

Test(env_render, a_secret_is_a_reference_in_every_format)
{
	struct env_target target = { .type = "kubernetes",
		                     .space = "boards",
		                     .name = "portal-env",
		                     .store = "bao",
		                     .store_kind = "ClusterSecretStore" };

	contract.targets = (struct record_list){ &target, 1 };
	put("TOKEN", NULL, "openbao://kv/langboard#token");
	put("LEVEL", "info", NULL);
	for (int format = 0; format < ENV_FORMAT_COUNT; format++) {
		buffer_clear(&out);
		cr_assert(env_render(arena, &values, (enum env_format)format, &out, &err), "%s", err.message);
		cr_expect_not_null(strstr(buffer_string(&out), "langboard"), "%s", buffer_string(&out));
		cr_expect_null(strstr(buffer_string(&out), "TOKEN="), "%s", buffer_string(&out));
	}
	cr_expect_not_null(strstr(buffer_string(&out), "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\n"));
	cr_expect_not_null(strstr(buffer_string(&out), "key: kv/langboard\n"));
	cr_expect_not_null(strstr(buffer_string(&out), "property: token\n"));
}

Test(env_render, no_external_secret_without_store_or_of_this_machine)
{
	struct env_target target = {
		.type = "kubernetes", .space = "boards", .name = "portal-env", .store_kind = "ClusterSecretStore"
	};

	put("TOKEN", NULL, "openbao://kv/langboard#token");
	cr_expect(!env_render(arena, &values, ENV_KUBERNETES, &out, &err));
	cr_expect_not_null(strstr(err.message, "no target of type kubernetes"));
	contract.targets = (struct record_list){ &target, 1 };
	cr_expect(!env_render(arena, &values, ENV_KUBERNETES, &out, &err));
	cr_expect_not_null(strstr(err.message, "names no secretStore"));
	target.store = "bao";
	values.count = 0;
	put("TOKEN", NULL, "env://TOKEN");
	cr_expect(!env_render(arena, &values, ENV_KUBERNETES, &out, &err));
	cr_expect_not_null(strstr(err.message, "cannot be an ExternalSecret"));
}

Test(env_render, the_same_values_give_the_same_bytes)
{
	for (int format = 0; format < ENV_KUBERNETES; format++) {
		const char *first;

		values.count = 0;
		put("B", "2", NULL);
		put("A", "1", NULL);
		buffer_clear(&out);
		cr_assert(env_render(arena, &values, (enum env_format)format, &out, &err));
		first = arena_copy(arena, buffer_string(&out));
		buffer_clear(&out);
		cr_assert(env_render(arena, &values, (enum env_format)format, &out, &err));
		cr_expect_str_eq(buffer_string(&out), first);
	}
}

Test(env_render, the_body_is_what_stands_behind_our_head)
{
	bool ours = true;

	cr_expect_str_eq(env_body("A=1\n", &ours), "A=1\n");
	cr_expect(!ours);
	cr_expect_str_eq(env_body("# Written by fops infra generate-env p; changes are lost.\n# schema x\n# other\n",
	                          &ours),
	                 "# other\n");
	cr_expect(ours);
}

#define CONTRACT                                                                                                       \
	ENDPOINT("board", "  executorUrl: https://x.example.net\n  internalUrl: http://board.svc\n")                   \
	"---\napiVersion: fractalops/v1\nkind: EnvContract\nspec:\n  consumer: portal\n  variables:\n"

static bool find(const char *variable)
{
	struct place place = place_new();
	struct topology *topology = NULL;
	const struct env_contract *found;
	bool good;

	place_write(&place, "t.yaml", arena_format(arena, CONTRACT "    - %s\n", variable));
	cr_assert(place_open(&place, false, &topology, &err), "%s: %s", err.message,
	          err.finding_count > 0 ? err.findings[0].message : "");
	cr_assert(env_contract_find(arena, topology, "portal", &found, &err));
	good = env_values_find(arena, topology, found, &values, &err);
	topology_cleanup(&topology);
	place_done(&place);
	return good;
}

Test(env_render, values_come_from_the_kind_of_url_that_was_asked_for)
{
	cr_assert(find("{name: URL, endpoint: board, url: internal}"));
	cr_expect_str_eq(values.items[0].value, "http://board.svc");
	cr_assert(find("{name: URL, endpoint: board, url: public, default: none}"));
	cr_expect_str_eq(values.items[0].value, "none");
	cr_assert(find("{name: URL, endpoint: board, url: public, required: false}"));
	cr_expect_null(values.items[0].value);
	cr_assert(find("{name: T, value: \"\", required: false, default: \"off\"}"));
	cr_expect_str_eq(values.items[0].value, "off");
}
