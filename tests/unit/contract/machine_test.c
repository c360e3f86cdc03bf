/* Documents of clusters, guests and instances: every field is read, kept in the cache and read back. */
#include <criterion/criterion.h>

#include "place.h"

static struct topology *open_machines(const struct place *place, bool cached)
{
	struct topology_request request = { .cache_folder = cached ? place->cache : NULL };
	struct topology *topology = NULL;
	struct error err = { 0 };

	text_list_add(place->arena, &request.sources, FIXTURES "/machines");
	cr_assert(topology_open(place->arena, &request, &topology, &err), "%s: %s", err.message,
	          err.finding_count > 0 ? err.findings[0].message : err.cause);
	return topology;
}

static struct runtime_asset read_asset(const struct place *place, const char *id)
{
	struct topology *topology = open_machines(place, false);
	struct runtime_asset asset = { 0 };
	struct error err;
	size_t index;

	cr_assert(topology_find(topology, KIND_RUNTIME_ASSET, id, &index), "%s", id);
	cr_assert(topology_read_asset(topology, index, place->arena, &asset, &err));
	topology_cleanup(&topology);
	return asset;
}

static struct endpoint read_endpoint(const struct place *place, const char *id)
{
	struct topology *topology = open_machines(place, false);
	struct endpoint endpoint = { 0 };
	struct error err;
	size_t index;

	cr_assert(topology_find(topology, KIND_ENDPOINT, id, &index), "%s", id);
	cr_assert(topology_read_endpoint(topology, index, place->arena, &endpoint, &err));
	topology_cleanup(&topology);
	return endpoint;
}

Test(machine, reads_every_field_of_a_pod)
{
	struct place place = place_new();
	struct runtime_asset asset = read_asset(&place, "pod-01");
	const struct kubernetes_block *pod = &asset.kubernetes;

	cr_expect_str_eq(runtime_asset_driver(&asset), "kubernetes");
	cr_assert(pod->present);
	cr_expect_not(asset.lxc.present);
	cr_expect_str_eq(pod->cluster, "core-cluster");
	cr_expect_str_eq(pod->name_space, "boards");
	cr_expect_eq(pod->selector.count, 2);
	cr_expect_str_eq(text_map_get(&pod->selector, "app.kubernetes.io/name"), "Board_1.x");
	cr_expect_str_eq(text_map_get(&pod->selector, "tier"), "");
	cr_expect_null(pod->workload);
	cr_expect_str_eq(pod->container, "main");
	cr_expect_not(pod->ready_only);
	cr_expect_str_eq(pod->via, "service-proxy");
	cr_expect_str_eq(pod->service, "board");
	cr_expect_str_eq(pod->port, "http");
	cr_expect_str_eq(pod->scheme, "https");
	place_done(&place);
}

Test(machine, fills_in_what_a_pod_leaves_out)
{
	struct place place = place_new();
	struct runtime_asset asset = read_asset(&place, "pod-03");
	struct runtime_asset numbered = read_asset(&place, "pod-02");

	cr_expect_str_eq(asset.kubernetes.name_space, "default");
	cr_expect_eq(asset.kubernetes.selector.count, 0);
	cr_expect_str_eq(asset.kubernetes.workload, "pod/board-0");
	cr_expect(asset.kubernetes.ready_only);
	cr_expect_null(asset.kubernetes.via);
	cr_expect_null(asset.kubernetes.port);
	cr_expect_str_eq(asset.kubernetes.scheme, "http");
	/* a port may be written as a number */
	cr_expect_str_eq(numbered.kubernetes.port, "8443");
	place_done(&place);
}

Test(machine, reads_every_field_of_a_guest)
{
	struct place place = place_new();
	struct runtime_asset asset = read_asset(&place, "guest-01");
	const struct lxc_proxmox *guest = &asset.lxc.proxmox;
	const struct proxmox_node *nodes = guest->nodes.items;

	cr_expect_str_eq(runtime_asset_driver(&asset), "lxc/proxmox");
	cr_assert(guest->present);
	cr_expect_str_eq(asset.lxc.container, "daytona.example.net");
	cr_expect_str_eq(guest->endpoint, "core-proxmox");
	cr_expect_str_eq(guest->type, "lxc");
	cr_expect_eq(guest->tags.count, 2);
	cr_expect_str_eq(guest->tags.items[1], "_Daytona+1.0-x");
	cr_expect(guest->vmid.present);
	cr_expect_eq(guest->vmid.value, 101);
	cr_assert_eq(guest->nodes.count, 2);
	cr_expect_str_eq(nodes[0].name, "pve1");
	cr_assert(nodes[0].ssh.present);
	cr_expect_str_eq(nodes[0].ssh.host, "pve1.example.net");
	cr_expect_eq(nodes[0].ssh.port, 2222);
	cr_expect_str_eq(nodes[0].ssh.user, "_fops");
	cr_expect_eq(nodes[0].ssh.host_keys.count, 1);
	cr_expect_str_eq(nodes[0].ssh.identity_ref, "env://DEPLOY_KEY");
	cr_expect_eq(nodes[0].ssh.connect_timeout.ms, 3000);
	cr_expect_str_eq(nodes[1].ssh.user, "root");
	cr_expect_eq(nodes[1].ssh.port, 22);
	place_done(&place);
}

Test(machine, reads_every_field_of_an_instance)
{
	struct place place = place_new();
	struct runtime_asset asset = read_asset(&place, "instance-01");
	struct runtime_asset shortest = read_asset(&place, "instance-02");

	cr_expect_str_eq(runtime_asset_driver(&asset), "lxc/incus");
	cr_assert(asset.lxc.incus.present);
	cr_expect_str_eq(asset.lxc.incus.endpoint, "core-incus");
	cr_expect_str_eq(asset.lxc.incus.project, "blue_1.x");
	cr_expect_str_eq(shortest.lxc.incus.project, "default");
	place_done(&place);
}

Test(machine, reads_every_way_to_ask)
{
	struct place place = place_new();
	struct endpoint cluster = read_endpoint(&place, "core-cluster");
	struct endpoint proxmox = read_endpoint(&place, "core-proxmox");
	struct endpoint incus = read_endpoint(&place, "core-incus");
	struct endpoint inside = read_endpoint(&place, "inside");

	cr_expect_str_eq(cluster.auth.mode, "token-file");
	cr_expect_str_eq(cluster.auth.token_file, "/run/secrets/cluster..token");
	cr_expect_str_eq(cluster.proxy_url, "socks5h://[::1]:1080");
	cr_expect_str_eq(proxmox.auth.token_id, "fops+1@pve-realm!control.1");
	cr_expect_str_eq(proxmox.auth.secret_ref, "openbao://kv/pve#token");
	cr_expect_eq(strlen(proxmox.tls.fingerprint), 95);
	cr_expect_str_eq(incus.auth.certificate_ref, "env://INCUS_CERTIFICATE");
	cr_expect_str_eq(incus.auth.key_ref, "openbao://kv/incus#key");
	cr_expect_str_eq(inside.auth.mode, "in-cluster");
	cr_expect_null(inside.executor_url);
	place_done(&place);
}

Test(machine, comes_out_of_the_cache_as_it_went_in)
{
	struct place place = place_new();
	struct topology *fresh = open_machines(&place, false);
	struct topology *writing = open_machines(&place, true);
	struct topology *cached = open_machines(&place, true);

	cr_assert_not_null(place_cache_file(&place));
	cr_expect_str_eq(place_describe(&place, cached), place_describe(&place, fresh));
	topology_cleanup(&fresh);
	topology_cleanup(&writing);
	topology_cleanup(&cached);
	place_done(&place);
}

Test(machine, suggests_endpoints_of_the_right_plane_only)
{
	struct place place = place_new();
	struct topology *topology = NULL;
	struct error err = { 0 };

	place_write(
	        &place, "a.yaml",
	        "apiVersion: fractalops/v1\nkind: RuntimeAsset\nspec:\n  assetId: a\n  role: r\n  kind: kubernetes\n"
	        "  kubernetes: {cluster: core1, workload: pod/a}\n---\n"
	        "apiVersion: fractalops/v1\nkind: Endpoint\nspec: {id: core2, plane: board, auth: {mode: none}}\n---\n"
	        "apiVersion: fractalops/v1\nkind: Endpoint\nspec: {id: core3, plane: kubernetes, auth: {mode: "
	        "in-cluster}}\n");
	cr_assert_not(place_open(&place, false, &topology, &err));
	cr_assert_eq(err.finding_count, 1);
	cr_expect_str_eq(err.findings[0].path, "spec.kubernetes.cluster");
	cr_expect_str_eq(err.findings[0].fix, "did you mean core3?");
	place_done(&place);
}
