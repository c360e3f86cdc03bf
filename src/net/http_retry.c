/* The rules for trying again and for following redirects; nothing here touches a socket. */
#include <sys/random.h>

#include "fops/base/arena.h"
#include "http_private.h"

#define FIRST_BACKOFF_MS 100
#define BACKOFF_FACTOR   3
#define LONGEST_BACKOFF  10000

/* base ± half, so that many clients do not come back at once */
static int64_t jitter(int64_t base_ms)
{
	uint32_t random = 0;

	if (getrandom(&random, sizeof random, GRND_NONBLOCK) != (ssize_t)sizeof random)
		random = (uint32_t)clock_monotonic_us();
	return base_ms / 2 + (int64_t)(random % (uint32_t)(base_ms + 1));
}

static int64_t backoff_ms(unsigned retries)
{
	int64_t wait_ms = FIRST_BACKOFF_MS;

	for (; retries > 0 && wait_ms < LONGEST_BACKOFF; retries--)
		wait_ms *= BACKOFF_FACTOR;
	return jitter(wait_ms > LONGEST_BACKOFF ? LONGEST_BACKOFF : wait_ms);
}

static bool may_repeat(const struct http_run *run)
{
	const struct http_exchange *exchange = run->exchange;

	return exchange->tries != HTTP_TRIES_NEVER && run->retries < exchange->most_retries &&
	       (exchange->tries == HTTP_TRIES_HARMLESS || method_is_safe(run->method)) && exchange->read_body == NULL;
}

/* A wait that would end at or behind the deadline is no retry. */
static bool fits_deadline(const struct http_run *run, int64_t wait_ms)
{
	int left_ms = deadline_left_ms(run->deadline);

	return left_ms < 0 || wait_ms < left_ms;
}

static bool repeat_after(struct http_run *run, int64_t wait_ms, const char *reason, int64_t *ret_wait_ms)
{
	if (!fits_deadline(run, wait_ms))
		return false;
	run->retries++;
	log_detail(run->http->options.log, "%s %s%s: %s; retry %u of %u in %lld ms", run->method,
	           url_origin(run->arena, &run->target), run->target.path, reason, run->retries,
	           run->exchange->most_retries, (long long)wait_ms);
	*ret_wait_ms = wait_ms;
	return true;
}

bool retry_answer(struct http_run *run, int64_t *ret_wait_ms)
{
	const struct http_exchange *exchange = run->exchange;
	int status = exchange->status;
	int64_t wait_ms = exchange->retry_after_ms >= 0 ? exchange->retry_after_ms : backoff_ms(run->retries);

	if ((status != 429 && (status < 502 || status > 504)) || !may_repeat(run))
		return false;
	return repeat_after(run, wait_ms, arena_format(run->arena, "status %d", status), ret_wait_ms);
}

bool retry_failure(struct http_run *run, const struct transfer_result *result, int64_t *ret_wait_ms)
{
	switch (result->end) {
	case END_NO_NAME:
	case END_REFUSED:
	case END_UNREACHABLE:
	case END_CONNECT_TIMEOUT:
	case END_RESET:
	case END_CLOSED:
	case END_PROXY:
	case END_TLS_CLOSED:
		break;
	default:
		return false;
	}
	if (run->answering || !may_repeat(run))
		return false;
	return repeat_after(run, backoff_ms(run->retries), failure_cause(run, result), ret_wait_ms);
}

enum http_step choose_step(struct http_run *run)
{
	const struct http_exchange *exchange = run->exchange;
	int64_t wait_ms;

	if (exchange->status == 401 && gate_renew(run)) {
		run->wake_at_ms = clock_monotonic_ms();
		return STEP_REPEAT;
	}
	switch (exchange->status) {
	case 301:
	case 302:
	case 303:
	case 307:
	case 308:
		if (text_map_get(&exchange->answer_headers, "location") == NULL)
			return STEP_DELIVER;
		return follow_redirect(run) ? STEP_REDIRECT : STEP_FAIL;
	default:
		if (!retry_answer(run, &wait_ms))
			return STEP_DELIVER;
		run->wake_at_ms = clock_monotonic_ms() + wait_ms;
		return STEP_REPEAT;
	}
}

static bool refuse_redirect(struct http_run *run, const char *reason)
{
	fail(&run->exchange->error, ERROR_PLANE_REDIRECT, "a redirect of %s was refused",
	     url_origin(run->arena, &run->origin));
	error_cause(&run->exchange->error, "%s", reason);
	return false;
}

/* A server that is verified as tls.server_name calls itself so in absolute redirects: that is the same place. */
static void undo_server_name(const struct http_run *run, struct url *target)
{
	const char *name = run->exchange->access.tls.server_name;

	if (name != NULL && strcasecmp(target->host, name) == 0 && target->port == run->origin.port &&
	    strcmp(target->scheme, run->origin.scheme) == 0)
		target->host = run->origin.host;
}

/* RFC 9110 §15.4: 303 asks for GET, and so do 301 and 302 after POST; the others repeat the request as it was. */
static bool becomes_get(const struct http_run *run)
{
	int status = run->exchange->status;

	if (strcmp(run->method, "GET") == 0 || strcmp(run->method, "HEAD") == 0)
		return false;
	return status == 303 || ((status == 301 || status == 302) && strcmp(run->method, "POST") == 0);
}

bool follow_redirect(struct http_run *run)
{
	const struct http_exchange *exchange = run->exchange;
	const char *location = text_map_get(&exchange->answer_headers, "location");
	struct url target;
	struct error malformed;

	if (run->redirects >= MOST_REDIRECTS)
		return refuse_redirect(run, "more than 5 redirects in a row");
	if (!url_resolve(run->arena, &run->target, location, &target, &malformed))
		return refuse_redirect(run, arena_format(run->arena, "its Location is no usable URL: %s",
		                                         malformed.message));
	undo_server_name(run, &target);
	if (!url_same_origin(&run->origin, &target))
		return refuse_redirect(run, arena_format(run->arena, "it leads to another origin, %s",
		                                         url_origin(run->arena, &target)));
	/* behind a gateway other paths of the same origin belong to somebody else, and the credential opens them too */
	if (exchange->inside != NULL &&
	    (!text_starts(target.path, exchange->inside) || !url_check_path(target.path, &malformed)))
		return refuse_redirect(run, "it leads out of the paths that belong to the one who answers");
	if (becomes_get(run)) {
		run->method = "GET";
		run->bodyless = true;
	} else if (exchange->read_body != NULL) {
		return refuse_redirect(run, "it asks for the body once more, and a streamed body is sent once");
	}
	run->redirects++;
	run->target = target;
	run->wake_at_ms = clock_monotonic_ms();
	log_detail(run->http->options.log, "%s: redirected by %d to %s", url_origin(run->arena, &run->origin),
	           exchange->status, target.path);
	return true;
}
