/* Encodes what a script reads before its command runs: values that no command line may show. */
#include "inner_script.h"

#include "fops/base/arena.h"
#include "lxc_command.h"

#define LONGEST_PREAMBLE ((size_t)8 * 1024 * 1024)

static void add_line(struct buffer *text, const char *name, size_t name_len, const char *value)
{
	buffer_append(text, name, name_len);
	buffer_byte(text, '\n');
	shell_octal(text, value);
	buffer_byte(text, '\n');
}

struct str inner_preamble(struct arena *arena, const struct text_list *set, const char *const *words)
{
	struct buffer text = BUFFER(LONGEST_PREAMBLE);
	struct str preamble;

	for (size_t i = 0; i < set->count; i++) {
		size_t name = strcspn(set->items[i], "=");

		add_line(&text, set->items[i], name, set->items[i] + name + (set->items[i][name] == '=' ? 1 : 0));
	}
	for (size_t i = 0; words != NULL && words[i] != NULL; i++)
		add_line(&text, "@", 1, words[i]);
	buffer_byte(&text, '\n');
	preamble = (struct str){ arena_text(arena, buffer_string(&text), text.len), text.len };
	buffer_done(&text);
	return preamble;
}
