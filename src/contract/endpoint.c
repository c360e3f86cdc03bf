/* Endpoint: its fields, and the rules inside one endpoint. */
#include "fops/contract/endpoint.h"

#include "check.h"
#include "fops/base/arena.h"
#include "fops/contract/kind.h"
#include "url_rule.h"

#define PIN_LEN 44 /* base64 of 32 bytes */

static const struct field auth_fields[] = {
	{ "mode", SLOT(struct endpoint_auth, mode), .preset = "none",
	  .choices = "none|bearer|token-file|oidc-token|client-certificate|in-cluster|api-token|exec",
	  .text = "how a request is authenticated; exec, a program that gives credentials, is always refused" },
	{ "secretRef", SLOT(struct endpoint_auth, secret_ref), FIELD_SECRET_REF,
	  .text = "secret reference to the token of bearer, oidc-token and api-token",
	  .example = "env://EXECUTOR_TOKEN" },
	{ "tokenFile", SLOT(struct endpoint_auth, token_file), FIELD_PATH,
	  .text = "the file of token-file, read anew when it is a minute old and after a refusal" },
	{ "certificateRef", SLOT(struct endpoint_auth, certificate_ref), FIELD_SECRET_REF,
	  .text = "secret reference to the certificate of client-certificate, PEM text" },
	{ "keyRef", SLOT(struct endpoint_auth, key_ref), FIELD_SECRET_REF,
	  .text = "secret reference to the private key of client-certificate, PEM text" },
	{ "tokenId", SLOT(struct endpoint_auth, token_id), FIELD_NOT_EMPTY,
	  .text = "the name of api-token", .example = "fops@pve!control" },
	{ 0 },
};

static const struct field tls_fields[] = {
	{ "ca", SLOT(struct endpoint_tls, ca), FIELD_NOT_EMPTY,
	  .text = "certificates in PEM that are trusted instead of the system's" },
	{ "pin", SLOT(struct endpoint_tls, pin), .text = "SHA-256 of the server's public key: sha256//BASE64",
	  .example = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" },
	{ "serverName", SLOT(struct endpoint_tls, server_name), FIELD_NOT_EMPTY,
	  .text = "the name that the server's certificate must carry", .example = "executor.example.net" },
	{ "fingerprint", SLOT(struct endpoint_tls, fingerprint), FIELD_NOT_EMPTY,
	  .text = "SHA-256 of the server's whole certificate, trusted instead of authorities and names: 32 bytes in "
	          "hexadecimal with colons" },
	{ 0 },
};

const struct field endpoint_fields[] = {
	{ "id", SLOT(struct endpoint, id), FIELD_REQUIRED | FIELD_IDENTIFIER | FIELD_UNIQUE,
	  .text = "the endpoint's own name; never a raw address", .example = "langboard-executor" },
	{ "plane", SLOT(struct endpoint, plane), FIELD_REQUIRED | FIELD_IDENTIFIER,
	  .text = "the external system behind it", .example = "langboard" },
	{ "auth", SLOT_EMBEDDED(struct endpoint, auth), FIELD_REQUIRED, .fields = auth_fields,
	  .text = "how requests are authenticated" },
	{ "health", SLOT_EMBEDDED(struct endpoint, health), .fields = health_fields,
	  .present_offset = offsetof(struct endpoint, health.present),
	  .text = "the health contract of the executor URL" },
	{ "publicUrl", SLOT(struct endpoint, public_url), FIELD_URL,
	  .text = "for people: a domain, never a raw address or localhost; no user info, query or fragment",
	  .example = "https://board.example.net" },
	{ "executorUrl", SLOT(struct endpoint, executor_url), FIELD_URL,
	  .text = "for machines: the only URL that runtime-asset control uses; no user info, query or fragment",
	  .example = "https://executor.example.net:8443" },
	{ "internalUrl", SLOT(struct endpoint, internal_url), FIELD_URL,
	  .text = "the default inside the cluster; no user info, query or fragment",
	  .example = "http://langboard.langboard.svc:8080" },
	{ "proxyUrl", SLOT(struct endpoint, proxy_url), FIELD_NOT_EMPTY,
	  .text = "the proxy in front of the executor URL: http, https or socks5h, without user info",
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

static void check_auth(const struct rule_scope *scope, struct arena *arena, const struct endpoint_auth *auth)
{
	if (text_equal(auth->mode, "bearer") && value_member(value_member(scope->spec, "auth"), "secretRef") == NULL)
		rule_break(scope, RULE_R16, "auth", "add secretRef: env://NAME", "auth mode bearer needs a secretRef");
	if (text_equal(auth->mode, "none") && auth->secret_ref != NULL)
		rule_break(scope, RULE_FORM, "auth.secretRef", "write mode: bearer, or remove it",
		           "auth mode none takes no secretRef");
	secret_ref_check(scope, arena, "auth.secretRef", auth->secret_ref);
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
}

void endpoint_check(struct arena *arena, const char *file, const struct value *spec, const void *record,
                    struct findings *findings)
{
	const struct endpoint *endpoint = record;
	struct rule_scope scope = { file, spec, findings };

	identity_check(&scope, "id", endpoint->id);
	check_auth(&scope, arena, &endpoint->auth);
	health_check(&scope, &endpoint->health);
	check_url(&scope, "publicUrl", endpoint->public_url, true);
	check_url(&scope, "executorUrl", endpoint->executor_url, false);
	check_url(&scope, "internalUrl", endpoint->internal_url, false);
	check_tls(&scope, &endpoint->tls);
}
