/* What tests ask a loop, to see that nothing was left behind. */
#ifndef FOPS_BASE_LOOP_INSPECT_H
#define FOPS_BASE_LOOP_INSPECT_H

#include "fops/base/loop.h"

/* Number of watched descriptors and armed timers: nothing can happen any more when both are zero. */
size_t loop_pending(const struct loop *loop);

#endif
