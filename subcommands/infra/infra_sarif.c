/* Writes findings in the Static Analysis Results Interchange Format (OASIS SARIF 2.1.0). */
#include "infra_sarif.h"

#include <unistd.h>

#include "fops/base/file.h"
#include "fops/contract/rule.h"
#include "fops/data/digest.h"
#include "fops/data/emit.h"

#define SCHEMA_URI      "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
#define SOURCE_ROOT     "%SRCROOT%"
#define FORM_RULE       "form"
#define FORM_TEXT       "a document has the form that its contract describes"
#define FORM_FIX        "Correct the field; `fops schema KIND` shows the contract."
#define COMMIT_DIGITS   7
#define ID_DIGITS       12
#define ID_LIMIT_BYTES  ((size_t)1 << 20)
#define URI_LIMIT_BYTES ((size_t)1 << 16)

const char *finding_rule(const struct finding *finding)
{
	return finding->rule == NULL ? FORM_RULE : finding->rule;
}

const char *finding_severity(const struct finding *finding)
{
	enum rule_id rule = finding->rule == NULL ? RULE_FORM : rule_find(finding->rule);

	return rule == RULE_FORM ? "error" : rule_rows[rule].severity;
}

/* Positions such as "at a.yaml:12" move with every line above, and revisions such as "@1f0c9d2:" with every commit. */
static void put_steady(struct buffer *out, const char *text)
{
	for (; text != NULL && *text != '\0'; text++) {
		size_t digits = strspn(text + 1, "0123456789abcdef");

		buffer_byte(out, *text);
		if (*text == ':')
			text += strspn(text + 1, "0123456789");
		else if (*text == '@' && digits >= COMMIT_DIGITS && text[1 + digits] == ':')
			text += digits;
	}
	buffer_byte(out, '\0');
}

static const char *digest_id(struct arena *arena, const struct buffer *text)
{
	struct digest digest = digest_of(buffer_string(text), text->len);
	char *id = arena_alloc(arena, DIGEST_TEXT);

	digest_text(&digest, id);
	id[ID_DIGITS] = '\0';
	return id;
}

/* One id and the finding it belongs to. */
struct id_row {
	const char *id;
	size_t index;
};

static int by_id(const void *a, const void *b)
{
	const struct id_row *left = a;
	const struct id_row *right = b;
	int order = strcmp(left->id, right->id);

	return order != 0 ? order : (left->index > right->index) - (left->index < right->index);
}

/* RFC 3986: what may not stand in a path as it is, is written in percent. */
static void put_encoded(struct buffer *out, const char *text, const char *also)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/!$&'()*+,;=@";

	for (; *text != '\0'; text++) {
		if (strchr(plain, *text) != NULL || strchr(also, *text) != NULL)
			buffer_byte(out, *text);
		else
			buffer_format(out, "%%%02X", (unsigned)(unsigned char)*text);
	}
}

/* Does the path hold a segment "."  or ".." that would lead elsewhere once it is resolved? */
static bool has_dot_segment(const char *path)
{
	while (*path != '\0') {
		size_t len = strcspn(path, "/");

		if ((len == 1 && path[0] == '.') || (len == 2 && path[0] == '.' && path[1] == '.'))
			return true;
		path += len + (path[len] == '/' ? 1 : 0);
	}
	return false;
}

/* Without symbolic links; "/" when it is gone. In arena. */
static const char *working_folder(struct arena *arena)
{
	char *real = realpath(".", NULL);
	const char *folder = arena_copy(arena, real == NULL ? "/" : real);

	free(real);
	return folder;
}

/* The file of a finding as a URI. Findings come file by file: the last one is mostly asked for again. */
struct file_place {
	struct arena *arena;
	const char *folder; /* the working one */
	const char *file;   /* that uri belongs to */
	const char *uri;
	bool relative; /* to the root of the sources */
};

static struct file_place file_places(struct arena *arena)
{
	return (struct file_place){ .arena = arena, .folder = working_folder(arena) };
}

static void go_to_file(struct file_place *place, const struct finding *finding)
{
	const char *file = finding->file == NULL ? "" : finding->file;
	struct buffer uri = BUFFER(URI_LIMIT_BYTES);
	size_t folder_len = strlen(place->folder);
	const char *text;
	char *real;

	if (text_equal(place->file, file))
		return;
	place->file = file;
	place->relative = false;
	while (text_starts(file, "./"))
		file += 2;
	if (strstr(file, "://") != NULL) {
		put_encoded(&uri, file, ":?#[]%");
	} else if (file[0] == '/' || has_dot_segment(file)) {
		real = realpath(file, NULL);
		text = real == NULL ? path_join(place->arena, place->folder, file) : real;
		place->relative = strncmp(text, place->folder, folder_len) == 0 && text[folder_len] == '/';
		if (!place->relative)
			buffer_text(&uri, "file://");
		put_encoded(&uri, text + (place->relative ? folder_len + 1 : 0), "");
		free(real);
	} else {
		place->relative = true;
		put_encoded(&uri, file, "");
	}
	place->uri = arena_copy(place->arena, buffer_string(&uri));
	buffer_done(&uri);
}

const char **finding_ids(struct arena *arena, const struct finding *findings, size_t count)
{
	const char **ids = arena_array(arena, count + 1, sizeof *ids);
	struct id_row *rows = arena_array(arena, count + 1, sizeof *rows);
	struct buffer text = BUFFER(ID_LIMIT_BYTES);
	struct file_place place = file_places(arena);
	size_t before = 0;

	for (size_t i = 0; i < count; i++) {
		buffer_clear(&text);
		put_steady(&text, finding_rule(&findings[i]));
		go_to_file(&place, &findings[i]);
		put_steady(&text, place.uri);
		put_steady(&text, findings[i].path);
		put_steady(&text, findings[i].message);
		rows[i] = (struct id_row){ digest_id(arena, &text), i };
	}
	if (count > 0)
		qsort(rows, count, sizeof *rows, by_id);
	for (size_t i = 0; i < count; i++) {
		before = i > 0 && strcmp(rows[i].id, rows[i - 1].id) == 0 ? before + 1 : 0;
		ids[rows[i].index] = rows[i].id;
		if (before == 0)
			continue;
		buffer_clear(&text);
		buffer_format(&text, "%s %zu", rows[i].id, before);
		ids[rows[i].index] = digest_id(arena, &text);
	}
	buffer_done(&text);
	return ids;
}

static void put_pair(struct emitter *emitter, const char *key, const char *text)
{
	emit_key(emitter, key);
	emit_text(emitter, text);
}

/* "key": {"text": …} */
static void put_message(struct emitter *emitter, const char *key, const char *text)
{
	emit_key(emitter, key);
	emit_object(emitter);
	put_pair(emitter, "text", text);
	emit_object_end(emitter);
}

static const char *capital(struct arena *arena, const char *text)
{
	char *sentence = arena_format(arena, "%s.", text);

	if (sentence[0] >= 'a' && sentence[0] <= 'z')
		sentence[0] = (char)(sentence[0] - 'a' + 'A');
	return sentence;
}

static void put_rule(struct arena *arena, struct emitter *emitter, enum rule_id rule)
{
	const struct rule_row *row = &rule_rows[rule];
	bool form = rule == RULE_FORM;

	emit_object(emitter);
	put_pair(emitter, "id", form ? FORM_RULE : row->id);
	put_message(emitter, "shortDescription", capital(arena, form ? FORM_TEXT : row->text));
	put_message(emitter, "help", form ? FORM_FIX : capital(arena, row->fix));
	emit_key(emitter, "defaultConfiguration");
	emit_object(emitter);
	put_pair(emitter, "level", form ? "error" : row->severity);
	emit_object_end(emitter);
	if (!form) {
		emit_key(emitter, "properties");
		emit_object(emitter);
		put_pair(emitter, "source", row->source);
		emit_object_end(emitter);
	}
	emit_object_end(emitter);
}

static void put_tool(struct arena *arena, struct emitter *emitter)
{
	emit_key(emitter, "tool");
	emit_object(emitter);
	emit_key(emitter, "driver");
	emit_object(emitter);
	put_pair(emitter, "name", "fops");
	put_pair(emitter, "version", FOPS_VERSION);
	emit_key(emitter, "rules");
	emit_array(emitter);
	for (size_t rule = 0; rule < RULE_COUNT; rule++) {
		if (rule == RULE_FORM || rule_rows[rule].state == RULE_ENFORCED)
			put_rule(arena, emitter, (enum rule_id)rule);
	}
	emit_array_end(emitter);
	emit_object_end(emitter);
	emit_object_end(emitter);
}

static void put_place(struct emitter *emitter, const struct finding *finding, const struct file_place *place)
{
	emit_key(emitter, "physicalLocation");
	emit_object(emitter);
	emit_key(emitter, "artifactLocation");
	emit_object(emitter);
	put_pair(emitter, "uri", place->uri);
	if (place->relative)
		put_pair(emitter, "uriBaseId", SOURCE_ROOT);
	emit_object_end(emitter);
	if (finding->line > 0) {
		emit_key(emitter, "region");
		emit_object(emitter);
		emit_key(emitter, "startLine");
		emit_count(emitter, finding->line);
		if (finding->column > 0) {
			emit_key(emitter, "startColumn");
			emit_count(emitter, finding->column);
		}
		emit_object_end(emitter);
	}
	emit_object_end(emitter);
	if (finding->path == NULL || finding->path[0] == '\0')
		return;
	emit_key(emitter, "logicalLocations");
	emit_array(emitter);
	emit_object(emitter);
	put_pair(emitter, "fullyQualifiedName", finding->path);
	put_pair(emitter, "kind", "member");
	emit_object_end(emitter);
	emit_array_end(emitter);
}

static void put_result(struct arena *arena, struct emitter *emitter, const struct finding *finding,
                       const struct file_place *place, const char *id)
{
	const char *text = finding->message;

	if (finding->path != NULL && finding->path[0] != '\0')
		text = arena_format(arena, "%s: %s", finding->path, text);
	if (finding->fix != NULL)
		text = arena_format(arena, "%s (%s)", text, finding->fix);
	emit_object(emitter);
	put_pair(emitter, "ruleId", finding_rule(finding));
	put_pair(emitter, "level", finding_severity(finding));
	put_message(emitter, "message", text);
	emit_key(emitter, "locations");
	emit_array(emitter);
	emit_object(emitter);
	put_place(emitter, finding, place);
	emit_object_end(emitter);
	emit_array_end(emitter);
	emit_key(emitter, "partialFingerprints");
	emit_object(emitter);
	put_pair(emitter, "fopsFinding/v1", id);
	emit_object_end(emitter);
	emit_object_end(emitter);
}

static void put_run(struct arena *arena, struct emitter *emitter, const struct finding *findings, size_t count,
                    const char *const *ids)
{
	struct file_place place = file_places(arena);

	emit_object(emitter);
	put_tool(arena, emitter);
	put_pair(emitter, "columnKind", "unicodeCodePoints");
	emit_key(emitter, "results");
	emit_array(emitter);
	for (size_t i = 0; i < count; i++) {
		struct arena_mark mark;

		go_to_file(&place, &findings[i]);
		mark = arena_mark(arena);
		put_result(arena, emitter, &findings[i], &place, ids[i]);
		arena_rewind(arena, mark);
	}
	emit_array_end(emitter);
	emit_object_end(emitter);
}

void sarif_write(struct arena *arena, struct buffer *out, const struct finding *findings, size_t count,
                 const char *const *ids)
{
	struct emitter emitter;

	emit_start(&emitter, EMIT_JSON_PRETTY, buffer_sink(out));
	emit_object(&emitter);
	put_pair(&emitter, "$schema", SCHEMA_URI);
	put_pair(&emitter, "version", "2.1.0");
	emit_key(&emitter, "runs");
	emit_array(&emitter);
	put_run(arena, &emitter, findings, count, ids);
	emit_array_end(&emitter);
	emit_object_end(&emitter);
	if (!emit_finish(&emitter, true))
		out->overflow = true;
}
