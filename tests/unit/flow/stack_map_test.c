/* Catalogue and topology as one list. */
#include "fops/flow/stack_map.h"

#include <criterion/criterion.h>

#include "../contract/place.h"
#include "fops/base/arena.h"

static struct place place;
static struct topology *topology;
static struct stack_map map;
static struct error err;

static void make(void)
{
	place = place_new();
}

static void done(void)
{
	topology_cleanup(&topology);
	place_done(&place);
}

TestSuite(stack_map, .init = make, .fini = done);

#define STACK(name, more) "---\napiVersion: fractalops/v1\nkind: Stack\nspec:\n  name: " name "\n" more
#define NEW               "  ownership: integration-endpoint\n  ownershipClass: a test\n  primaryOperation: do_nothing\n"

static void read_map(const char *text)
{
	place_write(&place, "stacks.yaml", text);
	cr_assert(place_open(&place, false, &topology, &err), "%s", err.message);
	cr_assert(stack_map_read(place.arena, topology, &map, &err), "%s", err.message);
}

static const struct stack_entry *entry_of(const char *name)
{
	size_t index;

	cr_assert(stack_map_find(place.arena, &map, name, &index, &err), "%s", err.message);
	return &map.entries[index];
}

Test(stack_map, the_catalogue_alone_has_nineteen_rows)
{
	cr_assert(stack_map_read(place.arena, NULL, &map, &err));
	cr_assert_eq(map.count, 19);
	for (size_t i = 0; i < map.count; i++) {
		const struct stack_entry *entry = &map.entries[i];

		cr_assert(i == 0 || strcmp(map.entries[i - 1].stack.name, entry->stack.name) < 0);
		cr_assert(entry->in_catalogue);
		cr_assert_null(entry->origin);
		cr_assert_not(stack_is_bound(&entry->stack));
		cr_assert_not_null(entry->stack.primary_operation);
		cr_assert_not_null(entry->stack.ownership_class);
		cr_assert_eq(entry->layer, 0);
	}
	cr_assert_eq(entry_of("penpot")->ownership, STACK_INTEGRATION);
	cr_assert_eq(entry_of("clickhouse")->ownership, STACK_SUBSTRATE);
}

Test(stack_map, documents_bind_rows_and_add_new_ones)
{
	read_map(ENDPOINT("api", "  executorUrl: https://api.example.net\n")
	                 STACK("langboard",
	                       "  owner: boards\n  endpoints: [api]\n  dependsOn: [openbao-secret-delivery, aaa]\n")
	                         STACK("aaa", NEW "  dependsOn: [openbao-secret-delivery]\n") STACK("zzz", NEW));
	cr_assert_eq(map.count, 21);
	cr_assert_str_eq(map.entries[0].stack.name, "aaa");
	cr_assert_str_eq(map.entries[20].stack.name, "zzz");
	cr_assert_eq(entry_of("aaa")->ownership, STACK_INTEGRATION);
	cr_assert_not(entry_of("aaa")->in_catalogue);
	cr_assert_not_null(strstr(entry_of("aaa")->origin, "stacks.yaml:"));
	cr_assert(entry_of("langboard")->in_catalogue);
	cr_assert(stack_is_bound(&entry_of("langboard")->stack));
	cr_assert_str_eq(entry_of("langboard")->stack.primary_operation, "create_project_daytona_workspace");
	cr_assert_str_eq(entry_of("langboard")->stack.owner, "boards");
}

Test(stack_map, who_stands_on_whom_is_known_both_ways)
{
	const struct stack_entry *secrets;
	struct text_list names;

	read_map(STACK("langboard", "  dependsOn: [openbao-secret-delivery, aaa]\n")
	                 STACK("aaa", NEW "  dependsOn: [openbao-secret-delivery]\n"));
	secrets = entry_of("openbao-secret-delivery");
	cr_assert_eq(secrets->layer, 0);
	cr_assert_eq(entry_of("aaa")->layer, 1);
	cr_assert_eq(entry_of("langboard")->layer, 2);
	names = stack_map_names(place.arena, &map, secrets->users, secrets->user_count);
	cr_assert_eq(names.count, 2);
	cr_assert_str_eq(names.items[0], "aaa");
	cr_assert_str_eq(names.items[1], "langboard");
	names = stack_map_names(place.arena, &map, entry_of("langboard")->needs, entry_of("langboard")->need_count);
	cr_assert_str_eq(names.items[0], "aaa");
	cr_assert_str_eq(names.items[1], "openbao-secret-delivery");
}

Test(stack_map, a_name_is_found_as_names_are_printed)
{
	size_t index;

	cr_assert(stack_map_read(place.arena, NULL, &map, &err));
	cr_assert_eq(entry_of("stack/kafka"), entry_of("kafka"));
	cr_assert_not(stack_map_find(place.arena, &map, "kafak", &index, &err));
	cr_assert_eq(err.id, ERROR_NOT_FOUND);
	cr_assert_not_null(strstr(err.cause, "kafka"));
	cr_assert_not(stack_map_find(place.arena, &map, "", &index, &err));
}
