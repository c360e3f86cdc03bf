/* Kubeconfigs become Endpoints: what is taken, what is refused and where, and that no secret is repeated. */
#include "fops/contract/kubeconfig.h"

#include <criterion/criterion.h>

#include "fops/base/arena.h"

#define ARENA_BYTES ((size_t)256 * 1024 * 1024)
#define SECRET      "hunter2"
/* base64 of a certificate's lines, and of "hunter2" between the lines of a key */
#define CERTIFICATE "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCkFBQUEKLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo="
#define KEY         "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCmh1bnRlcjIKLS0tLS1FTkQgUFJJVkFURSBLRVktLS0tLQo="

#define HEAD        "apiVersion: v1\nkind: Config\ncurrent-context: lab\n"
#define CONTEXT                                                                                                        \
	"contexts:\n- {name: lab, context: {cluster: c, user: u, namespace: boards}}\n- {name: Other, context: "       \
	"{cluster: c, user: u}}\n"
#define CLUSTERS(members)     "clusters:\n- name: c\n  cluster: {server: \"https://127.0.0.1:6443\"" members "}\n"
#define USERS(members)        "users:\n- name: u\n  user: {" members "}\n"
#define CONFIG(cluster, user) HEAD CONTEXT CLUSTERS(cluster) USERS(user)

static bool read_nothing(struct arena *arena, const char *path, size_t limit_bytes, struct str *ret_data,
                         struct error *err)
{
	(void)limit_bytes;
	if (strcmp(path, "/home/me/ca.pem") == 0 || strcmp(path, "/etc/client.pem") == 0) {
		*ret_data = (struct str){ arena_copy(arena, "-----BEGIN CERTIFICATE-----\nAAAA\n"
			                                    "-----END CERTIFICATE-----\n"),
			                  58 };
		return true;
	}
	return fail(err, ERROR_INPUT_NOT_FOUND, "no file %s", path);
}

static const struct kubeconfig_request usual = { .file = "config", .folder = "/home/me", .read = read_nothing };

static struct kubeconfig_endpoints import_with(struct arena *arena, const struct kubeconfig_request *request,
                                               const char *text)
{
	struct kubeconfig_endpoints endpoints = { 0 };
	struct error err = { 0 };

	cr_assert(kubeconfig_import(arena, request, (struct str){ text, strlen(text) }, &endpoints, &err), "%s: %s",
	          err.message, err.finding_count > 0 ? err.findings[0].message : err.cause);
	return endpoints;
}

static const struct kubeconfig_endpoint *import_one(struct arena *arena, const char *text)
{
	struct kubeconfig_endpoints endpoints = import_with(arena, &usual, text);

	cr_assert_eq(endpoints.count, 1);
	return endpoints.items;
}

/* The only finding of a refused text. */
static struct finding refuse_with(struct arena *arena, const struct kubeconfig_request *request, const char *text)
{
	struct kubeconfig_endpoints endpoints = { 0 };
	struct error err = { 0 };

	cr_assert_not(kubeconfig_import(arena, request, (struct str){ text, strlen(text) }, &endpoints, &err), "%s",
	              text);
	cr_assert_eq(err.id, ERROR_DATA, "%s", err.message);
	cr_assert_eq(endpoints.count, 0);
	for (size_t i = 0; i < err.finding_count; i++) {
		cr_expect_null(strstr(err.findings[i].message, SECRET));
		cr_expect(err.findings[i].fix == NULL || strstr(err.findings[i].fix, SECRET) == NULL);
	}
	cr_expect_null(strstr(err.message, SECRET));
	return err.finding_count > 0 ? err.findings[0] : (struct finding){ .message = err.message, .path = "" };
}

static void check_refused(const char *text, const char *path, const char *part)
{
	struct arena *arena = arena_new(ARENA_BYTES);
	struct finding finding = refuse_with(arena, &usual, text);

	cr_expect_str_eq(finding.path == NULL ? "" : finding.path, path, "%s: %s", finding.path, finding.message);
	cr_expect_not_null(strstr(finding.message, part), "%s: %s", part, finding.message);
	cr_expect(finding.line > 0);
	arena_free(arena);
}

Test(kubeconfig, takes_a_token_as_a_reference)
{
	struct arena *arena = arena_new(ARENA_BYTES);
	const struct kubeconfig_endpoint *made = import_one(arena, CONFIG(", certificate-authority-data: " CERTIFICATE
	                                                                  ", tls-server-name: kubernetes.lab",
	                                                                  "token: " SECRET));
	const struct endpoint *endpoint = &made->endpoint;

	cr_expect_str_eq(endpoint->id, "lab");
	cr_expect_str_eq(endpoint->plane, "kubernetes");
	cr_expect_str_eq(endpoint->executor_url, "https://127.0.0.1:6443");
	cr_expect_str_eq(endpoint->auth.mode, "bearer");
	cr_expect_str_eq(endpoint->auth.secret_ref, "env://LAB_TOKEN");
	cr_expect_str_eq(endpoint->tls.ca, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
	cr_expect_str_eq(endpoint->tls.server_name, "kubernetes.lab");
	cr_expect_str_eq(made->name_space, "boards");
	cr_assert_eq(made->secret_count, 1);
	cr_expect_str_eq(made->secrets[0].ref, "env://LAB_TOKEN");
	cr_expect_str_eq(made->secrets[0].place, "what stands at users[0].user.token of config");
	arena_free(arena);
}

Test(kubeconfig, prefers_the_token_file_and_resolves_its_path)
{
	struct arena *arena = arena_new(ARENA_BYTES);
	const struct kubeconfig_endpoint *made = import_one(arena, CONFIG("", "token: x, tokenFile: ./run/token"));

	cr_expect_str_eq(made->endpoint.auth.mode, "token-file");
	cr_expect_str_eq(made->endpoint.auth.token_file, "/home/me/run/token");
	cr_expect_null(made->endpoint.auth.secret_ref);
	cr_expect_eq(made->secret_count, 0);
	arena_free(arena);
}

Test(kubeconfig, takes_a_client_certificate_with_its_values)
{
	struct arena *arena = arena_new(ARENA_BYTES);
	struct kubeconfig_request request = usual;
	const struct kubeconfig_endpoint *made;

	request.values = true;
	request.secret_prefix = "env://CORE_";
	made = import_with(arena, &request, CONFIG("", "client-certificate: /etc/client.pem, client-key-data: " KEY))
	               .items;
	cr_expect_str_eq(made->endpoint.auth.mode, "client-certificate");
	cr_expect_str_eq(made->endpoint.auth.certificate_ref, "env://CORE_CERTIFICATE");
	cr_expect_str_eq(made->endpoint.auth.key_ref, "env://CORE_KEY");
	cr_assert_eq(made->secret_count, 2);
	cr_expect_str_eq(made->secrets[0].place, "the content of /etc/client.pem");
	cr_expect(text_starts(made->secrets[0].value.data, "-----BEGIN CERTIFICATE"));
	cr_expect_not_null(strstr(made->secrets[1].value.data, SECRET));
	arena_free(arena);
}

Test(kubeconfig, names_references_after_a_prefix_of_openbao)
{
	struct arena *arena = arena_new(ARENA_BYTES);
	struct kubeconfig_request request = usual;

	request.secret_prefix = "openbao://kv/lab#";
	request.id = "core-1";
	cr_expect_str_eq(import_with(arena, &request, CONFIG("", "token: x")).items->endpoint.auth.secret_ref,
	                 "openbao://kv/lab#token");
	request.secret_prefix = NULL;
	request.id = "7.core-1";
	cr_expect_str_eq(import_with(arena, &request, CONFIG("", "token: x")).items->endpoint.auth.secret_ref,
	                 "env://_7_CORE_1_TOKEN");
	arena_free(arena);
}

Test(kubeconfig, writes_proxies_as_contracts_do)
{
	static const char *const rows[][2] = {
		{ "http://proxy.example.net:3128/", "http://proxy.example.net:3128" },
		{ "http://proxy.example.net", "http://proxy.example.net:80" },
		{ "https://proxy.example.net", "https://proxy.example.net:443" },
		{ "socks5://[::1]", "socks5h://[::1]:1080" },
		{ "socks5h://[::1]:9", "socks5h://[::1]:9" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena *arena = arena_new(ARENA_BYTES);
		const char *text = arena_format(arena,
		                                HEAD CONTEXT "clusters: [{name: c, cluster: {server: "
		                                             "\"https://a\", proxy-url: \"%s\"}}]\n" USERS(""),
		                                rows[i][0]);

		cr_expect_str_eq(import_one(arena, text)->endpoint.proxy_url, rows[i][1]);
		arena_free(arena);
	}
}

Test(kubeconfig, takes_every_context_when_asked)
{
	struct arena *arena = arena_new(ARENA_BYTES);
	struct kubeconfig_request request = usual;
	struct kubeconfig_endpoints endpoints;

	request.all = true;
	endpoints = import_with(arena, &request, CONFIG("", "token: x"));
	cr_assert_eq(endpoints.count, 2);
	cr_expect_str_eq(endpoints.items[0].endpoint.id, "lab");
	cr_expect_str_eq(endpoints.items[1].endpoint.id, "other");
	arena_free(arena);
}

Test(kubeconfig, passes_over_what_it_does_not_know)
{
	struct arena *arena = arena_new(ARENA_BYTES);
	const struct kubeconfig_endpoint *made =
	        import_one(arena, HEAD "preferences: {colors: yes}\nextensions: [{name: a, extension: 012}]\n" CONTEXT
	                               "clusters:\n- {name: c, cluster: {server: \"https://a/\", extensions: null, "
	                               "certificate-authority: ca.pem}}\nusers:\n- {name: u, user: {exec: null, "
	                               "token: null, as: \"\"}}\n");

	cr_expect_str_eq(made->endpoint.executor_url, "https://a");
	cr_expect_str_eq(made->endpoint.auth.mode, "none");
	cr_expect_eq(made->notes.count, 1);
	arena_free(arena);
}

Test(kubeconfig, reads_json)
{
	struct arena *arena = arena_new(ARENA_BYTES);
	const struct kubeconfig_endpoint *made = import_one(
	        arena, "\n\t{\"current-context\":\"x\",\"contexts\":[{\"name\":\"x\",\"context\":{\"cluster\":\"c\","
	               "\"user\":\"u\"}}],\n\"clusters\":[{\"name\":\"c\",\"cluster\":{\"server\":\"https://a:1\"}}],"
	               "\"users\":[{\"name\":\"u\",\"user\":{\"token\":\"t\"}}]}");

	cr_expect_str_eq(made->endpoint.id, "x");
	arena_free(arena);
}

Test(kubeconfig, refuses_what_is_never_taken_over)
{
	check_refused(CONFIG("", "exec: {command: " SECRET "}"), "users[0].user.exec", endpoint_exec_refused);
	check_refused(CONFIG("", "token: x, auth-provider: {name: gcp}"), "users[0].user.auth-provider",
	              "an auth provider is refused");
	check_refused(CONFIG("", "username: a, password: " SECRET), "users[0].user.username", "password is refused");
	check_refused(CONFIG("", "password: " SECRET), "users[0].user.password", "password is refused");
	check_refused(CONFIG("", "token: " SECRET ", as: root"), "users[0].user.as", "impersonation is refused");
	check_refused(CONFIG("", "token: x, as-groups: [a]"), "users[0].user.as-groups", "impersonation is refused");
	check_refused(CONFIG("", "token: x, as-user-extra: {a: [b]}"), "users[0].user.as-user-extra",
	              "impersonation is refused");
	check_refused(CONFIG(", insecure-skip-tls-verify: true", "token: x"),
	              "clusters[0].cluster.insecure-skip-tls-verify", "nobody verifies");
}

Test(kubeconfig, refuses_what_is_broken)
{
	check_refused(CONFIG("", "client-key-data: " KEY), "users[0].user", "needs client-certificate as well");
	check_refused(CONFIG("", "client-certificate-data: " CERTIFICATE), "users[0].user", "needs client-key as well");
	check_refused(CONFIG("", "client-certificate-data: " CERTIFICATE ", client-key-data: \"" SECRET "!\""),
	              "users[0].user.client-key-data", "not base64");
	check_refused(CONFIG(", certificate-authority-data: AAAA", "token: x"),
	              "clusters[0].cluster.certificate-authority-data", "not base64 of a text");
	check_refused(CONFIG(", certificate-authority-data: eHh4", "token: x"), "contexts[0].context",
	              "spec.tls.ca: tls.ca is not a certificate in PEM");
	check_refused(CONFIG(", certificate-authority-data: " KEY, "token: x"), "contexts[0].context",
	              "holds a private key");
	check_refused(CONFIG(", certificate-authority: none.pem", "token: x"),
	              "clusters[0].cluster.certificate-authority", "no file /home/me/none.pem");
	check_refused(CONFIG(", proxy-url: \"http://me:" SECRET "@proxy\"", "token: x"), "contexts[0].context",
	              "must not hold user info");
	check_refused(CONFIG("", "tokenFile: ../token"), "contexts[0].context", "segment");
	check_refused(CONFIG("", "token: [" SECRET "]"), "users[0].user.token", "expected a text");
	check_refused(CONFIG("", "token: 17"), "users[0].user.token", "expected a text");
	check_refused(CONFIG("", "token: a, token: " SECRET), "", "stands twice");
	check_refused(HEAD CONTEXT USERS("") "clusters: [{name: c, cluster: {}}]\n", "clusters[0].cluster",
	              "names no server");
	check_refused(HEAD CONTEXT USERS("") "clusters: [{name: c, cluster: {server: \"a:6443\"}}]\n",
	              "contexts[0].context", "is not a URL");
	check_refused(HEAD CONTEXT USERS("") "clusters: []\n", "contexts[0].context.cluster", "there is no cluster c");
	check_refused(HEAD CONTEXT CLUSTERS("") "users: [{name: v, user: {}}]\n", "contexts[0].context.user",
	              "there is no user u");
	check_refused(HEAD CONTEXT CLUSTERS("") USERS("") "- {name: u, user: {token: " SECRET "}}\n", "users[1].user",
	              "the user u stands twice");
	check_refused("kind: Pod\n", "kind", "a kubeconfig has kind Config");
	check_refused("[]\n", "", "a kubeconfig is an object");
	check_refused("", "", "a kubeconfig is an object");
	check_refused(HEAD "---\n" HEAD, "", "is one document");
	check_refused(HEAD "contexts: {}\n", "contexts", "expected a list");
	check_refused(HEAD "\tx: " SECRET "\n", "", "tab");
}

Test(kubeconfig, says_which_contexts_there_are_not)
{
	struct arena *arena = arena_new(ARENA_BYTES);
	struct kubeconfig_request request = usual;
	struct kubeconfig_endpoints endpoints;
	struct error err = { 0 };
	static const char text[] = CONFIG("", "token: x");
	static const char bare[] = "clusters: []\n";

	request.context = "lap";
	cr_expect_not(kubeconfig_import(arena, &request, (struct str){ text, sizeof text - 1 }, &endpoints, &err));
	cr_expect_eq(err.id, ERROR_NOT_FOUND);
	cr_expect_str_eq(err.cause, "did you mean lab?");
	cr_expect_not(kubeconfig_import(arena, &usual, (struct str){ bare, sizeof bare - 1 }, &endpoints, &err));
	cr_expect_eq(err.id, ERROR_NOT_FOUND);
	cr_expect_not_null(strstr(err.message, "no current context"));
	arena_free(arena);
}

Test(kubeconfig, refuses_contexts_of_one_id)
{
	struct arena *arena = arena_new(ARENA_BYTES);
	struct kubeconfig_request request = usual;
	struct finding finding;

	request.all = true;
	finding = refuse_with(arena, &request,
	                      HEAD CLUSTERS("") USERS("token: x") "contexts:\n- {name: a/b, context: {cluster: c}}\n"
	                                                          "- {name: A-B, context: {cluster: c}}\n");
	cr_expect_not_null(strstr(finding.message, "would have the same id"));
	finding =
	        refuse_with(arena, &request,
	                    HEAD CLUSTERS("") USERS("token: x") "contexts:\n- {name: a.b, context: {cluster: c, user: "
	                                                        "u}}\n- {name: a-b, context: {cluster: c, user: u}}\n");
	cr_expect_not_null(strstr(finding.message, "same id or references"));
	finding = refuse_with(arena, &request,
	                      HEAD CLUSTERS("") USERS("") "contexts:\n- {name: \"@@\", context: {cluster: c}}\n");
	cr_expect_not_null(strstr(finding.message, "cannot become an id"));
	finding = refuse_with(arena, &request,
	                      HEAD CLUSTERS("") USERS("") "contexts:\n- {name: 10.0.0.1, context: {cluster: c}}\n");
	cr_expect_not_null(strstr(finding.message, "raw address"));
	arena_free(arena);
}
