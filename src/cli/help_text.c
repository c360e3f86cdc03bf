/* Wraps words, aligns flags, and spells a flag's argument, default and choices in the one way that all pages use. */
#include "help_text.h"

#include "fops/base/arena.h"
#include "fops/base/terminal.h"
#include "fops/cli/option.h"

#define WIDEST_TERM     27
#define LONGEST_CHOICES 28

/* Where the next word goes. */
struct wrapping {
	struct buffer *out;
	size_t at;
	size_t indent;
	size_t room;
	bool fresh;       /* nothing stands on this line behind the indent */
	bool whole_words; /* a command line: words are never broken, flags keep their values */
	const char *line_end;
};

static void put_blanks(struct buffer *out, size_t count)
{
	while (count-- > 0)
		buffer_byte(out, ' ');
}

static void next_line(struct wrapping *wrapping)
{
	buffer_text(wrapping->out, wrapping->line_end);
	put_blanks(wrapping->out, wrapping->indent);
	wrapping->at = wrapping->indent;
	wrapping->fresh = true;
}

/* The head of a word that fits into columns, cut behind a sign that divides parts when there is one. */
static size_t cut_word(const char *word, size_t len, size_t columns)
{
	size_t fit = text_fit(word, len, columns);

	for (size_t i = fit; i > columns / 2; i--) {
		if (strchr("|,/", word[i - 1]) != NULL)
			return i;
	}
	return fit;
}

static void put_word(struct wrapping *wrapping, const char *word, size_t len)
{
	size_t columns = text_columns(word, len);

	if (!wrapping->fresh && wrapping->at + 1 + columns > wrapping->room)
		next_line(wrapping);
	if (!wrapping->fresh) {
		buffer_byte(wrapping->out, ' ');
		wrapping->at++;
	}
	while (!wrapping->whole_words && columns > wrapping->room - wrapping->at) {
		size_t cut = cut_word(word, len, wrapping->room - wrapping->at);

		if (cut == 0)
			break;
		buffer_append(wrapping->out, word, cut);
		next_line(wrapping);
		word += cut;
		len -= cut;
		columns = text_columns(word, len);
	}
	buffer_append(wrapping->out, word, len);
	wrapping->at += columns;
	wrapping->fresh = false;
}

/* The length of the word at text; quoted: blanks inside quotes belong to it. */
static size_t word_len(const char *text, size_t most, bool quoted)
{
	size_t len = 0;
	char quote = '\0';

	for (; len < most && (quote != '\0' || (text[len] != ' ' && text[len] != '\n')); len++) {
		if (!quoted || (text[len] != '\'' && text[len] != '"'))
			continue;
		if (quote == '\0')
			quote = text[len];
		else if (quote == text[len])
			quote = '\0';
	}
	return len;
}

/* A flag and its value stay together where a line can hold both. */
static size_t flag_len(const struct wrapping *wrapping, const char *text, size_t most)
{
	size_t len = word_len(text, most, true);
	size_t with_value;

	if (text[0] != '-' || len + 1 >= most || text[len + 1] == '-' || text[len + 1] == ' ')
		return len;
	with_value = len + 1 + word_len(text + len + 1, most - len - 1, true);
	return text_columns(text, with_value) <= wrapping->room - wrapping->indent ? with_value : len;
}

static void put_words(struct wrapping *wrapping, const char *text, size_t len)
{
	while (len > 0) {
		size_t word;

		if (*text == ' ' || *text == '\n') {
			text++;
			len--;
			continue;
		}
		word = wrapping->whole_words ? flag_len(wrapping, text, len) : word_len(text, len, false);
		put_word(wrapping, text, word);
		text += word;
		len -= word;
	}
	buffer_byte(wrapping->out, '\n');
}

void help_wrap(struct buffer *out, const char *text, size_t at, size_t indent)
{
	struct wrapping wrapping = { out, at, indent, HELP_COLUMNS, true, false, "\n" };

	put_words(&wrapping, text, strlen(text));
}

void help_wrap_command(struct buffer *out, const char *line, size_t at, size_t indent)
{
	struct wrapping wrapping = { out, at, indent, HELP_COLUMNS - 2, true, true, " \\\n" };

	if (at + text_columns(line, strlen(line)) <= HELP_COLUMNS)
		wrapping.room = HELP_COLUMNS;
	put_words(&wrapping, line, strlen(line));
}

bool help_next_piece(const char **text, struct help_piece *ret_piece)
{
	const char *at = *text;
	struct help_piece piece = { 0 };

	while (*at == '\n') {
		piece.gap = true;
		at++;
	}
	if (*at == '\0')
		return false;
	piece.text = at;
	piece.kept = *at == ' ';
	do {
		at += strcspn(at, "\n");
		piece.len = (size_t)(at - piece.text);
		at += *at == '\n' ? 1 : 0;
	} while (!piece.kept && *at != '\0' && *at != '\n' && *at != ' ');
	*text = at;
	*ret_piece = piece;
	return true;
}

void help_paragraphs(struct buffer *out, const char *text)
{
	struct wrapping wrapping = { out, 0, 0, HELP_COLUMNS, true, false, "\n" };
	struct help_piece piece;
	bool first = true;

	while (help_next_piece(&text, &piece)) {
		if (piece.gap && !first)
			buffer_byte(out, '\n');
		first = false;
		if (piece.kept) {
			buffer_append(out, piece.text, piece.len);
			buffer_byte(out, '\n');
			continue;
		}
		wrapping.at = 0;
		wrapping.fresh = true;
		put_words(&wrapping, piece.text, piece.len);
	}
}

void help_row(struct buffer *out, const char *term, size_t column, const char *text)
{
	size_t width = 2 + text_columns(term, strlen(term));

	buffer_format(out, "  %s", term);
	if (width + 2 > column) {
		buffer_byte(out, '\n');
		width = 0;
	}
	put_blanks(out, column - width);
	help_wrap(out, text, column, column);
}

/* "-o, --output FORMAT", with room for the letter where there is none. */
static const char *flag_term(struct arena *arena, const struct command_option *option)
{
	const char *spelling = help_flag_spelling(arena, option);

	if (option->letter == 0)
		return arena_format(arena, "    %s", spelling);
	return arena_format(arena, "-%c, %s", option->letter, spelling);
}

void help_flag_rows(struct arena *arena, struct buffer *out, const struct command_option *const *flags)
{
	size_t widest = 0;

	for (size_t i = 0; flags[i] != NULL; i++) {
		size_t width = strlen(flag_term(arena, flags[i]));

		if (width > widest && width <= WIDEST_TERM)
			widest = width;
	}
	for (size_t i = 0; flags[i] != NULL; i++)
		help_row(out, flag_term(arena, flags[i]), widest + 4, help_flag_text(arena, flags[i], true));
}

const struct command_option *const *help_visible_flags(struct arena *arena, const struct command_option *options)
{
	const struct command_option **flags;
	size_t count = 0;
	size_t rows = 0;

	while (options != NULL && options[rows].name != NULL)
		rows++;
	flags = arena_array(arena, rows + 1, sizeof *flags);
	for (size_t i = 0; i < rows; i++) {
		if ((options[i].flags & OPTION_HIDDEN) == 0)
			flags[count++] = &options[i];
	}
	return count == 0 ? NULL : flags;
}

/* The choices without the empty one, which stands for a flag without its optional value. */
static const char *named_choices(const struct command_option *option)
{
	return option->choices == NULL ? NULL : option->choices + strspn(option->choices, "|");
}

const char *help_flag_argument(const struct command_option *option)
{
	const char *choices = named_choices(option);

	if (option->argument == NULL)
		return NULL;
	return choices == NULL || strlen(choices) > LONGEST_CHOICES ? option->argument : choices;
}

const char *help_flag_spelling(struct arena *arena, const struct command_option *option)
{
	struct command_option shown = *option;

	shown.argument = help_flag_argument(option);
	return option_spelling(arena, &shown);
}

const char *help_flag_text(struct arena *arena, const struct command_option *option, bool with_default)
{
	const char *text = option->text;

	if (option_is_on_by_default(option))
		text = arena_format(arena, "do not %s", text);
	if (option->choices != NULL && strlen(named_choices(option)) > LONGEST_CHOICES)
		text = arena_format(arena, "%s; one of %s", text, named_choices(option));
	if (with_default && option->preset != NULL && option->slot.kind != SLOT_BOOL)
		text = arena_format(arena, "%s (default %s)", text, option->preset);
	return text;
}

const char *help_as_called(struct arena *arena, const char *line, const char *program)
{
	static const char usual[] = "fops ";

	if (!text_starts(line, usual))
		return line;
	return arena_format(arena, "%s %s", program, line + strlen(usual));
}
