/* Choosing assets: only by id, role and what the contract says of them. */
#ifndef FOPS_ASSET_SELECT_H
#define FOPS_ASSET_SELECT_H

#include "fops/contract/topology.h"

struct asset_selection {
	const char *asset_id; /* NULL: any */
	const char *role;
	const char *kind;
	const char *owner;
	struct text_list labels; /* "key=value", all must hold */
	bool all;                /* several are welcome */
	bool single;             /* the command takes one only: no message offers --all */
};

/* Indexes into the topology, ascending by id, in an arena. */
struct asset_choice {
	size_t *indexes;
	size_t count;
};

/* Check the form of the selection: labels k=v, identifiers. errors USAGE_BAD_VALUE */
CHECKED bool asset_selection_check(const struct asset_selection *selection, struct error *err);

/* Words of --label: each KEY=VALUE with a key. errors USAGE_BAD_VALUE */
CHECKED bool label_words_check(const struct text_list *labels, struct error *err);

/* Do the labels of an object hold this "KEY=VALUE"? */
bool label_word_holds(const struct text_map *labels, const char *label);

/*
 * All assets that match; an empty choice is no failure. With nothing chosen everything matches. Reads records only when
 * labels or owner ask for it, through a scratch arena. errors  ASSET_NOT_FOUND when asset_id or role names nothing in
 * the topology (with suggestions); DATA
 */
CHECKED bool asset_select(struct arena *arena, const struct topology *topology, const struct asset_selection *selection,
                          struct asset_choice *ret_choice, struct error *err);

/*
 * Exactly one asset, or (selection->all) at least one.
 * errors  USAGE_MISSING_ARGUMENT nothing was selected by; ASSET_NOT_FOUND nothing matches; ASSET_AMBIGUOUS several
 * match: the cause lists up to ten candidates "daytona-01, daytona-02", the fix names --asset-id and --all
 */
CHECKED bool asset_select_some(struct arena *arena, const struct topology *topology,
                               const struct asset_selection *selection, struct asset_choice *ret_choice,
                               struct error *err);

#endif
