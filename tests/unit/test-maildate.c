/* test-maildate.c - dates of mbox files and of header fields
 * SPDX-License-Identifier: ISC */
#include "../../admin/maildate.h"

#include "test.h"

static void
dates_are_found(void)
{
	static const struct {
		const char	*in;
		int64_t		 when;
		int		 zone;
	} table[] = {
		/* "From " lines behind the sender */
		{ " Tue Apr 27 19:02:03 2010", 1272394923, 0 },
		{ " Tue Apr 27 19:02:03 2010\n", 1272394923, 0 },
		{ " Tue Apr 27 19:02:03 2010\r\n", 1272394923, 0 },
		{ " Tue Apr 27 19:02:03 +0200 2010", 1272387723, 120 },
		{ " Tue Apr 27 19:02:03 2010 +0200", 1272387723, 120 },
		{ " Tue Apr 27 19:02:03 EST 2010", 1272412923, -300 },
		{ " Tue Apr 27 19:02 2010", 1272394920, 0 },
		{ " Thu Jan  1 00:00:00 1970", 0, 0 },
		{ " Thu Jan 01 00:00:00 1970", 0, 0 },
		{ " tue APR 27 19:02:03 2010", 1272394923, 0 },
		/* RFC 5322 3.3, 4.3 */
		{ "Tue, 27 Apr 2010 19:02:03 +0000", 1272394923, 0 },
		{ "27 Apr 2010 19:02:03 GMT", 1272394923, 0 },
		{ "27 Apr 2010 19:02:03 -0730 (somewhere)", 1272421923, -450 },
		{ "27 Apr 10 19:02:03 UT", 1272394923, 0 },
		{ "1 Jan 70 00:00:00 Z", 0, 0 },
		{ "1 Jan 110 00:00:00 Z", 1262304000, 0 },
		{ "29 Feb 2000 12:00:00 +0000", 951825600, 0 },
		{ "31 Dec 2016 23:59:60 +0000", 1483228800, 0 },
		{ "Tue,27 Apr 2010\r\n\t19:02:03 +0000", 1272394923, 0 },
	};
	struct datetime dt;

	for (size_t i = 0; i < TEST_N(table); i++) {
		TEST_ROW("%s", table[i].in);
		if (!CHECK(maildate_parse(table[i].in, strlen(table[i].in),
		    &dt)))
			continue;
		CHECK_INT(dt.when, table[i].when);
		CHECK_INT(dt.zone, table[i].zone);
	}
}

static void
what_is_no_date_is_refused(void)
{
	static const char *const table[] = {
		"", " ", "here on it is text.", "Tue Apr 27 2010",
		"Tue Apr 19:02:03 2010", "27 19:02:03 2010",
		"Tue Apr 27 19:02:03", "Tue Apr 31 19:02:03 2010",
		"29 Feb 2010 19:02:03 +0000", "29 Feb 1900 19:02:03 +0000",
		"Tue Apr 27 24:02:03 2010", "Tue Apr 27 19:60:03 2010",
		"Tue Apr 27 19:02:61 2010", "Tue Apr 27 -1:02:03 2010",
		"Tue Apr 27 +1:02:03 2010", "Tue Apr 27 19:02:03x 2010",
		"Tue Apr 0 19:02:03 2010", "Tue Apr 27 19:02:03 20100",
		"xTuexAprx27x19:02:03x2010",
	};
	struct datetime dt = { 4711, 42 };

	for (size_t i = 0; i < TEST_N(table); i++) {
		TEST_ROW("%s", table[i]);
		CHECK(!maildate_parse(table[i], strlen(table[i]), &dt));
		CHECK(dt.when == 4711 && dt.zone == 42);
	}
}

static void
a_length_is_kept_to(void)
{
	static const char text[] = "Tue Apr 27 19:02:03 2010";
	struct datetime dt;

	for (size_t len = 0; len < sizeof(text) - 1; len++) {
		char *copy = malloc(len + 1);

		if (copy == NULL)
			abort();
		memcpy(copy, text, len);
		TEST_ROW("%zu octets", len);
		/* "20", "201" are years of two and three digits. */
		CHECK_INT(maildate_parse(copy, len, &dt), len >= 22);
		free(copy);
	}
}

static void
asctime_is_written_in_utc(void)
{
	static const struct {
		struct datetime	 in;
		const char	*want;
	} table[] = {
		{ { 0, 0 }, "Thu Jan  1 00:00:00 1970" },
		{ { 1272387723, 120 }, "Tue Apr 27 17:02:03 2010" },
		{ { -1, 0 }, "Wed Dec 31 23:59:59 1969" },
		{ { INT64_MAX, 0 }, "Thu Jan  1 00:00:00 1970" },
	};
	char text[MAILDATE_ASCTIME_SIZE];

	for (size_t i = 0; i < TEST_N(table); i++) {
		TEST_ROW("%s", table[i].want);
		maildate_asctime(&table[i].in, text);
		CHECK_STR(text, table[i].want);
	}
}

int
main(void)
{
	TEST(dates_are_found);
	TEST(what_is_no_date_is_refused);
	TEST(a_length_is_kept_to);
	TEST(asctime_is_written_in_utc);
	return test_end();
}
