/* What a literal text gives away: a secret (R02), a human's token (R08), a raw address (R07). */
#ifndef FOPS_CONTRACT_LITERAL_H
#define FOPS_CONTRACT_LITERAL_H

#include "fops/base/compiler.h"

/*
 * What sort of secret a text holds, "a private key", "a GitHub token"; NULL when it holds none that is known. Looked
 * for anywhere in the text: private keys (also as base64 of PEM), tokens with a prefix of their own (GitHub, GitLab,
 * AWS, Slack, OpenBao, npm, Google, Stripe, PyPI, Docker, age), signed tokens (JWT), and user info with a password in
 * URLs. A secret without any mark of its own is not recognized.
 */
const char *literal_secret(const char *text);

/*
 * Is it, or does it hold, a token that acts for a human at GitHub: ghp_, github_pat_, gho_, ghu_? Installation tokens
 * of a GitHub App (ghs_) are none. A classic token of 40 hexadecimal digits looks like a digest and is not recognized.
 */
bool literal_is_human_token(const char *text);

/*
 * Does a name say that such a token is behind it: words divided by signs, GITHUB or GH among them together with PAT or
 * PERSONAL (GITHUB_PAT, gh-pat, kv/github#pat, GITHUB_PERSONAL_ACCESS_TOKEN), or joined as in GHPAT?
 */
bool literal_names_human_token(const char *name);

/* Does a variable's name say that its value is a secret: it ends in PASSWORD, SECRET, TOKEN, API_KEY and the like? */
bool literal_names_secret(const char *name);

/* Is one of the words of a name, divided by signs and in any case, that word? */
bool literal_has_word(const char *name, const char *word);

/* Is it a http, https, ws or wss URL whose host is a raw local or cluster address? Names are not resolved. */
bool literal_is_raw_url(const char *text);

#endif
