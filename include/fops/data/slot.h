/* A slot is a kind and an offset: the link between a table row and a struct member. */
#ifndef FOPS_DATA_SLOT_H
#define FOPS_DATA_SLOT_H

#include "fops/base/clock.h"
#include "fops/base/compiler.h"
#include "fops/base/text.h"

struct value;

/* A whole number that may be absent. */
struct optional_int {
	int64_t value;
	bool present;
};

/* A boolean that may be absent. */
struct optional_bool {
	bool value;
	bool present;
};

/* A list of structs in an arena; the element's size and table stand in the row that owns the slot. */
struct record_list {
	void *items;
	size_t count;
};

enum slot_kind {
	SLOT_BOOL,
	SLOT_INT,
	SLOT_COUNT,
	SLOT_TEXT, /* NULL is absent */
	SLOT_INSTANT,
	SLOT_DURATION,
	SLOT_OPTIONAL_INT,
	SLOT_OPTIONAL_BOOL,
	SLOT_TEXT_LIST,
	SLOT_TEXT_MAP,
	SLOT_VALUE,   /* any document value, NULL is absent */
	SLOT_RECORD,  /* an embedded struct, described by a table of its own */
	SLOT_RECORDS, /* a struct record_list of such structs */
};

struct slot {
	enum slot_kind kind;
	size_t offset;
};

/* The kind follows from the member's C type; a type without a kind does not compile. */
#define SLOT(type, member)                                                                                               \
	{                                                                                                                \
		_Generic(((type *)0)->member, bool                                                                     \
			 : SLOT_BOOL, int64_t                                                                          \
			 : SLOT_INT, uint64_t                                                                          \
			 : SLOT_COUNT, const char *                                                                    \
			 : SLOT_TEXT, struct instant                                                                   \
			 : SLOT_INSTANT, struct duration                                                               \
			 : SLOT_DURATION, struct optional_int                                                          \
			 : SLOT_OPTIONAL_INT, struct optional_bool                                                     \
			 : SLOT_OPTIONAL_BOOL, struct text_list                                                        \
			 : SLOT_TEXT_LIST, struct text_map                                                             \
			 : SLOT_TEXT_MAP, const struct value *                                                         \
			 : SLOT_VALUE, struct record_list                                                              \
			 : SLOT_RECORDS),                                                                              \
			offsetof(type, member) \
	}

/* An embedded struct; the row names its table. */
#define SLOT_EMBEDDED(type, member)                                                                                    \
	{                                                                                                              \
		SLOT_RECORD, offsetof(type, member)                                                                    \
	}

/* The member itself. */
#define SLOT_AT(type, record, slot)  ((type *)(void *)((char *)(record) + (slot).offset))
#define SLOT_GET(type, record, slot) ((type const *)(const void *)((const char *)(record) + (slot).offset))

#endif
