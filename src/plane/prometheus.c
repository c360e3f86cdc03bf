/* One POST for each query; the same client asks Prometheus and Mimir, which differ in their base and in the tenant. */
#include "fops/plane/prometheus.h"

#include <math.h>

#include "fops/asset/endpoint_request.h"
#include "fops/base/arena.h"
#include "fops/base/buffer.h"
#include "fops/contract/rule.h"
#include "fops/contract/stack.h"
#include "prometheus_answer.h"

#define USUAL_TIMEOUT_MS 10000
#define LONGEST_ANSWER   ((size_t)16 * 1024 * 1024)
#define LONGEST_QUERY    ((size_t)64 * 1024)
#define METRIC_PLANES    "prometheus|mimir"

struct asking {
	struct metric_query *query;
	struct endpoint_request request;
};

/* application/x-www-form-urlencoded */
static void add_pair(struct buffer *form, const char *name, const char *value)
{
	buffer_format(form, "%s%s=", form->len == 0 ? "" : "&", name);
	for (; *value != '\0'; value++) {
		if (isalnum((unsigned char)*value) || strchr("-._~", *value) != NULL)
			buffer_byte(form, *value);
		else
			buffer_format(form, "%%%02X", (unsigned)(unsigned char)*value);
	}
}

/* Seconds with three decimals: instants since 1970, and steps. */
static void add_seconds(struct buffer *form, const char *name, int64_t ms)
{
	char text[32];

	(void)snprintf(text, sizeof text, "%lld.%03lld", (long long)(ms / 1000), (long long)(ms % 1000));
	add_pair(form, name, text);
}

static const char *form_of(struct arena *arena, const struct metric_query *query, int64_t timeout_ms)
{
	struct buffer form = BUFFER(4 * LONGEST_QUERY);
	const char *text;

	add_pair(&form, "query", query->query);
	if (query->step.ms > 0) {
		add_seconds(&form, "start", query->from.unix_ms);
		add_seconds(&form, "end", query->to.unix_ms);
		add_seconds(&form, "step", query->step.ms);
	} else if (query->at.unix_ms > 0) {
		add_seconds(&form, "time", query->at.unix_ms);
	}
	add_seconds(&form, "timeout", timeout_ms);
	text = arena_text(arena, buffer_string(&form), form.len);
	buffer_done(&form);
	return text;
}

const char *prometheus_number(struct arena *arena, double value)
{
	const char *text = "NaN";

	if (isinf(value))
		return value < 0 ? "-Inf" : "+Inf";
	if (fabs(value) < 1e15 && !(fabs(value - (double)(int64_t)value) > 0))
		return arena_format(arena, "%lld", (long long)value);
	for (int digits = 6; !isnan(value) && digits <= 17; digits++) {
		text = arena_format(arena, "%.*g", digits, value);
		if (digits == 17 || !(fabs(strtod(text, NULL) - value) > 0))
			break;
	}
	return text;
}

static bool no_endpoint(const struct asset_context *context, const char *id, struct error *err)
{
	size_t count = topology_count(context->topology, KIND_ENDPOINT);
	const char **names = arena_array(context->arena, count, sizeof *names);
	const char *near;

	for (size_t i = 0; i < count; i++)
		names[i] = topology_id(context->topology, KIND_ENDPOINT, i);
	near = text_suggest(context->arena, id, names, count);
	fail(err, ERROR_NOT_FOUND, "the topology has no endpoint %s", id);
	if (near != NULL)
		error_cause(err, "did you mean %s?", near);
	error_object(err, "endpoint/%s", id);
	error_fix(err, "fops endpoints list");
	return false;
}

/* Metrics have planes of their own (R14); another one is not even asked. */
static bool check_plane(const struct asset_context *context, const char *id, struct error *err)
{
	struct endpoint endpoint;
	size_t index;

	if (!topology_find(context->topology, KIND_ENDPOINT, id, &index))
		return no_endpoint(context, id, err);
	if (!topology_read_endpoint(context->topology, index, context->arena, &endpoint, err))
		return false;
	if (text_in_choices(METRIC_PLANES, endpoint.plane))
		return true;
	fail(err, ERROR_CONTRACT_INVALID, "endpoint %s cannot be asked for metrics: its plane is %s", id,
	     endpoint.plane);
	error_cause(err, "%s: %s", rule_rows[RULE_R14].id, rule_rows[RULE_R14].text);
	error_fix(err, "Name an endpoint of plane prometheus or mimir.");
	error_object(err, "endpoint/%s", id);
	return false;
}

static bool check_query(const struct metric_query *query, struct error *err)
{
	size_t len = strlen(query->query);

	if (len == 0 || len > LONGEST_QUERY)
		return fail(err, ERROR_DATA, len == 0 ? "the query is empty" : "the query is longer than 64 KiB");
	if (!is_utf8(query->query, len, NULL))
		return fail(err, ERROR_DATA, "the query is not UTF-8");
	if (query->step.ms > 0 && query->from.unix_ms > query->to.unix_ms)
		return fail(err, ERROR_DATA, "the range of the query ends before it begins");
	if (query->tenant != NULL && !tenant_is_valid(query->tenant)) {
		fail(err, ERROR_DATA, "the tenant cannot be sent");
		error_cause(err, "a tenant has at most 150 letters, digits and ! - _ . * ' ( )");
		return false;
	}
	return true;
}

/* A wrong base answers pages of its own; the API answers also its refusals in JSON. */
static void explain_refusal(const struct metric_query *query, const struct endpoint_request *request, struct error *err)
{
	(void)endpoint_request_judge(request,
	                             arena_format(request->context->arena, "the query on endpoint %s", query->endpoint),
	                             err);
	error_object(err, "endpoint/%s", query->endpoint);
	if (request->status == 404)
		error_fix(err, "Give executorUrl the whole base of the API; Mimir's ends with /prometheus.");
	else if (request->status == 401 && query->tenant == NULL)
		error_fix(err, "Name the tenant (X-Scope-OrgID), or check the endpoint's credential.");
}

static bool take_answer(struct metric_query *query, const struct endpoint_request *request, struct error *err)
{
	struct arena *arena = request->context->arena;
	bool good = request->status >= 200 && request->status <= 299;

	if (!good && !prometheus_is_answer(arena, request->body, request->body_len)) {
		explain_refusal(query, request, err);
		return false;
	}
	if (prometheus_read_answer(arena, query->endpoint, request->status, request->body, request->body_len,
	                           &query->answer, err))
		return true;
	err->retry_after_ms = request->retry_after_ms;
	return false;
}

static void answered(struct endpoint_request *request)
{
	struct asking *asking = request->user;
	struct metric_query *query = asking->query;

	query->latency_us = request->latency_us;
	query->failed = request->failed;
	if (request->failed)
		query->error = request->error;
	else
		query->failed = !take_answer(query, request, &query->error);
	if (query->failed && query->error.object[0] == '\0')
		error_object(&query->error, "endpoint/%s", query->endpoint);
	query->on_done(query);
}

bool prometheus_query_start(struct asset_context *context, struct metric_query *query, struct error *err)
{
	struct asking *asking = arena_alloc(context->arena, sizeof *asking);
	struct endpoint_request *request = &asking->request;
	int64_t timeout_ms = query->timeout.ms > 0 ? query->timeout.ms : USUAL_TIMEOUT_MS;

	if (!check_query(query, err) || !check_plane(context, query->endpoint, err))
		return false;
	asking->query = query;
	*request = (struct endpoint_request){
		.context = context,
		.endpoint = query->endpoint,
		.method = "POST",
		.path = query->step.ms > 0 ? "/api/v1/query_range" : "/api/v1/query",
		.data = form_of(context->arena, query, timeout_ms),
		.harmless = true,
		.timeout_ms = timeout_ms,
		.most_bytes = LONGEST_ANSWER,
		.on_done = answered,
		.user = asking,
	};
	request->data_len = strlen(request->data);
	text_list_add(context->arena, &request->headers, "Content-Type: application/x-www-form-urlencoded");
	text_list_add(context->arena, &request->headers, "Accept: application/json");
	if (query->tenant != NULL)
		text_list_add(context->arena, &request->headers,
		              arena_format(context->arena, "X-Scope-OrgID: %s", query->tenant));
	if (!endpoint_request_start(request, err))
		return false;
	query->state = asking;
	return true;
}

void prometheus_query_cancel(struct metric_query *query)
{
	struct asking *asking = query->state;

	if (asking != NULL)
		endpoint_request_cancel(&asking->request);
}
