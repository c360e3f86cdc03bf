/* What an unquoted YAML scalar means, and whether YAML 1.1 would read it differently. */
#ifndef FOPS_DATA_PLAIN_H
#define FOPS_DATA_PLAIN_H

#include "fops/data/document.h"

/* The outcome beside the kind. */
enum plain_problem {
	PLAIN_CLEAR,
	PLAIN_AMBIGUOUS, /* readers of YAML 1.1 and 1.2 disagree, or it is a number of absurd length */
	PLAIN_TOO_LARGE, /* a whole number beyond +-2^53 */
	PLAIN_NOT_FINITE,
};

/*
 * Resolve by the YAML 1.2 core schema; text is NUL-terminated at len. ret_value gets kind and content (a text borrows
 * text); line and column are left alone. With a problem the kind is VALUE_TEXT.
 */
enum plain_problem plain_resolve(const char *text, size_t len, struct value *ret_value);

/* Digits and what stands between them in numbers, dates and addresses: quoting all of these is never wrong. */
bool is_number_like(const char *text, size_t len);

/* Would every reader of YAML, 1.1 or 1.2, take this valid UTF-8 text unquoted as this text? May say no too often. */
bool is_plain_text(const char *text, size_t len);

#endif
