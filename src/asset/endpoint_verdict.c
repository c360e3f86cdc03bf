/* Three separate facts, reached, authorised and ready, and the one word that sums them up. */
#include "endpoint_verdict.h"

#include "fops/base/arena.h"

#define DAY_MS ((int64_t)24 * 3600 * 1000)

static bool is(const struct health_probe *probe, enum probe_answer answer)
{
	return probe != NULL && probe->answer == answer;
}

static bool either(const struct health_probe *a, const struct health_probe *b, enum probe_answer answer)
{
	return is(a, answer) || is(b, answer);
}

/* Something at the address spoke our protocol. */
static bool has_answered(const struct health_probe *probe)
{
	return is(probe, PROBE_HEALTHY) || is(probe, PROBE_WRONG) || is(probe, PROBE_REFUSED) ||
	       is(probe, PROBE_LED_AWAY) || is(probe, PROBE_BROKEN);
}

static void fill_facts(const struct health_probe *liveness, const struct health_probe *readiness,
                       struct endpoint_result *result)
{
	bool reached = has_answered(liveness) || has_answered(readiness);
	bool unreached = either(liveness, readiness, PROBE_UNREACHED);

	result->reached = reached ? "yes" : unreached ? "no" : "unknown";
	result->authorised = "unknown";
	if (either(liveness, readiness, PROBE_REFUSED) || either(liveness, readiness, PROBE_DENIED))
		result->authorised = "no";
	else if (either(liveness, readiness, PROBE_HEALTHY))
		result->authorised = "yes";
	result->ready = "unknown";
	if (is(readiness, PROBE_HEALTHY))
		result->ready = "yes";
	else if (is(readiness, PROBE_WRONG) || is(readiness, PROBE_LED_AWAY) || is(readiness, PROBE_BROKEN) ||
	         is(readiness, PROBE_UNREACHED))
		result->ready = "no";
}

static bool is_failed(const struct health_probe *probe)
{
	return is(probe, PROBE_WRONG) || is(probe, PROBE_LED_AWAY) || is(probe, PROBE_BROKEN) ||
	       is(probe, PROBE_UNREACHED);
}

static const struct health_probe *slow_one(const struct health_probe *probe)
{
	const struct optional_int *most = probe == NULL ? NULL : &probe->health->max_latency_ms;

	return most != NULL && most->present && probe->latency_ms.present && probe->latency_ms.value > most->value
	               ? probe
	               : NULL;
}

static const char *state_of(const struct health_probe *liveness, const struct health_probe *readiness,
                            const struct endpoint_result *result)
{
	if (either(liveness, readiness, PROBE_UNASKED) || either(liveness, readiness, PROBE_DENIED))
		return "unknown";
	if (is_failed(liveness) || (!text_equal(result->reached, "yes") && is_failed(readiness)))
		return "down";
	if (either(liveness, readiness, PROBE_CUT))
		return "unknown";
	if (either(liveness, readiness, PROBE_REFUSED) || is_failed(readiness))
		return "degraded";
	if (slow_one(liveness) != NULL || slow_one(readiness) != NULL)
		return "degraded";
	return readiness != NULL ? "ok" : "live";
}

static bool says_more(const struct health_probe *probe)
{
	return probe != NULL && probe->cause != NULL;
}

/* The cause that decided: of a dead process its own, else what keeps it from being ready. */
static void fill_cause(struct arena *arena, const struct health_probe *liveness, const struct health_probe *readiness,
                       struct endpoint_result *result)
{
	const struct health_probe *first = text_equal(result->state, "down") ? liveness : readiness;
	const struct health_probe *other = first == liveness ? readiness : liveness;
	const struct health_probe *slow = slow_one(readiness) != NULL ? readiness : slow_one(liveness);
	const struct health_probe *speaker = says_more(first) ? first : says_more(other) ? other : NULL;

	if (speaker != NULL) {
		result->cause = speaker->cause;
		result->fix = speaker->fix;
	} else if (slow != NULL) {
		result->cause =
		        arena_format(arena, "answered after %lld ms, and at most %lld ms are allowed",
		                     (long long)slow->latency_ms.value, (long long)slow->health->max_latency_ms.value);
		result->fix = "Find out what is slow, or raise maxLatencyMs in the contract.";
	}
}

/* What both may know: the readiness request first. */
static void fill_rest(const struct health_probe *probe, struct endpoint_result *result)
{
	if (probe == NULL)
		return;
	if (!result->latency_ms.present)
		result->latency_ms = probe->latency_ms;
	if (result->version == NULL)
		result->version = probe->version;
	if (result->tls_expires.unix_ms == 0)
		result->tls_expires = probe->tls_expires;
	if (!result->clock_skew_ms.present)
		result->clock_skew_ms = probe->clock_skew_ms;
}

void endpoint_verdict(struct arena *arena, const struct health_probe *liveness, const struct health_probe *readiness,
                      struct endpoint_result *ret_result)
{
	int64_t left_ms;

	fill_facts(liveness, readiness, ret_result);
	ret_result->state = state_of(liveness, readiness, ret_result);
	fill_cause(arena, liveness, readiness, ret_result);
	fill_rest(readiness, ret_result);
	fill_rest(liveness, ret_result);
	if (ret_result->tls_expires.unix_ms == 0)
		return;
	left_ms = ret_result->tls_expires.unix_ms - clock_now().unix_ms;
	ret_result->tls_days =
	        (struct optional_int){ left_ms / DAY_MS - (left_ms < 0 && left_ms % DAY_MS != 0 ? 1 : 0), true };
}

void endpoint_unasked(const char *state, const char *cause, const char *fix, struct endpoint_result *ret_result)
{
	ret_result->state = state;
	ret_result->reached = "unknown";
	ret_result->authorised = "unknown";
	ret_result->ready = "unknown";
	ret_result->cause = cause;
	ret_result->fix = fix;
}

bool endpoint_state_is_bad(const char *state)
{
	return !text_in_choices("ok|live|none", state);
}
