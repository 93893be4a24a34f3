/* fuzz-date.c - dates of commands and of header fields, against the C library's
 * SPDX-License-Identifier: ISC
 *
 * The octets are read as "date-time" and "date-text" (RFC 9051 9), as a Date: field
 * (RFC 5322 3.3, 4.3), and the first ten as a moment and a zone to be written. */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "mail/sentdate.h"
#include "wire/date.h"

#define DAY	86400

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

/* What "17-Jul-1996" stands for, as timegm(3) counts it. */
static int64_t
civil_seconds(const char *text, int day_len)
{
	struct tm tm = { 0 };
	char month[4] = "";

	assert(sscanf(text, "%2d-%3c-%4d", &tm.tm_mday, month, &tm.tm_year) ==
	    3 && text[day_len] == '-');
	for (tm.tm_mon = 0; tm.tm_mon < 12; tm.tm_mon++)
		if (strncasecmp(months + tm.tm_mon * 3, month, 3) == 0)
			break;
	assert(tm.tm_mon < 12);
	tm.tm_year -= 1900;
	return timegm(&tm);
}

/* What is written is valid, and says the moment, or the nearest it can. */
static void
check_written(const struct datetime *dt)
{
	char text[DATE_TIME_LEN + 1];
	struct datetime again;
	int32_t day;

	datetime_format(dt, text);
	assert(strlen(text) == DATE_TIME_LEN);
	assert(datetime_parse(text, DATE_TIME_LEN, &again));
	day = datetime_day(dt);
	assert(day == datetime_day(&again));
	assert(civil_seconds(text, 2) == (int64_t)day * DAY);
	if (dt->zone < -1439 || dt->zone > 1439)
		assert(again.zone == 0);
	else
		assert(again.zone == dt->zone);
	/* The years of four digits, a day less at both ends for the zone. */
	if (dt->zone == again.zone && dt->when > -62167219200 + DAY &&
	    dt->when < 253402300800 - DAY)
		assert(again.when == dt->when);
}

static void
check_date_time(const char *s, size_t len)
{
	struct datetime dt;
	int hour, minute, second, zone;
	char text[DATE_TIME_LEN + 1], sign;
	int64_t want;

	if (!datetime_parse(s, len, &dt))
		return;
	assert(len == DATE_TIME_LEN);
	memcpy(text, s, DATE_TIME_LEN);
	text[DATE_TIME_LEN] = '\0';
	assert(sscanf(text + 11, " %2d:%2d:%2d %c%4d", &hour, &minute, &second,
	    &sign, &zone) == 5);
	zone = (zone / 100 * 60 + zone % 100) * (sign == '-' ? -1 : 1);
	want = civil_seconds(text, 2) + hour * 3600 + minute * 60 + second -
	    (int64_t)zone * 60;
	assert(dt.when == want && dt.zone == zone);
	check_written(&dt);
}

static void
check_date_text(const char *s, size_t len)
{
	char text[12] = "";
	int32_t day;

	if (!date_parse(s, len, &day))
		return;
	assert(len == 10 || len == 11);
	memcpy(text, s, len);
	assert(civil_seconds(text, (int)len - 9) == (int64_t)day * DAY);
}

/* The same with each blank folded, and between comments. */
static void
check_folded(const char *s, size_t len, int32_t day, int64_t when)
{
	char *text = malloc(len * 3 + 16), *p = text;
	int64_t when2;
	int32_t day2;

	assert(text != NULL);
	memcpy(p, "(\\(()) \t", 8);
	p += 8;
	for (size_t i = 0; i < len; i++) {
		if (s[i] == ' ') {
			*p++ = '\r';
			*p++ = '\n';
		}
		*p++ = s[i];
	}
	assert(sent_date(text, (size_t)(p - text), &day2, &when2));
	assert(day == day2 && when == when2);
	free(text);
}

static void
check_sent(const char *s, size_t len)
{
	unsigned int month, dom;
	int64_t when, year, when2;
	int32_t day, day2;
	char text[128];
	int n;

	if (!sent_date(s, len, &day, &when))
		return;
	/* 23:59:60 -2359 is the last moment that a date may have. */
	assert(when >= (int64_t)day * DAY - 1439 * 60 &&
	    when <= (int64_t)day * DAY + DAY + 1439 * 60);
	check_folded(s, len, day, when);
	civil_from_days(day, &year, &month, &dom);
	assert(year >= 0 && year <= 9999);
	n = snprintf(text, sizeof(text), "Mon, %u %.3s %04u", dom,
	    months + 3 * (month - 1), (unsigned int)year);
	assert(sent_date(text, (size_t)n, &day2, &when2));
	assert(day2 == day && when2 == (int64_t)day * DAY);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *s = (const char *)data;
	struct datetime dt;
	int16_t zone;

	check_date_time(s, size);
	check_date_text(s, size);
	check_sent(s, size);
	if (size >= sizeof(dt.when) + sizeof(zone)) {
		memcpy(&dt.when, s, sizeof(dt.when));
		memcpy(&zone, s + sizeof(dt.when), sizeof(zone));
		dt.zone = zone;
		check_written(&dt);
	}
	return 0;
}
