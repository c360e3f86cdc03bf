/* Members of an object become lines "path   before -> after", sorted as the document has them. */
#include "fops/flow/plan_print.h"

#include "fops/base/arena.h"
#include "fops/base/terminal.h"
#include "fops/data/emit.h"
#include "plan_diff.h"

#define LINE_BYTES   ((size_t)1024 * 1024)
#define MOST_LEAVES  10000
#define NAME_LEAST   13
#define NAME_MOST    44
#define SHORT_DIGEST 8
#define SHORT_COMMIT 7

/* A value that is no object and has a path such as "data.LOG_LEVEL". */
struct leaf {
	const char *path;
	const char *pointer;
	const struct value *before;
	const struct value *after;
};

struct leaves {
	struct arena *arena;
	struct leaf *items;
	size_t count;
};

static const char *pointer_part(struct arena *arena, const char *name)
{
	char *text = arena_alloc(arena, 2 * strlen(name) + 1);
	size_t len = 0;

	for (; *name != '\0'; name++) {
		if (*name == '~' || *name == '/') {
			text[len++] = '~';
			text[len++] = *name == '~' ? '0' : '1';
		} else {
			text[len++] = *name;
		}
	}
	return text;
}

static void add_leaf(struct leaves *leaves, const char *path, const char *pointer, const struct value *value,
                     bool after)
{
	struct leaf *leaf = NULL;

	for (size_t i = 0; i < leaves->count && leaf == NULL; i++) {
		if (strcmp(leaves->items[i].pointer, pointer) == 0)
			leaf = &leaves->items[i];
	}
	if (leaf == NULL && leaves->count == MOST_LEAVES)
		return;
	if (leaf == NULL) {
		leaf = &leaves->items[leaves->count++];
		*leaf = (struct leaf){ .path = path, .pointer = pointer };
	}
	if (after)
		leaf->after = value;
	else
		leaf->before = value;
}

/* What an entry of a list is known by: its name, if it has one. */
static const char *entry_name(struct arena *arena, const struct value *entry, size_t index)
{
	static const char *const names[] = { "name", "secretKey" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const struct value *name = value_member(entry, names[i]);

		if (name != NULL && name->kind == VALUE_TEXT)
			return name->text.data;
	}
	return arena_format(arena, "%zu", index);
}

static void flatten(struct leaves *leaves, const char *path, const char *pointer, const struct value *value, bool after)
{
	struct arena *arena = leaves->arena;

	if (value->kind == VALUE_OBJECT && value->list.count > 0) {
		for (size_t i = 0; i < value->list.count; i++) {
			const char *name = value->list.members[i].name;

			flatten(leaves, arena_format(arena, "%s%s%s", path, *path == '\0' ? "" : ".", name),
			        arena_format(arena, "%s/%s", pointer, pointer_part(arena, name)),
			        &value->list.members[i].value, after);
		}
	} else if (value->kind == VALUE_ARRAY && value->list.count > 0) {
		for (size_t i = 0; i < value->list.count; i++) {
			const struct value *entry = &value->list.items[i];
			const char *name = entry_name(arena, entry, i);

			flatten(leaves, arena_format(arena, "%s[%s]", path, name),
			        arena_format(arena, "%s/%s", pointer, pointer_part(arena, name)), entry, after);
		}
	} else {
		add_leaf(leaves, path, pointer, value, after);
	}
}

static bool is_block(const struct value *value)
{
	return value != NULL && value->kind == VALUE_TEXT && strchr(value->text.data, '\n') != NULL;
}

static const char *shown(struct arena *arena, const struct value *value)
{
	struct buffer text = BUFFER(LINE_BYTES);
	struct emitter emitter;
	const char *copy;

	if (value == NULL)
		return "-";
	if (value->kind == VALUE_TEXT && value->text.len > 0) {
		terminal_escape(&text, value->text.data, value->text.len);
	} else {
		emit_start(&emitter, EMIT_JSON, buffer_sink(&text));
		emit_value(&emitter, value);
		(void)emit_finish(&emitter, false);
	}
	copy = arena_copy(arena, buffer_string(&text));
	buffer_done(&text);
	return copy;
}

static bool is_equal(struct arena *arena, const struct leaf *leaf)
{
	return leaf->before != NULL && leaf->after != NULL && leaf->before->kind == leaf->after->kind &&
	       strcmp(shown(arena, leaf->before), shown(arena, leaf->after)) == 0;
}

static bool is_secret(const struct plan_step *step, const struct leaf *leaf)
{
	for (size_t i = 0; i < step->secrets.count; i++) {
		if (strcmp(step->secrets.items[i], leaf->pointer) == 0)
			return true;
	}
	return false;
}

static void print_leaf(struct arena *arena, const struct plan_step *step, const struct leaf *leaf, size_t column,
                       struct buffer *out)
{
	static const struct value nothing = { .kind = VALUE_TEXT, .text = { "", 0 } };
	const char *path = arena_format(arena, "%s", leaf->path);

	if (is_block(leaf->before) || is_block(leaf->after)) {
		const struct value *before = leaf->before == NULL ? &nothing : leaf->before;
		const struct value *after = leaf->after == NULL ? &nothing : leaf->after;

		buffer_format(out, "      %s\n", path);
		plan_diff(arena, before->kind == VALUE_TEXT ? before->text.data : "",
		          after->kind == VALUE_TEXT ? after->text.data : "", "        ", out);
		return;
	}
	buffer_text(out, "      ");
	terminal_escape(out, path, strlen(path));
	for (size_t width = text_columns(path, strlen(path)); width < column; width++)
		buffer_byte(out, ' ');
	buffer_text(out, "  ");
	if (leaf->before != NULL)
		buffer_text(out, shown(arena, leaf->before));
	if (leaf->before != NULL && step->action != PLAN_DELETE)
		buffer_text(out, " -> ");
	if (leaf->after != NULL && is_secret(step, leaf))
		buffer_format(out, "(secret, %s)", shown(arena, leaf->after));
	else if (leaf->after != NULL || leaf->before == NULL)
		buffer_text(out, shown(arena, leaf->after));
	else if (step->action != PLAN_DELETE)
		buffer_text(out, "(removed)");
	buffer_byte(out, '\n');
}

static void print_step(struct arena *arena, const struct plan_step *step, struct buffer *out)
{
	struct leaves leaves = { .arena = arena };
	struct arena_mark mark = arena_mark(arena);
	size_t column = NAME_LEAST;

	leaves.items = arena_array(arena, MOST_LEAVES, sizeof *leaves.items);
	buffer_format(out, "%s ", plan_action_symbol(step->action));
	terminal_escape(out, step->object, strlen(step->object));
	if (step->reason != NULL)
		buffer_format(out, "  %s", step->reason);
	buffer_byte(out, '\n');
	if (step->before != NULL)
		flatten(&leaves, "", "", step->before, false);
	if (step->after != NULL)
		flatten(&leaves, "", "", step->after, true);
	for (size_t i = 0; i < leaves.count; i++) {
		size_t width = text_columns(leaves.items[i].path, strlen(leaves.items[i].path));

		if (!is_equal(arena, &leaves.items[i]) && width > column && width <= NAME_MOST)
			column = width;
	}
	for (size_t i = 0; i < leaves.count; i++) {
		if (!is_equal(arena, &leaves.items[i]))
			print_leaf(arena, step, &leaves.items[i], column, out);
	}
	arena_rewind(arena, mark);
}

static void print_head(const struct plan *plan, const struct digest *digest, const char *context, struct buffer *out)
{
	char text[DIGEST_TEXT];

	digest_text(digest, text);
	buffer_format(out, "Plan %.*s", SHORT_DIGEST, text);
	if (context != NULL)
		buffer_format(out, "   context %s", context);
	for (size_t i = 0; i < plan->sources.count; i++) {
		const char *commit = strrchr(plan->sources.items[i], ' ');

		buffer_format(out, "   source %.*s", SHORT_COMMIT, commit == NULL ? "?" : commit + 1);
	}
	if (plan->sources.count == 0)
		buffer_format(out, "   topology %.*s", SHORT_DIGEST, plan->topology);
	buffer_text(out, "\n\n");
}

void plan_print(struct arena *arena, const struct plan *plan, const struct digest *digest, const char *context,
                struct buffer *out)
{
	size_t counts[PLAN_ACTION_COUNT];

	plan_count(plan, counts);
	print_head(plan, digest, context, out);
	for (size_t i = 0; i < plan->count; i++) {
		if (plan->steps[i].action != PLAN_NONE)
			print_step(arena, &plan->steps[i], out);
	}
	for (size_t i = 0; i < plan->finding_count; i++) {
		buffer_text(out, "  ! ");
		terminal_escape(out, plan->findings[i].object, strlen(plan->findings[i].object));
		buffer_text(out, "\n      ");
		terminal_escape(out, plan->findings[i].message, strlen(plan->findings[i].message));
		buffer_text(out, "\n      ");
		terminal_escape(out, plan->findings[i].fix, strlen(plan->findings[i].fix));
		buffer_byte(out, '\n');
	}
	if (counts[PLAN_NONE] < plan->count || plan->finding_count > 0)
		buffer_byte(out, '\n');
	buffer_format(out, "Summary: %zu add, %zu change, %zu replace, %zu delete, %zu unchanged", counts[PLAN_ADD],
	              counts[PLAN_CHANGE], counts[PLAN_REPLACE], counts[PLAN_DELETE], counts[PLAN_NONE]);
	if (plan->finding_count > 0)
		buffer_format(out, ", %zu not observed", plan->finding_count);
	buffer_byte(out, '\n');
}
