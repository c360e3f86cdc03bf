/* Words that a text protocol cannot carry, for a shell that decodes them. */
#ifndef FOPS_ASSET_WORD_SCRIPT_H
#define FOPS_ASSET_WORD_SCRIPT_H

#include "fops/base/compiler.h"

struct arena;

/* Are all words valid UTF-8? */
bool words_are_text(const char *const *words);

/*
 * The same command as words of plain ASCII: a shell on the other side decodes and executes them. NULL-terminated, in
 * arena.
 */
const char *const *words_as_script(struct arena *arena, const char *const *words);

#endif
