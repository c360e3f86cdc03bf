/* One look at all assets. */
#ifndef FOPS_ASSET_CHECK_ROUND_H
#define FOPS_ASSET_CHECK_ROUND_H

#include "fops/asset/check.h"

/*
 * Fill all results; ends early when *signal becomes other than 0 or the deadline passes, what is then open is
 * "unknown". Texts live in context->arena. errors  INTERNAL
 */
CHECKED bool check_round(struct asset_context *context, const struct runtime_asset *assets, size_t count,
                         const int *signal, struct check_result *ret_results, struct error *err);

#endif
