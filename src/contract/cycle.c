/* Circles among the dependencies of stacks, found in one walk without recursion: a document may make the way long. */
#include "compile.h"
#include "fops/base/arena.h"

/* Names of a longer circle are counted. */
#define MOST_NAMED 64

enum visited {
	NEW,
	ON_WAY, /* between the start and where the walk is */
	DONE,
};

/* A stack on the way, and which of its references is next. */
struct stop {
	size_t row;
	size_t ref;
};

struct walk {
	const struct compilation *compilation;
	const struct compiled_object *const *rows;
	size_t count;
	enum visited *visited; /* of each row */
	struct stop *way;
	size_t len;
};

/* The row of a dependency; count when it has no document of its own, or is another sort of reference. */
static size_t row_of(const struct walk *walk, const struct compiled_ref *ref)
{
	return ref->rule->kind == KIND_STACK ? compile_find(walk->rows, walk->count, ref->id) : walk->count;
}

/* "a -> b -> a", from the first name in the alphabet: way[from] and everything behind it. */
static const char *describe(const struct walk *walk, size_t from)
{
	struct arena *arena = walk->compilation->findings->arena;
	struct buffer text = BUFFER((size_t)64 * 1024);
	size_t len = walk->len - from;
	size_t first = 0;
	const char *copy;

	for (size_t i = 1; i < len; i++) {
		/* rows are sorted by name */
		if (walk->way[from + i].row < walk->way[from + first].row)
			first = i;
	}
	for (size_t i = 0; i < len && i < MOST_NAMED; i++)
		(void)buffer_format(&text, "%s -> ", walk->rows[walk->way[from + (first + i) % len].row]->id);
	if (len > MOST_NAMED)
		(void)buffer_format(&text, "%zu more -> ", len - MOST_NAMED);
	(void)buffer_text(&text, walk->rows[walk->way[from + first].row]->id);
	copy = arena_text(arena, text.data, text.len);
	buffer_done(&text);
	return copy;
}

static void refuse(const struct walk *walk, size_t row, const struct compiled_ref *ref)
{
	const struct compilation *compilation = walk->compilation;
	struct findings *findings = compilation->findings;
	const struct compiled_object *object = walk->rows[walk->way[walk->len - 1].row];
	size_t from = walk->len - 1;

	if (findings->limit > 0 && findings->count >= findings->limit) {
		findings->dropped++;
		return;
	}
	while (walk->way[from].row != row)
		from--;
	findings_add(findings, compilation->files->items[object->file].path, ref->line, ref->column,
	             arena_format(findings->arena, "spec.dependsOn[%zu]", ref->index),
	             "remove the dependency that is the least true", "the dependencies go in a circle: %s",
	             describe(walk, from));
}

static void enter(struct walk *walk, size_t row)
{
	walk->visited[row] = ON_WAY;
	walk->way[walk->len++] = (struct stop){ row, 0 };
}

static void walk_from(struct walk *walk, size_t start)
{
	enter(walk, start);
	while (walk->len > 0) {
		struct stop *here = &walk->way[walk->len - 1];
		const struct compiled_object *object = walk->rows[here->row];
		const struct compiled_ref *ref;
		size_t next;

		if (here->ref == object->ref_count) {
			walk->visited[here->row] = DONE;
			walk->len--;
			continue;
		}
		ref = &walk->compilation->refs[object->first_ref + here->ref++];
		next = row_of(walk, ref);
		if (next == walk->count)
			continue;
		if (walk->visited[next] == NEW)
			enter(walk, next);
		else if (walk->visited[next] == ON_WAY)
			refuse(walk, next, ref);
	}
}

void compile_check_cycles(struct arena *arena, const struct compilation *compilation,
                          const struct compiled_object *const *rows, size_t count)
{
	struct walk walk = {
		.compilation = compilation,
		.rows = rows,
		.count = count,
		.visited = arena_array(arena, count, sizeof *walk.visited),
		.way = arena_array(arena, count, sizeof *walk.way),
	};

	for (size_t i = 0; i < count; i++) {
		if (walk.visited[i] == NEW)
			walk_from(&walk, i);
	}
}
