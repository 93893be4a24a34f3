/* test-bodystructure.c - BODY and BODYSTRUCTURE, and all of a file's content
 * SPDX-License-Identifier: ISC */
#include "mail/bodystructure.h"

#include <unistd.h>

#include "mail/content.h"
#include "mail/parts.h"
#include "../fuzz/grammar.h"
#include "test.h"

#define TYPE(type)	"Content-Type: " type "\r\n"
#define PLAIN(size, lines) "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") " \
	"NIL NIL \"7BIT\" " size " " lines
#define NILS		" NIL NIL NIL NIL)"

struct row {
	const char	*in, *body, *structure;
};

static void
check_row(const struct row *row)
{
	struct arena *a = arena_new();
	const struct mime_part *root = mime_parse(a, row->in,
	    strlen(row->in));
	struct buf b = { 0 };
	unsigned int n;

	bodystructure_write(a, row->in, root, false, &b);
	CHECK_STR(buf_str(&b), row->body);
	CHECK(is_body(b.s, b.len, false, &n));
	buf_reset(&b);
	bodystructure_write(a, row->in, root, true, &b);
	CHECK_STR(buf_str(&b), row->structure);
	CHECK(is_body(b.s, b.len, true, &n));
	buf_clear(&b);
	arena_free(a);
}

static void
single_parts(void)
{
	static const struct row rows[] = {
		{ "", PLAIN("0", "0") ")", PLAIN("0", "0") NILS },
		{ "A: b\r\n\r\nx\r\ny", PLAIN("4", "1") ")",
		    PLAIN("4", "1") NILS },
		{ TYPE("text/html") "\r\nx",
		    "(\"TEXT\" \"HTML\" NIL NIL NIL \"7BIT\" 1 0)",
		    "(\"TEXT\" \"HTML\" NIL NIL NIL \"7BIT\" 1 0" NILS },
		{ TYPE("image/png; name=\"a\\\"b\"; x=\303\244")
		    "Content-ID: <1>\r\nContent-Description: d\r\n"
		    "Content-Transfer-Encoding: BASE64\r\n"
		    "Content-MD5: m\r\nContent-Disposition: inline\r\n"
		    "Content-Language: en\r\nContent-Location: l\r\n\r\nAA==",
		    "(\"IMAGE\" \"PNG\" (\"NAME\" \"a\\\"b\" \"X\" {2}\r\n"
		    "\303\244) \"<1>\" \"d\" \"BASE64\" 4)",
		    "(\"IMAGE\" \"PNG\" (\"NAME\" \"a\\\"b\" \"X\" {2}\r\n"
		    "\303\244) \"<1>\" \"d\" \"BASE64\" 4 \"m\" "
		    "(\"INLINE\" NIL) \"en\" \"l\")" },
		{ TYPE("a/b") "Content-Disposition: x; filename*=utf-8''a%20b"
		    "\r\nContent-Language: en, de\r\n\r\n",
		    "(\"A\" \"B\" NIL NIL NIL \"7BIT\" 0)",
		    "(\"A\" \"B\" NIL NIL NIL \"7BIT\" 0 NIL (\"X\" "
		    "(\"FILENAME*\" \"utf-8''a%20b\")) (\"en\" \"de\") NIL)" },
	};

	for (size_t i = 0; i < TEST_N(rows); i++) {
		TEST_ROW("%s", rows[i].in);
		check_row(&rows[i]);
	}
}

static void
composite_parts(void)
{
	static const struct row rows[] = {
		{ TYPE("multipart/mixed; boundary=b") "\r\n--b\r\n\r\nx\r\n"
		    "--b\r\n\r\ny\r\n\r\n--b--",
		    "(" PLAIN("1", "0") ")" PLAIN("3", "1") ") \"MIXED\")",
		    "(" PLAIN("1", "0") NILS PLAIN("3", "1") NILS " \"MIXED\" "
		    "(\"BOUNDARY\" \"b\") NIL NIL NIL)" },
		{ TYPE("multipart/alternative")
		    "Content-Disposition: inline; a=b\r\n"
		    "Content-Language: en\r\nContent-Location: l\r\n\r\n",
		    "(" PLAIN("0", "0") ") \"ALTERNATIVE\")",
		    "(" PLAIN("0", "0") NILS " \"ALTERNATIVE\" NIL "
		    "(\"INLINE\" (\"A\" \"b\")) \"en\" \"l\")" },
		{ TYPE("message/rfc822") "\r\nSubject: s\r\n\r\nx\r\n",
		    "(\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 17 (NIL \"s\" "
		    "NIL NIL NIL NIL NIL NIL NIL NIL) " PLAIN("3", "1") ") 3)",
		    "(\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 17 (NIL \"s\" "
		    "NIL NIL NIL NIL NIL NIL NIL NIL) " PLAIN("3", "1") NILS
		    " 3" NILS },
		{ TYPE("message/partial; id=x") "\r\n",
		    "(\"MESSAGE\" \"PARTIAL\" (\"ID\" \"x\") NIL NIL \"7BIT\" 0)",
		    "(\"MESSAGE\" \"PARTIAL\" (\"ID\" \"x\") NIL NIL \"7BIT\" 0"
		    NILS },
	};

	for (size_t i = 0; i < TEST_N(rows); i++) {
		TEST_ROW("%s", rows[i].in);
		check_row(&rows[i]);
	}
}

/* Two thousand messages with a thousand addresses each. */
static void
the_structure_is_bounded(void)
{
	struct buf in = { 0 }, b = { 0 };
	struct arena *a = arena_new();
	unsigned int n;

	buf_adds(&in, TYPE("multipart/digest; boundary=b") "\r\n");
	for (int i = 0; i < 1000; i++) {
		buf_adds(&in, "--b\r\n\r\nFrom: ");
		for (int j = 0; j < 1000; j++)
			buf_adds(&in, "a,");
		buf_adds(&in, "\r\n\r\n");
	}
	bodystructure_write(a, in.s, mime_parse(a, in.s, in.len), true, &b);
	CHECK(b.len < 2 * 1024 * 1024);
	CHECK(is_body(b.s, b.len, true, &n));
	/* The multipart, the messages and their texts but for the last. */
	CHECK_INT(n, MIME_PARTS_MAX);
	buf_clear(&in);
	buf_clear(&b);
	arena_free(a);
}

static int
temp_file(const char *s, size_t len)
{
	char path[] = "/tmp/test-content.XXXXXX";
	int fd = mkstemp(path);

	if (!CHECK(fd != -1) || !CHECK(write(fd, s, len) == (ssize_t)len))
		exit(1);
	unlink(path);
	return fd;
}

static void
content_is_made_of_a_file(void)
{
	static const char in[] = "From: a@b\r\nReceived: x\r\n\r\nhello\r\n";
	int fd = temp_file(in, sizeof(in) - 1);
	struct content c = { 0 };
	struct part part;

	for (int i = 0; i < 2; i++) {
		CHECK_OK(content_make(fd, sizeof(in) - 1, NULL, &c));
		CHECK(is_envelope(c.envelope.s, c.envelope.len));
		CHECK_STR(buf_str(&c.body), PLAIN("7", "1") ")");
		CHECK_STR(buf_str(&c.structure), PLAIN("7", "1") NILS);
		CHECK_STR(buf_str(&c.headers), "From: a@b\r\n\r\n");
		CHECK(parts_find(c.parts.s, c.parts.len, NULL, 0, &part,
		    NULL));
		CHECK_INT(part.body_len, 7);
	}
	CHECK_OK(content_make(fd, 0, NULL, &c));
	CHECK_STR(buf_str(&c.body), PLAIN("0", "0") ")");
	/* A file that is shorter than it should be is no SIGBUS. */
	CHECK(content_make(fd, 1000000, NULL, &c) != NULL);
	CHECK_INT(c.body.len, 0);
	close(fd);
	CHECK(content_make(fd, 10, NULL, &c) != NULL);
	content_clear(&c);
	CHECK(c.parts.s == NULL);
}

static void
a_large_file_is_read_as_well(void)
{
	struct buf in = { 0 };
	struct content c = { 0 };
	int fd;

	buf_adds(&in, "Subject: x\r\n\r\n");
	for (int i = 0; i < 100000; i++)
		buf_adds(&in, "0123456789\r\n");
	fd = temp_file(in.s, in.len);
	CHECK_OK(content_make(fd, in.len, NULL, &c));
	CHECK_STR(buf_str(&c.body), PLAIN("1200000", "100000") ")");
	close(fd);
	content_clear(&c);
	buf_clear(&in);
}

int
main(void)
{
	TEST(single_parts);
	TEST(composite_parts);
	TEST(the_structure_is_bounded);
	TEST(content_is_made_of_a_file);
	TEST(a_large_file_is_read_as_well);
	return test_end();
}
