/* Checksums against damage of what a cache holds. Private to this room. */
#ifndef FOPS_CONTRACT_CHECKSUM_H
#define FOPS_CONTRACT_CHECKSUM_H

#include "fops/base/compiler.h"

/* CRC-32 as in zlib and RFC 1952. */
uint32_t checksum(const void *data, size_t len);

#endif
