/* Reads the secrets that an auth mode names, once, into memory that is wiped. */
#include "access.h"
#include "fops/base/arena.h"
#include "fops/contract/secret_ref.h"

static bool read_secret(const struct access *access, const char *reference, struct secret **ret_secret,
                        struct error *err)
{
	const char *value;

	if (reference == NULL)
		return fail(err, ERROR_CONTRACT_INVALID, "endpoint %s names no secret reference", access->endpoint.id);
	if (!secret_ref_read(access->arena, reference, &value, err))
		return false;
	*ret_secret = secret_new(value, strlen(value));
	return true;
}

/* bearer, oidc-token, api-token, api-key, basic: one secret, shown in different ways. */
static bool use_token(struct access *access, struct error *err)
{
	const struct endpoint_auth *auth = &access->endpoint.auth;

	if (!read_secret(access, auth->secret_ref, &access->token, err))
		return false;
	if (text_equal(auth->mode, "api-token"))
		access->http.scheme = arena_format(access->arena, "PVEAPIToken=%s=", auth->token_id);
	if (text_equal(auth->mode, "api-key"))
		access->http.header = auth->header;
	if (text_equal(auth->mode, "basic"))
		access->http.user = auth->user;
	access->http.credential = access->token;
	return true;
}

static bool use_certificate(struct access *access, struct error *err)
{
	const struct endpoint_auth *auth = &access->endpoint.auth;

	if (!read_secret(access, auth->certificate_ref, &access->certificate, err) ||
	    !read_secret(access, auth->key_ref, &access->key, err))
		return false;
	access->http.tls.certificate = access->certificate;
	access->http.tls.key = access->key;
	return true;
}

/* The token's server is trusted like the executor; what tells the executor's own certificate is for it alone. */
static bool use_client(struct access *access, struct error *err)
{
	const struct endpoint_auth *auth = &access->endpoint.auth;
	struct grant_options options = {
		.token_url = auth->token_url,
		.client_id = auth->client_id,
		.scopes = auth->scopes,
		.audience = auth->audience,
		.tls = { .ca = access->http.tls.ca, .only_1_3 = access->http.tls.only_1_3 },
		.proxy = access->http.proxy,
	};
	struct url url;

	if (!url_parse(access->arena, auth->token_url, &url, err) ||
	    !read_secret(access, auth->secret_ref, &access->token, err))
		return false;
	if (url_same_origin(&url, &access->url))
		options.tls = access->http.tls;
	options.client_secret = access->token;
	access->http.grant = grant_new(access->arena, &options);
	return true;
}

static bool use_signature(struct access *access, struct error *err)
{
	const struct endpoint_auth *auth = &access->endpoint.auth;

	if (!read_secret(access, auth->access_key_ref, &access->access_key, err) ||
	    !read_secret(access, auth->secret_ref, &access->token, err))
		return false;
	access->signer = (struct sigv4_key){ access->access_key, access->token, auth->region, auth->service };
	access->http.signer = &access->signer;
	return true;
}

static const struct {
	const char *mode;
	bool (*use)(struct access *access, struct error *err);
} modes[] = {
	{ "bearer", use_token },       { "oidc-token", use_token }, { "api-token", use_token },
	{ "api-key", use_token },      { "basic", use_token },      { "client-certificate", use_certificate },
	{ "oidc-client", use_client }, { "signed", use_signature },
};

bool access_authorise(struct access *access, struct error *err)
{
	const char *mode = access->endpoint.auth.mode;

	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		if (text_equal(modes[i].mode, mode))
			return modes[i].use(access, err);
	}
	return !text_equal(mode, "exec") ||
	       fail(err, ERROR_CONTRACT_INVALID, "endpoint %s asks for a credential program", access->endpoint.id);
}
