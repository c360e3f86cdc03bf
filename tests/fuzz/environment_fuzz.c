/* A dotenv file and a plan of any bytes; and a value of any text, which what was rendered must give back. */
#include <sys/mman.h>

#include "fops/base/arena.h"
#include "fops/flow/env_check.h"
#include "fops/flow/env_render.h"
#include "fops/flow/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct error err;

/* A file that holds these bytes and that only this process sees. */
static int hold(const void *data, size_t size)
{
	int file = memfd_create("environment", MFD_CLOEXEC);

	if (file < 0 || write(file, data, size) != (ssize_t)size)
		__builtin_trap();
	return file;
}

static const struct env_found *read_back(struct arena *arena, const void *data, size_t size, const char *name)
{
	struct env_surroundings found;
	const struct env_found *last = NULL;
	int file = hold(data, size);

	if (env_surroundings_read(arena, arena_format(arena, "/proc/self/fd/%d", file), &found, &err)) {
		for (size_t i = 0; i < found.count; i++)
			last = strcmp(found.items[i].name, name) == 0 ? &found.items[i] : last;
	} else if (err.message[0] == '\0') {
		__builtin_trap();
	}
	(void)close(file);
	return last;
}

static void check_value(struct arena *arena, const char *text)
{
	struct env_variable variable = { .name = "VALUE", .value = text };
	struct env_value value = { .variable = &variable, .value = text };
	struct env_contract contract = { .consumer = "fuzz" };
	struct env_values values = { .contract = &contract, .items = &value, .count = 1, .digest = "0" };
	struct buffer out = BUFFER((size_t)8 << 20);

	if (env_render(arena, &values, ENV_DOTENV, &out, &err)) {
		const struct env_found *found = read_back(arena, out.data, out.len, "VALUE");

		if (found == NULL || strcmp(found->value, text) != 0)
			__builtin_trap();
	}
	buffer_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new((size_t)256 << 20);
	const char *text = arena_text(arena, (const char *)data, size);
	struct plan_file plan;
	int file = hold(data, size);

	(void)read_back(arena, data, size, "VALUE");
	if (plan_read(arena, arena_format(arena, "/proc/self/fd/%d", file), &plan, &err) && plan.digest == NULL)
		__builtin_trap();
	(void)close(file);
	if (strlen(text) == size && size < 4096 && is_utf8(text, size, NULL))
		check_value(arena, text);
	arena_free(arena);
	return 0;
}
