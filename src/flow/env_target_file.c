/* A file's owned part is its variables; whatever else is found in it stays out of the plan. */
#include <errno.h>

#include "env_shown.h"
#include "env_target.h"
#include "fops/base/arena.h"
#include "fops/base/file.h"
#include "fops/flow/env_place.h"
#include "fops/flow/env_render.h"

#define FILE_BYTES ((size_t)1024 * 1024)

/* One line of a file that assigns: where its name and value are; name.len is 0 for another line. */
struct assignment {
	struct str name, value;
};

static struct assignment read_assignment(struct str line)
{
	struct assignment found = { 0 };
	const char *end = line.data + line.len;
	const char *at = line.data;

	if (line.len > 7 && memcmp(at, "export ", 7) == 0)
		at += 7;
	found.name.data = at;
	while (at < end && (isalnum((unsigned char)*at) || *at == '_'))
		at++;
	found.name.len = (size_t)(at - found.name.data);
	while (at < end && (*at == ' ' || *at == ':' || *at == '\t'))
		at++;
	if (at == end || *at != '=')
		return (struct assignment){ 0 };
	at++;
	found.value = (struct str){ at, (size_t)(end - at) };
	return found;
}

static const struct env_value *value_of(struct arena *arena, const struct env_values *values, struct str name)
{
	return name.len == 0 ? NULL : env_value_get(values, arena_text(arena, name.data, name.len));
}

/* A value without blanks and quotes around it. */
static const char *bare(struct arena *arena, struct str value)
{
	while (value.len > 0 && strchr(" \t'\"", value.data[0]) != NULL) {
		value.data++;
		value.len--;
	}
	while (value.len > 0 && strchr(" \t'\"\r", value.data[value.len - 1]) != NULL)
		value.len--;
	return arena_text(arena, value.data, value.len);
}

static struct str next_line(const char **at)
{
	const char *end = strchrnul(*at, '\n');
	struct str line = { *at, (size_t)(end - *at) };

	*at = *end == '\n' ? end + 1 : end;
	return line;
}

static void find_secrets(struct arena *arena, const struct env_values *values, const char *text,
                         struct text_list *secrets)
{
	for (const char *at = text; *at != '\0';) {
		struct assignment found = read_assignment(next_line(&at));
		const struct env_value *value = value_of(arena, values, found.name);

		if (value != NULL && value->secret_ref != NULL)
			text_list_add(arena, secrets, bare(arena, found.value));
	}
}

static bool has_line(const char *text, struct str line)
{
	while (*text != '\0') {
		struct str own = next_line(&text);

		if (own.len == line.len && memcmp(own.data, line.data, line.len) == 0)
			return true;
	}
	return false;
}

static void put_line(struct arena *arena, const struct env_values *values, const struct text_list *secrets,
                     const char *wanted, struct str line, struct buffer *out)
{
	struct assignment found = read_assignment(line);
	const struct env_value *value = value_of(arena, values, found.name);

	if (line.len == 0 || has_line(wanted, line))
		buffer_append(out, line.data, line.len);
	else if (value != NULL && value->value != NULL)
		buffer_format(out, "%.*s%s", (int)(found.value.data - line.data), line.data,
		              env_shown(arena, arena_text(arena, found.value.data, found.value.len), secrets));
	else if (found.name.len > 0)
		buffer_format(out, "%.*s" NOT_SHOWN, (int)(found.value.data - line.data), line.data);
	else
		buffer_text(out, line.data[0] == '#' ? "# " NOT_SHOWN : NOT_SHOWN);
	buffer_byte(out, '\n');
}

static void emit_text_state(struct buffer *out, const char *format, const char *text)
{
	struct emitter emitter;

	emit_start(&emitter, EMIT_JSON, buffer_sink(out));
	emit_object(&emitter);
	emit_key(&emitter, "format");
	emit_text(&emitter, format);
	emit_key(&emitter, "text");
	emit_text(&emitter, text);
	emit_object_end(&emitter);
	if (!emit_finish(&emitter, false))
		out->overflow = true;
}

/* The file as it is, with what is not this contract's own left out. */
static const struct value *state_of_lines(struct arena *arena, const struct env_values *values, const char *format,
                                          const char *text, const char *wanted)
{
	struct text_list secrets = env_target_secrets(arena, values);
	struct buffer lines = BUFFER(4 * FILE_BYTES), state = BUFFER(32 * FILE_BYTES);
	const struct value *value;

	find_secrets(arena, values, text, &secrets);
	for (const char *at = text; *at != '\0';)
		put_line(arena, values, &secrets, wanted, next_line(&at), &lines);
	emit_text_state(&state, format, buffer_string(&lines));
	value = env_target_state(arena, &state);
	buffer_done(&lines);
	buffer_done(&state);
	return value;
}

static const struct value *state_of_text(struct arena *arena, const char *format, const char *text)
{
	struct buffer state = BUFFER(32 * FILE_BYTES);
	const struct value *value;

	emit_text_state(&state, format, text);
	value = env_target_state(arena, &state);
	buffer_done(&state);
	return value;
}

/* The object {"format", "variables"} of a JSON file; its head says nothing that is owned. */
static const struct value *state_of_json(struct arena *arena, const struct env_values *values, const char *text,
                                         bool *ret_ours)
{
	struct text_list secrets = env_target_secrets(arena, values);
	struct buffer state = BUFFER(32 * FILE_BYTES);
	const struct value *variables, *schema, *found;
	struct emitter emitter;
	struct value document;
	struct error ignored;

	if (!json_parse(arena, "file", text, strlen(text), NULL, &document, &ignored))
		document = (struct value){ .kind = VALUE_NULL };
	schema = value_member(&document, "schema");
	variables = value_member(&document, "variables");
	*ret_ours = schema != NULL && schema->kind == VALUE_TEXT && text_starts(schema->text.data, "fops.env/");
	emit_start(&emitter, EMIT_JSON, buffer_sink(&state));
	emit_object(&emitter);
	emit_key(&emitter, "format");
	emit_text(&emitter, env_format_name(ENV_JSON));
	emit_key(&emitter, "variables");
	emit_object(&emitter);
	for (size_t i = 0; variables != NULL && variables->kind == VALUE_OBJECT && i < variables->list.count; i++) {
		const struct member *member = &variables->list.members[i];
		const struct env_value *value = env_value_get(values, member->name);
		const struct value *reference = value_member(&member->value, "secret_ref");

		emit_key(&emitter, member->name);
		if (value != NULL && value->value != NULL && member->value.kind == VALUE_TEXT)
			emit_text(&emitter, env_shown(arena, member->value.text.data, &secrets));
		else if (value != NULL && reference != NULL && reference->kind == VALUE_TEXT &&
		         text_equal(reference->text.data, value->secret_ref))
			emit_text(&emitter, value->secret_ref);
		else
			emit_text(&emitter, NOT_SHOWN);
	}
	emit_object_end(&emitter);
	emit_object_end(&emitter);
	if (!emit_finish(&emitter, false))
		state.overflow = true;
	found = env_target_state(arena, &state);
	buffer_done(&state);
	return found;
}

static void compare_json(struct arena *arena, const struct env_values *values, const char *old, const char *wanted,
                         struct plan_step *step)
{
	bool ours = true;

	for (size_t i = 0; i < values->count; i++) {
		if (values->items[i].secret_ref != NULL)
			text_list_add(arena, &step->secrets,
			              arena_format(arena, "/variables/%s", values->items[i].variable->name));
	}
	step->after = state_of_json(arena, values, wanted, &ours);
	if (old == NULL)
		return;
	step->before = state_of_json(arena, values, old, &ours);
	step->destructive = !ours;
	step->action = ours && env_target_same(step->before, step->after) ? PLAN_NONE : PLAN_CHANGE;
}

static void compare_lines(struct arena *arena, const struct env_values *values, const char *format, const char *old,
                          const char *wanted, struct plan_step *step)
{
	bool ours = true;

	wanted = env_body(wanted, &ours);
	step->after = state_of_text(arena, format, wanted);
	if (old == NULL)
		return;
	old = env_body(old, &ours);
	step->action = ours && strcmp(old, wanted) == 0 ? PLAN_NONE : PLAN_CHANGE;
	step->destructive = !ours;
	step->before = step->action == PLAN_NONE ? step->after : state_of_lines(arena, values, format, old, wanted);
}

static bool read_old(struct arena *arena, const char *path, const char **ret_text, struct error *err)
{
	struct error unread;
	struct str text;

	if (!env_place_check(arena, path, err))
		return false;
	if (file_read(arena, path, FILE_BYTES, &text, &unread)) {
		*ret_text = text.data;
		return true;
	}
	if (unread.id != ERROR_INPUT_NOT_FOUND) {
		*err = unread;
		return false;
	}
	*ret_text = NULL;
	return true;
}

bool env_target_file(struct arena *arena, const struct env_values *values, const struct env_target *target,
                     struct plan *plan, struct error *err)
{
	const char *name = target->format == NULL ? values->contract->format : target->format;
	struct plan_step step = { .action = PLAN_ADD, .object = arena_format(arena, "env-file/%s", target->path) };
	struct buffer wanted = BUFFER(FILE_BYTES);
	enum env_format format = ENV_DOTENV;
	const char *old;
	bool good;

	/* a file has no namespace: a contract for a cluster writes its file as everybody reads it */
	if (!env_format_of(name, &format) || format == ENV_KUBERNETES)
		format = ENV_DOTENV;
	good = env_render(arena, values, format, &wanted, err) && read_old(arena, target->path, &old, err);
	if (good && format == ENV_JSON)
		compare_json(arena, values, old, buffer_string(&wanted), &step);
	else if (good)
		compare_lines(arena, values, env_format_name(format), old, buffer_string(&wanted), &step);
	buffer_done(&wanted);
	if (!good)
		return false;
	if (step.destructive)
		step.reason = "not written by fops";
	plan->steps[plan->count++] = step;
	return true;
}
