/* How a machine is reached over SSH: the fields, and the rules that keep options and foreign keys out. */
#include "block.h"
#include "check.h"
#include "fops/base/arena.h"
#include "pattern.h"

#define LONGEST_HOST   253
#define LONGEST_USER   64
#define LONGEST_KEY    4096
#define MOST_HOST_KEYS 32

const struct field ssh_block_fields[] = {
	{ "host", SLOT(struct lxc_ssh, host), FIELD_REQUIRED | FIELD_NOT_EMPTY, .pattern = PATTERN_SSH_HOST,
	  .text = "name or address of the container's host, with letters, digits, dots, colons, hyphens and "
	          "underscores",
	  .example = "node-3.example.net" },
	{ "port", SLOT(struct lxc_ssh, port), .preset = "22", .minimum = 1, .maximum = 65535,
	  .text = "the SSH server's port" },
	{ "user", SLOT(struct lxc_ssh, user), .preset = "root", .pattern = PATTERN_SSH_USER,
	  .text = "the user to log in as" },
	{ "hostKeys", SLOT(struct lxc_ssh, host_keys), FIELD_REQUIRED | FIELD_NOT_EMPTY, .most = MOST_HOST_KEYS,
	  .pattern = PATTERN_HOST_KEY, .text = "the only host keys that are accepted, each as \"type base64\"",
	  .example = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMnlKmwZTr+dbcZa4HHF1J4F9F3mUzhPZqxm09KZs8Wl" },
	{ "identityRef", SLOT(struct lxc_ssh, identity_ref), FIELD_SECRET_REF,
	  .text = "secret reference to the private key; without it, the operator's agent and own ssh settings",
	  .example = "env://DEPLOY_KEY" },
	{ "connectTimeout", SLOT(struct lxc_ssh, connect_timeout), .preset = "10s", .minimum = 1, .maximum = 600000,
	  .text = "how long to wait for the SSH server" },
	{ 0 },
};

bool is_plain_name(const char *text, const char *more, size_t longest)
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

static void check_host_keys(const struct rule_scope *scope, const char *path, const struct text_list *keys)
{
	struct arena *arena = scope->findings->arena;

	if (keys->count > MOST_HOST_KEYS)
		rule_break(scope, RULE_FORM, arena_format(arena, "%s.hostKeys", path), "keep at most 32",
		           "%zu host keys are too many", keys->count);
	for (size_t i = 0; i < keys->count && i < MOST_HOST_KEYS; i++) {
		if (!is_host_key(keys->items[i]))
			rule_break(scope, RULE_FORM, arena_format(arena, "%s.hostKeys[%zu]", path, i),
			           "copy type and key from a .pub file of the host, without the comment",
			           "not a host key: expected \"type base64\"");
	}
}

void ssh_block_check(const struct rule_scope *scope, struct arena *arena, const char *path, const struct lxc_ssh *ssh)
{
	struct arena *texts = scope->findings->arena;

	/* an IPv6 address may start with two colons */
	if (ssh->host != NULL && ssh->host[0] != '\0' &&
	    !is_plain_name(ssh->host + (text_starts(ssh->host, "::") ? 2 : 0), ".-_:", LONGEST_HOST))
		rule_break(scope, RULE_FORM, arena_format(texts, "%s.host", path),
		           "write a host name or an address without brackets",
		           "the host must be plain: letters, digits, dots, colons, hyphens, and no hyphen first");
	if (ssh->user != NULL && !is_plain_name(ssh->user[0] == '_' ? ssh->user + 1 : ssh->user, ".-_", LONGEST_USER))
		rule_break(scope, RULE_FORM, arena_format(texts, "%s.user", path), "write a plain user name",
		           "the user must be plain: letters, digits, dots, hyphens and underscores");
	check_host_keys(scope, path, &ssh->host_keys);
	if (ssh->identity_ref != NULL)
		secret_ref_check(scope, arena, arena_format(texts, "%s.identityRef", path), ssh->identity_ref);
}
