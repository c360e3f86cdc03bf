/* Commands on guests of a Proxmox VE cluster: the functions of the two driver rows. */
#ifndef FOPS_ASSET_PROXMOX_SESSION_H
#define FOPS_ASSET_PROXMOX_SESSION_H

#include "proxmox.h"

/* A container: found through the API, then `pct exec` on its node over SSH. */
bool pct_start(struct session *session, struct error *err);
size_t pct_write(struct session *session, const char *data, size_t len);
void pct_close_input(struct session *session);
void pct_pause_output(struct session *session, int stream, bool pause);
void pct_signal(struct session *session, int number);
void pct_resize(struct session *session, struct terminal_size size);
void pct_stop(struct session *session);

/* A virtual machine: its agent is told to execute and asked until it has the result. */
bool agent_start(struct session *session, struct error *err);
size_t agent_write(struct session *session, const char *data, size_t len);
void agent_close_input(struct session *session);
void agent_pause_output(struct session *session, int stream, bool pause);
void agent_signal(struct session *session, int number);
void agent_resize(struct session *session, struct terminal_size size);
void agent_stop(struct session *session);

#endif
