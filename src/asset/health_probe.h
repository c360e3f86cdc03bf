/* One question of a health contract put to one endpoint, and what its answer means. */
#ifndef FOPS_ASSET_HEALTH_PROBE_H
#define FOPS_ASSET_HEALTH_PROBE_H

#include "access.h"
#include "fops/base/buffer.h"
#include "fops/net/dialog.h"

enum probe_answer {
	PROBE_OPEN,      /* not ended */
	PROBE_HEALTHY,   /* as the contract says */
	PROBE_WRONG,     /* another answer */
	PROBE_REFUSED,   /* the credential is not taken: 401, 403 */
	PROBE_LED_AWAY,  /* a redirect to somebody else, or in circles */
	PROBE_BROKEN,    /* the beginning of an answer, or no HTTP */
	PROBE_UNREACHED, /* no connection, no trust, or no word in time */
	PROBE_CUT,       /* the command's own limit */
	PROBE_DENIED,    /* nothing was sent: whoever gives the credential refuses it */
	PROBE_UNASKED,   /* nothing could be sent */
};

/* The owner fills the first part, zeroed otherwise. It ends in on_done, called from the loop, or by health_probe_stop.
 */
struct health_probe {
	struct asset_context *context;
	struct access *access;
	const struct health *health;
	void (*on_done)(struct health_probe *probe);
	void *user;

	/* results; texts in the context's arena or static */
	enum probe_answer answer;
	const char *cause;
	const char *fix;
	const char *version;
	struct optional_int latency_ms;
	struct instant tls_expires;
	struct optional_int clock_skew_ms;

	/* the probe's own */
	struct http *http;
	struct http_exchange exchange;
	struct dialog *dialog; /* kafka and tcp */
	struct buffer body;
	const char *session; /* mcp: what DELETE must name */
	int64_t began_ms;
	bool running;
	bool connecting;
	bool overlong;
	bool complete; /* mcp: the answer to initialize came */
	bool renewed;
};

/* Begin. What goes wrong ends in on_done as well, from the loop. errors  as http_start and dialog_start */
CHECKED bool health_probe_start(struct health_probe *probe, struct http *http, struct error *err);

/* Give up: no on_done follows. Fine for one that has ended or never began. */
void health_probe_stop(struct health_probe *probe);

/* --- for the protocols of a probe --- */

/* Kept of an answer. */
#define LONGEST_HEALTH_BODY ((size_t)64 * 1024)

void probe_end(struct health_probe *probe, enum probe_answer answer, const char *cause, const char *fix);

/* The end without a complete answer, and that of probe->exchange. */
void probe_end_failed(struct health_probe *probe, const struct error *error);
void probe_end_exchange(struct health_probe *probe);

/* Latency, certificate and clock as the exchange shows them. */
void probe_note(struct health_probe *probe, const struct http_exchange *exchange);

/* Before anything of the answer is judged or shown: without the credential that a server may have echoed. */
void probe_mask(struct health_probe *probe);

/* URL, access and limits of an exchange that the probe sends. */
void probe_prepare(struct health_probe *probe, struct http_exchange *exchange);

/* Is a status of 401 or 403 met? Ends the probe, or asks again with a newer token by ask. */
bool probe_is_refused(struct health_probe *probe, bool (*ask)(struct health_probe *probe, struct error *err));

/* health_probe_mcp.c. errors as http_start */
CHECKED bool probe_ask_mcp(struct health_probe *probe, struct error *err);

/* health_probe_socket.c: kafka and tcp. errors as dialog_start */
CHECKED bool probe_ask_socket(struct health_probe *probe, struct error *err);

#endif
