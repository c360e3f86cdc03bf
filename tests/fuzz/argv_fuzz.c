/* Words divided by NUL bytes are parsed as a command line of the real command tree. */
#include "fops/base/arena.h"
#include "fops/cli/call.h"
#include "root.h"

#define MOST_WORDS 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new((size_t)64 << 20);
	struct call call = { .arena = arena, .program = "fops", .root = &root_command };
	char *text = arena_text(arena, (const char *)data, size);
	char *words[MOST_WORDS + 2] = { arena_text(arena, "fops", 4) };
	struct error err = { 0 };
	int count = 1;
	int status;

	for (size_t at = 0; at < size && count <= MOST_WORDS; at += strlen(text + at) + 1)
		words[count++] = text + at;
	/* what parses must name a command, and --ok-on must answer without touching anything */
	if (call_parse(&call, count, words, &err)) {
		if (call.command == NULL || call.path == NULL ||
		    (call.command->options != NULL && call.options == NULL))
			__builtin_trap();
		if (!call_exit_status(&call, &status, &err) && err.exit_status != EXIT_USAGE)
			__builtin_trap();
	} else if (err.exit_status != EXIT_USAGE || err.message[0] == '\0') {
		__builtin_trap();
	}
	arena_free(arena);
	return 0;
}
