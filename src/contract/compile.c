/* All files of a topology, read in order and then checked against each other. */
#include "compile.h"

#include "fops/base/arena.h"

#define RECORDS_BYTES ((size_t)1024 * 1024 * 1024)
#define ARENA_BYTES   ((size_t)4 * 1024 * 1024 * 1024)

bool compile_files(struct arena *arena, const struct source_list *files, struct findings *findings,
                   struct compilation *ret_compilation, struct error *err)
{
	struct compilation compilation = {
		.files = files,
		.findings = findings,
		.digests = arena_array(arena, files->count, sizeof *compilation.digests),
		.arena = arena_new(ARENA_BYTES),
		.scratch = arena_new(ARENA_BYTES),
		.records = BUFFER(RECORDS_BYTES),
		/* a file behind a refused link may define what others refer to */
		.incomplete = findings->count + findings->dropped > 0,
	};

	if (!compile_documents(&compilation, err)) {
		compilation_done(&compilation);
		return false;
	}
	compile_check_references(arena, &compilation);
	*ret_compilation = compilation;
	return true;
}

void compilation_done(struct compilation *compilation)
{
	buffer_done(&compilation->records);
	free(compilation->objects);
	free(compilation->refs);
	arena_free(compilation->arena);
	arena_free(compilation->scratch);
}
