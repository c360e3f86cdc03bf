/* Puts the envelope of a document around the schema of its table. */
#include "fops/contract/schema.h"

#include "check.h"
#include "fops/data/schema.h"

static void emit_constant(struct emitter *emitter, const char *name, const char *value)
{
	emit_key(emitter, name);
	emit_object(emitter);
	emit_key(emitter, "const");
	emit_text(emitter, value);
	emit_object_end(emitter);
}

static void emit_required(struct emitter *emitter)
{
	static const char *const names[] = { "apiVersion", "kind", "spec" };

	emit_key(emitter, "required");
	emit_array(emitter);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		emit_text(emitter, names[i]);
	emit_array_end(emitter);
	emit_key(emitter, "additionalProperties");
	emit_bool(emitter, false);
}

void contract_schema_emit(struct emitter *emitter, enum contract_kind kind)
{
	const struct kind_row *row = &contract_kinds[kind];

	emit_object(emitter);
	emit_key(emitter, "$schema");
	emit_text(emitter, SCHEMA_DIALECT);
	emit_key(emitter, "title");
	emit_text(emitter, row->name);
	emit_key(emitter, "description");
	emit_text(emitter, row->text);
	emit_key(emitter, "type");
	emit_text(emitter, "object");
	emit_key(emitter, "properties");
	emit_object(emitter);
	emit_constant(emitter, "apiVersion", "fractalops/v1");
	emit_constant(emitter, "kind", row->name);
	emit_key(emitter, "spec");
	schema_object(emitter, row->fields, row->text);
	emit_object_end(emitter);
	emit_required(emitter);
	emit_object_end(emitter);
}

bool contract_reference(struct buffer *out)
{
	buffer_text(out, "# The contracts\n\nRendered from the tables of the program; do not edit by hand. Every "
	                 "document starts with "
	                 "`apiVersion: fractalops/v1` and `kind:`; the fields below stand under `spec:`.\n");
	for (size_t i = 0; i < CONTRACT_KIND_COUNT; i++) {
		buffer_format(out, "\n## %s\n\n%s.\n\n", contract_kinds[i].name, contract_kinds[i].text);
		if (!schema_reference(out, contract_kinds[i].fields))
			return false;
	}
	health_reference(out);
	return !out->overflow;
}
