/* The row of the driver `kubernetes`, and which assets are the same machine. */
#include "kubernetes_driver.h"

#include "fops/base/arena.h"
#include "kubernetes.h"

#define LONGEST_IDENTITY ((size_t)64 * 1024)

static const char *identity(struct arena *arena, const struct runtime_asset *asset)
{
	const struct kubernetes_block *block = &asset->kubernetes;
	struct buffer text = BUFFER(LONGEST_IDENTITY);
	const char *key;

	buffer_format(&text, "kubernetes %s %s %s %s %s", block->cluster, block->name_space,
	              block->workload == NULL ? "" : block->workload, block->container == NULL ? "" : block->container,
	              block->ready_only ? "ready" : "any");
	for (size_t i = 0; i < block->selector.count; i++)
		buffer_format(&text, " %s=%s", block->selector.items[i].key, block->selector.items[i].value);
	key = arena_text(arena, buffer_string(&text), text.len);
	buffer_done(&text);
	return key;
}

const struct asset_driver kubernetes_driver = {
	.name = "kubernetes",
	.text = "A container of a pod, through the cluster's API server.",
	.abilities = ASSET_INPUT | ASSET_HALF_CLOSE | ASSET_TERMINAL | ASSET_SIGNALS | ASSET_WORKDIR |
	             ASSET_ENVIRONMENT | ASSET_STREAMING,
	.start = kubernetes_start,
	.write = kubernetes_write,
	.close_input = kubernetes_close_input,
	.pause_output = kubernetes_pause_output,
	.signal = kubernetes_signal,
	.resize = kubernetes_resize,
	.stop = kubernetes_stop,
	.observe = kubernetes_observe,
	.stop_observing = kubernetes_stop_observing,
	.glance = kubernetes_glance,
	.stop_glancing = kubernetes_stop_glancing,
	.identity = identity,
};
