/* The rules of each kind, as the kind table names them, and the ones that kinds share. Private to this room. */
#ifndef FOPS_CONTRACT_CHECK_H
#define FOPS_CONTRACT_CHECK_H

#include "fops/contract/health.h"
#include "rule.h"

void runtime_asset_check(struct arena *arena, const char *file, const struct value *spec, const void *record,
                         struct findings *findings);
void endpoint_check(struct arena *arena, const char *file, const struct value *spec, const void *record,
                    struct findings *findings);

/* The member `health` of a spec. */
void health_check(const struct rule_scope *scope, const struct health *health);

/* A reference at path; NULL text is fine. */
void secret_ref_check(const struct rule_scope *scope, struct arena *arena, const char *path, const char *text);

/* An identity at path is no raw address (R07); NULL text is fine. */
void identity_check(const struct rule_scope *scope, const char *path, const char *text);

/* An absolute path at path holds no "." and ".." segments; NULL text and what is no path is fine. */
void path_check(const struct rule_scope *scope, const char *path, const char *text);

/* The letters and digits of ASCII, and the digits of base64 by their value. */
extern const char letters_digits[];
extern const char base64_digits[];

/* Base64 with its padding (RFC 4648 section 4), at least `least` and at most `most` characters. */
bool is_base64(const char *text, size_t least, size_t most);

#endif
