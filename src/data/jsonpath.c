/* Compiles jsonpath templates and names what it does not support. */
#include "fops/data/jsonpath.h"

#include "character.h"
#include "fops/base/arena.h"
#include "fops/base/buffer.h"
#include "fops/base/text.h"
#include "jsonpath_node.h"

#define LONGEST_EXPRESSION ((size_t)4096)
#define DEEPEST_RANGE      4
#define LONGEST_NUMBER     10

struct compiler {
	struct arena *arena;
	const char *expression;
	const char *at;
	struct step *steps; /* as many as the expression has characters */
	size_t step_count;
	size_t depth; /* of ranges */
	struct error *err;
};

static size_t column_at(const struct compiler *compiler, const char *at)
{
	return character_count(compiler->expression, (size_t)(at - compiler->expression)) + 1;
}

static bool refuse(struct compiler *compiler, const char *at, const char *problem)
{
	(void)fail(compiler->err, ERROR_USAGE_EXPRESSION, "jsonpath, column %zu: %s", column_at(compiler, at), problem);
	error_cause(compiler->err, "the expression is %.*s", character_fit(compiler->expression, 200),
	            compiler->expression);
	return false;
}

/* Behind the part that was refused stands what was written. */
static bool refuse_part(struct compiler *compiler, const char *at, const char *part)
{
	char problem[128];

	(void)snprintf(problem, sizeof problem, "%s are not supported", part);
	return refuse(compiler, at, problem);
}

static void skip_blanks(struct compiler *compiler)
{
	while (*compiler->at == ' ')
		compiler->at++;
}

static struct step *add_step(struct compiler *compiler, enum step_kind kind, const char *at)
{
	struct step *step = &compiler->steps[compiler->step_count++];

	*step = (struct step){ .kind = kind, .column = column_at(compiler, at), .end = INT64_MAX };
	return step;
}

/* ['a'] or ["a"]; the bracket's inside. */
static bool compile_quoted_name(struct compiler *compiler)
{
	char quote = *compiler->at;
	const char *start = compiler->at;
	const char *end = strchr(start + 1, quote);

	if (end == NULL)
		return refuse(compiler, start, "the quotation mark is not closed");
	if (memchr(start, '\\', (size_t)(end - start)) != NULL)
		return refuse_part(compiler, start, "escapes in names");
	add_step(compiler, STEP_NAME, start)->name = arena_text(compiler->arena, start + 1, (size_t)(end - start - 1));
	compiler->at = end + 1;
	return true;
}

static bool compile_number(struct compiler *compiler, int64_t *ret_number)
{
	size_t sign = *compiler->at == '-' ? 1 : 0;
	size_t len = sign + strspn(compiler->at + sign, "0123456789");
	char digits[LONGEST_NUMBER + 2];

	if (len == sign)
		return refuse(compiler, compiler->at, "expected a number, a quoted name or *");
	if (len - sign > LONGEST_NUMBER)
		return refuse(compiler, compiler->at, "the number is too large");
	memcpy(digits, compiler->at, len);
	digits[len] = '\0';
	if (!parse_int(digits, ret_number))
		return refuse(compiler, compiler->at, "the number is too large");
	compiler->at += len;
	return true;
}

/* [1], [-1], [1:3], [:3], [1:] */
static bool compile_index(struct compiler *compiler)
{
	struct step *step = add_step(compiler, STEP_INDEX, compiler->at);

	if (*compiler->at != ':' && !compile_number(compiler, &step->first))
		return false;
	if (*compiler->at != ':')
		return true;
	step->kind = STEP_SLICE;
	compiler->at++;
	if (*compiler->at == ':')
		return refuse_part(compiler, compiler->at, "steps of slices");
	if (*compiler->at != ']' && !compile_number(compiler, &step->end))
		return false;
	return *compiler->at != ':' || refuse_part(compiler, compiler->at, "steps of slices");
}

static bool compile_bracket(struct compiler *compiler)
{
	const char *start = compiler->at++;
	bool good = true;

	if (*compiler->at == '?')
		return refuse_part(compiler, compiler->at, "filters ?()");
	if (*compiler->at == '(')
		return refuse_part(compiler, compiler->at, "scripts ()");
	if (*compiler->at == '*') {
		(void)add_step(compiler, STEP_ALL, compiler->at);
		compiler->at++;
	} else if (*compiler->at == '\'' || *compiler->at == '"') {
		good = compile_quoted_name(compiler);
	} else {
		good = compile_index(compiler);
	}
	if (!good)
		return false;
	if (*compiler->at == ',')
		return refuse_part(compiler, compiler->at, "unions [a,b]");
	if (*compiler->at != ']')
		return refuse(compiler, *compiler->at == '\0' ? start : compiler->at,
		              *compiler->at == '\0' ? "the bracket is not closed" : "expected ]");
	compiler->at++;
	return true;
}

static bool compile_name(struct compiler *compiler)
{
	size_t len;

	if (*compiler->at == '.')
		return refuse_part(compiler, compiler->at - 1, "recursive descents (..)");
	if (*compiler->at == '*') {
		(void)add_step(compiler, STEP_ALL, compiler->at);
		compiler->at++;
		return true;
	}
	len = strcspn(compiler->at, ".[]{}() \t\n,;:'\"\\|&=<>!?*@$+%^`~#");
	if (len == 0)
		return refuse(compiler, compiler->at, "expected a name behind the point");
	if (compiler->at[len] == '(')
		return refuse_part(compiler, compiler->at, "functions");
	if (compiler->at[len] == '\\')
		return refuse(compiler, compiler->at + len,
		              "escapes in names are not supported; write ['the.name'] instead");
	add_step(compiler, STEP_NAME, compiler->at)->name = arena_text(compiler->arena, compiler->at, len);
	compiler->at += len;
	return true;
}

/* The steps of one path, up to what cannot continue it. */
static bool compile_path(struct compiler *compiler, struct node *node)
{
	compiler->step_count = 0;
	if (*compiler->at == '$' || *compiler->at == '@') {
		node->from_root = *compiler->at == '$';
		compiler->at++;
	} else if (*compiler->at == '?') {
		return refuse_part(compiler, compiler->at, "filters ?()");
	} else if (*compiler->at == '(') {
		return refuse_part(compiler, compiler->at, "scripts ()");
	} else if (*compiler->at != '.' && *compiler->at != '[') {
		size_t word = strcspn(compiler->at, "({}[]. \"'");

		if (word > 0 && compiler->at[word] == '(')
			return refuse_part(compiler, compiler->at, "functions");
		return refuse(compiler, compiler->at, "expected a path that starts with ., [, $ or @");
	}
	if (*compiler->at == '.' && (compiler->at[1] == '\0' || compiler->at[1] == '}' || compiler->at[1] == ' '))
		compiler->at++; /* a lone point is the value itself */
	while (*compiler->at == '.' || *compiler->at == '[') {
		bool good;

		if (*compiler->at == '[') {
			good = compile_bracket(compiler);
		} else {
			compiler->at++;
			/* kubectl reads .['a'] like ['a'] */
			good = *compiler->at == '[' ? compile_bracket(compiler) : compile_name(compiler);
		}
		if (!good)
			return false;
	}
	node->step_count = compiler->step_count;
	node->steps = arena_array(compiler->arena, compiler->step_count, sizeof *node->steps);
	if (node->step_count > 0)
		memcpy(node->steps, compiler->steps, node->step_count * sizeof *node->steps);
	return true;
}

/* {"text"} with its few escapes. */
static bool compile_quoted_text(struct compiler *compiler, struct node *node)
{
	static const char escapes[] = "n\nt\t\\\\\"\"";
	const char *start = compiler->at++;
	char *text = arena_alloc(compiler->arena, strlen(start));
	size_t len = 0;

	for (; *compiler->at != '"'; compiler->at++) {
		char byte = *compiler->at;

		if (byte == '\0')
			return refuse(compiler, start, "the quotation mark is not closed");
		if (byte == '\\') {
			size_t i = 0;

			byte = *++compiler->at;
			while (escapes[i] != '\0' && escapes[i] != byte)
				i += 2;
			if (byte == '\0' || escapes[i] == '\0')
				return refuse(compiler, compiler->at - 1,
				              "an unknown escape; \\n, \\t, \\\\ and \\\" are supported");
			byte = escapes[i + 1];
		}
		text[len++] = byte;
	}
	compiler->at++;
	node->kind = NODE_TEXT;
	node->text = text;
	node->len = len;
	return true;
}

static bool close_brace(struct compiler *compiler)
{
	skip_blanks(compiler);
	if (*compiler->at == '\0')
		return refuse(compiler, compiler->at, "the brace is not closed");
	if (*compiler->at == '|' || *compiler->at == '&' || *compiler->at == '=' || *compiler->at == '<' ||
	    *compiler->at == '>' || *compiler->at == '!' || *compiler->at == '+' || *compiler->at == '-')
		return refuse_part(compiler, compiler->at, "operators");
	if (*compiler->at == ',')
		return refuse_part(compiler, compiler->at, "unions");
	if (*compiler->at == '(')
		return refuse_part(compiler, compiler->at, "functions");
	if (*compiler->at != '}')
		return refuse(compiler, compiler->at, "expected }");
	compiler->at++;
	return true;
}

static bool is_word(const struct compiler *compiler, const char *word)
{
	size_t len = strlen(word);

	return strncmp(compiler->at, word, len) == 0 && (compiler->at[len] == ' ' || compiler->at[len] == '}');
}

static bool compile_nodes(struct compiler *compiler, struct node **ret_nodes, bool *ret_ended);

static bool compile_range(struct compiler *compiler, const char *start, struct node *node)
{
	bool ended = false;

	if (compiler->depth >= DEEPEST_RANGE)
		return refuse(compiler, start, "ranges are nested deeper than 4");
	compiler->at += strlen("range");
	skip_blanks(compiler);
	node->kind = NODE_RANGE;
	if (!compile_path(compiler, node) || !close_brace(compiler))
		return false;
	compiler->depth++;
	if (!compile_nodes(compiler, &node->body, &ended))
		return false;
	compiler->depth--;
	return ended || refuse(compiler, start, "the range has no {end}");
}

/* What stands in one pair of braces; ret_ended when it was {end}. */
static bool compile_braces(struct compiler *compiler, struct node *node, bool *ret_ended)
{
	const char *start = compiler->at++;

	skip_blanks(compiler);
	if (is_word(compiler, "end")) {
		if (compiler->depth == 0)
			return refuse(compiler, start, "{end} without a range");
		compiler->at += strlen("end");
		*ret_ended = true;
		return close_brace(compiler);
	}
	if (is_word(compiler, "range"))
		return compile_range(compiler, start, node);
	if (*compiler->at == '"')
		return compile_quoted_text(compiler, node) && close_brace(compiler);
	node->kind = NODE_PATH;
	return compile_path(compiler, node) && close_brace(compiler);
}

static bool compile_nodes(struct compiler *compiler, struct node **ret_nodes, bool *ret_ended)
{
	struct node *first = NULL;
	struct node **link = &first;

	while (*compiler->at != '\0' && !*ret_ended) {
		struct node *node = arena_alloc(compiler->arena, sizeof *node);

		if (*compiler->at == '{') {
			if (!compile_braces(compiler, node, ret_ended))
				return false;
			if (*ret_ended)
				break;
		} else {
			node->kind = NODE_TEXT;
			node->len = strcspn(compiler->at, "{}");
			node->text = arena_text(compiler->arena, compiler->at, node->len);
			compiler->at += node->len;
			if (*compiler->at == '}')
				return refuse(compiler, compiler->at, "a closing brace without an opening one");
		}
		*link = node;
		link = &node->next;
	}
	*ret_nodes = first;
	return true;
}

bool jsonpath_compile(struct arena *arena, const char *expression, struct jsonpath **ret_path, struct error *err)
{
	struct compiler compiler = { .arena = arena, .expression = expression, .at = expression, .err = err };
	size_t len = strnlen(expression, LONGEST_EXPRESSION + 1);
	struct jsonpath *path;
	bool ended = false;
	size_t bad;

	if (len > LONGEST_EXPRESSION)
		return fail(err, ERROR_USAGE_EXPRESSION, "the jsonpath expression is longer than %zu bytes",
		            LONGEST_EXPRESSION);
	if (!is_utf8(expression, len, &bad))
		return fail(err, ERROR_USAGE_EXPRESSION, "the jsonpath expression is not valid UTF-8 at byte %zu",
		            bad + 1);
	if (len == 0)
		return fail(err, ERROR_USAGE_EXPRESSION, "the jsonpath expression is empty");
	path = arena_alloc(arena, sizeof *path);
	compiler.steps = arena_array(arena, len, sizeof *compiler.steps);
	if (strpbrk(expression, "{}") == NULL) {
		path->nodes = arena_alloc(arena, sizeof *path->nodes);
		path->nodes->kind = NODE_PATH;
		if (!compile_path(&compiler, path->nodes))
			return false;
		if (*compiler.at != '\0')
			return refuse(&compiler, compiler.at, "expected the end of the path");
	} else if (!compile_nodes(&compiler, &path->nodes, &ended)) {
		return false;
	}
	*ret_path = path;
	return true;
}
