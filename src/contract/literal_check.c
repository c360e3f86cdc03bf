/* Rules that hold in every place of every document: no secret among its texts (R02), no scheduler state (R13). */
#include "check.h"
#include "fops/base/arena.h"
#include "fops/contract/literal.h"

#define LONGEST_WORD 32

/* A value on the way down from spec. */
struct place {
	const struct place *parent; /* NULL for spec itself */
	const char *name;           /* of a member, NULL for an entry of a list */
	size_t index;
	const struct value *value;
};

/* Every place that has a text. */
struct walk {
	const struct rule_scope *scope;
	size_t before; /* findings that others had when the document began */
};

static const char *path_of(struct arena *arena, const struct place *place)
{
	const char *parent;

	if (place->parent == NULL)
		return "";
	parent = path_of(arena, place->parent);
	if (place->name == NULL)
		return arena_format(arena, "%s[%zu]", parent, place->index);
	return arena_format(arena, "%s%s%s", parent, parent[0] == '\0' ? "" : ".", place->name);
}

/* What is wrong with the value was said better. */
static bool is_refused_already(const struct walk *walk, const struct value *value)
{
	const struct findings *findings = walk->scope->findings;

	for (size_t i = walk->before; i < findings->count; i++) {
		if (findings->items[i].line == value->line && findings->items[i].column == value->column)
			return true;
	}
	return false;
}

static void refuse(const struct walk *walk, const struct place *place, const char *what, const char *sort)
{
	const struct rule_scope *scope = walk->scope;
	struct findings *findings = scope->findings;
	const struct rule_row *row = &rule_rows[RULE_R02];
	const char *path;

	if (is_refused_already(walk, place->value))
		return;
	path = path_of(findings->arena, place);
	findings_add(findings, scope->file, place->value->line, place->value->column,
	             arena_format(findings->arena, "spec%s%s", path[0] == '\0' ? "" : ".", path), row->fix,
	             "%s looks like %s (%s: %s)", what, sort, row->id, row->text);
	rule_mark(findings, RULE_R02);
}

/* A name that is a secret is not part of the path: the finding stands at the object that has it. */
static void check_name(const struct walk *walk, const struct place *place, const char *name)
{
	const char *sort = literal_secret(name);

	if (sort != NULL)
		refuse(walk, place, "the name of a member", sort);
}

static void visit(const struct walk *walk, const struct place *place)
{
	const struct value *value = place->value;
	const char *sort;

	if (value->kind == VALUE_TEXT) {
		sort = literal_secret(value->text.data);
		if (sort != NULL)
			refuse(walk, place, "the value", sort);
	}
	if (value->kind != VALUE_ARRAY && value->kind != VALUE_OBJECT)
		return;
	for (size_t i = 0; i < value->list.count; i++) {
		struct place inner = { place, NULL, i, NULL };

		if (value->kind == VALUE_ARRAY) {
			inner.value = &value->list.items[i];
		} else {
			inner.name = value->list.members[i].name;
			inner.value = &value->list.members[i].value;
			check_name(walk, place, inner.name);
		}
		visit(walk, &inner);
	}
}

/* Letters and digits in lower case without a plural's s: "Next_Runs" is "nextrun". */
static void plain_word(const char *name, size_t len, char ret_word[LONGEST_WORD])
{
	size_t at = 0;

	for (size_t i = 0; i < len && at < LONGEST_WORD - 1; i++) {
		if (name[i] >= 'A' && name[i] <= 'Z')
			ret_word[at++] = (char)(name[i] - 'A' + 'a');
		else if (name[i] != '\0' && strchr(letters_digits, name[i]) != NULL)
			ret_word[at++] = name[i];
	}
	if (at > 1 && ret_word[at - 1] == 's')
		at--;
	ret_word[at] = '\0';
}

static bool is_scheduler_field(const char *name, size_t len)
{
	char word[LONGEST_WORD];

	plain_word(name, len, word);
	return text_in_choices(
	        "schedule|scheduler|scheduling|cron|crontab|retry|retrie|retrypolicy|retrycount|maxretrie|"
	        "maxretry|backoff|queue|queued|queueing|nextrun|nextrunat|lastrun|lastrunat|runat|timer|"
	        "attempt|attemptcount|maxattempt|heartbeat|dueat|taskqueue|jobqueue",
	        word);
}

/* A queue or timer may well be what a machine is for; a point in time or a count of tries is not. */
static bool is_scheduler_label(const char *name)
{
	const char *slash = strrchr(name, '/');
	char word[LONGEST_WORD];

	name = slash == NULL ? name : slash + 1;
	plain_word(name, strlen(name), word);
	return text_in_choices("schedule|cron|crontab|retrie|retrycount|nextrun|nextrunat|lastrun|lastrunat|attempt|"
	                       "attemptcount",
	                       word);
}

/* The last part of a path, "spec.metrics[0].next-run", ends where the path ends. */
static bool names_scheduler(const char *path)
{
	const char *dot = path == NULL ? NULL : strrchr(path, '.');

	return dot != NULL && is_scheduler_field(dot + 1, strlen(dot + 1));
}

/* decode() has refused the fields already, because no kind has them: what they break is more than the form. */
static void mark_fields(const struct walk *walk)
{
	struct findings *findings = walk->scope->findings;
	const struct rule_row *row = &rule_rows[RULE_R13];

	for (size_t i = walk->before; i < findings->count; i++) {
		struct finding *finding = &findings->items[i];

		if (finding->rule != NULL || !text_starts(finding->message, "unknown field ") ||
		    !names_scheduler(finding->path))
			continue;
		finding->message = arena_format(findings->arena, "%s (%s: %s)", finding->message, row->id, row->text);
		finding->fix = row->fix;
		finding->rule = row->id;
	}
}

static void check_labels(const struct rule_scope *scope)
{
	const struct value *labels = value_member(scope->spec, "labels");

	if (labels == NULL || labels->kind != VALUE_OBJECT)
		return;
	for (size_t i = 0; i < labels->list.count; i++) {
		const char *name = labels->list.members[i].name;

		if (is_scheduler_label(name))
			rule_break(scope, RULE_R13, arena_format(scope->findings->arena, "labels.%s", name),
			           rule_rows[RULE_R13].fix, "the label is scheduler state");
	}
}

void literals_check(const struct rule_scope *scope, size_t before)
{
	struct walk walk = { scope, before };

	mark_fields(&walk);
	check_labels(scope);
	visit(&walk, &(struct place){ NULL, NULL, 0, scope->spec });
}
