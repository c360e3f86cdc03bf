/* Goes through the targets that were chosen; what is deleted is planned last. */
#include "fops/flow/env_plan.h"

#include "env_target.h"
#include "fops/base/arena.h"
#include "fops/contract/secret_ref.h"

#define STATE_BYTES ((size_t)32 * 1024 * 1024)

struct text_list env_target_secrets(struct arena *arena, const struct env_values *values)
{
	struct text_list secrets = { 0 };

	for (size_t i = 0; i < values->count; i++) {
		const char *reference = values->items[i].secret_ref;
		const char *value;
		struct error ignored;

		if (reference != NULL && secret_ref_read(arena, reference, &value, &ignored))
			text_list_add(arena, &secrets, value);
	}
	return secrets;
}

const struct value *env_target_state(struct arena *arena, struct buffer *text)
{
	struct value *state = arena_alloc(arena, sizeof *state);
	struct error ignored;

	/* what was just emitted reads back; only a text over the limits does not, and is told apart by this word */
	if (text->overflow || !json_parse(arena, "state", buffer_string(text), text->len, NULL, state, &ignored))
		*state = (struct value){ .kind = VALUE_TEXT, .text = { "(too large)", 11 } };
	buffer_clear(text);
	return state;
}

bool env_target_same(const struct value *a, const struct value *b)
{
	struct buffer one = BUFFER(STATE_BYTES), two = BUFFER(STATE_BYTES);
	struct emitter emitter;
	bool same;

	emit_start(&emitter, EMIT_JSON, buffer_sink(&one));
	emit_value(&emitter, a);
	same = emit_finish(&emitter, false);
	emit_start(&emitter, EMIT_JSON, buffer_sink(&two));
	emit_value(&emitter, b);
	same = emit_finish(&emitter, false) && same && strcmp(buffer_string(&one), buffer_string(&two)) == 0;
	buffer_done(&one);
	buffer_done(&two);
	return same;
}

/* Every name that --target may use for it. */
static bool is_called(struct arena *arena, const struct env_target *target, const char *name)
{
	if (text_equal(target->type, name) || text_equal(target->path, name))
		return true;
	return text_equal(target->type, "kubernetes") &&
	       text_equal(arena_format(arena, "%s/%s/%s", target->endpoint, target->space, target->name), name);
}

static bool is_chosen(struct arena *arena, const struct env_target *target, const struct text_list *names, bool *used)
{
	bool chosen = names->count == 0;

	for (size_t i = 0; i < names->count; i++) {
		if (!is_called(arena, target, names->items[i]))
			continue;
		used[i] = true;
		chosen = true;
	}
	return chosen;
}

static bool plan_targets(struct asset_context *context, const struct env_values *values, const struct text_list *names,
                         bool *used, struct plan *plan, struct error *err)
{
	const struct env_target *targets = values->contract->targets.items;

	for (size_t i = 0; i < values->contract->targets.count; i++) {
		if (!is_chosen(context->arena, &targets[i], names, used))
			continue;
		if (text_equal(targets[i].type, "kubernetes")
		            ? !env_target_kubernetes(context, values, &targets[i], plan, err)
		            : !env_target_file(context->arena, values, &targets[i], plan, err))
			return false;
	}
	return true;
}

static void put_deletions_last(struct arena *arena, struct plan *plan)
{
	struct plan_step *sorted = arena_array(arena, plan->count, sizeof *sorted);
	size_t count = 0;

	for (int last = 0; last < 2; last++) {
		for (size_t i = 0; i < plan->count; i++) {
			if ((plan->steps[i].action == PLAN_DELETE) == (last == 1))
				sorted[count++] = plan->steps[i];
		}
	}
	plan->steps = sorted;
}

static bool unused_target(const struct text_list *names, const bool *used, struct error *err)
{
	for (size_t i = 0; i < names->count; i++) {
		if (used[i])
			continue;
		fail(err, ERROR_NOT_FOUND, "no target is called %s", names->items[i]);
		error_fix(err, "--target takes env-file, kubernetes, a file's path, or ENDPOINT/NAMESPACE/NAME");
		return true;
	}
	return false;
}

bool env_plan(struct asset_context *context, const struct env_values *values, size_t count,
              const struct text_list *targets, struct plan *ret_plan, struct error *err)
{
	struct plan plan = { .action = "infra apply-ssot" };
	bool *used = arena_array(context->arena, targets->count, sizeof *used);
	size_t room = 0;

	for (size_t i = 0; i < count; i++)
		room += values[i].contract->targets.count * TARGET_STEPS;
	plan.steps = arena_array(context->arena, room, sizeof *plan.steps);
	plan.findings = arena_array(context->arena, room, sizeof *plan.findings);
	for (size_t i = 0; i < count; i++) {
		text_list_add(context->arena, &plan.arguments, values[i].contract->consumer);
		plan.topology = values[i].digest;
		plan.sources = values[i].sources;
		if (!plan_targets(context, &values[i], targets, used, &plan, err))
			return false;
	}
	if (unused_target(targets, used, err))
		return false;
	for (size_t i = 0; i < targets->count; i++)
		text_list_add(context->arena, &plan.arguments,
		              arena_format(context->arena, "--target=%s", targets->items[i]));
	put_deletions_last(context->arena, &plan);
	*ret_plan = plan;
	return true;
}
