/* The rows that the driver table takes. */
#ifndef FOPS_ASSET_LXC_DRIVER_H
#define FOPS_ASSET_LXC_DRIVER_H

#include "fops/asset/driver.h"

extern const struct asset_driver lxc_local_driver;
extern const struct asset_driver lxc_ssh_driver;
extern const struct asset_driver lxc_proxmox_driver;
extern const struct asset_driver lxc_proxmox_agent_driver;
extern const struct asset_driver lxc_incus_driver;

#endif
