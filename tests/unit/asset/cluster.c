/* Canned answers instead of an API server. */
#include "cluster.h"

#include <criterion/criterion.h>

#define LONGEST_TEST_MS 10000

struct cluster cluster;

struct reply answer_with(const char *status, const char *headers, const char *body)
{
	struct reply reply = { arena_format(cluster.place.arena, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n%s\r\n%s",
		                            status, strlen(body), headers, body),
		               AFTER_KEEP };

	return reply;
}

struct reply answer(const char *body)
{
	return answer_with("200 OK", "", body);
}

const char *list(const char *more, const char *items)
{
	return arena_format(
	        cluster.place.arena,
	        "{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\"7\",\"continue\":"
	        "\"%s\"},\"items\":[%s]}",
	        more, items);
}

void open_cluster(const struct reply *replies, size_t count, const char *auth)
{
	open_cluster_of(server_start(replies, count, NULL, NULL), auth);
}

void open_cluster_of(struct server *server, const char *auth)
{
	struct error err;

	cluster.server = server;
	place_write(
	        &cluster.place, "cluster.yaml",
	        arena_format(cluster.place.arena,
	                     "apiVersion: fractalops/v1\nkind: Endpoint\nspec:\n  id: cluster\n  plane: kubernetes\n"
	                     "  executorUrl: http://127.0.0.1:%u\n  auth: %s\n",
	                     (unsigned)server_port(cluster.server), auth));
	cr_assert(place_open(&cluster.place, false, &cluster.topology, &err), "%s: %s", err.message, err.cause);
	cluster.context = (struct asset_context){ .arena = cluster.place.arena,
		                                  .topology = cluster.topology,
		                                  .deadline = deadline_after(LONGEST_TEST_MS),
		                                  .most_parallel = 8 };
	cr_assert(loop_new(&cluster.context.loop, &err));
}

void cluster_make(void)
{
	cluster = (struct cluster){ .place = place_new() };
}

void cluster_close(void)
{
	asset_http_close(&cluster.context);
	loop_free(cluster.context.loop);
	topology_cleanup(&cluster.topology);
	place_done(&cluster.place);
}

struct runtime_asset *asset_in(const char *name_space)
{
	struct runtime_asset *asset = arena_alloc(cluster.place.arena, sizeof *asset);

	*asset = (struct runtime_asset){ .asset_id = "board", .kind = "kubernetes" };
	asset->kubernetes = (struct kubernetes_block){
		.present = true, .cluster = "cluster", .name_space = name_space, .ready_only = true
	};
	return asset;
}

struct runtime_asset *by_label(const char *name_space, const char *app)
{
	struct runtime_asset *asset = asset_in(name_space);

	asset->kubernetes.selector.items = arena_array(cluster.place.arena, 1, sizeof(struct text_pair));
	asset->kubernetes.selector.items[0] = (struct text_pair){ "app", app };
	asset->kubernetes.selector.count = 1;
	return asset;
}

struct runtime_asset *by_workload(const char *workload)
{
	struct runtime_asset *asset = asset_in("boards");

	asset->kubernetes.workload = workload;
	return asset;
}

void wait_for(size_t count)
{
	struct error err;

	while (cluster.answered < count) {
		cr_assert(loop_turn(cluster.context.loop, cluster.context.deadline, &err));
		cr_assert(!deadline_passed(cluster.context.deadline), "only %zu answers", cluster.answered);
	}
	cr_assert_eq(cluster.answered, count);
}

void asks(size_t i, const char *part)
{
	const char *request = server_request(cluster.server, i);

	cr_assert_not_null(strstr(request, part), "%s has no %s", request, part);
}
