/* The topology of a call, for every verb that reads contracts or reaches assets. */
#ifndef FOPS_SUBCOMMANDS_TOPOLOGY_ACCESS_H
#define FOPS_SUBCOMMANDS_TOPOLOGY_ACCESS_H

#include "fops/asset/driver.h"
#include "fops/cli/call.h"

/* What topology_open and topology_validate are asked with: the sources, caches, git settings and deadline of the call.
 */
struct topology_request call_topology_request(struct call *call);

/* Tell the answer's envelope which revisions it was made from, and warn of stale ones; call_topology does. */
void call_revisions(struct call *call, const struct topology_revision *revisions, size_t count);

/* Open the topology that the call's settings name; a command that writes gets no stale one. errors CONFIG_MISSING none
 * is named; as topology_open */
CHECKED bool call_topology(struct call *call, struct topology **ret_topology, struct error *err);

/* A loop and the context for operations on assets; close with asset_access_close, also after a failure. */
CHECKED bool asset_access_open(struct call *call, struct topology *topology, struct asset_context *ret_context,
                               struct error *err);
void asset_access_close(struct asset_context *context);

/* The same around one operation. errors as asset_access_open and operate */
typedef bool asset_operation(struct call *call, struct asset_context *context, void *user, struct error *err);
CHECKED bool asset_access_use(struct call *call, struct topology *topology, asset_operation *operate, void *user,
                              struct error *err);

/*
 * Does a look at machines that is done, or that err ended, leave rows to print? Time limits and signals do: what was
 * not seen is then "unknown", the answer is marked partial, and err follows it.
 */
bool asset_look_leaves_rows(struct call *call, bool done, const struct error *err);

#endif
