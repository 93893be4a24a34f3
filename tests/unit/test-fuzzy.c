/* test-fuzzy.c - words that are nearly those asked for
 * SPDX-License-Identifier: ISC */
#include "mail/fuzzy.h"

#include "util/buf.h"

#include "test.h"

static unsigned int
score(const char *want, const char *text, size_t piece)
{
	struct fuzzy *f = fuzzy_new(want, strlen(want));
	size_t len = strlen(text), n;
	unsigned int result;

	if (f == NULL)
		return 4711;
	fuzzy_start(f);
	for (; len > 0; text += n, len -= n) {
		n = len < piece ? len : piece;
		fuzzy_feed(f, text, n);
	}
	fuzzy_break(f);
	result = fuzzy_score(f);
	fuzzy_free(f);
	return result;
}

static void
words_are_met(void)
{
	static const struct {
		const char	*want, *text;
		unsigned int	 score;
	} table[] = {
		{ "HELLO", "WELL, HELLO THERE", 100 },
		{ "HELLO", "HELLOES", 80 }, { "HELLO", "OTHELLO", 60 },
		{ "HELO", "HELLO", 50 }, { "HELO", "HELP", 50 },
		{ "HELLO", "HLELO", 50 }, { "HELLO", "HALLO", 50 },
		{ "HELLO", "HELL", 50 }, { "HELLO", "HEAP", 0 },
		{ "HELLO", "HALLA", 0 }, { "CAT", "CAR", 0 },
		{ "MESSAGES", "MASSAGE", 50 }, { "MESSAGES", "PASSAGE", 0 },
		{ "AB", "XABX", 0 }, { "ABC", "XABCX", 60 },
		{ "IMAP BREAK", "BROKEN IMAP", 50 },
		{ "IMAP BREAK", "IMAP BREAKS", 90 },
		{ "ONE TWO THREE", "ONE", 0 }, { "ONE TWO THREE", "TWO ONE", 66 },
		{ "X", "", 0 }, { "X", "X", 100 },
		{ "\xc3\x84", "a \xc3\x84 b", 100 },
		{ "A-B", "A B", 100 },
	};

	for (size_t i = 0; i < TEST_N(table); i++) {
		TEST_ROW("%s in %s", table[i].want, table[i].text);
		CHECK_INT(score(table[i].want, table[i].text, SIZE_MAX),
		    table[i].score);
		CHECK_INT(score(table[i].want, table[i].text, 1),
		    table[i].score);
	}
	CHECK(fuzzy_new("", 0) == NULL);
	CHECK(fuzzy_new(" -.", 3) == NULL);
}

static void
messages_do_not_mix(void)
{
	struct fuzzy *f = fuzzy_new("ONE", 3);

	fuzzy_start(f);
	fuzzy_feed(f, "ONE TW", 6);
	CHECK_INT(fuzzy_score(f), 100);
	fuzzy_start(f);
	CHECK_INT(fuzzy_score(f), 0);
	fuzzy_feed(f, "O", 1);
	fuzzy_break(f);
	fuzzy_feed(f, "NE", 2);
	fuzzy_break(f);
	CHECK_INT(fuzzy_score(f), 0);
	fuzzy_free(f);
}

static void
long_words_are_cut(void)
{
	struct buf b = { 0 };

	for (int i = 0; i < 1000; i++)
		buf_adds(&b, "ABCDEFGHIJ");
	CHECK_INT(score(buf_str(&b), buf_str(&b), 7), 100);
	buf_reset(&b);
	for (int i = 0; i < 1000; i++)
		buf_adds(&b, "ABCDEFGHIJ ");
	CHECK_INT(score(buf_str(&b), "ABCDEFGHIJ", 7), 100);
	buf_clear(&b);
}

int
main(void)
{
	TEST(words_are_met);
	TEST(messages_do_not_mix);
	TEST(long_words_are_cut);
	return test_end();
}
