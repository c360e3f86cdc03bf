/* Reads the answers of a Proxmox VE API, whose texts carry bytes as code points. */
#include "fops/base/arena.h"
#include "fops/base/buffer.h"
#include "fops/data/document.h"
#include "proxmox.h"

#define LONGEST_ANSWER ((size_t)256 * 1024 * 1024)

struct refusal {
	const char *message;
	struct text_map errors;
};

static const struct field refusal_fields[] = {
	{ "message", SLOT(struct refusal, message), .text = "what went wrong" },
	{ "errors", SLOT(struct refusal, errors), .text = "parameters that are wrong" },
	{ 0 },
};

static const struct document_limits limits = {
	.bytes = LONGEST_ANSWER, .depth = 16, .values = 1000000, .text = LONGEST_ANSWER, .documents = 1
};

/* \u0000 becomes \u0100 where it stands: the strict parser refuses NUL. */
static void mark_zeros(char *text, size_t len)
{
	for (size_t i = 0; i + 1 < len; i++) {
		if (text[i] != '\\')
			continue;
		if (text[i + 1] == 'u' && i + 5 < len && memcmp(text + i + 2, "0000", 4) == 0)
			text[i + 3] = '1';
		i++;
	}
}

static bool read_json(struct arena *arena, const struct http_exchange *exchange, struct value *ret_value)
{
	struct error ignored;
	char *text;

	if (exchange->body == NULL)
		return false;
	text = arena_text(arena, exchange->body, exchange->body_received);
	mark_zeros(text, exchange->body_received);
	return json_parse(arena, "answer", text, exchange->body_received, &limits, ret_value, &ignored);
}

/* The server's words without the newline that perl puts behind them. */
static const char *refusal_text(struct arena *arena, const struct http_exchange *exchange, const struct value *value)
{
	struct refusal refusal = { 0 };
	struct findings findings = { .arena = arena };
	const char *text = exchange->reason == NULL ? "" : exchange->reason;
	char *copy;

	if (value != NULL && decode(arena, "answer", "", value, refusal_fields, DECODE_LENIENT, &refusal, &findings)) {
		if (refusal.message != NULL && refusal.message[0] != '\0')
			text = refusal.message;
		if (refusal.errors.count > 0)
			text = arena_format(arena, "%s: %s", refusal.errors.items[0].key,
			                    refusal.errors.items[0].value);
	}
	copy = arena_text(arena, text, strcspn(text, "\r\n"));
	secret_mask(exchange->access.credential, copy);
	return copy;
}

bool proxmox_answer_read(struct arena *arena, const struct runtime_asset *asset, struct http_exchange *exchange,
                         struct proxmox_answer *ret_answer, struct error *err)
{
	const char *what = arena_format(arena, "the cluster of %s", asset->asset_id);
	struct value *value = arena_alloc(arena, sizeof *value);
	const struct value *total;
	bool is_json;

	if (exchange->failed) {
		*err = exchange->error;
		return false;
	}
	is_json = read_json(arena, exchange, value);
	if (!http_judge(exchange, what, err)) {
		error_cause(err, "%s", refusal_text(arena, exchange, is_json ? value : NULL));
		error_object(err, "runtime-asset/%s", asset->asset_id);
		return false;
	}
	if (!is_json || value->kind != VALUE_OBJECT) {
		fail(err, ERROR_PLANE_PROTOCOL, "%s answers what the protocol does not have", what);
		return false;
	}
	ret_answer->data = value_member(value, "data");
	if (ret_answer->data != NULL && ret_answer->data->kind == VALUE_NULL)
		ret_answer->data = NULL;
	total = value_member(value, "total");
	ret_answer->total = total != NULL && total->kind == VALUE_INT && total->integer > 0 ? total->integer : 0;
	return true;
}

struct str proxmox_encode_bytes(struct arena *arena, const char *data, size_t len)
{
	char *text = arena_alloc(arena, 2 * len + 1);
	size_t count = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char byte = (unsigned char)data[i];

		if (byte >= 0x80)
			text[count++] = (char)(0xC0 | byte >> 6);
		text[count++] = (char)(byte >= 0x80 ? 0x80 | (byte & 0x3F) : byte);
	}
	text[count] = '\0';
	return (struct str){ text, count };
}

bool proxmox_decode_bytes(struct arena *arena, const char *text, size_t len, struct str *ret_bytes)
{
	char *bytes = arena_alloc(arena, len + 1);
	size_t count = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char byte = (unsigned char)text[i];
		unsigned point = byte;

		if (byte >= 0x80) {
			unsigned char next = (unsigned char)(i + 1 < len ? text[++i] : 0);

			point = (byte & 0x1FU) << 6 | (next & 0x3FU);
			if ((byte & 0xE0) != 0xC0 || (next & 0xC0) != 0x80 || point < 0x80)
				return false;
		}
		if (point > 0x100)
			return false;
		bytes[count++] = (char)(point == 0x100 ? 0 : point);
	}
	bytes[count] = '\0';
	*ret_bytes = (struct str){ bytes, count };
	return true;
}
