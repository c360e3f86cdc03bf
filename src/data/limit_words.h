/* What is said of a document that passes a limit: formats, so that both readers say the same. */
#ifndef FOPS_DATA_LIMIT_WORDS_H
#define FOPS_DATA_LIMIT_WORDS_H

/* One size_t: the limit. */
#define WORDS_TOO_DEEP "lists and objects are nested deeper than %zu levels"

/* Two size_t: the bytes, and the limit. */
#define WORDS_TEXT_TOO_LONG   "a text of %zu bytes is longer than the %zu that are allowed"
#define WORDS_INPUT_TOO_LARGE "the input of %zu bytes is larger than the %zu that are allowed"

#endif
