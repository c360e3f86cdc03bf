/* doctor: the cache folder, the topology, what its assets need on this machine, and who is trusted. */
#include <sys/stat.h>

#include "../topology_access.h"
#include "doctor.h"
#include "fops/asset/authorities.h"
#include "fops/base/arena.h"
#include "fops/base/file.h"
#include "fops/cli/settings.h"

#define LONGEST_AUTHORITIES ((size_t)64 << 20)
#define DAY_MS              ((int64_t)24 * 60 * 60 * 1000)
#define SCRATCH_LIMIT       ((size_t)256 << 20)

/* --- cache --- */

/* What would keep the folder from being used; row keeps its state when nothing does. */
static void judge_folder(struct doctor *doctor, const char *folder, struct doctor_row *row)
{
	struct arena *arena = doctor->call->arena;
	struct stat about;

	row->found = folder;
	if (stat(folder, &about) != 0) {
		row->found = arena_format(arena, "%s is not there yet", folder);
		return;
	}
	row->state = DOCTOR_WARNING;
	if (!S_ISDIR(about.st_mode)) {
		row->code = "cache.no-folder";
		row->cause = arena_format(arena, "%s is no folder", folder);
		row->fix = "Move it away; the folder is made anew.";
	} else if (about.st_uid != geteuid()) {
		row->code = "cache.foreign";
		row->cause = arena_format(arena, "%s belongs to user %u", folder, (unsigned)about.st_uid);
		row->fix = "Delete the folder or set XDG_CACHE_HOME; it holds nothing of value.";
	} else if ((about.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		row->code = "cache.permissions";
		row->cause = arena_format(arena, "%s can be written by others (mode %04o)", folder,
		                          (unsigned)about.st_mode & 07777);
		row->fix = arena_format(arena, "chmod 700 %s", folder);
	} else if (access(folder, W_OK | X_OK) != 0) {
		row->code = "cache.read-only";
		row->cause = arena_format(arena, "%s cannot be written", folder);
		row->fix = "Permit it, or set XDG_CACHE_HOME; without it every start is slower.";
	} else {
		row->state = DOCTOR_OK;
	}
}

void doctor_cache(struct doctor *doctor)
{
	const struct settings *settings = doctor->call->settings;
	const char *folder = user_cache_folder(doctor->call->arena);
	struct doctor_row row = { .check = "cache", .state = DOCTOR_OK, .code = "ok" };

	if (folder == NULL || (settings != NULL && !settings->cache)) {
		row.state = DOCTOR_SKIPPED;
		row.code = folder == NULL ? "cache.no-home" : "cache.off";
		row.cause = folder == NULL ? "neither HOME nor XDG_CACHE_HOME is set" : "the cache is switched off";
	} else {
		judge_folder(doctor, folder, &row);
	}
	doctor_add(doctor, row);
}

/* --- topology --- */

static void add_topology_failure(struct doctor *doctor, const struct error *err)
{
	struct arena *arena = doctor->call->arena;
	struct doctor_row row = { .check = "topology", .state = DOCTOR_BAD, .code = error_codes[err->id].name };
	const struct finding *finding = err->findings;

	row.cause = doctor_cause(doctor, err);
	row.fix = doctor_fix(doctor, err);
	if (err->finding_count > 0)
		row.cause = arena_format(arena, "%s: %s:%llu:%llu: %s", err->message, finding->file,
		                         (unsigned long long)finding->line, (unsigned long long)finding->column,
		                         finding->message);
	doctor->no_topology = "the topology cannot be read";
	if (err->id == ERROR_CONFIG_MISSING) {
		row.state = DOCTOR_SKIPPED;
		row.code = "topology.none";
		doctor->no_topology = "no topology is named";
	}
	doctor_add(doctor, row);
}

static void add_revision(struct doctor *doctor, size_t number, const struct topology_revision *revision)
{
	struct arena *arena = doctor->call->arena;
	const char *asked = instant_format(arena, revision->fetched_at, false);
	struct doctor_row row = { .check = arena_format(arena, "topology/revision-%zu", number),
		                  .state = DOCTOR_OK,
		                  .code = "ok" };

	row.found = arena_format(arena, "%.200s, %.100s: %.12s of %s", revision->url,
	                         revision->ref == NULL ? "HEAD" : revision->ref, revision->commit,
	                         asked == NULL ? "an unknown time" : asked);
	if (revision->stale) {
		row.state = DOCTOR_WARNING;
		row.code = "topology.stale";
		row.cause = arena_format(arena, "the repository cannot be asked: %.500s",
		                         revision->cause == NULL ? "no reason is known" : revision->cause);
		row.fix = "Check the repository; until then its last known commit is used.";
	}
	doctor_add(doctor, row);
}

static void add_revisions(struct doctor *doctor)
{
	size_t count;
	const struct topology_revision *revisions = topology_revisions(doctor->topology, &count);

	for (size_t i = 0; i < count; i++)
		add_revision(doctor, i + 1, &revisions[i]);
}

void doctor_topology(struct doctor *doctor)
{
	struct call *call = doctor->call;
	struct doctor_row row = { .check = "topology", .state = DOCTOR_OK, .code = "ok" };
	struct error err;

	if (call->settings == NULL) {
		doctor->no_topology = "the settings cannot be read";
		row.state = DOCTOR_SKIPPED;
		row.code = "topology.no-settings";
		row.cause = doctor->no_topology;
		doctor_add(doctor, row);
		return;
	}
	if (!call_topology(call, &doctor->topology, &err)) {
		doctor->topology = NULL;
		add_topology_failure(doctor, &err);
		return;
	}
	row.found = arena_format(call->arena, "%zu assets, %zu endpoints",
	                         topology_count(doctor->topology, KIND_RUNTIME_ASSET),
	                         topology_count(doctor->topology, KIND_ENDPOINT));
	doctor_add(doctor, row);
	add_revisions(doctor);
}

/* --- programs --- */

struct program {
	const char *name;
	const char *package;
	size_t needed;       /* how many assets need it */
	const char *example; /* one of them */
};

static const char *find_program(struct arena *arena, const char *name)
{
	const char *path = getenv("PATH");
	struct text_list folders = text_split(arena, path == NULL ? "/usr/bin:/bin" : path, ':');

	for (size_t i = 0; i < folders.count; i++) {
		const char *file = path_join(arena, folders.items[i], name);

		if (access(file, X_OK) == 0)
			return file;
	}
	return NULL;
}

static void count_need(struct arena *arena, struct program *program, const struct runtime_asset *asset)
{
	if (program->needed++ == 0)
		program->example = arena_copy(arena, asset->asset_id);
}

/* Which programs the drivers of the assets start on this machine. */
static bool count_needs(struct doctor *doctor, struct program *attach, struct program *ssh, struct error *err)
{
	CLEANUP(arena_cleanup) struct arena *scratch = arena_new(SCRATCH_LIMIT);
	struct arena *arena = doctor->call->arena;

	for (size_t i = 0; i < topology_count(doctor->topology, KIND_RUNTIME_ASSET); i++) {
		struct arena_mark mark = arena_mark(scratch);
		struct runtime_asset asset;

		if (!topology_read_asset(doctor->topology, i, scratch, &asset, err))
			return false;
		if (asset.lxc.present && text_equal(asset.lxc.driver, "local"))
			count_need(arena, attach, &asset);
		else if (asset.lxc.present &&
		         (text_equal(asset.lxc.driver, "ssh") ||
		          (text_equal(asset.lxc.driver, "proxmox") && text_equal(asset.lxc.proxmox.type, "lxc"))))
			count_need(arena, ssh, &asset);
		arena_rewind(scratch, mark);
	}
	return true;
}

static void add_program(struct doctor *doctor, const struct program *program)
{
	struct arena *arena = doctor->call->arena;
	struct doctor_row row = { .check = doctor_name(doctor, "programs", program->name),
		                  .state = DOCTOR_OK,
		                  .code = "ok" };

	if (program->needed == 0) {
		row.state = DOCTOR_SKIPPED;
		row.code = "program.not-needed";
		row.cause = doctor->topology == NULL ? doctor->no_topology : "no asset needs it";
	} else {
		row.found = find_program(arena, program->name);
		if (row.found == NULL) {
			row.state = DOCTOR_BAD;
			row.code = "program.missing";
			row.cause =
			        program->needed == 1
			                ? arena_format(arena, "%s is not on the PATH; asset %s needs it", program->name,
			                               program->example)
			                : arena_format(arena, "%s is not on the PATH; %zu assets need it, such as %s",
			                               program->name, program->needed, program->example);
			row.fix = arena_format(arena, "Install the package %s.", program->package);
		}
	}
	doctor_add(doctor, row);
}

bool doctor_programs(struct doctor *doctor, struct error *err)
{
	struct program attach = { "lxc-attach", "lxc", 0, NULL };
	struct program ssh = { "ssh", "openssh-client", 0, NULL };

	if (doctor->topology != NULL && !count_needs(doctor, &attach, &ssh, err))
		return false;
	add_program(doctor, &attach);
	add_program(doctor, &ssh);
	return true;
}

/* --- certificate authorities --- */

/* system: a bundle of many, of which some always are at their end. */
static void judge_certificates(struct doctor *doctor, const char *text, size_t len, bool system, struct doctor_row *row)
{
	struct arena *arena = doctor->call->arena;
	struct instant now = clock_now();
	struct certificate_terms terms;
	struct error err;

	if (!certificates_read(arena, text, len, now, &terms, &err)) {
		row->state = DOCTOR_BAD;
		row->code = "ca.empty";
		row->cause = doctor_cause(doctor, &err);
		row->fix = "Name a PEM file of certificate authorities.";
		return;
	}
	row->found = arena_format(arena, "%zu certificate%s", terms.count, terms.count == 1 ? "" : "s");
	if (terms.expired == terms.count || (terms.expired > 0 && !system)) {
		row->state = terms.expired == terms.count ? DOCTOR_BAD : DOCTOR_WARNING;
		row->code = "ca.expired";
		row->cause = arena_format(arena, "%zu of %zu certificates expired", terms.expired, terms.count);
		row->fix = "Take the authority's present certificate.";
	} else if (!system && terms.first.unix_ms - now.unix_ms < DOCTOR_EXPIRY_DAYS * DAY_MS) {
		row->state = DOCTOR_WARNING;
		row->code = "ca.expires-soon";
		row->cause = arena_format(arena, "%.200s expires at %s",
		                          terms.subject == NULL ? "a certificate" : terms.subject,
		                          instant_format(arena, terms.first, false));
		row->fix = "Take the authority's next certificate in time.";
	}
}

/* named NULL: what requests trust when neither contract nor --ca says more. */
static void check_file(struct doctor *doctor, const char *check, const char *named)
{
	CLEANUP(arena_cleanup) struct arena *scratch = arena_new(LONGEST_AUTHORITIES * 2);
	struct doctor_row row = { .check = check, .state = DOCTOR_OK, .code = "ok" };
	struct str text;
	const char *path;
	struct error err;

	if (authorities_file(doctor->call->arena, named, &path, &err) &&
	    file_read(scratch, path, LONGEST_AUTHORITIES, &text, &err)) {
		judge_certificates(doctor, text.data, text.len, named == NULL, &row);
		if (row.found != NULL)
			row.found = arena_format(doctor->call->arena, "%s: %s", path, row.found);
	} else {
		/* without https nothing may ever need it */
		row.state = named == NULL ? DOCTOR_WARNING : DOCTOR_BAD;
		row.code = "ca.unreadable";
		row.cause = doctor_cause(doctor, &err);
		row.fix = doctor_fix(doctor, &err);
	}
	doctor_add(doctor, row);
}

bool doctor_authorities(struct doctor *doctor, struct error *err)
{
	const struct settings *settings = doctor->call->settings;
	size_t count = doctor->topology == NULL ? 0 : topology_count(doctor->topology, KIND_ENDPOINT);

	check_file(doctor, "ca/system", NULL);
	if (settings != NULL && settings->ca != NULL)
		check_file(doctor, "ca/file", settings->ca);
	for (size_t i = 0; i < count; i++) {
		struct doctor_row row = { .state = DOCTOR_OK, .code = "ok" };
		struct endpoint endpoint;

		if (!topology_read_endpoint(doctor->topology, i, doctor->call->arena, &endpoint, err))
			return false;
		if (endpoint.tls.ca == NULL)
			continue;
		row.check = doctor_name(doctor, "ca", endpoint.id);
		judge_certificates(doctor, endpoint.tls.ca, strlen(endpoint.tls.ca), false, &row);
		doctor_add(doctor, row);
	}
	return true;
}
