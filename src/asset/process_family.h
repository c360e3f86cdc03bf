/* The processes that one attached command is made of, seen from the host. */
#ifndef FOPS_ASSET_PROCESS_FAMILY_H
#define FOPS_ASSET_PROCESS_FAMILY_H

#include <sys/types.h>

/*
 * Send a signal to the command that the program `attach` (a session leader) runs: to all members of its process group,
 * and of the sessions that its children lead, but not to attach itself, which would die of it and take the command's
 * status along. Returns how many got it.
 */
size_t family_signal(pid_t attach, int number);

#endif
