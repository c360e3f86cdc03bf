/* Looks at a guest; a virtual machine is asked whether its agent answers. */
#include "fops/base/arena.h"
#include "proxmox_task.h"

#define LONGEST_ANSWER ((size_t)64 * 1024)
#define LONGEST_REASON ((size_t)48)

struct guest_look {
	struct proxmox_look look; /* first: found again through it */
	struct proxmox_inquiry inquiry;
	struct http_exchange ping;
	bool pinging;
};

static void end_look(struct observation *observation, enum observation_state result)
{
	struct guest_look *own = observation->state;

	observation->result = result;
	observation->latency_us = own->look.latency_us;
	if (own->look.guest.lock != NULL)
		observation->reason =
		        proxmox_plain(observation->context->arena, &own->look.access->http,
		                      arena_format(observation->context->arena, "locked: %s", own->look.guest.lock),
		                      LONGEST_REASON);
	observation->on_observed(observation);
}

static void explained(struct proxmox_inquiry *inquiry)
{
	struct observation *observation = inquiry->user;

	end_look(observation, observation->result);
}

/* The guest cannot be used: say which task holds it or broke it, then end. */
static void explain(struct observation *observation, enum observation_state result, bool away)
{
	struct guest_look *own = observation->state;

	observation->result = result;
	own->inquiry = (struct proxmox_inquiry){
		.look = &own->look,
		.away = away,
		.err = &observation->error,
		.on_done = explained,
		.user = observation,
	};
	proxmox_inquiry_start(&own->inquiry);
}

static void ponged(struct http_exchange *exchange)
{
	struct observation *observation = exchange->user;
	struct guest_look *own = observation->state;
	struct proxmox_answer answer;

	own->pinging = false;
	own->look.latency_us += exchange->total_us;
	if (proxmox_answer_read(observation->context->arena, observation->asset, exchange, &answer,
	                        &observation->error)) {
		end_look(observation, OBSERVED_RUNNING);
		return;
	}
	if (observation->error.id == ERROR_PLANE_UNAVAILABLE && !exchange->failed)
		error_fix(&observation->error, "Install and enable the QEMU guest agent in the machine.");
	/* a task may have frozen it: only a guest that one has locked is asked about */
	if (exchange->status == 500 && own->look.guest.lock != NULL)
		explain(observation, OBSERVED_REFUSED, false);
	else
		end_look(observation, OBSERVED_REFUSED);
}

static void ping(struct observation *observation)
{
	struct guest_look *own = observation->state;
	struct arena *arena = observation->context->arena;

	proxmox_prepare(observation->context, own->look.access, "POST",
	                proxmox_guest_path(arena, &own->look.guest, "/agent/ping"), LONGEST_ANSWER, &own->ping);
	own->ping.on_done = ponged;
	own->ping.user = observation;
	own->pinging = http_start(own->look.http, arena, &own->ping, &observation->error);
	if (!own->pinging)
		end_look(observation, OBSERVED_UNREACHABLE);
}

static void guest_found(struct proxmox_look *look)
{
	struct observation *observation = look->user;
	struct error *err = &observation->error;

	if (look->failed) {
		*err = look->error;
		if (look->gone)
			explain(observation, OBSERVED_MISSING, true);
		else
			end_look(observation, look->missing ? OBSERVED_MISSING : OBSERVED_UNREACHABLE);
	} else if (!text_equal(look->guest.status, "running")) {
		fail(err, ERROR_ASSET_NOT_RUNNING, "%s does not run", look->asset->asset_id);
		error_cause(err, "its guest is %s",
		            look->guest.status == NULL ? "in no known state" : look->guest.status);
		explain(observation, OBSERVED_STOPPED, false);
	} else if (text_equal(look->guest.type, "qemu")) {
		ping(observation);
	} else {
		end_look(observation, OBSERVED_RUNNING);
	}
}

bool proxmox_observe(struct observation *observation, struct error *err)
{
	struct guest_look *own = arena_alloc(observation->context->arena, sizeof *own);

	own->look = (struct proxmox_look){
		.context = observation->context,
		.asset = observation->asset,
		.on_guest = guest_found,
		.user = observation,
	};
	observation->state = own;
	return proxmox_look_start(&own->look, err);
}

void proxmox_stop_observing(struct observation *observation)
{
	struct guest_look *own = observation->state;

	proxmox_look_stop(&own->look);
	proxmox_inquiry_stop(&own->inquiry);
	if (own->pinging)
		http_cancel(own->look.http, &own->ping);
	own->pinging = false;
}
