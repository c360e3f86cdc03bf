/* Words for tries that gave no complete answer. */
#include "fops/base/arena.h"
#include "http_private.h"

static const char *seconds_text(const struct http_run *run, int64_t ms)
{
	const char *text = format_duration(run->arena, ms);
	size_t len = strlen(text);
	size_t digits = strspn(text, "0123456789.");

	/* "3 s" reads better in a sentence than "3s" */
	if (len > digits && strspn(text + digits, "msh") == len - digits)
		return arena_format(run->arena, "%.*s %s", (int)digits, text, text + digits);
	return text;
}

static const char *peer_of(const struct http_run *run)
{
	const char *address = run->exchange->address;
	const char *host = run->target.host;

	if (address != NULL)
		return address;
	return arena_format(run->arena, strchr(host, ':') != NULL ? "[%s]:%u" : "%s:%u", host,
	                    (unsigned)run->target.port);
}

static const char *verified_name(const struct http_run *run)
{
	const char *name = run->exchange->access.tls.server_name;

	return name != NULL ? name : run->target.host;
}

static const char *answer_cut(const struct http_run *run, const struct transfer_result *result)
{
	size_t received = run->exchange->body_received + run->dropped;

	if (!run->has_head)
		return "connection closed inside the headers of the answer";
	if (result->expected_bytes >= 0)
		return arena_format(run->arena, "connection closed after %zu of %lld bytes", received,
		                    (long long)result->expected_bytes);
	return arena_format(run->arena, "connection closed after %zu bytes, before the end of the answer", received);
}

/* What the exchange was doing when a limit ran out. */
static const char *phase(const struct http_run *run)
{
	const char *waits = gate_phase(run);

	if (waits != NULL)
		return waits;
	if (run->transfer == NULL && !run->linked)
		return "waiting for the next try";
	if (!run->connected)
		return arena_format(run->arena, "%s: not yet connected", peer_of(run));
	if (!run->answering)
		return arena_format(run->arena, "%s has not answered yet", peer_of(run));
	return arena_format(run->arena, "%s has sent %zu bytes so far", peer_of(run), run->exchange->body_received);
}

static const char *silence(const struct http_run *run)
{
	if (!run->answering)
		return arena_format(run->arena, "%s is connected but sent no byte of an answer", peer_of(run));
	return arena_format(run->arena, "%s sent no byte for %s", peer_of(run),
	                    seconds_text(run, run->http->options.dead_peer_timeout_ms));
}

static const char *tls_cause(const struct http_run *run, const struct transfer_result *result)
{
	const char *peer = peer_of(run);

	switch (result->end) {
	case END_NOT_TLS:
		return arena_format(run->arena, "%s speaks no TLS", peer);
	case END_TLS_UNTRUSTED:
		return arena_format(run->arena, "%s: %s", peer, result->detail);
	case END_TLS_NAME:
		return arena_format(run->arena, "%s: its certificate is not for %s", peer, verified_name(run));
	case END_TLS_PIN:
		return arena_format(run->arena, "%s: its public key is not the pinned one", peer);
	case END_TLS_FINGERPRINT:
		return arena_format(run->arena, "%s: its certificate has another fingerprint than the contract says",
		                    peer);
	case END_TLS_CLIENT:
		return arena_format(run->arena, "the client's own certificate or key cannot be used: %s",
		                    result->detail);
	case END_TLS_MATERIAL:
		return run->exchange->access.tls.ca != NULL
		               ? "tls.ca holds no usable certificate"
		               : arena_format(run->arena, "%s holds no usable certificate",
		                              run->http->ca_file == NULL ? "the CA file" : run->http->ca_file);
	default:
		return arena_format(run->arena, "%s: TLS handshake failed: %s", peer, result->detail);
	}
}

const char *failure_cause(const struct http_run *run, const struct transfer_result *result)
{
	const char *peer = peer_of(run);

	switch (result->end) {
	case END_NO_NAME:
		return arena_format(run->arena, "the name %s cannot be resolved", run->target.host);
	case END_REFUSED:
		return arena_format(run->arena, "%s refused the connection", peer);
	case END_UNREACHABLE:
		return arena_format(run->arena, "%s: %s", peer, result->detail);
	case END_CONNECT_TIMEOUT:
		return arena_format(run->arena, "%s: connect timed out after %s", peer,
		                    seconds_text(run, run->http->options.connect_timeout_ms));
	case END_RESET:
		return arena_format(run->arena, "%s reset the connection", peer);
	case END_CLOSED:
		return arena_format(run->arena, "%s closed the connection without an answer", peer);
	case END_TLS_CLOSED:
		return arena_format(run->arena, "%s closed the connection during the TLS handshake", peer);
	case END_PROXY:
		return arena_format(run->arena, "the proxy gave no way: %s", result->detail);
	case END_SILENT:
		return silence(run);
	case END_DEADLINE:
		return phase(run);
	case END_TRUNCATED:
		return answer_cut(run, result);
	case END_NOT_HTTP:
		return arena_format(run->arena, "%s: the server speaks no HTTP", peer);
	case END_BROKEN:
		return arena_format(run->arena, "%s: %s", peer, result->detail);
	default:
		return tls_cause(run, result);
	}
}

static enum error_id failure_id(enum transfer_end end)
{
	switch (end) {
	case END_DEADLINE:
		return ERROR_TIMEOUT;
	case END_TRUNCATED:
	case END_NOT_HTTP:
	case END_BROKEN:
		return ERROR_PLANE_PROTOCOL;
	case END_NOT_TLS:
	case END_TLS_REFUSED:
	case END_TLS_UNTRUSTED:
	case END_TLS_NAME:
	case END_TLS_PIN:
	case END_TLS_MATERIAL:
	case END_TLS_FINGERPRINT:
	case END_TLS_CLIENT:
		return ERROR_PLANE_TLS;
	case END_MEMORY:
		return ERROR_INTERNAL_MEMORY;
	default:
		return ERROR_PLANE_UNAVAILABLE;
	}
}

static void fill_message(const struct http_run *run, enum transfer_end end, enum error_id id, struct error *err)
{
	const char *origin = url_origin(run->arena, &run->origin);

	if (end == END_DEADLINE)
		fail(err, id, "%s did not answer completely within %s", origin,
		     seconds_text(run, clock_monotonic_ms() - run->started_ms));
	else if (end == END_SILENT && !run->answering)
		fail(err, id, "%s did not answer within %s", origin, seconds_text(run, run->request_timeout_ms));
	else if (id == ERROR_PLANE_TLS)
		fail(err, id, "no trusted connection to %s", origin);
	else if (id == ERROR_PLANE_PROTOCOL)
		fail(err, id, "the answer of %s is broken", origin);
	else if (end == END_SILENT)
		fail(err, id, "the answer of %s stopped", origin);
	else
		fail(err, id, "no answer from %s", origin);
}

void failure_fill(const struct http_run *run, const struct transfer_result *result, struct error *err)
{
	enum error_id id = failure_id(result->end);
	unsigned tries = run->exchange->tries_made;
	const char *cause = id == ERROR_INTERNAL_MEMORY ? "out of memory" : failure_cause(run, result);

	fill_message(run, result->end, id, err);
	if (tries > 1)
		error_cause(err, "%s (%u tries)", cause, tries);
	else
		error_cause(err, "%s", cause);
	if (run->exchange->request_id != NULL)
		(void)snprintf(err->request_id, sizeof err->request_id, "%s", run->exchange->request_id);
}
