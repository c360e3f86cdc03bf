/* All files of a topology: shared out to threads by size, collected in the order of the files. */
#include "compile.h"

#include <pthread.h>
#include <stdatomic.h>

#include "fops/base/arena.h"

#define MOST_THREADS   4
#define PARTS_A_THREAD 8
#define THREAD_BYTES   ((uint64_t)128 * 1024) /* a thread for less costs more than it saves */
#define THREAD_STACK   ((size_t)1024 * 1024)
#define RECORDS_BYTES  ((size_t)1024 * 1024 * 1024)
#define ARENA_BYTES    ((size_t)4 * 1024 * 1024 * 1024)

static uint64_t total_bytes(const struct source_list *files)
{
	uint64_t total = 0;

	for (size_t i = 0; i < files->count; i++) {
		if (__builtin_add_overflow(total, files->items[i].size, &total))
			return UINT64_MAX;
	}
	return total;
}

static size_t count_threads(const struct source_list *files, uint64_t bytes)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t count = bytes / THREAD_BYTES;

	if (processors > 0 && count > (uint64_t)processors)
		count = (uint64_t)processors;
	if (count > MOST_THREADS)
		count = MOST_THREADS;
	if (count > files->count)
		count = files->count;
	return count == 0 ? 1 : (size_t)count;
}

/* Several parts a thread, so that a thread that was kept waiting by other programs leaves its share to the others. */
static size_t count_parts(const struct source_list *files, size_t threads)
{
	size_t count = threads == 1 ? 1 : threads * PARTS_A_THREAD;

	return count > files->count && files->count > 0 ? files->count : count;
}

/* Consecutive runs of about the same size; every file belongs to exactly one. */
static void share_out(struct compilation *compilation, const struct source_list *files, uint64_t bytes)
{
	uint64_t passed = 0;
	size_t file = 0;

	for (size_t i = 0; i < compilation->part_count; i++) {
		struct compile_part *part = &compilation->parts[i];
		uint64_t until = bytes / compilation->part_count * (i + 1);

		part->first = file;
		while (file < files->count && (i + 1 == compilation->part_count || passed < until))
			passed += files->items[file++].size;
		part->last = file;
	}
}

static void prepare(struct compilation *compilation, const struct source_list *files, pthread_mutex_t *json_lock)
{
	for (size_t i = 0; i < compilation->part_count; i++) {
		struct compile_part *part = &compilation->parts[i];

		part->files = files;
		part->digests = compilation->digests;
		part->arena = arena_new(ARENA_BYTES);
		part->scratch = arena_new(ARENA_BYTES);
		part->records = BUFFER(RECORDS_BYTES);
		part->findings = (struct findings){ .arena = part->arena, .limit = MOST_FINDINGS };
		part->json_lock = json_lock;
	}
}

/* What the threads share; the next part goes to whoever asks first. */
struct work_queue {
	struct compilation *compilation;
	atomic_size_t next;
};

static void *work(void *user)
{
	struct work_queue *queue = user;

	for (;;) {
		size_t next = atomic_fetch_add(&queue->next, 1);
		struct compile_part *part;

		if (next >= queue->compilation->part_count)
			return NULL;
		part = &queue->compilation->parts[next];
		part->failed = !compile_part(part, &part->err);
		arena_free(part->scratch);
		part->scratch = NULL;
	}
}

/* This thread works as well; one that cannot be started is not missed. */
static void run_parts(struct compilation *compilation, size_t thread_count)
{
	struct work_queue queue = { .compilation = compilation };
	pthread_t threads[MOST_THREADS];
	size_t started = 0;
	pthread_attr_t attributes;

	if (thread_count > 1 && pthread_attr_init(&attributes) == 0) {
		(void)pthread_attr_setstacksize(&attributes, THREAD_STACK);
		while (started + 1 < thread_count && pthread_create(&threads[started], &attributes, work, &queue) == 0)
			started++;
		(void)pthread_attr_destroy(&attributes);
	}
	(void)work(&queue);
	for (size_t i = 0; i < started; i++)
		(void)pthread_join(threads[i], NULL);
}

/* Parts hold their first findings in order, so the first ones of all are the same for any number of parts. */
static void collect_findings(struct compilation *compilation, struct findings *findings)
{
	for (size_t i = 0; i < compilation->part_count; i++) {
		const struct findings *from = &compilation->parts[i].findings;

		for (size_t j = 0; j < from->count; j++) {
			const struct finding *item = &from->items[j];

			findings_add(findings, item->file, (uint32_t)item->line, (uint32_t)item->column,
			             arena_copy(findings->arena, item->path), arena_copy(findings->arena, item->fix),
			             "%s", item->message);
		}
		findings->dropped += from->dropped;
		compilation->object_count += compilation->parts[i].count;
		compilation->incomplete = compilation->incomplete || compilation->parts[i].incomplete;
	}
}

bool compile_files(struct arena *arena, const struct source_list *files, struct findings *findings,
                   struct compilation *ret_compilation, struct error *err)
{
	pthread_mutex_t json_lock = PTHREAD_MUTEX_INITIALIZER;
	struct compilation compilation = { 0 };
	uint64_t bytes = total_bytes(files);
	size_t threads = count_threads(files, bytes);
	size_t links = findings->count + findings->dropped;

	compilation.part_count = count_parts(files, threads);
	compilation.parts = arena_array(arena, compilation.part_count, sizeof *compilation.parts);
	compilation.digests = arena_array(arena, files->count, sizeof *compilation.digests);
	prepare(&compilation, files, &json_lock);
	share_out(&compilation, files, bytes);
	run_parts(&compilation, threads);
	for (size_t i = 0; i < compilation.part_count; i++) {
		if (!compilation.parts[i].failed)
			continue;
		*err = compilation.parts[i].err;
		compilation_done(&compilation);
		return false;
	}
	/* a file behind a refused link may define what others refer to */
	compilation.incomplete = links > 0;
	collect_findings(&compilation, findings);
	compile_check_references(arena, &compilation, files, findings);
	*ret_compilation = compilation;
	return true;
}

void compilation_done(struct compilation *compilation)
{
	for (size_t i = 0; i < compilation->part_count; i++) {
		struct compile_part *part = &compilation->parts[i];

		buffer_done(&part->records);
		free(part->objects);
		arena_free(part->arena);
		arena_free(part->scratch);
	}
	compilation->part_count = 0;
}
