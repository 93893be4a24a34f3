/* sentdate.c - the Date: field
 * SPDX-License-Identifier: ISC */
#include "mail/sentdate.h"

#include <strings.h>

#include "wire/date.h"

/* RFC 5322 3.2.2: blanks, folds and comments. */
static const char *
skip_cfws(const char *s, const char *end)
{
	unsigned int depth = 0;

	for (; s < end; s++) {
		if (*s == '(')
			depth++;
		else if (*s == ')' && depth > 0)
			depth--;
		else if (depth > 0 && *s == '\\' && s + 1 < end)
			s++;
		else if (depth == 0 && *s != ' ' && *s != '\t' &&
		    *s != '\r' && *s != '\n')
			break;
	}
	return s;
}

static const char *
take_number(const char *s, const char *end, unsigned int *n_r,
    unsigned int *digits_r)
{
	unsigned int n = 0, digits = 0;

	for (; s < end && *s >= '0' && *s <= '9' && digits < 5; s++, digits++)
		n = n * 10 + (unsigned int)(*s - '0');
	*n_r = n;
	*digits_r = digits;
	return skip_cfws(s, end);
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The month that a name begins with, 1..12; 0 when it is none. */
static unsigned int
month_number(const char *s, const char *end)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	if (end - s < 3)
		return 0;
	for (unsigned int i = 0; i < 12; i++)
		if (strncasecmp(s, names + i * 3, 3) == 0)
			return i + 1;
	return 0;
}

/* ["day-of-week" ","] day month year: where what follows begins, or NULL. */
static const char *
take_date(const char *s, const char *end, int32_t *day_r)
{
	unsigned int day, month, year, digits, m, d;
	int64_t days, y;

	s = skip_cfws(s, end);
	if (s < end && is_letter(*s)) {
		while (s < end && is_letter(*s))
			s++;
		s = skip_cfws(s, end);
		if (s < end && *s == ',')
			s = skip_cfws(s + 1, end);
	}
	s = take_number(s, end, &day, &digits);
	if (digits == 0 || digits > 2 || (month = month_number(s, end)) == 0)
		return NULL;
	while (s < end && is_letter(*s))
		s++;
	s = take_number(skip_cfws(s, end), end, &year, &digits);
	if (digits < 2 || digits > 4)
		return NULL;
	if (digits == 2)
		year += year < 50 ? 2000 : 1900;
	else if (digits == 3)
		year += 1900;
	days = days_from_civil(year, month, day);
	civil_from_days(days, &y, &m, &d);
	if (y != year || m != month || d != day)
		return NULL;
	*day_r = (int32_t)days;
	return s;
}

/* hour ":" minute [":" second]; *seconds_r is left alone when it is not valid. */
static const char *
take_time(const char *s, const char *end, int64_t *seconds_r)
{
	unsigned int hour, minute, second = 0, digits;

	s = take_number(s, end, &hour, &digits);
	if (digits == 0 || digits > 2 || s >= end || *s != ':')
		return s;
	s = take_number(skip_cfws(s + 1, end), end, &minute, &digits);
	if (digits != 2)
		return s;
	if (s < end && *s == ':') {
		s = take_number(skip_cfws(s + 1, end), end, &second, &digits);
		if (digits != 2)
			return s;
	}
	if (hour < 24 && minute < 60 && second <= 60)
		*seconds_r = ((int64_t)hour * 60 + minute) * 60 + second;
	return s;
}

/* Minutes east.  RFC 5322 4.3: letters other than these say nothing. */
static int
take_zone(const char *s, const char *end)
{
	static const struct {
		const char	*name;
		int		 hours;
	} names[] = { { "EST", -5 }, { "EDT", -4 }, { "CST", -6 },
	    { "CDT", -5 }, { "MST", -7 }, { "MDT", -6 }, { "PST", -8 },
	    { "PDT", -7 } };
	unsigned int n, digits;
	int minutes;

	if (s < end && (*s == '+' || *s == '-')) {
		take_number(s + 1, end, &n, &digits);
		if (digits != 4 || n % 100 > 59 || n / 100 > 23)
			return 0;
		minutes = (int)(n / 100 * 60 + n % 100);
		return *s == '-' ? -minutes : minutes;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (end - s >= 3 && strncasecmp(s, names[i].name, 3) == 0 &&
		    (end - s == 3 || !is_letter(s[3])))
			return names[i].hours * 60;
	return 0;
}

bool
sent_date(const char *s, size_t len, int32_t *day_r, int64_t *when_r)
{
	const char *end = s + len;
	int64_t seconds = 0;
	int32_t day;

	s = take_date(s, end, &day);
	if (s == NULL)
		return false;
	s = take_time(s, end, &seconds);
	*day_r = day;
	*when_r = (int64_t)day * 86400 + seconds - take_zone(s, end) * 60;
	return true;
}
