/* fuzz-html.c - the text of HTML, previews, THREADIDs
 * SPDX-License-Identifier: ISC
 *
 * The first octet chooses the size of the pieces in which the rest is fed as
 * HTML; the result must not depend on it.  The rest is a message's body too. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mail/charset.h"
#include "mail/html.h"
#include "mail/objectid.h"
#include "mail/preview.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
feed(const char *s, size_t len, size_t piece, struct buf *out)
{
	struct html h = { 0 };
	size_t n;

	for (; len > 0; s += n, len -= n) {
		n = piece < len ? piece : len;
		html_feed(&h, s, n, false, out);
	}
	html_feed(&h, s, 0, true, out);
	buf_str(out);
}

/* RFC 8970 3.3 */
static void
check_preview(const char *s, size_t len)
{
	struct arena *a = arena_new();
	struct buf b = { 0 };
	unsigned int characters = 0;
	uint32_t c;
	int n;

	preview_write(s, mime_parse(a, s, len), &b);
	for (size_t pos = 0; pos < b.len; pos += (size_t)n, characters++) {
		n = utf8_get(b.s + pos, b.len - pos, &c);
		assert(n > 0 && c >= ' ' && c != 0x7f);
		assert(c != ' ' || (pos > 0 && pos + 1 < b.len &&
		    b.s[pos + 1] != ' '));
	}
	assert(characters <= PREVIEW_MAX_CHARACTERS);
	buf_clear(&b);
	arena_free(a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char head[] = "Content-Type: text/html\r\n\r\n";
	unsigned char id[OBJECTID_OCTETS] = { 0 };
	struct buf whole = { 0 }, pieces = { 0 };
	const char *s = (const char *)data + 1;
	struct arena *a = arena_new();

	if (size > 1) {
		size--;
		feed(s, size, size, &whole);
		feed(s, size, data[0] % 16 + 1, &pieces);
		assert(whole.len == pieces.len && memcmp(whole.s, pieces.s,
		    whole.len) == 0);
		check_preview(s, size);
		buf_reset(&whole);
		buf_adds(&whole, head);
		buf_add(&whole, s, size);
		check_preview(whole.s, whole.len);
		objectid_thread(a, s, size, id, id);
	}
	buf_clear(&whole);
	buf_clear(&pieces);
	arena_free(a);
	return 0;
}
