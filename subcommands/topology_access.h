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

#endif
