/* test-utf7.c - modified UTF-7 and UTF-8
 * SPDX-License-Identifier: ISC */
#include "wire/utf7.h"

#include "test.h"

#define S(s)	(s), sizeof(s) - 1

static const struct {
	const char	*utf7, *utf8;
} pairs[] = {
	{ "", "" },
	{ "INBOX", "INBOX" },
	{ "a&-b", "a&b" },
	{ "&-&-", "&&" },
	{ "&-AOk-", "&AOk-" },
	{ "Entw&APw-rfe", "Entw\xc3\xbcrfe" },
	/* RFC 3501 5.1.3 */
	{ "~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/"
	    "\xe5\x8f\xb0\xe5\x8c\x97/\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e" },
	{ "&U,BTF2XlZyyKng-", "\xe5\x8f\xb0\xe5\x8c\x97"
	    "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e" },
	{ "&Jjo-!", "\xe2\x98\xba!" },
	{ "&2D3eAA-", "\xf0\x9f\x98\x80" },
	{ "&2D3eANg93gA-", "\xf0\x9f\x98\x80\xf0\x9f\x98\x80" },
	{ "&IKwgrCCs-", "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac" },
	{ "&AOk-&-", "\xc3\xa9&" },
	{ "&AOk--", "\xc3\xa9-" },
	{ "-&AOk-", "-\xc3\xa9" },
	{ "&AAE-", "\x01" },
	{ "&AH8-", "\x7f" },
	{ "&,,8-", "\xef\xbf\xbf" },
	{ " !\"#$%'()*+,-./", " !\"#$%'()*+,-./" },
};

static void
both_ways_agree(void)
{
	struct buf b = { 0 };

	for (size_t i = 0; i < TEST_N(pairs); i++) {
		TEST_ROW("%s", pairs[i].utf7);
		buf_reset(&b);
		CHECK(utf7_decode(pairs[i].utf7, strlen(pairs[i].utf7), &b));
		CHECK_STR(buf_str(&b), pairs[i].utf8);
		buf_reset(&b);
		utf7_encode(pairs[i].utf8, strlen(pairs[i].utf8), &b);
		CHECK_STR(buf_str(&b), pairs[i].utf7);
	}
	buf_clear(&b);
}

static void
what_is_not_modified_utf7_is_refused(void)
{
	static const struct {
		const char	*s;
		size_t		 len;
	} table[] = {
		{ S("&") }, { S("a&") }, { S("&AOk") }, { S("&Jjo!") },
		{ S("&AGE-") },		/* "a" needs no shift */
		{ S("&ACY-") },		/* nor does "&" */
		{ S("&AOkAYQ-") },	/* a letter among others */
		{ S("&U,BTFw-&ZeVnLIqe-") },	/* one shift would do */
		{ S("&AO-") }, { S("&A-") }, { S("&AOkA-") },
		{ S("&AOl-") },		/* bits that are left over */
		{ S("&AOkAA-") }, { S("&AOk=-") }, { S("&AO k-") },
		{ S("&AO/-") },		/* ',' is the digit */
		{ S("&2D0-") }, { S("&3gA-") }, { S("&2D3YPQ-") },
		{ S("&2D0AYQ-") }, { S("&2D0A6Q-") },
		{ S("&AAA-") },		/* NUL */
		{ S("a\0b") }, { S("\n") }, { S("\x1f") }, { S("\x7f") },
		{ S("\xc3\xa9") }, { S("a\xff") }, { S("&AO\xe9-") },
	};
	struct buf b = { 0 };

	buf_adds(&b, "as it was");
	for (size_t i = 0; i < TEST_N(table); i++) {
		TEST_ROW("%s", table[i].s);
		CHECK(!utf7_decode(table[i].s, table[i].len, &b));
		CHECK_STR(buf_str(&b), "as it was");
	}
	buf_clear(&b);
}

static void
octets_that_are_not_utf8_become_a_replacement(void)
{
	struct buf b = { 0 };

	utf7_encode(S("a\xffz"), &b);
	CHECK_STR(buf_str(&b), "a&,,0-z");
	buf_reset(&b);
	utf7_encode(S("\xed\xa0\x80"), &b);
	CHECK_STR(buf_str(&b), "&,,3,,f,9-");
	buf_clear(&b);
}

static void
every_character_comes_back(void)
{
	struct buf utf8 = { 0 }, utf7 = { 0 }, back = { 0 };

	for (unsigned int c = 1; c <= 0x10ffff; c += c < 0x3000 ? 1 : 97) {
		char s[4];
		size_t n;

		if (c >= 0xd800 && c <= 0xdfff)
			continue;
		n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
		if (n == 1)
			s[0] = (char)c;
		else
			s[0] = (char)((0xf00 >> n & 0xff) | c >> 6 * (n - 1));
		for (size_t i = 1; i < n; i++)
			s[i] = (char)(0x80 | (c >> 6 * (n - 1 - i) & 0x3f));
		buf_reset(&utf8);
		buf_add(&utf8, s, n);
		buf_addc(&utf8, 'x');
		buf_add(&utf8, s, n);
		buf_reset(&utf7);
		utf7_encode(utf8.s, utf8.len, &utf7);
		buf_reset(&back);
		TEST_ROW("U+%04X", c);
		if (!CHECK(utf8_valid(utf8.s, utf8.len)) ||
		    !CHECK(utf7_decode(utf7.s, utf7.len, &back)) ||
		    !CHECK_MEM(back.s, back.len, utf8.s, utf8.len))
			break;
	}
	buf_clear(&utf8);
	buf_clear(&utf7);
	buf_clear(&back);
}

/* RFC 3629 4 */
static void
utf8_is_told_from_other_octets(void)
{
	static const struct {
		const char	*s;
		size_t		 len;
		bool		 valid;
	} table[] = {
		{ S(""), true }, { S("a"), true }, { S("\x7f"), true },
		{ S("\xc2\x80"), true }, { S("\xdf\xbf"), true },
		{ S("\xe0\xa0\x80"), true }, { S("\xed\x9f\xbf"), true },
		{ S("\xee\x80\x80"), true }, { S("\xf0\x90\x80\x80"), true },
		{ S("\xf4\x8f\xbf\xbf"), true },
		{ S("a\0b"), false }, { S("\x80"), false },
		{ S("\xc0\x80"), false }, { S("\xc1\xbf"), false },
		{ S("\xe0\x9f\xbf"), false }, { S("\xed\xa0\x80"), false },
		{ S("\xed\xbf\xbf"), false }, { S("\xf0\x8f\xbf\xbf"), false },
		{ S("\xf4\x90\x80\x80"), false }, { S("\xf5\x80\x80\x80"), false },
		{ S("\xff"), false }, { S("\xc3"), false }, { S("\xc3z"), false },
		{ S("\xe2\x82"), false }, { S("\xf0\x9f\x98"), false },
	};

	for (size_t i = 0; i < TEST_N(table); i++) {
		TEST_ROW("%s", table[i].s);
		CHECK_INT(utf8_valid(table[i].s, table[i].len), table[i].valid);
	}
}

int
main(void)
{
	TEST(both_ways_agree);
	TEST(what_is_not_modified_utf7_is_refused);
	TEST(octets_that_are_not_utf8_become_a_replacement);
	TEST(every_character_comes_back);
	TEST(utf8_is_told_from_other_octets);
	return test_end();
}
