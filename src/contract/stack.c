/* Stack: its fields, and the rules inside one stack. */
#include "fops/contract/stack.h"

#include "check.h"
#include "fops/base/arena.h"
#include "pattern.h"

#define LONGEST_TENANT 150

#define MOST_BOUND     256
#define MOST_METRICS   32

static const struct field metric_fields[] = {
	{ "name", SLOT(struct stack_metric, name), FIELD_REQUIRED | FIELD_IDENTIFIER,
	  .text = "the measurement's own name, once in a stack", .example = "storage-used" },
	{ "endpoint", SLOT(struct stack_metric, endpoint), FIELD_REQUIRED | FIELD_IDENTIFIER,
	  .text = "id of an Endpoint of plane prometheus or mimir", .example = "prometheus" },
	{ "query", SLOT(struct stack_metric, query), FIELD_REQUIRED | FIELD_NOT_EMPTY,
	  .text = "an instant query in PromQL; its worst sample is judged",
	  .example = "100 * (1 - node_filesystem_avail_bytes / node_filesystem_size_bytes)" },
	{ "tenant", SLOT(struct stack_metric, tenant), FIELD_NOT_EMPTY, .pattern = PATTERN_TENANT,
	  .text = "the tenant that is asked for, sent as X-Scope-OrgID", .example = "platform" },
	{ "unit", SLOT(struct stack_metric, unit), FIELD_NOT_EMPTY, .text = "what the number counts, for people",
	  .example = "percent" },
	{ "direction", SLOT(struct stack_metric, direction), .choices = "above|below", .preset = "above",
	  .text = "on which side of the thresholds is bad" },
	{ "warn", SLOT(struct stack_metric, warn), FIELD_NUMBER, .text = "a number: degraded from here on",
	  .example = "80" },
	{ "fail", SLOT(struct stack_metric, fail), FIELD_NUMBER, .text = "a number: down from here on",
	  .example = "95" },
	{ 0 },
};

const struct field stack_fields[] = {
	{ "name", SLOT(struct stack, name), FIELD_REQUIRED | FIELD_IDENTIFIER | FIELD_UNIQUE,
	  .pattern = PATTERN_IDENTITY, .text = "a row of the stack catalogue, or a new one", .example = "langboard" },
	{ "primaryOperation", SLOT(struct stack, primary_operation), FIELD_NOT_EMPTY, .pattern = PATTERN_OPERATION,
	  .text = "the operation that the stack is for; of a catalogue row left out, or the same",
	  .example = "bootstrap_clickhouse" },
	{ "ownershipClass", SLOT(struct stack, ownership_class), FIELD_NOT_EMPTY,
	  .text = "what it is to the organization, in words; of a catalogue row left out, or the same",
	  .example = "GitOps substrate" },
	{ "ownership", SLOT(struct stack, ownership), .choices = STACK_OWNERSHIPS,
	  .text = "whether it can have operations; of a catalogue row left out, or the same" },
	{ "owner", SLOT(struct stack, owner), FIELD_NOT_EMPTY, .text = "the team that answers for it",
	  .example = "platform" },
	{ "text", SLOT(struct stack, text), FIELD_NOT_EMPTY, .text = "what it is, in one sentence",
	  .example = "project boards" },
	{ "endpoints", SLOT(struct stack, endpoints), FIELD_IDENTIFIER | FIELD_DISTINCT, .most = MOST_BOUND,
	  .text = "ids of the Endpoints bound to it, at most 256", .example = "langboard-executor" },
	{ "assets", SLOT(struct stack, assets), FIELD_IDENTIFIER | FIELD_DISTINCT, .most = MOST_BOUND,
	  .text = "ids of the RuntimeAssets bound to it, at most 256", .example = "langboard-01" },
	{ "dependsOn", SLOT(struct stack, depends_on), FIELD_IDENTIFIER | FIELD_DISTINCT, .most = MOST_BOUND,
	  .text = "names of the stacks that it needs, at most 256 and never in a circle",
	  .example = "openbao-secret-delivery" },
	{ "metrics", SLOT(struct stack, metrics), .fields = metric_fields, .record_size = sizeof(struct stack_metric),
	  .most = MOST_METRICS, .text = "measurements that are judged with it, at most 32" },
	{ 0 },
};

static void check_number(const struct rule_scope *scope, struct arena *arena, size_t index, const char *name,
                         const struct value *value)
{
	if (value != NULL && value->kind != VALUE_INT && value->kind != VALUE_REAL)
		rule_break(scope, RULE_FORM, arena_format(arena, "metrics[%zu].%s", index, name),
		           "write a number without quotation marks", "expected a number, found %s",
		           value_kind_name(value->kind));
}

static bool number_of(const struct value *value, double *ret_number)
{
	if (value == NULL || (value->kind != VALUE_INT && value->kind != VALUE_REAL))
		return false;
	*ret_number = value->kind == VALUE_INT ? (double)value->integer : value->real;
	return true;
}

/* What is down is degraded as well. */
static void check_order(const struct rule_scope *scope, struct arena *arena, size_t index,
                        const struct stack_metric *metric)
{
	bool below = text_equal(metric->direction, "below");
	double warn, worst;

	if (!number_of(metric->warn, &warn) || !number_of(metric->fail, &worst))
		return;
	if (below ? warn < worst : warn > worst)
		rule_break(scope, RULE_FORM, arena_format(arena, "metrics[%zu].warn", index),
		           "let warn come before fail, or change direction", "warn lies behind fail in direction %s",
		           metric->direction);
}

bool tenant_is_valid(const char *tenant)
{
	size_t len = strlen(tenant);
	size_t at = 0;

	while (at <= len) {
		size_t part = strcspn(tenant + at, "|");
		char name[LONGEST_TENANT + 1];

		if (part == 0 || part > LONGEST_TENANT)
			return false;
		memcpy(name, tenant + at, part);
		name[part] = '\0';
		if (strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!-_.*'()") != part)
			return false;
		if (text_in_choices(".|..|__mimir_cluster", name))
			return false;
		at += part + 1;
	}
	return true;
}

static void check_metric(const struct rule_scope *scope, struct arena *arena, const struct stack *stack, size_t index)
{
	const struct stack_metric *metrics = stack->metrics.items;
	const struct stack_metric *metric = &metrics[index];

	for (size_t i = 0; i < index; i++) {
		if (metric->name == NULL || !text_equal(metric->name, metrics[i].name))
			continue;
		rule_break(scope, RULE_FORM, arena_format(arena, "metrics[%zu].name", index),
		           "give one of the two another name", "the metric %s is already there", metric->name);
		break;
	}
	if (metric->tenant != NULL && metric->tenant[0] != '\0' && !tenant_is_valid(metric->tenant))
		rule_break(scope, RULE_FORM, arena_format(arena, "metrics[%zu].tenant", index),
		           "use letters, digits and ! - _ . * ' ( ); | between several", "not the name of a tenant");
	check_number(scope, arena, index, "warn", metric->warn);
	check_number(scope, arena, index, "fail", metric->fail);
	check_order(scope, arena, index, metric);
}

static void check_most(const struct rule_scope *scope, const char *path, size_t count, size_t most)
{
	if (count > most)
		rule_break(scope, RULE_FORM, path, arena_format(scope->findings->arena, "keep at most %zu", most),
		           "%zu entries are too many", count);
}

/* A word of a catalogue row that the document says otherwise. */
static void check_same(const struct rule_scope *scope, const char *path, const char *given, const char *known)
{
	if (given != NULL && strcmp(given, known) != 0)
		rule_break(scope, RULE_FORM, path,
		           arena_format(scope->findings->arena, "remove %s, or write %s", path, known),
		           "the stack catalogue says otherwise: %s", known);
}

static void check_given(const struct rule_scope *scope, const char *path, const char *given)
{
	if (given == NULL && value_member(scope->spec, path) == NULL)
		rule_break(scope, RULE_FORM, path, arena_format(scope->findings->arena, "add %s", path),
		           "a stack that is not in the catalogue needs %s", path);
}

static void check_row(const struct rule_scope *scope, const struct stack *stack)
{
	const struct catalogue_stack *row;

	if (stack->name == NULL)
		return;
	row = catalogue_stack_find(stack->name);
	if (row == NULL) {
		check_given(scope, "primaryOperation", stack->primary_operation);
		check_given(scope, "ownershipClass", stack->ownership_class);
		check_given(scope, "ownership", stack->ownership);
		return;
	}
	check_same(scope, "primaryOperation", stack->primary_operation, row->primary_operation);
	check_same(scope, "ownershipClass", stack->ownership_class, row->ownership_class);
	check_same(scope, "ownership", stack->ownership, stack_ownership_name(row->ownership));
}

static bool is_operation(const char *text)
{
	size_t len = strlen(text);

	return len <= 128 && text[0] >= 'a' && text[0] <= 'z' &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_") == len;
}

void stack_check(struct arena *arena, const char *file, const struct value *spec, const void *record,
                 struct findings *findings)
{
	const struct stack *stack = record;
	struct rule_scope scope = { file, spec, findings };

	identity_check(&scope, "name", stack->name);
	if (stack->primary_operation != NULL && stack->primary_operation[0] != '\0' &&
	    !is_operation(stack->primary_operation))
		rule_break(&scope, RULE_FORM, "primaryOperation",
		           "use lower-case letters, digits and underscores, a letter first",
		           "not the name of an operation");
	check_row(&scope, stack);
	check_most(&scope, "endpoints", stack->endpoints.count, MOST_BOUND);
	check_most(&scope, "assets", stack->assets.count, MOST_BOUND);
	check_most(&scope, "dependsOn", stack->depends_on.count, MOST_BOUND);
	check_most(&scope, "metrics", stack->metrics.count, MOST_METRICS);
	for (size_t i = 0; i < stack->metrics.count && i < MOST_METRICS; i++)
		check_metric(&scope, arena, stack, i);
}
