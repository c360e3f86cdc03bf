/* Endpoint: its fields, and the rules inside one endpoint. */
#include "fops/contract/endpoint.h"

#include "check.h"
#include "fops/base/arena.h"
#include "fops/contract/kind.h"
#include "fops/contract/literal.h"
#include "pattern.h"
#include "url_rule.h"

#define PIN_LEN         44 /* base64 of 32 bytes */
#define FINGERPRINT_LEN 95 /* 32 pairs and the colons between them */

static const struct field tls_fields[] = {
	{ "ca", SLOT(struct endpoint_tls, ca), FIELD_NOT_EMPTY, .pattern = PATTERN_CA,
	  .text = "certificates in PEM that are trusted instead of the system's" },
	{ "pin", SLOT(struct endpoint_tls, pin), .pattern = PATTERN_PIN,
	  .text = "SHA-256 of the server's public key: sha256//BASE64",
	  .example = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" },
	{ "serverName", SLOT(struct endpoint_tls, server_name), FIELD_NOT_EMPTY, .pattern = PATTERN_SERVER_NAME,
	  .text = "the name that the server's certificate must carry", .example = "executor.example.net" },
	{ "minimumVersion", SLOT(struct endpoint_tls, minimum_version), .choices = "1.2|1.3", .preset = "1.2",
	  .text = "the oldest version of TLS that is spoken; a text, in quotation marks" },
	{ "fingerprint", SLOT(struct endpoint_tls, fingerprint), FIELD_NOT_EMPTY, .pattern = PATTERN_FINGERPRINT,
	  .excludes = "ca|pin|serverName",
	  .text = "SHA-256 of the server's whole certificate, trusted instead of authorities and names and never "
	          "beside ca, pin and serverName: 32 bytes in hexadecimal with colons" },
	{ 0 },
};

static const struct field rate_fields[] = {
	{ "requests", SLOT(struct endpoint_rate, requests), FIELD_REQUIRED, .minimum = 1, .maximum = 1000000,
	  .text = "how many requests may begin in each period", .example = "10" },
	{ "period", SLOT(struct endpoint_rate, period), .preset = "1s", .minimum = 1, .maximum = 86400000,
	  .text = "the length of a period" },
	{ "burst", SLOT(struct endpoint_rate, burst), .preset = "1", .minimum = 1, .maximum = 1000000,
	  .text = "how many requests may begin at once after a pause" },
	{ 0 },
};

const struct field endpoint_fields[] = {
	{ "id", SLOT(struct endpoint, id), FIELD_REQUIRED | FIELD_IDENTIFIER | FIELD_UNIQUE,
	  .pattern = PATTERN_IDENTITY, .text = "the endpoint's own name; never a raw address",
	  .example = "langboard-executor" },
	{ "plane", SLOT(struct endpoint, plane), FIELD_REQUIRED | FIELD_IDENTIFIER,
	  .text = "the external system behind it", .example = "langboard" },
	{ "auth", SLOT_EMBEDDED(struct endpoint, auth), FIELD_REQUIRED, .fields = endpoint_auth_fields,
	  .text = "how requests are authenticated" },
	{ "health", SLOT_EMBEDDED(struct endpoint, health), .fields = health_fields, .any_of = HEALTH_ANY_OF,
	  .present_offset = offsetof(struct endpoint, health.present),
	  .text = "the health contract of the executor URL: what liveness and readiness are when they are left out" },
	{ "liveness", SLOT_EMBEDDED(struct endpoint, liveness), .fields = health_fields, .any_of = HEALTH_ANY_OF,
	  .present_offset = offsetof(struct endpoint, liveness.present),
	  .text = "the request whose answer says that the process runs" },
	{ "readiness", SLOT_EMBEDDED(struct endpoint, readiness), .fields = health_fields, .any_of = HEALTH_ANY_OF,
	  .present_offset = offsetof(struct endpoint, readiness.present),
	  .text = "the request whose answer says that it does its work" },
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
	{ "rateLimit", SLOT_EMBEDDED(struct endpoint, rate), .fields = rate_fields,
	  .present_offset = offsetof(struct endpoint, rate.present),
	  .text = "how fast this program may ask, all its requests together" },
	{ "documentation", SLOT(struct endpoint, documentation), FIELD_URL, .pattern = PATTERN_LINK,
	  .text = "a link for people", .example = "https://openbao.org/docs/" },
	{ "owner", SLOT(struct endpoint, owner), FIELD_NOT_EMPTY, .text = "the team that answers for it",
	  .example = "platform" },
	{ "labels", SLOT(struct endpoint, labels), .name_pattern = PATTERN_LABEL_KEY, .most = MOST_LABELS,
	  .text = labels_text, .example = "tier: core" },
	{ 0 },
};

static const struct {
	const char *name;
	const char *field;
	size_t offset;
} url_kinds[URL_KIND_COUNT] = {
	[URL_PUBLIC] = { "public", "publicUrl", offsetof(struct endpoint, public_url) },
	[URL_EXECUTOR] = { "executor", "executorUrl", offsetof(struct endpoint, executor_url) },
	[URL_INTERNAL] = { "internal", "internalUrl", offsetof(struct endpoint, internal_url) },
};

const char *url_kind_name(enum url_kind kind)
{
	return url_kinds[kind].name;
}

const char *url_kind_field(enum url_kind kind)
{
	return url_kinds[kind].field;
}

const char *endpoint_url(const struct endpoint *endpoint, enum url_kind kind)
{
	return *(const char *const *)(const void *)((const char *)endpoint + url_kinds[kind].offset);
}

struct endpoint_health endpoint_health(struct arena *arena, const struct endpoint *endpoint)
{
	struct endpoint_health own = health_parts(arena, &endpoint->health);

	/* each is taken by itself: a part that its preset lacks is not replaced by another one's */
	if (endpoint->liveness.present)
		own.liveness = health_parts(arena, &endpoint->liveness).liveness;
	if (endpoint->readiness.present)
		own.readiness = health_parts(arena, &endpoint->readiness).readiness;
	return own;
}

struct health endpoint_single(struct arena *arena, const struct endpoint *endpoint)
{
	struct endpoint_health asked = endpoint_health(arena, endpoint);

	return asked.readiness.present ? asked.readiness : asked.liveness;
}

static void check_url(const struct rule_scope *scope, const char *path, const char *url, bool for_people)
{
	const char *wrong;
	struct str host;

	/* what has no scheme was already found by the table */
	if (url == NULL || (!text_starts(url, "http://") && !text_starts(url, "https://")))
		return;
	wrong = url_rule_base(url, &host);
	if (wrong != NULL)
		rule_break(scope,
		           literal_secret(url) != NULL             ? RULE_R02
		           : for_people && literal_is_raw_url(url) ? RULE_R07
		                                                   : RULE_FORM,
		           path, "write a base URL such as https://name.example.net", "%s %s", path, wrong);
	else if (for_people && url_rule_is_raw(host))
		rule_break(scope, RULE_R07, path, "use the domain name; machines use executorUrl",
		           "%s leads to the raw address %.*s", path, (int)host.len, host.data);
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

/* For people, like publicUrl, but a whole link. */
static void check_documentation(const struct rule_scope *scope, struct arena *arena, const char *link)
{
	const char *base, *rest;
	const char *wrong = NULL;
	struct str host;

	if (link == NULL || (!text_starts(link, "http://") && !text_starts(link, "https://")))
		return;
	base = arena_text(arena, link,
	                  strcspn(strstr(link, "://") + 3, "/?#") + (size_t)(strstr(link, "://") + 3 - link));
	rest = link + strlen(base);
	wrong = url_rule_base(base, &host);
	for (; wrong == NULL && *rest != '\0'; rest++) {
		if (*rest <= ' ' || *rest >= 0x7F || strchr("\"<>\\^`{|}@", *rest) != NULL)
			wrong = "holds blanks or characters that must be percent-encoded";
	}
	if (wrong != NULL)
		rule_break(scope, RULE_FORM, "documentation", "write a link such as https://name.example.net/docs/",
		           "documentation %s", wrong);
}

void endpoint_check(struct arena *arena, const char *file, const struct value *spec, const void *record,
                    struct findings *findings)
{
	const struct endpoint *endpoint = record;
	struct rule_scope scope = { file, spec, findings };

	identity_check(&scope, "id", endpoint->id);
	endpoint_auth_check(&scope, arena, endpoint);
	health_check(&scope, arena, "health", &endpoint->health);
	health_check(&scope, arena, "liveness", &endpoint->liveness);
	health_check(&scope, arena, "readiness", &endpoint->readiness);
	labels_check(&scope, &endpoint->labels);
	check_documentation(&scope, arena, endpoint->documentation);
	check_url(&scope, "publicUrl", endpoint->public_url, true);
	check_url(&scope, "executorUrl", endpoint->executor_url, false);
	check_url(&scope, "internalUrl", endpoint->internal_url, false);
	check_proxy(&scope, endpoint);
	check_tls(&scope, &endpoint->tls);
}
