/* fuzz-decode.c - transfer encodings, character sets, encoded words, search
 * SPDX-License-Identifier: ISC
 *
 * Two octets choose the encoding, the character set and the size of the pieces
 * in which the rest is fed; the result must not depend on the latter. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mail/decode.h"
#include "mail/match.h"
#include "wire/utf7.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const charsets[] = {
	"", "us-ascii", "utf-8", "iso-8859-1", "windows-1252", "x-unknown",
	"koi8-r", "gb2312", "big5", "shift_jis", "euc-kr", "euc-jp", "cp1255",
	"utf-7", "utf-16", "iso-2022-jp",
};

static void
decode(unsigned int choice, const char *s, size_t len, size_t piece,
    struct buf *out)
{
	struct decoder *d = decoder_new((enum mime_encoding)(choice & 3),
	    charsets[choice >> 2 & 15]);
	size_t n;

	for (; len > 0; s += n, len -= n) {
		n = piece < len ? piece : len;
		decoder_feed(d, s, n, false, out);
	}
	decoder_feed(d, s, 0, true, out);
	decoder_free(d);
	buf_str(out);
}

/* No NUL: utf8_valid() refuses it. */
static void
check_utf8(const struct buf *b)
{
	char *copy = malloc(b->len + 1);

	assert(copy != NULL);
	for (size_t i = 0; i < b->len; i++)
		copy[i] = b->s[i] == '\0' ? 'x' : b->s[i];
	assert(utf8_valid(copy, b->len));
	free(copy);
}

/* What is in a text is found in it; to map two pieces is to map the whole. */
static void
check_match(const struct buf *b)
{
	struct buf whole = { 0 }, pieces = { 0 };
	size_t from = b->len / 3, to = from + b->len / 4, cut = b->len / 2;
	struct match *m;

	while (from < to && (b->s[from] & 0xc0) == 0x80)
		from++;
	while (to > from && to < b->len && (b->s[to] & 0xc0) == 0x80)
		to--;
	m = match_new(COLLATION_UNICODE_CASEMAP, b->s + from, to - from);
	assert(match_utf8(m, b->s, b->len));
	match_header(m, b->s, b->len);
	match_free(m);
	while (cut > 0 && (b->s[cut] & 0xc0) == 0x80)
		cut--;
	casemap(b->s, b->len, &whole);
	casemap(b->s, cut, &pieces);
	casemap(b->s + cut, b->len - cut, &pieces);
	buf_str(&whole);
	buf_str(&pieces);
	assert(whole.len == pieces.len && memcmp(whole.s, pieces.s,
	    whole.len) == 0);
	check_utf8(&whole);
	buf_clear(&whole);
	buf_clear(&pieces);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole = { 0 }, pieces = { 0 };
	const char *s = (const char *)data + 2;

	if (size < 3)
		return 0;
	size -= 2;
	decode(data[0], s, size, size, &whole);
	decode(data[0], s, size, data[1] % 16 + 1, &pieces);
	assert(whole.len == pieces.len && memcmp(whole.s, pieces.s,
	    whole.len) == 0);
	check_utf8(&whole);
	if (whole.len > 0)
		check_match(&whole);
	buf_reset(&whole);
	header_decode(s, size, &whole);
	check_utf8(&whole);
	buf_reset(&whole);
	if (!charset_to_utf8(charsets[data[0] >> 2 & 15], s, size, &whole))
		assert(whole.len == 0);
	check_utf8(&whole);
	buf_clear(&whole);
	buf_clear(&pieces);
	return 0;
}
