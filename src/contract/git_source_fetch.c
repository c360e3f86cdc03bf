/* One ref of one remote, with nothing but what the errand carries: its own home, authorities, host keys and secret. */
#include "git_source_fetch.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/file.h>

#include "check.h"
#include "fops/base/arena.h"
#include "fops/base/branch.h"
#include "fops/base/buffer.h"
#include "fops/base/file.h"
#include "git_source_library.h"

#define MOST_PACK_BYTES ((uint64_t)512 * 1024 * 1024)
#define MOST_OBJECTS    2000000u
#define MOST_MEMORY     ((uint64_t)4 * 1024 * 1024 * 1024)
#define MOST_HEADS      500000
#define HOSTS_BYTES     ((size_t)1024 * 1024)
#define KEPT_REF        "refs/fops/revision"
#define AUTHORITIES     "SSL_CERT_FILE"

/* Where the machine keeps its authorities. */
static const char *const bundles[] = { "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
	                               "/etc/ssl/cert.pem", "/etc/ssl/ca-bundle.pem" };

/* What the copy reports. */
struct answer {
	bool found; /* the remote has said what the ref is */
	bool final;
	bool good;
	struct git_source_record record;
	struct error err;
};

_Static_assert(sizeof(struct answer) <= BRANCH_MESSAGE_MOST, "an answer is one message");

/* The program's side. */
struct waiting {
	const struct git_source_errand *errand;
	const char *folder;
	struct answer answer;
};

enum refusal { REFUSED_NOT, REFUSED_HOST_KEY, REFUSED_CERTIFICATE, REFUSED_SECRET, REFUSED_NO_SECRET, REFUSED_SIZE };

/* The copy's side. */
struct fetch {
	const struct git_source_errand *errand;
	const char *folder;
	int answers;
	enum refusal refusal;
	bool secret_given;
	git_repository *repository;
	git_remote *remote;
	git_remote_connect_options connect;
	char source[512]; /* the remote's name of the ref */
	char commit[GIT_COMMIT_DIGITS + 1];
};

static bool refused(const struct fetch *fetch, struct error *err)
{
	const char *repository = fetch->errand->url->repository;

	switch (fetch->refusal) {
	case REFUSED_HOST_KEY:
		fail(err, ERROR_PLANE_TLS, "the host key of %s is none of those that the context names", repository);
		error_fix(err, "compare git.hostKeys of the context with the server's own key files");
		break;
	case REFUSED_CERTIFICATE:
		fail(err, ERROR_PLANE_TLS, "the certificate of %s is not trusted", repository);
		error_fix(err, "compare git.ca of the context, or --ca, with the server's authority");
		break;
	case REFUSED_SECRET:
		fail(err, ERROR_PLANE_AUTH, "%s refuses the credential", repository);
		error_fix(err, "check the secret behind the context's git settings and its rights");
		break;
	case REFUSED_NO_SECRET:
		fail(err, ERROR_PLANE_AUTH, "%s wants a credential", repository);
		error_fix(err, "set git.identityRef for ssh, git.tokenRef for https: fops help contexts");
		break;
	case REFUSED_SIZE:
		fail(err, ERROR_CONTRACT_UNREADABLE, "the repository %s is too large", repository);
		error_cause(err, "it has more than 512 MiB or two million objects");
		break;
	case REFUSED_NOT:
		break;
	}
	return false;
}

static bool remote_failed(const struct fetch *fetch, int code, struct error *err)
{
	const git_error *problem = git_error_last();
	const char *text = git_source_library_problem();
	const char *repository = fetch->errand->url->repository;
	int class = problem == NULL ? GIT_ERROR_NONE : problem->klass;

	if (fetch->refusal != REFUSED_NOT)
		return refused(fetch, err);
	/* over ssh a refusal ends in give_credential; this code alone is a link that broke while logging in */
	if (class == GIT_ERROR_HTTP &&
	    (code == GIT_EAUTH || strstr(text, "401") != NULL || strstr(text, "403") != NULL))
		fail(err, ERROR_PLANE_AUTH, "%s refuses to be read", repository);
	else if (class == GIT_ERROR_HTTP && strstr(text, "404") != NULL)
		fail(err, ERROR_CONTRACT_NOT_FOUND, "there is no git repository at %s", repository);
	else if (code == GIT_ECERTIFICATE)
		fail(err, ERROR_PLANE_TLS, "no secure link to %s comes about", repository);
	else if (class == GIT_ERROR_NET || class == GIT_ERROR_OS || class == GIT_ERROR_SSH || class == GIT_ERROR_SSL ||
	         strstr(text, "status code: 5") != NULL)
		fail(err, ERROR_PLANE_UNAVAILABLE, "the git repository %s cannot be reached", repository);
	else
		fail(err, ERROR_PLANE_PROTOCOL, "the git repository %s does not answer rightly", repository);
	error_cause(err, "%s", text);
	return false;
}

static int give_credential(git_credential **ret_credential, const char *url, const char *user, unsigned allowed,
                           void *payload)
{
	struct fetch *fetch = payload;
	const struct git_source_way *way = &fetch->errand->way;

	(void)url;
	(void)user;
	if ((allowed & GIT_CREDENTIAL_USERNAME) != 0)
		return git_credential_username_new(ret_credential, way->user);
	if (way->secret == NULL || fetch->secret_given) {
		fetch->refusal = way->secret == NULL ? REFUSED_NO_SECRET : REFUSED_SECRET;
		return GIT_EAUTH;
	}
	fetch->secret_given = true;
	if ((allowed & GIT_CREDENTIAL_SSH_MEMORY) != 0)
		return git_credential_ssh_key_memory_new(ret_credential, way->user, NULL, way->secret, NULL);
	if ((allowed & GIT_CREDENTIAL_USERPASS_PLAINTEXT) != 0)
		return git_credential_userpass_plaintext_new(ret_credential, way->user, way->secret);
	fetch->refusal = REFUSED_SECRET;
	return GIT_EAUTH;
}

/* RFC 4648 §4. */
static bool is_base64_of(const char *text, size_t text_len, const unsigned char *data, size_t len)
{
	const char *digits = base64_digits;
	size_t at = 0;

	if (len == 0 || text_len != (len + 2) / 3 * 4)
		return false;
	for (size_t i = 0; i < len; i += 3) {
		unsigned group = (unsigned)data[i] << 16 | (i + 1 < len ? (unsigned)data[i + 1] << 8 : 0) |
		                 (i + 2 < len ? (unsigned)data[i + 2] : 0);
		char four[4] = { digits[group >> 18], digits[group >> 12 & 63], digits[group >> 6 & 63],
			         digits[group & 63] };

		if (i + 2 >= len)
			four[3] = '=';
		if (i + 1 >= len)
			four[2] = '=';

		if (memcmp(text + at, four, sizeof four) != 0)
			return false;
		at += sizeof four;
	}
	return true;
}

static bool is_known_key(const struct fetch *fetch, const git_cert_hostkey *key)
{
	const struct text_list *keys = fetch->errand->way.host_keys;

	if ((key->type & GIT_CERT_SSH_RAW) == 0)
		return false;
	for (size_t i = 0; i < keys->count; i++) {
		const char *text = keys->items[i] + strcspn(keys->items[i], " ");

		text += strspn(text, " ");
		if (is_base64_of(text, strcspn(text, " "), (const unsigned char *)key->hostkey, key->hostkey_len))
			return true;
	}
	return false;
}

static int check_certificate(git_cert *cert, int valid, const char *host, void *payload)
{
	struct fetch *fetch = payload;

	(void)host;
	if (cert->cert_type == GIT_CERT_HOSTKEY_LIBSSH2) {
		if (is_known_key(fetch, (const git_cert_hostkey *)(const void *)cert))
			return 0;
		fetch->refusal = REFUSED_HOST_KEY;
	} else {
		if (cert->cert_type == GIT_CERT_X509 && valid != 0)
			return 0;
		fetch->refusal = REFUSED_CERTIFICATE;
	}
	return GIT_ECERTIFICATE;
}

static int watch_transfer(const git_indexer_progress *progress, void *payload)
{
	struct fetch *fetch = payload;

	if (progress->received_bytes <= MOST_PACK_BYTES && progress->total_objects <= MOST_OBJECTS)
		return 0;
	fetch->refusal = REFUSED_SIZE;
	return GIT_EUSER;
}

static void set_connect_options(struct fetch *fetch)
{
	git_remote_connect_options options;

	(void)git_remote_connect_options_init(&options, GIT_REMOTE_CONNECT_OPTIONS_VERSION);
	options.callbacks.credentials = give_credential;
	options.callbacks.certificate_check = check_certificate;
	options.callbacks.transfer_progress = watch_transfer;
	options.callbacks.payload = fetch;
	/* a redirect could carry the credential elsewhere */
	options.follow_redirects = GIT_REMOTE_REDIRECT_NONE;
	fetch->connect = options;
}

static void note_head(struct fetch *fetch, const git_remote_head *head)
{
	(void)git_oid_tostr(fetch->commit, sizeof fetch->commit, &head->oid);
}

/* The remote's name for the wanted ref, and its commit where the list tells. */
static bool find_head(struct fetch *fetch, const git_remote_head **heads, size_t count, struct error *err)
{
	const char *ref = fetch->errand->url->ref;
	const git_remote_head *branch = NULL, *tag = NULL, *peeled = NULL, *exact = NULL;

	for (size_t i = 0; i < count; i++) {
		const char *name = heads[i]->name;
		char id[GIT_COMMIT_DIGITS + 1];

		(void)git_oid_tostr(id, sizeof id, &heads[i]->oid);
		if (ref == NULL ? text_equal(name, "HEAD") : text_equal(name, ref) && text_starts(ref, "refs/"))
			exact = heads[i];
		else if (ref != NULL && text_starts(name, "refs/heads/") && text_equal(name + 11, ref))
			branch = heads[i];
		else if (ref != NULL && text_starts(name, "refs/tags/") && text_equal(name + 10, ref))
			tag = heads[i];
		else if (ref != NULL && text_ends(name, "^{}") && strncmp(name, "refs/tags/", 10) == 0 &&
		         strlen(name) == strlen(ref) + 13 && strncmp(name + 10, ref, strlen(ref)) == 0)
			peeled = heads[i];
		else if (git_source_is_commit(ref) && text_equal(id, ref) && exact == NULL && !text_ends(name, "^{}"))
			exact = heads[i];
	}
	if (branch != NULL && tag != NULL) {
		fail(err, ERROR_USAGE_BAD_VALUE, "%s is both a branch and a tag of the remote repository", ref);
		error_fix(err, "?ref=refs/heads/%s or ?ref=refs/tags/%s", ref, ref);
		return false;
	}
	exact = exact != NULL ? exact : branch != NULL ? branch : tag;
	if (exact != NULL) {
		(void)snprintf(fetch->source, sizeof fetch->source, "%s", exact->name);
		note_head(fetch, peeled != NULL && exact == tag ? peeled : exact);
		return true;
	}
	if (git_source_is_commit(ref)) {
		(void)snprintf(fetch->source, sizeof fetch->source, "%s", ref);
		(void)snprintf(fetch->commit, sizeof fetch->commit, "%s", ref);
		return true;
	}
	fail(err, ERROR_CONTRACT_NOT_FOUND, "the repository %s has no branch or tag %s", fetch->errand->url->repository,
	     ref == NULL ? "that its HEAD names" : ref);
	return false;
}

static bool connect_remote(struct fetch *fetch, struct error *err)
{
	int failed = git_remote_connect_ext(fetch->remote, GIT_DIRECTION_FETCH, &fetch->connect);

	return failed == 0 || remote_failed(fetch, failed, err);
}

static bool look(struct fetch *fetch, struct error *err)
{
	const git_remote_head **heads = NULL;
	size_t count = 0;
	int failed;

	if (!connect_remote(fetch, err))
		return false;
	failed = git_remote_ls(&heads, &count, fetch->remote);
	if (failed != 0)
		return remote_failed(fetch, failed, err);
	if (count > MOST_HEADS)
		return fail(err, ERROR_CONTRACT_UNREADABLE, "the repository %s has too many refs",
		            fetch->errand->url->repository);
	return find_head(fetch, heads, count, err);
}

static int fetch_specs(struct fetch *fetch, char **specs, size_t count, bool shallow)
{
	git_fetch_options options;
	git_strarray list = { specs, count };

	(void)git_fetch_options_init(&options, GIT_FETCH_OPTIONS_VERSION);
	options.callbacks = fetch->connect.callbacks;
	options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE;
	options.follow_redirects = GIT_REMOTE_REDIRECT_NONE;
	options.update_fetchhead = 0;
#if defined(LIBGIT2_VERSION_MAJOR) || LIBGIT2_VER_MINOR >= 7
	options.depth = shallow ? 1 : GIT_FETCH_DEPTH_FULL;
#else
	(void)shallow;
#endif
	fetch->secret_given = false;
	return git_remote_fetch(fetch->remote, &list, &options, NULL);
}

/* The remote may refuse to name a commit that no ref leads to directly: then all its branches and tags are fetched. */
static int fetch_everything(struct fetch *fetch)
{
	char branches[] = "+refs/heads/*:refs/heads/*", tags[] = "+refs/tags/*:refs/tags/*";
	char *specs[] = { branches, tags };

	(void)git_remote_disconnect(fetch->remote);
	return fetch_specs(fetch, specs, ARRAY_LEN(specs), false);
}

static bool download(struct fetch *fetch, struct error *err)
{
	char spec[sizeof fetch->source + sizeof KEPT_REF + 2];
	char *specs[] = { spec };
	bool by_id = git_source_is_commit(fetch->source);
	git_object *object = NULL, *commit = NULL;
	git_oid id;
	int failed;

	(void)snprintf(spec, sizeof spec, "+%s:" KEPT_REF, fetch->source);
	failed = fetch_specs(fetch, specs, 1, true);
	if (by_id && fetch->refusal == REFUSED_NOT &&
	    (failed != 0 || git_oid_fromstr(&id, fetch->source) != 0 ||
	     git_object_lookup(&object, fetch->repository, &id, GIT_OBJECT_ANY) != 0))
		failed = fetch_everything(fetch);
	if (failed != 0)
		return remote_failed(fetch, failed, err);
	if (by_id)
		failed = git_oid_fromstr(&id, fetch->source);
	else
		failed = git_reference_name_to_id(&id, fetch->repository, KEPT_REF);
	if (failed == 0 && object == NULL)
		failed = git_object_lookup(&object, fetch->repository, &id, GIT_OBJECT_ANY);
	if (failed != 0)
		return git_source_library_fail(err, ERROR_CONTRACT_NOT_FOUND, "the repository has no commit",
		                               fetch->source);
	failed = git_object_peel(&commit, object, GIT_OBJECT_COMMIT);
	if (failed == 0)
		(void)git_oid_tostr(fetch->commit, sizeof fetch->commit, git_object_id(commit));
	git_object_free(commit);
	git_object_free(object);
	return failed == 0 ||
	       git_source_library_fail(err, ERROR_CONTRACT_NOT_FOUND, "this ref leads to no commit:", fetch->source);
}

static bool prepare(struct fetch *fetch, struct error *err)
{
	git_repository_init_options options;
	const char *path = path_join(fetch->errand->arena, fetch->folder, "repository");

	(void)git_repository_init_options_init(&options, GIT_REPOSITORY_INIT_OPTIONS_VERSION);
	options.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_MKPATH | GIT_REPOSITORY_INIT_NO_REINIT;
	set_connect_options(fetch);
	if (!git_source_library_start(err))
		return false;
	/* OpenSSL reads the variable at its start, other libraries under libgit2 want to be told */
	if (getenv(AUTHORITIES) != NULL &&
	    git_libgit2_opts(GIT_OPT_SET_SSL_CERT_LOCATIONS, getenv(AUTHORITIES), NULL) != 0)
		return git_source_library_fail(err, ERROR_PLANE_TLS, "cannot read the authorities of",
		                               fetch->errand->url->repository);
	if (git_repository_init_ext(&fetch->repository, path, &options) != 0 ||
	    git_remote_create_anonymous(&fetch->remote, fetch->repository, fetch->errand->url->remote) != 0)
		return git_source_library_fail(err, ERROR_IO_CREATE, "cannot prepare the fetch of",
		                               fetch->errand->url->repository);
	return true;
}

/* One command at a time asks for a repository; whoever waited takes the answer of the one before. */
static bool lock_store(const struct git_source_errand *errand, struct git_source_record *record)
{
	int lock = open(errand->store->lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	/* without a lock two may fetch the same, which only costs time; the descriptor closes with the copy */
	if (lock >= 0)
		(void)flock(lock, LOCK_EX);
	return git_source_store_recall(errand->arena, errand->store, errand->url, record) && record->failed_ms == 0 &&
	       record->asked_ms >= errand->since_ms;
}

static bool fetch_ref(struct fetch *fetch, struct git_source_record *record, struct error *err)
{
	const struct git_source_errand *errand = fetch->errand;

	if (lock_store(errand, record))
		return true;
	*record = (struct git_source_record){ 0 };
	if (!prepare(fetch, err) || !look(fetch, err))
		return false;
	branch_say(fetch->answers, &(struct answer){ .found = true }, sizeof(struct answer));
	if (!git_source_store_has(errand->arena, errand->store, fetch->commit) &&
	    (!download(fetch, err) ||
	     !git_source_store_keep(errand->arena, errand->store, fetch->folder, fetch->commit, err)))
		return false;
	memcpy(record->commit, fetch->commit, sizeof record->commit);
	record->asked_ms = clock_now().unix_ms;
	git_source_store_record(errand->arena, errand->store, errand->url, record);
	git_source_store_tidy(errand->arena, errand->store);
	return true;
}

static void work(void *user, int answers)
{
	const struct waiting *waiting = user;
	struct fetch fetch = { .errand = waiting->errand, .folder = waiting->folder, .answers = answers };
	struct answer answer = { .final = true };

	answer.good = fetch_ref(&fetch, &answer.record, &answer.err);
	/* what these point to stays in the copy */
	answer.record.cause = NULL;
	answer.err.findings = NULL;
	answer.err.finding_count = 0;
	branch_say(answers, &answer, sizeof answer);
}

static void hear(void *user, const void *message, struct deadline *limit)
{
	struct waiting *waiting = user;
	struct answer answer;

	memcpy(&answer, message, sizeof answer);
	if (answer.found)
		*limit = waiting->errand->done;
	if (answer.final)
		waiting->answer = answer;
}

/* known_hosts, from which libgit2 takes the kinds of key to ask the server for. */
static bool write_hosts(const struct git_source_errand *errand, const char *folder, struct error *err)
{
	const char *home = path_join(errand->arena, folder, ".ssh");
	struct buffer text = BUFFER(HOSTS_BYTES);
	const struct git_source_url *url = errand->url;
	bool good;

	for (size_t i = 0; i < errand->way.host_keys->count; i++) {
		const char *key = errand->way.host_keys->items[i];

		buffer_format(&text, "%s %s\n", url->host, key);
		buffer_format(&text, "[%s]:%u %s\n", url->host, url->port == 0 ? 22u : (unsigned)url->port, key);
	}
	good = file_make_folders(home, err) && file_write(path_join(errand->arena, home, "known_hosts"),
	                                                  buffer_string(&text), text.len, 0600, false, err);
	buffer_done(&text);
	return good;
}

/* The only environment that the copy has: a home of its own, and whom to trust. */
static bool make_home(const struct git_source_errand *errand, const char *folder, struct text_list *environment,
                      struct error *err)
{
	const char *ca = errand->way.ca;

	text_list_add(errand->arena, environment, arena_format(errand->arena, "HOME=%s", folder));
	if (errand->url->scheme == GIT_SOURCE_SSH)
		return write_hosts(errand, folder, err);
	if (ca != NULL && ca[0] != '/') {
		ca = path_join(errand->arena, folder, "ca.pem");
		if (!file_write(ca, errand->way.ca, strlen(errand->way.ca), 0600, false, err))
			return false;
	}
	for (size_t i = 0; ca == NULL && i < ARRAY_LEN(bundles); i++)
		ca = access(bundles[i], R_OK) == 0 ? bundles[i] : NULL;
	text_list_add(errand->arena, environment, arena_format(errand->arena, "SSL_CERT_DIR=%s/none", folder));
	text_list_add(errand->arena, environment,
	              arena_format(errand->arena, AUTHORITIES "=%s", ca == NULL ? "/none" : ca));
	return true;
}

bool git_source_fetch(const struct git_source_errand *errand, struct git_source_record *ret_record, struct error *err)
{
	struct waiting waiting = { .errand = errand };
	struct branch_request request = { .work = work,
		                          .heard = hear,
		                          .user = &waiting,
		                          .message_bytes = sizeof(struct answer),
		                          .limit = errand->look,
		                          .file_bytes = MOST_PACK_BYTES,
		                          .memory_bytes = MOST_MEMORY };
	bool good;

	if (!git_source_store_begin(errand->arena, errand->store, &waiting.folder, err))
		return false;
	good = make_home(errand, waiting.folder, &request.environment, err) && branch_run(errand->arena, &request, err);
	git_source_store_remove(waiting.folder);
	if (good && !waiting.answer.final) {
		fail(err, ERROR_PLANE_PROTOCOL, "the fetch of %s ended without an answer", errand->url->repository);
		error_cause(err, "its data may be more than a fetch may hold in memory");
		return false;
	}
	if (good && !waiting.answer.good) {
		*err = waiting.answer.err;
		return false;
	}
	if (!good && err->id == ERROR_TIMEOUT) {
		fail(err, ERROR_TIMEOUT, "the git repository %s did not answer in time", errand->url->repository);
		return false;
	}
	if (good)
		*ret_record = waiting.answer.record;
	return good;
}
