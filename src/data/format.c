/* Documents of a stream, one by one: laid out, written anew, and compared with what they were. */
#include "fops/data/format.h"

#include "events.h"
#include "fops/base/arena.h"
#include "fops/base/buffer.h"
#include "fops/data/document.h"
#include "layout.h"

#define SCRATCH_BYTES ((size_t)4 << 30)
/* Canonical form may be longer than its source: brackets become lines. */
#define OUTPUT_BYTES ((size_t)256 * 1024 * 1024)

/* Where each document begins. */
struct starts {
	size_t *items;
	size_t count, size;
};

struct formatting {
	struct arena *arena;   /* what is given back */
	struct arena *scratch; /* one document at a time */
	const struct format_rules *rules;
	struct str text;
	struct buffer out;
	struct formatted result;
	size_t note_size;
	size_t line, line_at; /* the line of an offset that was asked for: notes come in order */
};

static bool note_start(void *user, const struct event *event)
{
	struct starts *starts = user;

	if (event->kind != EVENT_DOCUMENT)
		return true;
	if (starts->count == starts->size) {
		size_t size = starts->size == 0 ? 64 : starts->size * 2;
		size_t *items = reallocarray(starts->items, size, sizeof *items);

		if (items == NULL)
			out_of_memory();
		starts->items = items;
		starts->size = size;
	}
	/* what stands above the first document is its own */
	starts->items[starts->count] = starts->count == 0 ? 0 : event->start;
	starts->count++;
	return true;
}

static void add_note(struct formatting *formatting, size_t at, const char *reason)
{
	struct formatted *result = &formatting->result;

	if (result->note_count == formatting->note_size) {
		size_t size = formatting->note_size == 0 ? 8 : formatting->note_size * 2;
		struct format_note *notes = arena_array(formatting->arena, size, sizeof *notes);

		if (result->note_count > 0)
			memcpy(notes, result->notes, result->note_count * sizeof *notes);
		result->notes = notes;
		formatting->note_size = size;
	}
	for (; formatting->line_at < at; formatting->line_at++)
		formatting->line += formatting->text.data[formatting->line_at] == '\n' ? 1 : 0;
	result->notes[result->note_count++] = (struct format_note){ formatting->line, reason };
}

static bool is_same(const struct value *a, const struct value *b);

/* Members mostly keep their neighbours: each is looked for behind the one before. */
static bool has_same_entries(const struct value *a, const struct value *b)
{
	size_t count = a->list.count;
	size_t at = 0;

	for (size_t i = 0; i < count && a->kind == VALUE_ARRAY; i++) {
		if (!is_same(&a->list.items[i], &b->list.items[i]))
			return false;
	}
	for (size_t i = 0; i < count && a->kind == VALUE_OBJECT; i++) {
		size_t tries = 0;

		while (tries < count && strcmp(a->list.members[i].name, b->list.members[at].name) != 0) {
			at = at + 1 < count ? at + 1 : 0;
			tries++;
		}
		if (tries == count || !is_same(&a->list.members[i].value, &b->list.members[at].value))
			return false;
	}
	return true;
}

/* Everything equal but positions and the order of members. */
static bool is_same(const struct value *a, const struct value *b)
{
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case VALUE_NULL:
		return true;
	case VALUE_BOOL:
		return a->boolean == b->boolean;
	case VALUE_INT:
		return a->integer == b->integer;
	case VALUE_REAL:
		return !(a->real < b->real) && !(a->real > b->real);
	case VALUE_TEXT:
		return a->text.len == b->text.len && memcmp(a->text.data, b->text.data, a->text.len) == 0;
	case VALUE_ARRAY:
	case VALUE_OBJECT:
		break;
	}
	return a->list.count == b->list.count && has_same_entries(a, b);
}

/* The one document of a text. */
struct reading {
	struct arena *arena;
	const struct value *value;
	size_t count;
};

static bool keep_value(void *user, struct value *document, struct error *err)
{
	struct reading *reading = user;

	(void)err;
	reading->value = value_copy(reading->arena, document);
	reading->count++;
	return true;
}

static const struct value *read_value(struct formatting *formatting, struct str text)
{
	CLEANUP(arena_cleanup) struct arena *parsing = arena_new(SCRATCH_BYTES);
	struct findings findings = { .arena = formatting->scratch, .limit = 1 };
	struct reading reading = { .arena = formatting->scratch };
	struct error err;

	if (!yaml_parse(parsing, "", text.data, text.len, NULL, &findings, keep_value, &reading, &err) ||
	    findings.count > 0 || reading.count != 1)
		return NULL;
	return reading.value;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool has_same_comments(struct layout *a, struct layout *b)
{
	if (a->comment_count != b->comment_count)
		return false;
	if (a->comment_count == 0)
		return true;
	qsort(a->comments, a->comment_count, sizeof *a->comments, by_text);
	qsort(b->comments, b->comment_count, sizeof *b->comments, by_text);
	for (size_t i = 0; i < a->comment_count; i++) {
		if (strcmp(a->comments[i], b->comments[i]) != 0)
			return false;
	}
	return true;
}

/* The new text says the same, with the same comments, and would not change again; the reason when not. */
static const char *compare(struct formatting *formatting, struct str before, struct layout *layout,
                           const struct field *fields, const struct buffer *after)
{
	const struct value *old = read_value(formatting, before);
	const struct value *new = read_value(formatting, (struct str){ buffer_string(after), after->len });
	struct buffer again = BUFFER(OUTPUT_BYTES);
	struct layout second;
	const char *wrong = NULL;

	if (old == NULL || new == NULL || !is_same(old, new))
		return "its canonical form would not mean the same";
	if (!layout_read(formatting->scratch, buffer_string(after), after->len, &second) || second.odd != NULL)
		return "its canonical form cannot be read again";
	layout_attach_comments(&second);
	if (!has_same_comments(layout, &second))
		wrong = "a comment would be lost";
	layout_print(&second, fields, &again);
	if (wrong == NULL && (again.len != after->len || memcmp(again.data, after->data, again.len) != 0))
		wrong = "its comments have no steady place";
	buffer_done(&again);
	return wrong;
}

static const char *text_member(const struct layout *layout, const char *name)
{
	for (size_t i = 0; i < layout->root->count; i++) {
		const struct layout_entry *entry = layout->root->entries[i];

		if (text_equal(entry->name->text, name))
			return entry->value->kind == NODE_SCALAR ? entry->value->text : NULL;
	}
	return NULL;
}

/* The table of the document's spec; NULL when it is not ours, with the reason in odd. */
static const struct field *spec_of(const struct format_rules *rules, struct layout *layout)
{
	const char *kind;

	if (layout->root->kind != NODE_OBJECT || !text_equal(text_member(layout, "apiVersion"), rules->api_version)) {
		layout->odd = "it is of another apiVersion";
		return NULL;
	}
	kind = text_member(layout, "kind");
	for (size_t i = 0; i < rules->kind_count; i++) {
		if (text_equal(kind, rules->kinds[i].name))
			return rules->kinds[i].fields;
	}
	layout->odd = "its kind is not known";
	return NULL;
}

/* One document into a buffer; the reason when it stays as it is. */
static const char *write_document(struct formatting *formatting, struct str text, struct buffer *out)
{
	struct layout layout;
	const struct field *spec;

	if (!layout_read(formatting->scratch, text.data, text.len, &layout))
		return "it cannot be read alone";
	if (layout.odd == NULL)
		layout_attach_comments(&layout);
	spec = layout.odd == NULL ? spec_of(formatting->rules, &layout) : NULL;
	if (layout.odd != NULL)
		return layout.odd;
	const struct field fields[] = {
		{ .name = "apiVersion" }, { .name = "kind" }, { .name = "spec", .fields = spec }, { 0 }
	};

	layout_print(&layout, fields, out);
	if (layout.odd != NULL)
		return layout.odd;
	if (out->overflow)
		return "it is too large";
	return compare(formatting, text, &layout, fields, out);
}

static bool is_empty_document(struct formatting *formatting, struct str text)
{
	const struct value *value = read_value(formatting, text);

	return value != NULL && value->kind == VALUE_NULL;
}

static void format_document(struct formatting *formatting, size_t start, size_t end)
{
	struct arena_mark mark = arena_mark(formatting->scratch);
	struct str text = { formatting->text.data + start, end - start };
	struct buffer document = BUFFER(OUTPUT_BYTES);
	const char *reason = write_document(formatting, text, &document);

	formatting->result.documents++;
	if (reason == NULL) {
		struct layout place = { .data = text.data, .len = text.len };

		/* an empty line before the next document stays */
		if (end < formatting->text.len && !text_ends(document.data, "\n\n") &&
		    layout_blank_above(&place, text.len))
			buffer_byte(&document, '\n');
		buffer_append(&formatting->out, buffer_string(&document), document.len);
	} else {
		buffer_append(&formatting->out, text.data, text.len);
		if (!is_empty_document(formatting, text))
			add_note(formatting, start, reason);
	}
	buffer_done(&document);
	arena_rewind(formatting->scratch, mark);
}

static bool pass_over(void *user, struct value *document, struct error *err)
{
	(void)user;
	(void)document;
	(void)err;
	return true;
}

bool format_yaml(struct arena *arena, const char *name, struct str text, const struct format_rules *rules,
                 struct findings *findings, struct formatted *ret_formatted)
{
	CLEANUP(arena_cleanup) struct arena *scratch = arena_new(SCRATCH_BYTES);
	struct formatting formatting = { .arena = arena, .scratch = scratch, .rules = rules, .text = text, .line = 1 };
	size_t before = findings->count + findings->dropped;
	struct starts starts = { 0 };
	struct error err;

	*ret_formatted = (struct formatted){ .text = text };
	if (!yaml_parse(scratch, name, text.data, text.len, NULL, findings, pass_over, NULL, &err) ||
	    findings->count + findings->dropped > before)
		return false;
	formatting.out = BUFFER(OUTPUT_BYTES);
	formatting.result.text = text;
	if (events_walk(text.data, text.len, note_start, &starts)) {
		for (size_t i = 0; i < starts.count; i++)
			format_document(&formatting, starts.items[i],
			                i + 1 < starts.count ? starts.items[i + 1] : text.len);
	}
	if (formatting.out.len > 0 && !formatting.out.overflow)
		formatting.result.text =
		        (struct str){ arena_text(arena, formatting.out.data, formatting.out.len), formatting.out.len };
	buffer_done(&formatting.out);
	free(starts.items);
	*ret_formatted = formatting.result;
	return true;
}
