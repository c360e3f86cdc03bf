/* Is this a build under AddressSanitizer? It maps terabytes for its own use, and wants to see all memory given back. */
#ifndef FOPS_BASE_SANITIZER_H
#define FOPS_BASE_SANITIZER_H

#include <stdbool.h>

#if defined(__SANITIZE_ADDRESS__)
#define ADDRESS_SANITIZER true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ADDRESS_SANITIZER true
#endif
#endif
#ifndef ADDRESS_SANITIZER
#define ADDRESS_SANITIZER false
#endif

#endif
