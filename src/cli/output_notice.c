/* What was cut from an answer and what to beware of: lines for people on stderr. */
#include "fops/base/terminal.h"
#include "output_private.h"

#define NOTICES_LIMIT_BYTES ((size_t)8 << 20)

/* Is the word at this place --limit or --after? ret_words says whether its value is in it (1) or the next word (2). */
static bool is_page_flag(const char *word, int *ret_words)
{
	static const char *const flags[] = { "--limit", "--after" };

	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		size_t len = strlen(flags[i]);

		if (strncmp(word, flags[i], len) != 0 || (word[len] != '\0' && word[len] != '='))
			continue;
		*ret_words = word[len] == '=' ? 1 : 2;
		return true;
	}
	return false;
}

/* A word that a shell reads as this one word. */
static void put_word(struct buffer *out, const char *word)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./:=,@%+";

	if (word[0] != '\0' && word[strspn(word, plain)] == '\0') {
		buffer_text(out, word);
		return;
	}
	buffer_quote(out, word);
}

/* The command line as it was given, with another page. */
static void put_next_command(const struct output *output, struct buffer *out)
{
	const struct call *call = output->call;
	int words = 1;

	buffer_text(out, call->program);
	for (int i = 1; i < call->argc && strcmp(call->argv[i], "--") != 0; i += words) {
		words = 1;
		if (is_page_flag(call->argv[i], &words))
			continue;
		buffer_byte(out, ' ');
		put_word(out, call->argv[i]);
	}
	buffer_format(out, " --limit %llu --after ", (unsigned long long)output->limit);
	put_word(out, output->last_name);
}

void print_notices(struct output *output)
{
	struct buffer notices = BUFFER(NOTICES_LIMIT_BYTES);
	struct buffer next = BUFFER(NOTICES_LIMIT_BYTES);
	ssize_t written;

	for (size_t i = 0; i < output->notes.count && (output->format <= OUTPUT_WIDE || output->format == OUTPUT_TSV);
	     i++) {
		terminal_escape(&notices, output->notes.items[i], strlen(output->notes.items[i]));
		buffer_byte(&notices, '\n');
	}
	for (size_t i = 0; i < output->warnings.count; i++) {
		buffer_format(&notices, "%s: warning: ", output->call->program);
		terminal_escape(&notices, output->warnings.items[i], strlen(output->warnings.items[i]));
		buffer_byte(&notices, '\n');
	}
	if (output->more) {
		put_next_command(output, &next);
		buffer_format(&notices, "%llu of %llu, next: ", (unsigned long long)output->returned,
		              (unsigned long long)output->total);
		terminal_escape(&notices, buffer_string(&next), next.len);
		buffer_byte(&notices, '\n');
	}
	written = write(STDERR_FILENO, buffer_string(&notices), notices.len);
	(void)written; /* a lost notice is no failure */
	buffer_done(&next);
	buffer_done(&notices);
}
