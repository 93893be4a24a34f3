/* base64.c - base64 of the SASL exchange
 * SPDX-License-Identifier: ISC */
#include "wire/base64.h"

#include <stdint.h>

#define DIGITS_FOLLOW(c, v)	[c] = (v) + 1, [(c) + 1] = (v) + 2,	\
	[(c) + 2] = (v) + 3, [(c) + 3] = (v) + 4, [(c) + 4] = (v) + 5
const unsigned char base64_values[256] = {
	DIGITS_FOLLOW('A', 0), DIGITS_FOLLOW('F', 5), DIGITS_FOLLOW('K', 10),
	DIGITS_FOLLOW('P', 15), DIGITS_FOLLOW('U', 20), ['Z'] = 26,
	DIGITS_FOLLOW('a', 26), DIGITS_FOLLOW('f', 31), DIGITS_FOLLOW('k', 36),
	DIGITS_FOLLOW('p', 41), DIGITS_FOLLOW('u', 46), ['z'] = 52,
	DIGITS_FOLLOW('0', 52), DIGITS_FOLLOW('5', 57), ['+'] = 63, ['/'] = 64
};

/* RFC 4648 4; RFC 3501 9 "base64" */
bool
base64_decode(const char *s, size_t len, char *out, size_t *len_r)
{
	size_t n = 0;

	if (len % 4 != 0)
		return false;
	for (size_t i = 0; i < len; i += 4) {
		size_t pad = 0;
		uint32_t bits = 0;

		if (i + 4 == len && s[i + 3] == '=')
			pad = s[i + 2] == '=' ? 2 : 1;
		for (size_t j = 0; j < 4; j++) {
			int d = j < 4 - pad ?
			    base64_digit((unsigned char)s[i + j]) : 0;

			if (d == -1)
				return false;
			bits = bits << 6 | (uint32_t)d;
		}
		/* RFC 4648 3.5: bits that are not used must be zero, or two
		 * strings would mean the same. */
		if ((bits & ((1u << 8 * pad) - 1)) != 0)
			return false;
		for (size_t j = 0; j < 3 - pad; j++)
			out[n++] = (char)(bits >> (16 - 8 * j) & 0xff);
	}
	*len_r = n;
	return true;
}

void
base64_encode(const char *s, size_t len, struct buf *b)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		uint32_t bits = 0;

		for (size_t j = 0; j < 3; j++)
			bits = bits << 8 |
			    (j < n ? (unsigned char)s[i + j] : 0);
		for (size_t j = 0; j < 4; j++)
			buf_addc(b, j <= n ? digits[bits >> (18 - 6 * j) & 63] :
			    '=');
	}
}
