/* The adapter block lxc with its four drivers: the fields, and the rules inside it. */
#include "block.h"
#include "check.h"
#include "fops/base/arena.h"
#include "pattern.h"

#define LONGEST_NAME     128
#define LONGEST_INSTANCE 63
#define LONGEST_PROJECT  63
#define LONGEST_NODE     63
#define LONGEST_GUEST    253
#define MOST_TAGS        64
#define MOST_NODES       64

static const struct field node_fields[] = {
	{ "name", SLOT(struct proxmox_node, name), FIELD_REQUIRED | FIELD_NOT_EMPTY, .pattern = PATTERN_NODE,
	  .text = "the node's name in the cluster: letters, digits and hyphens", .example = "pve1" },
	{ "ssh", SLOT_EMBEDDED(struct proxmox_node, ssh), FIELD_REQUIRED, .fields = ssh_block_fields,
	  .present_offset = offsetof(struct proxmox_node, ssh.present), .text = "how to reach the node over SSH" },
	{ 0 },
};

static const struct field_variant guest_types[] = {
	{ "lxc", .needs = "nodes" },
	{ 0 },
};

static const struct field proxmox_fields[] = {
	{ "endpoint", SLOT(struct lxc_proxmox, endpoint), FIELD_REQUIRED | FIELD_IDENTIFIER,
	  .text = "id of the Endpoint of plane proxmox", .example = "core-proxmox" },
	{ "type", SLOT(struct lxc_proxmox, type), FIELD_REQUIRED, .choices = "lxc|qemu", .variants = guest_types,
	  .text = "the guest's type: a container by pct over SSH, or a virtual machine by its agent" },
	{ "tags", SLOT(struct lxc_proxmox, tags), FIELD_REQUIRED | FIELD_NOT_EMPTY | FIELD_DISTINCT,
	  .pattern = PATTERN_TAG, .most = MOST_TAGS,
	  .text = "tags that the guest must carry, all of them: letters, digits, underscores, hyphens, plus signs and "
	          "dots",
	  .example = "daytona" },
	{ "vmid", SLOT(struct lxc_proxmox, vmid), .minimum = 100, .maximum = 999999999,
	  .text = "the number that the guest must also have; never enough by itself" },
	{ "nodes", SLOT(struct lxc_proxmox, nodes), FIELD_NOT_EMPTY, .fields = node_fields,
	  .record_size = sizeof(struct proxmox_node), .most = MOST_NODES,
	  .text = "the nodes on which a container may live; needed by type lxc, and of no use to qemu" },
	{ 0 },
};

static const struct field incus_fields[] = {
	{ "endpoint", SLOT(struct lxc_incus, endpoint), FIELD_REQUIRED | FIELD_IDENTIFIER,
	  .text = "id of the Endpoint of plane incus", .example = "core-incus" },
	{ "project", SLOT(struct lxc_incus, project), FIELD_NOT_EMPTY, .preset = "default", .pattern = PATTERN_PROJECT,
	  .text = "the project of the instance" },
	{ 0 },
};

static const struct field_variant drivers[] = {
	{ "local", .takes = "path" },
	{ "ssh", .needs = "ssh", .takes = "path" },
	{ "proxmox", .needs = "proxmox" },
	{ "incus", .needs = "incus" },
	{ 0 },
};

const struct field lxc_block_fields[] = {
	{ "driver", SLOT(struct lxc_block, driver), FIELD_REQUIRED, .choices = "local|ssh|proxmox|incus",
	  .variants = drivers, .text = "how the container's host is reached" },
	{ "container", SLOT(struct lxc_block, container), FIELD_REQUIRED | FIELD_NOT_EMPTY,
	  .pattern = PATTERN_CONTAINER,
	  .text = "the container's name on its host: letters, digits, dots, hyphens and underscores; of a Proxmox "
	          "guest "
	          "a host name, of an Incus instance without dots and underscores",
	  .example = "daytona" },
	{ "path", SLOT(struct lxc_block, path), FIELD_PATH, .pattern = PATTERN_PATH,
	  .text = "the host's folder of containers, for drivers local and ssh; without it, the host's default",
	  .example = "/var/lib/lxc" },
	{ "ssh", SLOT_EMBEDDED(struct lxc_block, ssh), .fields = ssh_block_fields,
	  .present_offset = offsetof(struct lxc_block, ssh.present),
	  .text = "how to reach the host over SSH; present exactly when driver is ssh" },
	{ "proxmox", SLOT_EMBEDDED(struct lxc_block, proxmox), .fields = proxmox_fields,
	  .present_offset = offsetof(struct lxc_block, proxmox.present),
	  .text = "the guest of a Proxmox VE cluster; present exactly when driver is proxmox" },
	{ "incus", SLOT_EMBEDDED(struct lxc_block, incus), .fields = incus_fields,
	  .present_offset = offsetof(struct lxc_block, incus.present),
	  .text = "the instance of an Incus server; present exactly when driver is incus" },
	{ 0 },
};

/* As pve-tag: a letter, digit or underscore, then also signs. */
static bool is_tag(const char *tag)
{
	size_t len = strlen(tag);

	return len > 0 && len <= LONGEST_NAME && strchr("+.-", tag[0]) == NULL &&
	       strspn(tag, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+.-") == len;
}

/* Names of nodes and parts of host names: no hyphen at either end. */
static bool is_host_label(const char *text, const char *more, size_t longest)
{
	return is_plain_name(text, more, longest) && !text_ends(text, "-") && !text_ends(text, ".") &&
	       strstr(text, "..") == NULL && strstr(text, ".-") == NULL && strstr(text, "-.") == NULL;
}

static void check_node(const struct rule_scope *scope, struct arena *arena, const struct record_list *nodes, size_t at)
{
	const struct proxmox_node *all = nodes->items;
	const struct proxmox_node *node = &all[at];
	struct arena *texts = scope->findings->arena;

	if (node->name != NULL && node->name[0] != '\0' && !is_host_label(node->name, "-", LONGEST_NODE))
		rule_break(scope, RULE_FORM, arena_format(texts, "lxc.proxmox.nodes[%zu].name", at),
		           "write the name that pvecm nodes prints",
		           "the node's name must be plain: letters, digits and inner hyphens, at most 63");
	for (size_t i = 0; i < at && node->name != NULL; i++) {
		if (!text_equal(all[i].name, node->name))
			continue;
		rule_break(scope, RULE_FORM, arena_format(texts, "lxc.proxmox.nodes[%zu].name", at),
		           "keep one of the two", "the node %.64s stands twice in the list", node->name);
		break;
	}
	if (node->ssh.present)
		ssh_block_check(scope, arena, arena_format(texts, "lxc.proxmox.nodes[%zu].ssh", at), &node->ssh);
}

static void check_proxmox(const struct rule_scope *scope, struct arena *arena, const struct lxc_block *lxc)
{
	const struct lxc_proxmox *proxmox = &lxc->proxmox;
	size_t count = proxmox->nodes.count < MOST_NODES ? proxmox->nodes.count : MOST_NODES;

	if (lxc->container != NULL && lxc->container[0] != '\0' && !is_host_label(lxc->container, ".-", LONGEST_GUEST))
		rule_break(scope, RULE_FORM, "lxc.container", "write the guest's name as Proxmox shows it",
		           "the name of a Proxmox guest is a host name: letters, digits, inner hyphens and dots");
	if (proxmox->tags.count > MOST_TAGS)
		rule_break(scope, RULE_FORM, "lxc.proxmox.tags", "keep at most 64", "%zu tags are too many",
		           proxmox->tags.count);
	for (size_t i = 0; i < proxmox->tags.count && i < MOST_TAGS; i++) {
		if (!is_tag(proxmox->tags.items[i]))
			rule_break(scope, RULE_FORM, arena_format(scope->findings->arena, "lxc.proxmox.tags[%zu]", i),
			           "write one tag an entry, as Proxmox shows it",
			           "not a tag of Proxmox: letters, digits and underscores, then also hyphens, dots and "
			           "plus signs");
	}
	if (proxmox->nodes.count > MOST_NODES)
		rule_break(scope, RULE_FORM, "lxc.proxmox.nodes", "keep at most 64", "%zu nodes are too many",
		           proxmox->nodes.count);
	for (size_t i = 0; i < count; i++)
		check_node(scope, arena, &proxmox->nodes, i);
}

static void check_incus(const struct rule_scope *scope, const struct lxc_block *lxc)
{
	const char *name = lxc->container;

	if (name != NULL && name[0] != '\0' &&
	    (!is_plain_name(name, "-", LONGEST_INSTANCE) || text_ends(name, "-") || (name[0] >= '0' && name[0] <= '9')))
		rule_break(scope, RULE_FORM, "lxc.container", "write the name that incus list prints",
		           "the name of an Incus instance has letters, digits and hyphens, first a letter, at most 63");
	if (lxc->incus.project != NULL && lxc->incus.project[0] != '\0' &&
	    !is_plain_name(lxc->incus.project, ".-_", LONGEST_PROJECT))
		rule_break(scope, RULE_FORM, "lxc.incus.project", "write the name that incus project list prints",
		           "the project must be plain: letters, digits, dots, hyphens and underscores, at most 63");
}

void lxc_block_check(const struct rule_scope *scope, struct arena *arena, const struct lxc_block *lxc)
{
	if (lxc->proxmox.present)
		check_proxmox(scope, arena, lxc);
	else if (lxc->incus.present)
		check_incus(scope, lxc);
	else if (lxc->container != NULL && lxc->container[0] != '\0' &&
	         !is_plain_name(lxc->container, ".-_", LONGEST_NAME))
		rule_break(scope, RULE_FORM, "lxc.container", "write the name that lxc-ls prints",
		           "the container name must be plain: letters, digits, dots, hyphens and underscores");
	path_check(scope, "lxc.path", lxc->path);
	if (lxc->ssh.present)
		ssh_block_check(scope, arena, "lxc.ssh", &lxc->ssh);
}
