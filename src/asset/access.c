/* Only executorUrl is ever used here: public and internal URLs are for others. */
#include "access.h"

#include "fops/base/arena.h"
#include "fops/base/file.h"
#include "fops/contract/secret_ref.h"
#include "jwt.h"

#define TOKEN_AGE_MS   60000
#define LONGEST_TOKEN  ((size_t)64 * 1024)
#define LONGEST_CA     ((size_t)1024 * 1024)
#define ACCESS_LIMIT   ((size_t)16 * 1024 * 1024)
#define SERVICE_FOLDER "/var/run/secrets/kubernetes.io/serviceaccount"

static bool no_executor(const char *id, const char *cause, struct error *err)
{
	fail(err, ERROR_ASSET_NO_EXECUTOR, "endpoint %s cannot be used by machines", id);
	error_cause(err, "%s", cause);
	error_object(err, "endpoint/%s", id);
	return false;
}

static void keep_older(struct access *access)
{
	size_t last = ARRAY_LEN(access->older) - 1;

	secret_free(access->older[last]);
	memmove(&access->older[1], &access->older[0], last * sizeof access->older[0]);
	access->older[0] = access->token;
}

/* The file's text without the newline that editors put at its end. */
static bool take_token(struct access *access, const char *path, struct str text, struct error *err)
{
	while (text.len > 0 && strchr(" \t\r\n", text.data[text.len - 1]) != NULL)
		text.len--;
	if (text.len == 0)
		return fail(err, ERROR_SECRET_UNRESOLVED, "the token file %s is empty", path);
	if (!secret_allowed(text.data, path, err))
		return false;
	keep_older(access);
	access->token = secret_new(text.data, text.len);
	access->http.credential = access->token;
	access->read_at_ms = clock_monotonic_ms();
	return true;
}

static bool read_token_file(struct access *access, struct error *err)
{
	CLEANUP(arena_cleanup) struct arena *scratch = arena_new(2 * LONGEST_TOKEN);
	const char *path = text_equal(access->endpoint.auth.mode, "in-cluster") ? SERVICE_FOLDER "/token"
	                                                                        : access->endpoint.auth.token_file;
	struct error unread;
	struct str text;
	bool good;

	if (path == NULL)
		return fail(err, ERROR_CONTRACT_INVALID, "endpoint %s names no tokenFile", access->endpoint.id);
	if (!file_read(scratch, path, LONGEST_TOKEN, &text, &unread)) {
		fail(err, ERROR_SECRET_UNRESOLVED, "the token of endpoint %s cannot be read", access->endpoint.id);
		error_cause(err, "%s", unread.message);
		return false;
	}
	good = take_token(access, path, text, err);
	explicit_bzero((void *)(uintptr_t)text.data, text.len);
	return good;
}

static bool has_token_file(const struct access *access)
{
	return text_in_choices("token-file|in-cluster", access->endpoint.auth.mode);
}

/* The API server as a pod knows it. */
static bool find_cluster(struct access *access, struct error *err)
{
	const char *host = getenv("KUBERNETES_SERVICE_HOST");
	const char *port = getenv("KUBERNETES_SERVICE_PORT");
	struct str text;

	if (host == NULL || port == NULL || *host == '\0' || *port == '\0')
		return no_executor(access->endpoint.id,
		                   "auth mode in-cluster works only in a pod: KUBERNETES_SERVICE_HOST is not set", err);
	access->endpoint.executor_url =
	        arena_format(access->arena, strchr(host, ':') != NULL ? "https://[%s]:%s" : "https://%s:%s", host,
	                     port);
	if (access->endpoint.tls.ca != NULL)
		return true;
	if (!file_read(access->arena, SERVICE_FOLDER "/ca.crt", LONGEST_CA, &text, err))
		return false;
	access->endpoint.tls.ca = text.data;
	return true;
}

static bool prepare(struct access *access, struct error *err)
{
	const struct endpoint *endpoint = &access->endpoint;

	if (text_equal(endpoint->auth.mode, "in-cluster") && !find_cluster(access, err))
		return false;
	if (endpoint->executor_url == NULL)
		return no_executor(endpoint->id, "it has no executorUrl", err);
	access->http.tls = (struct http_tls){ .ca = endpoint->tls.ca,
		                              .pin = endpoint->tls.pin,
		                              .server_name = endpoint->tls.server_name,
		                              .fingerprint = endpoint->tls.fingerprint,
		                              .only_1_3 = text_equal(endpoint->tls.minimum_version, "1.3") };
	access->http.proxy = endpoint->proxy_url;
	if (endpoint->rate.present) {
		access->rate = (struct http_rate){ endpoint->rate.requests, endpoint->rate.period.ms,
			                           endpoint->rate.burst, 0 };
		access->http.rate = &access->rate;
	}
	if (!url_parse(access->arena, endpoint->executor_url, &access->url, err))
		return false;
	return has_token_file(access) ? read_token_file(access, err) : access_authorise(access, err);
}

static void close_access(struct access *access)
{
	secret_free(access->token);
	secret_free(access->certificate);
	secret_free(access->key);
	secret_free(access->access_key);
	grant_free(access->http.grant);
	for (size_t i = 0; i < ARRAY_LEN(access->older); i++)
		secret_free(access->older[i]);
	arena_free(access->arena);
}

bool access_open(struct asset_context *context, const char *endpoint_id, struct access **ret_access, struct error *err)
{
	struct asset_context *owner = asset_owner(context);
	struct access *access;
	struct arena *arena;
	size_t index;

	for (access = owner->accesses; access != NULL; access = access->next) {
		if (text_equal(access->endpoint.id, endpoint_id)) {
			*ret_access = access;
			return true;
		}
	}
	if (!topology_find(context->topology, KIND_ENDPOINT, endpoint_id, &index))
		return no_executor(endpoint_id, "the topology has no endpoint of that id", err);
	arena = arena_new(ACCESS_LIMIT);
	access = arena_alloc(arena, sizeof *access);
	access->arena = arena;
	if (!topology_read_endpoint(context->topology, index, arena, &access->endpoint, err) || !prepare(access, err)) {
		close_access(access);
		return false;
	}
	access->next = owner->accesses;
	owner->accesses = access;
	*ret_access = access;
	return true;
}

void access_close_all(struct asset_context *context)
{
	while (context->accesses != NULL) {
		struct access *access = context->accesses;

		context->accesses = access->next;
		close_access(access);
	}
}

/* An OIDC token says itself how long it is good. */
static bool check_expiry(const struct access *access, struct error *err)
{
	struct instant expires;

	if (!text_equal(access->endpoint.auth.mode, "oidc-token") ||
	    !jwt_expiry(secret_expose(access->token, NULL), &expires) || expires.unix_ms > clock_now().unix_ms)
		return true;
	fail(err, ERROR_PLANE_AUTH, "the token of endpoint %s has expired", access->endpoint.id);
	error_cause(err, "its time was over at %s", instant_format(access->arena, expires, false));
	error_fix(err, "Put a fresh ID token into %s.", access->endpoint.auth.secret_ref);
	return false;
}

bool access_refresh(struct access *access, struct error *err)
{
	if (has_token_file(access) && clock_monotonic_ms() - access->read_at_ms > TOKEN_AGE_MS)
		return read_token_file(access, err);
	return check_expiry(access, err);
}

bool access_renew(struct access *access)
{
	struct error ignored;
	const struct secret *before = access->token;

	if (!has_token_file(access) || !read_token_file(access, &ignored))
		return false;
	return strcmp(secret_expose(before, NULL), secret_expose(access->token, NULL)) != 0;
}

void access_prepare(const struct asset_context *context, const struct access *access, struct http_exchange *exchange)
{
	exchange->access = access->http;
	exchange->deadline = context->deadline;
	exchange->most_retries = context->most_retries;
}

bool executor_open(struct asset_context *context, const struct runtime_asset *asset, struct access **ret_access,
                   struct error *err)
{
	if (asset->executor_ref != NULL)
		return access_open(context, asset->executor_ref, ret_access, err);
	fail(err, ERROR_ASSET_NO_EXECUTOR, "%s has no executor", asset->asset_id);
	error_cause(err, "its contract has no executorRef");
	error_object(err, "runtime-asset/%s", asset->asset_id);
	return false;
}
