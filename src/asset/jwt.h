/* What a JSON Web Token says of itself (RFC 7519); nothing is verified, the server does that. */
#ifndef FOPS_ASSET_JWT_H
#define FOPS_ASSET_JWT_H

#include "fops/base/arena.h"
#include "fops/base/clock.h"

/* The claim exp; false when the text is no such token or has none. Nothing of the token stays in memory. */
bool jwt_expiry(const char *token, struct instant *ret_expiry);

#endif
