/* A help topic as a manual page of section 7. */
#include "fops/base/arena.h"
#include "fops/cli/help.h"
#include "manual_text.h"

#define TOPIC_LIMIT_BYTES ((size_t)1 << 20)

void manual_render_topic(struct arena *arena, struct buffer *out, const struct help_topic *topic, const char *date)
{
	struct buffer text = BUFFER(TOPIC_LIMIT_BYTES);

	manual_head(out, manual_name(arena, topic->name), 7, date, topic->summary);
	buffer_text(out, ".Sh DESCRIPTION\n");
	if (topic->render != NULL)
		topic->render(arena, &text);
	else
		buffer_text(&text, topic->text);
	manual_paragraphs(out, buffer_string(&text));
	buffer_done(&text);
	buffer_text(out, ".Sh SEE ALSO\n.Xr fops 1\n");
}
