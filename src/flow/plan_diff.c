/* Longest common subsequence of lines, after the common head and tail are set aside; bounded by the product of the
 * rest. */
#include "plan_diff.h"

#include "fops/base/arena.h"
#include "fops/base/terminal.h"
#include "fops/base/text.h"

#define MOST_PAIRS ((size_t)4000000)
#define CONTEXT    2

struct lines {
	struct str *items;
	size_t count;
};

/* One line of the difference: ' ', '-' or '+', and how many lines of each text stand before it. */
struct edit {
	char sign;
	struct str line;
	size_t before, after;
};

struct edits {
	struct edit *items;
	size_t count;
	size_t before, after;
};

static struct lines split(struct arena *arena, const char *text)
{
	struct lines lines = { 0 };
	size_t count = 0;

	for (const char *at = text; *at != '\0'; count++) {
		at = strchrnul(at, '\n');
		at += *at == '\n' ? 1 : 0;
	}
	lines.items = arena_array(arena, count, sizeof *lines.items);
	for (const char *at = text; *at != '\0';) {
		const char *end = strchrnul(at, '\n');

		lines.items[lines.count++] = (struct str){ at, (size_t)(end - at) };
		at = *end == '\n' ? end + 1 : end;
	}
	return lines;
}

static bool is_same(struct str a, struct str b)
{
	return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

static void add(struct edits *edits, char sign, struct str line)
{
	edits->items[edits->count++] = (struct edit){ sign, line, edits->before, edits->after };
	edits->before += sign != '+' ? 1 : 0;
	edits->after += sign != '-' ? 1 : 0;
}

/* The parts that differ; rows of the table count what two tails have in common. */
static void compare(struct arena *arena, const struct str *a, size_t a_count, const struct str *b, size_t b_count,
                    struct edits *edits)
{
	size_t width = b_count + 1;
	uint32_t *common;
	size_t i = 0, k = 0;

	if (a_count > 0 && b_count > MOST_PAIRS / a_count) {
		for (; i < a_count; i++)
			add(edits, '-', a[i]);
		for (; k < b_count; k++)
			add(edits, '+', b[k]);
		return;
	}
	common = arena_array(arena, (a_count + 1) * width, sizeof *common);
	for (size_t row = a_count; row-- > 0;) {
		for (size_t column = b_count; column-- > 0;) {
			uint32_t below = common[(row + 1) * width + column], right = common[row * width + column + 1];

			if (is_same(a[row], b[column]))
				common[row * width + column] = common[(row + 1) * width + column + 1] + 1;
			else
				common[row * width + column] = below > right ? below : right;
		}
	}
	while (i < a_count || k < b_count) {
		if (i < a_count && k < b_count && is_same(a[i], b[k])) {
			add(edits, ' ', a[i++]);
			k++;
		} else if (k == b_count || (i < a_count && common[(i + 1) * width + k] >= common[i * width + k + 1])) {
			add(edits, '-', a[i++]);
		} else {
			add(edits, '+', b[k++]);
		}
	}
}

static void write_line(struct buffer *out, const char *indent, char sign, struct str line)
{
	buffer_text(out, indent);
	buffer_byte(out, sign);
	terminal_escape(out, line.data, line.len);
	buffer_byte(out, '\n');
}

/* Is there a change within CONTEXT lines of edit i? */
static bool is_shown(const struct edits *edits, size_t i)
{
	size_t from = i < CONTEXT ? 0 : i - CONTEXT;

	for (size_t at = from; at < edits->count && at <= i + CONTEXT; at++) {
		if (edits->items[at].sign != ' ')
			return true;
	}
	return false;
}

static void write_hunk(struct buffer *out, const struct edits *edits, size_t from, size_t to, const char *indent)
{
	size_t lines[2] = { 0, 0 };

	for (size_t i = from; i < to; i++) {
		lines[0] += edits->items[i].sign != '+' ? 1 : 0;
		lines[1] += edits->items[i].sign != '-' ? 1 : 0;
	}
	/* a side without lines is named by the line before it */
	buffer_format(out, "%s@@ -%zu,%zu +%zu,%zu @@\n", indent, edits->items[from].before + (lines[0] > 0 ? 1 : 0),
	              lines[0], edits->items[from].after + (lines[1] > 0 ? 1 : 0), lines[1]);
	for (size_t i = from; i < to; i++)
		write_line(out, indent, edits->items[i].sign, edits->items[i].line);
}

void plan_diff(struct arena *arena, const char *before, const char *after, const char *indent, struct buffer *out)
{
	struct arena_mark mark = arena_mark(arena);
	struct lines a = split(arena, before), b = split(arena, after);
	size_t least = a.count < b.count ? a.count : b.count;
	struct edits edits = { 0 };
	size_t head = 0, tail = 0;

	edits.items = arena_array(arena, a.count + b.count, sizeof *edits.items);
	while (head < least && is_same(a.items[head], b.items[head]))
		head++;
	while (tail < least - head && is_same(a.items[a.count - 1 - tail], b.items[b.count - 1 - tail]))
		tail++;
	for (size_t i = 0; i < head; i++)
		add(&edits, ' ', a.items[i]);
	compare(arena, a.items + head, a.count - head - tail, b.items + head, b.count - head - tail, &edits);
	for (size_t i = a.count - tail; i < a.count; i++)
		add(&edits, ' ', a.items[i]);
	for (size_t from = 0; from < edits.count;) {
		size_t to = from;

		while (to < edits.count && is_shown(&edits, to))
			to++;
		if (to > from)
			write_hunk(out, &edits, from, to, indent);
		from = to + 1;
	}
	arena_rewind(arena, mark);
}
