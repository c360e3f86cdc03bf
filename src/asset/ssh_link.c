/* Options of ssh that make it strict, silent and shared, and its log in our words. */
#include "ssh_link.h"

#include "fops/base/arena.h"
#include "fops/base/buffer.h"
#include "fops/base/file.h"
#include "fops/contract/secret_ref.h"
#include "fops/data/digest.h"
#include "fops/net/secret.h"

#define LONGEST_HOSTS ((size_t)256 * 1024)
#define ALIAS         "fops-host"
/* sun_path holds 108 bytes, and ssh binds its socket under a name that is 17 longer first. */
#define LONGEST_CONTROL_PATH ((size_t)90)

const char *ssh_link_identity(struct arena *arena, const struct lxc_ssh *ssh)
{
	struct buffer text = BUFFER(LONGEST_HOSTS);
	char name[DIGEST_TEXT];
	struct digest digest;

	buffer_format(&text, "%s\n%lld\n%s\n%s\n", ssh->host, (long long)ssh->port, ssh->user,
	              ssh->identity_ref == NULL ? "" : ssh->identity_ref);
	for (size_t i = 0; i < ssh->host_keys.count; i++)
		buffer_format(&text, "%s\n", ssh->host_keys.items[i]);
	digest = digest_of(buffer_string(&text), text.len);
	buffer_done(&text);
	digest_text(&digest, name);
	return arena_text(arena, name, 32);
}

static bool write_hosts(struct arena *arena, struct ssh_link *link, struct error *err)
{
	struct buffer text = BUFFER(LONGEST_HOSTS);
	bool good;

	for (size_t i = 0; i < link->ssh->host_keys.count; i++)
		buffer_format(&text, "%s %s\n", ALIAS, link->ssh->host_keys.items[i]);
	good = scratch_new(arena, buffer_string(&text), text.len, &link->hosts, err);
	buffer_done(&text);
	return good;
}

static bool write_identity(struct arena *arena, struct ssh_link *link, struct error *err)
{
	CLEANUP(secret_cleanup) struct secret *secret = NULL;
	CLEANUP(secret_cleanup) struct secret *file = NULL;
	const char *value;
	size_t len;
	char *text;

	if (link->ssh->identity_ref == NULL)
		return true;
	if (!secret_ref_read(arena, link->ssh->identity_ref, &value, err))
		return false;
	secret = secret_new(value, strlen(value));
	value = secret_expose(secret, &len);
	if (len > 0 && value[len - 1] == '\n')
		return scratch_new(arena, value, len, &link->identity, err);
	/* OpenSSH refuses a key file whose last line has no end, and variables mostly lose it */
	text = arena_format(arena, "%s\n", value);
	file = secret_new(text, len + 1);
	explicit_bzero(text, len);
	value = secret_expose(file, &len);
	return scratch_new(arena, value, len, &link->identity, err);
}

bool ssh_link_open(struct arena *arena, const struct lxc_ssh *ssh, struct ssh_link *ret_link, struct error *err)
{
	const char *folder;

	*ret_link = (struct ssh_link){ .ssh = ssh, .alias = ALIAS };
	if (ssh->host == NULL || ssh->host[0] == '\0' || ssh->host[0] == '-' || ssh->user == NULL ||
	    ssh->user[0] == '-')
		return fail(err, ERROR_CONTRACT_INVALID, "the ssh host or user of the asset is no plain name");
	if (!runtime_folder(arena, &folder, err))
		return false;
	ret_link->control_path = arena_format(arena, "%s/ssh-%s", folder, ssh_link_identity(arena, ssh));
	/* every command then has a connection of its own, which is slow but works */
	if (strlen(ret_link->control_path) > LONGEST_CONTROL_PATH)
		ret_link->control_path = "none";
	if (write_hosts(arena, ret_link, err) && write_identity(arena, ret_link, err) &&
	    scratch_new(arena, NULL, 0, &ret_link->log, err))
		return true;
	ssh_link_close(ret_link);
	return false;
}

void ssh_link_close(struct ssh_link *link)
{
	scratch_done(&link->hosts);
	scratch_done(&link->identity);
	scratch_done(&link->log);
}

static void add_option(struct arena *arena, struct text_list *words, const char *text)
{
	text_list_add(arena, words, "-o");
	text_list_add(arena, words, text);
}

/* What the operator's own settings must not change; the rest of them (agent, jump hosts, proxies) applies. */
static void add_fixed_options(struct arena *arena, struct text_list *words)
{
	static const char *const options[] = {
		"BatchMode=yes",
		"StrictHostKeyChecking=yes",
		"GlobalKnownHostsFile=/dev/null",
		"KnownHostsCommand=none",
		"VerifyHostKeyDNS=no",
		"CheckHostIP=no",
		"UpdateHostKeys=no",
		"LogLevel=ERROR",
		"ServerAliveInterval=10",
		"ServerAliveCountMax=2",
		"ControlMaster=auto",
		"ControlPersist=60",
		"ClearAllForwardings=yes",
		"ForwardAgent=no",
		"ForwardX11=no",
		"PermitLocalCommand=no",
		"RemoteCommand=none",
		"EscapeChar=none",
		"StdinNull=no",
		"ForkAfterAuthentication=no",
		"SessionType=default",
	};

	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		add_option(arena, words, options[i]);
}

const char *const *ssh_link_words(struct arena *arena, const struct ssh_link *link, const char *command, bool terminal)
{
	const struct lxc_ssh *ssh = link->ssh;
	int64_t seconds = (ssh->connect_timeout.ms + 999) / 1000;
	struct text_list words = { 0 };
	const char **argv;

	text_list_add(arena, &words, "ssh");
	text_list_add(arena, &words, terminal ? "-tt" : "-T");
	text_list_add(arena, &words, "-E");
	text_list_add(arena, &words, link->log.path);
	add_fixed_options(arena, &words);
	add_option(arena, &words, "HostKeyAlias=" ALIAS);
	add_option(arena, &words, arena_format(arena, "UserKnownHostsFile=%s", link->hosts.path));
	add_option(arena, &words, arena_format(arena, "ControlPath=%s", link->control_path));
	add_option(arena, &words, arena_format(arena, "ConnectTimeout=%lld", (long long)(seconds > 0 ? seconds : 10)));
	if (link->identity.path != NULL) {
		add_option(arena, &words, arena_format(arena, "IdentityFile=%s", link->identity.path));
		add_option(arena, &words, "IdentitiesOnly=yes");
		add_option(arena, &words, "IdentityAgent=none");
	}
	text_list_add(arena, &words, "-p");
	text_list_add(arena, &words, arena_format(arena, "%lld", (long long)ssh->port));
	text_list_add(arena, &words, "-l");
	text_list_add(arena, &words, ssh->user);
	text_list_add(arena, &words, "--");
	text_list_add(arena, &words, ssh->host);
	text_list_add(arena, &words, command);
	argv = arena_array(arena, words.count + 1, sizeof *argv);
	for (size_t i = 0; i < words.count; i++)
		argv[i] = words.items[i];
	return argv;
}

struct ssh_reason {
	const char *words; /* in the log */
	enum error_id id;
	const char *cause;
};

static const struct ssh_reason ssh_reasons[] = {
	{ "Host key verification failed", ERROR_PLANE_TLS,
	  "the host shows a key that is not among hostKeys of the contract" },
	{ "host key is known", ERROR_PLANE_TLS, "the host shows a key that is not among hostKeys of the contract" },
	{ "no matching host key type", ERROR_PLANE_TLS,
	  "the host has no key of the types in hostKeys of the contract" },
	{ "Permission denied", ERROR_PLANE_AUTH, "the host refuses the key or the user" },
	{ "Too many authentication failures", ERROR_PLANE_AUTH, "the host refuses the keys after too many tries" },
	{ "Load key", ERROR_PLANE_AUTH, "the private key behind identityRef cannot be read" },
	{ "Could not resolve", ERROR_PLANE_UNAVAILABLE, "the name of the host cannot be resolved" },
	{ "Connection refused", ERROR_PLANE_UNAVAILABLE, "the host refuses the connection" },
	{ "timed out", ERROR_PLANE_UNAVAILABLE, "the host does not answer" },
	{ "Timeout", ERROR_PLANE_UNAVAILABLE, "the host stopped answering" },
	{ "No route to host", ERROR_PLANE_UNAVAILABLE, "there is no route to the host" },
	{ "unreachable", ERROR_PLANE_UNAVAILABLE, "the network of the host cannot be reached" },
	{ "Connection reset", ERROR_PLANE_UNAVAILABLE, "the connection was reset" },
	{ "Connection closed", ERROR_PLANE_UNAVAILABLE, "the host closed the connection" },
	{ "Broken pipe", ERROR_PLANE_UNAVAILABLE, "the connection broke" },
};

void ssh_link_failed(struct arena *arena, const struct ssh_link *link, const char *asset_id, bool started,
                     struct error *err)
{
	struct str log = scratch_read(arena, &link->log);
	const struct ssh_reason *reason = NULL;
	const char *first = arena_text(arena, log.data, strcspn(log.data, "\r\n"));

	for (size_t i = 0; reason == NULL && i < ARRAY_LEN(ssh_reasons); i++) {
		if (strstr(log.data, ssh_reasons[i].words) != NULL)
			reason = &ssh_reasons[i];
	}
	if (started)
		fail(err, ERROR_RUN_LINK_LOST, "the link to %s was lost after the start", asset_id);
	else
		fail(err, reason == NULL ? ERROR_PLANE_UNAVAILABLE : reason->id, "the command was not started on %s",
		     asset_id);
	if (reason != NULL)
		error_cause(err, "%s", reason->cause);
	else if (first[0] == '\0')
		error_cause(err, started ? "the connection ended without a reason" : "the host did not answer in time");
	else
		error_cause(err, "ssh: %s", first);
	if (started)
		error_effect(err, "the outcome is unknown; the command may still run");
	else
		error_effect(err, reason == NULL ? "no start was reported" : "nothing ran");
}
