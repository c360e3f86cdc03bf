/* Escapes text for mdoc(7), so that no word of a table can become a macro. */
#include "manual_text.h"

#include "fops/base/text.h"
#include "help_text.h"

/* The code point at text and its bytes; text is UTF-8 of our own tables. */
static unsigned decode(const char *text, size_t len, size_t *ret_bytes)
{
	unsigned char first = (unsigned char)text[0];
	size_t bytes = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
	unsigned point = first & (0xFFu >> (bytes + 1));

	if (bytes > len)
		bytes = len;
	for (size_t i = 1; i < bytes; i++)
		point = point << 6 | ((unsigned char)text[i] & 0x3Fu);
	*ret_bytes = bytes;
	return point;
}

void manual_escape(struct buffer *out, const char *text, size_t len)
{
	size_t bytes;

	for (size_t i = 0; i < len; i += bytes) {
		bytes = 1;
		if (text[i] == '\\')
			buffer_text(out, "\\e");
		else if (text[i] == '-')
			buffer_text(out, "\\-");
		else if (text[i] == '"')
			buffer_text(out, "\\(dq");
		else if (text[i] == '\'')
			buffer_text(out, "\\(aq");
		else if (text[i] == '`')
			buffer_text(out, "\\(ga");
		else if (text[i] == '^')
			buffer_text(out, "\\(ha");
		else if (text[i] == '~')
			buffer_text(out, "\\(ti");
		else if ((unsigned char)text[i] >= 0x80)
			buffer_format(out, "\\[u%04X]", decode(text + i, len - i, &bytes));
		else
			buffer_byte(out, text[i]);
	}
}

void manual_argument(struct buffer *out, const char *text)
{
	bool quoted = strpbrk(text, " \t") != NULL;

	if (quoted)
		buffer_byte(out, '"');
	/* names of macros and single signs of punctuation have at most three characters */
	if (!quoted && strlen(text) <= 3)
		buffer_text(out, "\\&");
	manual_escape(out, text, strlen(text));
	if (quoted)
		buffer_byte(out, '"');
}

void manual_line(struct buffer *out, const char *text, size_t len)
{
	if (len > 0 && (text[0] == '.' || text[0] == '\''))
		buffer_text(out, "\\&");
	manual_escape(out, text, len);
	buffer_byte(out, '\n');
}

void manual_sentence(struct buffer *out, const char *text)
{
	size_t len = strlen(text);

	if (len == 0)
		return;
	if (text[0] == '.' || text[0] == '\'')
		buffer_text(out, "\\&");
	manual_escape(out, text, len);
	buffer_text(out, strchr(".!?:", text[len - 1]) == NULL ? ".\n" : "\n");
}

/* The bytes of the first sentence: up to a full stop with a blank and an upper-case letter behind it. */
static size_t sentence_len(const char *text, size_t len)
{
	for (size_t i = 0; i + 2 < len; i++) {
		if (strchr(".?!", text[i]) != NULL && (text[i + 1] == ' ' || text[i + 1] == '\n') &&
		    isupper((unsigned char)text[i + 2]))
			return i + 1;
	}
	return len;
}

static void put_paragraph(struct buffer *out, const char *text, size_t len)
{
	while (len > 0) {
		size_t sentence = sentence_len(text, len);
		size_t at = 0;

		while (at < sentence) {
			size_t line = 0;

			while (at + line < sentence && text[at + line] != '\n')
				line++;
			if (line > 0)
				manual_line(out, text + at, line);
			at += line + (at + line < sentence ? 1 : 0);
		}
		text += sentence;
		len -= sentence;
		while (len > 0 && (*text == ' ' || *text == '\n')) {
			text++;
			len--;
		}
	}
}

void manual_paragraphs(struct buffer *out, const char *text)
{
	struct help_piece piece;
	bool display = false;
	bool first = true;

	while (help_next_piece(&text, &piece)) {
		if (display && (!piece.kept || piece.gap)) {
			buffer_text(out, ".Ed\n");
			display = false;
		}
		if (piece.kept && !display) {
			buffer_text(out, ".Bd -literal\n");
			display = true;
		} else if (!piece.kept && piece.gap && !first) {
			buffer_text(out, ".Pp\n");
		}
		first = false;
		if (piece.kept)
			manual_line(out, piece.text, piece.len);
		else
			put_paragraph(out, piece.text, piece.len);
	}
	if (display)
		buffer_text(out, ".Ed\n");
}

/* "2026-11-21" as mdoc wants it; another form is passed on as it is. */
static void put_date(struct buffer *out, const char *date)
{
	static const char *const months[] = { "January", "February", "March",     "April",   "May",      "June",
		                              "July",    "August",   "September", "October", "November", "December" };
	struct text_piece {
		char year[5], month[3], day[3];
	} part = { { 0 }, { 0 }, { 0 } };
	uint64_t month, day;

	if (strlen(date) == 10 && date[4] == '-' && date[7] == '-') {
		memcpy(part.year, date, 4);
		memcpy(part.month, date + 5, 2);
		memcpy(part.day, date + 8, 2);
		if (parse_count(part.month, &month) && month >= 1 && month <= 12 && parse_count(part.day, &day)) {
			buffer_format(out, ".Dd %s %llu, %s\n", months[month - 1], (unsigned long long)day, part.year);
			return;
		}
	}
	buffer_format(out, ".Dd %s\n", date);
}

void manual_head(struct buffer *out, const char *name, int section, const char *date, const char *summary)
{
	put_date(out, date);
	buffer_text(out, ".Dt ");
	for (const char *at = name; *at != '\0'; at++)
		buffer_byte(out, (char)toupper((unsigned char)*at));
	buffer_format(out, " %d\n.Os fops\n.Sh NAME\n.Nm ", section);
	manual_argument(out, name);
	buffer_text(out, "\n.Nd ");
	/* by custom the purpose starts with a small letter */
	if (isupper((unsigned char)summary[0]) && !isupper((unsigned char)summary[1])) {
		buffer_byte(out, (char)tolower((unsigned char)summary[0]));
		summary++;
	}
	manual_escape(out, summary, strlen(summary));
	buffer_byte(out, '\n');
}
