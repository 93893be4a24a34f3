/* test-words.c - the words of case-mapped text, and of what is looked for in it
 * SPDX-License-Identifier: ISC */
#include "mail/words.h"

#include "mail/match.h"
#include "util/buf.h"

#include "test.h"

static void
take_word(void *arg, const char *s, size_t len)
{
	buf_addf(arg, "[%.*s]", (int)len, s);
}

static void
take_gram(void *arg, const char *s, size_t len)
{
	buf_addf(arg, "<%.*s>", (int)len, s);
}

/* Pieces end where a character does. */
static const char *
split(const char *text, size_t piece)
{
	static struct buf out;
	const struct words_sink sink = { take_word, take_gram, &out };
	struct words w = { .sink = &sink };
	size_t len = strlen(text), n;

	buf_reset(&out);
	for (; len > 0; text += n, len -= n) {
		n = len < piece ? len : piece;
		while (n < len && (text[n] & 0xc0) == 0x80)
			n++;
		words_feed(&w, text, n);
	}
	words_end(&w);
	return buf_str(&out);
}

static void
text_is_split(void)
{
	static const struct {
		const char	*text, *want;
	} table[] = {
		{ "", "" }, { " ", "" }, { "A", "[A]" },
		{ "HELLO, WORLD", "[HELLO][WORLD]" },
		{ "<P CLASS=\"X\">A</P>", "[P][CLASS][X][A][P]" },
		{ "a_b-c", "[a][b][c]" },
		{ "STRA\xc3\x9f" "E\xc2\xa0X", "[STRA\xc3\x9f" "E\xc2\xa0X]" },
		/* With a digit: six octets are a word, seven are odd. */
		{ "ABC123", "[ABC123]" }, { "ABCDEFG", "[ABCDEFG]" },
		{ "ABCDEF1", "<ABC><BCD><CDE><DEF><EF1>" },
		{ "2025-11-24", "[2025][11][24]" },
		{ "1234567", "<123><234><345><456><567>" },
		/* 24 octets are a word, more are odd, at any length. */
		{ "ABCDEFGHIJKLMNOPQRSTUVWX", "[ABCDEFGHIJKLMNOPQRSTUVWX]" },
		{ "ABCDEFGHIJKLMNOPQRSTUVWXY", "<ABC><BCD><CDE><DEF><EFG><FGH>"
		    "<GHI><HIJ><IJK><JKL><KLM><LMN><MNO><NOP><OPQ><PQR><QRS>"
		    "<RST><STU><TUV><UVW><VWX><WXY>" },
		{ "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA1 B",
		    "<AAA><AAA><AAA><AAA><AAA><AAA><AAA><AAA><AAA><AAA><AAA>"
		    "<AAA><AAA><AAA><AAA><AAA><AAA><AAA><AAA><AAA><AAA><AAA>"
		    "<AAA><AAA><AAA><AAA><AAA><AAA><AAA><AAA><AAA><AAA><AAA>"
		    "<AAA><AAA><AAA><AAA><AAA><AAA><AAA><AAA><AAA><AAA><AAA>"
		    "<AAA><AAA><AAA><AAA><AAA><AAA><AAA><AAA><AA1>[B]" },
		/* Characters, not octets. */
		{ "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe3\x81\xae\xe6\x96\x87"
		    "\xe7\xab\xa0\xe3\x81\xaf\xe3\x81\x93\xe3\x81\x93",
		    "<\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e>"
		    "<\xe6\x9c\xac\xe8\xaa\x9e\xe3\x81\xae>"
		    "<\xe8\xaa\x9e\xe3\x81\xae\xe6\x96\x87>"
		    "<\xe3\x81\xae\xe6\x96\x87\xe7\xab\xa0>"
		    "<\xe6\x96\x87\xe7\xab\xa0\xe3\x81\xaf>"
		    "<\xe7\xab\xa0\xe3\x81\xaf\xe3\x81\x93>"
		    "<\xe3\x81\xaf\xe3\x81\x93\xe3\x81\x93>" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		for (size_t piece = 1; piece < 60; piece += piece < 5 ? 1 : 11)
			CHECK_STR(split(table[i].text, piece), table[i].want);
}

/* What split() calls odd is what word_is_odd() does. */
static void
odd_words_are_known(void)
{
	CHECK(!word_is_odd("ABC123", 6));
	CHECK(word_is_odd("ABC1234", 7));
	CHECK(!word_is_odd("ABCDEFGHIJKLMNOPQRSTUVWX", 24));
	CHECK(word_is_odd("ABCDEFGHIJKLMNOPQRSTUVWXY", 25));
	CHECK_INT(utf8_chars("a\xc3\x9f\xe6\x97\xa5\xf0\x9f\x98\x80", 10), 4);
	CHECK_INT(utf8_chars("", 0), 0);
}

static const char *
words_of(const char *key, size_t max)
{
	static struct buf out;
	struct key_word words[8];
	size_t n = key_words(key, strlen(key), words, max);

	buf_reset(&out);
	for (size_t i = 0; i < n; i++)
		buf_addf(&out, "%s%.*s%s ", words[i].open_left ? "*" : "",
		    (int)words[i].len, words[i].s,
		    words[i].open_right ? "*" : "");
	return buf_str(&out);
}

static void
keys_are_split(void)
{
	CHECK_STR(words_of("", 8), "");
	CHECK_STR(words_of("--", 8), "");
	CHECK_STR(words_of("MAIL", 8), "*MAIL* ");
	CHECK_STR(words_of(" MAIL", 8), "MAIL* ");
	CHECK_STR(words_of("MAIL.", 8), "*MAIL ");
	CHECK_STR(words_of("END OF A DAY", 8), "*END OF A DAY* ");
	CHECK_STR(words_of("A B C D", 2), "*A B ");
	CHECK_STR(words_of("<\xc3\x9f>", 8), "\xc3\x9f ");
}

static void
take_text(void *arg, const char *s, size_t len)
{
	buf_add(arg, s, len);
}

static void
end_text(void *arg)
{
	buf_addc(arg, '|');
}

/* All that a needle would be looked for in, and nothing is found. */
static void
a_sink_is_given_all(void)
{
	struct buf out = { 0 }, longer = { 0 };
	const struct match_sink sink = { take_text, end_text, &out };
	struct match *m = match_new_sink(&sink);

	CHECK(!match_utf8(m, "Stra\xc3\x9f" "e", 7));
	CHECK_STR(buf_str(&out), "STRA\xc3\x9f" "E|");
	buf_reset(&out);
	CHECK(!match_header_block(m, "A: x\r\n y\r\nB: =?utf-8?Q?=C3=A9?=\r\n\r\n",
	    37));
	CHECK_STR(buf_str(&out), "A: X Y|B: E\xcc\x81|");
	/* Of a long field the value is read in other pieces. */
	buf_reset(&out);
	buf_adds(&longer, "A: ");
	for (size_t i = 0; i < 40000; i++)
		buf_addc(&longer, 'x');
	buf_adds(&longer, "\r\n");
	CHECK(!match_header_block(m, longer.s, longer.len));
	CHECK_INT(out.len, 3 + 40000 + 1 + 1 + 40000 + 1);
	match_free(m);
	buf_clear(&out);
	buf_clear(&longer);
}

int
main(void)
{
	TEST(text_is_split);
	TEST(odd_words_are_known);
	TEST(keys_are_split);
	TEST(a_sink_is_given_all);
	return test_end();
}
