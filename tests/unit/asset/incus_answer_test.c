/* Envelopes, operations and refusals of an Incus server. */
#include <criterion/criterion.h>

#include "fops/base/arena.h"
#include "incus.h"

static struct arena *arena;
static const struct runtime_asset asset = { .asset_id = "board-01", .lxc = { .container = "board" } };

static void make_arena(void)
{
	arena = arena_new((size_t)16 << 20);
}

static void free_arena(void)
{
	arena_free(arena);
}

TestSuite(incus_answer, .init = make_arena, .fini = free_arena);

static bool read_answer(int status, const char *text, struct incus_answer *ret_answer, struct error *err)
{
	struct http_exchange exchange = { .status = status, .body = text, .body_received = strlen(text) };

	return incus_answer_read(arena, &asset, &exchange, ret_answer, err);
}

static bool read_operation(const char *metadata, struct incus_operation *ret_operation)
{
	const char *text = arena_format(
	        arena, "{\"type\":\"async\",\"status_code\":100,\"operation\":\"/1.0/operations/a-b\",\"metadata\":%s}",
	        metadata);
	struct incus_answer answer;
	struct error err = { 0 };

	cr_assert(read_answer(202, text, &answer, &err), "%s", text);
	cr_assert_str_eq(answer.operation, "/1.0/operations/a-b");
	return incus_operation_read(arena, &asset, &answer, ret_operation, &err);
}

Test(incus_answer, reads_an_operation_with_its_streams)
{
	struct incus_operation operation;

	cr_assert(read_operation("{\"id\":\"a-b\",\"status_code\":103,\"err\":\"\",\"metadata\":{\"fds\":{\"0\":\"s0\","
	                         "\"control\":\"sc\"},\"command\":[\"true\"]}}",
	                         &operation));
	cr_assert_str_eq(operation.id, "a-b");
	cr_assert_eq(operation.status_code, 103);
	cr_assert_eq(operation.sockets.count, 2);
	cr_assert_str_eq(operation.sockets.items[1].key, "control");
	cr_assert_str_eq(operation.sockets.items[1].value, "sc");
	cr_assert(!operation.exit_status.present);
}

Test(incus_answer, reads_the_status_of_the_command)
{
	struct incus_operation operation;

	cr_assert(read_operation("{\"id\":\"a\",\"status_code\":200,\"metadata\":{\"return\":137}}", &operation));
	cr_assert(operation.exit_status.present);
	cr_assert_eq(operation.exit_status.value, 137);
	cr_assert_eq(operation.sockets.count, 0);
}

Test(incus_answer, an_operation_without_metadata_has_no_status)
{
	static const char *const texts[] = { "{}", "{\"metadata\":null}", "{\"id\":\"a\",\"metadata\":{}}",
		                             "{\"err\":\"cancelled\",\"status_code\":401,\"metadata\":null}" };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct incus_operation operation;

		cr_assert(read_operation(texts[i], &operation), "%s", texts[i]);
		cr_assert(!operation.exit_status.present, "%s", texts[i]);
	}
}

Test(incus_answer, an_operation_of_other_shapes_is_refused)
{
	static const char *const texts[] = { "[]",
		                             "\"text\"",
		                             "1",
		                             "{\"metadata\":{\"return\":\"0\"}}",
		                             "{\"metadata\":{\"fds\":[\"secret\"]}}",
		                             "{\"metadata\":{\"return\":1.5}}" };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct incus_operation operation;

		cr_assert(!read_operation(texts[i], &operation), "%s", texts[i]);
	}
}

static void expect_refusal(int status, const char *text, enum error_id id, const char *cause)
{
	struct incus_answer answer;
	struct error err = { 0 };

	cr_assert(!read_answer(status, text, &answer, &err), "%s", text);
	cr_assert_eq(err.id, id, "%s: %d", text, (int)err.id);
	cr_assert_str_eq(err.cause, cause);
}

Test(incus_answer, a_state_that_forbids_commands_is_told_apart)
{
	expect_refusal(404, "{\"type\":\"error\",\"error\":\"Instance not found\",\"error_code\":404}",
	               ERROR_ASSET_NOT_RUNNING, "the server has no such instance");
	expect_refusal(400, "{\"type\":\"error\",\"error\":\"Instance is not running\",\"error_code\":400}",
	               ERROR_ASSET_NOT_RUNNING, "its instance does not run");
	expect_refusal(400, "{\"type\":\"error\",\"error\":\"Instance is frozen\",\"error_code\":400}",
	               ERROR_ASSET_NOT_RUNNING, "its instance does not run");
}

Test(incus_answer, other_refusals_carry_the_servers_words)
{
	expect_refusal(403, "{\"type\":\"error\",\"error\":\"not authorized\",\"error_code\":403}", ERROR_PLANE_AUTH,
	               "not authorized");
	expect_refusal(500, "{\"type\":\"error\",\"error\":\"it broke\",\"error_code\":500}", ERROR_PLANE_UNAVAILABLE,
	               "it broke");
}

Test(incus_answer, what_is_no_answer_is_a_fault_of_the_protocol)
{
	static const char *const texts[] = { "", "[]", "{\"type\":", "<html>", "{\"type\":1}" };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct incus_answer answer;
		struct error err = { 0 };

		cr_assert(!read_answer(200, texts[i], &answer, &err), "%s", texts[i]);
		cr_assert_eq(err.id, ERROR_PLANE_PROTOCOL, "%s", texts[i]);
	}
}

Test(incus_answer, a_failed_exchange_keeps_its_error)
{
	struct http_exchange exchange = { .failed = true };
	struct incus_answer answer;
	struct error err = { 0 };

	fail(&exchange.error, ERROR_PLANE_TLS, "refused");
	cr_assert(!incus_answer_read(arena, &asset, &exchange, &answer, &err));
	cr_assert_eq(err.id, ERROR_PLANE_TLS);
}

Test(incus_answer, a_path_names_the_instance)
{
	cr_assert_str_eq(incus_instance_path(arena, &asset, "/exec"), "/1.0/instances/board/exec");
}
