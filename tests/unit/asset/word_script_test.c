/* Words that are no UTF-8 arrive as they are, through a real shell. */
#include "word_script.h"

#include <criterion/criterion.h>
#include <sys/wait.h>

#include "fops/base/arena.h"

static struct arena *arena;

static void make_arena(void)
{
	arena = arena_new((size_t)16 << 20);
}

static void free_arena(void)
{
	arena_free(arena);
}

TestSuite(word_script, .init = make_arena, .fini = free_arena);

/* What the words print, executed here. */
static size_t execute(const char *const *words, char *out, size_t size)
{
	int ends[2];
	size_t len = 0;
	ssize_t got;
	pid_t child;

	cr_assert_eq(pipe(ends), 0);
	child = fork();
	cr_assert_geq(child, 0);
	if (child == 0) {
		(void)dup2(ends[1], 1);
		(void)close(ends[0]);
		(void)close(ends[1]);
		(void)execvp(words[0], (char *const *)(uintptr_t)words);
		_exit(127);
	}
	(void)close(ends[1]);
	while (len < size && (got = read(ends[0], out + len, size - len)) > 0)
		len += (size_t)got;
	(void)close(ends[0]);
	(void)waitpid(child, NULL, 0);
	return len;
}

Test(word_script, tells_text_from_bytes)
{
	const char *const text[] = { "true", "\xC3\xA9", "", NULL };
	const char *const bytes[] = { "true", "\xFF", NULL };
	const char *const cut[] = { "\xC3", NULL };

	cr_assert(words_are_text(text));
	cr_assert(!words_are_text(bytes));
	cr_assert(!words_are_text(cut));
}

Test(word_script, every_byte_of_a_word_arrives)
{
	char word[256];
	char out[512];
	const char *const words[] = { "printf", "%s|", word, "", "ends with newlines\n\n", "\\0101", "-n", NULL };
	static const char rest[] = "||ends with newlines\n\n|\\0101|-n|";
	const char *const *script;

	for (size_t i = 0; i < 255; i++)
		word[i] = (char)(i + 1);
	word[255] = '\0';
	script = words_as_script(arena, words);
	cr_assert_eq(execute(script, out, sizeof out), 255 + sizeof rest - 1);
	cr_assert_eq(memcmp(out, word, 255), 0);
	cr_assert_eq(memcmp(out + 255, rest, sizeof rest - 1), 0);
}

Test(word_script, is_plain_ascii)
{
	const char *const words[] = { "\xFF\x80", "'\"`$(id)\n", NULL };
	const char *const *script = words_as_script(arena, words);

	for (size_t i = 4; script[i] != NULL; i++) {
		for (const char *at = script[i]; *at != '\0'; at++)
			cr_assert(*at == '\\' || isalnum((unsigned char)*at), "%s", script[i]);
	}
}
