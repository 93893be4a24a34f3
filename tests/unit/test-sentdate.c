/* test-sentdate.c - the Date: field
 * SPDX-License-Identifier: ISC */
#include "mail/sentdate.h"

#include "test.h"

static void
dates_are_moments(void)
{
	static const struct {
		const char	*in;
		int64_t		 when;
		int32_t		 day;
	} table[] = {
		{ "Thu, 1 Jan 1970 00:00:00 +0000", 0, 0 },
		{ "1 Jan 1970 00:00:01 +0000", 1, 0 },
		/* RFC 5256 2.2 */
		{ "31 Dec 2000 16:01:33 -0800", 978307293, 11322 },
		{ "1 Jan 2001 00:01:33 +0000", 978307293, 11323 },
		{ "Fri, 21 Nov 1997 09:55:06 -0600", 880127706, 10186 },
		/* RFC 5322 A.5, A.6.2 */
		{ "Thu,\r\n 13\r\n Feb\r\n 1969\r\n 23:32\r\n -0330 "
		    "(Newfoundland Time)", -27723480, -322 },
		{ "21 Nov 97 09:55:06 GMT", 880106106, 10186 },
		{ "21 Nov 97 09(comment):   55  :  06 -0600", 880127706, 10186 },
		{ "1 Jan 1970 05:00 EST", 36000, 0 },
		{ "1 Jan 1970 05:00 pdt", 43200, 0 },
		{ "1 Jan 70 05:00 ESTX", 18000, 0 },
		{ "1 Jan 1970 05:00 Z", 18000, 0 },
		/* What is not valid of zone and time. */
		{ "1 Jan 1970 05:00:00", 18000, 0 },
		{ "1 Jan 1970 05:00:00 +9999", 18000, 0 },
		{ "1 Jan 1970 05:00:00 +100", 18000, 0 },
		{ "1 Jan 1970 25:00:00 +0000", 0, 0 },
		{ "1 Jan 1970 05:61:00 +0100", -3600, 0 },
		{ "1 Jan 1970", 0, 0 }, { "1 Jan 1970 5", 0, 0 },
		{ "1 Jan 1970 noon", 0, 0 },
		{ "31 Dec 1998 23:59:60 +0000", 915148800, 10591 },
		/* No RFC has these, but other parsers read them. */
		{ "21-Nov-1997 09:55:06 -0600", 880127706, 10186 },
		{ "Friday, 21-Nov-97 09:55:06 GMT", 880106106, 10186 },
		{ "Fri Nov 21 09:55:06 1997", 880106106, 10186 },
		{ "Fri Nov 21 09\r\n :55:06 1997", 880106106, 10186 },
		{ "Fri Nov  1 09:55:06 CST 1996", 846863706, 9801 },
		{ "Fri, Nov 21 1997 09:55:06 -0600", 880127706, 10186 },
		{ "Nov 21, 1997 09:55", 880106100, 10186 },
		{ "1 Jan 1970 1:2:3 +0000", 3723, 0 },
		{ "1 Jan 1970 1:2 +0000", 3720, 0 },
	};
	int64_t when;
	int32_t day;

	for (size_t i = 0; i < TEST_N(table); i++) {
		TEST_ROW("%s", table[i].in);
		when = 4711;
		day = 4711;
		CHECK(sent_date(table[i].in, strlen(table[i].in), &day, &when));
		CHECK_INT(when, table[i].when);
		CHECK_INT(day, table[i].day);
	}
}

static void
what_is_no_date_is_none(void)
{
	static const char *const table[] = { "", " ", "x", "Mon", "Mon,", "1",
		"1 Jan", "1 Foo 1970", "0 Jan 1970", "32 Jan 1970",
		"29 Feb 1970", "1 Jan 1", "1 Jan 12345", "001 Jan 1970", "(",
		"Jan", "Jan 1", "Jan 1 00:00:00", "Jan 1 00:00:00 UTC",
		"Fri Jan 32 00:00:00 1970", "1970-01-01", "Mon Jan 1:",
		"1-", "1-Jan", "1-Jan-", "-1-Jan-1970" };
	int64_t when = 4711;
	int32_t day = 4711;

	for (size_t i = 0; i < TEST_N(table); i++) {
		TEST_ROW("%s", table[i]);
		CHECK(!sent_date(table[i], strlen(table[i]), &day, &when));
		CHECK_INT(when, 4711);
		CHECK_INT(day, 4711);
	}
}

int
main(void)
{
	TEST(dates_are_moments);
	TEST(what_is_no_date_is_none);
	return test_end();
}
