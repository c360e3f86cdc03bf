/* Choosing assets by id, role and contract fields. */
#include "fops/asset/select.h"

#include <criterion/criterion.h>

#include "fops/base/arena.h"
#include "fops/base/file.h"

static struct arena *arena;
static struct topology *topology;
static const char *path;

#define ASSET(id, role, owner, tier)                                                                                   \
	"apiVersion: fractalops/v1\nkind: RuntimeAsset\nspec:\n  assetId: " id "\n  role: " role                       \
	"\n  kind: lxc\n  owner: " owner "\n  labels: {tier: " tier "}\n  lxc: {driver: local, container: " id         \
	"}\n---\n"

static void open_topology(void)
{
	static const char text[] = ASSET("box-02", "runner", "ops", "lab") ASSET("box-01", "runner", "ops", "prod")
	        ASSET("only", "single", "web", "prod");
	struct topology_request request = { 0 };
	struct error err;

	arena = arena_new((size_t)16 << 20);
	path = arena_format(arena, "/tmp/fops-select-%d.yaml", (int)getpid());
	cr_assert(file_write(path, text, sizeof text - 1, 0600, false, &err));
	text_list_add(arena, &request.sources, path);
	cr_assert(topology_open(arena, &request, &topology, &err), "%s", err.message);
}

static void close_topology(void)
{
	(void)unlink(path);
	topology_cleanup(&topology);
	arena_free(arena);
}

TestSuite(select, .init = open_topology, .fini = close_topology);

static const char *ids(const struct asset_choice *choice)
{
	const char *text = "";

	for (size_t i = 0; i < choice->count; i++)
		text = arena_format(arena, "%s%s ", text,
		                    topology_id(topology, KIND_RUNTIME_ASSET, choice->indexes[i]));
	return text;
}

Test(select, takes_all_that_match_in_order)
{
	static const struct {
		struct asset_selection selection;
		const char *label;
		const char *ids;
	} rows[] = {
		{ { 0 }, NULL, "box-01 box-02 only " },
		{ { .role = "runner" }, NULL, "box-01 box-02 " },
		{ { .asset_id = "only" }, NULL, "only " },
		{ { .asset_id = "only", .role = "runner" }, NULL, "" },
		{ { .kind = "lxc", .owner = "web" }, NULL, "only " },
		{ { .kind = "kubernetes" }, NULL, "" },
		{ { .role = "runner" }, "tier=prod", "box-01 " },
		{ { 0 }, "tier=prod", "box-01 only " },
		{ { 0 }, "tier=pro", "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct asset_selection selection = rows[i].selection;
		struct asset_choice choice;
		struct error err;

		if (rows[i].label != NULL)
			text_list_add(arena, &selection.labels, rows[i].label);
		cr_assert(asset_select(arena, topology, &selection, &choice, &err));
		cr_assert_str_eq(ids(&choice), rows[i].ids, "row %zu", i);
	}
}

Test(select, never_takes_the_first_of_several)
{
	struct asset_selection selection = { .role = "runner" };
	struct asset_choice choice;
	struct error err;

	cr_assert_not(asset_select_some(arena, topology, &selection, &choice, &err));
	cr_assert_eq(err.id, ERROR_ASSET_AMBIGUOUS);
	cr_assert_str_eq(err.cause, "candidates: box-01, box-02");
	selection.all = true;
	cr_assert(asset_select_some(arena, topology, &selection, &choice, &err));
	cr_assert_eq(choice.count, 2);
}

Test(select, suggests_names_that_are_near)
{
	struct asset_selection selection = { .asset_id = "box-03" };
	struct asset_choice choice;
	struct error err;

	cr_assert_not(asset_select_some(arena, topology, &selection, &choice, &err));
	cr_assert_eq(err.id, ERROR_ASSET_NOT_FOUND);
	cr_assert_not_null(strstr(err.cause, "box-01"));
	selection = (struct asset_selection){ .role = "runer" };
	cr_assert_not(asset_select_some(arena, topology, &selection, &choice, &err));
	cr_assert_not_null(strstr(err.cause, "runner"));
}

Test(select, wants_a_selection)
{
	struct asset_selection selection = { 0 };
	struct asset_choice choice;
	struct error err;

	cr_assert_not(asset_select_some(arena, topology, &selection, &choice, &err));
	cr_assert_eq(err.id, ERROR_USAGE_MISSING_ARGUMENT);
}

Test(select, refuses_malformed_labels_and_names)
{
	const char *bad[] = { "tier", "=x", "" };
	struct error err;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		cr_assert_not(asset_selection_check(&(struct asset_selection){ .labels = { &bad[i], 1 } }, &err));
	cr_assert_not(asset_selection_check(&(struct asset_selection){ .asset_id = "A b" }, &err));
	cr_assert_not(asset_selection_check(&(struct asset_selection){ .role = "-x" }, &err));
	cr_assert(asset_selection_check(&(struct asset_selection){ .role = "x" }, &err));
}
