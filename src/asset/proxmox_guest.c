/* Finds the guest that an asset's contract describes; a number alone never decides. */
#include "fops/base/arena.h"
#include "fops/data/document.h"
#include "proxmox.h"

#define LONGEST_LIST ((size_t)32 * 1024 * 1024)

static const struct field guest_fields[] = {
	{ "type", SLOT(struct proxmox_guest, type), .text = "lxc or qemu" },
	{ "node", SLOT(struct proxmox_guest, node), .text = "the node that owns it" },
	{ "name", SLOT(struct proxmox_guest, name), .text = "its name" },
	{ "status", SLOT(struct proxmox_guest, status), .text = "running or stopped" },
	{ "tags", SLOT(struct proxmox_guest, tags), .text = "its tags" },
	{ "vmid", SLOT(struct proxmox_guest, vmid), .text = "its number" },
	{ "template", SLOT(struct proxmox_guest, template), .text = "1 for a template" },
	{ 0 },
};

/* What a guest's own state is read for; some versions tell the number as text there, and it is known already. */
static const struct field state_fields[] = {
	{ "name", SLOT(struct proxmox_guest, name), .text = "its name" },
	{ "status", SLOT(struct proxmox_guest, status), .text = "running or stopped" },
	{ "tags", SLOT(struct proxmox_guest, tags), .text = "its tags" },
	{ "lock", SLOT(struct proxmox_guest, lock), .text = "what works on it, or did" },
	{ 0 },
};

static void answer(struct proxmox_look *look)
{
	if (look->failed && look->error.object[0] == '\0')
		error_object(&look->error, "runtime-asset/%s", look->asset->asset_id);
	look->on_guest(look);
}

static void not_found(struct proxmox_look *look, const char *cause)
{
	look->failed = true;
	look->missing = true;
	fail(&look->error, ERROR_ASSET_NOT_RUNNING, "%s was not found", look->asset->asset_id);
	error_cause(&look->error, "%s", cause);
	error_fix(&look->error, "Compare the contract with the cluster: name, type, tags and number must all fit.");
	answer(look);
}

static bool has_tag(const char *tags, const char *wanted)
{
	size_t len = strlen(wanted);

	while (tags != NULL && *tags != '\0') {
		size_t part;

		tags += strspn(tags, "; ,");
		part = strcspn(tags, "; ,");
		if (part == len && strncasecmp(tags, wanted, len) == 0)
			return true;
		tags += part;
	}
	return false;
}

/* What of the contract the guest does not meet, or NULL. */
static const char *mismatch(struct arena *arena, const struct runtime_asset *asset, const struct proxmox_guest *guest)
{
	const struct lxc_proxmox *wanted = &asset->lxc.proxmox;

	if (!text_equal(guest->name, asset->lxc.container))
		return "the guest of that number has another name now";
	if (guest->type != NULL && !text_equal(guest->type, wanted->type))
		return arena_format(arena, "the guest of that name has type %s", guest->type);
	if (wanted->vmid.present && guest->vmid != wanted->vmid.value)
		return "the guest of that name has another number";
	for (size_t i = 0; i < wanted->tags.count; i++) {
		if (!has_tag(guest->tags, wanted->tags.items[i]))
			return arena_format(arena, "the guest of that name does not carry the tag %s",
			                    wanted->tags.items[i]);
	}
	return NULL;
}

static bool read_guest(struct arena *arena, const struct value *value, const struct field *fields,
                       struct proxmox_guest *ret_guest)
{
	struct findings findings = { .arena = arena };

	*ret_guest = (struct proxmox_guest){ 0 };
	return decode(arena, "answer", "data", value, fields, DECODE_LENIENT, ret_guest, &findings);
}

/* A path segment that cannot lead elsewhere. */
static bool is_plain(const char *name)
{
	size_t len = name == NULL ? 0 : strlen(name);

	return len > 0 && name[0] != '.' &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._") == len;
}

static void node_answered(struct http_exchange *exchange)
{
	struct proxmox_look *look = exchange->user;
	struct arena *arena = look->context->arena;
	struct proxmox_answer fresh;
	struct proxmox_guest guest;
	const char *wrong;

	look->asking = false;
	look->latency_us += exchange->total_us;
	if (!proxmox_answer_read(arena, look->asset, exchange, &fresh, &look->error)) {
		/* it may just have moved to another node */
		if (!look->repeated && exchange->status == 500 && proxmox_look_start(look, &look->error)) {
			look->repeated = true;
			return;
		}
		look->failed = true;
		look->gone = strstr(look->error.cause, "does not exist") != NULL;
		look->missing = look->gone;
		answer(look);
		return;
	}
	if (fresh.data == NULL || !read_guest(arena, fresh.data, state_fields, &guest)) {
		not_found(look, "its node gives no state");
		return;
	}
	guest.type = look->guest.type;
	guest.node = look->guest.node;
	guest.vmid = look->guest.vmid;
	/* older versions leave the tags out here */
	if (guest.tags == NULL)
		guest.tags = look->guest.tags;
	wrong = mismatch(arena, look->asset, &guest);
	if (wrong != NULL) {
		not_found(look, wrong);
		return;
	}
	look->guest = guest;
	answer(look);
}

static void ask(struct proxmox_look *look, const char *path, void (*on_done)(struct http_exchange *exchange))
{
	struct arena *arena = look->context->arena;

	proxmox_prepare(look->context, look->access, "GET", path, LONGEST_LIST, &look->exchange);
	look->exchange.on_done = on_done;
	look->exchange.user = look;
	look->asking = http_start(look->http, arena, &look->exchange, &look->error);
	if (look->asking)
		return;
	look->failed = true;
	answer(look);
}

static void list_answered(struct http_exchange *exchange)
{
	struct proxmox_look *look = exchange->user;
	struct arena *arena = look->context->arena;
	struct proxmox_answer list;
	const char *wrong = "the cluster shows no guest of that name";
	size_t found = 0;

	look->asking = false;
	look->latency_us = exchange->total_us;
	if (!proxmox_answer_read(arena, look->asset, exchange, &list, &look->error)) {
		look->failed = true;
		answer(look);
		return;
	}
	for (size_t i = 0; list.data != NULL && list.data->kind == VALUE_ARRAY && i < list.data->list.count; i++) {
		struct proxmox_guest guest;
		const char *why;

		if (!read_guest(arena, &list.data->list.items[i], guest_fields, &guest) || guest.template != 0 ||
		    !text_equal(guest.name, look->asset->lxc.container))
			continue;
		why = mismatch(arena, look->asset, &guest);
		if (why != NULL) {
			wrong = why;
			continue;
		}
		look->guest = guest;
		found++;
	}
	if (found > 1)
		wrong = "several guests fit its contract; tell them apart by tags or vmid";
	if (found != 1 || !is_plain(look->guest.node) || look->guest.vmid <= 0) {
		not_found(look, wrong);
		return;
	}
	ask(look, proxmox_guest_path(arena, &look->guest, "/status/current"), node_answered);
}

bool proxmox_look_start(struct proxmox_look *look, struct error *err)
{
	static const struct text_pair pair = { "type", "vm" };
	struct text_map query = { (struct text_pair *)(uintptr_t)&pair, 1 };
	struct arena *arena = look->context->arena;

	if (!access_open(look->context, look->asset->lxc.proxmox.endpoint, &look->access, err) ||
	    !access_refresh(look->access, err) || !asset_http(look->context, &look->http, err))
		return false;
	proxmox_prepare(look->context, look->access, "GET", "/api2/json/cluster/resources", LONGEST_LIST,
	                &look->exchange);
	look->exchange.url = url_build(arena, &look->access->url, "/api2/json/cluster/resources", &query);
	look->exchange.on_done = list_answered;
	look->exchange.user = look;
	look->asking = http_start(look->http, arena, &look->exchange, err);
	return look->asking;
}

void proxmox_look_stop(struct proxmox_look *look)
{
	if (look->asking)
		http_cancel(look->http, &look->exchange);
	look->asking = false;
}

const char *proxmox_guest_path(struct arena *arena, const struct proxmox_guest *guest, const char *more)
{
	return arena_format(arena, "/api2/json/nodes/%s/%s/%lld%s", guest->node, guest->type, (long long)guest->vmid,
	                    more);
}

void proxmox_prepare(const struct asset_context *context, struct access *access, const char *method, const char *path,
                     size_t keep, struct http_exchange *exchange)
{
	*exchange = (struct http_exchange){
		.method = method,
		.url = url_build(context->arena, &access->url, path, NULL),
		.keep_bytes = keep,
	};
	access_prepare(context, access, exchange);
}
