/* The driver table: one row a driver. */
#include "fops/asset/driver.h"

#include "kubernetes_driver.h"
#include <sys/stat.h>

#include "lxc_driver.h"

const struct asset_driver *const asset_drivers[] = {
	&lxc_local_driver,
	&lxc_ssh_driver,
	&lxc_proxmox_driver,
	&lxc_proxmox_agent_driver,
	&lxc_incus_driver,
	&kubernetes_driver,
	NULL,
};

bool asset_driver_of(const struct runtime_asset *asset, const struct asset_driver **ret_driver, struct error *err)
{
	const char *name = runtime_asset_driver(asset);

	for (size_t i = 0; asset_drivers[i] != NULL; i++) {
		if (!text_equal(asset_drivers[i]->name, name))
			continue;
		*ret_driver = asset_drivers[i];
		return true;
	}
	fail(err, ERROR_CONTRACT_INVALID, "this version has no driver \"%s\"", name == NULL ? "" : name);
	error_object(err, "runtime-asset/%s", asset->asset_id);
	return false;
}

bool session_joins_streams(const struct session_request *request)
{
	struct stat one, two;

	return request->direct_output >= 0 && request->direct_errors >= 0 && fstat(request->direct_output, &one) == 0 &&
	       fstat(request->direct_errors, &two) == 0 && one.st_dev == two.st_dev && one.st_ino == two.st_ino;
}
