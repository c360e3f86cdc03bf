/* doctor: every endpoint and every asset at once, and what their answers tell of names, clocks and certificates. */
#include <arpa/inet.h>

#include "../topology_access.h"
#include "doctor.h"
#include "fops/asset/check.h"
#include "fops/asset/endpoint_survey.h"
#include "fops/base/arena.h"
#include "fops/cli/progress.h"
#include "fops/cli/settings.h"

/* A server's Date has whole seconds, so less than two is no difference. */
#define SKEW_WARNING_MS 2000
#define SKEW_BAD_MS     30000

struct reach {
	struct doctor *doctor;
	struct asset_context context;
	struct endpoint *endpoints;
	const struct endpoint_result *results;
	size_t count;
	struct runtime_asset *assets;
	struct check_result *verdicts;
	size_t asset_count;
	struct progress *progress;
	size_t done;
	int signal;
};

/* --- names --- */

/* The host of a base URL, NULL when it is an address. In arena. */
static const char *host_name(struct arena *arena, const char *url)
{
	const char *host = strstr(url, "://");
	struct in_addr address;
	const char *name;

	if (host == NULL || host[3] == '[')
		return NULL;
	host += 3;
	name = arena_text(arena, host, strcspn(host, ":/?#"));
	return name[0] == '\0' || inet_pton(AF_INET, name, &address) == 1 ? NULL : name;
}

static const char *host_of(struct reach *reach, const struct endpoint *endpoint)
{
	const char *url = endpoint_url(endpoint, URL_EXECUTOR);

	return url == NULL ? NULL : host_name(reach->doctor->call->arena, url);
}

/* --- what is to be asked --- */

/* Rows about an endpoint that somebody wants; all names become known. */
static bool wants_endpoint(struct reach *reach, const struct endpoint *endpoint)
{
	static const char *const groups[] = { "endpoint", "tls", "clock" };
	struct doctor *doctor = reach->doctor;
	const char *host = host_of(reach, endpoint);
	bool wanted = host != NULL && doctor_wants(doctor, doctor_name(doctor, "dns", host));

	for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
		if (doctor_wants(doctor, doctor_name(doctor, groups[i], endpoint->id)))
			wanted = true;
	}
	return wanted;
}

static bool read_wanted(struct reach *reach, struct error *err)
{
	struct doctor *doctor = reach->doctor;
	struct arena *arena = doctor->call->arena;
	size_t endpoints = topology_count(doctor->topology, KIND_ENDPOINT);
	size_t assets = topology_count(doctor->topology, KIND_RUNTIME_ASSET);

	reach->endpoints = arena_array(arena, endpoints + 1, sizeof *reach->endpoints);
	for (size_t i = 0; i < endpoints; i++) {
		if (!topology_read_endpoint(doctor->topology, i, arena, &reach->endpoints[reach->count], err))
			return false;
		reach->count += wants_endpoint(reach, &reach->endpoints[reach->count]) ? 1 : 0;
	}
	reach->assets = arena_array(arena, assets + 1, sizeof *reach->assets);
	for (size_t i = 0; i < assets; i++) {
		const char *id = topology_id(doctor->topology, KIND_RUNTIME_ASSET, i);

		if (!doctor_wants(doctor, doctor_name(doctor, "asset", id)))
			continue;
		if (!topology_read_asset(doctor->topology, i, arena, &reach->assets[reach->asset_count++], err))
			return false;
	}
	reach->verdicts = arena_array(arena, reach->asset_count + 1, sizeof *reach->verdicts);
	return true;
}

/* --- asking --- */

static void signalled(void *user, int number)
{
	struct reach *reach = user;

	if (reach->signal == 0 && number != SIGWINCH)
		reach->signal = number;
}

static void ended(void *user, size_t i, const struct endpoint_result *result)
{
	struct reach *reach = user;

	(void)i;
	(void)result;
	progress_report(reach->progress, ++reach->done, reach->count, "endpoints checked");
}

static void cut_short(struct reach *reach, enum error_id id)
{
	struct doctor *doctor = reach->doctor;

	if (doctor->cut)
		return;
	doctor->cut = true;
	fail(&doctor->error, id,
	     id == ERROR_TIMEOUT ? "not everything was checked in time" : "the checks were interrupted");
	error_effect(&doctor->error, "nothing was changed");
}

/* The survey's exchanges go on while the assets are looked at, because both turn the same loop. */
static bool ask(struct reach *reach, struct endpoint_survey *survey, struct error *err)
{
	struct asset_context *context = &reach->context;
	bool good = true, ignored;

	if (reach->asset_count > 0 &&
	    !check_assets(context, reach->assets, reach->asset_count, reach->verdicts, &ignored, err)) {
		if (err->id != ERROR_INTERRUPTED && err->id != ERROR_TERMINATED && err->id != ERROR_TIMEOUT)
			return false;
		cut_short(reach, err->id);
	}
	if (!loop_catch_signals(context->loop, signalled, reach, err))
		return false;
	while (good && !reach->doctor->cut && endpoint_survey_is_open(survey)) {
		if (reach->signal != 0)
			cut_short(reach, reach->signal == SIGINT ? ERROR_INTERRUPTED : ERROR_TERMINATED);
		else if (deadline_passed(context->deadline))
			cut_short(reach, ERROR_TIMEOUT);
		else
			good = loop_turn(context->loop, context->deadline, err);
	}
	return good;
}

/* Exchanges end by themselves at the limit: what is unknown then was cut by it. */
static void note_limit(struct reach *reach)
{
	bool unknown = false;

	for (size_t i = 0; i < reach->count; i++)
		unknown = unknown || text_equal(reach->results[i].state, "unknown");
	for (size_t i = 0; i < reach->asset_count; i++)
		unknown = unknown || text_equal(reach->verdicts[i].state, "unknown");
	if (unknown && deadline_passed(reach->context.deadline))
		cut_short(reach, ERROR_TIMEOUT);
}

static bool ask_all(struct reach *reach, struct error *err)
{
	struct endpoint_survey *survey = NULL;
	bool good;

	reach->progress = progress_start(reach->doctor->call);
	if (!endpoint_survey_start(&reach->context, reach->endpoints, reach->count, ended, reach, &survey, err)) {
		progress_end(reach->progress);
		return false;
	}
	good = ask(reach, survey, err);
	progress_end(reach->progress);
	endpoint_survey_end(survey, "no answer before the end of the checks", error_codes[ERROR_TIMEOUT].fix);
	reach->results = endpoint_survey_results(survey);
	note_limit(reach);
	return good;
}

/* --- rows --- */

static void add_endpoint(struct reach *reach, const struct endpoint_result *result)
{
	struct doctor *doctor = reach->doctor;
	struct doctor_row row = { .check = doctor_name(doctor, "endpoint", result->id),
		                  .state = DOCTOR_OK,
		                  .code = "ok",
		                  .time_ms = result->latency_ms.present ? result->latency_ms : DOCTOR_NO_TIME,
		                  .found = arena_format(doctor->call->arena, "%s: reached %s, authorised %s, ready %s",
		                                        result->state, result->reached, result->authorised,
		                                        result->ready) };

	if (text_equal(result->state, "none")) {
		row.state = DOCTOR_SKIPPED;
		row.code = "endpoint.nothing-to-ask";
		row.cause = result->cause != NULL ? result->cause : "it has no executor URL or no health contract";
	} else if (endpoint_state_is_bad(result->state)) {
		row.state = DOCTOR_BAD;
		row.code = text_equal(result->authorised, "no")
		                   ? "endpoint.unauthorised"
		                   : arena_format(doctor->call->arena, "endpoint.%s", result->state);
		row.cause = result->cause;
		row.fix = result->fix;
	}
	doctor_add(doctor, row);
}

static void add_certificate(struct reach *reach, const struct endpoint_result *result)
{
	struct doctor *doctor = reach->doctor;
	struct arena *arena = doctor->call->arena;
	struct doctor_row row = { .check = doctor_name(doctor, "tls", result->id),
		                  .state = DOCTOR_OK,
		                  .code = "ok",
		                  .time_ms = DOCTOR_NO_TIME };
	const char *end = instant_format(arena, result->tls_expires, false);

	if (!result->tls_days.present || end == NULL)
		return;
	row.found = arena_format(arena, "until %s", end);
	if (result->tls_days.value < 0) {
		row.state = DOCTOR_BAD;
		row.code = "tls.expired";
		row.cause = arena_format(arena, "the server's certificate expired at %s", end);
	} else if (result->tls_days.value < DOCTOR_EXPIRY_DAYS) {
		row.state = DOCTOR_WARNING;
		row.code = "tls.expires-soon";
		row.cause = arena_format(arena, "the server's certificate expires at %s", end);
	}
	if (row.cause != NULL)
		row.fix = "Renew the certificate on the server.";
	doctor_add(doctor, row);
}

static void add_clock(struct reach *reach, const struct endpoint_result *result)
{
	struct doctor *doctor = reach->doctor;
	struct arena *arena = doctor->call->arena;
	struct doctor_row row = { .check = doctor_name(doctor, "clock", result->id),
		                  .state = DOCTOR_OK,
		                  .code = "ok",
		                  .time_ms = DOCTOR_NO_TIME };
	int64_t skew = result->clock_skew_ms.value;
	int64_t amount = skew < 0 ? -skew : skew;

	if (!result->clock_skew_ms.present)
		return;
	row.found = arena_format(arena, "%lld s", (long long)(skew / 1000));
	if (amount > SKEW_WARNING_MS) {
		row.state = amount > SKEW_BAD_MS ? DOCTOR_BAD : DOCTOR_WARNING;
		row.code = "clock.skew";
		row.cause = arena_format(arena, "the server's clock is %s %s this machine's",
		                         format_duration(arena, amount), skew < 0 ? "behind" : "ahead of");
		row.fix = "Synchronise the clock that is wrong; timedatectl shows this machine's.";
	}
	doctor_add(doctor, row);
}

/* A connection means that the name was found; the cause says when it was not. */
static void add_name(struct reach *reach, const char *host, const struct endpoint *endpoint,
                     const struct endpoint_result *result)
{
	struct doctor *doctor = reach->doctor;
	struct arena *arena = doctor->call->arena;
	const char *unresolved = arena_format(arena, "the name %s cannot be resolved", host);
	struct doctor_row row = { .check = doctor_name(doctor, "dns", host),
		                  .state = DOCTOR_SKIPPED,
		                  .code = "dns.unknown",
		                  .time_ms = DOCTOR_NO_TIME,
		                  .cause = "nothing was heard of it" };

	if (endpoint->proxy_url != NULL) {
		row.code = "dns.proxy";
		row.cause = "its proxy looks the name up";
	} else if (result->cause != NULL && strstr(result->cause, unresolved) != NULL) {
		row.state = DOCTOR_BAD;
		row.code = "dns.unresolved";
		row.cause = unresolved;
		row.fix = "Correct the host of executorUrl, or the name service.";
	} else if (text_equal(result->reached, "yes") || (text_equal(result->reached, "no") && result->cause != NULL &&
	                                                  strstr(result->cause, "not yet connected") == NULL)) {
		row.state = DOCTOR_OK;
		row.code = "ok";
		row.cause = NULL;
	}
	doctor_add(doctor, row);
}

/* Each host once, by the endpoint that tells most of it. */
static void add_names(struct reach *reach)
{
	struct arena *arena = reach->doctor->call->arena;
	const char **hosts = arena_array(arena, reach->count + 1, sizeof *hosts);

	for (size_t i = 0; i < reach->count; i++)
		hosts[i] = host_of(reach, &reach->endpoints[i]);
	for (size_t i = 0; i < reach->count; i++) {
		size_t best = i;

		if (hosts[i] == NULL)
			continue;
		for (size_t j = i + 1; j < reach->count; j++) {
			if (!text_equal(hosts[j], hosts[i]))
				continue;
			if (text_equal(reach->results[j].reached, "yes"))
				best = j;
			hosts[j] = NULL;
		}
		add_name(reach, hosts[i], &reach->endpoints[best], &reach->results[best]);
	}
}

static void add_asset(struct reach *reach, const struct check_result *verdict)
{
	struct doctor *doctor = reach->doctor;
	struct arena *arena = doctor->call->arena;
	struct doctor_row row = { .check = doctor_name(doctor, "asset", verdict->asset_id),
		                  .state = DOCTOR_OK,
		                  .code = "ok",
		                  .time_ms = verdict->latency_ms.present ? verdict->latency_ms : DOCTOR_NO_TIME,
		                  .found = arena_format(arena, "%s: machine %s, health %s", verdict->state,
		                                        verdict->machine, verdict->health) };

	if (!text_equal(verdict->state, "ok")) {
		row.state = DOCTOR_BAD;
		row.code = arena_format(arena, "asset.%s", verdict->state);
		row.cause = verdict->cause;
		row.fix = verdict->fix;
	}
	doctor_add(doctor, row);
}

static void add_rows(struct reach *reach)
{
	for (size_t i = 0; i < reach->count; i++)
		add_endpoint(reach, &reach->results[i]);
	for (size_t i = 0; i < reach->count; i++)
		add_certificate(reach, &reach->results[i]);
	for (size_t i = 0; i < reach->count; i++)
		add_clock(reach, &reach->results[i]);
	add_names(reach);
	for (size_t i = 0; i < reach->asset_count; i++)
		add_asset(reach, &reach->verdicts[i]);
}

static void skip_rest(struct doctor *doctor)
{
	static const char *const groups[] = { "endpoint", "tls", "clock", "dns", "asset" };

	for (size_t i = 0; i < ARRAY_LEN(groups); i++)
		doctor_add(doctor, (struct doctor_row){ .check = groups[i],
		                                        .state = DOCTOR_SKIPPED,
		                                        .code = "topology.none",
		                                        .cause = doctor->no_topology });
}

/* What keeps all requests from being made, such as authorities that cannot be read, is one finding. */
static bool add_refusal(struct doctor *doctor, const struct error *err)
{
	if (err->id == ERROR_INTERNAL || err->id == ERROR_INTERNAL_MEMORY)
		return false;
	doctor_add(doctor, (struct doctor_row){ .check = "endpoint",
	                                        .state = DOCTOR_BAD,
	                                        .code = error_codes[err->id].name,
	                                        .cause = doctor_cause(doctor, err),
	                                        .fix = doctor_fix(doctor, err) });
	return true;
}

bool doctor_reach(struct doctor *doctor, struct error *err)
{
	/* a signal may still be told to it when the loop is closed */
	struct reach *reach = arena_alloc(doctor->call->arena, sizeof *reach);
	bool done;

	if (doctor->topology == NULL) {
		skip_rest(doctor);
		return true;
	}
	reach->doctor = doctor;
	if (!read_wanted(reach, err))
		return false;
	if (reach->count == 0 && reach->asset_count == 0)
		return true;
	if (!asset_access_open(doctor->call, doctor->topology, &reach->context, err))
		return false;
	done = ask_all(reach, err);
	if (done)
		add_rows(reach);
	else
		done = add_refusal(doctor, err);
	asset_access_close(&reach->context);
	return done;
}
