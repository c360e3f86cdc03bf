/* lxc/proxmox: once the guest is known, its node runs `pct exec` for the same session that lxc/ssh has. */
#include "fops/base/arena.h"
#include "lxc_session.h"
#include "proxmox_session.h"
#include "proxmox_task.h"

struct pct_session {
	struct session *session;
	struct proxmox_look look;
	struct proxmox_inquiry inquiry;
	struct session_outcome refusal; /* while the inquiry runs */
	struct runtime_asset asset;     /* as the SSH session sees it: number as its name, node as its host */
	struct session inner;
	bool running;
	bool close_wanted;
	int signal; /* came before the start */
};

static struct pct_session *state_of(struct session *session)
{
	return session->state;
}

static void inner_started(struct session *inner)
{
	struct pct_session *state = inner->user;

	if (state->session->on_started != NULL)
		state->session->on_started(state->session);
}

static void inner_output(struct session *inner, int stream, const char *data, size_t len)
{
	struct pct_session *state = inner->user;

	state->session->on_output(state->session, stream, data, len);
}

static void inner_room(struct session *inner)
{
	struct pct_session *state = inner->user;

	if (state->session->on_input_room != NULL)
		state->session->on_input_room(state->session);
}

static void inner_ended(struct session *inner, const struct session_outcome *outcome)
{
	struct pct_session *state = inner->user;

	state->running = false;
	state->session->on_ended(state->session, outcome);
}

static const struct proxmox_node *find_node(const struct lxc_proxmox *proxmox, const char *name)
{
	for (size_t i = 0; i < proxmox->nodes.count; i++) {
		const struct proxmox_node *node = (const struct proxmox_node *)proxmox->nodes.items + i;

		if (text_equal(node->name, name))
			return node;
	}
	return NULL;
}

static bool start_inner(struct pct_session *state, const struct proxmox_node *node, struct error *err)
{
	struct session *outer = state->session;

	state->asset = *outer->asset;
	state->asset.lxc.driver = "ssh";
	state->asset.lxc.ssh = node->ssh;
	state->asset.lxc.container = arena_format(outer->context->arena, "%lld", (long long)state->look.guest.vmid);
	state->inner = (struct session){
		.context = outer->context,
		.asset = &state->asset,
		.request = outer->request,
		.on_started = inner_started,
		.on_output = inner_output,
		.on_input_room = inner_room,
		.on_ended = inner_ended,
		.user = state,
	};
	return lxc_start(&state->inner, err);
}

static void give_up(struct pct_session *state, enum error_id id, const char *cause)
{
	struct session_outcome outcome = outcome_not_started(state->session, id, cause);

	state->session->on_ended(state->session, &outcome);
}

static void explained(struct proxmox_inquiry *inquiry)
{
	struct pct_session *state = inquiry->user;

	state->session->on_ended(state->session, &state->refusal);
}

/* The guest cannot be used: say which task holds it or broke it, then end. */
static void explain(struct pct_session *state, struct text_list nodes, bool away)
{
	state->inquiry = (struct proxmox_inquiry){
		.look = &state->look,
		.nodes = nodes,
		.away = away,
		.err = &state->refusal.error,
		.on_done = explained,
		.user = state,
	};
	proxmox_inquiry_start(&state->inquiry);
}

static void explain_stop(struct pct_session *state)
{
	state->refusal = outcome_not_started(state->session, ERROR_ASSET_NOT_RUNNING, PROXMOX_NOT_RUNNING);
	explain(state, (struct text_list){ 0 }, false);
}

/* It moved to a node that the contract does not name: the migration is a task of the node that had it. */
static void explain_move(struct pct_session *state)
{
	const struct lxc_proxmox *proxmox = &state->session->asset->lxc.proxmox;
	struct text_list nodes = { 0 };

	for (size_t i = 0; i < proxmox->nodes.count; i++)
		text_list_add(state->session->context->arena, &nodes,
		              ((const struct proxmox_node *)proxmox->nodes.items + i)->name);
	state->refusal = outcome_not_started(state->session, ERROR_CONTRACT_INVALID,
	                                     "its contract does not say how to reach the node that has the guest now; "
	                                     "add it to lxc.proxmox.nodes");
	explain(state, nodes, true);
}

static void refuse(struct pct_session *state)
{
	state->refusal = (struct session_outcome){ .cause = SESSION_NOT_STARTED, .error = state->look.error };
	error_effect(&state->refusal.error, "nothing ran");
	if (state->look.gone)
		explain(state, (struct text_list){ 0 }, true);
	else
		state->session->on_ended(state->session, &state->refusal);
}

static void guest_found(struct proxmox_look *look)
{
	struct pct_session *state = look->user;
	struct session *session = state->session;
	const struct proxmox_node *node = find_node(&session->asset->lxc.proxmox, look->guest.node);
	struct session_outcome outcome = { .cause = SESSION_NOT_STARTED };

	if (look->failed) {
		refuse(state);
	} else if (!text_equal(look->guest.status, "running")) {
		explain_stop(state);
	} else if (node == NULL) {
		explain_move(state);
	} else if (state->signal != 0) {
		give_up(state, ERROR_RUN_NOT_STARTED, "a signal came before the start");
	} else if (!start_inner(state, node, &outcome.error)) {
		session->on_ended(session, &outcome);
	} else {
		state->running = true;
		if (state->close_wanted)
			lxc_close_input(&state->inner);
	}
}

bool pct_start(struct session *session, struct error *err)
{
	struct pct_session *state = arena_alloc(session->context->arena, sizeof *state);

	state->session = session;
	state->look = (struct proxmox_look){
		.context = session->context,
		.asset = session->asset,
		.on_guest = guest_found,
		.user = state,
	};
	session->state = state;
	return proxmox_look_start(&state->look, err);
}

size_t pct_write(struct session *session, const char *data, size_t len)
{
	struct pct_session *state = state_of(session);

	return state->running ? lxc_write(&state->inner, data, len) : 0;
}

void pct_close_input(struct session *session)
{
	struct pct_session *state = state_of(session);

	state->close_wanted = true;
	if (state->running)
		lxc_close_input(&state->inner);
}

void pct_pause_output(struct session *session, int stream, bool pause)
{
	struct pct_session *state = state_of(session);

	if (state->running)
		lxc_pause_output(&state->inner, stream, pause);
}

void pct_signal(struct session *session, int number)
{
	struct pct_session *state = state_of(session);

	if (state->running)
		lxc_signal(&state->inner, number);
	else
		state->signal = number;
}

void pct_resize(struct session *session, struct terminal_size size)
{
	struct pct_session *state = state_of(session);

	if (state->running)
		lxc_resize(&state->inner, size);
}

void pct_stop(struct session *session)
{
	struct pct_session *state = state_of(session);

	proxmox_look_stop(&state->look);
	proxmox_inquiry_stop(&state->inquiry);
	if (state->running)
		lxc_stop(&state->inner);
	state->running = false;
}
