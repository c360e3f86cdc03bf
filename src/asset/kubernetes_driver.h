/* The row that the driver table takes. */
#ifndef FOPS_ASSET_KUBERNETES_DRIVER_H
#define FOPS_ASSET_KUBERNETES_DRIVER_H

#include "fops/asset/driver.h"

extern const struct asset_driver kubernetes_driver;

#endif
