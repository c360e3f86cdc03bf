/* doctor: the configuration files, who may change them, and the environment. */
#include <sys/resource.h>
#include <sys/stat.h>

#include "doctor.h"
#include "fops/base/arena.h"
#include "fops/base/buffer.h"
#include "fops/base/file.h"
#include "fops/base/terminal.h"
#include "fops/cli/output.h"
#include "fops/cli/settings.h"

#define MOST_SHOWN       3
#define ENOUGH_OPEN      1280 /* connections at once, and what else is open */
#define LONGEST_SENTENCE ((size_t)4096)

/* The first few of a list as one text. */
static const char *join_some(struct arena *arena, const struct text_list *list)
{
	struct buffer text = BUFFER(LONGEST_SENTENCE);
	const char *joined;

	for (size_t i = 0; i < list->count && i < MOST_SHOWN; i++)
		buffer_format(&text, "%s%.1000s", i == 0 ? "" : "; ", list->items[i]);
	if (list->count > MOST_SHOWN)
		buffer_format(&text, " and %zu more", list->count - MOST_SHOWN);
	joined = arena_text(arena, buffer_string(&text), text.len);
	buffer_done(&text);
	return joined;
}

static void check_keys(struct doctor *doctor, const struct settings *settings)
{
	struct doctor_row row = { .check = "settings/keys", .state = DOCTOR_OK, .code = "ok" };

	if (settings->files.count == 0) {
		row.state = DOCTOR_SKIPPED;
		row.code = "settings.no-file";
		row.cause = "no configuration file is read";
	} else if (settings->warnings.count > 0) {
		row.state = DOCTOR_WARNING;
		row.code = "settings.unknown-key";
		row.cause = join_some(doctor->call->arena, &settings->warnings);
		row.fix = "Correct or remove the keys; config show lists the settings.";
	}
	doctor_add(doctor, row);
}

/* Could somebody else have written there? */
static const char *permission_problem(struct arena *arena, const char *path)
{
	struct stat about;

	if (stat(path, &about) != 0)
		return NULL;
	if (about.st_uid != geteuid() && about.st_uid != 0)
		return arena_format(arena, "%s belongs to user %u", path, (unsigned)about.st_uid);
	if (S_ISREG(about.st_mode) && (about.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return arena_format(arena, "%s can be written by others (mode %04o)", path,
		                    (unsigned)about.st_mode & 07777);
	return NULL;
}

static void check_permissions(struct doctor *doctor, const struct settings *settings)
{
	struct doctor_row row = { .check = "settings/permissions", .state = DOCTOR_OK, .code = "ok" };
	struct text_list problems = { 0 };

	for (size_t i = 0; i < settings->files.count; i++) {
		const char *problem = permission_problem(doctor->call->arena, settings->files.items[i]);

		if (problem != NULL)
			text_list_add(doctor->call->arena, &problems, problem);
	}
	if (settings->files.count == 0) {
		row.state = DOCTOR_SKIPPED;
		row.code = "settings.no-file";
		row.cause = "no configuration file is read";
	} else if (problems.count > 0) {
		row.state = DOCTOR_BAD;
		row.code = "settings.permissions";
		row.cause = join_some(doctor->call->arena, &problems);
		row.fix = "Make the files yours alone: chown, and chmod go-w.";
	} else {
		row.found = join_some(doctor->call->arena, &settings->files);
	}
	doctor_add(doctor, row);
}

bool doctor_settings(struct doctor *doctor, struct error *err)
{
	struct call *call = doctor->call;
	struct doctor_row row = { .check = "settings", .state = DOCTOR_OK, .code = "ok" };

	if (!settings_load(call, err)) {
		/* what the command line itself says wrong is no finding */
		if (err->exit_status == EXIT_USAGE)
			return false;
		row.state = DOCTOR_BAD;
		row.code = error_codes[err->id].name;
		row.cause = doctor_cause(doctor, err);
		row.fix = doctor_fix(doctor, err);
		doctor_add(doctor, row);
		return true;
	}
	if (call->settings->timeout_ms > 0)
		call->deadline = deadline_after(call->settings->timeout_ms);
	output_context(call->output, call->settings->context);
	row.found = call->settings->context == NULL ? "no context"
	                                            : arena_format(call->arena, "context %s", call->settings->context);
	doctor_add(doctor, row);
	check_keys(doctor, call->settings);
	check_permissions(doctor, call->settings);
	return true;
}

/* --- environment --- */

static void check_home(struct doctor *doctor)
{
	struct doctor_row row = { .check = "environment/home", .state = DOCTOR_OK, .code = "ok" };
	const char *home = getenv("HOME");
	struct stat about;

	if (home == NULL || home[0] == '\0') {
		row.state = DOCTOR_SKIPPED;
		row.code = "environment.no-home";
		row.cause = "HOME is not set: no user's configuration, no cache";
	} else if (home[0] != '/' || stat(home, &about) != 0 || !S_ISDIR(about.st_mode)) {
		row.state = DOCTOR_WARNING;
		row.code = "environment.home";
		row.cause = arena_format(doctor->call->arena, "HOME names no folder: %.500s", home);
		row.fix = "Set HOME to your home folder.";
	} else {
		row.found = arena_copy(doctor->call->arena, home);
	}
	doctor_add(doctor, row);
}

static bool is_set(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0';
}

/* Only names: a value may hold a password. */
static void check_proxies(struct doctor *doctor)
{
	static const char *const variables[] = { "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
		                                 "ALL_PROXY",  "no_proxy",    "NO_PROXY" };
	struct doctor_row row = { .check = "environment/proxy", .state = DOCTOR_OK, .code = "ok" };
	struct text_list set = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(variables); i++) {
		if (is_set(variables[i]))
			text_list_add(doctor->call->arena, &set, variables[i]);
	}
	row.found = set.count == 0 ? "none" : join_some(doctor->call->arena, &set);
	if (is_set("HTTP_PROXY") && !is_set("http_proxy")) {
		row.state = DOCTOR_WARNING;
		row.code = "environment.proxy-ignored";
		row.cause = "HTTP_PROXY in capitals is not read, because a web server can be made to set it";
		row.fix = "Write http_proxy, or proxyUrl in the contract.";
	}
	doctor_add(doctor, row);
}

static void check_terminal(struct doctor *doctor)
{
	struct doctor_row row = { .check = "environment/terminal", .state = DOCTOR_OK, .code = "ok" };
	const char *terminal = getenv("TERM");

	if (!terminal_is(STDOUT_FILENO)) {
		row.state = DOCTOR_SKIPPED;
		row.code = "environment.no-terminal";
		row.cause = "standard output is no terminal";
	} else if (terminal == NULL || terminal[0] == '\0') {
		row.state = DOCTOR_WARNING;
		row.code = "environment.term";
		row.cause = "TERM is not set: no colour, and --watch prints events";
		row.fix = "Set TERM to the kind of your terminal, such as xterm-256color.";
	} else {
		row.found = arena_format(doctor->call->arena, "%.100s, %zu columns%s", terminal,
		                         terminal_width(STDOUT_FILENO), terminal_has_utf8() ? ", UTF-8" : "");
	}
	doctor_add(doctor, row);
}

static void check_descriptors(struct doctor *doctor)
{
	struct doctor_row row = { .check = "environment/descriptors", .state = DOCTOR_OK, .code = "ok" };
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	row.found = limit.rlim_cur == RLIM_INFINITY
	                    ? "no limit"
	                    : arena_format(doctor->call->arena, "%llu", (unsigned long long)limit.rlim_cur);
	if (limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < ENOUGH_OPEN) {
		row.state = DOCTOR_WARNING;
		row.code = "environment.descriptors";
		row.cause = arena_format(doctor->call->arena,
		                         "at most %llu files may be open: fewer than 1024 connections at once",
		                         (unsigned long long)limit.rlim_cur);
		row.fix = "Raise the limit with ulimit -n 4096.";
	}
	doctor_add(doctor, row);
}

void doctor_environment(struct doctor *doctor)
{
	check_home(doctor);
	check_proxies(doctor);
	check_terminal(doctor);
	check_descriptors(doctor);
}
