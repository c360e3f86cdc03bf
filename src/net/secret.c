/* A mapping of its own for each secret, so that it can be locked, kept out of core dumps, and wiped. */
#include "fops/net/secret.h"

#include <sys/mman.h>

#include "fops/base/arena.h"

static const char replacement[] = "(secret)";

struct secret {
	size_t mapped;
	size_t len;
	char value[];
};

struct secret *secret_new(const char *value, size_t len)
{
	struct secret *secret;
	size_t size;

	if (__builtin_add_overflow(len, sizeof *secret + 1, &size))
		out_of_memory();
	secret = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (secret == MAP_FAILED)
		out_of_memory();
	/* both are best effort: a small RLIMIT_MEMLOCK must not stop the command */
	(void)mlock(secret, size);
	(void)madvise(secret, size, MADV_DONTDUMP);
	secret->mapped = size;
	secret->len = len;
	if (len > 0)
		memcpy(secret->value, value, len);
	return secret;
}

void secret_free(struct secret *secret)
{
	size_t mapped;

	if (secret == NULL)
		return;
	mapped = secret->mapped;
	explicit_bzero(secret, mapped);
	(void)munmap(secret, mapped);
}

void secret_cleanup(struct secret **secret)
{
	secret_free(*secret);
	*secret = NULL;
}

const char *secret_expose(const struct secret *secret, size_t *ret_len)
{
	if (ret_len != NULL)
		*ret_len = secret->len;
	return secret->value;
}

void secret_mask(const struct secret *secret, char *text)
{
	size_t len = secret == NULL ? 0 : strlen(secret->value);
	const char *instead = len >= sizeof replacement - 1 ? replacement : "*";
	size_t instead_len = strlen(instead);
	char *from = text;
	char *to = text;

	if (len == 0)
		return;
	while (*from != '\0') {
		if (strncmp(from, secret->value, len) == 0) {
			memcpy(to, instead, instead_len);
			to += instead_len;
			from += len;
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
}
