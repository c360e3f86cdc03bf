/* The tables themselves: what help, schema and reference will print of them. */
#include "fops/contract/kind.h"

#include <criterion/criterion.h>

#include "place.h"

static void check_fields(const struct field *fields)
{
	for (const struct field *field = fields; field->name != NULL; field++) {
		size_t len = field->text == NULL ? 0 : strlen(field->text);

		cr_expect_gt(len, 10, "%s has no text", field->name);
		cr_expect(len > 0 && field->text[len - 1] != '.', "%s: the text ends in a full stop", field->name);
		cr_expect_null(strpbrk(field->name, "_-."), "%s is not camelCase", field->name);
		for (const struct field *other = fields; other < field; other++) {
			cr_expect_str_neq(other->name, field->name);
			cr_expect_neq(other->slot.offset, field->slot.offset, "%s and %s share a member", other->name,
			              field->name);
		}
		if (field->preset != NULL && field->choices != NULL)
			cr_expect(text_in_choices(field->choices, field->preset), "%s", field->name);
		if (field->fields != NULL)
			check_fields(field->fields);
	}
}

Test(kind, tables_are_complete)
{
	for (size_t i = 0; i < CONTRACT_KIND_COUNT; i++) {
		const struct kind_row *row = &contract_kinds[i];
		enum contract_kind kind;

		cr_expect_str_eq(contract_kind_names()[i], row->name);
		cr_expect_not_null(row->check);
		cr_assert(contract_kind_of(row->name, &kind));
		cr_expect_eq(kind, i);
		check_fields(row->fields);
	}
}

Test(kind, is_not_guessed)
{
	enum contract_kind kind = KIND_ENDPOINT;

	cr_assert_not(contract_kind_of("runtimeAsset", &kind));
	cr_assert_not(contract_kind_of("", &kind));
	cr_assert_not(contract_kind_of("RuntimeAsset ", &kind));
	cr_assert_eq(kind, KIND_ENDPOINT);
}

/* Leaving out each required field of the shortest documents is a finding that names it. */
Test(kind, required_fields_are_required)
{
	static const char *const fields[] = { "assetId", "role", "kind" };
	static const char *const lines[] = { "  assetId: a\n", "  role: r\n", "  kind: lxc\n" };

	for (size_t left_out = 0; left_out < ARRAY_LEN(fields); left_out++) {
		struct place place = place_new();
		char text[512] = "apiVersion: fractalops/v1\nkind: RuntimeAsset\nspec:\n"
		                 "  lxc: {driver: local, container: box}\n";

		for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
			size_t len = strlen(text);

			if (i != left_out)
				(void)snprintf(text + len, sizeof text - len, "%s", lines[i]);
		}
		(void)place_write(&place, "a.yaml", text);
		cr_expect(place_refuses(&place,
		                        arena_format(place.arena, "missing required field %s", fields[left_out])));
		place_done(&place);
	}
}

/* The brackets that close what text leaves open; no text of a table's name holds one. */
static const char *closing(struct arena *arena, const char *text)
{
	char *closers = arena_alloc(arena, strlen(text) + 1);
	size_t depth = 0;

	for (; *text != '\0'; text++) {
		if (*text == '{' || *text == '[')
			closers[depth++] = *text == '{' ? '}' : ']';
		else if (*text == '}' || *text == ']')
			depth--;
	}
	closers[depth] = '\0';
	for (size_t i = 0; i < depth / 2; i++) {
		char last = closers[depth - 1 - i];

		closers[depth - 1 - i] = closers[i];
		closers[i] = last;
	}
	return closers;
}

/* A member of a wrong type is a finding at every field of every table. */
static void refuse_wrong_type(const struct kind_row *row, const char *path, const struct field *field)
{
	struct place place = place_new();
	bool list = field->slot.kind == SLOT_TEXT_LIST || field->slot.kind == SLOT_RECORDS;
	const char *text =
	        arena_format(place.arena, "{\"apiVersion\":\"fractalops/v1\",\"kind\":\"%s\",\"spec\":{%s\"%s\":%s",
	                     row->name, path, field->name, list ? "{}" : "[]");

	(void)place_write(&place, "a.json", arena_format(place.arena, "%s%s", text, closing(place.arena, text)));
	cr_expect(place_refuses(&place, "expected "), "%s %s%s", row->name, path, field->name);
	place_done(&place);
}

static void refuse_wrong_types(const struct kind_row *row, const char *path, const struct field *fields)
{
	for (const struct field *field = fields; field->name != NULL; field++) {
		char inner[256];

		if (field->slot.kind != SLOT_VALUE)
			refuse_wrong_type(row, path, field);
		(void)snprintf(inner, sizeof inner, "%s\"%s\":%s{", path, field->name,
		               field->slot.kind == SLOT_RECORDS ? "[" : "");
		if (field->fields != NULL)
			refuse_wrong_types(row, inner, field->fields);
	}
}

Test(kind, wrong_types_are_refused_at_every_field)
{
	for (size_t i = 0; i < CONTRACT_KIND_COUNT; i++)
		refuse_wrong_types(&contract_kinds[i], "", contract_kinds[i].fields);
}

Test(kind, drivers_have_keys)
{
	struct runtime_asset asset = { .lxc = { .driver = "local" } };

	cr_assert_str_eq(runtime_asset_driver(&asset), "lxc/local");
	asset.lxc.driver = "ssh";
	cr_assert_str_eq(runtime_asset_driver(&asset), "lxc/ssh");
}
