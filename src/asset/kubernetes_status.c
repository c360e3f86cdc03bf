/* Turns what an API server says of itself, its Status objects, into our errors. */
#include "fops/base/arena.h"
#include "fops/data/document.h"
#include "kubernetes.h"

#define LONGEST_STATUS  ((size_t)256 * 1024)
#define LONGEST_MESSAGE 300

struct status_cause {
	const char *reason;
	const char *message;
};

static const struct field cause_fields[] = {
	{ "reason", SLOT(struct status_cause, reason), .flags = 0 },
	{ "message", SLOT(struct status_cause, message), .flags = 0 },
	{ 0 },
};

struct status_details {
	struct record_list causes;
};

static const struct field details_fields[] = {
	{ "causes", SLOT(struct status_details, causes), .fields = cause_fields,
	  .record_size = sizeof(struct status_cause) },
	{ 0 },
};

struct status_object {
	const char *kind;
	const char *version;
	const char *status;
	const char *message;
	const char *reason;
	int64_t code;
	struct status_details details;
};

static const struct field status_fields[] = {
	{ "kind", SLOT(struct status_object, kind), .flags = 0 },
	{ "apiVersion", SLOT(struct status_object, version), .flags = 0 },
	{ "status", SLOT(struct status_object, status), .flags = FIELD_REQUIRED, .choices = "Success|Failure" },
	{ "message", SLOT(struct status_object, message), .flags = 0 },
	{ "reason", SLOT(struct status_object, reason), .flags = 0 },
	{ "code", SLOT(struct status_object, code), .minimum = 0, .maximum = 599 },
	{ "details", SLOT_EMBEDDED(struct status_object, details), .fields = details_fields },
	{ 0 },
};

static int exit_code_of(const struct status_object *object)
{
	const struct status_cause *causes = object->details.causes.items;
	int64_t code;

	if (!text_equal(object->reason, "NonZeroExitCode"))
		return -1;
	for (size_t i = 0; i < object->details.causes.count; i++) {
		if (text_equal(causes[i].reason, "ExitCode") && causes[i].message != NULL &&
		    parse_int(causes[i].message, &code) && code >= 0 && code <= 255)
			return (int)code;
	}
	return -1;
}

bool kubernetes_status_read(struct arena *arena, const char *data, size_t len, struct kubernetes_status *ret_status)
{
	static const struct document_limits limits = {
		.bytes = LONGEST_STATUS, .depth = 16, .values = 10000, .text = LONGEST_STATUS, .documents = 1
	};
	struct findings findings = { .arena = arena, .limit = 1 };
	struct status_object object = { 0 };
	struct error ignored;
	struct value value;

	if (!json_parse(arena, "Status", data, len, &limits, &value, &ignored) || value.kind != VALUE_OBJECT ||
	    !decode(arena, "Status", "", &value, status_fields, DECODE_LENIENT, &object, &findings) ||
	    (object.kind != NULL && !text_equal(object.kind, "Status")))
		return false;
	*ret_status = (struct kubernetes_status){
		.success = text_equal(object.status, "Success"),
		.typed = text_equal(object.kind, "Status") && text_equal(object.version, "v1"),
		.code = (int)object.code,
		.reason = object.reason == NULL ? "" : object.reason,
		.message = object.message == NULL ? "" : object.message,
		.exit_code = exit_code_of(&object),
	};
	return true;
}

/* A right that fops may lack, as the server's message spells it. */
struct right {
	const char *resource;
	const char *quoted; /* as it stands in the message */
};

static const struct right rights[] = {
	{ "pods/exec", "resource \"pods/exec\"" },
	{ "pods/proxy", "resource \"pods/proxy\"" },
	{ "services/proxy", "resource \"services/proxy\"" },
	{ "pods", "resource \"pods\"" },
	{ "deployments.apps", "resource \"deployments\"" },
	{ "statefulsets.apps", "resource \"statefulsets\"" },
	{ "daemonsets.apps", "resource \"daemonsets\"" },
	{ "replicasets.apps", "resource \"replicasets\"" },
	{ "jobs.batch", "resource \"jobs\"" },
};

static const char *const verbs[] = { "get", "list", "create", "update", "patch", "delete" };

/* The fix for a 403: only words of our own, chosen by what the message holds. */
static void fix_right(const char *message, struct error *err)
{
	const struct right *missing = NULL;
	const char *verb = NULL;

	for (size_t i = 0; i < ARRAY_LEN(rights) && missing == NULL; i++)
		missing = strstr(message, rights[i].quoted) != NULL ? &rights[i] : NULL;
	for (size_t i = 0; i < ARRAY_LEN(verbs) && verb == NULL; i++) {
		char phrase[32];

		(void)snprintf(phrase, sizeof phrase, "cannot %s resource", verbs[i]);
		verb = strstr(message, phrase) != NULL ? verbs[i] : NULL;
	}
	if (missing == NULL)
		error_fix(err, "Grant the missing right by a Role and a RoleBinding, or name another credential.");
	else if (text_equal(missing->resource, "pods/exec"))
		error_fix(err, "Grant get and create on pods/exec by a Role and a RoleBinding in that namespace.");
	else if (text_equal(missing->resource, "pods"))
		error_fix(err, "Grant get and list on pods by a Role and a RoleBinding in that namespace.");
	else
		error_fix(err, "Grant %s on %s by a Role and a RoleBinding in that namespace.",
		          verb == NULL ? "the verb of the cause" : verb, missing->resource);
}

struct refusal {
	int from, to; /* HTTP status */
	enum error_id id;
	const char *message; /* what was asked follows */
	const char *fix;     /* NULL: the code's own */
};

static const struct refusal refusals[] = {
	{ 401, 401, ERROR_PLANE_AUTH, "the cluster refuses the credential for",
	  "Check the secret behind the cluster endpoint's auth: it may have expired or be for another cluster." },
	{ 403, 403, ERROR_PLANE_AUTH, "the cluster forbids", NULL },
	{ 404, 404, ERROR_PLANE_NOT_FOUND, "the cluster does not have",
	  "Check namespace, selector and workload of the asset's contract." },
	{ 409, 409, ERROR_PLANE_CONFLICT, "the cluster reports a conflict for", NULL },
	{ 410, 410, ERROR_PLANE_CONFLICT, "the cluster's state moved on while it was asked for",
	  "Repeat the command." },
	{ 412, 412, ERROR_PLANE_CONFLICT, "the cluster reports a conflict for", NULL },
	{ 423, 423, ERROR_PLANE_BUSY, "the API server is too busy for", NULL },
	{ 429, 429, ERROR_PLANE_BUSY, "the API server is too busy for", NULL },
	{ 500, 599, ERROR_PLANE_UNAVAILABLE, "the API server failed to answer for",
	  "Check the state of the API server and of what stands behind it; the cause has its words." },
	{ 300, 399, ERROR_PLANE_REDIRECT, "the API server redirects instead of answering for",
	  "Set the cluster endpoint's executorUrl to the API server itself." },
	{ 0, 599, ERROR_PLANE_REJECTED, "the API server does not accept the request for", NULL },
};

/* One line at most, cut on a character border; 0 when there is none to show. */
static size_t line_length(const char *text)
{
	size_t line = strcspn(text, "\r\n");

	if (line > LONGEST_MESSAGE) {
		line = LONGEST_MESSAGE;
		while (line > 0 && ((unsigned char)text[line] & 0xC0) == 0x80)
			line--;
	}
	return is_utf8(text, line, NULL) ? line : 0;
}

/* The server's words in one line, without the token; masked before they are cut, because half a token is not found. */
static const char *words_of(struct arena *arena, const struct access *access, int http_status, const char *body,
                            size_t len)
{
	struct kubernetes_status status;
	char *text;
	size_t line;

	if (kubernetes_status_read(arena, body, len, &status))
		text = arena_text(arena, status.message, strlen(status.message));
	else
		text = arena_text(arena, body, len < LONGEST_STATUS ? len : LONGEST_STATUS);
	if (access != NULL)
		secret_mask(access->token, text);
	line = line_length(text);
	if (line == 0)
		return arena_format(arena, "it answered %d", http_status);
	text[line] = '\0';
	return arena_format(arena, "it answered %d: %s", http_status, text);
}

void kubernetes_refused(struct arena *arena, const struct runtime_asset *asset, const struct access *access,
                        const char *what, int http_status, const char *body, size_t len, int64_t retry_after_ms,
                        struct error *err)
{
	const char *words = words_of(arena, access, http_status, body, len);
	const struct refusal *refusal = refusals;

	while (refusal->from != 0 && (http_status < refusal->from || http_status > refusal->to))
		refusal++;
	*err = (struct error){ 0 };
	fail(err, refusal->id, "%s %s", refusal->message, what);
	error_cause(err, "%s", words);
	if (http_status == 403)
		fix_right(words, err);
	else if (refusal->id == ERROR_PLANE_BUSY && retry_after_ms >= 0)
		error_fix(err, "Wait %s and repeat.", format_duration(arena, retry_after_ms));
	else if (refusal->fix != NULL)
		error_fix(err, "%s", refusal->fix);
	if (asset != NULL)
		error_object(err, "runtime-asset/%s", asset->asset_id);
	err->retry_after_ms = retry_after_ms;
}
