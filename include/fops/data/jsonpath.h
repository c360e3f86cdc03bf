/* A small, closed subset of kubectl's jsonpath templates. */
#ifndef FOPS_DATA_JSONPATH_H
#define FOPS_DATA_JSONPATH_H

#include "fops/data/document.h"

struct buffer;
struct jsonpath;

/*
 * Compile a template. Supported: literal text, {.a.b}, {['a']}, {.a[0]}, {.a[-1]}, {.a[1:3]}, {.a[*]}, {.a.*}, {$},
 * {@}, {"text"} with \n \t \\ \", {range .items[*]}…{end} (nested at most 4 deep). A template without braces is taken
 * as one path: `.items[0].name`. Everything else (filters ?(), unions, .., functions, scripts) is refused by name. At
 * most 4096 bytes.
 *
 * ret_path lives in arena
 * errors   USAGE_EXPRESSION with the column and the refused part
 */
CHECKED bool jsonpath_compile(struct arena *arena, const char *expression, struct jsonpath **ret_path,
                              struct error *err);

/*
 * Print the template for a document into out: several results of one path are separated by one blank (as kubectl does),
 * texts raw, numbers and booleans as JSON, objects and arrays as one-line JSON, null as nothing. A missing member
 * prints nothing.
 *
 * errors   USAGE_EXPRESSION when a step does not fit the value (index on an object); IO_OUTPUT when out overflows
 */
CHECKED bool jsonpath_print(const struct jsonpath *path, const struct value *document, struct buffer *out,
                            struct error *err);

#endif
