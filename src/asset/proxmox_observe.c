/* Looks at a guest; a virtual machine is asked whether its agent answers. */
#include "fops/base/arena.h"
#include "proxmox.h"

#define LONGEST_ANSWER ((size_t)64 * 1024)

struct guest_look {
	struct proxmox_look look; /* first: found again through it */
	struct http_exchange ping;
	bool pinging;
};

static void end_look(struct observation *observation, enum observation_state result)
{
	struct guest_look *own = observation->state;

	observation->result = result;
	observation->latency_us = own->look.latency_us;
	observation->on_observed(observation);
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
		end_look(observation, look->missing ? OBSERVED_MISSING : OBSERVED_UNREACHABLE);
	} else if (!text_equal(look->guest.status, "running")) {
		fail(err, ERROR_ASSET_NOT_RUNNING, "%s does not run", look->asset->asset_id);
		error_cause(err, "its guest is %s",
		            look->guest.status == NULL ? "in no known state" : look->guest.status);
		end_look(observation, OBSERVED_STOPPED);
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
	if (own->pinging)
		http_cancel(own->look.http, &own->ping);
	own->pinging = false;
}
