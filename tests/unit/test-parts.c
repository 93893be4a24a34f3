/* test-parts.c - the packed form of a message's parts
 * SPDX-License-Identifier: ISC */
#include "mail/parts.h"

#include "test.h"

#define TYPE(type)	"Content-Type: " type "\r\n"

/* RFC 9051 6.4.5 has a message of this shape. */
static const char nested[] = TYPE("multipart/mixed; boundary=a") "\r\n"
    "--a\r\n\r\none\r\n"
    "--a\r\n" TYPE("application/octet-stream")
    "Content-Transfer-Encoding: base64\r\n\r\ntwo\r\n"
    "--a\r\n" TYPE("message/rfc822") "\r\n"
      "Subject: three\r\n" TYPE("multipart/mixed; boundary=b") "\r\n"
      "--b\r\n" TYPE("text/plain; charset=UTF-8 x") "\r\nthree one\r\n"
      "--b\r\n" TYPE("application/x") "\r\nthree two\r\n"
      "--b--\r\n"
    "--a\r\n" TYPE("multipart/mixed; boundary=c") "\r\n"
      "--c\r\n" TYPE("image/gif") "\r\nfour one\r\n"
      "--c\r\n" TYPE("message/rfc822") "\r\n"
	"Subject: four two\r\n" TYPE("multipart/alternative; boundary=d") "\r\n"
	"--d\r\n" TYPE("text/plain") "\r\nfour two one\r\n"
	"--d\r\n" TYPE("text/html; charset=\"iso-8859-1\"") "\r\nfour two two"
	"\r\n--d--\r\n"
      "--c--\r\n"
    "--a\r\n" TYPE("message/rfc822") "\r\n" TYPE("message/rfc822") "\r\n"
      "Subject: five\r\n\r\nfive one one\r\n"
    "--a--\r\n";

static void
pack(const char *s, size_t len, struct buf *out)
{
	struct arena *a = arena_new();

	buf_reset(out);
	parts_pack(mime_parse(a, s, len), out);
	arena_free(a);
}

/* "3.1" to numbers. */
static size_t
path_of(const char *s, uint32_t *path)
{
	size_t n = 0;
	char *end;

	while (*s != '\0') {
		path[n++] = (uint32_t)strtoul(s, &end, 10);
		s = *end == '.' ? end + 1 : end;
	}
	return n;
}

static void
parts_are_found_by_number(void)
{
	static const struct {
		const char	*path, *body;	/* where the body begins */
		enum mime_kind	 kind;
		bool		 text;
		const char	*charset;
	} table[] = {
		{ "1", "one\r\n--a", MIME_LEAF, true, "US-ASCII" },
		{ "2", "two\r\n--a", MIME_LEAF, false, "" },
		{ "3", "Subject: three\r\n", MIME_MESSAGE, false, "" },
		{ "3.1", "three one\r\n--b", MIME_LEAF, true, "UTF-8" },
		{ "3.2", "three two\r\n--b", MIME_LEAF, false, "" },
		{ "4", "--c\r\n", MIME_MULTIPART, false, "" },
		{ "4.1", "four one\r\n--c", MIME_LEAF, false, "" },
		{ "4.2", "Subject: four two\r\n", MIME_MESSAGE, false, "" },
		{ "4.2.1", "four two one\r\n--d", MIME_LEAF, true, "" },
		{ "4.2.2", "four two two\r\n--d", MIME_LEAF, true,
		    "iso-8859-1" },
		{ "5", "Content-Type: message/rfc822\r\n\r\nSubject: five",
		    MIME_MESSAGE, false, "" },
		{ "5.1", "Subject: five\r\n", MIME_MESSAGE, false, "" },
		{ "5.1.1", "five one one\r\n--a", MIME_LEAF, true, "US-ASCII" },
	};
	static const char *const missing[] = {
		"0", "6", "1.1", "1.0", "2.1", "3.3", "3.0", "3.1.1", "4.3",
		"4.2.3", "4.2.1.1", "5.2", "5.1.2", "5.1.1.1", "4294967295",
	};
	struct buf b = { 0 };
	struct part part, inner;
	uint32_t path[8];

	pack(nested, sizeof(nested) - 1, &b);
	for (size_t i = 0; i < TEST_N(table); i++) {
		TEST_ROW("%s", table[i].path);
		if (!CHECK(parts_find(b.s, b.len, path, path_of(table[i].path,
		    path), &part, &inner)))
			continue;
		CHECK_INT(part.kind, table[i].kind);
		CHECK_INT(part.is_text, table[i].text);
		CHECK_STR(part.charset, table[i].charset);
		CHECK_INT(strncmp(nested + part.body_off, table[i].body,
		    strlen(table[i].body)), 0);
		CHECK_INT(part.header_off + part.header_len, part.body_off);
		if (part.kind == MIME_MESSAGE)
			CHECK_INT(inner.header_off, part.body_off);
		CHECK(parts_find(b.s, b.len, path, path_of(table[i].path,
		    path), &part, NULL));
	}
	for (size_t i = 0; i < TEST_N(missing); i++) {
		TEST_ROW("%s", missing[i]);
		CHECK(!parts_find(b.s, b.len, path, path_of(missing[i], path),
		    &part, &inner));
	}
	buf_clear(&b);
}

static void
the_message_is_found_without_a_number(void)
{
	struct buf b = { 0 };
	struct part part, inner;

	pack(nested, sizeof(nested) - 1, &b);
	CHECK(parts_find(b.s, b.len, NULL, 0, &part, &inner));
	CHECK_INT(part.header_off, 0);
	CHECK_INT(part.body_off + part.body_len, sizeof(nested) - 1);
	CHECK_INT(inner.body_off, part.body_off);
	/* Also when it is a message in itself. */
	pack(TYPE("message/rfc822") "\r\nA: b\r\n\r\nx", 41, &b);
	CHECK(parts_find(b.s, b.len, NULL, 0, &part, &inner));
	CHECK_INT(part.kind, MIME_MESSAGE);
	CHECK_INT(inner.header_off, 0);
	CHECK(parts_find(b.s, b.len, (uint32_t[]){ 1 }, 1, &part, &inner));
	CHECK_INT(part.kind, MIME_MESSAGE);
	CHECK_INT(inner.header_off, 32);
	CHECK(parts_find(b.s, b.len, (uint32_t[]){ 1, 1 }, 2, &part, &inner));
	CHECK_INT(part.kind, MIME_LEAF);
	buf_clear(&b);
}

/* RFC 9051 6.4.5: every message has a part 1. */
static void
what_is_not_multipart_has_one_part(void)
{
	struct buf b = { 0 };
	struct part part;

	pack("A: b\r\n\r\nhello", 13, &b);
	CHECK(parts_find(b.s, b.len, (uint32_t[]){ 1 }, 1, &part, NULL));
	CHECK_INT(part.body_len, 5);
	CHECK(!parts_find(b.s, b.len, (uint32_t[]){ 2 }, 1, &part, NULL));
	CHECK(!parts_find(b.s, b.len, (uint32_t[]){ 1, 1 }, 2, &part, NULL));
	buf_clear(&b);
}

static void
all_parts_are_walked(void)
{
	static const struct {
		enum mime_kind	 kind;
		bool		 nested;
	} want[] = {
		{ MIME_MULTIPART, false },
		{ MIME_LEAF, false },
		{ MIME_LEAF, false },
		{ MIME_MESSAGE, false },
		{ MIME_MULTIPART, true },
		{ MIME_LEAF, false },
		{ MIME_LEAF, false },
		{ MIME_MULTIPART, false },
		{ MIME_LEAF, false },
		{ MIME_MESSAGE, false },
		{ MIME_MULTIPART, true },
		{ MIME_LEAF, false },
		{ MIME_LEAF, false },
		{ MIME_MESSAGE, false },
		{ MIME_MESSAGE, true },
		{ MIME_LEAF, true },
	};
	struct buf b = { 0 };
	struct part part;
	size_t pos = 0, n = 0;

	pack(nested, sizeof(nested) - 1, &b);
	while (parts_next(b.s, b.len, &pos, &part)) {
		if (!CHECK(n < TEST_N(want)))
			break;
		TEST_ROW("part %zu", n);
		CHECK_INT(part.kind, want[n].kind);
		CHECK_INT(part.nested, want[n].nested);
		if (n == 2)
			CHECK_INT(part.encoding, MIME_BASE64);
		n++;
	}
	CHECK_INT(n, TEST_N(want));
	CHECK_INT(pos, b.len);
	buf_clear(&b);
}

static void
bad_character_sets_are_left_out(void)
{
	static const struct {
		const char	*in, *want;
	} table[] = {
		{ TYPE("text/plain; charset=\"utf-8 junk\""), "utf-8" },
		{ TYPE("text/plain; charset=\"\""), "" },
		{ TYPE("text/plain; charset*=us-ascii''koi8%2Dr"), "koi8-r" },
		{ TYPE("text/plain; charset=0123456789012345678901234567890123"
		    "45678"), "012345678901234567890123456789012345678" },
		{ TYPE("text/plain; charset=0123456789012345678901234567890123"
		    "456789"), "" },
		{ TYPE("image/png; charset=utf-8"), "" },
	};
	struct buf b = { 0 };
	struct part part;

	for (size_t i = 0; i < TEST_N(table); i++) {
		TEST_ROW("%s", table[i].in);
		pack(table[i].in, strlen(table[i].in), &b);
		CHECK(parts_find(b.s, b.len, NULL, 0, &part, NULL));
		CHECK_STR(part.charset, table[i].want);
	}
	buf_clear(&b);
}

/* No cut and no flipped bit may lead outside, or to offsets that overflow. */
static void
damage_is_noticed_or_harmless(void)
{
	struct buf b = { 0 };
	struct part part, inner;
	uint32_t path[] = { 4, 2, 2 };
	size_t pos;
	char *copy;

	pack(nested, sizeof(nested) - 1, &b);
	for (size_t cut = 0; cut < b.len; cut++) {
		TEST_ROW("cut at %zu", cut);
		copy = malloc(cut + 1);
		memcpy(copy, b.s, cut);
		CHECK(cut > 100 || !parts_find(copy, cut, path, 3, &part,
		    &inner));
		for (pos = 0; parts_next(copy, cut, &pos, &part); )
			CHECK(pos <= cut);
		free(copy);
	}
	for (size_t bit = 0; bit < b.len * 8; bit++) {
		TEST_ROW("bit %zu", bit);
		b.s[bit / 8] ^= (char)(1 << bit % 8);
		parts_find(b.s, b.len, path, 3, &part, &inner);
		for (pos = 0; parts_next(b.s, b.len, &pos, &part); )
			CHECK(part.body_off + part.body_len <= INT64_MAX &&
			    part.header_off <= part.body_off &&
			    strlen(part.charset) < PARTS_CHARSET_MAX);
		b.s[bit / 8] ^= (char)(1 << bit % 8);
	}
	CHECK(!parts_find("", 0, NULL, 0, &part, &inner));
	buf_clear(&b);
}

int
main(void)
{
	TEST(parts_are_found_by_number);
	TEST(the_message_is_found_without_a_number);
	TEST(what_is_not_multipart_has_one_part);
	TEST(all_parts_are_walked);
	TEST(bad_character_sets_are_left_out);
	TEST(damage_is_noticed_or_harmless);
	return test_end();
}
