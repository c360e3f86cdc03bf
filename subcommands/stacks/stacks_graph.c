/* stacks graph: who depends on whom, as DOT for graphviz and as JSON with places for a drawing. */
#include "fops/base/arena.h"
#include "fops/base/buffer.h"
#include "fops/cli/output.h"
#include "fops/data/emit.h"
#include "stacks.h"

#define LONGEST_GRAPH ((size_t)64 * 1024 * 1024)
#define NODE_WIDTH    180
#define NODE_HEIGHT   40
#define GAP           40
#define MOST_COLUMNS  6

struct graph_options {
	const char *format;
	bool bound;
};

static const struct command_option options[] = {
	{ "format", 0, SLOT(struct graph_options, format), "FORMAT", "dot", "language of the graph", "dot|json",
	  VALUES_CHOICES, 0, 0 },
	{ "bound", 0, SLOT(struct graph_options, bound), NULL, NULL,
	  "leave out rows that nothing is bound to and that nobody depends on", NULL, VALUES_NONE, 0, 0 },
	{ 0 },
};

/* A row of the map with its place in its layer. */
struct node {
	const struct stack_entry *entry;
	bool shown;
	size_t place;
};

struct graph {
	const struct stack_map *map;
	struct node *nodes;
	size_t layers;
	size_t *filled; /* nodes of each layer */
	size_t columns;
};

static bool is_shown(const struct stack_entry *entry, bool bound)
{
	return !bound || stack_is_bound(&entry->stack) || entry->need_count > 0 || entry->user_count > 0;
}

/* Rows are sorted by name, and so are the columns of each layer. */
static struct graph lay_out(struct arena *arena, const struct stack_map *map, bool bound)
{
	struct graph graph = { .map = map,
		               .nodes = arena_array(arena, map->count + 1, sizeof *graph.nodes),
		               .filled = arena_array(arena, map->count + 1, sizeof *graph.filled) };

	for (size_t i = 0; i < map->count; i++) {
		struct node *node = &graph.nodes[i];

		node->entry = &map->entries[i];
		node->shown = is_shown(node->entry, bound);
		if (!node->shown)
			continue;
		node->place = graph.filled[node->entry->layer]++;
		if (node->entry->layer + 1 > graph.layers)
			graph.layers = node->entry->layer + 1;
		if (node->place % MOST_COLUMNS + 1 > graph.columns)
			graph.columns = node->place % MOST_COLUMNS + 1;
	}
	return graph;
}

/* A quoted ID of the DOT language: only the quote and the backslash mean something there. */
static void put_quoted(struct buffer *text, const char *word)
{
	buffer_byte(text, '"');
	for (; *word != '\0'; word++) {
		if (*word == '"' || *word == '\\')
			buffer_byte(text, '\\');
		buffer_byte(text, *word);
	}
	buffer_byte(text, '"');
}

static void put_node(struct buffer *text, const struct node *node)
{
	const struct stack *stack = &node->entry->stack;

	buffer_text(text, "  ");
	put_quoted(text, stack->name);
	buffer_text(text, " [label=");
	put_quoted(text, stack->name);
	buffer_format(text, ", style=%s, class=", stack_is_bound(stack) ? "solid" : "dashed");
	put_quoted(text, stack_ownership_name(node->entry->ownership));
	if (node->entry->ownership == STACK_INTEGRATION)
		buffer_text(text, ", shape=ellipse");
	buffer_text(text, "];\n");
}

static void put_layer(struct buffer *text, const struct graph *graph, size_t layer)
{
	buffer_text(text, "  { rank=same;");
	for (size_t i = 0; i < graph->map->count; i++) {
		if (!graph->nodes[i].shown || graph->nodes[i].entry->layer != layer)
			continue;
		buffer_byte(text, ' ');
		put_quoted(text, graph->nodes[i].entry->stack.name);
		buffer_byte(text, ';');
	}
	buffer_text(text, " }\n");
}

static void draw_dot(struct buffer *text, const struct graph *graph)
{
	buffer_text(text, "digraph stacks {\n  rankdir=BT;\n  node [shape=box];\n");
	for (size_t i = 0; i < graph->map->count; i++) {
		if (graph->nodes[i].shown)
			put_node(text, &graph->nodes[i]);
	}
	for (size_t layer = 0; layer < graph->layers; layer++)
		put_layer(text, graph, layer);
	for (size_t i = 0; i < graph->map->count; i++) {
		const struct stack_entry *entry = graph->nodes[i].entry;

		for (size_t k = 0; k < entry->need_count; k++) {
			buffer_text(text, "  ");
			put_quoted(text, entry->stack.name);
			buffer_text(text, " -> ");
			put_quoted(text, graph->map->entries[entry->needs[k]].stack.name);
			buffer_text(text, ";\n");
		}
	}
	buffer_text(text, "}\n");
}

static void emit_number(struct emitter *emitter, const char *key, size_t number)
{
	emit_key(emitter, key);
	emit_count(emitter, number);
}

static void emit_word(struct emitter *emitter, const char *key, const char *word)
{
	emit_key(emitter, key);
	emit_text(emitter, word);
}

/* Lines of nodes above a layer, or above the ground for layer SIZE_MAX; the layer that depends on nothing is lowest. */
static size_t lines_above(const struct graph *graph, size_t layer)
{
	size_t lines = 0;

	for (size_t i = graph->layers; i-- > 0 && (layer == SIZE_MAX || i > layer);)
		lines += (graph->filled[i] + MOST_COLUMNS - 1) / MOST_COLUMNS;
	return lines;
}

/* x and y are the upper left corner; a wide layer takes several lines. */
static void emit_node(struct emitter *emitter, const struct graph *graph, const struct node *node)
{
	const struct stack *stack = &node->entry->stack;
	size_t line = lines_above(graph, node->entry->layer) + node->place / MOST_COLUMNS;

	emit_object(emitter);
	emit_word(emitter, "id", stack->name);
	emit_word(emitter, "label", stack->name);
	emit_word(emitter, "state", stack_plain_state(stack));
	emit_word(emitter, "ownership", stack_ownership_name(node->entry->ownership));
	emit_number(emitter, "layer", node->entry->layer);
	emit_number(emitter, "x", GAP + node->place % MOST_COLUMNS * (NODE_WIDTH + GAP));
	emit_number(emitter, "y", GAP + line * (NODE_HEIGHT + 2 * GAP));
	emit_number(emitter, "width", NODE_WIDTH);
	emit_number(emitter, "height", NODE_HEIGHT);
	emit_object_end(emitter);
}

static void emit_edges(struct emitter *emitter, const struct graph *graph)
{
	emit_key(emitter, "edges");
	emit_array(emitter);
	for (size_t i = 0; i < graph->map->count; i++) {
		const struct stack_entry *entry = graph->nodes[i].entry;

		for (size_t k = 0; k < entry->need_count; k++) {
			emit_object(emitter);
			emit_word(emitter, "from", entry->stack.name);
			emit_word(emitter, "to", graph->map->entries[entry->needs[k]].stack.name);
			emit_object_end(emitter);
		}
	}
	emit_array_end(emitter);
}

static bool draw_json(struct buffer *text, const struct graph *graph)
{
	struct emitter emitter;

	emit_start(&emitter, EMIT_JSON, buffer_sink(text));
	emit_object(&emitter);
	emit_word(&emitter, "schema", "fops.stack.graph/1");
	emit_number(&emitter, "width", GAP + graph->columns * (NODE_WIDTH + GAP));
	emit_number(&emitter, "height", lines_above(graph, SIZE_MAX) * (NODE_HEIGHT + 2 * GAP));
	emit_number(&emitter, "layers", graph->layers);
	emit_key(&emitter, "nodes");
	emit_array(&emitter);
	for (size_t i = 0; i < graph->map->count; i++) {
		if (graph->nodes[i].shown)
			emit_node(&emitter, graph, &graph->nodes[i]);
	}
	emit_array_end(&emitter);
	emit_edges(&emitter, graph);
	emit_object_end(&emitter);
	return emit_finish(&emitter, true);
}

static bool draw(struct call *call, struct error *err)
{
	const struct graph_options *wanted = call->options;
	CLEANUP(topology_cleanup) struct topology *topology = NULL;
	struct buffer text = BUFFER(LONGEST_GRAPH);
	struct stack_map map;
	struct graph graph;
	bool good = true;

	if (!stacks_open(call, &topology, &map, err))
		return false;
	graph = lay_out(call->arena, &map, wanted->bound);
	if (text_equal(wanted->format, "json"))
		good = draw_json(&text, &graph);
	else
		draw_dot(&text, &graph);
	good = good && !text.overflow;
	if (good)
		output_bytes(call->output, buffer_string(&text), text.len);
	buffer_done(&text);
	return good || fail(err, ERROR_DATA, "the graph of %zu stacks is larger than 64 MiB", map.count);
}

static const char *const examples[] = {
	"fops stacks graph",
	"fops stacks graph --bound | dot -Tsvg -o stacks.svg",
	"fops stacks graph --format json",
	NULL,
};

static const int exits[] = { EXIT_DATA, EXIT_NOT_FOUND, EXIT_CONFIG, -1 };

const struct command stacks_graph_command = {
	.name = "graph",
	.summary = "Draw which stack depends on which",
	.about = "Prints DOT, the language of graphviz, or JSON with a place for each node: x and y are its upper left "
	         "corner, and the stacks that depend on nothing are at the bottom. An arrow leads from a stack to what "
	         "it depends on. Rows that nothing is bound to are dashed, integration endpoints are ellipses. Nothing "
	         "is contacted; the same topology gives the same bytes.",
	.options = options,
	.options_size = sizeof(struct graph_options),
	.examples = examples,
	.exits = exits,
	.see = "fops help topology",
	.flags = COMMAND_TOPOLOGY | COMMAND_SETTINGS,
	.run = draw,
};
