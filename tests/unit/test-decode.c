/* test-decode.c - transfer encodings, character sets, encoded words
 * SPDX-License-Identifier: ISC */
#include "mail/decode.h"

#include "mail/charset.h"
#include "test.h"

#define FFFD	"\357\277\275"

struct row {
	enum mime_encoding encoding;
	const char	*charset, *in, *want;
};

/* Decode in pieces of so many octets. */
static void
decode(const struct row *row, size_t piece, struct buf *out)
{
	struct decoder *d = decoder_new(row->encoding, row->charset);
	size_t len = strlen(row->in), n;
	char *copy;

	buf_reset(out);
	for (size_t pos = 0; pos < len; pos += n) {
		n = piece < len - pos ? piece : len - pos;
		/* Of exactly this size, for the sanitizer. */
		copy = malloc(n);
		memcpy(copy, row->in + pos, n);
		decoder_feed(d, copy, n, false, out);
		free(copy);
	}
	decoder_feed(d, NULL, 0, true, out);
	decoder_free(d);
}

static void
check_rows(const struct row *rows, size_t n)
{
	static const size_t pieces[] = { 1, 2, 3, 7, 100000 };
	struct decoder *d;
	struct buf b = { 0 };

	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < TEST_N(pieces); j++) {
			TEST_ROW("%s by %zu", rows[i].in, pieces[j]);
			decode(&rows[i], pieces[j], &b);
			CHECK_STR(buf_str(&b), rows[i].want);
		}
		buf_reset(&b);
		d = decoder_new(rows[i].encoding, rows[i].charset);
		decoder_feed(d, rows[i].in, strlen(rows[i].in), true, &b);
		CHECK_STR(buf_str(&b), rows[i].want);
		decoder_free(d);
	}
	buf_clear(&b);
}

/* RFC 2045 6.7 */
static void
quoted_printable_is_decoded(void)
{
#define QP	MIME_QUOTED_PRINTABLE, "utf-8"
	static const struct row rows[] = {
		{ QP, "", "" },
		{ QP, "plain text\r\n", "plain text\r\n" },
		{ QP, "a=3Db=C3=A4=c3=a4", "a=b\303\244\303\244" },
		{ QP, "soft=\r\nbreak= \t\r\n=\nx=\r\n", "softbreakx" },
		{ QP, "blanks go \t \r\nat line ends \n",
		    "blanks go\r\nat line ends\n" },
		{ QP, "a  b\tc", "a  b\tc" },
		{ QP, "not =XY =4 =A =", "not =XY =4 =A " },
		{ QP, "a=4", "a=4" },
		{ QP, "a== b=\t", "a== b" },
		{ QP, "=\rx= y", "=\rx= y" },
		{ QP, "a \r\nb \t\r\r\nc \r \r\nd \r", "a\r\nb \t\r\r\n"
		    "c \r\r\nd \r" },
		{ QP, "=20\r\n=3D=3D", " \r\n==" },
		/* Blanks vanish before a line's end, which a CR is not. */
		{ QP, "a =3D b =\r\nc \rd\r\r\n x \n \t", "a = b c \rd\r\r\n "
		    "x\n \t" },
		{ QP, "line one\nline two \r\n\r\n \r\nthree=\r\n\r\n=\r",
		    "line one\nline two\r\n\r\n\r\nthree\r\n" },
		{ QP, "                                        "
		    "                                                    x",
		    "                                        "
		    "                                                    x" },
	};

	check_rows(rows, TEST_N(rows));
}

/* RFC 2045 6.8 */
static void
base64_is_decoded(void)
{
#define B64	MIME_BASE64, "utf-8"
	static const struct row rows[] = {
		{ B64, "", "" },
		{ B64, "QQ==", "A" },
		{ B64, "QUI=", "AB" },
		{ B64, "QUJD", "ABC" },
		{ B64, "Q U\r\nJ\tD\r\n", "ABC" },
		{ B64, "QUJDR", "ABC" },
		{ B64, "QUJDRA", "ABCD" },
		{ B64, "QUJDREU", "ABCDE" },
		{ B64, "QQ==QUI=\r\nQUJD", "AABABC" },
		{ B64, "!Q-U_J*D", "ABC" },
		{ B64, "====", "" },
		{ B64, "QUJDREVG\r\nR0hJSktM TU5P!UFFSU1RV=VldY",
		    "ABCDEFGHIJKLMNOPQRSTUVWX" },
		{ B64, "w6TDtg==", "\303\244\303\266" },
		{ B64, "Pz8/Pj4+", "?" "?" "?>>>" },
	};

	check_rows(rows, TEST_N(rows));
}

static void
character_sets_become_utf8(void)
{
#define ID	MIME_IDENTITY
	static const struct row rows[] = {
		{ ID, "utf-8", "\303\244\342\202\254\360\237\230\200",
		    "\303\244\342\202\254\360\237\230\200" },
		{ ID, "UTF-8", "a\303b\377\340\200\200\355\240\200", "a" FFFD
		    "b" FFFD FFFD FFFD FFFD FFFD FFFD FFFD },
		{ ID, "utf-8", "cut \342\202", "cut " FFFD FFFD },
		/* What has no name or the wrong one, but is UTF-8. */
		{ ID, "", "\303\244\344", "\303\244" FFFD },
		{ ID, "us-ascii", "\303\244\344", "\303\244" FFFD },
		{ ID, "x-unheard-of", "a\303\244", "a" FFFD FFFD },
		{ ID, "../../x", "\344", FFFD },
		{ ID, "utf-16//IGNORE", "\344", FFFD },
		{ ID, "iso-8859-1", "\344\200", "\303\244\342\202\254" },
		{ ID, "Windows-1252", "\223x\224\201",
		    "\342\200\234x\342\200\235\302\201" },
		{ ID, "iso-8859-15", "\244", "\342\202\254" },
		{ ID, "koi8-r", "\360\322\311", "\320\237\321\200\320\270" },
		{ ID, "gb2312", "\304\343", "\344\275\240" },
		{ ID, "shift_jis", "\202\240\203", "\343\201\202" FFFD },
		{ ID, "iso-2022-jp", "\033$B$\"\033(Bx", "\343\201\202x" },
		{ ID, "euc-kr", "\260\241", "\352\260\200" },
		{ ID, "utf-7", "+AOQ-x", "\303\244x" },
		/* UTF-8 to iconv(3), with code points that are none. */
		{ ID, "iso-ir-193", "a\303\244\364\237\230\200b",
		    "a\303\244\357\277\275" "b" },
		{ ID, "iso-ir-193", "\364\217\277\277x\370\210\200\200\200",
		    "\364\217\277\277x\357\277\275" },
		{ ID, "cp1255", "\340\310x\340", "\357\254\257x\327\220" },
		{ MIME_QUOTED_PRINTABLE, "iso-8859-1", "=E4 x",
		    "\303\244 x" },
		{ MIME_BASE64, "koi8-r", "8NLJ", "\320\237\321\200\320\270" },
		{ MIME_UNKNOWN, "", "as it is", "as it is" },
	};

	check_rows(rows, TEST_N(rows));
}

static void
long_text_is_decoded_in_slices(void)
{
	struct buf in = { 0 }, want = { 0 }, out = { 0 };
	struct decoder *d;

	for (int i = 0; i < 50000; i++) {
		buf_adds(&in, i % 7 == 0 ? "=\r\n" : "=E2=82=AC ");
		if (i % 7 != 0)
			buf_adds(&want, "\342\202\254 ");
	}
	buf_addc(&in, 'x');
	buf_addc(&want, 'x');
	d = decoder_new(MIME_QUOTED_PRINTABLE, "utf-8");
	decoder_feed(d, in.s, in.len, true, &out);
	CHECK_MEM(out.s, out.len, want.s, want.len);
	decoder_free(d);
	buf_clear(&in);
	buf_clear(&want);
	buf_clear(&out);
}

static void
strings_of_a_search_are_checked(void)
{
	struct buf b = { 0 };

	CHECK(charset_known("utf-8") && charset_known("US-ASCII") &&
	    charset_known("iso-8859-1") && charset_known("KOI8-R"));
	CHECK(!charset_known("") && !charset_known("nonsense") &&
	    !charset_known("utf-8//TRANSLIT") && !charset_known("../x") &&
	    !charset_known("INTERNAL") && !charset_known("WCHAR_T") &&
	    !charset_known("INT+ERNAL") && !charset_known("utf-+8"));
	buf_adds(&b, "x");
	CHECK(charset_to_utf8("UTF-8", "\303\244", 2, &b));
	CHECK(charset_to_utf8("us-ascii", "a", 1, &b));
	CHECK(charset_to_utf8("iso-8859-1", "\344", 1, &b));
	CHECK(charset_to_utf8("koi8-r", "\301", 1, &b));
	CHECK_STR(buf_str(&b), "x\303\244a\303\244\320\260");
	CHECK(!charset_to_utf8("UTF-8", "a\303", 2, &b));
	CHECK(!charset_to_utf8("US-ASCII", "\303\244", 2, &b));
	CHECK(!charset_to_utf8("shift_jis", "a\202", 2, &b));
	CHECK(!charset_to_utf8("nonsense", "a", 1, &b));
	CHECK_STR(buf_str(&b), "x\303\244a\303\244\320\260");
	buf_clear(&b);
}

/* RFC 2047 8 has the first ones. */
static void
encoded_words_are_decoded(void)
{
	static const struct {
		const char	*in, *want;
	} table[] = {
		{ "", "" },
		{ "plain", "plain" },
		{ "=?US-ASCII?Q?Keith_Moore?= <moore@cs.utk.edu>",
		    "Keith Moore <moore@cs.utk.edu>" },
		{ "=?ISO-8859-1?Q?Andr=E9?= Pirard", "Andr\303\251 Pirard" },
		{ "=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?= "
		    "=?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=",
		    "If you can read this you understand the example." },
		{ "(=?ISO-8859-1?Q?a?=)", "(a)" },
		{ "(=?ISO-8859-1?Q?a?= b)", "(a b)" },
		{ "(=?ISO-8859-1?Q?a?=  \t =?ISO-8859-1?Q?b?=)", "(ab)" },
		{ "(=?ISO-8859-1?Q?a?=\r\n\t=?ISO-8859-1?Q?b?=)", "(ab)" },
		{ "(=?ISO-8859-1?Q?a_b?=)", "(a b)" },
		{ "(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)", "(a b)" },
		{ "=?US-ASCII*EN?q?x=3Fy?=", "x?y" },
		{ "a=?utf-8?q?=C3=A4?=b", "a\303\244b" },
		/* A character in two words. */
		{ "=?utf-8?q?=E2=82?= =?UTF-8?b?rA==?=", "\342\202\254" },
		{ "=?utf-8?q?with blank?=", "with blank" },
		{ "=?utf-8?x?a?= =?utf-8?q?a =?" "? =?q?a?=",
		    "=?utf-8?x?a?= =?utf-8?q?a =?" "? =?q?a?=" },
		{ "=?=?utf-8?q?a?=", "=?a" },
		{ "=?utf-8?q?" "?=", "" },
		{ "=?nonsense?q?a=E4?=", "a" FFFD },
		{ "1=2 =?utf-8?q?=4?=", "1=2 =4" },
		/* 8-bit text outside: UTF-8, else windows-1252. */
		{ "\303\244 \344 \200", "\303\244 \303\244 \342\202\254" },
	};
	struct buf b = { 0 };

	for (size_t i = 0; i < TEST_N(table); i++) {
		TEST_ROW("%s", table[i].in);
		buf_reset(&b);
		header_decode(table[i].in, strlen(table[i].in), &b);
		CHECK_STR(buf_str(&b), table[i].want);
	}
	buf_clear(&b);
}

/* By the square of the length these would take minutes. */
static void
hostile_words_take_linear_time(void)
{
	static const char *const pieces[] = {
		"=?", "=?a?q?", "=", "=?a?b?=", "=?utf-8?q?a?= ",
		"=?aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	};
	struct buf in = { 0 }, out = { 0 };

	for (size_t i = 0; i < TEST_N(pieces); i++) {
		TEST_ROW("%s", pieces[i]);
		buf_reset(&in);
		buf_reset(&out);
		while (in.len < 2 * 1024 * 1024)
			buf_adds(&in, pieces[i]);
		header_decode(in.s, in.len, &out);
		CHECK(out.len > 0 && out.len <= 3 * in.len);
	}
	buf_clear(&in);
	buf_clear(&out);
}

/* Whether glibc has the module of a set loaded. */
static bool
is_loaded(const char *module)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[4096];
	bool found = false;

	while (maps != NULL && !found && fgets(line, sizeof(line), maps) != NULL)
		found = strstr(line, module) != NULL;
	if (maps != NULL)
		fclose(maps);
	return found;
}

/* Loading is most of the time of a word, and unloading does not wait long. */
static void
sets_stay_loaded_between_words(void)
{
	struct buf in = { 0 }, out = { 0 };
	char module[32];

	for (int round = 0; round < 2; round++)
		for (int i = 2; i < 8; i++)
			buf_addf(&in, "=?iso-8859-%d?Q?x?= ", i);
	header_decode(in.s, in.len, &out);
	CHECK_STR(buf_str(&out), "xxxxxxxxxxxx ");
	for (int i = 2; i < 8; i++) {
		snprintf(module, sizeof(module), "/ISO8859-%d.so", i);
		TEST_ROW("%s", module);
		CHECK(is_loaded(module));
	}
	charset_rest();
	buf_clear(&in);
	buf_clear(&out);
}

static void
utf8_is_read_and_written(void)
{
	static const struct {
		const char	*in;
		size_t		 len;
		int		 want;
		uint32_t	 c;
	} table[] = {
		{ "", 0, 0, 0 }, { "a", 1, 1, 'a' }, { "\0", 1, 1, 0 },
		{ "\302\200", 2, 2, 0x80 }, { "\337\277", 2, 2, 0x7ff },
		{ "\340\240\200", 3, 3, 0x800 },
		{ "\357\277\277", 3, 3, 0xffff },
		{ "\360\220\200\200", 4, 4, 0x10000 },
		{ "\364\217\277\277", 4, 4, 0x10ffff },
		{ "\302", 1, 0, 0 }, { "\360\220\200", 3, 0, 0 },
		{ "\200", 1, -1, 0 }, { "\301\277", 2, -1, 0 },
		{ "\340\237\277", 3, -1, 0 }, { "\355\240\200", 3, -1, 0 },
		{ "\360\217\277\277", 4, -1, 0 },
		{ "\364\220\200\200", 4, -1, 0 }, { "\365", 1, -1, 0 },
		{ "\302a", 2, -1, 0 },
	};
	struct buf b = { 0 };
	uint32_t c;

	for (size_t i = 0; i < TEST_N(table); i++) {
		TEST_ROW("row %zu", i);
		if (!CHECK_INT(utf8_get(table[i].in, table[i].len, &c),
		    table[i].want) || table[i].want <= 0)
			continue;
		CHECK_INT(c, table[i].c);
		buf_reset(&b);
		utf8_put(c, &b);
		CHECK_MEM(b.s, b.len, table[i].in, table[i].len);
	}
	buf_clear(&b);
}

int
main(void)
{
	TEST(quoted_printable_is_decoded);
	TEST(base64_is_decoded);
	TEST(character_sets_become_utf8);
	TEST(long_text_is_decoded_in_slices);
	TEST(strings_of_a_search_are_checked);
	TEST(encoded_words_are_decoded);
	TEST(hostile_words_take_linear_time);
	TEST(sets_stay_loaded_between_words);
	TEST(utf8_is_read_and_written);
	return test_end();
}
