/* Which members of a health contract mean something for its protocol. */
#include "health_part.h"

#define PART(member) SLOT(struct health_part, member)

const struct column health_part_columns[] = {
	{ "protocol", "PROTOCOL", PART(protocol), 0, "how it is asked", "http|mcp|kafka|tcp", NULL, 0 },
	{ "method", "METHOD", PART(method), 0, "method of the request", "GET|HEAD", NULL, 0 },
	{ "path", "PATH", PART(path), 0, "path below the executor URL", NULL, NULL, 0 },
	{ "query", "QUERY", PART(query), 0, "parameters of the request", NULL, NULL, 0 },
	{ "status", "STATUS", PART(status), 0, "expected status", NULL, NULL, 0 },
	{ "pointer", "POINTER", PART(pointer), 0, "JSON Pointer into the answer", NULL, NULL, 0 },
	{ "value", "VALUE", PART(value), 0, "expected value at the pointer", NULL, NULL, 0 },
	{ "body", "BODY", PART(body), 0, "expected body", NULL, NULL, 0 },
	{ "body_starts", "BODY STARTS", PART(body_starts), 0, "expected beginning of the body", NULL, NULL, 0 },
	{ "timeout_ms", "TIMEOUT", PART(timeout_ms), 0, "limit of the request", NULL, NULL, 0 },
	{ "max_latency_ms", "MAX LATENCY", PART(max_latency_ms), 0, "slower answers are degraded", NULL, NULL, 0 },
	{ "version_from", "VERSION FROM", PART(version_from), 0, "where the answer tells its version", NULL, NULL, 0 },
	{ 0 },
};

struct health_part health_part_of(const struct health *health)
{
	struct health_part part = { 0 };
	bool over_http = text_equal(health->protocol, "http");

	if (!health->present)
		return part;
	part.protocol = health->protocol;
	part.timeout_ms = (struct optional_int){ health->timeout.ms, true };
	part.max_latency_ms = health->max_latency_ms;
	if (over_http || text_equal(health->protocol, "mcp"))
		part.path = health->path;
	if (!over_http)
		return part;
	part.method = health->method;
	part.query = health->query;
	part.status = (struct optional_int){ health->expect.status, true };
	part.pointer = health->expect.pointer;
	part.value = health->expect.value;
	part.body = health->expect.body;
	part.body_starts = health->expect.body_starts;
	part.version_from = health->version_from;
	return part;
}
