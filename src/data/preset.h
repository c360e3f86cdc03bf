/* The text form of a preset as the value that a document would hold. */
#ifndef FOPS_DATA_PRESET_H
#define FOPS_DATA_PRESET_H

#include "fops/data/document.h"
#include "fops/data/slot.h"

/* Borrows text; a list's items live in arena. */
struct value preset_value(struct arena *arena, enum slot_kind kind, const char *text);

#endif
