/* What the script around a command reports, taken out of the stream that carries it. */
#ifndef FOPS_ASSET_SCRIPT_NOTES_H
#define FOPS_ASSET_SCRIPT_NOTES_H

#include "fops/asset/driver.h"
#include "note_filter.h"

struct script_notes {
	struct session *session; /* gets what is left of the stream */
	const char *mark;        /* $0 of the script */
	bool began;              /* the script ran */
	bool folder_missing;
	bool program_missing;
	struct note_filter filter;
};

/* A fresh mark, and nothing reported yet. */
void script_notes_start(struct script_notes *notes, struct session *session);

/* Bytes of the stream that carries the reports; all others go to the session at once. */
void script_notes_feed(struct script_notes *notes, int stream, const char *data, size_t len);

/* The stream ended. */
void script_notes_finish(struct script_notes *notes, int stream);

#endif
