/* test-header.c - header fields
 * SPDX-License-Identifier: ISC */
#include "mail/header.h"

#include "test.h"

static void
the_block_ends_at_the_empty_line(void)
{
	static const struct {
		const char	*in;
		size_t		 want;
	} table[] = {
		{ "", 0 },
		{ "\r\n", 2 },
		{ "\n", 1 },
		{ "A: b\r\n\r\nbody\r\n", 8 },
		{ "A: b\n\nbody\n", 6 },
		{ "A: b\r\n", 6 },
		{ "A: b", 4 },
		{ "A: b\r\n \r\n\r\nbody", 11 },
		{ "no colon\r\n\r\nbody", 12 },
		{ "A: b\r\n\r", 7 },
		{ "A: b\r\r\n\r\nbody", 9 },
		/* Lines that were made CRLF twice. */
		{ "A: b\r\r\n\r\r\nbody\r\r\n", 10 },
		{ "A: b\r\n\r\r\r\nbody", 10 },
		{ "A: b\r\n\r\r\r\r\r\r\r\nbody", 14 },
		{ "A: b\r\n\r\r\r\r\r\r\r\r\nbody", 19 },
		{ "A: b\r\n\r\rx\r\n\nbody", 12 },
		{ "A: b\r\n\r\r", 8 },
	};

	for (size_t i = 0; i < TEST_N(table); i++) {
		TEST_ROW("%s", table[i].in);
		CHECK_INT(header_length(table[i].in, strlen(table[i].in)),
		    table[i].want);
	}
}

static void
fields_are_walked(void)
{
	static const char in[] = " stray: fold\r\nFrom: a\r\nX-Long \t: b\r\n"
	    "\tc\r\n \r\nno colon\r\n: nameless\nTo:last\r\r\n\r\nnot: this\r\n";
	static const struct {
		const char	*name, *value;
		size_t		 raw_len;
	} want[] = {
		{ "", " stray: fold", 14 },
		{ "From", " a", 9 },
		{ "X-Long", " b\r\n\tc\r\n ", 20 },
		{ "", "no colon", 10 },
		{ "", " nameless", 11 },
		{ "To", "last\r", 10 },
	};
	struct header_iter it;
	struct header_field f;
	size_t n = 0, at = 0;

	header_first(&it, in, sizeof(in) - 1);
	while (header_next(&it, &f)) {
		if (!CHECK(n < TEST_N(want)))
			return;
		TEST_ROW("field %zu", n);
		CHECK_MEM(f.name, f.name_len, want[n].name,
		    strlen(want[n].name));
		CHECK_MEM(f.value, f.value_len, want[n].value,
		    strlen(want[n].value));
		CHECK_INT(f.raw - in, at);
		CHECK_INT(f.raw_len, want[n].raw_len);
		at += f.raw_len;
		n++;
	}
	CHECK_INT(n, TEST_N(want));
	CHECK(!header_next(&it, &f));
}

static void
names_match_in_any_case_and_whole(void)
{
	struct header_iter it;
	struct header_field f;

	header_first(&it, "SUBject: x\r\n", 12);
	CHECK(header_next(&it, &f));
	CHECK(header_is(&f, "Subject"));
	CHECK(header_is(&f, "subJECT"));
	CHECK(!header_is(&f, "Subjec"));
	CHECK(!header_is(&f, "Subjects"));
	CHECK(!header_is(&f, ""));
}

static void
values_are_unfolded(void)
{
	static const struct {
		const char	*in;
		size_t		 len, max;
		const char	*want;
	} table[] = {
		{ "A: b", 4, 100, "b" },
		{ "A:\t b \t\r\n", 9, 100, "b" },
		{ "A:b\r\n c\r\n\td\r\n", 14, 100, "b c\td" },
		{ "A:b\n c\n", 7, 100, "b c" },
		{ "A:\r\n b\r\n", 8, 100, "b" },
		{ "A:b\r\n \r\n", 8, 100, "b" },
		{ "A:", 2, 100, "" },
		{ "A:\r\n", 4, 100, "" },
		{ "A: b\0c", 6, 100, "b?c" },
		{ "A: a\rb", 6, 100, "a\rb" },
		{ "A: a\r\r\n b\r\r\n", 12, 100, "a b" },
		{ "A: a\r\r\r\n b", 10, 100, "a b" },
		{ "A: ab\r\n c", 9, 3, "ab " },
		{ "A: abcdef", 9, 3, "abc" },
		{ "A: abcdef", 9, 0, "" },
	};
	struct arena *a = arena_new();
	struct header_iter it;
	struct header_field f;

	for (size_t i = 0; i < TEST_N(table); i++) {
		TEST_ROW("row %zu", i);
		header_first(&it, table[i].in, table[i].len);
		if (CHECK(header_next(&it, &f)))
			CHECK_STR(header_unfold(a, &f, table[i].max),
			    table[i].want);
	}
	arena_free(a);
}

static void
collect(void *arg, const char *s, size_t len)
{
	buf_add(arg, s, len);
}

static void
fields_are_chosen_by_name(void)
{
	static const char in[] = "From: a\r\nTo: b\r\n c\r\njunk\r\n"
	    "FROM: d\r\n\r\nbody";
	static const char *const names[] = { "from", "X-None" };
	static const char *const none[] = { "X-None" };
	static const struct {
		const char	*const *names;
		size_t		 n;
		bool		 not;
		const char	*want;
	} table[] = {
		{ names, 2, false, "From: a\r\nFROM: d\r\n\r\n" },
		{ names, 2, true, "To: b\r\n c\r\njunk\r\n\r\n" },
		{ none, 1, false, "\r\n" },
		{ none, 0, true, "From: a\r\nTo: b\r\n c\r\njunk\r\n"
		    "FROM: d\r\n\r\n" },
	};
	struct buf b = { 0 };

	for (size_t i = 0; i < TEST_N(table); i++) {
		TEST_ROW("row %zu", i);
		buf_reset(&b);
		CHECK_INT(header_filter(in, sizeof(in) - 1, table[i].names,
		    table[i].n, table[i].not, collect, &b),
		    strlen(table[i].want));
		CHECK_STR(buf_str(&b), table[i].want);
		CHECK_INT(header_filter(in, sizeof(in) - 1, table[i].names,
		    table[i].n, table[i].not, NULL, NULL),
		    strlen(table[i].want));
	}
	/* RFC 9051 6.4.5: no empty line where the message has none. */
	CHECK_INT(header_filter("From: a\r\n", 9, names, 2, false, NULL, NULL),
	    9);
	CHECK_INT(header_filter("From: a\r\n", 9, none, 1, false, NULL, NULL),
	    0);
	buf_clear(&b);
}

static void
what_clients_ask_for_is_cached(void)
{
	static const char *const yes[] = {
		"From", "sender", "REPLY-TO", "To", "Cc", "Bcc", "Subject",
		"Date", "Message-ID", "In-Reply-To", "References",
		"Content-Type", "Content-Transfer-Encoding", "MIME-Version",
		"List-Id", "List-Unsubscribe", "List-Post", "Importance",
		"Priority", "X-Priority", "Delivered-To", "Newsgroups",
		"X-Mailer", "User-Agent", "Return-Path",
		"Disposition-Notification-To", "X-Spam-Status", "X-Spam-Flag",
		"Authentication-Results", "X-Universally-Unique-Identifier",
	};
	static const char *const no[] = {
		"", "Received", "DKIM-Signature", "Fro", "Fromm", "A",
		"zzz", "List", "X-",
	};

	for (size_t i = 0; i < TEST_N(yes); i++) {
		TEST_ROW("%s", yes[i]);
		CHECK(header_is_cached(yes[i]));
	}
	for (size_t i = 0; i < TEST_N(no); i++) {
		TEST_ROW("%s", no[i]);
		CHECK(!header_is_cached(no[i]));
	}
}

static void
the_cache_answers_like_the_message(void)
{
	static const char in[] = "Received: from x\r\n by y\r\nFrom: a\r\n"
	    "Received: z\r\nSubject: b\r\n c\r\nno colon\r\n\r\nbody";
	static const char *const names[] = { "Subject", "From" };
	struct buf b = { 0 }, direct = { 0 }, cached = { 0 };

	header_cache(in, sizeof(in) - 1, &b);
	CHECK_STR(buf_str(&b), "From: a\r\nSubject: b\r\n c\r\n\r\n");
	header_filter(in, sizeof(in) - 1, names, 2, false, collect, &direct);
	header_filter(b.s, b.len, names, 2, false, collect, &cached);
	CHECK_STR(buf_str(&cached), buf_str(&direct));
	buf_clear(&b);
	buf_clear(&direct);
	buf_clear(&cached);
}

static void
a_large_header_is_not_cached(void)
{
	struct buf in = { 0 }, out = { 0 };

	buf_adds(&out, "kept");
	buf_adds(&in, "To: ");
	while (in.len < HEADER_CACHE_MAX - 2)
		buf_addc(&in, 'x');
	buf_adds(&in, "\r\n");
	CHECK_INT(in.len, HEADER_CACHE_MAX);
	header_cache(in.s, in.len, &out);
	CHECK_INT(out.len, 4 + HEADER_CACHE_MAX);
	out.len = 4;
	buf_adds(&in, "Cc: y\r\n");
	header_cache(in.s, in.len, &out);
	CHECK_STR(buf_str(&out), "kept");
	buf_clear(&in);
	buf_clear(&out);
}

int
main(void)
{
	TEST(the_block_ends_at_the_empty_line);
	TEST(fields_are_walked);
	TEST(names_match_in_any_case_and_whole);
	TEST(values_are_unfolded);
	TEST(fields_are_chosen_by_name);
	TEST(what_clients_ask_for_is_cached);
	TEST(the_cache_answers_like_the_message);
	TEST(a_large_header_is_not_cached);
	return test_end();
}
