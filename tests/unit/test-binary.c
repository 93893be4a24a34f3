/* test-binary.c - messages with NULs
 * SPDX-License-Identifier: ISC */
#include "mail/binary.h"

#include "mail/mime.h"
#include "test.h"
#include "util/arena.h"
#include "util/buf.h"

static const struct err *
collect(void *arg, const char *s, size_t len)
{
	buf_add(arg, s, len);
	return NULL;
}

#define S(s)	(s), sizeof(s) - 1

static const struct {
	const char	*in;
	size_t		 len;
	const char	*want;		/* NULL: cannot be encoded */
} table[] = {
	{ S(""), "" },
	{ S("Subject: x\r\n\r\ntext"), "Subject: x\r\n\r\ntext" },
	{ S("MIME-Version: 1.0\r\n\r\n\0"), "MIME-Version: 1.0\r\n"
	    "Content-Transfer-Encoding: base64\r\n\r\nAA==\r\n" },
	{ S("\r\na\0"), "MIME-Version: 1.0\r\n"
	    "Content-Transfer-Encoding: base64\r\n\r\nYQA=\r\n" },
	{ S("\r\na\0b"), "MIME-Version: 1.0\r\n"
	    "Content-Transfer-Encoding: base64\r\n\r\nYQBi\r\n" },
	{ S("\na\0b"), "MIME-Version: 1.0\r\n"
	    "Content-Transfer-Encoding: base64\r\n\r\nYQBi\r\n" },
	{ S("Mime-version: 1.0\r\nContent-Transfer-Encoding: 8bit\r\n"
	    "CONTENT-TRANSFER-ENCODING:\r\n binary\r\nX: y\r\n\r\n\0"),
	    "Mime-version: 1.0\r\nX: y\r\n"
	    "Content-Transfer-Encoding: base64\r\n\r\nAA==\r\n" },
	/* 57 octets make a line. */
	{ S("MIME-Version: 1.0\r\n\r\n"
	    "\0xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxy"),
	    "MIME-Version: 1.0\r\nContent-Transfer-Encoding: base64\r\n\r\n"
	    "AHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4"
	    "eHh4eHh4eHh4eHh4\r\neQ==\r\n" },
	{ S("\0"), NULL },
	{ S("X: \0\r\n\r\ntext"), NULL },
	{ S("X: \0\r\n\r\n\0"), NULL },
	{ S("Content-Transfer-Encoding: quoted-printable\r\n\r\n\0"), NULL },
	{ S("Content-Type: multipart/mixed; boundary=x\r\n\r\n\0\r\n--x\r\n"
	    "\r\ny\r\n--x--\r\n"), NULL },
};

static void
only_what_must_is_encoded(void)
{
	const struct err *err;
	struct buf b = { 0 };

	for (size_t i = 0; i < TEST_N(table); i++) {
		/* Of exactly this size, for the sanitizer. */
		char *copy = malloc(table[i].len > 0 ? table[i].len : 1);

		TEST_ROW("%zu: %s", i, table[i].in);
		memcpy(copy, table[i].in, table[i].len);
		buf_reset(&b);
		err = binary_encode(copy, table[i].len, collect, &b);
		free(copy);
		if (table[i].want == NULL)
			CHECK(err != NULL && err->kind == ERR_USER);
		else if (CHECK(err == NULL))
			CHECK_STR(buf_str(&b), table[i].want);
	}
	buf_clear(&b);
}

int
main(void)
{
	TEST(only_what_must_is_encoded);
	return test_end();
}
