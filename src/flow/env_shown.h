/* What may be shown of a text that somebody put into an environment. Private to this room. */
#ifndef FOPS_FLOW_ENV_SHOWN_H
#define FOPS_FLOW_ENV_SHOWN_H

#include "fops/base/text.h"

struct arena;

/* Stands for what is not shown. */
#define NOT_SHOWN "(not shown)"

/* Is a secret part of the text? Secrets of fewer than four bytes are looked for as the whole text alone. */
bool env_holds_secret(const char *text, const struct text_list *secrets);

/*
 * The text with what could be a secret taken out: all of it when it holds one of secrets, else who asks and the query
 * of a URL. In arena, or text itself.
 */
const char *env_shown(struct arena *arena, const char *text, const struct text_list *secrets);

/*
 * The host of a URL, or of "host:port", with percent-encoding undone and without brackets, user and trailing dots,
 * lower case; in arena. NULL when there is none.
 */
const char *env_host(struct arena *arena, const char *text);

/* Is it an address, or this machine by name? */
bool env_host_is_raw(const char *host);

#endif
