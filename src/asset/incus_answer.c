/* Reads the answers of an Incus server, and says what its refusals mean. */
#include "incus.h"

#include "fops/base/arena.h"
#include "fops/data/document.h"

static const struct field answer_fields[] = {
	{ "type", SLOT(struct incus_answer, type), .text = "sync, async or error" },
	{ "status_code", SLOT(struct incus_answer, status_code), .text = "the status of the answer" },
	{ "error", SLOT(struct incus_answer, error), .text = "what went wrong" },
	{ "error_code", SLOT(struct incus_answer, error_code), .text = "the status of a refusal" },
	{ "operation", SLOT(struct incus_answer, operation), .text = "the path of the operation" },
	{ "metadata", SLOT(struct incus_answer, metadata), .text = "the object or operation" },
	{ 0 },
};

static const struct field operation_fields[] = {
	{ "id", SLOT(struct incus_operation, id), .text = "the operation's own id" },
	{ "status_code", SLOT(struct incus_operation, status_code), .text = "the state of the operation" },
	{ "err", SLOT(struct incus_operation, error), .text = "what went wrong" },
	{ 0 },
};

static const struct field result_fields[] = {
	{ "fds", SLOT(struct incus_operation, sockets), .text = "secrets of the WebSockets" },
	{ "return", SLOT(struct incus_operation, exit_status), .text = "the exit status" },
	{ 0 },
};

static bool malformed(const struct runtime_asset *asset, struct error *err)
{
	fail(err, ERROR_PLANE_PROTOCOL, "the server of %s answers what the protocol does not have", asset->asset_id);
	error_object(err, "runtime-asset/%s", asset->asset_id);
	return false;
}

/* The server knows one status for all states that forbid a command; only its words tell them apart. */
static bool is_state(const char *message)
{
	static const char *const parts[] = { "not running", "is frozen", "is stopped" };

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		if (strstr(message, parts[i]) != NULL)
			return true;
	}
	return false;
}

static bool refused(struct arena *arena, const struct runtime_asset *asset, const struct http_exchange *exchange,
                    const struct incus_answer *answer, struct error *err)
{
	const char *text = answer->error == NULL ? "" : answer->error;
	char *message = arena_text(arena, text, strlen(text));

	secret_mask(exchange->access.credential, message);
	if (exchange->status == 404 || (exchange->status == 400 && is_state(message))) {
		fail(err, ERROR_ASSET_NOT_RUNNING, "%s does not run", asset->asset_id);
		error_cause(err,
		            exchange->status == 404 ? "the server has no such instance" : "its instance does not run");
	} else if (!http_judge(exchange, arena_format(arena, "the server of %s", asset->asset_id), err)) {
		error_cause(err, "%s", message);
	} else {
		return malformed(asset, err);
	}
	error_object(err, "runtime-asset/%s", asset->asset_id);
	return false;
}

bool incus_answer_read(struct arena *arena, const struct runtime_asset *asset, const struct http_exchange *exchange,
                       struct incus_answer *ret_answer, struct error *err)
{
	struct findings findings = { .arena = arena };
	struct error ignored;
	struct value value;

	if (exchange->failed) {
		*err = exchange->error;
		return false;
	}
	*ret_answer = (struct incus_answer){ 0 };
	if (!json_parse(arena, "answer", exchange->body, exchange->body_received, NULL, &value, &ignored) ||
	    !decode(arena, "answer", "", &value, answer_fields, DECODE_LENIENT, ret_answer, &findings)) {
		if (http_judge(exchange, arena_format(arena, "the server of %s", asset->asset_id), err))
			return malformed(asset, err);
		return false;
	}
	if (exchange->status / 100 != 2 || text_equal(ret_answer->type, "error"))
		return refused(arena, asset, exchange, ret_answer, err);
	return true;
}

bool incus_operation_read(struct arena *arena, const struct runtime_asset *asset, const struct incus_answer *answer,
                          struct incus_operation *ret_operation, struct error *err)
{
	struct findings findings = { .arena = arena };
	const struct value *result = value_member(answer->metadata, "metadata");

	*ret_operation = (struct incus_operation){ 0 };
	if (answer->metadata == NULL || !decode(arena, "operation", "", answer->metadata, operation_fields,
	                                        DECODE_LENIENT, ret_operation, &findings))
		return malformed(asset, err);
	if (result != NULL && result->kind == VALUE_OBJECT &&
	    !decode(arena, "operation", "metadata", result, result_fields, DECODE_LENIENT, ret_operation, &findings))
		return malformed(asset, err);
	return true;
}

const char *incus_url(struct arena *arena, const struct access *access, const struct runtime_asset *asset,
                      const char *path, const struct text_map *query)
{
	struct text_map all = { arena_array(arena, (query == NULL ? 0 : query->count) + 1, sizeof *all.items), 0 };

	all.items[all.count++] = (struct text_pair){ "project", asset->lxc.incus.project };
	for (size_t i = 0; query != NULL && i < query->count; i++)
		all.items[all.count++] = query->items[i];
	return url_build(arena, &access->url, path, &all);
}

const char *incus_instance_path(struct arena *arena, const struct runtime_asset *asset, const char *more)
{
	return arena_format(arena, "/1.0/instances/%s%s", asset->lxc.container, more);
}
