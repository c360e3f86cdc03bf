/* The grammar of names in Kubernetes, as its API server checks them. */
#include "kubernetes_name.h"

#include "check.h"

#define LONGEST_LABEL     63
#define LONGEST_DNS_NAME  253
#define LONGEST_PORT_NAME 15
#define LAST_PORT         65535

static const char small[] = "abcdefghijklmnopqrstuvwxyz0123456789";
static const char letters[] = "abcdefghijklmnopqrstuvwxyz";

static bool is_one_of(char byte, const char *set)
{
	return byte != '\0' && strchr(set, byte) != NULL;
}

/* Characters of set, and those of inner between the first and the last. */
static bool is_word(struct str text, const char *set, const char *inner, size_t longest)
{
	if (text.len == 0 || text.len > longest || !is_one_of(text.data[0], set) ||
	    !is_one_of(text.data[text.len - 1], set))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (!is_one_of(text.data[i], set) && !is_one_of(text.data[i], inner))
			return false;
	}
	return true;
}

bool is_dns_label(struct str text)
{
	return is_word(text, small, "-", LONGEST_LABEL);
}

bool is_dns_name(struct str text)
{
	const char *end = text.data + text.len;

	if (text.len == 0 || text.len > LONGEST_DNS_NAME)
		return false;
	for (const char *from = text.data; from <= end;) {
		const char *dot = memchr(from, '.', (size_t)(end - from));
		const char *stop = dot == NULL ? end : dot;

		/* the API server bounds the whole, not each part */
		if (!is_word((struct str){ from, (size_t)(stop - from) }, small, "-", LONGEST_DNS_NAME))
			return false;
		from = stop + 1;
	}
	return true;
}

bool is_selector_key(const char *text)
{
	const char *slash = strchr(text, '/');

	if (slash != NULL && !is_dns_name((struct str){ text, (size_t)(slash - text) }))
		return false;
	text = slash == NULL ? text : slash + 1;
	return is_word((struct str){ text, strlen(text) }, letters_digits, "-_.", LONGEST_LABEL);
}

bool is_selector_value(const char *text)
{
	return *text == '\0' || is_word((struct str){ text, strlen(text) }, letters_digits, "-_.", LONGEST_LABEL);
}

bool is_port_name(const char *text)
{
	uint64_t number;

	if (strspn(text, "0123456789") == strlen(text))
		return parse_count(text, &number) && number > 0 && number <= LAST_PORT;
	return is_word((struct str){ text, strlen(text) }, small, "-", LONGEST_PORT_NAME) &&
	       strpbrk(text, letters) != NULL && strstr(text, "--") == NULL;
}

bool is_workload(const char *text)
{
	static const char kinds[] = "deployment|statefulset|daemonset|replicaset|job|pod";
	const char *slash = strchr(text, '/');
	char kind[16];

	if (slash == NULL || (size_t)(slash - text) >= sizeof kind)
		return false;
	memcpy(kind, text, (size_t)(slash - text));
	kind[slash - text] = '\0';
	return text_in_choices(kinds, kind) && is_dns_name((struct str){ slash + 1, strlen(slash + 1) });
}
