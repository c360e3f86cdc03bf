/* References between objects, circles, and validation that lists everything. */
#include <criterion/criterion.h>

#include "place.h"

#define STACK(name, more) "---\napiVersion: fractalops/v1\nkind: Stack\nspec:\n  name: " name "\n" more
#define OWN(name, more)                                                                                                \
	STACK(name, "  primaryOperation: op\n  ownershipClass: own\n  ownership: execution-substrate\n" more)
#define CONTRACT(more)                                                                                                 \
	"---\napiVersion: fractalops/v1\nkind: EnvContract\nspec:\n  consumer: portal\n  variables:\n" more

static struct findings validate(const struct place *place, struct topology_counts *ret_counts)
{
	struct topology_request request = { 0 };
	struct findings findings = { .arena = place->arena };
	struct error err = { 0 };

	text_list_add(place->arena, &request.sources, place->sources);
	cr_assert(topology_validate(place->arena, &request, &findings, ret_counts, &err), "%s", err.message);
	return findings;
}

/* One document set gives exactly one finding, with these parts and rule; message NULL: none. */
static void expect(const char *text, const char *message, const char *fix, const char *rule)
{
	struct place place = place_new();
	struct topology_counts counts;
	struct findings findings;

	(void)place_write(&place, "a.yaml", text);
	findings = validate(&place, &counts);
	cr_expect_eq(findings.count, message == NULL ? 0 : 1, "%zu findings, the first: %s", findings.count,
	             findings.count > 0 ? findings.items[0].message : "none");
	if (message != NULL && findings.count > 0) {
		const struct finding *finding = &findings.items[0];

		cr_expect_not_null(strstr(finding->message, message), "%s", finding->message);
		cr_expect(fix == NULL || text_equal(finding->fix, fix), "%s", finding->fix);
		cr_expect(text_equal(finding->rule, rule), "%s: %s", finding->message, finding->rule);
		cr_expect_gt(finding->line, 0);
	}
	place_done(&place);
}

Test(reference, stacks_are_bound_to_what_is_there)
{
	expect(STACK("kafka", "  endpoints: [board]\n  assets: [box]\n  dependsOn: [gitops, mine]\n")
	               OWN("mine", "") "---\n" ENDPOINT("board", "") "---\n" ASSET("box", ""),
	       NULL, NULL, NULL);
	expect(STACK("kafka", "  endpoints: [bord]\n") "---\n" ENDPOINT("board", ""), "there is no Endpoint \"bord\"",
	       "did you mean board?", NULL);
	expect(STACK("kafka", "  assets: [bx]\n") "---\n" ASSET("box", ""), "there is no RuntimeAsset \"bx\"",
	       "did you mean box?", NULL);
	expect(STACK("kafka", "  dependsOn: [gitop]\n"), "there is no Stack \"gitop\"", "did you mean gitops?", NULL);
	expect(STACK("kafka", "  dependsOn: [zzzzzzzz]\n"), "there is no Stack", "add the Stack, or remove the entry",
	       NULL);
}

Test(reference, circles_are_told_once_and_whole)
{
	expect(STACK("kafka", "  dependsOn: [kafka]\n"), "in a circle: kafka -> kafka", NULL, NULL);
	expect(OWN("b", "  dependsOn: [a]\n") OWN("a", "  dependsOn: [b]\n"), "in a circle: a -> b -> a", NULL, NULL);
	expect(OWN("z", "  dependsOn: [c]\n") OWN("c", "  dependsOn: [b]\n") OWN("b", "  dependsOn: [a]\n")
	               OWN("a", "  dependsOn: [c]\n") OWN("zz", "  dependsOn: [z, a]\n"),
	       "in a circle: a -> c -> b -> a", NULL, NULL);
	/* two ways to one stack are no circle */
	expect(OWN("a", "  dependsOn: [b, c]\n") OWN("b", "  dependsOn: [d]\n") OWN("c", "  dependsOn: [d]\n")
	               OWN("d", "  dependsOn: [gitops]\n"),
	       NULL, NULL, NULL);
}

Test(reference, long_circles_are_walked_without_recursion)
{
	struct place place = place_new();
	char *text = arena_alloc(place.arena, (size_t)3 << 20);
	struct topology_counts counts;
	struct findings findings;
	size_t len = 0;

	for (size_t i = 0; i < 10000; i++)
		len += (size_t)snprintf(text + len, ((size_t)3 << 20) - len, OWN("s%05zu", "  dependsOn: [s%05zu]\n"),
		                        i, (i + 1) % 10000);
	(void)place_write(&place, "a.yaml", text);
	findings = validate(&place, &counts);
	cr_assert_eq(findings.count, 1);
	cr_expect_not_null(strstr(findings.items[0].message, "s00000 -> s00001 -> "));
	cr_expect_not_null(strstr(findings.items[0].message, "9936 more -> s00000"), "%s", findings.items[0].message);
	cr_expect_eq(counts.objects[KIND_STACK], 10000);
	cr_expect_eq(counts.documents, 10000);
	cr_expect_eq(counts.files, 1);
	place_done(&place);
}

#define METRIC(plane, url)                                                                                             \
	STACK("runtime-storage", "  metrics: [{name: m, endpoint: p, query: up}]\n")                                   \
	"---\napiVersion: fractalops/v1\nkind: Endpoint\nspec: {id: p, plane: " plane ", auth: {mode: none}" url "}\n"

Test(reference, metrics_come_from_planes_of_metrics)
{
	expect(METRIC("prometheus", ", executorUrl: \"http://p:9090\""), NULL, NULL, NULL);
	expect(METRIC("mimir", ", executorUrl: \"http://p:9009\""), NULL, NULL, NULL);
	expect(METRIC("clickhouse", ", executorUrl: \"http://p:8123\""),
	       "is of another plane than prometheus or mimir (R14", "name an Endpoint of plane prometheus or mimir",
	       "R14");
	expect(METRIC("glitchtip", ", executorUrl: \"http://p\""), "(R14", NULL, "R14");
	expect(METRIC("prometheus-x", ", executorUrl: \"http://p\""), "(R14", NULL, "R14");
	expect(METRIC("semantics", ", executorUrl: \"http://p\""), "(R14", NULL, "R14");
	expect(METRIC("prometheus", ", publicUrl: \"https://p.example.net\""), "has no executorUrl (R12", NULL, "R12");
	expect(METRIC("prometheus", ""), "has no executorUrl (R12", NULL, "R12");
}

#define BOARD                                                                                                          \
	"---\n" ENDPOINT(                                                                                              \
	        "board",                                                                                               \
	        "  publicUrl: https://board.example.net\n  executorUrl: https://10.0.0.5:8443\n") "---\n" ASSET("box", \
	                                                                                                        "")

Test(reference, variables_get_the_kind_of_url_they_ask_for)
{
	expect(CONTRACT("    - {name: A, endpoint: board, url: public}\n    - {name: B, endpoint: board, url: "
	                "executor}\n") BOARD,
	       NULL, NULL, NULL);
	expect(CONTRACT("    - {name: A, endpoint: board, url: internal}\n") BOARD, "has no internalUrl (R12",
	       "give that Endpoint an internalUrl", "R12");
	expect(CONTRACT("    - {name: A, endpoint: board, url: internal, required: false}\n") BOARD, NULL, NULL, NULL);
	expect(CONTRACT("    - {name: A, endpoint: board, url: internal, default: \"http://x\"}\n") BOARD, NULL, NULL,
	       NULL);
	expect(CONTRACT("    - {name: A, endpoint: boar, url: public, required: false}\n") BOARD,
	       "there is no Endpoint \"boar\"", "did you mean board?", NULL);
	/* a name that says another kind swaps them for its reader */
	expect(CONTRACT("    - {name: BOARD_EXECUTOR_URL, endpoint: board, url: public}\n") BOARD, "(R12", NULL, "R12");
	expect(CONTRACT("    - {name: BOARD_PUBLIC_URL, endpoint: board, url: executor}\n") BOARD, "(R12", NULL, "R12");
	expect(CONTRACT("    - {name: public_board, endpoint: board, url: executor}\n") BOARD, "(R12", NULL, "R12");
}

Test(reference, variables_read_fields_of_assets_that_have_them)
{
	expect(CONTRACT("    - {name: A, asset: box, field: role}\n") BOARD, NULL, NULL, NULL);
	expect(CONTRACT("    - {name: A, asset: bo, field: role}\n") BOARD, "there is no RuntimeAsset \"bo\"",
	       "did you mean box?", NULL);
	expect(CONTRACT("    - {name: A, asset: box, field: owner}\n") BOARD, "has no owner",
	       "give that RuntimeAsset an owner", NULL);
	expect(CONTRACT("    - {name: A, asset: box, field: owner, required: false}\n") BOARD, NULL, NULL, NULL);
}

#define TARGET(id)                                                                                                     \
	CONTRACT("    - {name: A, value: x}\n  targets: [{type: kubernetes, endpoint: " id                             \
	         ", namespace: boards, name: env}]\n")

Test(reference, targets_are_clusters)
{
	static const char cluster[] = TARGET("c") "---\napiVersion: fractalops/v1\nkind: Endpoint\nspec: {id: c, "
	                                          "plane: kubernetes, auth: {mode: in-cluster}}\n";

	expect(cluster, NULL, NULL, NULL);
	expect(TARGET("board") BOARD, "is of another plane than kubernetes", "name an Endpoint of plane kubernetes",
	       NULL);
	expect(TARGET("nowhere") BOARD, "there is no Endpoint \"nowhere\"", "add the Endpoint, with plane: kubernetes",
	       NULL);
}

Test(reference, missing_targets_are_not_told_when_documents_were_not_understood)
{
	struct place place = place_new();
	struct topology_counts counts;

	(void)place_write(&place, "a.yaml", STACK("kafka", "  endpoints: [board]\n  assets: [box]\n"));
	cr_expect_eq(validate(&place, &counts).count, 2);
	(void)place_write(&place, "b.yaml",
	                  "apiVersion: fractalops/v1\nkind: Endpoint\nspec: {plane: board, auth: {mode: none}}\n");
	/* the endpoint without id may be the one that is missing, the asset is missing for certain */
	cr_expect_eq(validate(&place, &counts).count, 2);
	place_done(&place);
}

Test(reference, validation_lists_everything_and_counts)
{
	struct place place = place_new();
	char *text = arena_alloc(place.arena, (size_t)1 << 20);
	struct topology_counts counts;
	size_t len = 0;

	for (size_t i = 0; i < 1000; i++)
		len += (size_t)snprintf(text + len, ((size_t)1 << 20) - len,
		                        "---\n" ASSET("a%04zu", "  executorRef: nowhere%zu\n"), i, i);
	(void)place_write(&place, "a.yaml", text);
	(void)place_write(&place, "b.yaml", "---\n---\n");
	cr_expect_eq(validate(&place, &counts).count, 1000);
	cr_expect_eq(counts.documents, 1000);
	cr_expect_eq(counts.files, 2);
	cr_expect_eq(counts.objects[KIND_RUNTIME_ASSET], 1000);
	cr_expect_eq(counts.objects[KIND_ENDPOINT], 0);
	place_done(&place);
}
