/* Who asks: the modes of authentication of an Endpoint, and the rules between their members. */
#include "check.h"
#include "fops/base/arena.h"
#include "pattern.h"
#include "url_rule.h"

#define MOST_SCOPES 64

const char endpoint_exec_refused[] = "a program that gives credentials is refused: fops starts no program that a "
                                     "document names";
static const char exec_fix[] = "write a token into a secret reference, or use fops infra import-kubeconfig";

static const struct field_variant auth_modes[] = {
	{ "bearer", .needs = "secretRef" },
	{ "basic", .needs = "user|secretRef" },
	{ "api-key", .needs = "header|secretRef" },
	{ "oidc-client", .needs = "tokenUrl|clientId|secretRef", .takes = "scopes|audience" },
	{ "signed", .needs = "accessKeyRef|secretRef|region", .takes = "service" },
	{ "token-file", .needs = "tokenFile" },
	{ "oidc-token", .needs = "secretRef" },
	{ "client-certificate", .needs = "certificateRef|keyRef" },
	{ "api-token", .needs = "tokenId|secretRef" },
	{ "exec", .refused = endpoint_exec_refused, .fix = exec_fix },
	{ 0 },
};

const struct field endpoint_auth_fields[] = {
	{ "mode", SLOT(struct endpoint_auth, mode), .preset = "none",
	  .choices = "none|bearer|basic|api-key|client-certificate|oidc-client|signed|token-file|oidc-token|in-cluster|"
	             "api-token|exec",
	  .variants = auth_modes,
	  .text = "how a request is authenticated; exec, a program that gives credentials, is always refused" },
	{ "secretRef", SLOT(struct endpoint_auth, secret_ref), FIELD_SECRET_REF,
	  .text = "secret reference to the token of bearer, oidc-token, api-token and api-key, the password of basic, "
	          "the "
	          "client's secret of oidc-client, the secret access key of signed",
	  .example = "env://EXECUTOR_TOKEN" },
	{ "tokenFile", SLOT(struct endpoint_auth, token_file), FIELD_PATH, .pattern = PATTERN_PATH,
	  .text = "the whole path of token-file's file, read anew when it is a minute old and after a refusal" },
	{ "certificateRef", SLOT(struct endpoint_auth, certificate_ref), FIELD_SECRET_REF,
	  .text = "secret reference to the certificate of client-certificate, PEM text" },
	{ "keyRef", SLOT(struct endpoint_auth, key_ref), FIELD_SECRET_REF,
	  .text = "secret reference to the private key of client-certificate, PEM text" },
	{ "tokenId", SLOT(struct endpoint_auth, token_id), FIELD_NOT_EMPTY, .pattern = PATTERN_TOKEN_ID,
	  .text = "the name of api-token: USER@REALM!NAME", .example = "fops@pve!control" },
	{ "user", SLOT(struct endpoint_auth, user), FIELD_NOT_EMPTY, .pattern = PATTERN_USER,
	  .text = "who asks with basic", .example = "fops" },
	{ "header", SLOT(struct endpoint_auth, header), FIELD_NOT_EMPTY, .pattern = PATTERN_HEADER,
	  .text = "the header that carries the token of api-key, in lower case", .example = "x-api-key" },
	{ "tokenUrl", SLOT(struct endpoint_auth, token_url), FIELD_URL, .pattern = PATTERN_TOKEN_URL,
	  .text = "the token endpoint of oidc-client (client credentials, RFC 6749 section 4.4)",
	  .example = "https://id.example.net/realms/core/protocol/openid-connect/token" },
	{ "clientId", SLOT(struct endpoint_auth, client_id), FIELD_NOT_EMPTY, .pattern = PATTERN_PRINTABLE,
	  .text = "who oidc-client is for the token endpoint", .example = "fops" },
	{ "scopes", SLOT(struct endpoint_auth, scopes), FIELD_DISTINCT, .pattern = PATTERN_SCOPE, .most = MOST_SCOPES,
	  .text = "what oidc-client asks for, at most 64", .example = "read" },
	{ "audience", SLOT(struct endpoint_auth, audience), FIELD_NOT_EMPTY, .pattern = PATTERN_PRINTABLE,
	  .text = "whom the token of oidc-client is for", .example = "https://executor.example.net" },
	{ "accessKeyRef", SLOT(struct endpoint_auth, access_key_ref), FIELD_SECRET_REF,
	  .text = "secret reference to the id of signed's access key", .example = "env://S3_ACCESS_KEY" },
	{ "region", SLOT(struct endpoint_auth, region), FIELD_NOT_EMPTY, .pattern = PATTERN_REGION,
	  .text = "the region that signed requests name (AWS Signature Version 4)", .example = "us-east-1" },
	{ "service", SLOT(struct endpoint_auth, service), FIELD_NOT_EMPTY, .pattern = PATTERN_REGION, .preset = "s3",
	  .text = "the service that signed requests name" },
	{ 0 },
};

static bool is_letter(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

/* "USER@REALM!NAME" of Proxmox: nothing that would end the header's value or split it at another place. */
static bool is_token_id(const char *text)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	size_t user = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+-");
	const char *realm = text + user + 1;
	size_t realm_len, name_len;

	if (user == 0 || user > 64 || strchr(".+-", text[0]) != NULL || text[user] != '@')
		return false;
	realm_len = strspn(realm, plain);
	if (realm_len < 2 || realm_len > 32 || !is_letter(realm[0]) || realm[realm_len] != '!')
		return false;
	realm += realm_len + 1;
	name_len = strspn(realm, plain);
	return name_len >= 2 && name_len <= 128 && is_letter(realm[0]) && realm[name_len] == '\0';
}

/* What binds the way of asking to the rest of the endpoint; which members each mode has is the table's. */
static void check_mode(const struct rule_scope *scope, const struct endpoint *endpoint)
{
	const struct endpoint_auth *auth = &endpoint->auth;
	bool in_cluster = text_equal(auth->mode, "in-cluster");

	if (in_cluster && endpoint->plane != NULL && !text_equal(endpoint->plane, "kubernetes"))
		rule_break(scope, RULE_FORM, "auth.mode", "write plane: kubernetes, or another mode",
		           "auth mode in-cluster is for plane kubernetes only");
	if (text_equal(auth->mode, "api-token") && endpoint->plane != NULL && !text_equal(endpoint->plane, "proxmox"))
		rule_break(scope, RULE_FORM, "auth.mode", "write plane: proxmox, or another mode",
		           "auth mode api-token is for plane proxmox only");
	if (in_cluster && value_member(scope->spec, "executorUrl") != NULL)
		rule_break(scope, RULE_FORM, "executorUrl", "remove it, or write another auth mode",
		           "auth mode in-cluster takes the API server from the pod's own environment");
	if (text_equal(auth->mode, "client-certificate") && endpoint->executor_url != NULL &&
	    text_starts(endpoint->executor_url, "http://"))
		rule_break(scope, RULE_FORM, "executorUrl", "write an https URL",
		           "a client certificate is only shown over TLS");
}

/* Headers that frame the message, belong to the connection or mean something themselves carry no key. */
static bool is_key_header(const char *name)
{
	static const char *const fronts[] = { "content-", "accept-", "if-", "transfer-", "proxy-", "x-amz-" };
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

	for (size_t i = 0; i < ARRAY_LEN(fronts); i++) {
		if (text_starts(name, fronts[i]))
			return false;
	}
	return len <= 64 && name[len] == '\0' && name[0] >= 'a' &&
	       !text_in_choices("authorization|host|connection|cookie|expect|keep-alive|te|trailer|upgrade|user-agent|"
	                        "date|range|accept|via|forwarded|referer|origin",
	                        name);
}

/* Printable ASCII from `first` on, without the bytes of `without`. */
static bool is_printable(const char *text, char first, const char *without, size_t most)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++) {
		if (text[i] < first || text[i] > '~' || strchr(without, text[i]) != NULL)
			return false;
	}
	return len > 0 && len <= most;
}

static bool is_region(const char *text)
{
	return strlen(text) <= 64 && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(text);
}

static bool is_given(const char *text)
{
	return text != NULL && text[0] != '\0';
}

static void check_token_url(const struct rule_scope *scope, const char *url)
{
	const char *wrong = NULL;
	struct str host;

	if (url == NULL || (!text_starts(url, "http://") && !text_starts(url, "https://")))
		return;
	wrong = text_starts(url, "https://") ? url_rule_base(url, &host)
	                                     : "must be https: the client's secret goes there";
	if (wrong != NULL)
		rule_break(scope, RULE_FORM, "auth.tokenUrl", "write the whole https URL of the token endpoint",
		           "auth.tokenUrl %s", wrong);
}

static void check_client(const struct rule_scope *scope, struct arena *arena, const struct endpoint_auth *auth)
{
	static const char printable[] = "write printable ASCII, at most 512 characters";

	check_token_url(scope, auth->token_url);
	if (is_given(auth->client_id) && !is_printable(auth->client_id, ' ', "", 512))
		rule_break(scope, RULE_FORM, "auth.clientId", printable, "auth.clientId holds other characters");
	if (is_given(auth->audience) && !is_printable(auth->audience, ' ', "", 512))
		rule_break(scope, RULE_FORM, "auth.audience", printable, "auth.audience holds other characters");
	for (size_t i = 0; i < auth->scopes.count; i++) {
		if (!is_printable(auth->scopes.items[i], '!', "\"\\", 256))
			rule_break(scope, RULE_FORM, arena_format(arena, "auth.scopes[%zu]", i),
			           "write one scope an entry, without blanks and quotation marks",
			           "not a scope of RFC 6749 section 3.3");
	}
	if (auth->scopes.count > MOST_SCOPES)
		rule_break(scope, RULE_FORM, "auth.scopes", "keep at most 64", "%zu scopes are too many",
		           auth->scopes.count);
}

static void check_auth(const struct rule_scope *scope, struct arena *arena, const struct endpoint_auth *auth)
{
	secret_ref_check(scope, arena, "auth.accessKeyRef", auth->access_key_ref);
	check_client(scope, arena, auth);
	if (is_given(auth->user) && !is_printable(auth->user, ' ', ":", 256))
		rule_break(scope, RULE_FORM, "auth.user", "write the user alone",
		           "auth.user holds a colon or other characters");
	if (is_given(auth->header) && !is_key_header(auth->header))
		rule_break(scope, RULE_FORM, "auth.header", "write the header's name in lower case, such as x-api-key",
		           "not a header that may carry a key");
	if (is_given(auth->region) && !is_region(auth->region))
		rule_break(scope, RULE_FORM, "auth.region", "write a name such as us-east-1",
		           "not the name of a region");
	if (is_given(auth->service) && !is_region(auth->service))
		rule_break(scope, RULE_FORM, "auth.service", "write a name such as s3", "not the name of a service");
	secret_ref_check(scope, arena, "auth.secretRef", auth->secret_ref);
	secret_ref_check(scope, arena, "auth.certificateRef", auth->certificate_ref);
	secret_ref_check(scope, arena, "auth.keyRef", auth->key_ref);
	path_check(scope, "auth.tokenFile", auth->token_file);
	if (auth->token_id != NULL && auth->token_id[0] != '\0' && !is_token_id(auth->token_id))
		rule_break(scope, RULE_FORM, "auth.tokenId",
		           "write the id that pveum token list prints, such as fops@pve!control",
		           "not the id of an API token: expected USER@REALM!NAME");
}

void endpoint_auth_check(const struct rule_scope *scope, struct arena *arena, const struct endpoint *endpoint)
{
	check_auth(scope, arena, &endpoint->auth);
	check_mode(scope, endpoint);
}
