/* Where an environment file is kept: replaced whole, only when it changes, and never through a link to elsewhere. */
#ifndef FOPS_FLOW_ENV_PLACE_H
#define FOPS_FLOW_ENV_PLACE_H

#include "fops/base/error.h"

struct arena;

/*
 * May a file be written there? Refused: what is there and no regular file, also a symbolic link, and a relative path
 * below this folder that links lead out of it. errors  IO_CREATE
 */
CHECKED bool env_place_check(struct arena *arena, const char *path, struct error *err);

/*
 * Check, and replace the file unless it holds these bytes already. A new file has the mode 0644, an old one keeps its
 * own. errors  IO_CREATE, IO_READ
 */
CHECKED bool env_place_write(struct arena *arena, const char *path, const void *data, size_t len, bool *ret_changed,
                             struct error *err);

#endif
