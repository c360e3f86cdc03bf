/* Git revisions in settings: lists of paths in which URLs stand, and the git block of a context. */
#include "fops/base/arena.h"
#include "fops/base/file.h"
#include "fops/data/decode.h"
#include "settings_private.h"

#define MOST_HOST_KEYS 64
#define LONGEST_WAIT   ((int64_t)366 * 24 * 3600 * 1000)
#define ROW(member)    SLOT(struct context_git, member)

static const struct field git_fields[] = {
	{ "hostKeys", ROW(host_keys), FIELD_NOT_EMPTY | FIELD_DISTINCT, .most = MOST_HOST_KEYS,
	  .text = "the keys that the ssh server may have" },
	{ "ca", ROW(ca), FIELD_NOT_EMPTY, .text = "PEM of the authorities that https trusts, or a file's path" },
	{ "user", ROW(user), FIELD_NOT_EMPTY, .text = "who logs in" },
	{ "identityRef", ROW(identity_ref), FIELD_SECRET_REF, .text = "the private key for ssh" },
	{ "tokenRef", ROW(token_ref), FIELD_SECRET_REF, .excludes = "passwordRef", .text = "the token for https" },
	{ "passwordRef", ROW(password_ref), FIELD_SECRET_REF, .text = "the password for https" },
	{ "refresh", ROW(refresh), .preset = "60s", .maximum = LONGEST_WAIT,
	  .text = "how long the last answer for a branch or tag is good" },
	{ 0 },
};

bool settings_is_revision(const char *path)
{
	return text_starts(path, "git+");
}

/* Bytes of the piece at text: a path ends at a colon, a git URL at the first one behind its host and port. */
static size_t piece_len(const char *text)
{
	const char *rest = settings_is_revision(text) ? strstr(text, "://") : NULL;
	size_t place;

	if (rest == NULL || strcspn(text, ":") != (size_t)(rest - text))
		return strcspn(text, ":");
	rest += strlen("://");
	place = strcspn(rest, "/");
	return (size_t)(rest - text) + place + strcspn(rest + place, ":");
}

struct text_list settings_split_paths(struct arena *arena, const char *text)
{
	struct text_list list = { 0 };

	while (*text != '\0') {
		size_t len = piece_len(text);

		if (len > 0)
			text_list_add(arena, &list, arena_text(arena, text, len));
		text += len + (text[len] == ':' ? 1 : 0);
	}
	return list;
}

const char *settings_place_path(struct arena *arena, const char *folder, const char *path)
{
	if (path[0] == '\0' || path[piece_len(path)] != '\0')
		return NULL;
	return settings_is_revision(path) ? arena_copy(arena, path) : path_join(arena, folder, path);
}

static bool is_base64(const char *text)
{
	size_t len = strlen(text);

	while (len > 0 && (text[len - 1] == '=' || text[len - 1] == '+' || text[len - 1] == '/'))
		len--;
	for (size_t i = 0; i < len; i++) {
		bool letter = (text[i] >= 'a' && text[i] <= 'z') || (text[i] >= 'A' && text[i] <= 'Z');

		if (!letter && !(text[i] >= '0' && text[i] <= '9') && text[i] != '+' && text[i] != '/')
			return false;
	}
	return len > 0;
}

static bool is_host_key(const char *key)
{
	size_t type = strcspn(key, " ");

	return (text_starts(key, "ssh-") || text_starts(key, "ecdsa-")) && key[type] == ' ' &&
	       is_base64(key + type + 1);
}

static const char *git_problem(const struct context_git *git)
{
	const char *refs[] = { git->identity_ref, git->token_ref, git->password_ref };

	for (size_t i = 0; i < git->host_keys.count; i++) {
		if (!is_host_key(git->host_keys.items[i]))
			return "a host key is a kind and its base64 text, as in ssh-ed25519 AAAA…";
	}
	for (size_t i = 0; i < ARRAY_LEN(refs); i++) {
		if (refs[i] != NULL && !text_starts(refs[i], "env://") && !text_starts(refs[i], "openbao://"))
			return "a secret stands as a reference, env://NAME";
	}
	if (git->token_ref != NULL && git->password_ref != NULL)
		return "tokenRef and passwordRef exclude each other";
	if (git->ca != NULL && git->ca[0] != '/' && !text_starts(git->ca, "-----BEGIN CERTIFICATE-----"))
		return "ca is an absolute path or PEM text";
	if (git->user != NULL && (git->user[0] == '-' || strpbrk(git->user, ":@/ \n\r\t") != NULL))
		return "user is a plain name";
	return NULL;
}

bool settings_read_git(struct arena *arena, const char *path, const struct value *object, struct context_git *ret_git,
                       struct findings *findings)
{
	struct context_git git = { .present = true };
	const char *problem;

	if (!decode(arena, path, "git", object, git_fields, DECODE_STRICT, &git, findings))
		return false;
	problem = git_problem(&git);
	if (problem != NULL) {
		findings_add(findings, path, object->line, object->column, "git", NULL, "%s", problem);
		return false;
	}
	*ret_git = git;
	return true;
}

static void add_pair(struct text_map *map, const char *key, const char *value)
{
	if (value != NULL)
		map->items[map->count++] = (struct text_pair){ key, value };
}

struct text_map settings_describe_git(struct arena *arena, const struct context_git *git)
{
	struct text_map map = { .items = arena_array(arena, ARRAY_LEN(git_fields), sizeof *map.items) };
	const char *keys = NULL;

	if (!git->present)
		return map;
	for (size_t i = 0; i < git->host_keys.count; i++)
		keys = arena_format(arena, "%s%s%s", i == 0 ? "" : keys, i == 0 ? "" : ", ", git->host_keys.items[i]);
	add_pair(&map, "hostKeys", keys);
	add_pair(&map, "ca", git->ca == NULL || git->ca[0] == '/' ? git->ca : "PEM text");
	add_pair(&map, "user", git->user);
	add_pair(&map, "identityRef", git->identity_ref);
	add_pair(&map, "tokenRef", git->token_ref);
	add_pair(&map, "passwordRef", git->password_ref);
	add_pair(&map, "refresh", format_duration(arena, git->refresh.ms));
	return map;
}
