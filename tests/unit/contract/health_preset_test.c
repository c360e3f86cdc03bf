/* The rows of the preset table, and what is asked once they are expanded. */
#include <criterion/criterion.h>

#include "fops/base/arena.h"
#include "fops/contract/endpoint.h"
#include "fops/data/pointer.h"

static struct arena *arena;

static void make(void)
{
	arena = arena_new((size_t)1024 * 1024);
}

static void done(void)
{
	arena_free(arena);
}

TestSuite(health_preset, .init = make, .fini = done);

static const struct field *preset_field(void)
{
	const struct field *field = health_fields;

	while (strcmp(field->name, "preset") != 0)
		field++;
	return field;
}

Test(health_preset, names_what_the_contract_takes)
{
	struct text_list names = text_split(arena, preset_field()->choices, '|');
	size_t count = 0;

	for (; health_presets[count].name != NULL; count++) {
		cr_assert_lt(count, names.count);
		cr_expect_str_eq(health_presets[count].name, names.items[count]);
		cr_expect_eq(health_preset_find(names.items[count]), &health_presets[count]);
		if (count > 0)
			cr_expect_lt(strcmp(health_presets[count - 1].name, health_presets[count].name), 0);
	}
	cr_expect_eq(count, names.count);
	cr_expect_null(health_preset_find("nothing"));
	cr_expect_null(health_preset_find(NULL));
}

static void is_whole(const char *name, const struct health *part)
{
	if (!part->present)
		return;
	cr_expect(text_in_choices("http|mcp|kafka|tcp", part->protocol), "%s", name);
	cr_expect(text_in_choices("GET|HEAD", part->method), "%s", name);
	cr_expect_eq(part->timeout.ms, 5000, "%s", name);
	cr_expect_eq(part->path == NULL, text_in_choices("kafka|tcp", part->protocol), "%s", name);
	cr_expect(part->expect.status >= 200 && part->expect.status < 300, "%s", name);
	cr_expect(part->expect.pointer == NULL || is_pointer(part->expect.pointer), "%s", name);
	/* an answer to HEAD has no body */
	if (strcmp(part->method, "HEAD") == 0)
		cr_expect(part->expect.pointer == NULL && part->expect.body == NULL &&
		                  part->expect.body_starts == NULL && part->version_from == NULL,
		          "%s", name);
}

Test(health_preset, asks_something_in_every_row)
{
	for (const struct health_preset *row = health_presets; row->name != NULL; row++) {
		cr_expect(row->liveness.present || row->readiness.present, "%s", row->name);
		cr_expect_not(health_same(&row->liveness, &row->readiness), "%s", row->name);
		cr_expect(row->product != NULL && row->port != NULL && row->auth != NULL, "%s", row->name);
		is_whole(row->name, &row->liveness);
		is_whole(row->name, &row->readiness);
	}
}

/* Routes that tell of the process alone must never say ready. */
Test(health_preset, leaves_readiness_out_where_the_process_alone_answers)
{
	static const char *const process_only[] = { "langboard", "headlamp", "pomerium",          "datahub",
		                                    "searxng",   "supabase", "supabase-realtime", "datahub-frontend" };

	for (size_t i = 0; i < ARRAY_LEN(process_only); i++) {
		const struct health_preset *row = health_preset_find(process_only[i]);

		cr_assert_not_null(row, "%s", process_only[i]);
		cr_expect(row->liveness.present && !row->readiness.present, "%s", process_only[i]);
	}
}

/* The products that the constitution's stacks name, and the ones they stand on. */
Test(health_preset, has_a_row_for_every_product)
{
	static const char *const products[] = { "temporal",       "openbao",    "datahub",   "clickhouse",
		                                "oxigraph",       "prometheus", "mimir",     "glitchtip",
		                                "posthog",        "kafka",      "langgraph", "daytona",
		                                "langboard",      "nexus",      "penpot",    "dokploy",
		                                "headlamp",       "argocd",     "pomerium",  "playwright-grid",
		                                "windmill",       "keycloak",   "hasura",    "supabase",
		                                "cloudflared",    "opa",        "s3",        "k3s",
		                                "kube-apiserver", "evidence" };

	for (size_t i = 0; i < ARRAY_LEN(products); i++)
		cr_expect_not_null(health_preset_find(products[i]), "%s", products[i]);
}

Test(health_preset, keeps_the_limits_of_the_contract)
{
	struct endpoint endpoint = {
		.health = { .present = true, .preset = "openbao", .timeout = { 250 }, .max_latency_ms = { 40, true } }
	};
	struct endpoint_health asked = endpoint_health(arena, &endpoint);

	cr_assert(asked.liveness.present && asked.readiness.present);
	cr_expect_str_eq(asked.readiness.path, "/v1/sys/health");
	cr_expect_str_eq(asked.readiness.preset, "openbao");
	cr_expect_eq(asked.readiness.timeout.ms, 250);
	cr_expect_eq(asked.liveness.max_latency_ms.value, 40);
	cr_expect_not(health_same(&asked.liveness, &asked.readiness));
	cr_expect_str_eq(endpoint_single(arena, &endpoint).expect.pointer, "/sealed");
}

Test(health_preset, takes_each_question_by_itself)
{
	struct endpoint endpoint = { 0 };
	struct endpoint_health asked = endpoint_health(arena, &endpoint);

	cr_expect_not(asked.liveness.present || asked.readiness.present);
	endpoint.health = (struct health){ .present = true, .protocol = "http", .method = "GET", .path = "/health" };
	asked = endpoint_health(arena, &endpoint);
	cr_expect(health_same(&asked.liveness, &asked.readiness));
	endpoint.readiness = (struct health){ .present = true, .protocol = "http", .method = "GET", .path = "/readyz" };
	asked = endpoint_health(arena, &endpoint);
	cr_expect_str_eq(asked.liveness.path, "/health");
	cr_expect_str_eq(asked.readiness.path, "/readyz");
	cr_expect_not(health_same(&asked.liveness, &asked.readiness));
	/* a product without a route for it is not ready by another route */
	endpoint.readiness = (struct health){ .present = true, .preset = "langboard" };
	asked = endpoint_health(arena, &endpoint);
	cr_expect_not(asked.readiness.present);
	endpoint = (struct endpoint){ .health = { .present = true, .preset = "langboard" } };
	cr_expect_str_eq(endpoint_single(arena, &endpoint).path, "/health");
}

Test(health_preset, never_swaps_urls)
{
	struct endpoint endpoint = { .public_url = "https://board.example.net" };

	cr_expect_str_eq(endpoint_url(&endpoint, URL_PUBLIC), "https://board.example.net");
	cr_expect_null(endpoint_url(&endpoint, URL_EXECUTOR));
	cr_expect_null(endpoint_url(&endpoint, URL_INTERNAL));
	cr_expect_str_eq(url_kind_name(URL_EXECUTOR), "executor");
	cr_expect_str_eq(url_kind_field(URL_INTERNAL), "internalUrl");
}
