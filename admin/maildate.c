/* maildate.c - dates of mbox files and of header fields
 * SPDX-License-Identifier: ISC */
#include "maildate.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define WORD_SIZE	40	/* a longer word is no part of a date */

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

/* RFC 5322 4.3 "obs-zone"; the military letters mean nothing. */
static const struct {
	const char	*name;
	int		 minutes;
} zones[] = {
	{ "UT", 0 }, { "UTC", 0 }, { "GMT", 0 }, { "Z", 0 },
	{ "EST", -300 }, { "EDT", -240 }, { "CST", -360 }, { "CDT", -300 },
	{ "MST", -420 }, { "MDT", -360 }, { "PST", -480 }, { "PDT", -420 },
	{ "CET", 60 }, { "CEST", 120 }, { "BST", 60 }
};

struct found {
	int	year, month, day, zone;	/* -1: not yet, but for zone */
	int	hour, minute, second;
	bool	has_zone;
};

static bool
digits(const char *s, size_t min, size_t max)
{
	size_t n = strspn(s, "0123456789");

	return s[n] == '\0' && n >= min && n <= max;
}

static int
number(const char *s, size_t n)
{
	int value = 0;

	while (n-- > 0 && *s >= '0' && *s <= '9')
		value = value * 10 + *s++ - '0';
	return value;
}

static bool
take_time(struct found *f, const char *w)
{
	int h, m, s = 0, n = 0, end = 0;

	if (strspn(w, "0123456789:") != strlen(w))
		return false;	/* sscanf(3) takes signs and blanks too */
	n = sscanf(w, "%2d:%2d%n:%2d%n", &h, &m, &end, &s, &end);
	if (n < 2 || w[end] != '\0' || f->hour != -1 || h > 23 || m > 59 ||
	    s > 60)
		return false;
	f->hour = h;
	f->minute = m;
	f->second = s;
	return true;
}

static bool
take_zone(struct found *f, const char *w)
{
	if ((*w == '+' || *w == '-') && digits(w + 1, 4, 4)) {
		int minutes = number(w + 1, 2) * 60 + number(w + 3, 2);

		if (minutes > 1439)
			return false;
		f->zone = *w == '-' ? -minutes : minutes;
		f->has_zone = true;
		return true;
	}
	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++)
		if (strcasecmp(w, zones[i].name) == 0) {
			f->zone = zones[i].minutes;
			f->has_zone = true;
			return true;
		}
	return false;
}

static void
take_word(struct found *f, const char *w)
{
	if (f->month == -1 && strlen(w) == 3)
		for (int i = 0; i < 12; i++)
			if (strncasecmp(months + 3 * i, w, 3) == 0) {
				f->month = i + 1;
				return;
			}
	if (take_time(f, w))
		return;
	if (f->day == -1 && digits(w, 1, 2)) {
		f->day = number(w, 2);
		return;
	}
	if (f->year == -1 && f->day != -1 && digits(w, 2, 4)) {
		f->year = number(w, 4);
		/* RFC 5322 4.3 "obs-year". */
		if (strlen(w) == 2)
			f->year += f->year < 50 ? 2000 : 1900;
		else if (strlen(w) == 3)
			f->year += 1900;
		return;
	}
	/* A sender's address may look like anything: zones come with a time. */
	if (f->hour != -1 && !f->has_zone)
		take_zone(f, w);
}

static int
month_days(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31,
	    30, 31 };

	if (month == 2 && year % 4 == 0 && (year % 100 != 0 ||
	    year % 400 == 0))
		return 29;
	return days[month - 1];
}

bool
maildate_parse(const char *s, size_t len, struct datetime *date_r)
{
	struct found f = { .year = -1, .month = -1, .day = -1, .hour = -1 };
	const char *end = s + len;

	while (s < end) {
		char word[WORD_SIZE];
		size_t n = 0;

		while (s < end && memchr(" \t\r\n,", *s, 5) != NULL)
			s++;
		if (s < end && *s == '(')	/* a comment: the zone's name */
			break;
		while (s < end && memchr(" \t\r\n,", *s, 5) == NULL) {
			if (n < sizeof(word) - 1)
				word[n++] = *s;
			s++;
		}
		word[n] = '\0';
		if (n > 0 && n < sizeof(word) - 1)
			take_word(&f, word);
	}
	if (f.year == -1 || f.month == -1 || f.day < 1 || f.hour == -1 ||
	    f.day > month_days(f.year, f.month))
		return false;
	date_r->when = days_from_civil(f.year, (unsigned int)f.month,
	    (unsigned int)f.day) * 86400 + f.hour * 3600 + f.minute * 60 +
	    f.second - f.zone * 60;
	date_r->zone = f.zone;
	return true;
}

void
maildate_asctime(const struct datetime *date, char out[MAILDATE_ASCTIME_SIZE])
{
	static const char week[] = "SunMonTueWedThuFriSat";
	time_t t = (time_t)date->when;
	struct tm tm = { 0 };

	if (gmtime_r(&t, &tm) == NULL || tm.tm_year < -1900 ||
	    tm.tm_year > 9999 - 1900) {
		t = 0;
		gmtime_r(&t, &tm);
	}
	snprintf(out, MAILDATE_ASCTIME_SIZE, "%.3s %.3s %2d %02d:%02d:%02d %04d",
	    week + 3 * tm.tm_wday, months + 3 * tm.tm_mon, tm.tm_mday,
	    tm.tm_hour, tm.tm_min, tm.tm_sec, tm.tm_year + 1900);
}
