/* sentdate.c - the Date: field
 * SPDX-License-Identifier: ISC */
#include "mail/sentdate.h"

#include <strings.h>

#include "wire/date.h"

struct date {
	unsigned int	 month, day;
	int32_t		 days;		/* since 1970, as written */
	int64_t		 seconds;	/* of the day */
	int		 zone;		/* minutes east */
};

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

static const char *
skip_letters(const char *s, const char *end)
{
	while (s < end && is_letter(*s))
		s++;
	return skip_cfws(s, end);
}

/* What stands between the numbers of a date: some write '-'. */
static const char *
skip_dash(const char *s, const char *end)
{
	return s < end && *s == '-' ? skip_cfws(s + 1, end) : s;
}

static const char *
skip_comma(const char *s, const char *end)
{
	return s < end && *s == ',' ? skip_cfws(s + 1, end) : s;
}

/* False when there is no such day. */
static bool
read_year(unsigned int year, unsigned int digits, struct date *d)
{
	unsigned int month, day;
	int64_t days, y;

	if (d->month == 0 || digits < 2 || digits > 4)
		return false;
	if (digits == 2)
		year += year < 50 ? 2000 : 1900;
	else if (digits == 3)
		year += 1900;
	days = days_from_civil(year, d->month, d->day);
	civil_from_days(days, &y, &month, &day);
	d->days = (int32_t)days;
	return y == year && month == d->month && day == d->day;
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
	if (digits == 0 || digits > 2)
		return s;
	if (s < end && *s == ':') {
		s = take_number(skip_cfws(s + 1, end), end, &second, &digits);
		if (digits == 0 || digits > 2)
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

/* day month year time zone: RFC 5322 3.3 */
static bool
read_day_first(const char *s, const char *end, struct date *d)
{
	unsigned int year, digits;

	s = take_number(s, end, &d->day, &digits);
	if (digits == 0 || digits > 2)
		return false;
	s = skip_dash(s, end);
	d->month = month_number(s, end);
	s = skip_dash(skip_letters(s, end), end);
	s = take_number(s, end, &year, &digits);
	if (!read_year(year, digits, d))
		return false;
	s = take_time(s, end, &d->seconds);
	d->zone = take_zone(s, end);
	return true;
}

/*
 * month day time [zone] year, as asctime(3) and date(1) write it, or month day
 * year time zone.  No RFC has it, old mail does.
 */
static bool
read_month_first(const char *s, const char *end, struct date *d)
{
	unsigned int year, digits;
	const char *number;

	d->month = month_number(s, end);
	s = take_number(skip_letters(s, end), end, &d->day, &digits);
	if (digits == 0 || digits > 2)
		return false;
	number = skip_comma(s, end);
	s = take_number(number, end, &year, &digits);
	if ((digits == 1 || digits == 2) && s < end && *s == ':') {
		s = take_time(number, end, &d->seconds);
		d->zone = take_zone(s, end);
		s = skip_letters(s, end);
		take_number(s, end, &year, &digits);
		return read_year(year, digits, d);
	}
	if (!read_year(year, digits, d))
		return false;
	s = take_time(s, end, &d->seconds);
	d->zone = take_zone(s, end);
	return true;
}

bool
sent_date(const char *s, size_t len, int32_t *day_r, int64_t *when_r)
{
	const char *end = s + len;
	struct date d = { 0 };

	s = skip_cfws(s, end);
	if (month_number(s, end) == 0)
		s = skip_comma(skip_letters(s, end), end);
	if (month_number(s, end) != 0 ? !read_month_first(s, end, &d) :
	    !read_day_first(s, end, &d))
		return false;
	*day_r = d.days;
	*when_r = (int64_t)d.days * 86400 + d.seconds - d.zone * 60;
	return true;
}
