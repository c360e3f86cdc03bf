/* Which lines to keep: the shortest edit by Myers' greedy algorithm (1986), then hunks with context. */
#include "fops/data/line_diff.h"

#include "fops/base/arena.h"

#define CONTEXT       3
#define MOST_EDITS    2000
#define SCRATCH_BYTES ((size_t)4 << 30)

struct lines {
	struct str *items;
	bool *changed; /* removed from the old text, added to the new one */
	size_t count;
};

/* The part of both texts that differs, as diagonals need it. */
struct middle {
	const struct str *before, *after;
	int before_count, after_count;
};

static struct lines split_lines(struct arena *arena, struct str text)
{
	struct lines lines = { 0 };
	size_t at = 0;

	for (size_t i = 0; i < text.len; i++)
		lines.count += text.data[i] == '\n' ? 1 : 0;
	lines.count += text.len > 0 && text.data[text.len - 1] != '\n' ? 1 : 0;
	lines.items = arena_array(arena, lines.count + 1, sizeof *lines.items);
	lines.changed = arena_array(arena, lines.count + 1, sizeof *lines.changed);
	for (size_t i = 0; i < lines.count; i++) {
		const char *end = memchr(text.data + at, '\n', text.len - at);
		size_t len = end == NULL ? text.len - at : (size_t)(end - text.data) - at + 1;

		lines.items[i] = (struct str){ text.data + at, len };
		at += len;
	}
	return lines;
}

static bool is_equal(struct str a, struct str b)
{
	return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

/* The farthest point of one diagonal with one edit more; reach is indexed by diagonal + edits + 1. */
static int reach_of(const struct middle *middle, const int *last, int edits, int diagonal)
{
	bool down = diagonal == -edits || (diagonal != edits && last[diagonal - 1] < last[diagonal + 1]);
	int x = down ? last[diagonal + 1] : last[diagonal - 1] + 1;
	int y = x - diagonal;

	while (x < middle->before_count && y < middle->after_count && is_equal(middle->before[x], middle->after[y])) {
		x++;
		y++;
	}
	return x;
}

/* Walk back from the end and mark what was removed and added. */
static void mark_path(const struct middle *middle, int *const *rounds, int edits, bool *removed, bool *added)
{
	int x = middle->before_count;
	int y = middle->after_count;

	for (int round = edits; round > 0; round--) {
		const int *last = rounds[round - 1];
		int diagonal = x - y;
		bool down = diagonal == -round || (diagonal != round && last[diagonal - 1] < last[diagonal + 1]);
		int from = down ? diagonal + 1 : diagonal - 1;

		x = last[from];
		y = x - from;
		if (down)
			added[y] = true;
		else
			removed[x] = true;
	}
}

static bool find_path(struct arena *arena, const struct middle *middle, bool *removed, bool *added)
{
	int **rounds = arena_array(arena, MOST_EDITS + 1, sizeof(int *));
	int goal = middle->before_count - middle->after_count;

	for (int edits = 0; edits <= MOST_EDITS; edits++) {
		int *reach = arena_array(arena, (size_t)edits * 2 + 3, sizeof *reach);

		/* the middle of the array is diagonal 0, with one unused cell at each end */
		reach += edits + 1;
		rounds[edits] = reach;
		for (int diagonal = -edits; diagonal <= edits; diagonal += 2) {
			if (edits == 0)
				reach[0] = reach_of(middle, (const int[]){ -1, 0, 0 } + 1, 0, 0);
			else
				reach[diagonal] = reach_of(middle, rounds[edits - 1], edits, diagonal);
			if (diagonal == goal && reach[diagonal] >= middle->before_count) {
				mark_path(middle, rounds, edits, removed, added);
				return true;
			}
		}
		reach[-edits - 1] = reach[edits + 1] = -1;
	}
	return false;
}

static void mark_changes(struct arena *arena, struct lines *before, struct lines *after)
{
	size_t first = 0;
	size_t last = 0;
	size_t less = before->count < after->count ? before->count : after->count;
	struct middle middle;

	while (first < less && is_equal(before->items[first], after->items[first]))
		first++;
	while (last < less - first &&
	       is_equal(before->items[before->count - 1 - last], after->items[after->count - 1 - last]))
		last++;
	middle = (struct middle){ before->items + first, after->items + first, (int)(before->count - first - last),
		                  (int)(after->count - first - last) };
	if (find_path(arena, &middle, before->changed + first, after->changed + first))
		return;
	memset(before->changed + first, true, before->count - first - last);
	memset(after->changed + first, true, after->count - first - last);
}

static void put_line(struct buffer *out, char sign, struct str line)
{
	buffer_byte(out, sign);
	buffer_append(out, line.data, line.len);
	if (line.len == 0 || line.data[line.len - 1] != '\n')
		buffer_text(out, "\n\\ No newline at end of file\n");
}

/* A place in both texts. */
struct place {
	size_t old, new;
};

static bool is_change(const struct lines *before, const struct lines *after, struct place at)
{
	return (at.old < before->count && before->changed[at.old]) || (at.new < after->count && after->changed[at.new]);
}

/* Where the hunk that begins at a change ends: behind its last change that the next one is not near to. */
static struct place end_of_hunk(const struct lines *before, const struct lines *after, struct place at)
{
	struct place end = at;
	size_t kept = 0;

	while ((at.old < before->count || at.new < after->count) && kept <= 2 * (size_t)CONTEXT) {
		if (is_change(before, after, at)) {
			while (at.old < before->count && before->changed[at.old])
				at.old++;
			while (at.new < after->count && after->changed[at.new])
				at.new ++;
			end = at;
			kept = 0;
		} else {
			at.old++;
			at.new ++;
			kept++;
		}
	}
	return end;
}

static void put_range(struct buffer *out, char sign, size_t start, size_t count)
{
	buffer_format(out, "%c%zu", sign, count == 0 ? start : start + 1);
	if (count != 1)
		buffer_format(out, ",%zu", count);
}

static struct place put_hunk(struct buffer *out, const struct lines *before, const struct lines *after, struct place at)
{
	struct place end = end_of_hunk(before, after, at);
	size_t above = at.old < CONTEXT ? at.old : CONTEXT;
	size_t below = before->count - end.old < CONTEXT ? before->count - end.old : CONTEXT;

	at.old -= above;
	at.new -= above;
	end.old += below;
	end.new += below;
	buffer_text(out, "@@ ");
	put_range(out, '-', at.old, end.old - at.old);
	buffer_byte(out, ' ');
	put_range(out, '+', at.new, end.new - at.new);
	buffer_text(out, " @@\n");
	while (at.old < end.old || at.new < end.new) {
		if (at.old < end.old && before->changed[at.old]) {
			put_line(out, '-', before->items[at.old++]);
		} else if (at.new < end.new && after->changed[at.new]) {
			put_line(out, '+', after->items[at.new ++]);
		} else {
			put_line(out, ' ', before->items[at.old++]);
			at.new ++;
		}
	}
	return end;
}

void line_diff(struct buffer *out, const char *old_name, const char *new_name, struct str before, struct str after)
{
	CLEANUP(arena_cleanup) struct arena *scratch = arena_new(SCRATCH_BYTES);
	struct lines old = split_lines(scratch, before);
	struct lines new = split_lines(scratch, after);
	struct place at = { 0, 0 };

	if (is_equal(before, after))
		return;
	mark_changes(scratch, &old, &new);
	buffer_format(out, "--- %s\n+++ %s\n", old_name, new_name);
	while (at.old < old.count || at.new < new.count) {
		if (is_change(&old, &new, at)) {
			at = put_hunk(out, &old, &new, at);
		} else {
			at.old++;
			at.new ++;
		}
	}
}
