/* The OpenSSH client as a carrier of command lines: options, keys, and what its log tells. */
#ifndef FOPS_ASSET_SSH_LINK_H
#define FOPS_ASSET_SSH_LINK_H

#include "fops/asset/driver.h"
#include "scratch.h"

/* One session's files and names. */
struct ssh_link {
	const struct lxc_ssh *ssh;
	const char *alias;        /* HostKeyAlias: the contract's keys are stored under it alone */
	const char *control_path; /* the socket that later commands share */
	struct scratch hosts;     /* known_hosts with the contract's keys */
	struct scratch identity;  /* the private key of identityRef */
	struct scratch log;       /* -E */
};

/*
 * Prepare the files. Keys of the contract are the only ones that are accepted; the private key of identityRef is
 * written to memory, not to a disk. errors  IO_CREATE, SECRET_*
 */
CHECKED bool ssh_link_open(struct arena *arena, const struct lxc_ssh *ssh, struct ssh_link *ret_link,
                           struct error *err);
void ssh_link_close(struct ssh_link *link);

/* The words that run `command`, one string for the login shell over there. terminal: with a pty of its own, and no
 * sharing of stderr. */
const char *const *ssh_link_words(struct arena *arena, const struct ssh_link *link, const char *command, bool terminal);

/* Fill err with what the log says, in our words. started: the link broke later. errors PLANE_UNAVAILABLE, PLANE_AUTH,
 * PLANE_TLS for a host key */
void ssh_link_failed(struct arena *arena, const struct ssh_link *link, const char *asset_id, bool started,
                     struct error *err);

/* A key that is equal for links that may share a connection: host, port, user, accepted keys, identity. */
const char *ssh_link_identity(struct arena *arena, const struct lxc_ssh *ssh);

#endif
