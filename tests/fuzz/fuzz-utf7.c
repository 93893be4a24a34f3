/* fuzz-utf7.c - what can be decoded has one form only
 * SPDX-License-Identifier: ISC */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/utf7.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
same(const struct buf *b, const char *s, size_t len)
{
	if (b->len != len || (len > 0 && memcmp(b->s, s, len) != 0))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf utf8 = { 0 }, utf7 = { 0 }, back = { 0 };
	const char *s = (const char *)data;

	if (utf7_decode(s, size, &utf8)) {
		if (!utf8_valid(utf8.s, utf8.len))
			abort();
		utf7_encode(utf8.s, utf8.len, &utf7);
		same(&utf7, s, size);
	} else if (utf8.len > 0)
		abort();
	/* The other way, whatever the octets are. */
	buf_reset(&utf7);
	utf7_encode(s, size, &utf7);
	for (size_t i = 0; i < utf7.len; i++)
		if (utf7.s[i] < 0x20 || utf7.s[i] > 0x7e)
			abort();
	buf_reset(&back);
	if (utf8_valid(s, size)) {
		if (!utf7_decode(utf7.s, utf7.len, &back))
			abort();
		same(&back, s, size);
	}
	buf_clear(&utf8);
	buf_clear(&utf7);
	buf_clear(&back);
	return 0;
}
