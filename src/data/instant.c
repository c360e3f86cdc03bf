/* RFC 3339 section 5.6 to milliseconds, without the C library's time zones. */
#include "fops/data/instant.h"

/* Exactly count digits at text, within least and most. */
static bool read_digits(const char *text, size_t count, int64_t least, int64_t most, int64_t *ret_value)
{
	int64_t value = 0;

	for (size_t i = 0; i < count; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (text[i] - '0');
	}
	*ret_value = value;
	return value >= least && value <= most;
}

static bool is_leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t days_of_month(int64_t year, int64_t month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

/* Days from 1970-01-01, counted in years that begin in March (Howard Hinnant, "chrono-compatible low-level date
 * algorithms"). */
static int64_t days_from_epoch(int64_t year, int64_t month, int64_t day)
{
	int64_t shifted = month <= 2 ? year - 1 : year;
	int64_t era = (shifted >= 0 ? shifted : shifted - 399) / 400;
	int64_t year_of_era = shifted - era * 400;
	int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static bool read_fraction(const char **text, int64_t *ret_ms)
{
	static const int64_t weights[] = { 100, 10, 1 };
	const char *at = *text;

	*ret_ms = 0;
	if (*at != '.')
		return true;
	at++;
	if (*at < '0' || *at > '9')
		return false;
	for (size_t i = 0; *at >= '0' && *at <= '9'; i++, at++) {
		if (i < ARRAY_LEN(weights))
			*ret_ms += (*at - '0') * weights[i];
	}
	*text = at;
	return true;
}

static bool read_offset(const char *text, int64_t *ret_minutes)
{
	int64_t hours;
	int64_t minutes;

	if ((text[0] == 'Z' || text[0] == 'z') && text[1] == '\0') {
		*ret_minutes = 0;
		return true;
	}
	if ((text[0] != '+' && text[0] != '-') || strlen(text) != 6 || !read_digits(text + 1, 2, 0, 23, &hours) ||
	    text[3] != ':' || !read_digits(text + 4, 2, 0, 59, &minutes))
		return false;
	*ret_minutes = (hours * 60 + minutes) * (text[0] == '-' ? -1 : 1);
	return true;
}

bool instant_parse(const char *text, struct instant *ret_instant)
{
	int64_t year, month, day, hour, minute, second, ms, offset;

	if (strlen(text) < strlen("2026-01-01T00:00:00Z") || !read_digits(text, 4, 0, 9999, &year) || text[4] != '-' ||
	    !read_digits(text + 5, 2, 1, 12, &month) || text[7] != '-' ||
	    !read_digits(text + 8, 2, 1, days_of_month(year, month), &day) || (text[10] != 'T' && text[10] != 't'))
		return false;
	if (!read_digits(text + 11, 2, 0, 23, &hour) || text[13] != ':' || !read_digits(text + 14, 2, 0, 59, &minute) ||
	    text[16] != ':' || !read_digits(text + 17, 2, 0, 60, &second))
		return false;
	text += 19;
	if (!read_fraction(&text, &ms) || !read_offset(text, &offset))
		return false;
	if (second == 60) /* a leap second has no place of its own in unix time */
		second = 59;
	ret_instant->unix_ms =
	        ((days_from_epoch(year, month, day) * 24 + hour) * 60 + minute - offset) * 60000 + second * 1000 + ms;
	return true;
}
