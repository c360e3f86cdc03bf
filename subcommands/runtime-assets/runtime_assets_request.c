/* runtime-assets request: one HTTP request to the executor of an asset. */
#include "fops/asset/request.h"

#include "../topology_access.h"
#include "fops/base/arena.h"
#include "fops/base/terminal.h"
#include "fops/cli/call.h"
#include "fops/cli/output.h"
#include "runtime_assets.h"

#define DOCUMENT_BODY_BYTES ((size_t)16 << 20)

struct request_options {
	struct selection_options selection;
	const char *method;
	const char *path;
	struct text_map query;
	struct text_list headers;
	const char *data;
	const char *json;
	bool include;
	bool raw;
};

#define OPTION(member) SLOT(struct request_options, member)

static const struct command_option options[] = {
	SELECTION_OPTIONS(struct request_options),
	{ "method", 'X', OPTION(method), "METHOD", NULL, "GET, or POST when there is a body, unless given", NULL,
	  VALUES_NONE, 0, 0 },
	{ "path", 0, OPTION(path), "PATH", NULL, "path below the executor URL, starting with /", NULL, VALUES_NONE, 0,
	  0 },
	{ "query", 0, OPTION(query), "NAME=VALUE", NULL, "add a query parameter; repeatable", NULL, VALUES_NONE, 0, 0 },
	{ "header", 'H', OPTION(headers), "NAME: VALUE", NULL, "add a header; repeatable", NULL, VALUES_NONE, 0, 0 },
	{ "data", 'd', OPTION(data), "DATA", NULL, "send this body: text, @FILE, or - for standard input", NULL,
	  VALUES_FILES, 0, 0 },
	{ "json", 0, OPTION(json), "JSON", NULL, "send this JSON text as the body (here --json is no output flag)",
	  NULL, VALUES_NONE, 0, 0 },
	{ "include", 'i', OPTION(include), NULL, NULL, "print status line and headers before the body", NULL,
	  VALUES_NONE, 0, 0 },
	{ "raw", 0, OPTION(raw), NULL, NULL, "print control characters of the answer as they are", NULL, VALUES_NONE, 0,
	  0 },
	{ 0 },
};

#define ROW(member) SLOT(struct answer_record, member)

struct answer_record {
	const char *asset_id;
	int64_t status;
	const char *reason;
	struct text_map headers;
	const char *body;
	uint64_t body_bytes;
	struct duration duration;
	const char *request_id;
	uint64_t tries;
};

static const struct column columns[] = {
	{ "asset_id", "ASSET ID", ROW(asset_id), 0, "identifier of the asset", NULL, NULL, 0 },
	{ "status", "STATUS", ROW(status), 0, "HTTP status", NULL, NULL, 0 },
	{ "reason", "REASON", ROW(reason), COLUMN_UNTRUSTED, "text of the status line", NULL, NULL, 0 },
	{ "headers", "HEADERS", ROW(headers), COLUMN_UNTRUSTED, "headers of the answer, lower-case names", NULL, NULL,
	  0 },
	{ "body", "BODY", ROW(body), COLUMN_UNTRUSTED, "the body as text", NULL, NULL, 0 },
	{ "body_bytes", "BODY BYTES", ROW(body_bytes), 0, "size of the body", NULL, NULL, 0 },
	{ "duration_ms", "DURATION", ROW(duration), 0, "time from the first byte sent to the last received", NULL, NULL,
	  0 },
	{ "request_id", "REQUEST ID", ROW(request_id), COLUMN_UNTRUSTED, "the server's id of the request", NULL, NULL,
	  0 },
	{ "tries", "TRIES", ROW(tries), 0, "how often it was sent", NULL, NULL, 0 },
	{ 0 },
};

/* Where the answer goes: straight to stdout, or into a document. */
struct printer {
	struct call *call;
	bool include;
	bool document;
	bool safe_method;
	bool filter; /* a terminal: foreign control characters are made visible */
	struct terminal_filter state;
	struct buffer body;
};

static void print_filtered(struct printer *printer, const char *data, size_t len)
{
	struct buffer safe = BUFFER(len * 4 + 64);

	terminal_filter_append(&printer->state, &safe, data, len);
	output_bytes(printer->call->output, buffer_string(&safe), safe.len);
	buffer_done(&safe);
}

static bool print_head(void *user, const struct asset_answer *answer, struct error *err)
{
	struct printer *printer = user;
	struct buffer text = BUFFER((size_t)1 << 20);

	(void)err;
	if (!printer->include || printer->document)
		return true;
	buffer_format(&text, "HTTP/%s %lld%s%s\n", answer->http_version, (long long)answer->status,
	              answer->reason[0] == '\0' ? "" : " ", answer->reason);
	for (size_t i = 0; i < answer->headers.count; i++)
		buffer_format(&text, "%s: %s\n", answer->headers.items[i].key, answer->headers.items[i].value);
	buffer_byte(&text, '\n');
	if (printer->filter)
		print_filtered(printer, buffer_string(&text), text.len);
	else
		output_bytes(printer->call->output, buffer_string(&text), text.len);
	buffer_done(&text);
	return true;
}

static bool print_body(void *user, const char *data, size_t len, struct error *err)
{
	struct printer *printer = user;

	if (printer->document && !buffer_append(&printer->body, data, len))
		return fail(err, ERROR_PLANE_PROTOCOL, "the answer is larger than the %zu MiB that a document may hold",
		            DOCUMENT_BODY_BYTES >> 20);
	if (printer->document)
		return true;
	if (printer->filter)
		print_filtered(printer, data, len);
	else
		output_bytes(printer->call->output, data, len);
	output_flush(printer->call->output); /* an answer that comes slowly is seen as it comes */
	/* a reader that has seen enough of what only reads; other methods are seen through */
	if (printer->safe_method && output_is_done(printer->call->output))
		return fail(err, ERROR_IO_OUTPUT, "nobody reads the answer any more");
	return true;
}

static void print_document(struct printer *printer, const struct asset_answer *answer)
{
	output_record(printer->call->output,
	              &(struct answer_record){
	                      answer->asset_id,
	                      answer->status,
	                      answer->reason,
	                      answer->headers,
	                      arena_text(printer->call->arena, buffer_string(&printer->body), printer->body.len),
	                      answer->body_bytes,
	                      { answer->duration_ms },
	                      answer->request_id,
	                      answer->tries });
}

/* A refusal's answer is printed too; its status becomes the exit status and its error line follows on stderr. */
static bool send_request(struct call *call, struct asset_context *context, const struct runtime_asset *asset,
                         const struct asset_request *request, struct printer *printer, struct error *err)
{
	struct asset_answer_listener listener = { print_head, print_body, printer };
	struct asset_answer answer;
	struct error refusal;

	if (!asset_request_send(context, asset, request, &listener, &answer, &refusal, err)) {
		call->answered = err->id == ERROR_IO_OUTPUT;
		return false;
	}
	if (printer->document)
		print_document(printer, &answer);
	else if (printer->filter)
		print_filtered(printer, "", 0);
	if (refusal.exit_status == EXIT_OK)
		return true;
	call->answered = true;
	*err = refusal;
	return false;
}

static bool request_asset(struct call *call, struct topology *topology, const struct runtime_asset *asset,
                          const struct asset_request *request, struct error *err)
{
	const struct request_options *wanted = call->options;
	struct asset_context context = { 0 };
	struct printer printer = {
		.call = call,
		.include = wanted->include,
		.document = output_format(call->output) != OUTPUT_TABLE,
		.safe_method = text_equal(request->method, "GET") || text_equal(request->method, "HEAD"),
		.filter = !wanted->raw && terminal_is(STDOUT_FILENO),
		.body = BUFFER(DOCUMENT_BODY_BYTES),
	};
	bool done;

	done = asset_access_open(call, topology, &context, err) &&
	       send_request(call, &context, asset, request, &printer, err);
	asset_access_close(&context);
	buffer_done(&printer.body);
	return done;
}

static bool request(struct call *call, struct error *err)
{
	const struct request_options *wanted = call->options;
	CLEANUP(topology_cleanup) struct topology *topology = NULL;
	struct asset_request described = {
		.method = wanted->method,
		.path = wanted->path,
		.query = wanted->query,
		.headers = wanted->headers,
		.data = wanted->data,
		.json = wanted->json,
		.timeout_ms = -1,
	};
	struct asset_selection selection;
	struct runtime_asset *assets;
	size_t count;

	if (wanted->path == NULL) {
		fail(err, ERROR_USAGE_MISSING_ARGUMENT, "request needs --path");
		error_fix(err, "fops runtime-assets request --role langboard_executor --method GET --path /health");
		return false;
	}
	if (described.method == NULL)
		described.method = wanted->data != NULL || wanted->json != NULL ? "POST" : "GET";
	if (!asset_request_check(call->arena, &described, err) || !selection_read(&wanted->selection, &selection, err))
		return false;
	selection.single = true;
	return call_topology(call, &topology, err) &&
	       selection_resolve(call->arena, topology, &selection, &assets, &count, err) &&
	       policy_check(assets, count, "request", err) &&
	       request_asset(call, topology, &assets[0], &described, err);
}

static const char *const examples[] = {
	"fops runtime-assets request --role langboard_executor --method GET --path /health",
	"fops runtime-assets request --role langboard_executor --path /echo --json '{\"a\":1}'",
	"fops runtime-assets request --role langboard_executor --path /health --include",
	NULL,
};

static const int exits[] = { EXIT_FAILED, EXIT_PROPOSAL_REQUIRED, EXIT_STALE, EXIT_NOT_FOUND, EXIT_PLANE_UNAVAILABLE,
	                     EXIT_BUSY,   EXIT_PROTOCOL,          EXIT_AUTH,  EXIT_CONFIG,    EXIT_TIMEOUT,
	                     -1 };

const struct command runtime_assets_request_command = {
	.name = "request",
	.summary = "Send an HTTP request to an asset's executor",
	.about = "The request goes to the executor URL of the endpoint that the asset's executorRef names, with that "
	         "endpoint's authentication and TLS "
	         "settings; never to a public or internal URL. A pod without executorRef is asked through its "
	         "cluster's API "
	         "server when its contract says via: pod-proxy or service-proxy; what the API server itself answers "
	         "becomes "
	         "an error and never looks like the asset's answer. The body of the answer is streamed to stdout.\n\n"
	         "The status becomes the exit status: 2xx 0, 401 and 403 77, 404 and 410 66, 409 and 412 18, 423 and "
	         "429 75, other 4xx 1, 5xx 69. Redirects "
	         "are followed inside the executor's origin, or the asset's own paths of the API server, only. "
	         "Idempotent methods are repeated after connection "
	         "failures, 429 and 502 to 504.",
	.options = options,
	.options_size = sizeof(struct request_options),
	.columns = columns,
	.row_size = sizeof(struct answer_record),
	.item = "answer",
	.schema = "fops.runtime-asset.answer/1",
	.examples = examples,
	.exits = exits,
	.see = "fops help secrets, fops help selection",
	.flags = COMMAND_EVENTS | COMMAND_TOPOLOGY | COMMAND_NETWORK | COMMAND_EXECUTES | COMMAND_SETTINGS,
	.run = request,
};
