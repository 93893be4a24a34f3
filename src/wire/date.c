/* date.c - dates of the IMAP grammar
 * SPDX-License-Identifier: ISC */
#include "wire/date.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define DAY_SECONDS	86400

static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
	"Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

/*
 * Years are counted from 1 March here, so that a leap day is the last day of
 * its year, and in eras of 400 years, which all have 146097 days.
 */
int64_t
days_from_civil(int64_t year, unsigned int month, unsigned int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * (int64_t)(month > 2 ? month - 3 : month + 9) + 2) /
	    5 + day - 1;

	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

void
civil_from_days(int64_t days, int64_t *year_r, unsigned int *month_r,
    unsigned int *day_r)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	*day_r = (unsigned int)(doy - (153 * mp + 2) / 5 + 1);
	*month_r = (unsigned int)(mp < 10 ? mp + 3 : mp - 9);
	*year_r = yoe + era * 400 + (*month_r <= 2);
}

/* n digits at s as a number, -1 when one is not a digit. */
static int
digits(const char *s, size_t n)
{
	int v = 0;

	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		v = v * 10 + (s[i] - '0');
	}
	return v;
}

/* "Feb-1994" behind a day that was read: the day's number since 1970. */
static bool
month_year(const char *s, int day, int64_t *days_r)
{
	int year = digits(s + 4, 4);
	unsigned int month = 0, m, d;
	int64_t y, days;

	while (month < 12 && strncasecmp(s, months[month], 3) != 0)
		month++;
	if (month == 12 || s[3] != '-' || year < 0 || day < 1)
		return false;
	days = days_from_civil(year, month + 1, (unsigned int)day);
	/* A day that does not exist comes back as another. */
	civil_from_days(days, &y, &m, &d);
	if (m != month + 1 || d != (unsigned int)day)
		return false;
	*days_r = days;
	return true;
}

/* RFC 9051 9 "date-time" */
bool
datetime_parse(const char *s, size_t len, struct datetime *dt)
{
	int day, hour, minute, second, zh, zm;
	int64_t days;

	if (len != DATE_TIME_LEN)
		return false;
	day = s[0] == ' ' ? digits(s + 1, 1) : digits(s, 2);
	if (s[2] != '-' || s[11] != ' ' || s[14] != ':' || s[17] != ':' ||
	    s[20] != ' ' || (s[21] != '+' && s[21] != '-') ||
	    !month_year(s + 3, day, &days))
		return false;
	hour = digits(s + 12, 2);
	minute = digits(s + 15, 2);
	second = digits(s + 18, 2);
	zh = digits(s + 22, 2);
	zm = digits(s + 24, 2);
	/* 60 is a leap second: RFC 5322 3.3 */
	if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
	    second > 60 || zh < 0 || zh > 23 || zm < 0 || zm > 59)
		return false;
	dt->zone = (zh * 60 + zm) * (s[21] == '-' ? -1 : 1);
	dt->when = days * DAY_SECONDS + hour * 3600 + minute * 60 + second -
	    dt->zone * 60;
	return true;
}

/* Seconds since 1970 in the zone's own time, within the years 0..9999. */
static int64_t
local_seconds(const struct datetime *dt, int *zone_r)
{
	const int64_t first = days_from_civil(0, 1, 1) * DAY_SECONDS;
	const int64_t last = days_from_civil(10000, 1, 1) * DAY_SECONDS - 1;
	int64_t when = dt->when;
	int zone = dt->zone;

	if (zone < -1439 || zone > 1439)
		zone = 0;
	*zone_r = zone;
	if (when > last - zone * 60)
		return last;
	if (when < first - zone * 60)
		return first;
	return when + zone * 60;
}

static int64_t
floor_days(int64_t seconds)
{
	return (seconds >= 0 ? seconds : seconds - (DAY_SECONDS - 1)) /
	    DAY_SECONDS;
}

static void
two_digits(char *s, unsigned int n)
{
	s[0] = (char)('0' + n / 10 % 10);
	s[1] = (char)('0' + n % 10);
}

void
datetime_format(const struct datetime *dt, char out[DATE_TIME_LEN + 1])
{
	unsigned int month, day, sec, zone_abs;
	int64_t local, days, year;
	int zone;

	local = local_seconds(dt, &zone);
	days = floor_days(local);
	sec = (unsigned int)(local - days * DAY_SECONDS);
	civil_from_days(days, &year, &month, &day);
	zone_abs = (unsigned int)(zone < 0 ? -zone : zone);
	/* By hand: a listing writes one for each message. */
	memcpy(out, "dd-Mon-yyyy hh:mm:ss +zzzz", DATE_TIME_LEN + 1);
	two_digits(out, day);
	if (out[0] == '0')
		out[0] = ' ';
	memcpy(out + 3, months[month - 1], 3);
	two_digits(out + 7, (unsigned int)(year / 100));
	two_digits(out + 9, (unsigned int)(year % 100));
	two_digits(out + 12, sec / 3600);
	two_digits(out + 15, sec / 60 % 60);
	two_digits(out + 18, sec % 60);
	out[21] = zone < 0 ? '-' : '+';
	two_digits(out + 22, zone_abs / 60);
	two_digits(out + 24, zone_abs % 60);
}

/* RFC 9051 9 "date-text" */
bool
date_parse(const char *s, size_t len, int32_t *day_r)
{
	size_t n = len == 10 ? 1 : 2;
	int64_t days;

	if ((len != 10 && len != 11) || s[n] != '-' ||
	    !month_year(s + n + 1, digits(s, n), &days))
		return false;
	*day_r = (int32_t)days;
	return true;
}

int32_t
datetime_day(const struct datetime *dt)
{
	int zone;

	return (int32_t)floor_days(local_seconds(dt, &zone));
}
