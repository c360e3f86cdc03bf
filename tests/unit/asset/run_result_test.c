/* Exit statuses of run, and the document of --result-file. */
#include "run_private.h"

#include <criterion/criterion.h>

#include "fops/base/arena.h"
#include "fops/base/file.h"
#include "fops/data/document.h"

static struct arena *arena;
static const struct runtime_asset asset = { .asset_id = "box-01" };

static void make_arena(void)
{
	arena = arena_new((size_t)1 << 20);
}

static void free_arena(void)
{
	arena_free(arena);
}

TestSuite(run_result, .init = make_arena, .fini = free_arena);

static struct session_outcome exited(int status)
{
	return (struct session_outcome){ .cause = SESSION_EXITED, .exit_status = status };
}

static struct session_outcome failed(enum session_cause cause, enum error_id id)
{
	struct session_outcome outcome = { .cause = cause };

	fail(&outcome.error, id, "it failed");
	return outcome;
}

static struct run_result conclude(struct run_stop stop, const struct session_outcome *outcome, struct error *err)
{
	struct run_result result;

	run_result_begin(arena, &asset, &result);
	result.started = clock_now();
	run_result_conclude(arena, &stop, outcome, clock_monotonic_us(), &result, err);
	return result;
}

Test(run_result, passes_every_status_through)
{
	for (int status = 0; status <= 255; status++) {
		struct session_outcome outcome = exited(status);
		struct error err;
		struct run_result result = conclude((struct run_stop){ 0 }, &outcome, &err);

		cr_assert_eq(result.exit_status, status);
		cr_assert_eq(result.remote_exit.value, status);
		cr_assert_str_eq(result.state, "exited");
		cr_assert_null(result.cause);
	}
}

Test(run_result, maps_every_other_outcome)
{
	static const struct {
		enum session_cause cause;
		enum error_id id;
		const char *state;
		int status;
		bool ran;
	} rows[] = {
		{ SESSION_NOT_STARTED, ERROR_ASSET_NOT_RUNNING, "not-started", 125, false },
		{ SESSION_NOT_EXECUTABLE, ERROR_RUN_NOT_EXECUTABLE, "not-executable", 126, false },
		{ SESSION_NOT_FOUND, ERROR_RUN_COMMAND_NOT_FOUND, "not-found", 127, false },
		{ SESSION_LINK_LOST, ERROR_RUN_LINK_LOST, "link-lost", 255, true },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct session_outcome outcome = failed(rows[i].cause, rows[i].id);
		struct error err;
		struct run_result result = conclude((struct run_stop){ 0 }, &outcome, &err);

		cr_assert_str_eq(result.state, rows[i].state);
		cr_assert_eq(result.exit_status, rows[i].status);
		cr_assert_eq(err.exit_status, rows[i].status);
		cr_assert_str_eq(result.cause, error_codes[rows[i].id].name);
		cr_assert_not(result.remote_exit.present);
		cr_assert_eq(result.started.unix_ms != 0, rows[i].ran);
	}
}

Test(run_result, tells_who_ended_the_command)
{
	static const struct {
		struct run_stop stop;
		int remote; /* -1: the end was not seen */
		const char *state;
		int status;
	} rows[] = {
		{ { .signal = SIGINT }, 130, "interrupted", 130 },
		{ { .signal = SIGTERM }, 3, "interrupted", 3 },
		{ { .signal = SIGINT, .forced = true }, 137, "interrupted", 130 },
		{ { .signal = SIGHUP, .forced = true }, 137, "interrupted", 143 },
		{ { .signal = SIGINT }, -1, "interrupted", 130 },
		{ { .limit = true }, 143, "timeout", 124 },
		{ { .limit = true, .forced = true }, -1, "timeout", 124 },
		{ { .output_errno = 32 }, 143, "interrupted", 141 },
		{ { .output_errno = 28 }, 143, "interrupted", 74 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct session_outcome outcome = exited(rows[i].remote);
		struct error err;
		struct run_result result = conclude(rows[i].stop, rows[i].remote < 0 ? NULL : &outcome, &err);

		cr_assert_str_eq(result.state, rows[i].state, "row %zu", i);
		cr_assert_eq(result.exit_status, rows[i].status, "row %zu: %d", i, (int)result.exit_status);
		cr_assert_eq(result.remote_exit.present, rows[i].remote >= 0);
	}
}

Test(run_result, writes_a_document_that_stands_alone)
{
	struct session_outcome outcome = exited(9);
	const char *path = arena_format(arena, "/tmp/fops-run-result-%d.json", (int)getpid());
	struct error err;
	struct run_result result = conclude((struct run_stop){ 0 }, &outcome, &err);
	struct value document;
	struct str text;

	cr_assert(run_result_write(&result, path, &err));
	cr_assert(file_read(arena, path, 65536, &text, &err));
	(void)unlink(path);
	cr_assert(json_parse(arena, "result", text.data, text.len, &document_default_limits, &document, &err));
	cr_assert_str_eq(value_member(&document, "schema")->text.data, "fops.run-result/1");
	cr_assert_eq(value_member(&document, "remote_exit")->integer, 9);
	cr_assert_eq(value_member(&document, "fops_exit")->integer, 9);
	cr_assert_eq(value_member(&document, "cause")->kind, VALUE_NULL);
	cr_assert(text_starts(value_member(&document, "run_id")->text.data, "r-"));
	cr_assert_eq(value_member(&document, "run_id")->text.len, 10);
	cr_assert_not(run_result_write(&result, "/proc/self/nowhere/result", &err));
	cr_assert_eq(err.id, ERROR_IO_CREATE);
}

static struct asset_driver driver = { .name = "test", .abilities = ASSET_ENVIRONMENT | ASSET_WORKDIR };

Test(run_result, prepares_only_what_the_driver_can_do)
{
	static const char *const argv[] = { "echo", "a b", NULL };
	const char *good[] = { "A=1", "A=2", "B=" };
	struct run_request request = { .argv = argv, .environment = { good, 3 } };
	struct session_request prepared;
	struct error err;

	cr_assert(run_prepare(arena, &driver, &request, &prepared, &err));
	cr_assert_eq(prepared.environment.count, 2);
	cr_assert_str_eq(prepared.environment.items[0], "A=2");
	request.shell = true;
	cr_assert(run_prepare(arena, &driver, &request, &prepared, &err));
	cr_assert_str_eq(prepared.argv[2], "echo a b");
	request.user = "root";
	cr_assert_not(run_prepare(arena, &driver, &request, &prepared, &err));
	cr_assert_eq(err.id, ERROR_USAGE_CONFLICT);
}

Test(run_result, refuses_bad_variables_without_showing_values)
{
	static const char *const argv[] = { "true", NULL };
	const char *bad[] = { "1A=hidden", "=hidden", "A-B=hidden", "FOPS_TEST_NOT_SET" };

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct run_request request = { .argv = argv, .environment = { &bad[i], 1 } };
		struct session_request prepared;
		struct error err;

		cr_assert_not(run_prepare(arena, &driver, &request, &prepared, &err), "%s", bad[i]);
		cr_assert_eq(err.id, ERROR_USAGE_BAD_VALUE);
		cr_assert_null(strstr(err.message, "hidden"));
		cr_assert_null(strstr(err.cause, "hidden"));
	}
}
