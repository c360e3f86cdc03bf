/* One run of files: each document is decoded by its kind's table, checked by its rules and written as its canonical
 * record. */
#include "check.h"
#include "checksum.h"
#include "compile.h"
#include "fops/base/arena.h"
#include "fops/data/emit.h"
#include "rule.h"
#include "variant.h"

/* Names of the model that this version does not know yet. */
#define LATER_KINDS "Connector|Project|Squad|TeamContract|Governance"

/* The outermost object of a document. */
struct envelope {
	const char *api_version;
	const char *kind;
	const struct value *spec;
};

static const struct field envelope_fields[] = {
	{ "apiVersion", SLOT(struct envelope, api_version), FIELD_REQUIRED, .text = "the version of the contract",
	  .example = "fractalops/v1" },
	{ "kind", SLOT(struct envelope, kind), FIELD_REQUIRED, .text = "the kind of object" },
	{ "spec", SLOT(struct envelope, spec), FIELD_REQUIRED, .text = "the object" },
	{ 0 },
};

/* The file being read. */
struct reading {
	struct compilation *compilation;
	const char *path;
	uint32_t file;
	size_t visited_findings; /* those that documents caused; the rest come from the stream itself */
};

static size_t count_findings(const struct findings *findings)
{
	return findings->count + findings->dropped;
}

static void refuse_kind(struct reading *reading, const struct value *place, const char *kind)
{
	struct findings *findings = reading->compilation->findings;
	const char *near;

	if (text_in_choices(LATER_KINDS, kind)) {
		findings_add(findings, reading->path, place->line, place->column, "kind", "remove the document",
		             "kind %s is not supported by this version", kind);
		return;
	}
	reading->compilation->incomplete = true;
	near = text_suggest(findings->arena, kind, contract_kind_names(), CONTRACT_KIND_COUNT);
	findings_add(findings, reading->path, place->line, place->column, "kind",
	             near == NULL ? "write RuntimeAsset, Endpoint, Stack or EnvContract"
	                          : arena_format(findings->arena, "did you mean %s?", near),
	             "unknown kind \"%.64s\"", kind);
}

static struct compiled_object *add_object(struct compilation *compilation)
{
	if (compilation->count == compilation->size) {
		compilation->size = compilation->size == 0 ? 256 : compilation->size * 2;
		compilation->objects =
		        reallocarray(compilation->objects, compilation->size, sizeof *compilation->objects);
		if (compilation->objects == NULL)
			out_of_memory();
	}
	compilation->objects[compilation->count] = (struct compiled_object){ 0 };
	return &compilation->objects[compilation->count++];
}

static void write_record(struct compilation *compilation, struct compiled_object *object, const void *record)
{
	struct emitter emitter;

	object->record_at = compilation->records.len;
	emit_start(&emitter, EMIT_JSON, buffer_sink(&compilation->records));
	emit_record(&emitter, contract_kinds[object->kind].fields, record);
	if (!emit_finish(&emitter, false))
		return;
	object->record_len = (uint32_t)(compilation->records.len - object->record_at);
	object->record_checksum = checksum(compilation->records.data + object->record_at, object->record_len);
}

const char *compile_id_name(enum contract_kind kind)
{
	const struct field *field = contract_kinds[kind].fields;

	while (field->slot.offset != contract_kinds[kind].id_offset)
		field++;
	return field->name;
}

static void add_spec(struct reading *reading, enum contract_kind kind, const struct value *document,
                     const struct value *spec)
{
	const struct kind_row *row = &contract_kinds[kind];
	struct compilation *compilation = reading->compilation;
	struct rule_scope scope = { reading->path, spec, compilation->findings };
	size_t findings_before = compilation->findings->count;
	void *record = arena_alloc(compilation->scratch, row->record_size);
	size_t before = count_findings(compilation->findings);
	struct compiled_object *object;
	const struct value *place;
	const char *id;

	(void)decode(compilation->scratch, reading->path, "spec", spec, row->fields, DECODE_STRICT, record,
	             compilation->findings);
	variants_check(&scope, compilation->scratch, row->fields);
	row->check(compilation->scratch, reading->path, spec, record, compilation->findings);
	literals_check(&scope, findings_before);
	id = *(const char *const *)(const void *)((const char *)record + row->id_offset);
	if (id == NULL) {
		compilation->unnamed[kind] = true;
		return;
	}
	place = rule_place(spec, compile_id_name(kind));
	object = add_object(compilation);
	object->kind = kind;
	object->id = arena_copy(compilation->arena, id);
	object->file = reading->file;
	object->line = document->line;
	object->id_line = place->line;
	object->id_column = place->column;
	relations_note(compilation, spec, record);
	/* a broken object is only kept so that others may refer to it */
	if (count_findings(compilation->findings) == before)
		write_record(compilation, object, record);
}

static void add_document(struct reading *reading, const struct value *document)
{
	struct compilation *compilation = reading->compilation;
	struct envelope envelope = { 0 };
	const struct value *place = value_member(document, "kind");
	enum contract_kind kind;

	if (!decode(compilation->scratch, reading->path, "", document, envelope_fields, DECODE_STRICT, &envelope,
	            compilation->findings))
		compilation->incomplete = true;
	if (envelope.api_version != NULL && !text_equal(envelope.api_version, "fractalops/v1")) {
		const struct value *version = value_member(document, "apiVersion");

		compilation->incomplete = true;
		findings_add(compilation->findings, reading->path, version->line, version->column, "apiVersion",
		             "write fractalops/v1", "apiVersion \"%.64s\" is not known", envelope.api_version);
		return;
	}
	if (envelope.kind == NULL || place == NULL)
		return;
	if (!contract_kind_of(envelope.kind, &kind)) {
		refuse_kind(reading, place, envelope.kind);
		return;
	}
	if (envelope.spec == NULL)
		return;
	if (envelope.spec->kind != VALUE_OBJECT) {
		compilation->incomplete = true;
		findings_add(compilation->findings, reading->path, envelope.spec->line, envelope.spec->column, "spec",
		             NULL, "expected an object, found %s", value_kind_name(envelope.spec->kind));
		return;
	}
	add_spec(reading, kind, document, envelope.spec);
}

static bool visit(void *user, struct value *document, struct error *err)
{
	struct reading *reading = user;
	struct findings *findings = reading->compilation->findings;
	size_t before = count_findings(findings);

	(void)err;
	/* an empty document between two separators says nothing */
	reading->compilation->documents += document->kind != VALUE_NULL ? 1 : 0;
	if (document->kind == VALUE_OBJECT)
		add_document(reading, document);
	else if (document->kind != VALUE_NULL)
		findings_add(findings, reading->path, document->line, document->column, NULL,
		             "write an object with apiVersion, kind and spec", "expected an object, found %s",
		             value_kind_name(document->kind));
	reading->visited_findings += count_findings(findings) - before;
	return true;
}

static void copy_findings(struct findings *to, const struct error *err, const char *path)
{
	if (err->finding_count == 0)
		findings_add(to, path, 0, 0, NULL, NULL, "%s", err->message);
	for (size_t i = 0; i < err->finding_count; i++) {
		const struct finding *from = &err->findings[i];

		findings_add(to, path, (uint32_t)from->line, (uint32_t)from->column, arena_copy(to->arena, from->path),
		             arena_copy(to->arena, from->fix), "%s", from->message);
	}
}

static bool add_json(struct reading *reading, struct str data, struct error *err)
{
	struct compilation *compilation = reading->compilation;
	struct value document;
	struct error broken = { 0 };
	bool parsed;

	parsed = json_parse(compilation->scratch, reading->path, data.data, data.len, &document_default_limits,
	                    &document, &broken);
	if (!parsed) {
		copy_findings(compilation->findings, &broken, reading->path);
		compilation->incomplete = true;
		return true;
	}
	if (document.kind != VALUE_ARRAY)
		return visit(reading, &document, err);
	for (size_t i = 0; i < document.list.count; i++) {
		struct arena_mark mark = arena_mark(compilation->scratch);

		if (!visit(reading, &document.list.items[i], err))
			return false;
		arena_rewind(compilation->scratch, mark);
	}
	return true;
}

static bool compile_file(struct compilation *compilation, size_t index, struct error *err)
{
	const struct source_file *file = &compilation->files->items[index];
	struct reading reading = { .compilation = compilation, .path = file->path, .file = (uint32_t)index };
	size_t before = count_findings(compilation->findings);
	struct str data;

	if (!source_read(compilation->scratch, file, &data, err))
		return false;
	compilation->digests[index] = digest_of(data.data, data.len);
	if (text_ends(file->path, ".json"))
		return add_json(&reading, data, err);
	if (!yaml_parse(compilation->scratch, file->path, data.data, data.len, &document_default_limits,
	                compilation->findings, visit, &reading, err))
		return false;
	if (count_findings(compilation->findings) - before > reading.visited_findings)
		compilation->incomplete = true;
	return true;
}

bool compile_documents(struct compilation *compilation, struct error *err)
{
	for (size_t i = 0; i < compilation->files->count; i++) {
		struct arena_mark mark = arena_mark(compilation->scratch);

		if (compilation->files->items[i].kind != SOURCE_REVISION && !compile_file(compilation, i, err))
			return false;
		arena_rewind(compilation->scratch, mark);
		if (compilation->records.overflow) {
			fail(err, ERROR_CONTRACT_UNREADABLE, "the topology is too large");
			error_cause(err, "its objects take more than 1 GiB");
			return false;
		}
	}
	return true;
}
