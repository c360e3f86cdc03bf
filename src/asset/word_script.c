/* Encodes words in octal; the byte behind each word keeps newlines at its end from being cut by the shell. */
#include "word_script.h"

#include "fops/base/arena.h"
#include "fops/base/text.h"
#include "lxc_command.h"

#define LONGEST_WORDS ((size_t)8 * 1024 * 1024)

#define DECODE_SCRIPT                                                                                                  \
	"left=$#; while [ \"$left\" -gt 0 ]; do word=$(printf '%bx' \"$1\"); shift\n"                                  \
	"set -- \"$@\" \"${word%x}\"; left=$((left - 1)); done; exec \"$@\""

bool words_are_text(const char *const *words)
{
	for (size_t i = 0; words[i] != NULL; i++) {
		if (!is_utf8(words[i], strlen(words[i]), NULL))
			return false;
	}
	return true;
}

const char *const *words_as_script(struct arena *arena, const char *const *words)
{
	size_t count = 0;
	const char **script;

	while (words[count] != NULL)
		count++;
	script = arena_array(arena, count + 5, sizeof *script);
	script[0] = "sh";
	script[1] = "-c";
	script[2] = DECODE_SCRIPT;
	script[3] = "sh";
	for (size_t i = 0; i < count; i++) {
		struct buffer octal = BUFFER(LONGEST_WORDS);

		shell_octal(&octal, words[i]);
		script[4 + i] = arena_text(arena, buffer_string(&octal), octal.len);
		buffer_done(&octal);
	}
	return script;
}
