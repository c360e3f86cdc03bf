/* The adapter blocks of a RuntimeAsset: their tables and the rules inside them. Private to this room. */
#ifndef FOPS_CONTRACT_BLOCK_H
#define FOPS_CONTRACT_BLOCK_H

#include "fops/contract/runtime_asset.h"
#include "rule.h"

extern const struct field ssh_block_fields[];
extern const struct field lxc_block_fields[];
extern const struct field kubernetes_block_fields[];

/* Letters and digits, then also the signs of more; nothing that a program or shell could take for an option or syntax.
 */
bool is_plain_name(const char *text, const char *more, size_t longest);

/* The rules inside a block that is there. path is the block's own: "lxc.ssh", "lxc.proxmox.nodes[0].ssh". */
void ssh_block_check(const struct rule_scope *scope, struct arena *arena, const char *path, const struct lxc_ssh *ssh);
void lxc_block_check(const struct rule_scope *scope, struct arena *arena, const struct lxc_block *lxc);
void kubernetes_block_check(const struct rule_scope *scope, const struct kubernetes_block *kubernetes);

#endif
