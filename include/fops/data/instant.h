/* Reads RFC 3339 times. */
#ifndef FOPS_DATA_INSTANT_H
#define FOPS_DATA_INSTANT_H

#include "fops/base/clock.h"

/* "2026-11-20T14:02:11.5Z", or with an offset "+02:00"; false for anything else. Parts of a millisecond are cut. */
CHECKED bool instant_parse(const char *text, struct instant *ret_instant);

#endif
