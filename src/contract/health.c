/* The health contract's tables: what a document may say of a request and its answer. */
#include "fops/contract/health.h"

#include "check.h"
#include "pattern.h"

#define LONGEST_BODY 4096

static const struct field expect_fields[] = {
	{ "status", SLOT(struct health_expect, status), .preset = "200", .minimum = 100, .maximum = 599,
	  .text = "the HTTP status of a healthy answer", .example = "204" },
	{ "pointer", SLOT(struct health_expect, pointer), .pattern = PATTERN_POINTER,
	  .text = "JSON Pointer (RFC 6901) to the value of the answer that is judged", .example = "/status" },
	{ "value", SLOT(struct health_expect, value), FIELD_SCALAR, .requires = "pointer",
	  .text = "what stands there: a text, number, boolean or null; without it, anything but null",
	  .example = "ok" },
	{ "body", SLOT(struct health_expect, body), .excludes = "bodyStarts",
	  .text = "the whole body, without blanks and newlines at its end", .example = "ok" },
	{ "bodyStarts", SLOT(struct health_expect, body_starts), FIELD_NOT_EMPTY, .text = "how the body begins",
	  .example = "Prometheus" },
	{ 0 },
};

/* Only http has more to say than where it goes. */
static const struct field_variant protocols[] = {
	{ "http", .takes = "method|path|query|expect|versionFrom" },
	{ "mcp", .takes = "path" },
	{ "kafka", .needs = NULL },
	{ "tcp", .needs = NULL },
	{ 0 },
};

const struct field health_fields[] = {
	{ "preset", SLOT(struct health, preset), .choices = HEALTH_PRESET_CHOICES,
	  .excludes = "protocol|method|path|query|expect|versionFrom",
	  .text = "the built-in contract of a product; beside it only timeout and maxLatencyMs stand",
	  .example = "openbao" },
	{ "protocol", SLOT(struct health, protocol), .choices = "http|mcp|kafka|tcp", .preset = "http",
	  .variants = protocols,
	  .text = "http; mcp: initialize over Streamable HTTP, then DELETE; kafka: ApiVersions; tcp: a connection "
	          "alone" },
	{ "method", SLOT(struct health, method), .choices = "GET|HEAD", .preset = "GET",
	  .text = "the request's method; HEAD has no body for a pointer" },
	{ "path", SLOT(struct health, path), FIELD_PATH, .pattern = PATTERN_REQUEST,
	  .text = "the path below the executor URL, without query, fragment and dot segments; beside protocol it may "
	          "be left out",
	  .example = "/health" },
	{ "query", SLOT(struct health, query), .most = MOST_QUERY, .text = "parameters of the request, at most 32",
	  .example = "strict: true" },
	{ "expect", SLOT_EMBEDDED(struct health, expect), .fields = expect_fields,
	  .text = "what a healthy answer looks like" },
	{ "timeout", SLOT(struct health, timeout), .preset = "5s", .minimum = 1, .maximum = 600000,
	  .text = "how long to wait for the answer", .example = "2s" },
	{ "maxLatencyMs", SLOT(struct health, max_latency_ms), .minimum = 1, .maximum = 600000,
	  .text = "an answer that takes more milliseconds is degraded", .example = "500" },
	{ "versionFrom", SLOT(struct health, version_from), .pattern = PATTERN_VERSION_FROM,
	  .text = "where the answer tells its version: a JSON Pointer, body (its first line), or header:NAME",
	  .example = "/version" },
	{ 0 },
};
