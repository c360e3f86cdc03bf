/* Kafka is asked which versions it speaks, the one request that every broker answers before any login; others for a
 * connection alone. */
#include <arpa/inet.h>

#include "fops/base/arena.h"
#include "health_probe.h"

#define KAFKA_CORRELATION 0x666F7073
#define KAFKA_HEAD        10 /* length, correlation id, error code */
#define KAFKA_LONGEST     ((size_t)64 * 1024)

/*
 * A request of 14 bytes: API key 18 in version 0, which even brokers that dropped it answer in its own form, the
 * correlation id, and the client's name.
 */
static const char kafka_request[] = "\0\0\0\016"
                                    "\0\022"
                                    "\0\0"
                                    "fops"
                                    "\0\004"
                                    "fops";

static uint32_t read_number(const char *at)
{
	uint32_t number;

	memcpy(&number, at, sizeof number);
	return ntohl(number);
}

static enum dialog_judgement kafka_bytes(struct dialog *dialog)
{
	if (dialog->len < KAFKA_HEAD)
		return dialog->len >= 4 && read_number(dialog->data) > KAFKA_LONGEST ? DIALOG_DONE : DIALOG_MORE;
	return DIALOG_DONE;
}

/* Why the bytes are no answer of a broker, or NULL. */
static const char *kafka_judge(struct arena *arena, const struct dialog *dialog)
{
	uint32_t len = dialog->len < KAFKA_HEAD ? 0 : read_number(dialog->data);
	unsigned code;

	if (len < KAFKA_HEAD - 4 || len > KAFKA_LONGEST || read_number(dialog->data + 4) != KAFKA_CORRELATION)
		return "expected ApiVersions of Kafka, found bytes of another protocol";
	code = (unsigned)(unsigned char)dialog->data[8] << 8 | (unsigned char)dialog->data[9];
	return code == 0 ? NULL : arena_format(arena, "ApiVersions: the broker answers with error %u", code);
}

static void ended(struct dialog *dialog)
{
	struct health_probe *probe = dialog->user;
	bool kafka = text_equal(probe->health->protocol, "kafka");
	const char *wrong;

	probe->connecting = false;
	if (dialog->tls_expires.unix_ms != 0)
		probe->tls_expires = dialog->tls_expires;
	if (dialog->failed) {
		/* a broker that waits for TLS closes without a word */
		probe_end_failed(probe, &dialog->error);
		return;
	}
	probe->latency_ms = (struct optional_int){ dialog->total_us / 1000, true };
	wrong = kafka ? kafka_judge(probe->context->arena, dialog) : NULL;
	if (wrong == NULL)
		probe_end(probe, PROBE_HEALTHY, NULL, NULL);
	else
		probe_end(probe, PROBE_WRONG, wrong, "Check that executorUrl names a listener of the broker.");
}

bool probe_ask_socket(struct health_probe *probe, struct error *err)
{
	bool kafka = text_equal(probe->health->protocol, "kafka");

	probe->dialog = arena_alloc(probe->context->arena, sizeof *probe->dialog);
	*probe->dialog = (struct dialog){
		.url = url_origin(probe->context->arena, &probe->access->url),
		.access = { .tls = probe->access->http.tls, .proxy = probe->access->http.proxy },
		.deadline = probe->context->deadline,
		.timeout_ms = probe->health->timeout.ms,
		.on_done = ended,
		.user = probe,
	};
	if (kafka) {
		probe->dialog->request = kafka_request;
		probe->dialog->request_len = sizeof kafka_request - 1;
		probe->dialog->most_bytes = KAFKA_LONGEST;
		probe->dialog->on_bytes = kafka_bytes;
	}
	if (!dialog_start(probe->http, probe->context->arena, probe->dialog, err))
		return false;
	probe->connecting = true;
	return true;
}
