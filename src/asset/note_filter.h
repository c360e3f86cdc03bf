/* Takes the notes of our own wrappers, and the complaints of lxc-attach, out of a stream of the command. */
#ifndef FOPS_ASSET_NOTE_FILTER_H
#define FOPS_ASSET_NOTE_FILTER_H

#include "fops/base/buffer.h"

#define NOTE_MARK_LEN 17 /* RS and 16 hexadecimal digits */
#define NOTE_LONGEST  1024
#define NOTE_PREFIXES 2

/*
 * A note is whatever follows a prefix up to the end of its line. The first prefix is a random mark that starts with the
 * control character RS, so text of the command is held back for at most the bytes that look like it; the second is
 * plain text and switched on only while it can occur.
 */
struct note_filter {
	const char *prefixes[NOTE_PREFIXES]; /* NULL: none */
	bool active[NOTE_PREFIXES];
	void (*on_note)(void *user, size_t prefix, const char *text, size_t len); /* without the newline */
	void (*on_text)(void *user, int stream, const char *data, size_t len);    /* what is left */
	void *user;

	char held[256];
	size_t count;
	bool inside;
	size_t prefix;
	char note[NOTE_LONGEST];
	size_t note_len;
};

/* A fresh random mark in arena. */
struct arena;
const char *note_mark(struct arena *arena);

void note_filter_feed(struct note_filter *filter, int stream, const char *data, size_t len);

/* The stream ended: what is held goes out, an unfinished note is delivered. */
void note_filter_finish(struct note_filter *filter, int stream);

#endif
