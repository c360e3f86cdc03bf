/* From git URLs to commits: when the network is asked, and what an answer that does not come leaves. */
#include "git_source.h"

#include "fops/base/arena.h"
#include "fops/contract/secret_ref.h"
#include "git_source_fetch.h"
#include "git_source_local.h"

#define REFRESH_MS  60000
#define LOOK_MS     15000
#define DOWNLOAD_MS 120000

static const struct topology_git presets = { .refresh_ms = REFRESH_MS };

/* One source under way. */
struct resolving {
	struct arena *arena;
	const struct topology_request *request;
	struct git_source *source;
	const struct topology_git *git; /* what may be used for its server; never NULL */
	struct git_source_store store;
	struct git_source_record known; /* what an earlier command learned */
	bool has_known;
};

/* Keys and credentials are for the servers that the context names, and for no other. */
static bool choose_settings(struct resolving *resolving, struct error *err)
{
	const struct topology_git *git = resolving->request->git;

	resolving->git = git == NULL ? &presets : git;
	if (git == NULL || git->servers.count == 0)
		return true;
	for (size_t i = 0; i < git->servers.count; i++) {
		struct git_source_url url;

		if (!git_source_url_is(git->servers.items[i]))
			continue;
		if (!git_source_url_parse(resolving->arena, git->servers.items[i], &url, err))
			return false;
		if (git_source_same_server(&url, &resolving->source->url))
			return true;
	}
	resolving->git = &presets;
	return true;
}

static void settle(struct resolving *resolving, const char *commit, int64_t asked_ms)
{
	struct arena *arena = resolving->arena;
	struct git_source *source = resolving->source;
	const struct git_source_url *url = &source->url;

	source->about.url = url->repository;
	source->about.ref = url->ref;
	source->about.path = url->folder;
	source->about.commit = arena_copy(arena, commit);
	source->about.fetched_at = (struct instant){ asked_ms };
	source->marker = arena_format(arena, "%s@%s#%s", url->repository, commit, url->folder);
	source->place =
	        url->scheme == GIT_SOURCE_FILE ? url->path : git_source_store_commit(arena, &resolving->store, commit);
}

static bool settle_stale(struct resolving *resolving, const char *cause, struct error *err)
{
	const struct git_source_record *known = &resolving->known;
	struct git_source *source = resolving->source;

	if (resolving->request->fresh_only) {
		fail(err, ERROR_PLANE_UNAVAILABLE, "the git repository %s cannot be asked for its present state",
		     source->url.repository);
		error_cause(err, "%s", cause);
		error_fix(err, "what changes something needs a fresh topology; repeat when the repository answers");
		return false;
	}
	settle(resolving, known->commit, known->asked_ms);
	source->about.stale = true;
	source->about.cause = arena_copy(resolving->arena, cause);
	return true;
}

/* The ref's commit by the repository itself. */
static bool look_local(const struct git_source_url *url, char ret_commit[GIT_COMMIT_DIGITS + 1], struct error *err)
{
	struct git_source_tree *tree;
	bool good;

	if (!git_source_tree_open(url->path, &tree, err))
		return false;
	good = git_source_tree_resolve(tree, url->ref, ret_commit, err);
	git_source_tree_close(tree);
	return good;
}

/* A repository whose refs did not change since the last command is not opened: that takes longer than all the rest. */
static bool open_local(struct resolving *resolving, struct error *err)
{
	struct arena *arena = resolving->arena;
	const struct git_source_url *url = &resolving->source->url;
	const char *folder = resolving->request->ask ? NULL : resolving->request->git_folder;
	struct git_source_record *known = &resolving->known;
	struct error ignored;
	const char *state;

	if (git_source_is_commit(url->ref)) {
		settle(resolving, url->ref, clock_now().unix_ms);
		return true;
	}
	state = folder == NULL ? NULL : git_source_local_state(arena, url);
	if (state != NULL && !git_source_store_find(arena, folder, url, &resolving->store, err))
		return false;
	if (state == NULL || !git_source_store_recall(arena, &resolving->store, url, known) ||
	    !text_equal(known->cause, state)) {
		if (!look_local(url, known->commit, err))
			return false;
		known->cause = state;
		known->asked_ms = clock_now().unix_ms;
		known->failed_ms = 0;
		if (state != NULL && git_source_store_make(&resolving->store, &ignored))
			git_source_store_record(arena, &resolving->store, url, known);
	}
	settle(resolving, known->commit, clock_now().unix_ms);
	return true;
}

/* Is the last answer good enough? */
static bool is_current(const struct resolving *resolving, int64_t now)
{
	int64_t age = now - resolving->known.asked_ms;

	if (!resolving->has_known)
		return false;
	if (resolving->request->offline || git_source_is_commit(resolving->source->url.ref))
		return true;
	return !resolving->request->ask && resolving->known.failed_ms == 0 && age >= 0 &&
	       age < resolving->git->refresh_ms;
}

/* A remote that did not answer a moment ago is not waited for again by each command. */
static bool has_just_failed(const struct resolving *resolving, int64_t now)
{
	int64_t age = now - resolving->known.failed_ms;

	return resolving->has_known && resolving->known.failed_ms != 0 && !resolving->request->ask &&
	       !resolving->request->fresh_only && age >= 0 && age < resolving->git->refresh_ms;
}

static bool prepare_way(const struct resolving *resolving, struct git_source_way *ret_way, struct error *err)
{
	const struct topology_git *git = resolving->git;
	const struct git_source_url *url = &resolving->source->url;
	bool ssh = url->scheme == GIT_SOURCE_SSH;
	const char *reference = ssh ? git->identity_ref : git->password_ref;
	struct git_source_way way = { .host_keys = &git->host_keys,
		                      .ca = git->ca != NULL ? git->ca : resolving->request->ca_file };

	way.user = url->user != NULL ? url->user : git->user != NULL ? git->user : "git";
	if (ssh && git->host_keys.count == 0) {
		fail(err, ERROR_CONFIG_MISSING, "no host key is known for %s", url->repository);
		error_cause(err, "an ssh server is never trusted because it was the first to answer");
		error_fix(err, "name its keys in git.hostKeys of a context that names the repository");
		return false;
	}
	if (reference != NULL && !secret_ref_read(resolving->arena, reference, &way.secret, err))
		return false;
	*ret_way = way;
	return true;
}

/* How long the first answer and the whole fetch may take. */
static void set_limits(const struct resolving *resolving, struct git_source_errand *errand)
{
	struct deadline whole = resolving->request->deadline;
	int64_t look = LOOK_MS;

	if (whole.at_ms == 0)
		whole = NO_DEADLINE;
	/* the command has to have time left to go on with what is known */
	if (resolving->has_known && deadline_left_ms(whole) >= 0 && deadline_left_ms(whole) / 2 < look)
		look = deadline_left_ms(whole) / 2;
	errand->look = deadline_earlier(whole, deadline_after(look));
	errand->done = deadline_earlier(whole, deadline_after(DOWNLOAD_MS));
}

static bool is_away(enum error_id id)
{
	return id == ERROR_PLANE_UNAVAILABLE || id == ERROR_PLANE_PROTOCOL || id == ERROR_TIMEOUT;
}

/* The remote gave no usable answer: go on with what is known, where that is allowed. */
static bool go_without(struct resolving *resolving, int64_t now, struct error *err)
{
	struct git_source_record *known = &resolving->known;
	struct deadline whole = resolving->request->deadline;

	if (!resolving->has_known || !is_away(err->id) || (whole.at_ms != 0 && deadline_passed(whole)))
		return false;
	known->failed_ms = now;
	known->cause =
	        arena_format(resolving->arena, "%s%s%s", err->message, err->cause[0] == '\0' ? "" : ": ", err->cause);
	git_source_store_record(resolving->arena, &resolving->store, &resolving->source->url, known);
	return settle_stale(resolving, known->cause, err);
}

static bool ask_remote(struct resolving *resolving, struct error *err)
{
	const struct git_source_url *url = &resolving->source->url;
	int64_t now = clock_now().unix_ms;
	struct git_source_record fresh;
	struct git_source_errand errand = {
		.arena = resolving->arena, .url = url, .store = &resolving->store, .since_ms = now
	};

	if (is_current(resolving, now)) {
		log_detail(resolving->request->log, "%s is known to be at %s", url->repository,
		           resolving->known.commit);
		settle(resolving, resolving->known.commit, resolving->known.asked_ms);
		return true;
	}
	if (resolving->request->offline)
		return fail(err, ERROR_PLANE_UNAVAILABLE, "%s was not fetched yet", url->repository);
	if (has_just_failed(resolving, now))
		return settle_stale(resolving, resolving->known.cause, err);
	if (!prepare_way(resolving, &errand.way, err))
		return false;
	set_limits(resolving, &errand);
	log_detail(resolving->request->log, "asking %s for %s", url->repository, url->ref == NULL ? "HEAD" : url->ref);
	if (!git_source_fetch(&errand, &fresh, err))
		return go_without(resolving, now, err);
	settle(resolving, fresh.commit, fresh.asked_ms);
	return true;
}

/* What ssh and https share: the URL always has the user, so that libgit2 looks for none. */
static void add_user(struct resolving *resolving)
{
	struct git_source_url *url = &resolving->source->url;
	const char *user = resolving->git->user == NULL ? "git" : resolving->git->user;

	if (url->scheme == GIT_SOURCE_SSH && url->user == NULL)
		url->remote = arena_format(resolving->arena, "ssh://%s@%s", user, url->remote + strlen("ssh://"));
}

static bool resolve_remote(struct resolving *resolving, struct error *err)
{
	struct git_source *source = resolving->source;

	if (!choose_settings(resolving, err) || !git_source_store_find(resolving->arena, resolving->request->git_folder,
	                                                               &source->url, &resolving->store, err))
		return false;
	source->passing = resolving->store.passing ? resolving->store.folder : NULL;
	add_user(resolving);
	resolving->has_known =
	        git_source_store_recall(resolving->arena, &resolving->store, &source->url, &resolving->known) &&
	        git_source_store_has(resolving->arena, &resolving->store, resolving->known.commit);
	return ask_remote(resolving, err);
}

bool git_sources_resolve(struct arena *arena, const struct topology_request *request, struct git_sources *ret_sources,
                         struct error *err)
{
	size_t count = request->sources.count;

	*ret_sources = (struct git_sources){ .items = arena_array(arena, count, sizeof *ret_sources->items) };
	for (size_t i = 0; i < count; i++) {
		const char *text = request->sources.items[i];
		struct git_source *source;
		struct resolving resolving = { .arena = arena, .request = request };
		bool good;

		ret_sources->count++;
		if (!git_source_url_is(text)) {
			text_list_add(arena, &ret_sources->names, text);
			continue;
		}
		source = arena_alloc(arena, sizeof *source);
		resolving.source = source;
		good = git_source_url_parse(arena, text, &source->url, err);
		ret_sources->items[i] = source;
		good = good && (source->url.scheme == GIT_SOURCE_FILE ? open_local(&resolving, err)
		                                                      : resolve_remote(&resolving, err));
		if (!good) {
			git_sources_done(ret_sources);
			return false;
		}
		text_list_add(arena, &ret_sources->names, source->marker);
	}
	return true;
}

void git_sources_done(const struct git_sources *sources)
{
	for (size_t i = 0; i < sources->count; i++) {
		if (sources->items[i] != NULL && sources->items[i]->passing != NULL)
			git_source_store_remove(sources->items[i]->passing);
	}
}

const struct topology_revision *git_sources_about(struct arena *arena, const struct git_sources *sources,
                                                  size_t *ret_count)
{
	struct topology_revision *list = arena_array(arena, sources->count + 1, sizeof *list);

	*ret_count = 0;
	for (size_t i = 0; i < sources->count; i++) {
		if (sources->items[i] != NULL)
			list[(*ret_count)++] = sources->items[i]->about;
	}
	return list;
}
