/* The rows that wait for --sort, and their order. */
#include "fops/base/arena.h"
#include "output_private.h"

void keep_row(struct output *output, const void *row)
{
	if (output->waiting_count == output->waiting_size) {
		size_t size = output->waiting_size == 0 ? 256 : output->waiting_size * 2;
		void **rows = realloc(output->waiting, size * sizeof *rows);

		if (rows == NULL)
			out_of_memory();
		output->waiting = rows;
		output->waiting_size = size;
	}
	output->waiting[output->waiting_count++] =
	        row_copy(output->call->arena, output->command->columns, row, output->command->row_size);
}

static int compare_rows(const void *a, const void *b, void *user)
{
	const struct output *output = user;
	int order = cell_compare(&output->sort, *(void *const *)a, *(void *const *)b);

	return output->descending ? -order : order;
}

/* A merge sort, because equal rows must keep their order. */
static void sort_rows(struct output *output)
{
	size_t count = output->waiting_count;
	void **from = output->waiting;
	void **to = arena_array(output->call->arena, count, sizeof *to);

	for (size_t width = 1; width < count; width *= 2) {
		for (size_t left = 0; left < count; left += 2 * width) {
			size_t middle = left + width < count ? left + width : count;
			size_t right = left + 2 * width < count ? left + 2 * width : count;
			size_t i = left, j = middle;

			for (size_t k = left; k < right; k++) {
				bool take_left =
				        i < middle && (j >= right || compare_rows(&from[i], &from[j], output) <= 0);

				to[k] = take_left ? from[i++] : from[j++];
			}
		}
		memcpy(from, to, count * sizeof *from);
	}
}

void deliver_waiting(struct output *output)
{
	if (!output->sorted)
		return;
	sort_rows(output);
	for (size_t i = 0; i < output->waiting_count; i++)
		deliver_row(output, output->waiting[i]);
	output->waiting_count = 0;
}
