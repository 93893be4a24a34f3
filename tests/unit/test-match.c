/* test-match.c - substring search without regard to case
 * SPDX-License-Identifier: ISC */
#include "mail/match.h"

#include <unistd.h>

#include "util/arena.h"
#include "test.h"

#define FFFD	"\357\277\275"
#define TYPE(type)	"Content-Type: " type "\r\n"

static void
text_is_case_mapped(void)
{
	static const struct {
		const char	*in, *want;
	} table[] = {
		{ "", "" },
		{ "azAZ09@[`{", "AZAZ09@[`{" },
		{ "The quick brown fox jumps over the lazy dog, 0123456789.",
		    "THE QUICK BROWN FOX JUMPS OVER THE LAZY DOG, 0123456789." },
		/* U+00E4 to U+00C4 to A U+0308 */
		{ "\303\244\303\204", "A\314\210A\314\210" },
		/* The example of RFC 5051 2: U+01C4 to D z U+030C */
		{ "\307\204\307\205\307\206", "Dz\314\214Dz\314\214Dz\314\214" },
		/* No simple titlecase: sharp s stays, a ligature comes apart. */
		{ "\303\237\357\254\201", "\303\237fi" },
		{ "\317\203\317\202\316\243", "\316\243\316\243\316\243" },
		{ "\321\217\320\257", "\320\257\320\257" },
		/* Compatibility: U+FF21, U+00BD, U+2460 */
		{ "\357\274\241\302\275\342\221\240", "A1\342\201\2042""1" },
		/* Hangul, and the longest decomposition, U+FDFA. */
		{ "\352\260\200", "\341\204\200\341\205\241" },
		{ "\357\267\272", "\330\265\331\204\331\211 "
		    "\330\247\331\204\331\204\331\207 "
		    "\330\271\331\204\331\212\331\207 "
		    "\331\210\330\263\331\204\331\205" },
		{ "a\377b\303", "A" FFFD "B" FFFD },
	};
	struct buf b = { 0 };

	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < TEST_N(table); i++) {
			TEST_ROW("%s", table[i].in);
			buf_reset(&b);
			casemap(table[i].in, strlen(table[i].in), &b);
			CHECK_STR(buf_str(&b), table[i].want);
		}
	buf_clear(&b);
}

struct row {
	const char	*needle, *in;
	bool		 want;
};

static void
utf8_is_searched(void)
{
	static const struct row rows[] = {
		{ "", "", true }, { "", "x", true }, { "x", "", false },
		{ "abc", "xABCx", true }, { "ABC", "abc", true },
		{ "abc", "ab", false }, { "abc", "abxc", false },
		{ "stra\303\237e", "STRA\303\237E", true },
		{ "\303\204rger", "der \303\244RGER", true },
		{ "a\314\210", "\303\204", true },
		{ "1/2", "\302\275", false },
		{ "\320\274\320\270\321\200", "\320\234\320\230\320\240", true },
		{ "a b", "a\r\nb", false },
	};
	struct match *m;

	for (size_t i = 0; i < TEST_N(rows); i++) {
		TEST_ROW("%s in %s", rows[i].needle, rows[i].in);
		m = match_new(COLLATION_UNICODE_CASEMAP, rows[i].needle,
		    strlen(rows[i].needle));
		CHECK_INT(match_utf8(m, rows[i].in, strlen(rows[i].in)),
		    rows[i].want);
		match_free(m);
	}
	match_free(NULL);
}

static void
headers_are_searched(void)
{
	static const struct row rows[] = {
		{ "hello world", " Hello\r\n World\r\n", true },
		{ "helloworld", " Hello\r\n World", false },
		{ "b\303\244r", " =?iso-8859-1?Q?B=C4R?=", true },
		{ "iso-8859", " =?iso-8859-1?Q?B=C4R?=", false },
		{ "foobar", "=?utf-8?q?foo?=\r\n =?utf-8?b?QkFS?=", true },
		{ "\303\244", "\344", true },
		{ "=?", "=?", true },
		{ "", "", true },
	};
	struct match *m;

	for (size_t i = 0; i < TEST_N(rows); i++) {
		TEST_ROW("%s in %s", rows[i].needle, rows[i].in);
		m = match_new(COLLATION_UNICODE_CASEMAP, rows[i].needle,
		    strlen(rows[i].needle));
		CHECK_INT(match_header(m, rows[i].in, strlen(rows[i].in)),
		    rows[i].want);
		match_free(m);
	}
}

static void
header_blocks_are_searched_by_field(void)
{
	static const char in[] = "Subject: =?utf-8?q?one?=\r\n two\r\n"
	    "X-Next: three\r\nno colon\r\n\r\nbody\r\n";
	static const struct row rows[] = {
		{ "subject: one two", NULL, true },
		{ "x-next", NULL, true }, { "no col", NULL, true },
		{ "two x-next", NULL, false }, { "twox-next", NULL, false },
		{ "body", NULL, false }, { "", NULL, true },
	};
	struct match *m;

	for (size_t i = 0; i < TEST_N(rows); i++) {
		TEST_ROW("%s", rows[i].needle);
		m = match_new(COLLATION_UNICODE_CASEMAP, rows[i].needle,
		    strlen(rows[i].needle));
		CHECK_INT(match_header_block(m, in, sizeof(in) - 1),
		    rows[i].want);
		match_free(m);
	}
}

static int
temp_file(const struct buf *b)
{
	char path[] = "/tmp/test-match.XXXXXX";
	int fd = mkstemp(path);

	if (!CHECK(fd != -1) ||
	    !CHECK(write(fd, b->s, b->len) == (ssize_t)b->len))
		exit(1);
	unlink(path);
	return fd;
}

/* Whether it is in any part's text, or in any part's header. */
static void
search(const struct buf *message, const char *needle, bool *body, bool *header)
{
	struct match *m = match_new(COLLATION_UNICODE_CASEMAP, needle,
	    strlen(needle));
	struct arena *a = arena_new();
	struct buf packed = { 0 };
	int fd = temp_file(message);
	struct part part;
	size_t pos = 0;
	bool found;

	parts_pack(mime_parse(a, message->s, message->len), &packed);
	*body = *header = false;
	while (parts_next(packed.s, packed.len, &pos, &part)) {
		CHECK_OK(match_part(m, fd, &part, &found));
		*body = *body || found;
		CHECK_OK(match_part_header(m, fd, &part, &found));
		*header = *header || found;
	}
	close(fd);
	buf_clear(&packed);
	arena_free(a);
	match_free(m);
}

static void
parts_are_searched(void)
{
	static const char in[] = "Subject: top\r\n"
	    TYPE("multipart/mixed; boundary=b") "\r\npreamble\r\n"
	    "--b\r\n" TYPE("text/plain; charset=iso-8859-1")
	    "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
	    "Gr=FC=DFe aus M=\r\n=FCnchen\r\nsecond line\r\n"
	    "--b\r\n" TYPE("text/html")
	    "Content-Transfer-Encoding: base64\r\n\r\n"
	    "PGI+Qm9sZDwv\r\nYj4=\r\n"
	    "--b\r\n" TYPE("application/octet-stream; name=secret.bin")
	    "\r\nbinary text\r\n"
	    "--b\r\n" TYPE("message/rfc822") "\r\n"
	    "Subject: =?utf-8?q?inner_subject?=\r\n\r\ninner body\r\n"
	    "--b--\r\nepilogue\r\n";
	static const struct {
		const char	*needle;
		bool		 body, header;
	} rows[] = {
		{ "", true, true },
		{ "top", false, true },
		{ "preamble", false, false }, { "epilogue", false, false },
		{ "GR\303\234\303\237E AUS M\303\234NCHEN", true, false },
		{ "m\303\274nchen\r\nSecond", true, false },
		{ "nchen second", false, false },
		{ "<b>bold</b>", true, false },
		{ "PGI+", false, false },
		{ "binary", false, false },
		{ "secret.bin", false, true },
		{ "inner subject", true, true },
		{ "inner body", true, false },
		{ "=FC", false, false },
	};
	struct buf b = { 0 };
	bool body, header;

	buf_add(&b, in, sizeof(in) - 1);
	for (size_t i = 0; i < TEST_N(rows); i++) {
		TEST_ROW("%s", rows[i].needle);
		search(&b, rows[i].needle, &body, &header);
		CHECK_INT(body, rows[i].body);
		CHECK_INT(header, rows[i].header);
	}
	buf_clear(&b);
}

/* Wherever the pieces in which a file is read meet, nothing is missed. */
static void
a_match_may_lie_across_pieces(void)
{
	struct buf b = { 0 };
	bool body, header;

	for (size_t at = 32740; at < 32780; at++) {
		TEST_ROW("at %zu", at);
		buf_reset(&b);
		buf_adds(&b, TYPE("text/plain; charset=utf-8") "\r\n");
		for (size_t i = 0; i < at; i++)
			buf_addc(&b, 'x');
		buf_adds(&b, "n\303\244dle \342\202\254");
		for (size_t i = 0; i < 40000; i++)
			buf_addc(&b, 'y');
		search(&b, "N\303\204DLE \342\202\254y", &body, &header);
		CHECK(body && !header);
		search(&b, "N\303\204DLEE", &body, &header);
		CHECK(!body);
	}
	buf_clear(&b);
}

static void
long_needles_and_long_headers_are_searched(void)
{
	struct buf b = { 0 }, needle = { 0 };
	bool body, header;

	for (int i = 0; i < 20000; i++)
		buf_addf(&needle, "%d ", i);
	buf_adds(&b, "Subject: ");
	for (int i = 0; i < 30000; i++)
		buf_addf(&b, "%d\r\n ", i);
	buf_adds(&b, "=?utf-8?q?end?=\r\n\r\n");
	for (int i = 0; i < 30000; i++)
		buf_addf(&b, "%d ", i);
	search(&b, buf_str(&needle), &body, &header);
	CHECK(body && header);
	search(&b, "29999 END", &body, &header);
	CHECK(!body && header);
	buf_adds(&needle, "x");
	search(&b, buf_str(&needle), &body, &header);
	CHECK(!body && !header);
	buf_clear(&b);
	buf_clear(&needle);
}

/* A database that promises more than the file has. */
static void
a_short_file_is_its_end(void)
{
	struct buf b = { 0 };
	struct match *m = match_new(COLLATION_UNICODE_CASEMAP, "x", 1);
	struct part part = { .kind = MIME_LEAF, .is_text = true,
	    .nested = true, .header_off = 0, .header_len = 1000000,
	    .body_off = 5, .body_len = INT64_MAX / 4 };
	bool found = true;
	int fd;

	buf_adds(&b, "A: b\r\n\r\nhello");
	fd = temp_file(&b);
	CHECK_OK(match_part(m, fd, &part, &found));
	CHECK(!found);
	part.body_off = part.header_off = INT64_MAX / 4;
	part.body_len = part.header_len = 100;
	CHECK_OK(match_part(m, fd, &part, &found));
	CHECK(!found);
	part.header_len = 1000000;
	CHECK_OK(match_part(m, fd, &part, &found));
	CHECK(!found);
	close(fd);
	CHECK(match_part(m, fd, &part, &found) != NULL);
	match_free(m);
	buf_clear(&b);
}

/* RFC 4790 9.2, 9.3; RFC 5255 4.2 */
static void
collations_compare_in_their_ways(void)
{
	static const struct {
		enum collation	 how;
		const char	*needle, *text;
		bool		 found;
	} table[] = {
		{ COLLATION_UNICODE_CASEMAP, "STRASSE \xc3\x84",
		    "strasse \xc3\xa4", true },
		{ COLLATION_ASCII_CASEMAP, "abc", "xABCx", true },
		{ COLLATION_ASCII_CASEMAP, "\xc3\x84" "b", "a\xc3\x84" "B", true },
		{ COLLATION_ASCII_CASEMAP, "\xc3\x84", "\xc3\xa4", false },
		{ COLLATION_OCTET, "abc", "xabcx", true },
		{ COLLATION_OCTET, "abc", "xABCx", false },
		{ COLLATION_OCTET, "", "x", true },
		{ COLLATION_OCTET, "\xc3\x84", "a\xc3\x84", true },
	};
	struct match *m;

	for (size_t i = 0; i < TEST_N(table); i++) {
		TEST_ROW("%d %s", (int)table[i].how, table[i].needle);
		m = match_new(table[i].how, table[i].needle,
		    strlen(table[i].needle));
		CHECK_INT(match_utf8(m, table[i].text, strlen(table[i].text)),
		    table[i].found);
		CHECK_INT(match_header(m, table[i].text,
		    strlen(table[i].text)), table[i].found);
		match_free(m);
	}
}

int
main(void)
{
	TEST(text_is_case_mapped);
	TEST(utf8_is_searched);
	TEST(headers_are_searched);
	TEST(header_blocks_are_searched_by_field);
	TEST(parts_are_searched);
	TEST(a_match_may_lie_across_pieces);
	TEST(long_needles_and_long_headers_are_searched);
	TEST(a_short_file_is_its_end);
	TEST(collations_compare_in_their_ways);
	return test_end();
}
