/* The stack catalogue, and what documents may say of its rows. */
#include "fops/contract/stack.h"

#include <criterion/criterion.h>

#include "place.h"

#define STACK(name, more) "apiVersion: fractalops/v1\nkind: Stack\nspec:\n  name: " name "\n" more

Test(stack, catalogue_has_nineteen_rows_in_order)
{
	static const char integrations[] = "cloudflared|dokploy|headlamp|nexus|penpot|pomerium|windmill";
	size_t count = 0;

	for (const struct catalogue_stack *row = stack_catalogue; row->name != NULL; row++, count++) {
		cr_expect(is_identifier(row->name));
		cr_expect(count == 0 || strcmp(row[-1].name, row->name) < 0, "%s", row->name);
		cr_expect_gt(strlen(row->primary_operation), 4);
		cr_expect_gt(strlen(row->ownership_class), 4);
		cr_expect_eq(row->ownership == STACK_INTEGRATION, text_in_choices(integrations, row->name), "%s",
		             row->name);
		cr_expect_eq(catalogue_stack_find(row->name), row);
	}
	cr_expect_eq(count, 19);
	cr_expect_null(catalogue_stack_find("Kafka"));
	cr_expect_null(catalogue_stack_find(""));
	cr_expect_null(catalogue_stack_find("kafkas"));
	cr_expect_str_eq(catalogue_stack_find("langboard")->primary_operation, "create_project_daytona_workspace");
	cr_expect_str_eq(stack_ownership_name(STACK_SUBSTRATE), "execution-substrate");
	cr_expect_str_eq(stack_ownership_name(STACK_INTEGRATION), "integration-endpoint");
}

/* The sources with one document accept or refuse; part NULL: they open. */
static void expect(const char *text, const char *part)
{
	struct place place = place_new();
	struct topology *topology = NULL;
	struct error err = { 0 };

	(void)place_write(&place, "a.yaml", text);
	if (part != NULL) {
		cr_expect(place_refuses(&place, part), "%s", part);
	} else {
		cr_expect(place_open(&place, false, &topology, &err), "%s: %s", err.message,
		          err.finding_count > 0 ? err.findings[0].message : err.cause);
		topology_cleanup(&topology);
	}
	place_done(&place);
}

Test(stack, of_the_catalogue_says_the_same_or_nothing)
{
	expect(STACK("kafka", ""), NULL);
	expect(STACK("kafka", "  primaryOperation: bootstrap_kafka\n  ownershipClass: event/log stream substrate\n"
	                      "  ownership: execution-substrate\n"),
	       NULL);
	expect(STACK("kafka", "  primaryOperation: bootstrap_kafkas\n"), "says otherwise: bootstrap_kafka");
	expect(STACK("kafka", "  ownershipClass: a queue\n"), "says otherwise: event/log stream substrate");
	expect(STACK("kafka", "  ownership: integration-endpoint\n"), "says otherwise: execution-substrate");
}

Test(stack, outside_the_catalogue_says_everything)
{
	static const char operation[] = "  primaryOperation: op\n";
	static const char class[] = "  ownershipClass: a class\n";
	static const char ownership[] = "  ownership: integration-endpoint\n";
	char text[512];

	(void)snprintf(text, sizeof text, STACK("mine", "%s%s%s"), operation, class, ownership);
	expect(text, NULL);
	(void)snprintf(text, sizeof text, STACK("mine", "%s%s"), class, ownership);
	expect(text, "needs primaryOperation");
	(void)snprintf(text, sizeof text, STACK("mine", "%s%s"), operation, ownership);
	expect(text, "needs ownershipClass");
	(void)snprintf(text, sizeof text, STACK("mine", "%s%s"), operation, class);
	expect(text, "needs ownership");
}

Test(stack, thresholds_come_in_the_order_of_their_direction)
{
	static const struct {
		const char *metric, *part;
	} cases[] = {
		{ "warn: 80, fail: 95", NULL },
		{ "warn: 80.5, fail: 80.5", NULL },
		{ "warn: 95, fail: 80", "warn lies behind fail in direction above" },
		{ "direction: below, warn: 20, fail: 5", NULL },
		{ "direction: below, warn: 5, fail: 20", "warn lies behind fail in direction below" },
		{ "warn: \"80\"", "expected a number, found a text" },
		{ "fail: true", "expected a number" },
		{ "tenant: a/b", "not the name of a tenant" },
		{ "tenant: \"org-1|org-2\"", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char text[1024];

		(void)snprintf(text, sizeof text,
		               STACK("runtime-storage",
		                     "  metrics: [{name: m, endpoint: p, query: up, %s}]\n---\n"
		                     "apiVersion: fractalops/v1\nkind: Endpoint\nspec: {id: p, plane: "
		                     "prometheus, auth: {mode: none}, executorUrl: \"http://p:9090\"}\n"),
		               cases[i].metric);
		expect(text, cases[i].part);
	}
}

static struct topology *open_fixture(const struct place *place)
{
	struct topology_request request = { 0 };
	struct topology *topology = NULL;
	struct error err = { 0 };

	text_list_add(place->arena, &request.sources, FIXTURES "/stacks");
	cr_assert(topology_open(place->arena, &request, &topology, &err), "%s: %s", err.message,
	          err.finding_count > 0 ? err.findings[0].message : err.cause);
	return topology;
}

Test(stack, is_read_with_every_field)
{
	struct place place = place_new();
	struct topology *topology = open_fixture(&place);
	const struct stack_metric *metrics;
	struct stack stack = { 0 };
	struct error err;
	size_t index;

	cr_assert_eq(topology_count(topology, KIND_STACK), 3);
	cr_assert(topology_find(topology, KIND_STACK, "langboard", &index));
	cr_assert(topology_read_stack(topology, index, place.arena, &stack, &err));
	cr_expect_str_eq(stack.primary_operation, "create_project_daytona_workspace");
	cr_expect_str_eq(stack.ownership_class, "project lifecycle and issue surface");
	cr_expect_str_eq(stack.ownership, "execution-substrate");
	cr_expect_str_eq(stack.owner, "platform");
	cr_expect_str_eq(stack.text, "project boards");
	cr_assert_eq(stack.endpoints.count, 1);
	cr_expect_str_eq(stack.endpoints.items[0], "langboard-executor");
	cr_assert_eq(stack.assets.count, 1);
	cr_expect_str_eq(stack.assets.items[0], "langboard-01");
	cr_assert_eq(stack.depends_on.count, 2);
	cr_expect_str_eq(stack.depends_on.items[1], "reports");
	cr_assert_eq(stack.metrics.count, 2);
	metrics = stack.metrics.items;
	cr_expect_str_eq(metrics[0].name, "storage-used");
	cr_expect_str_eq(metrics[0].endpoint, "metrics");
	cr_expect_str_eq(metrics[0].query, "100 * board_used_bytes / board_size_bytes");
	cr_expect_str_eq(metrics[0].tenant, "org-1");
	cr_expect_str_eq(metrics[0].unit, "percent");
	cr_expect_str_eq(metrics[0].direction, "above");
	cr_expect_eq(metrics[0].warn->integer, 80);
	cr_expect_eq(metrics[0].fail->kind, VALUE_REAL);
	cr_expect_str_eq(metrics[1].direction, "below");
	cr_expect_null(metrics[1].fail);
	cr_assert(topology_find(topology, KIND_STACK, "openbao-secret-delivery", &index));
	cr_assert(topology_read_stack(topology, index, place.arena, &stack, &err));
	cr_expect_null(stack.primary_operation);
	cr_expect_eq(stack.metrics.count, 0);
	topology_cleanup(&topology);
	place_done(&place);
}

Test(stack, environment_is_read_with_every_field)
{
	struct place place = place_new();
	struct topology *topology = open_fixture(&place);
	struct env_contract contract = { 0 };
	const struct env_variable *variables;
	const struct env_target *targets;
	struct error err;
	size_t index;

	cr_assert(topology_find(topology, KIND_ENV_CONTRACT, "portal", &index));
	cr_assert(topology_read_env_contract(topology, index, place.arena, &contract, &err));
	cr_expect_str_eq(contract.owner, "platform");
	cr_expect_str_eq(contract.text, "the portal's shell");
	cr_expect_str_eq(contract.format, "shell");
	cr_assert_eq(contract.variables.count, 8);
	variables = contract.variables.items;
	cr_expect_str_eq(variables[0].name, "LANGBOARD_URL");
	cr_expect_str_eq(variables[0].endpoint, "langboard-executor");
	cr_expect_str_eq(variables[0].url, "public");
	cr_expect_str_eq(variables[0].text, "where people find the boards");
	cr_expect(variables[0].required);
	cr_expect_str_eq(variables[2].preset, "http://board.board.svc");
	cr_expect_str_eq(variables[3].asset, "langboard-01");
	cr_expect_str_eq(variables[3].field, "role");
	cr_expect_not(variables[4].required);
	cr_expect_str_eq(variables[5].secret_ref, "openbao://kv/langboard#token");
	cr_expect_str_eq(variables[6].value, "info");
	cr_expect_str_eq(variables[7].value, "");
	cr_assert_eq(contract.targets.count, 2);
	targets = contract.targets.items;
	cr_expect_str_eq(targets[0].type, "env-file");
	cr_expect_str_eq(targets[0].path, "out/.env.portal");
	cr_expect_str_eq(targets[0].format, "dotenv");
	cr_expect_str_eq(targets[1].endpoint, "cluster");
	cr_expect_str_eq(targets[1].space, "boards");
	cr_expect_str_eq(targets[1].name, "portal-env");
	cr_expect_str_eq(targets[1].store, "openbao");
	cr_expect_str_eq(targets[1].store_kind, "SecretStore");
	cr_assert(topology_find(topology, KIND_ENV_CONTRACT, "worker", &index));
	cr_assert(topology_read_env_contract(topology, index, place.arena, &contract, &err));
	cr_expect_str_eq(contract.format, "dotenv");
	cr_expect_eq(contract.targets.count, 0);
	topology_cleanup(&topology);
	place_done(&place);
}
