/* date.h - dates of the IMAP grammar: RFC 9051 9 "date", "date-time"
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_DATE_H
#define MSGSTORE_DATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A moment and the zone it was written in. */
struct datetime {
	int64_t	when;	/* seconds since 1970-01-01T00:00:00Z */
	int	zone;	/* minutes east of UTC, -1439..1439 */
};

#define DATE_TIME_LEN	26	/* "17-Jul-1996 02:44:25 -0700" */

/*
 * "date-time" without its quotes: 26 octets, the day with a leading space or
 * zero.  False when it is not one, or no such day exists.
 */
bool datetime_parse(const char *s, size_t len, struct datetime *);
/* Writes DATE_TIME_LEN octets and a NUL.  Years outside 0..9999 are clamped. */
void datetime_format(const struct datetime *, char out[DATE_TIME_LEN + 1]);

/* "date-text": "1-Feb-1994".  Stores days since 1970-01-01. */
bool date_parse(const char *s, size_t len, int32_t *day_r);
/* The calendar day, in its own zone, of a moment: days since 1970-01-01. */
int32_t datetime_day(const struct datetime *);

/* Days since 1970-01-01 of a proleptic Gregorian date; month and day 1-based. */
int64_t days_from_civil(int64_t year, unsigned int month, unsigned int day);
void civil_from_days(int64_t days, int64_t *year_r, unsigned int *month_r,
    unsigned int *day_r);

#endif
