/* Bytes as code points, marks for NUL, and refusals of a Proxmox VE API. */
#include <criterion/criterion.h>

#include "fops/base/arena.h"
#include "proxmox.h"

static struct arena *arena;
static const struct runtime_asset asset = { .asset_id = "board-01" };

static void make_arena(void)
{
	arena = arena_new((size_t)16 << 20);
}

static void free_arena(void)
{
	arena_free(arena);
}

TestSuite(proxmox_answer, .init = make_arena, .fini = free_arena);

static bool read_answer(const char *text, struct proxmox_answer *ret_answer, struct error *err)
{
	struct http_exchange exchange = { .status = 200, .body = text, .body_received = strlen(text) };

	return proxmox_answer_read(arena, &asset, &exchange, ret_answer, err);
}

/* The bytes of the text in {"data": "…"}. */
static bool read_bytes(const char *text, struct str *ret_bytes)
{
	struct proxmox_answer answer;
	struct error err;

	cr_assert(read_answer(arena_format(arena, "{\"data\":\"%s\"}", text), &answer, &err), "%s", text);
	cr_assert_not_null(answer.data);
	return proxmox_decode_bytes(arena, answer.data->text.data, answer.data->text.len, ret_bytes);
}

static void expect_bytes(const char *text, const char *bytes, size_t len)
{
	struct str found;

	cr_assert(read_bytes(text, &found), "%s", text);
	cr_assert_eq(found.len, len, "%s: %zu", text, found.len);
	cr_assert_eq(memcmp(found.data, bytes, len), 0, "%s", text);
}

Test(proxmox_answer, every_byte_comes_back)
{
	char bytes[256];
	struct str text;
	struct str back;

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (char)i;
	text = proxmox_encode_bytes(arena, bytes, sizeof bytes);
	cr_assert_eq(text.len, 128 + 2 * 128);
	cr_assert(is_utf8(text.data, text.len, NULL));
	cr_assert(proxmox_decode_bytes(arena, text.data, text.len, &back));
	cr_assert_eq(back.len, sizeof bytes);
	cr_assert_eq(memcmp(back.data, bytes, sizeof bytes), 0);
}

Test(proxmox_answer, nul_is_a_byte_of_the_output)
{
	expect_bytes("a\\u0000b", "a\0b", 3);
	expect_bytes("\\u0000", "\0", 1);
	expect_bytes("\\u0000\\u0000x\\u0000", "\0\0x\0", 4);
}

Test(proxmox_answer, a_backslash_before_is_counted)
{
	expect_bytes("\\\\u0000", "\\u0000", 6);
	expect_bytes("\\\\\\u0000", "\\\0", 2);
	expect_bytes("\\\\\\\\u0000", "\\\\u0000", 7);
	expect_bytes("\\\\\\\\\\u0000", "\\\\\0", 3);
	expect_bytes("\\n\\u0000\\\"u0000", "\n\0\"u0000", 8);
}

Test(proxmox_answer, characters_that_are_no_bytes_are_refused)
{
	struct str bytes;

	expect_bytes("\\u00ff\xC3\xBF", "\xFF\xFF", 2);
	cr_assert(!read_bytes("\\u0101", &bytes));
	cr_assert(!read_bytes("\xE2\x82\xAC", &bytes));
	cr_assert(!read_bytes("\xF0\x9F\xA6\x80", &bytes));
	cr_assert(!proxmox_decode_bytes(arena, "\xC3", 1, &bytes));
	cr_assert(!proxmox_decode_bytes(arena, "\xC3\x28", 2, &bytes));
	cr_assert(!proxmox_decode_bytes(arena, "\x80", 1, &bytes));
	cr_assert(!proxmox_decode_bytes(arena, "\xC0\x80", 2, &bytes));
}

Test(proxmox_answer, no_data_and_null_are_one)
{
	struct proxmox_answer answer;
	struct error err;

	cr_assert(read_answer("{\"data\":null}", &answer, &err));
	cr_assert_null(answer.data);
	cr_assert(read_answer("{}", &answer, &err));
	cr_assert_null(answer.data);
}

Test(proxmox_answer, what_is_no_answer_is_a_fault_of_the_protocol)
{
	static const char *const texts[] = {
		"", "[]", "\"data\"", "{\"data\":", "<html>", "{\"data\":1,\"data\":2}", "{\"data\":\"\\u00"
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct proxmox_answer answer;
		struct error err = { 0 };

		cr_assert(!read_answer(texts[i], &answer, &err), "%s", texts[i]);
		cr_assert_eq(err.id, ERROR_PLANE_PROTOCOL, "%s", texts[i]);
	}
}

static void expect_refusal(struct http_exchange exchange, enum error_id id, const char *cause)
{
	struct proxmox_answer answer;
	struct error err = { 0 };

	exchange.body_received = exchange.body == NULL ? 0 : strlen(exchange.body);
	cr_assert(!proxmox_answer_read(arena, &asset, &exchange, &answer, &err));
	cr_assert_eq(err.id, id);
	cr_assert_str_eq(err.cause, cause);
	cr_assert_str_eq(err.object, "runtime-asset/board-01");
}

Test(proxmox_answer, a_refusal_speaks_in_the_servers_words)
{
	expect_refusal((struct http_exchange){ .status = 500, .reason = "no such guest\n", .body = "{\"data\":null}" },
	               ERROR_PLANE_UNAVAILABLE, "no such guest");
	expect_refusal((struct http_exchange){ .status = 500,
	                                       .reason = "short",
	                                       .body = "{\"data\":null,\"message\":\"the whole text\\n\"}" },
	               ERROR_PLANE_UNAVAILABLE, "the whole text");
	expect_refusal((struct http_exchange){ .status = 403, .reason = "Permission check failed", .body = NULL },
	               ERROR_PLANE_AUTH, "Permission check failed");
}

Test(proxmox_answer, wrong_parameters_are_named)
{
	struct http_exchange exchange = { .status = 400,
		                          .reason = "Parameter verification failed.",
		                          .body = "{\"data\":null,\"errors\":{\"vmid\":\"is no number\"}}" };
	struct proxmox_answer answer;
	struct error err = { 0 };

	exchange.body_received = strlen(exchange.body);
	cr_assert(!proxmox_answer_read(arena, &asset, &exchange, &answer, &err));
	cr_assert_str_eq(err.cause, "vmid: is no number");
}
