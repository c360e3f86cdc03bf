/* The row of lxc/incus. */
#include "fops/base/arena.h"
#include "incus_session.h"
#include "lxc_driver.h"

static const char *identity(struct arena *arena, const struct runtime_asset *asset)
{
	const struct lxc_incus *incus = &asset->lxc.incus;

	return arena_format(arena, "lxc/incus %s %s %s", incus->endpoint, incus->project, asset->lxc.container);
}

const struct asset_driver lxc_incus_driver = {
	.name = "lxc/incus",
	.text = "An instance of an Incus or LXD server, through its API.",
	.abilities = ASSET_INPUT | ASSET_HALF_CLOSE | ASSET_TERMINAL | ASSET_SIGNALS | ASSET_USER | ASSET_WORKDIR |
	             ASSET_ENVIRONMENT | ASSET_STREAMING,
	.start = incus_start,
	.write = incus_write,
	.close_input = incus_close_input,
	.pause_output = incus_pause_output,
	.signal = incus_signal,
	.resize = incus_resize,
	.stop = incus_stop,
	.observe = incus_observe,
	.stop_observing = incus_stop_observing,
	.identity = identity,
};
