/* CRC-32, from zlib. */
#include "checksum.h"

#include <zlib.h>

uint32_t checksum(const void *data, size_t len)
{
	return (uint32_t)crc32_z(0, data, len);
}
