/* test-date.c - dates of the IMAP grammar
 * SPDX-License-Identifier: ISC */
#include "wire/date.h"

#include "test.h"

static void
date_times_are_parsed(void)
{
	static const struct {
		const char	*in;
		int64_t		 when;
		int		 zone;
	} table[] = {
		{ "17-Jul-1996 02:44:25 -0700", 837596665, -420 },
		{ " 1-Jan-1970 00:00:00 +0000", 0, 0 },
		{ "01-jan-1970 00:00:00 -0000", 0, 0 },
		{ "31-DEC-1969 23:59:59 +0000", -1, 0 },
		{ "29-Feb-2000 12:00:00 +0530", 951805800, 330 },
		{ "29-Feb-2024 23:59:60 +2359", 1709164860, 1439 },
		{ " 1-Jan-0000 00:00:00 +0000", -62167219200, 0 },
		{ "31-Dec-9999 23:59:59 +0000", 253402300799, 0 },
	};
	struct datetime dt;

	for (size_t i = 0; i < TEST_N(table); i++) {
		TEST_ROW("%s", table[i].in);
		if (!CHECK(datetime_parse(table[i].in, strlen(table[i].in),
		    &dt)))
			continue;
		CHECK_INT(dt.when, table[i].when);
		CHECK_INT(dt.zone, table[i].zone);
	}
}

static void
what_is_no_date_time_is_refused(void)
{
	static const char *const table[] = {
		"", "17-Jul-1996 02:44:25 -070", "17-Jul-1996 02:44:25 -07000",
		"7-Jul-1996 02:44:25 -07000", " 0-Jul-1996 02:44:25 -0700",
		"00-Jul-1996 02:44:25 -0700", "  -Jul-1996 02:44:25 -0700",
		"32-Jul-1996 02:44:25 -0700", "31-Jun-1996 02:44:25 -0700",
		"29-Feb-1900 02:44:25 -0700", "29-Feb-2023 02:44:25 -0700",
		"17-Xul-1996 02:44:25 -0700", "17 Jul-1996 02:44:25 -0700",
		"17-Jul 1996 02:44:25 -0700", "17-Jul-199x 02:44:25 -0700",
		"17-Jul-1996-02:44:25 -0700", "17-Jul-1996 24:44:25 -0700",
		"17-Jul-1996 02:60:25 -0700", "17-Jul-1996 02:44:61 -0700",
		"17-Jul-1996 02.44:25 -0700", "17-Jul-1996 02:44.25 -0700",
		"17-Jul-1996 02:44:25  0700", "17-Jul-1996 02:44:25 -2400",
		"17-Jul-1996 02:44:25 -0760", "17-Jul-1996 02:44:25 -07 0",
		"17-Jul-1996 02:44:25--0700", "1 -Jul-1996 02:44:25 -0700",
		"17-Jul-1996 +2:44:25 -0700", "17-Jul--996 02:44:25 -0700",
	};
	struct datetime dt = { 4711, 42 };

	for (size_t i = 0; i < TEST_N(table); i++) {
		TEST_ROW("%s", table[i]);
		CHECK(!datetime_parse(table[i], strlen(table[i]), &dt));
		CHECK(dt.when == 4711 && dt.zone == 42);
	}
}

static void
date_times_are_written(void)
{
	static const struct {
		struct datetime	 dt;
		const char	*want;
	} table[] = {
		{ { 837596665, -420 }, "17-Jul-1996 02:44:25 -0700" },
		{ { 0, 0 }, " 1-Jan-1970 00:00:00 +0000" },
		{ { -1, 0 }, "31-Dec-1969 23:59:59 +0000" },
		{ { 0, -1 }, "31-Dec-1969 23:59:00 -0001" },
		{ { 0, 1439 }, " 1-Jan-1970 23:59:00 +2359" },
		{ { INT64_MAX, 1439 }, "31-Dec-9999 23:59:59 +2359" },
		{ { INT64_MIN, -1439 }, " 1-Jan-0000 00:00:00 -2359" },
		{ { 253402300799, 60 }, "31-Dec-9999 23:59:59 +0100" },
		{ { -62167219200, -60 }, " 1-Jan-0000 00:00:00 -0100" },
		{ { 86400, 1440 }, " 2-Jan-1970 00:00:00 +0000" },
		{ { 86400, INT32_MIN }, " 2-Jan-1970 00:00:00 +0000" },
	};
	char out[DATE_TIME_LEN + 1];

	for (size_t i = 0; i < TEST_N(table); i++) {
		TEST_ROW("%s", table[i].want);
		datetime_format(&table[i].dt, out);
		CHECK_STR(out, table[i].want);
	}
}

static void
dates_are_parsed(void)
{
	static const struct {
		const char	*in;
		int32_t		 day;	/* -999999: refused */
	} table[] = {
		{ "1-Feb-1994", 8797 }, { "01-Feb-1994", 8797 },
		{ "1-fEB-1994", 8797 }, { "1-Jan-1970", 0 },
		{ "31-Dec-1969", -1 }, { "29-Feb-2024", 19782 },
		{ "", -999999 }, { "1-Feb-94", -999999 },
		{ " 1-Feb-1994", -999999 }, { "0-Feb-1994", -999999 },
		{ "001-Feb-1994", -999999 }, { "30-Feb-1994", -999999 },
		{ "1-Feb-19944", -999999 }, { "1-Foo-1994", -999999 },
		{ "1-Feb-1994 ", -999999 }, { "-1-Feb-1994", -999999 },
		{ "1/Feb/1994", -999999 }, { "32-Jan-1994", -999999 },
	};
	int32_t day;

	for (size_t i = 0; i < TEST_N(table); i++) {
		TEST_ROW("%s", table[i].in);
		day = -999999;
		CHECK_INT(date_parse(table[i].in, strlen(table[i].in), &day),
		    table[i].day != -999999);
		CHECK_INT(day, table[i].day);
	}
}

/* RFC 9051 6.4.4: SINCE and its like disregard time and zone. */
static void
a_day_is_that_of_its_own_zone(void)
{
	CHECK_INT(datetime_day(&(struct datetime){ 0, 0 }), 0);
	CHECK_INT(datetime_day(&(struct datetime){ 0, -1 }), -1);
	CHECK_INT(datetime_day(&(struct datetime){ 86399, 0 }), 0);
	CHECK_INT(datetime_day(&(struct datetime){ 86399, 1 }), 1);
	CHECK_INT(datetime_day(&(struct datetime){ INT64_MAX, 0 }), 2932896);
	CHECK_INT(datetime_day(&(struct datetime){ INT64_MIN, 0 }), -719528);
}

static void
every_day_of_800_years_comes_back(void)
{
	unsigned int month, day, last_month = 12, last_day = 31;
	int64_t year, first = days_from_civil(1600, 1, 1);

	for (int64_t d = first; d < first + 2 * 146097; d++) {
		civil_from_days(d, &year, &month, &day);
		if (!CHECK_INT(days_from_civil(year, month, day), d))
			return;
		/* Either the next day or the first of the next month. */
		if (!CHECK(day == last_day + 1 || (day == 1 &&
		    last_day >= 28 && month == last_month % 12 + 1)))
			return;
		last_month = month;
		last_day = day;
	}
	CHECK(last_month == 12 && last_day == 31 && year == 2399);
}

int
main(void)
{
	TEST(date_times_are_parsed);
	TEST(what_is_no_date_time_is_refused);
	TEST(date_times_are_written);
	TEST(dates_are_parsed);
	TEST(a_day_is_that_of_its_own_zone);
	TEST(every_day_of_800_years_comes_back);
	return test_end();
}
