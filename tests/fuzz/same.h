/* Equality of documents, for fuzz targets that read again what they wrote. */
#ifndef FOPS_TESTS_FUZZ_SAME_H
#define FOPS_TESTS_FUZZ_SAME_H

#include "fops/data/document.h"

/* Everything equal but positions. */
static inline bool is_same(const struct value *a, const struct value *b)
{
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case VALUE_NULL:
		return true;
	case VALUE_BOOL:
		return a->boolean == b->boolean;
	case VALUE_INT:
		return a->integer == b->integer;
	case VALUE_REAL:
		return memcmp(&a->real, &b->real, sizeof a->real) == 0;
	case VALUE_TEXT:
		return a->text.len == b->text.len && memcmp(a->text.data, b->text.data, a->text.len) == 0;
	case VALUE_ARRAY:
	case VALUE_OBJECT:
		break;
	}
	if (a->list.count != b->list.count)
		return false;
	for (size_t i = 0; i < a->list.count; i++) {
		if (a->kind == VALUE_ARRAY && !is_same(&a->list.items[i], &b->list.items[i]))
			return false;
		if (a->kind == VALUE_OBJECT && (strcmp(a->list.members[i].name, b->list.members[i].name) != 0 ||
		                                !is_same(&a->list.members[i].value, &b->list.members[i].value)))
			return false;
	}
	return true;
}

#endif
