/* The rows of lxc/proxmox and lxc/proxmox-agent. */
#include "fops/base/arena.h"
#include "lxc_driver.h"
#include "proxmox_session.h"

static const char *identity(struct arena *arena, const struct runtime_asset *asset)
{
	const struct lxc_proxmox *proxmox = &asset->lxc.proxmox;
	const char *tags = "";

	for (size_t i = 0; i < proxmox->tags.count; i++)
		tags = arena_format(arena, "%s;%s", tags, proxmox->tags.items[i]);
	return arena_format(arena, "lxc/proxmox %s %s %s %s %lld", proxmox->endpoint, proxmox->type,
	                    asset->lxc.container, tags, proxmox->vmid.present ? (long long)proxmox->vmid.value : -1LL);
}

const struct asset_driver lxc_proxmox_driver = {
	.name = "lxc/proxmox",
	.text = "A container of a Proxmox VE cluster, through its API and pct on its node over SSH.",
	.abilities = ASSET_INPUT | ASSET_HALF_CLOSE | ASSET_TERMINAL | ASSET_SIGNALS | ASSET_WORKDIR |
	             ASSET_ENVIRONMENT | ASSET_STREAMING,
	.start = pct_start,
	.write = pct_write,
	.close_input = pct_close_input,
	.pause_output = pct_pause_output,
	.signal = pct_signal,
	.resize = pct_resize,
	.stop = pct_stop,
	.observe = proxmox_observe,
	.stop_observing = proxmox_stop_observing,
	.identity = identity,
};

const struct asset_driver lxc_proxmox_agent_driver = {
	.name = "lxc/proxmox-agent",
	.text = "A virtual machine of a Proxmox VE cluster, through its guest agent: output comes at the end.",
	.abilities = ASSET_INPUT | ASSET_HALF_CLOSE | ASSET_SIGNALS | ASSET_WORKDIR,
	.start = agent_start,
	.write = agent_write,
	.close_input = agent_close_input,
	.pause_output = agent_pause_output,
	.signal = agent_signal,
	.resize = agent_resize,
	.stop = agent_stop,
	.observe = proxmox_observe,
	.stop_observing = proxmox_stop_observing,
	.identity = identity,
};
