/* Endpoint: its fields, and the rules inside one endpoint. */
#include "fops/contract/endpoint.h"

#include "check.h"
#include "fops/base/arena.h"
#include "fops/contract/kind.h"
#include "pattern.h"
#include "url_rule.h"

#define PIN_LEN         44 /* base64 of 32 bytes */
#define FINGERPRINT_LEN 95 /* 32 pairs and the colons between them */

const char endpoint_exec_refused[] = "a program that gives credentials is refused: fops starts no program that a "
                                     "document names";
static const char exec_fix[] = "write a token into a secret reference, or use fops infra import-kubeconfig";

static const struct field_variant auth_modes[] = {
	{ "bearer", .needs = "secretRef" },
	{ "token-file", .needs = "tokenFile" },
	{ "oidc-token", .needs = "secretRef" },
	{ "client-certificate", .needs = "certificateRef|keyRef" },
	{ "api-token", .needs = "tokenId|secretRef" },
	{ "exec", .refused = endpoint_exec_refused, .fix = exec_fix },
	{ 0 },
};

static const struct field auth_fields[] = {
	{ "mode", SLOT(struct endpoint_auth, mode), .preset = "none",
	  .choices = "none|bearer|token-file|oidc-token|client-certificate|in-cluster|api-token|exec",
	  .variants = auth_modes,
	  .text = "how a request is authenticated; exec, a program that gives credentials, is always refused" },
	{ "secretRef", SLOT(struct endpoint_auth, secret_ref), FIELD_SECRET_REF,
	  .text = "secret reference to the token of bearer, oidc-token and api-token",
	  .example = "env://EXECUTOR_TOKEN" },
	{ "tokenFile", SLOT(struct endpoint_auth, token_file), FIELD_PATH, .pattern = PATTERN_PATH,
	  .text = "the whole path of token-file's file, read anew when it is a minute old and after a refusal" },
	{ "certificateRef", SLOT(struct endpoint_auth, certificate_ref), FIELD_SECRET_REF,
	  .text = "secret reference to the certificate of client-certificate, PEM text" },
	{ "keyRef", SLOT(struct endpoint_auth, key_ref), FIELD_SECRET_REF,
	  .text = "secret reference to the private key of client-certificate, PEM text" },
	{ "tokenId", SLOT(struct endpoint_auth, token_id), FIELD_NOT_EMPTY, .pattern = PATTERN_TOKEN_ID,
	  .text = "the name of api-token: USER@REALM!NAME", .example = "fops@pve!control" },
	{ 0 },
};

static const struct field tls_fields[] = {
	{ "ca", SLOT(struct endpoint_tls, ca), FIELD_NOT_EMPTY, .pattern = PATTERN_CA,
	  .text = "certificates in PEM that are trusted instead of the system's" },
	{ "pin", SLOT(struct endpoint_tls, pin), .pattern = PATTERN_PIN,
	  .text = "SHA-256 of the server's public key: sha256//BASE64",
	  .example = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" },
	{ "serverName", SLOT(struct endpoint_tls, server_name), FIELD_NOT_EMPTY, .pattern = PATTERN_SERVER_NAME,
	  .text = "the name that the server's certificate must carry", .example = "executor.example.net" },
	{ "fingerprint", SLOT(struct endpoint_tls, fingerprint), FIELD_NOT_EMPTY, .pattern = PATTERN_FINGERPRINT,
	  .excludes = "ca|pin|serverName",
	  .text = "SHA-256 of the server's whole certificate, trusted instead of authorities and names and never "
	          "beside ca, pin and serverName: 32 bytes in hexadecimal with colons" },
	{ 0 },
};

const struct field endpoint_fields[] = {
	{ "id", SLOT(struct endpoint, id), FIELD_REQUIRED | FIELD_IDENTIFIER | FIELD_UNIQUE,
	  .pattern = PATTERN_IDENTITY, .text = "the endpoint's own name; never a raw address",
	  .example = "langboard-executor" },
	{ "plane", SLOT(struct endpoint, plane), FIELD_REQUIRED | FIELD_IDENTIFIER,
	  .text = "the external system behind it", .example = "langboard" },
	{ "auth", SLOT_EMBEDDED(struct endpoint, auth), FIELD_REQUIRED, .fields = auth_fields,
	  .text = "how requests are authenticated" },
	{ "health", SLOT_EMBEDDED(struct endpoint, health), .fields = health_fields,
	  .present_offset = offsetof(struct endpoint, health.present),
	  .text = "the health contract of the executor URL" },
	{ "publicUrl", SLOT(struct endpoint, public_url), FIELD_URL, .pattern = PATTERN_PUBLIC_URL,
	  .text = "for people: a domain, never a raw address or localhost; no user info, query or fragment",
	  .example = "https://board.example.net" },
	{ "executorUrl", SLOT(struct endpoint, executor_url), FIELD_URL, .pattern = PATTERN_URL,
	  .text = "for machines: the only URL that runtime-asset control uses; no user info, query or fragment",
	  .example = "https://executor.example.net:8443" },
	{ "internalUrl", SLOT(struct endpoint, internal_url), FIELD_URL, .pattern = PATTERN_URL,
	  .text = "the default inside the cluster; no user info, query or fragment",
	  .example = "http://langboard.langboard.svc:8080" },
	{ "proxyUrl", SLOT(struct endpoint, proxy_url), FIELD_NOT_EMPTY, .pattern = PATTERN_PROXY,
	  .requires = "executorUrl",
	  .text = "the proxy in front of the executor URL: http, https or socks5h, host and port and no more",
	  .example = "http://proxy.example.net:3128" },
	{ "tls", SLOT_EMBEDDED(struct endpoint, tls), .fields = tls_fields, .text = "how the server proves itself" },
	{ 0 },
};

static void check_url(const struct rule_scope *scope, const char *path, const char *url, bool for_people)
{
	const char *wrong;
	struct str host;

	/* what has no scheme was already found by the table */
	if (url == NULL || (!text_starts(url, "http://") && !text_starts(url, "https://")))
		return;
	wrong = url_rule_base(url, &host);
	if (wrong != NULL)
		rule_break(scope, RULE_FORM, path, "write a base URL such as https://name.example.net", "%s %s", path,
		           wrong);
	else if (for_people && url_rule_is_raw(host))
		rule_break(scope, RULE_R07, path, "use the domain name; machines use executorUrl",
		           "%s leads to the raw address %.*s", path, (int)host.len, host.data);
}

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

static void check_auth(const struct rule_scope *scope, struct arena *arena, const struct endpoint_auth *auth)
{
	secret_ref_check(scope, arena, "auth.secretRef", auth->secret_ref);
	secret_ref_check(scope, arena, "auth.certificateRef", auth->certificate_ref);
	secret_ref_check(scope, arena, "auth.keyRef", auth->key_ref);
	path_check(scope, "auth.tokenFile", auth->token_file);
	if (auth->token_id != NULL && auth->token_id[0] != '\0' && !is_token_id(auth->token_id))
		rule_break(scope, RULE_FORM, "auth.tokenId",
		           "write the id that pveum token list prints, such as fops@pve!control",
		           "not the id of an API token: expected USER@REALM!NAME");
}

static void check_proxy(const struct rule_scope *scope, const struct endpoint *endpoint)
{
	const char *wrong = endpoint->proxy_url == NULL || endpoint->proxy_url[0] == '\0'
	                            ? NULL
	                            : url_rule_proxy(endpoint->proxy_url);

	if (wrong != NULL)
		rule_break(scope, RULE_FORM, "proxyUrl", "write a URL such as http://proxy.example.net:3128",
		           "proxyUrl %s", wrong);
}

/* One certificate or more, and nothing that must stay private. */
static const char *pem_wrong(const char *text)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----";
	static const char end[] = "-----END CERTIFICATE-----";
	static const char body[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n";
	const char *at = strstr(text, begin);

	if (strstr(text, "PRIVATE KEY-----") != NULL)
		return "holds a private key; a contract never holds one";
	if (at == NULL)
		return "is not a certificate in PEM";
	for (; at != NULL; at = strstr(at, begin)) {
		size_t len;

		at += sizeof begin - 1;
		len = strspn(at, body);
		if (len < 4 || !text_starts(at + len, end))
			return "has a certificate that is empty, cut off or not base64";
	}
	return NULL;
}

static bool is_pin(const char *pin)
{
	static const char scheme[] = "sha256//";

	return text_starts(pin, scheme) && is_base64(pin + sizeof scheme - 1, PIN_LEN, PIN_LEN);
}

/* As openssl prints it. */
static bool is_fingerprint(const char *text)
{
	if (strlen(text) != FINGERPRINT_LEN)
		return false;
	for (size_t i = 0; i < FINGERPRINT_LEN; i++) {
		if (i % 3 == 2 ? text[i] != ':' : strchr("0123456789abcdefABCDEF", text[i]) == NULL)
			return false;
	}
	return true;
}

static bool is_server_name(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= 253 && name[0] != '.' && name[0] != '-' &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_") == len;
}

static void check_tls(const struct rule_scope *scope, const struct endpoint_tls *tls)
{
	const char *wrong = tls->ca == NULL || tls->ca[0] == '\0' ? NULL : pem_wrong(tls->ca);

	if (wrong != NULL)
		rule_break(scope, RULE_FORM, "tls.ca",
		           "paste the certificates of the authority with their BEGIN and END lines", "tls.ca %s",
		           wrong);
	if (tls->pin != NULL && !is_pin(tls->pin))
		rule_break(scope, RULE_FORM, "tls.pin",
		           "write sha256// and the base64 of the key's SHA-256, 44 characters",
		           "tls.pin is not sha256//BASE64 of 32 bytes");
	if (tls->server_name != NULL && tls->server_name[0] != '\0' && !is_server_name(tls->server_name))
		rule_break(scope, RULE_FORM, "tls.serverName", "write the name alone",
		           "tls.serverName is no host name");
	if (tls->fingerprint != NULL && tls->fingerprint[0] != '\0' && !is_fingerprint(tls->fingerprint))
		rule_break(scope, RULE_FORM, "tls.fingerprint", "take it from openssl x509 -noout -fingerprint -sha256",
		           "tls.fingerprint is not 32 bytes in hexadecimal with colons");
}

void endpoint_check(struct arena *arena, const char *file, const struct value *spec, const void *record,
                    struct findings *findings)
{
	const struct endpoint *endpoint = record;
	struct rule_scope scope = { file, spec, findings };

	identity_check(&scope, "id", endpoint->id);
	check_auth(&scope, arena, &endpoint->auth);
	check_mode(&scope, endpoint);
	health_check(&scope, &endpoint->health);
	check_url(&scope, "publicUrl", endpoint->public_url, true);
	check_url(&scope, "executorUrl", endpoint->executor_url, false);
	check_url(&scope, "internalUrl", endpoint->internal_url, false);
	check_proxy(&scope, endpoint);
	check_tls(&scope, &endpoint->tls);
}
