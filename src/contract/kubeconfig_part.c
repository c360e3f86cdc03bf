/* What a cluster and a user of a kubeconfig become in an Endpoint. */
#include "check.h"
#include "fops/base/arena.h"
#include "fops/contract/secret_ref.h"
#include "kubeconfig_private.h"

/* The value of a base64 digit, -1 for anything else. */
static int digit_of(char byte)
{
	const char *at = byte == '\0' ? NULL : strchr(base64_digits, byte);

	return at == NULL ? -1 : (int)(at - base64_digits);
}

bool kube_decode_base64(struct arena *arena, const char *text, struct str *ret_data)
{
	char *data = arena_alloc(arena, strlen(text) / 4 * 3 + 4);
	size_t digits = 0, padding = 0, len = 0;
	uint32_t bits = 0;

	for (; *text != '\0'; text++) {
		int digit = digit_of(*text);

		if (strchr(" \t\r\n", *text) != NULL)
			continue;
		if (*text == '=' && padding < 2) {
			padding++;
			continue;
		}
		if (digit < 0 || padding > 0)
			return false;
		bits = bits << 6 | (uint32_t)digit;
		if (++digits % 4 != 1)
			data[len++] = (char)(bits >> (6 - (digits - 1) % 4 * 2) & 0xFF);
	}
	data[len] = '\0';
	if ((digits + padding) % 4 != 0 || memchr(data, '\0', len) != NULL)
		return false;
	*ret_data = (struct str){ data, len };
	return true;
}

/* The port that Go's client takes when a proxy's URL names none. */
static const char *proxy_port(const char *scheme)
{
	if (text_equal(scheme, "http"))
		return "80";
	return text_equal(scheme, "https") ? "443" : "1080";
}

/* As a contract writes it: names are looked up behind the proxy, the port is written. */
static const char *convert_proxy(struct arena *arena, const char *url)
{
	const char *border = strstr(url, "://");
	const char *scheme, *host, *bracket;
	size_t len;

	if (border == NULL)
		return url;
	scheme = arena_text(arena, url, (size_t)(border - url));
	if (text_equal(scheme, "socks5"))
		scheme = "socks5h";
	len = strlen(border + 3);
	host = arena_text(arena, border + 3, len > 0 && border[3 + len - 1] == '/' ? len - 1 : len);
	bracket = strrchr(host, ']');
	if (strchr(bracket == NULL ? host : bracket, ':') != NULL || strpbrk(host, "@/?#") != NULL)
		return arena_format(arena, "%s://%s", scheme, host);
	return arena_format(arena, "%s://%s:%s", scheme, host, proxy_port(scheme));
}

static bool has_text(const char *text)
{
	return text != NULL && text[0] != '\0';
}

static bool convert_authority(const struct kube_import *import, const struct kube_place *place,
                              const struct kube_cluster *cluster, struct endpoint *endpoint)
{
	struct str data;

	if (has_text(cluster->authority_data)) {
		if (!kube_decode_base64(import->arena, cluster->authority_data, &data))
			return kube_refuse(import, place, "certificate-authority-data", NULL, "not base64 of a text");
	} else if (has_text(cluster->authority)) {
		if (!kube_read_file(import, place, "certificate-authority", cluster->authority, &data))
			return false;
	} else {
		return true;
	}
	if (!is_utf8(data.data, data.len, NULL) || memchr(data.data, '\0', data.len) != NULL)
		return kube_refuse(import, place, NULL, "write the certificates in PEM",
		                   "the certificate authority is no text");
	endpoint->tls.ca = data.data;
	return true;
}

bool kube_convert_cluster(const struct kube_import *import, const struct kube_place *place,
                          const struct kube_cluster *cluster, struct endpoint *endpoint)
{
	size_t len = cluster->server == NULL ? 0 : strlen(cluster->server);

	if (len == 0)
		return kube_refuse(import, place, "server", NULL, "the cluster names no server");
	if (cluster->insecure)
		return kube_refuse(import, place, "insecure-skip-tls-verify",
		                   "remove it, import, and add tls.fingerprint: openssl s_client -connect HOST:PORT "
		                   "</dev/null | openssl x509 -noout -fingerprint -sha256",
		                   "a server that nobody verifies is refused");
	while (len > 0 && cluster->server[len - 1] == '/')
		len--;
	endpoint->executor_url = arena_text(import->arena, cluster->server, len);
	if (has_text(cluster->server_name))
		endpoint->tls.server_name = cluster->server_name;
	if (has_text(cluster->proxy_url))
		endpoint->proxy_url = convert_proxy(import->arena, cluster->proxy_url);
	return convert_authority(import, place, cluster, endpoint);
}

/* "env://LAB_KUBE_" out of the id lab-kube. */
static const char *default_prefix(struct arena *arena, const char *id)
{
	char *name = arena_text(arena, id, strlen(id));

	for (char *at = name; *at != '\0'; at++) {
		if (*at >= 'a' && *at <= 'z')
			*at = (char)(*at - 'a' + 'A');
		else if (*at < '0' || *at > '9')
			*at = '_';
	}
	return arena_format(arena, "env://%s%s_", name[0] >= '0' && name[0] <= '9' ? "_" : "", name);
}

/* The reference of one secret; kind is "token", "certificate" or "key", in capitals for variables. */
static const char *add_secret(const struct kube_import *import, struct kubeconfig_endpoint *endpoint, const char *kind,
                              const char *place, struct str value)
{
	const char *prefix = import->request->secret_prefix;
	char *name = arena_text(import->arena, kind, strlen(kind));
	const char *ref;

	if (prefix == NULL)
		prefix = default_prefix(import->arena, endpoint->endpoint.id);
	for (char *at = name; *at != '\0' && text_starts(prefix, "env://"); at++)
		*at = (char)(*at - 'a' + 'A');
	ref = arena_format(import->arena, "%s%s", prefix, name);
	endpoint->secrets[endpoint->secret_count++] = (struct kubeconfig_secret){ ref, place, value };
	return ref;
}

/* One of the two ways to give PEM: its data, or a file that is only read when its value is asked for. */
static bool take_pem(const struct kube_import *import, const struct kube_place *place, const char *member,
                     const char *data, const char *file, struct str *ret_value, const char **ret_place)
{
	const char *data_member = arena_format(import->arena, "%s-data", member);

	if (!has_text(data) && !has_text(file))
		return kube_refuse(import, place, NULL, NULL, "a client certificate needs %s as well", member);
	if (has_text(data)) {
		*ret_place = arena_format(import->arena, "what stands at %s.%s of %s, decoded", place->path,
		                          data_member, import->request->file);
		return kube_decode_base64(import->arena, data, ret_value) ||
		       kube_refuse(import, place, data_member, NULL, "not base64 of a text");
	}
	*ret_place = arena_format(import->arena, "the content of %s", kube_path(import, file));
	*ret_value = (struct str){ 0 };
	return !import->request->values || kube_read_file(import, place, member, file, ret_value);
}

static bool convert_certificate(const struct kube_import *import, const struct kube_place *place,
                                const struct kube_user *user, struct kubeconfig_endpoint *endpoint)
{
	struct endpoint_auth *auth = &endpoint->endpoint.auth;
	const char *certificate_place = NULL, *key_place = NULL;
	struct str certificate = { 0 }, key = { 0 };

	if (!take_pem(import, place, "client-certificate", user->certificate_data, user->certificate, &certificate,
	              &certificate_place) ||
	    !take_pem(import, place, "client-key", user->key_data, user->key, &key, &key_place))
		return false;
	auth->mode = "client-certificate";
	auth->certificate_ref = add_secret(import, endpoint, "certificate", certificate_place, certificate);
	auth->key_ref = add_secret(import, endpoint, "key", key_place, key);
	return true;
}

static bool has_entries(const struct value *value)
{
	return value != NULL && value->kind != VALUE_NULL &&
	       ((value->kind != VALUE_ARRAY && value->kind != VALUE_OBJECT) || value->list.count > 0);
}

/* Ways to ask that are never taken over. */
static bool refuse_user(const struct kube_import *import, const struct kube_place *place, const struct kube_user *user)
{
	static const char token_fix[] =
	        "create a token of a service account with kubectl create token NAME and import a "
	        "kubeconfig that holds it";
	const char *impersonated = has_text(user->as)             ? "as"
	                           : has_text(user->as_uid)       ? "as-uid"
	                           : has_entries(user->as_groups) ? "as-groups"
	                           : has_entries(user->as_extra)  ? "as-user-extra"
	                                                          : NULL;

	if (user->exec != NULL && user->exec->kind != VALUE_NULL)
		return kube_refuse(import, place, "exec", token_fix, "%s", endpoint_exec_refused);
	if (user->auth_provider != NULL && user->auth_provider->kind != VALUE_NULL)
		return kube_refuse(import, place, "auth-provider", token_fix, "an auth provider is refused");
	if (impersonated != NULL)
		return kube_refuse(import, place, impersonated,
		                   "give the right to a user of its own, and import that one",
		                   "impersonation is refused: the contract says who asks");
	if (has_text(user->username) || has_text(user->password))
		return kube_refuse(import, place, has_text(user->username) ? "username" : "password", token_fix,
		                   "a user name with a password is refused");
	return true;
}

bool kube_convert_user(const struct kube_import *import, const struct kube_place *place, const struct kube_user *user,
                       struct kubeconfig_endpoint *endpoint)
{
	struct endpoint_auth *auth = &endpoint->endpoint.auth;
	bool certificate = user != NULL && (has_text(user->certificate) || has_text(user->certificate_data) ||
	                                    has_text(user->key) || has_text(user->key_data));

	auth->mode = "none";
	if (user != NULL && !refuse_user(import, place, user))
		return false;
	if (user != NULL && has_text(user->token_file)) {
		auth->mode = "token-file";
		auth->token_file = kube_path(import, user->token_file);
	} else if (user != NULL && has_text(user->token)) {
		auth->mode = "bearer";
		auth->secret_ref = add_secret(import, endpoint, "token",
		                              arena_format(import->arena, "what stands at %s.token of %s", place->path,
		                                           import->request->file),
		                              (struct str){ user->token, strlen(user->token) });
	} else if (certificate) {
		return convert_certificate(import, place, user, endpoint);
	} else {
		text_list_add(import->arena, &endpoint->notes,
		              "the user has no credentials, so nobody asks (mode: none)");
	}
	if (certificate)
		text_list_add(import->arena, &endpoint->notes,
		              "the token is used, the user's client certificate is not");
	return true;
}
