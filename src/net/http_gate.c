/* What stands before every try: a token that must be fetched, and a rate that must be kept. Nothing sleeps here. */
#include "fops/base/arena.h"
#include "http_private.h"

/* The next one is due an interval behind the one before; a burst may run ahead by some intervals. */
static bool keep_rate(struct http_run *run, struct http_rate *rate)
{
	int64_t now_us = clock_monotonic_us();
	int64_t interval_us = rate->period_ms * 1000 / rate->requests;
	int64_t from_us = rate->due_us - (rate->burst - 1) * interval_us;

	run->gate.slowed = from_us > now_us;
	if (run->gate.slowed) {
		run->wake_at_ms = from_us / 1000 + 1;
		return false;
	}
	rate->due_us = (rate->due_us > now_us ? rate->due_us : now_us) + interval_us;
	return true;
}

enum gate_state gate_pass(struct http_run *run, struct error *err)
{
	const struct http_access *access = &run->exchange->access;
	enum gate_state state = GATE_OPEN;

	run->gate.waits = false;
	if (access->grant != NULL)
		state = grant_ask(run->http, access->grant, &run->gate, err);
	if (state == GATE_WAIT) {
		run->gate.waits = true;
		run->wake_at_ms = INT64_MAX;
	}
	if (state == GATE_OPEN && access->rate != NULL && !keep_rate(run, access->rate))
		return GATE_WAIT;
	return state;
}

bool gate_renew(struct http_run *run)
{
	struct http_grant *grant = run->exchange->access.grant;

	if (grant == NULL || run->gate.renewed || run->exchange->read_body != NULL)
		return false;
	run->gate.renewed = true;
	grant_refuse(grant, run->gate.serial);
	return true;
}

void gate_wake(struct http *http, const struct http_grant *grant)
{
	for (struct http_run *run = http->first; run != NULL; run = run->next) {
		if (run->gate.waits && run->exchange != NULL && run->exchange->access.grant == grant)
			run->wake_at_ms = clock_monotonic_ms();
	}
	http_schedule(http, 0);
}

const char *gate_phase(const struct http_run *run)
{
	const struct http_grant *grant = run->exchange->access.grant;

	if (run->transfer != NULL)
		return NULL;
	if (run->gate.waits && grant != NULL)
		return arena_format(run->arena, "waiting for a token of %s", grant_url(grant));
	return run->gate.slowed ? "waiting for its turn: the rate limit of the endpoint is used up" : NULL;
}
