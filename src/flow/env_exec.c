/* Secrets are read as late as possible: nothing happens between them and the new program. */
#include "fops/flow/env_exec.h"

#include "fops/base/arena.h"
#include "fops/base/process.h"
#include "fops/contract/secret_ref.h"

static void wipe(struct text_list *set)
{
	for (size_t i = 0; i < set->count; i++)
		explicit_bzero((void *)(uintptr_t)set->items[i], strlen(set->items[i]));
}

/* A secret that the contract asks for and that is not there. */
static bool lacks_secret(const struct env_values *values, const struct env_value *value, struct error *err)
{
	error_object(err, "env-contract/%s", values->contract->consumer);
	return !value->variable->required && err->id == ERROR_SECRET_UNRESOLVED;
}

bool env_exec(struct arena *arena, const struct env_values *values, const char *const *argv, bool alone,
              struct error *err)
{
	struct text_list set = { 0 };

	for (size_t i = 0; i < values->count; i++) {
		const struct env_value *value = &values->items[i];
		const char *text = value->value;
		struct error unread;

		if (value->secret_ref != NULL && !secret_ref_read(arena, value->secret_ref, &text, &unread)) {
			if (lacks_secret(values, value, &unread))
				continue;
			wipe(&set);
			*err = unread;
			return false;
		}
		if (text != NULL)
			text_list_add(arena, &set, arena_format(arena, "%s=%s", value->variable->name, text));
	}
	(void)process_become(arena, argv, set, alone, err);
	wipe(&set);
	return false;
}
