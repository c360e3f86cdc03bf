/* The answer's JSON, member by member: whatever is not as the API says is refused and not guessed. */
#include "prometheus_answer.h"

#include <errno.h>
#include <math.h>

#include "fops/base/arena.h"
#include "fops/data/document.h"

/* A range of 11,000 points is what servers give at most for one series. */
static const struct document_limits limits = {
	.bytes = (size_t)16 * 1024 * 1024, .depth = 16, .values = 2000000, .text = (size_t)1024 * 1024, .documents = 1
};

/* Numbers come without exponent: the smallest one has 324 digits behind the point. */
#define LONGEST_NUMBER 400

struct reading {
	struct arena *arena;
	const char *endpoint;
	struct error *err;
};

static bool not_understood(const struct reading *reading, const char *what)
{
	fail(reading->err, ERROR_PLANE_PROTOCOL, "endpoint %s answered what is no result of a query",
	     reading->endpoint);
	error_cause(reading->err, "%s", what);
	error_object(reading->err, "endpoint/%s", reading->endpoint);
	return false;
}

static const char *text_of(const struct value *object, const char *name)
{
	const struct value *value = value_member(object, name);

	return value == NULL || value->kind != VALUE_TEXT ? NULL : value->text.data;
}

static const struct value *list_of(const struct value *object, const char *name)
{
	const struct value *value = value_member(object, name);

	return value == NULL || value->kind != VALUE_ARRAY ? NULL : value;
}

/* Unix seconds with a fraction. */
static bool read_time(const struct value *value, struct instant *ret_at)
{
	double seconds = value->kind == VALUE_INT    ? (double)value->integer
	                 : value->kind == VALUE_REAL ? value->real
	                                             : (double)NAN;

	/* beyond this no calendar goes */
	if (!(fabs(seconds) < 1e14))
		return false;
	*ret_at = (struct instant){ (int64_t)(seconds * 1000 + (seconds < 0 ? -0.5 : 0.5)) };
	return true;
}

/* A number as text: digits, "NaN", "+Inf", "-Inf". */
static bool read_number(const struct value *value, double *ret_number)
{
	const char *text = value->kind == VALUE_TEXT ? value->text.data : "";
	size_t len = strlen(text);
	char *end;

	if (text_in_choices("NaN|+Inf|-Inf|Inf", text)) {
		*ret_number = text[0] == 'N' ? (double)NAN : text[0] == '-' ? -(double)INFINITY : (double)INFINITY;
		return true;
	}
	/* strtod reads more than this API writes: hexadecimal digits, blanks, other names */
	if (len == 0 || len > LONGEST_NUMBER || strspn(text, "0123456789+-.eE") != len)
		return false;
	*ret_number = strtod(text, &end);
	return *end == '\0';
}

static bool read_point(const struct reading *reading, const struct value *pair, struct metric_point *ret_point)
{
	if (pair->kind == VALUE_ARRAY && pair->list.count == 2 && read_time(&pair->list.items[0], &ret_point->at) &&
	    read_number(&pair->list.items[1], &ret_point->value))
		return true;
	return not_understood(reading, "a sample is not [seconds, \"number\"]");
}

static bool read_labels(const struct reading *reading, const struct value *series, struct text_map *ret_labels)
{
	const struct value *metric = value_member(series, "metric");

	if (metric == NULL || metric->kind != VALUE_OBJECT)
		return not_understood(reading, "a series has no labels");
	*ret_labels = (struct text_map){ arena_array(reading->arena, metric->list.count, sizeof *ret_labels->items),
		                         metric->list.count };
	for (size_t i = 0; i < metric->list.count; i++) {
		const struct member *member = &metric->list.members[i];

		if (member->value.kind != VALUE_TEXT)
			return not_understood(reading, "a label is no text");
		ret_labels->items[i] = (struct text_pair){ member->name, member->value.text.data };
	}
	return true;
}

static bool is_histogram(const struct reading *reading)
{
	fail(reading->err, ERROR_DATA, "the query on endpoint %s gives native histograms", reading->endpoint);
	error_cause(reading->err, "a histogram is no single number");
	error_fix(reading->err, "Ask for a number: histogram_quantile(…), histogram_sum(…) or histogram_count(…).");
	error_object(reading->err, "endpoint/%s", reading->endpoint);
	return false;
}

/* One element of a vector or a matrix. */
static bool read_series(const struct reading *reading, const struct value *value, bool range,
                        struct metric_series *ret_series)
{
	const struct value *points = range ? list_of(value, "values") : value_member(value, "value");
	struct metric_point *read;

	if (value->kind != VALUE_OBJECT || !read_labels(reading, value, &ret_series->labels))
		return value->kind == VALUE_OBJECT ? false : not_understood(reading, "a series is no object");
	if (points == NULL)
		return value_member(value, range ? "histograms" : "histogram") != NULL
		               ? is_histogram(reading)
		               : not_understood(reading, "a series has no samples");
	ret_series->count = range ? points->list.count : 1;
	read = arena_array(reading->arena, ret_series->count, sizeof *read);
	ret_series->points = read;
	for (size_t i = 0; i < ret_series->count; i++) {
		if (!read_point(reading, range ? &points->list.items[i] : points, &read[i]))
			return false;
		if (i > 0 && read[i].at.unix_ms <= read[i - 1].at.unix_ms)
			return not_understood(reading, "the samples of a series are not in order of time");
	}
	return true;
}

static bool read_all_series(const struct reading *reading, const struct value *result, struct metric_answer *answer)
{
	bool range = text_equal(answer->type, "matrix");
	struct metric_series *series;

	if (result->kind != VALUE_ARRAY)
		return not_understood(reading, "the result is no list of series");
	series = arena_array(reading->arena, result->list.count, sizeof *series);
	for (size_t i = 0; i < result->list.count; i++) {
		if (!read_series(reading, &result->list.items[i], range, &series[i]))
			return false;
	}
	answer->series = series;
	answer->count = result->list.count;
	return true;
}

static bool read_scalar(const struct reading *reading, const struct value *result, struct metric_answer *answer)
{
	struct metric_series *series = arena_alloc(reading->arena, sizeof *series);
	struct metric_point *point = arena_alloc(reading->arena, sizeof *point);

	if (!read_point(reading, result, point))
		return false;
	*series = (struct metric_series){ .points = point, .count = 1 };
	answer->series = series;
	answer->count = 1;
	return true;
}

static bool read_string(const struct reading *reading, const struct value *result, struct metric_answer *answer)
{
	if (result->kind != VALUE_ARRAY || result->list.count != 2 || result->list.items[1].kind != VALUE_TEXT)
		return not_understood(reading, "a text is not [seconds, \"text\"]");
	answer->text = result->list.items[1].text.data;
	return true;
}

static bool read_result(const struct reading *reading, const struct value *data, struct metric_answer *answer)
{
	const struct value *result = value_member(data, "result");
	const char *type = text_of(data, "resultType");

	if (type == NULL || result == NULL)
		return not_understood(reading, "data.resultType or data.result is missing");
	if (!text_in_choices("vector|matrix|scalar|string", type))
		return not_understood(reading, "data.resultType is none of vector, matrix, scalar and string");
	answer->type = type;
	if (text_equal(type, "string"))
		return read_string(reading, result, answer);
	if (text_equal(type, "scalar"))
		return read_scalar(reading, result, answer);
	return read_all_series(reading, result, answer);
}

static bool add_notes(const struct reading *reading, const struct value *document, const char *name,
                      struct text_list *notes)
{
	const struct value *list = value_member(document, name);

	if (list == NULL || list->kind == VALUE_NULL)
		return true;
	if (list->kind != VALUE_ARRAY)
		return not_understood(reading, "warnings or infos are no list");
	for (size_t i = 0; i < list->list.count; i++) {
		if (list->list.items[i].kind != VALUE_TEXT)
			return not_understood(reading, "a warning is no text");
		text_list_add(reading->arena, notes, list->list.items[i].text.data);
	}
	return true;
}

/* {"status":"error","errorType":…,"error":…} */
static bool refuse(const struct reading *reading, int status, const struct value *document)
{
	static const struct {
		const char *type;
		enum error_id id;
	} rows[] = {
		{ "bad_data", ERROR_DATA },
		{ "execution", ERROR_PLANE_REJECTED },
		{ "not_found", ERROR_PLANE_NOT_FOUND },
		{ "too_many_requests", ERROR_PLANE_BUSY },
		{ "too_large_entry", ERROR_PLANE_REJECTED },
	};
	const char *type = text_of(document, "errorType");
	const char *reason = text_of(document, "error");
	/* timeout, canceled, unavailable, internal, and what is to come */
	enum error_id id = status == 429                   ? ERROR_PLANE_BUSY
	                   : status >= 400 && status < 500 ? ERROR_PLANE_REJECTED
	                                                   : ERROR_PLANE_UNAVAILABLE;

	if (type == NULL || reason == NULL)
		return not_understood(reading, "an error has no errorType or no error");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (text_equal(rows[i].type, type))
			id = rows[i].id;
	}
	fail(reading->err, id, "endpoint %s refuses the query with status %d", reading->endpoint, status);
	error_cause(reading->err, "%s: %s", type, reason);
	error_object(reading->err, "endpoint/%s", reading->endpoint);
	if (id == ERROR_DATA)
		error_fix(reading->err, "Correct the query; the cause says what is wrong with it.");
	return false;
}

bool prometheus_is_answer(struct arena *arena, const char *body, size_t len)
{
	struct value document;
	struct error unread;

	return json_parse(arena, "answer", body, len, &limits, &document, &unread) &&
	       text_in_choices("success|error",
	                       text_of(&document, "status") == NULL ? "" : text_of(&document, "status"));
}

bool prometheus_read_answer(struct arena *arena, const char *endpoint, int status, const char *body, size_t len,
                            struct metric_answer *ret_answer, struct error *err)
{
	struct reading reading = { arena, endpoint, err };
	struct metric_answer answer = { 0 };
	const struct value *data;
	struct value document;
	struct error unread;
	const char *verdict;

	if (!json_parse(arena, "answer", body, len, &limits, &document, &unread))
		return not_understood(&reading, unread.message);
	verdict = text_of(&document, "status");
	if (text_equal(verdict, "error"))
		return refuse(&reading, status, &document);
	data = value_member(&document, "data");
	if (!text_equal(verdict, "success") || data == NULL || status < 200 || status > 299)
		return not_understood(&reading, "it has neither a result nor an error");
	if (!read_result(&reading, data, &answer) || !add_notes(&reading, &document, "warnings", &answer.warnings) ||
	    !add_notes(&reading, &document, "infos", &answer.warnings))
		return false;
	*ret_answer = answer;
	return true;
}
