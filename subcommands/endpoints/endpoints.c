/* endpoints: what the organization reaches by URL, and how its verbs choose among them. */
#include "endpoints.h"

#include "fops/asset/select.h"
#include "fops/base/arena.h"

static const struct command *const verbs[] = {
	&endpoints_list_command,
	&endpoints_show_command,
	&endpoints_check_command,
	NULL,
};

static const char *const examples[] = {
	"fops endpoints list",
	"fops endpoints show langboard-executor",
	"fops endpoints check --watch",
	NULL,
};

const struct command endpoints_command = {
	.name = "endpoints",
	.summary = "List, show and check what is reached by URL",
	.about = "An endpoint is an integration: a URL, a way to be let in, and a health contract. Its public, "
	         "executor and internal URL are three things and never swapped for one another; requests go to the "
	         "executor URL alone.",
	.examples = examples,
	.see = "fops help health, fops help planes, fops help topology",
	.verbs = verbs,
};

bool endpoints_options_check(const struct endpoints_options *options, struct error *err)
{
	if (options->plane != NULL && !is_identifier(options->plane))
		return fail(err, ERROR_USAGE_BAD_VALUE, "--plane \"%s\" is no identifier", options->plane);
	return label_words_check(&options->labels, err);
}

bool endpoints_match(const struct endpoints_options *options, const struct endpoint *endpoint)
{
	bool match = options->plane == NULL || text_equal(options->plane, endpoint->plane);

	for (size_t i = 0; match && i < options->labels.count; i++)
		match = label_word_holds(&endpoint->labels, options->labels.items[i]);
	return match;
}

static bool unknown_id(struct call *call, const struct topology *topology, const char *id, struct error *err)
{
	size_t count = topology_count(topology, KIND_ENDPOINT);
	const char **names = arena_array(call->arena, count + 1, sizeof *names);
	const char *near;

	for (size_t i = 0; i < count; i++)
		names[i] = topology_id(topology, KIND_ENDPOINT, i);
	near = text_suggest(call->arena, id, names, count);
	fail(err, ERROR_NOT_FOUND, "no endpoint has the id \"%s\"", id);
	if (near != NULL)
		error_cause(err, "did you mean %s?", near);
	error_object(err, "endpoint/%s", id);
	error_fix(err, "%s endpoints list", call->program);
	return false;
}

bool endpoints_find(struct call *call, const struct topology *topology, const char *word, size_t *ret_index,
                    struct error *err)
{
	static const char prefix[] = "endpoint/";
	const char *id = text_starts(word, prefix) ? word + sizeof prefix - 1 : word;

	if (!is_identifier(id))
		return fail(err, ERROR_USAGE_BAD_VALUE, "\"%s\" is no identifier of an endpoint", word);
	return topology_find(topology, KIND_ENDPOINT, id, ret_index) || unknown_id(call, topology, id, err);
}
