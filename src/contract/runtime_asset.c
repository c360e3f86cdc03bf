/* RuntimeAsset: its fields, and the rules inside one asset. */
#include "fops/contract/runtime_asset.h"

#include "check.h"
#include "fops/base/arena.h"
#include "url_rule.h"

#define LONGEST_HOST      253
#define LONGEST_NAME      128
#define LONGEST_USER      64
#define LONGEST_LABEL_KEY 128
#define LONGEST_KEY       4096
#define MOST_LABELS       64
#define MOST_HOST_KEYS    32

static const char letters_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

static const struct field ssh_fields[] = {
	{ "host", SLOT(struct lxc_ssh, host), FIELD_REQUIRED | FIELD_NOT_EMPTY,
	  .text = "name or address of the container's host, with letters, digits, dots, colons, hyphens and "
	          "underscores",
	  .example = "node-3.example.net" },
	{ "port", SLOT(struct lxc_ssh, port), .preset = "22", .minimum = 1, .maximum = 65535,
	  .text = "the SSH server's port" },
	{ "user", SLOT(struct lxc_ssh, user), .preset = "root", .text = "the user to log in as" },
	{ "hostKeys", SLOT(struct lxc_ssh, host_keys), FIELD_REQUIRED | FIELD_NOT_EMPTY,
	  .text = "the only host keys that are accepted, each as \"type base64\"",
	  .example = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMnlKmwZTr+dbcZa4HHF1J4F9F3mUzhPZqxm09KZs8Wl" },
	{ "identityRef", SLOT(struct lxc_ssh, identity_ref), FIELD_SECRET_REF,
	  .text = "secret reference to the private key; without it, the operator's agent and own ssh settings",
	  .example = "env://DEPLOY_KEY" },
	{ "connectTimeout", SLOT(struct lxc_ssh, connect_timeout), .preset = "10s", .minimum = 1, .maximum = 600000,
	  .text = "how long to wait for the SSH server" },
	{ 0 },
};

static const struct field node_fields[] = {
	{ "name", SLOT(struct proxmox_node, name), FIELD_REQUIRED | FIELD_NOT_EMPTY, .text = "the node's name in the cluster",
	  .example = "pve1" },
	{ "ssh", SLOT_EMBEDDED(struct proxmox_node, ssh), FIELD_REQUIRED, .fields = ssh_fields,
	  .present_offset = offsetof(struct proxmox_node, ssh.present), .text = "how to reach the node over SSH" },
	{ 0 },
};

static const struct field proxmox_fields[] = {
	{ "endpoint", SLOT(struct lxc_proxmox, endpoint), FIELD_REQUIRED | FIELD_IDENTIFIER,
	  .text = "id of the Endpoint of plane proxmox", .example = "core-proxmox" },
	{ "type", SLOT(struct lxc_proxmox, type), FIELD_REQUIRED, .choices = "lxc|qemu",
	  .text = "the guest's type: a container by pct over SSH, or a virtual machine by its agent" },
	{ "tags", SLOT(struct lxc_proxmox, tags), FIELD_REQUIRED | FIELD_NOT_EMPTY | FIELD_DISTINCT,
	  .text = "tags that the guest must carry, all of them", .example = "daytona" },
	{ "vmid", SLOT(struct lxc_proxmox, vmid), .minimum = 100, .maximum = 999999999,
	  .text = "the number that the guest must also have; never enough by itself" },
	{ "nodes", SLOT(struct lxc_proxmox, nodes), .fields = node_fields, .record_size = sizeof(struct proxmox_node),
	  .text = "the nodes on which a container may live, for type lxc" },
	{ 0 },
};

static const struct field incus_fields[] = {
	{ "endpoint", SLOT(struct lxc_incus, endpoint), FIELD_REQUIRED | FIELD_IDENTIFIER,
	  .text = "id of the Endpoint of plane incus", .example = "core-incus" },
	{ "project", SLOT(struct lxc_incus, project), FIELD_NOT_EMPTY, .preset = "default",
	  .text = "the project of the instance" },
	{ 0 },
};

static const struct field lxc_fields[] = {
	{ "driver", SLOT(struct lxc_block, driver), FIELD_REQUIRED, .choices = "local|ssh|proxmox|incus",
	  .text = "how the container's host is reached" },
	{ "container", SLOT(struct lxc_block, container), FIELD_REQUIRED | FIELD_NOT_EMPTY,
	  .text = "the container's name on its host: letters, digits, dots, hyphens and underscores",
	  .example = "daytona" },
	{ "path", SLOT(struct lxc_block, path), FIELD_PATH,
	  .text = "the host's folder of containers; without it, the host's default", .example = "/var/lib/lxc" },
	{ "ssh", SLOT_EMBEDDED(struct lxc_block, ssh), .fields = ssh_fields,
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

static const struct field kubernetes_fields[] = {
	{ "cluster", SLOT(struct kubernetes_block, cluster), FIELD_REQUIRED | FIELD_IDENTIFIER,
	  .text = "id of the Endpoint of plane kubernetes", .example = "core-cluster" },
	{ "namespace", SLOT(struct kubernetes_block, name_space), .preset = "default",
	  .text = "the namespace of the pods" },
	{ "selector", SLOT(struct kubernetes_block, selector),
	  .text = "labels that a pod must carry, all of them; this or workload", .example = "app: board" },
	{ "workload", SLOT(struct kubernetes_block, workload),
	  .text = "the owner of the pods: deployment, statefulset, daemonset, replicaset, job or pod, a slash and its "
	          "name",
	  .example = "deployment/board" },
	{ "container", SLOT(struct kubernetes_block, container), FIELD_NOT_EMPTY,
	  .text = "the container; without it the pod's default container, else its only one" },
	{ "readyOnly", SLOT(struct kubernetes_block, ready_only), .preset = "true",
	  .text = "whether a pod that is not ready is never used; false only prefers ready ones" },
	{ "via", SLOT(struct kubernetes_block, via), .choices = "pod-proxy|service-proxy",
	  .text = "how requests and health go through the API server when there is no executorRef" },
	{ "service", SLOT(struct kubernetes_block, service), FIELD_NOT_EMPTY,
	  .text = "the service of service-proxy", .example = "board" },
	{ "port", SLOT(struct kubernetes_block, port), FIELD_NOT_EMPTY,
	  .text = "name or number of the port behind via; without it, the first", .example = "http" },
	{ "scheme", SLOT(struct kubernetes_block, scheme), .choices = "http|https", .preset = "http",
	  .text = "what the port behind via speaks" },
	{ 0 },
};

static const struct field policy_fields[] = {
	{ "run", SLOT(struct asset_policy, run), .choices = "open|proposal", .preset = "open",
	  .text = "whether running a command needs an approved proposal" },
	{ "request", SLOT(struct asset_policy, request), .choices = "open|proposal", .preset = "open",
	  .text = "whether an HTTP request needs an approved proposal" },
	{ 0 },
};

const struct field runtime_asset_fields[] = {
	{ "assetId", SLOT(struct runtime_asset, asset_id), FIELD_REQUIRED | FIELD_IDENTIFIER | FIELD_UNIQUE,
	  .text = "the asset's own name; never a raw address", .example = "daytona-01" },
	{ "role", SLOT(struct runtime_asset, role), FIELD_REQUIRED | FIELD_IDENTIFIER,
	  .text = "what the asset is for; several assets may share a role", .example = "daytona_runtime" },
	{ "kind", SLOT(struct runtime_asset, kind), FIELD_REQUIRED, .choices = "lxc|kubernetes",
	  .text = "the machine's kind, which names its adapter block" },
	{ "owner", SLOT(struct runtime_asset, owner), FIELD_NOT_EMPTY, .text = "the team that answers for it",
	  .example = "platform" },
	{ "labels", SLOT(struct runtime_asset, labels),
	  .text = "at most 64 labels; keys are identifiers, with slashes between parts", .example = "tier: core" },
	{ "executorRef", SLOT(struct runtime_asset, executor_ref), FIELD_IDENTIFIER,
	  .text = "id of the Endpoint that controls it over HTTP; that Endpoint has an executorUrl",
	  .example = "langboard-executor" },
	{ "health", SLOT_EMBEDDED(struct runtime_asset, health), .fields = health_fields,
	  .present_offset = offsetof(struct runtime_asset, health.present),
	  .text = "the health contract; without it, the endpoint's own" },
	{ "policy", SLOT_EMBEDDED(struct runtime_asset, policy), .fields = policy_fields,
	  .text = "which actions are bound to a proposal" },
	{ "lxc", SLOT_EMBEDDED(struct runtime_asset, lxc), .fields = lxc_fields,
	  .present_offset = offsetof(struct runtime_asset, lxc.present), .text = "the adapter block of kind lxc" },
	{ "kubernetes", SLOT_EMBEDDED(struct runtime_asset, kubernetes), .fields = kubernetes_fields,
	  .present_offset = offsetof(struct runtime_asset, kubernetes.present),
	  .text = "the adapter block of kind kubernetes" },
	{ 0 },
};

const char *runtime_asset_driver(const struct runtime_asset *asset)
{
	static const char *const names[] = { "lxc/local", "lxc/ssh", "lxc/proxmox", "lxc/incus" };

	if (text_equal(asset->kind, "kubernetes"))
		return "kubernetes";
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (text_equal(names[i] + strlen("lxc/"), asset->lxc.driver))
			return names[i];
	}
	return names[0];
}

/* Letters and digits, then also the signs of more; nothing that a program or shell could take for an option or syntax.
 */
static bool is_name(const char *text, const char *more, size_t longest)
{
	size_t len = strlen(text);
	size_t at;

	if (len == 0 || len > longest || strspn(text, letters_digits) == 0)
		return false;
	for (at = strspn(text, letters_digits); text[at] != '\0'; at++) {
		if (strchr(letters_digits, text[at]) == NULL && strchr(more, text[at]) == NULL)
			return false;
	}
	return true;
}

/* Identifiers joined by slashes. */
static bool is_label_key(const char *key)
{
	char part[LONGEST_LABEL_KEY + 1];

	if (strlen(key) > LONGEST_LABEL_KEY)
		return false;
	for (;;) {
		size_t len = strcspn(key, "/");

		memcpy(part, key, len);
		part[len] = '\0';
		if (!is_identifier(part))
			return false;
		if (key[len] == '\0')
			return true;
		key += len + 1;
	}
}

static void check_labels(const struct rule_scope *scope, const struct text_map *labels)
{
	if (labels->count > MOST_LABELS)
		rule_break(scope, RULE_FORM, "labels", "keep at most 64", "%zu labels are too many", labels->count);
	for (size_t i = 0; i < labels->count; i++) {
		if (!is_label_key(labels->items[i].key))
			rule_break(scope, RULE_FORM,
			           arena_format(scope->findings->arena, "labels.%s", labels->items[i].key),
			           "use lower-case letters, digits, dots, hyphens and underscores, with slashes "
			           "between parts",
			           "the label key is no identifier");
	}
}

/* One line of known_hosts without its host: a key type, one blank, the key. */
static bool is_host_key(const char *text)
{
	static const char types[] = "ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp256|ecdsa-sha2-nistp384|ecdsa-sha2-nistp521|"
	                            "sk-ssh-ed25519@openssh.com|sk-ecdsa-sha2-nistp256@openssh.com";
	const char *blank = strchr(text, ' ');
	char type[64];

	if (blank == NULL || (size_t)(blank - text) >= sizeof type)
		return false;
	memcpy(type, text, (size_t)(blank - text));
	type[blank - text] = '\0';
	return text_in_choices(types, type) && is_base64(blank + 1, 40, LONGEST_KEY);
}

static void check_ssh(const struct rule_scope *scope, struct arena *arena, const struct lxc_ssh *ssh)
{
	/* an IPv6 address may start with two colons */
	if (ssh->host != NULL && ssh->host[0] != '\0' &&
	    !is_name(ssh->host + (text_starts(ssh->host, "::") ? 2 : 0), ".-_:", LONGEST_HOST))
		rule_break(scope, RULE_FORM, "lxc.ssh.host", "write a host name or an address without brackets",
		           "the host must be plain: letters, digits, dots, colons, hyphens, and no hyphen first");
	if (ssh->user != NULL && !is_name(ssh->user[0] == '_' ? ssh->user + 1 : ssh->user, ".-_", LONGEST_USER))
		rule_break(scope, RULE_FORM, "lxc.ssh.user", "write a plain user name",
		           "the user must be plain: letters, digits, dots, hyphens and underscores");
	if (ssh->host_keys.count > MOST_HOST_KEYS)
		rule_break(scope, RULE_FORM, "lxc.ssh.hostKeys", "keep at most 32", "%zu host keys are too many",
		           ssh->host_keys.count);
	for (size_t i = 0; i < ssh->host_keys.count && i < MOST_HOST_KEYS; i++) {
		if (!is_host_key(ssh->host_keys.items[i]))
			rule_break(scope, RULE_FORM, arena_format(arena, "lxc.ssh.hostKeys[%zu]", i),
			           "copy type and key from a .pub file of the host, without the comment",
			           "not a host key: expected \"type base64\"");
	}
	secret_ref_check(scope, arena, "lxc.ssh.identityRef", ssh->identity_ref);
}

static void check_lxc(const struct rule_scope *scope, struct arena *arena, const struct lxc_block *lxc)
{
	bool over_ssh = text_equal(lxc->driver, "ssh");

	if (lxc->container != NULL && lxc->container[0] != '\0' && !is_name(lxc->container, ".-_", LONGEST_NAME))
		rule_break(scope, RULE_FORM, "lxc.container", "write the name that lxc-ls prints",
		           "the container name must be plain: letters, digits, dots, hyphens and underscores");
	if (lxc->path != NULL && lxc->path[0] == '/' && url_rule_has_dots(lxc->path + 1))
		rule_break(scope, RULE_FORM, "lxc.path", "write the whole path",
		           "the path holds a \".\" or \"..\" segment");
	if (over_ssh && value_member(value_member(scope->spec, "lxc"), "ssh") == NULL)
		rule_break(scope, RULE_FORM, "lxc", "add lxc.ssh with host and hostKeys",
		           "driver ssh needs the block lxc.ssh");
	if (!over_ssh && lxc->driver != NULL && lxc->ssh.present)
		rule_break(scope, RULE_FORM, "lxc.ssh", "write driver: ssh, or remove the block",
		           "the block lxc.ssh belongs to driver ssh only");
	if (lxc->ssh.present)
		check_ssh(scope, arena, &lxc->ssh);
}

void runtime_asset_check(struct arena *arena, const char *file, const struct value *spec, const void *record,
                         struct findings *findings)
{
	const struct runtime_asset *asset = record;
	struct rule_scope scope = { file, spec, findings };

	identity_check(&scope, "assetId", asset->asset_id);
	check_labels(&scope, &asset->labels);
	health_check(&scope, &asset->health);
	if (text_equal(asset->kind, "kubernetes") && asset->lxc.present)
		rule_break(&scope, RULE_FORM, "lxc", "remove it", "the adapter block must be named after the kind");
	if (text_equal(asset->kind, "lxc") && value_member(spec, "lxc") == NULL)
		rule_break(&scope, RULE_FORM, "kind", "add lxc with driver and container",
		           "kind lxc needs its adapter block lxc");
	if (asset->lxc.present)
		check_lxc(&scope, arena, &asset->lxc);
}
