/* Fuzzes URLs, references, request paths and literal addresses; what was taken must come back the same. */
#include <stdint.h>

#include "fops/base/arena.h"
#include "fops/net/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A URL that was taken is written so that it is taken again with the same parts. */
static void check_again(struct arena *arena, const struct url *url)
{
	struct url again;
	struct error err;

	if (!url_parse(arena, url_text(arena, url), &again, &err))
		abort();
	if (!url_same_origin(url, &again) || !text_equal(url->path, again.path) || !text_equal(url->query, again.query))
		abort();
	if (url->path[0] != '/' || url->port == 0 || url->host[0] == '\0' || strpbrk(url->host, "@/?#\\% ") != NULL)
		abort();
}

/* A request path that was taken stays below its base. */
static void check_path(struct arena *arena, const struct url *base, const char *path)
{
	struct url url;
	struct error err;

	if (!url_check_path(path, &err))
		return;
	if (!url_parse(arena, url_build(arena, base, path, NULL), &url, &err)) {
		/* only a text that became too long may be refused now */
		if (strlen(path) < 4000)
			abort();
		return;
	}
	if (!url_same_origin(base, &url) || !text_starts(url.path, "/base/") || url.query != NULL)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new((size_t)16 * 1024 * 1024);
	const char *text = arena_text(arena, (const char *)data, size);
	struct url base;
	struct url url;
	struct error err;

	if (!url_parse(arena, "https://host.example:8443/base/", &base, &err))
		abort();
	(void)host_is_address(text);
	if (url_parse(arena, text, &url, &err))
		check_again(arena, &url);
	if (url_resolve(arena, &base, text, &url, &err))
		check_again(arena, &url);
	check_path(arena, &base, text);
	arena_free(arena);
	return 0;
}
