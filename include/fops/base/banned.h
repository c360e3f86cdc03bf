/* Turns calls that hide truncation, locale or global state into compile errors; force-included by meson. */
#ifndef FOPS_BASE_BANNED_H
#define FOPS_BASE_BANNED_H

/* The system headers come first, so that the poison below meets only our own code. */
#include <ctype.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

/* with fortification the C library makes some of them macros, and a macro cannot be poisoned */
#undef sprintf
#undef vsprintf
#undef strcpy
#undef strcat
#undef strncpy
#undef strncat
#undef stpcpy

#pragma GCC poison strcpy strcat strncpy strncat stpcpy sprintf vsprintf gets
#pragma GCC poison strtok strtok_r atoi atol atoll atof gmtime localtime ctime asctime
#pragma GCC poison popen tmpnam mktemp tempnam

#endif
