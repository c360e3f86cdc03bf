/* Compiler attributes and small macros that every room uses. */
#ifndef FOPS_BASE_COMPILER_H
#define FOPS_BASE_COMPILER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The result must be looked at: ignoring a failure is a compile error. */
#define CHECKED __attribute__((warn_unused_result))

/* The format is argument TEXT, the first value argument FIRST (0 for a va_list). */
#define PRINTF(text, first) __attribute__((format(printf, text, first)))

/* Run FUNCTION_cleanup on the variable when its scope ends. */
#define CLEANUP(function) __attribute__((cleanup(function)))

#define UNUSED            __attribute__((unused))

#define NORETURN          __attribute__((noreturn))

#define ARRAY_LEN(array)  (sizeof(array) / sizeof((array)[0]))

#endif
