/* Reads the reports of INNER_SCRIPT: " started", " folder", " exec 127"; whatever else names its mark comes from the
 * shell. */
#include "script_notes.h"

#include "fops/base/arena.h"

static void take_note(void *user, size_t prefix, const char *text, size_t len)
{
	struct script_notes *notes = user;
	const char *word = arena_text(notes->session->context->arena, text, len);

	(void)prefix;
	notes->folder_missing = notes->folder_missing || text_starts(word, " folder");
	notes->began = notes->began || notes->folder_missing || text_starts(word, " started");
	notes->program_missing = notes->program_missing || text_starts(word, " exec ");
}

static void take_text(void *user, int stream, const char *data, size_t len)
{
	struct script_notes *notes = user;

	notes->session->on_output(notes->session, stream, data, len);
}

void script_notes_start(struct script_notes *notes, struct session *session)
{
	const char *mark = note_mark(session->context->arena);

	*notes = (struct script_notes){
		.session = session,
		.mark = mark,
		.filter = {
			.prefixes = { mark, NULL },
			.active = { true, false },
			.on_note = take_note,
			.on_text = take_text,
			.user = notes,
		},
	};
}

void script_notes_feed(struct script_notes *notes, int stream, const char *data, size_t len)
{
	note_filter_feed(&notes->filter, stream, data, len);
}

void script_notes_finish(struct script_notes *notes, int stream)
{
	note_filter_finish(&notes->filter, stream);
}
