/* Opening topologies: shapes of files, rules between objects, selection, reading. */
#include "fops/contract/topology.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

#include "fops/base/buffer.h"
#include "fops/base/file.h"
#include "place.h"

static struct topology *open_place(const struct place *place)
{
	struct topology *topology = NULL;
	struct error err = { 0 };

	cr_assert(place_open(place, false, &topology, &err), "%s: %s", err.message,
	          err.finding_count > 0 ? err.findings[0].message : err.cause);
	return topology;
}

static struct topology *open_fixture(const struct place *place)
{
	struct topology_request request = { 0 };
	struct topology *topology = NULL;
	struct error err = { 0 };

	text_list_add(place->arena, &request.sources, FIXTURES "/topology");
	cr_assert(topology_open(place->arena, &request, &topology, &err), "%s: %s", err.message,
	          err.finding_count > 0 ? err.findings[0].message : err.cause);
	return topology;
}

Test(topology, reads_every_field_of_an_asset)
{
	struct place place = place_new();
	struct topology *topology = open_fixture(&place);
	struct runtime_asset asset = { 0 };
	struct error err;
	size_t index;

	cr_assert(topology_find(topology, KIND_RUNTIME_ASSET, "board-01", &index));
	cr_assert(topology_read_asset(topology, index, place.arena, &asset, &err));
	cr_expect_str_eq(asset.asset_id, "board-01");
	cr_expect_str_eq(asset.role, "langboard_executor");
	cr_expect_str_eq(asset.kind, "lxc");
	cr_expect_str_eq(asset.owner, "Team Board");
	cr_expect_eq(asset.labels.count, 2);
	cr_expect_str_eq(text_map_get(&asset.labels, "example.net/zone"), "north-1");
	cr_expect_str_eq(asset.executor_ref, "board-executor");
	cr_expect(asset.health.present);
	cr_expect_str_eq(asset.health.path, "/health");
	cr_expect_eq(asset.health.timeout.ms, 2000);
	cr_expect_str_eq(asset.health.expect.pointer, "/ready");
	cr_expect_eq(asset.health.expect.value->kind, VALUE_BOOL);
	cr_expect(asset.health.expect.value->boolean);
	cr_expect_str_eq(asset.policy.run, "proposal");
	cr_expect_str_eq(asset.policy.request, "open");
	cr_expect_str_eq(asset.lxc.driver, "local");
	cr_expect_str_eq(asset.lxc.container, "board");
	cr_expect_str_eq(asset.lxc.path, "/var/lib/lxc");
	cr_expect_not(asset.lxc.ssh.present);
	topology_cleanup(&topology);
	place_done(&place);
}

Test(topology, reads_every_field_of_an_asset_over_ssh)
{
	struct place place = place_new();
	struct topology *topology = open_fixture(&place);
	struct runtime_asset asset = { 0 };
	struct error err;
	size_t index;

	cr_assert(topology_find(topology, KIND_RUNTIME_ASSET, "remote-01", &index));
	cr_assert(topology_read_asset(topology, index, place.arena, &asset, &err));
	cr_expect_str_eq(runtime_asset_driver(&asset), "lxc/ssh");
	cr_assert(asset.lxc.ssh.present);
	cr_expect_str_eq(asset.lxc.ssh.host, "fd00::17");
	cr_expect_eq(asset.lxc.ssh.port, 2222);
	cr_expect_str_eq(asset.lxc.ssh.user, "_deploy");
	cr_expect_eq(asset.lxc.ssh.host_keys.count, 1);
	cr_expect(text_starts(asset.lxc.ssh.host_keys.items[0], "ssh-ed25519 AAAA"));
	cr_expect_str_eq(asset.lxc.ssh.identity_ref, "env://DEPLOY_KEY");
	cr_expect_eq(asset.lxc.ssh.connect_timeout.ms, 3000);
	topology_cleanup(&topology);
	place_done(&place);
}

Test(topology, fills_in_presets)
{
	struct place place = place_new();
	struct topology *topology = open_fixture(&place);
	struct runtime_asset asset = { 0 };
	struct endpoint endpoint = { 0 };
	struct error err;
	size_t index;

	cr_assert(topology_find(topology, KIND_RUNTIME_ASSET, "short-01", &index));
	cr_assert(topology_read_asset(topology, index, place.arena, &asset, &err));
	cr_expect_not(asset.health.present);
	cr_expect_null(asset.owner);
	cr_expect_null(asset.executor_ref);
	cr_expect_eq(asset.labels.count, 0);
	cr_expect_str_eq(asset.policy.run, "open");
	cr_expect_str_eq(asset.policy.request, "open");
	cr_assert(topology_find(topology, KIND_ENDPOINT, "south", &index));
	cr_assert(topology_read_endpoint(topology, index, place.arena, &endpoint, &err));
	cr_expect_str_eq(endpoint.health.method, "GET");
	cr_expect_eq(endpoint.health.expect.status, 200);
	cr_expect_eq(endpoint.health.timeout.ms, 5000);
	cr_expect_eq(endpoint.health.expect.value->integer, -7);
	topology_cleanup(&topology);
	place_done(&place);
}

Test(topology, reads_every_field_of_an_endpoint)
{
	struct place place = place_new();
	struct topology *topology = open_fixture(&place);
	struct endpoint endpoint = { 0 };
	struct error err;
	size_t index;

	cr_assert(topology_find(topology, KIND_ENDPOINT, "board-executor", &index));
	cr_assert(topology_read_endpoint(topology, index, place.arena, &endpoint, &err));
	cr_expect_str_eq(endpoint.plane, "langboard");
	cr_expect_str_eq(endpoint.auth.mode, "bearer");
	cr_expect_str_eq(endpoint.auth.secret_ref, "openbao://kv/connectors/board#token");
	cr_expect_str_eq(endpoint.public_url, "https://board.example.net");
	cr_expect_str_eq(endpoint.executor_url, "https://10.20.0.5:8443/control");
	cr_expect_str_eq(endpoint.internal_url, "http://board.board.svc:8080");
	cr_expect_eq(endpoint.health.expect.status, 204);
	cr_expect_eq(endpoint.health.timeout.ms, 1500);
	cr_expect(text_starts(endpoint.tls.ca, "-----BEGIN CERTIFICATE-----\n"));
	cr_expect(text_ends(endpoint.tls.ca, "-----END CERTIFICATE-----\n"));
	cr_expect(text_starts(endpoint.tls.pin, "sha256//"));
	cr_expect_str_eq(endpoint.tls.server_name, "executor.example.net");
	cr_expect_str_eq(endpoint.tls.minimum_version, "1.3");
	cr_expect_str_eq(text_map_get(&endpoint.health.query, "deep"), "true");
	cr_expect_eq(endpoint.health.query.count, 2);
	cr_expect_eq(endpoint.health.max_latency_ms.value, 250);
	cr_expect_str_eq(endpoint.health.version_from, "/version");
	cr_expect_str_eq(endpoint.liveness.protocol, "tcp");
	cr_expect_str_eq(endpoint.readiness.preset, "openbao");
	cr_expect_eq(endpoint.readiness.timeout.ms, 2000);
	cr_expect(endpoint.rate.present);
	cr_expect_eq(endpoint.rate.requests, 10);
	cr_expect_eq(endpoint.rate.period.ms, 2000);
	cr_expect_eq(endpoint.rate.burst, 20);
	cr_expect_str_eq(endpoint.documentation, "https://docs.example.net/board/?page=1#health");
	cr_expect_str_eq(endpoint.owner, "platform");
	cr_expect_str_eq(text_map_get(&endpoint.labels, "tier"), "core");
	cr_expect_str_eq(topology_origin(topology, KIND_ENDPOINT, index, place.arena),
	                 FIXTURES "/topology/endpoints.yaml:2");
	topology_cleanup(&topology);
	place_done(&place);
}

static struct endpoint read_endpoint(const struct place *place, const struct topology *topology, const char *id)
{
	struct endpoint endpoint = { 0 };
	struct error err;
	size_t index;

	cr_assert(topology_find(topology, KIND_ENDPOINT, id, &index));
	cr_assert(topology_read_endpoint(topology, index, place->arena, &endpoint, &err));
	return endpoint;
}

Test(topology, reads_every_way_to_say_who_asks)
{
	struct place place = place_new();
	struct topology *topology = open_fixture(&place);
	struct endpoint endpoint = read_endpoint(&place, topology, "with-password");

	cr_expect_str_eq(endpoint.auth.user, "fops");
	cr_expect_str_eq(endpoint.auth.secret_ref, "env://NEXUS_PASSWORD");
	cr_expect_str_eq(endpoint.health.expect.body, "");
	endpoint = read_endpoint(&place, topology, "with-key");
	cr_expect_str_eq(endpoint.auth.header, "x-api-key");
	cr_expect_str_eq(endpoint.health.expect.body_starts, "{");
	endpoint = read_endpoint(&place, topology, "with-client");
	cr_expect_str_eq(endpoint.auth.token_url, "https://id.example.net/realms/core/token");
	cr_expect_str_eq(endpoint.auth.client_id, "fops");
	cr_expect_eq(endpoint.auth.scopes.count, 2);
	cr_expect_str_eq(endpoint.auth.audience, "https://board.example.net");
	endpoint = read_endpoint(&place, topology, "with-signature");
	cr_expect_str_eq(endpoint.auth.access_key_ref, "env://S3_KEY");
	cr_expect_str_eq(endpoint.auth.region, "us-east-1");
	cr_expect_str_eq(endpoint.auth.service, "s3");
	topology_cleanup(&topology);
	place_done(&place);
}

Test(topology, counts_and_finds)
{
	struct place place = place_new();
	struct topology *topology = open_fixture(&place);
	size_t index = 99;

	cr_assert_eq(topology_count(topology, KIND_RUNTIME_ASSET), 5);
	cr_assert_eq(topology_count(topology, KIND_ENDPOINT), 7);
	for (size_t i = 0; i < 5; i++) {
		const char *id = topology_id(topology, KIND_RUNTIME_ASSET, i);

		cr_assert(topology_find(topology, KIND_RUNTIME_ASSET, id, &index));
		cr_assert_eq(index, i);
		cr_assert_str_eq(topology_asset_kind(topology, i), "lxc");
		cr_assert(i == 0 || strcmp(topology_id(topology, KIND_RUNTIME_ASSET, i - 1), id) < 0);
	}
	cr_assert_not(topology_find(topology, KIND_RUNTIME_ASSET, "", &index));
	cr_assert_not(topology_find(topology, KIND_RUNTIME_ASSET, "zzz", &index));
	cr_assert_not(topology_find(topology, KIND_ENDPOINT, "board-01", &index));
	topology_cleanup(&topology);
	place_done(&place);
}

Test(topology, lists_the_candidates_of_an_ambiguous_role)
{
	struct place place = place_new();
	struct topology *topology = open_fixture(&place);
	size_t indexes[2] = { 77, 77 };

	cr_assert_eq(topology_role(topology, "daytona_runtime", indexes, 2), 2);
	cr_assert_str_eq(topology_id(topology, KIND_RUNTIME_ASSET, indexes[0]), "north-01");
	cr_assert_str_eq(topology_id(topology, KIND_RUNTIME_ASSET, indexes[1]), "remote-01");
	indexes[1] = 77;
	cr_assert_eq(topology_role(topology, "daytona_runtime", indexes, 1), 2);
	cr_assert_eq(indexes[1], 77);
	cr_assert_eq(topology_role(topology, "daytona_runtime", NULL, 0), 2);
	cr_assert_eq(topology_role(topology, "short", indexes, 2), 1);
	cr_assert_eq(topology_role(topology, "shor", indexes, 2), 0);
	cr_assert_eq(topology_role(topology, "", indexes, 2), 0);
	cr_assert_eq(topology_role(topology, "zzz", indexes, 2), 0);
	topology_cleanup(&topology);
	place_done(&place);
}

Test(topology, answers_nothing_for_an_index_outside)
{
	struct place place = place_new();
	struct topology *topology = open_fixture(&place);
	struct runtime_asset asset;
	struct error err = { 0 };

	cr_assert_str_eq(topology_id(topology, KIND_ENDPOINT, 7), "");
	cr_assert_str_eq(topology_asset_role(topology, SIZE_MAX), "");
	cr_assert_str_eq(topology_origin(topology, KIND_ENDPOINT, 7, place.arena), "");
	cr_assert_not(topology_read_asset(topology, 5, place.arena, &asset, &err));
	cr_assert_eq(err.id, ERROR_INTERNAL);
	topology_cleanup(&topology);
	place_done(&place);
}

Test(topology, may_be_empty)
{
	struct place place = place_new();
	struct topology *topology;

	(void)place_write(&place, "empty.yaml", "");
	(void)place_write(&place, "comments.yaml", "# nothing\n---\n---\n");
	(void)place_write(&place, "list.json", "[]");
	topology = open_place(&place);
	cr_assert_eq(topology_count(topology, KIND_RUNTIME_ASSET), 0);
	cr_assert_eq(topology_role(topology, "x", NULL, 0), 0);
	topology_cleanup(&topology);
	place_done(&place);
}

Test(topology, digest_follows_contents_alone)
{
	struct place here = place_new();
	struct place there = place_new();
	struct topology *first, *second;

	(void)place_write(&here, "a.yaml", ASSET("a", ""));
	(void)place_write(&there, "b.yaml", ASSET("a", ""));
	first = open_place(&here);
	second = open_place(&there);
	cr_assert_eq(strlen(topology_digest(first, here.arena)), 64);
	cr_assert_str_eq(topology_digest(first, here.arena), topology_digest(second, there.arena));
	topology_cleanup(&second);
	(void)place_write(&there, "b.yaml", ASSET("a", "# \n"));
	second = open_place(&there);
	cr_assert_str_neq(topology_digest(first, here.arena), topology_digest(second, there.arena));
	topology_cleanup(&first);
	topology_cleanup(&second);
	place_done(&here);
	place_done(&there);
}

Test(topology, names_the_first_place_of_an_id_that_is_taken)
{
	struct place place = place_new();
	struct topology *topology = NULL;
	struct error err = { 0 };

	(void)place_write(&place, "a.yaml", ENDPOINT("box", ""));
	(void)place_write(&place, "b.yaml", ASSET("box", ""));
	(void)place_write(&place, "c/d.yaml", "---\n" ASSET("other", "") "---\n" ASSET("box", ""));
	cr_assert_not(place_open(&place, false, &topology, &err));
	cr_assert_eq(err.id, ERROR_CONTRACT_INVALID);
	cr_assert_eq(err.finding_count, 1);
	cr_assert(text_ends(err.findings[0].file, "/c/d.yaml"));
	cr_assert_eq(err.findings[0].line, 13);
	cr_assert_eq(err.findings[0].column, 12);
	cr_assert_str_eq(err.findings[0].path, "spec.assetId");
	cr_assert_not_null(strstr(err.findings[0].message, "/b.yaml:4"));
	cr_assert_not_null(err.findings[0].fix);
	place_done(&place);
}

Test(topology, suggests_names_that_are_near)
{
	struct place place = place_new();
	struct topology *topology = NULL;
	struct error err = { 0 };

	(void)place_write(&place, "a.yaml", ENDPOINT("board", "  executorUrl: http://board.svc\n"));
	(void)place_write(&place, "b.yaml", ASSET("a", "  executorRef: boart\n"));
	cr_assert_not(place_open(&place, false, &topology, &err));
	cr_assert_eq(err.finding_count, 1);
	cr_assert_str_eq(err.findings[0].fix, "did you mean board?");
	(void)place_write(&place, "b.yaml", "apiVersion: fractalops/v1\nkind: Endpont\nspec: {}\n");
	cr_assert_not(place_open(&place, false, &topology, &err));
	cr_assert_eq(err.finding_count, 1);
	cr_assert_str_eq(err.findings[0].fix, "did you mean Endpoint?");
	place_done(&place);
}

Test(topology, names_the_later_kinds)
{
	static const char *const kinds[] = { "Connector", "Project", "Squad", "TeamContract", "Governance" };

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct place place = place_new();

		(void)place_write(&place, "a.yaml",
		                  arena_format(place.arena, "apiVersion: fractalops/v1\nkind: %s\nspec: {}\n",
		                               kinds[i]));
		cr_expect(place_refuses(&place, arena_format(place.arena, "kind %s is not supported by this version",
		                                             kinds[i])));
		place_done(&place);
	}
}

/* What an unread document defines may be what another refers to: no finding about that. */
Test(topology, does_not_guess_about_what_it_could_not_read)
{
	struct place place = place_new();
	struct topology *topology = NULL;
	struct error err = { 0 };

	(void)place_write(&place, "a.yaml", "kind: [\n");
	(void)place_write(&place, "b.yaml", ASSET("a", "  executorRef: board\n"));
	cr_assert_not(place_open(&place, false, &topology, &err));
	cr_assert_eq(err.finding_count, 1);
	cr_assert(text_ends(err.findings[0].file, "/a.yaml"));
	(void)place_write(&place, "a.yaml", ENDPOINT("board", "  executorUrl: http://u@h\n"));
	cr_assert_not(place_open(&place, false, &topology, &err));
	cr_assert_eq(err.finding_count, 1);
	cr_assert_not_null(strstr(err.findings[0].message, "user info"));
	place_done(&place);
}

Test(topology, reports_all_files_sorted_and_counts_the_rest)
{
	struct place place = place_new();
	struct topology *topology = NULL;
	struct buffer text = BUFFER((size_t)1024 * 1024);
	struct error err = { 0 };

	for (size_t i = 0; i < 150; i++)
		(void)buffer_format(&text, "---\napiVersion: fractalops/v1\nkind: Endpoint\nspec:\n  id: e-%zu\n", i);
	(void)place_write(&place, "b.yaml", buffer_string(&text));
	(void)place_write(&place, "a.json", "{\"a\":1,}");
	cr_assert_not(place_open(&place, false, &topology, &err));
	cr_assert_eq(err.finding_count, 200);
	cr_assert_str_eq(err.message, "the topology has 301 errors");
	cr_assert(text_ends(err.findings[0].file, "/a.json"));
	for (size_t i = 2; i < err.finding_count; i++)
		cr_assert_leq(err.findings[i - 1].line, err.findings[i].line);
	buffer_done(&text);
	place_done(&place);
}

Test(topology, refuses_documents_that_are_no_objects)
{
	static const char *const files[] = { "a: {}\n--- text\n", "- 1\n" };
	struct place place = place_new();

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		(void)place_write(&place, "a.yaml", files[i]);
		cr_expect(place_refuses(&place, "expected an object, found"));
	}
	(void)place_write(&place, "a.yaml", "");
	(void)place_write(&place, "a.json", "[[]]");
	cr_expect(place_refuses(&place, "expected an object, found a list"));
	(void)place_write(&place, "a.json", "7");
	cr_expect(place_refuses(&place, "expected an object, found a whole number"));
	place_done(&place);
}

Test(topology, collects_link_findings_with_the_others)
{
	struct place place = place_new();
	struct topology *topology = NULL;
	struct error err = { 0 };

	(void)place_write(&place, "a.yaml", ASSET("A", ""));
	cr_assert_eq(symlink("/etc/hostname", path_join(place.arena, place.sources, "b.yaml")), 0);
	cr_assert_not(place_open(&place, true, &topology, &err));
	cr_assert_eq(err.finding_count, 2);
	cr_assert_null(place_cache_file(&place));
	place_done(&place);
}

Test(topology, fails_for_a_file_that_is_too_large)
{
	struct place place = place_new();
	struct topology *topology = NULL;
	struct error err = { 0 };

	cr_assert_eq(truncate(place_write(&place, "a.yaml", ""), (off_t)17 * 1024 * 1024), 0);
	cr_assert_not(place_open(&place, false, &topology, &err));
	cr_assert_eq(err.id, ERROR_CONTRACT_UNREADABLE);
	place_done(&place);
}

static void *feed(void *user)
{
	int descriptor = open(user, O_WRONLY | O_CLOEXEC);
	static const char text[] = ASSET("piped", "");

	cr_assert_eq(write(descriptor, text, sizeof text - 1), (ssize_t)(sizeof text - 1));
	(void)close(descriptor);
	return NULL;
}

Test(topology, reads_a_named_pipe_and_never_caches_it)
{
	struct place place = place_new();
	struct topology_request request = { .cache_folder = place.cache };
	struct topology *topology = NULL;
	struct error err = { 0 };
	char *path = arena_format(place.arena, "%s/pipe", place.root);
	pthread_t writer;

	cr_assert_eq(mkfifo(path, 0600), 0);
	text_list_add(place.arena, &request.sources, path);
	cr_assert_eq(pthread_create(&writer, NULL, feed, path), 0);
	cr_assert(topology_open(place.arena, &request, &topology, &err), "%s", err.message);
	cr_assert_eq(pthread_join(writer, NULL), 0);
	cr_assert_str_eq(topology_id(topology, KIND_RUNTIME_ASSET, 0), "piped");
	cr_assert_null(place_cache_file(&place));
	topology_cleanup(&topology);
	place_done(&place);
}

static void write_many(const struct place *place, size_t files, size_t assets)
{
	for (size_t file = 0; file < files; file++) {
		struct buffer text = BUFFER((size_t)16 * 1024 * 1024);

		if (file == 0)
			(void)buffer_text(&text, ENDPOINT("board", "  executorUrl: http://board.svc\n"));
		for (size_t i = 0; i < assets; i++)
			(void)buffer_format(&text,
			                    "---\napiVersion: fractalops/v1\nkind: RuntimeAsset\nspec:\n"
			                    "  assetId: asset-%05zu\n  role: role-%zu\n  kind: lxc\n"
			                    "  executorRef: board\n  lxc: {driver: local, container: box}\n",
			                    file * assets + i, i % 10);
		(void)place_write(place, arena_format(place->arena, "%03zu.yaml", file), buffer_string(&text));
		buffer_done(&text);
	}
}

/* Enough for several threads; one object at a time in a scratch arena that never grows. */
Test(topology, reads_many_objects_in_constant_memory)
{
	struct place place = place_new();
	struct arena *scratch = arena_new((size_t)64 * 1024);
	struct topology *topology;
	size_t indexes[4];
	char id[32];

	write_many(&place, 40, 100);
	topology = open_place(&place);
	cr_assert_eq(topology_count(topology, KIND_RUNTIME_ASSET), 4000);
	for (size_t i = 0; i < 4000; i++) {
		struct arena_mark mark = arena_mark(scratch);
		struct runtime_asset asset = { 0 };
		struct error err;

		cr_assert(topology_read_asset(topology, i, scratch, &asset, &err));
		(void)snprintf(id, sizeof id, "asset-%05zu", i);
		cr_assert_str_eq(asset.asset_id, id);
		cr_assert_str_eq(topology_id(topology, KIND_RUNTIME_ASSET, i), id);
		cr_assert_str_eq(asset.role, topology_asset_role(topology, i));
		arena_rewind(scratch, mark);
	}
	cr_assert_eq(topology_role(topology, "role-3", indexes, 4), 400);
	cr_assert_eq(indexes[3], 33);
	topology_cleanup(&topology);
	arena_free(scratch);
	place_done(&place);
}

/* The threads' shares depend on sizes; which findings are told must not. */
Test(topology, tells_the_same_findings_every_time)
{
	struct place place = place_new();
	const char *first = NULL;

	write_many(&place, 30, 60);
	for (size_t i = 0; i < 30; i += 3)
		(void)place_write(&place, arena_format(place.arena, "%03zu-broken.yaml", i),
		                  ASSET("Broken", "  owner: ''\n") "---\nkind: x\n");
	for (size_t round = 0; round < 5; round++) {
		struct topology *topology = NULL;
		struct error err = { 0 };
		struct buffer text = BUFFER((size_t)1024 * 1024);

		cr_assert_not(place_open(&place, false, &topology, &err));
		for (size_t i = 0; i < err.finding_count; i++)
			(void)buffer_format(&text, "%s:%d:%d %s\n", err.findings[i].file, (int)err.findings[i].line,
			                    (int)err.findings[i].column, err.findings[i].message);
		if (first == NULL)
			first = arena_copy(place.arena, buffer_string(&text));
		cr_assert_str_eq(buffer_string(&text), first);
		buffer_done(&text);
	}
	place_done(&place);
}
