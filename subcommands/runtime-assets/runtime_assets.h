/* The records of `runtime-assets`, and what its verbs share. */
#ifndef FOPS_SUBCOMMANDS_RUNTIME_ASSETS_H
#define FOPS_SUBCOMMANDS_RUNTIME_ASSETS_H

#include "fops/asset/select.h"
#include "fops/cli/command.h"

extern const struct command runtime_assets_command;
extern const struct command runtime_assets_list_command;
extern const struct command runtime_assets_show_command;
extern const struct command runtime_assets_check_command;
extern const struct command runtime_assets_run_command;
extern const struct command runtime_assets_request_command;

/* The selection flags of a verb, as the first member of its options. */
struct selection_options {
	const char *asset_id;
	const char *role;
	struct text_list labels;
	const char *kind;
	const char *owner;
	bool all;
};

/* The rows of the selection flags for a verb's option table. */
/* clang-format off */
#define SELECTION_OPTIONS(type)                                                                                    \
	{ "asset-id", 0, SLOT(type, selection.asset_id), "ID", NULL, "the asset with this id", NULL,                 \
	  VALUES_ASSETS, 0, 0 },                                                                                     \
	{ "role", 0, SLOT(type, selection.role), "ROLE", NULL, "the asset with this role", NULL, VALUES_ROLES, 0, 0 }, \
	{ "label", 0, SLOT(type, selection.labels), "KEY=VALUE", NULL, "assets with this label; repeatable", NULL,   \
	  VALUES_NONE, 0, 0 },                                                                                       \
	{ "kind", 0, SLOT(type, selection.kind), "KIND", NULL, "assets of this kind", "lxc|kubernetes",             \
	  VALUES_CHOICES, 0, 0 },                                                                                    \
	{ "owner", 0, SLOT(type, selection.owner), "OWNER", NULL, "assets of this owner", NULL, VALUES_NONE, 0, 0 }

#define SELECTION_ALL(type, text)                                                                                  \
	{ "all", 0, SLOT(type, selection.all), NULL, NULL, text, NULL, VALUES_NONE, 0, 0 }
/* clang-format on */

/* The flags as a selection; "runtime-asset/ID", as -o name prints it, is accepted for an id. errors USAGE_BAD_VALUE */
CHECKED bool selection_read(const struct selection_options *options, struct asset_selection *ret_selection,
                            struct error *err);

/*
 * Exactly one asset of the call's topology, decoded; or (selection->all) all chosen ones. Objects live in arena.
 * errors as topology_open and asset_select_some
 */
CHECKED bool selection_resolve(struct arena *arena, const struct topology *topology,
                               const struct asset_selection *selection, struct runtime_asset **ret_assets,
                               size_t *ret_count, struct error *err);

/* Is the action bound to a proposal for any of the assets? Then err is PROPOSAL_REQUIRED with the command that files
 * one. action is "run" or "request". */
CHECKED bool policy_check(const struct runtime_asset *assets, size_t count, const char *action, struct error *err);

#endif
