/* utf7.c - modified UTF-7 of mailbox names
 * SPDX-License-Identifier: ISC */
#include "wire/utf7.h"
#include "wire/base64.h"

#include <stdint.h>
#include <string.h>

/* RFC 3501 5.1.3: BASE64 with ',' for '/' */
static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

#define REPLACEMENT	0xfffd

/* RFC 3501 5.1.3: the alphabet of base64, but ',' stands for '/'. */
static int
digit_value(unsigned char c)
{
	return c == ',' ? 63 : c == '/' ? -1 : base64_digit(c);
}

/*
 * Decode one character of len octets at s (len > 0): RFC 3629 4.  Returns its
 * octets; 0 when there is none: a stray or missing octet, a longer form than
 * need be, a surrogate, above U+10FFFF.
 */
static size_t
utf8_get(const unsigned char *s, size_t len, uint32_t *c_r)
{
	size_t n;
	uint32_t c, min;

	if (s[0] < 0x80) {
		*c_r = s[0];
		return 1;
	}
	if (s[0] >= 0xc2 && s[0] <= 0xdf) {
		n = 2; c = s[0] & 0x1f; min = 0x80;
	} else if (s[0] >= 0xe0 && s[0] <= 0xef) {
		n = 3; c = s[0] & 0x0f; min = 0x800;
	} else if (s[0] >= 0xf0 && s[0] <= 0xf4) {
		n = 4; c = s[0] & 0x07; min = 0x10000;
	} else
		return 0;
	if (len < n)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < min || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*c_r = c;
	return n;
}

static void
utf8_put(struct buf *b, uint32_t c)
{
	if (c < 0x80)
		buf_addc(b, (char)c);
	else if (c < 0x800) {
		buf_addc(b, (char)(0xc0 | c >> 6));
		buf_addc(b, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		buf_addc(b, (char)(0xe0 | c >> 12));
		buf_addc(b, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_addc(b, (char)(0x80 | (c & 0x3f)));
	} else {
		buf_addc(b, (char)(0xf0 | c >> 18));
		buf_addc(b, (char)(0x80 | (c >> 12 & 0x3f)));
		buf_addc(b, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_addc(b, (char)(0x80 | (c & 0x3f)));
	}
}

bool
utf8_valid(const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s;
	uint32_t c;
	size_t n;

	for (size_t i = 0; i < len; i += n) {
		n = utf8_get(p + i, len - i, &c);
		if (n == 0 || c == 0)
			return false;
	}
	return true;
}

/* A UTF-16 unit of a shifted sequence; *high holds a surrogate that waits. */
static bool
unit_put(struct buf *b, uint32_t unit, uint32_t *high)
{
	if (*high != 0) {
		if (unit < 0xdc00 || unit > 0xdfff)
			return false;
		utf8_put(b, 0x10000 + ((*high - 0xd800) << 10) +
		    (unit - 0xdc00));
		*high = 0;
		return true;
	}
	if (unit >= 0xd800 && unit <= 0xdbff) {
		*high = unit;
		return true;
	}
	if (unit == 0 || (unit >= 0x20 && unit <= 0x7e) ||
	    (unit >= 0xdc00 && unit <= 0xdfff))
		return false;
	utf8_put(b, unit);
	return true;
}

/* From behind '&' through '-'.  Returns the octets read, 0 when it is wrong. */
static size_t
shifted_decode(const unsigned char *s, size_t len, struct buf *b)
{
	uint32_t bits = 0, high = 0;
	unsigned int n = 0;	/* valid bits */
	size_t i;
	int v;

	for (i = 0; i < len && s[i] != '-'; i++) {
		v = digit_value(s[i]);
		if (v == -1)
			return 0;
		bits = (bits & 0xffff) << 6 | (uint32_t)v;
		n += 6;
		if (n >= 16) {
			n -= 16;
			if (!unit_put(b, bits >> n & 0xffff, &high))
				return 0;
		}
	}
	/* The bits that are left must be padding, less than a digit, all 0. */
	if (i == len || high != 0 || n >= 6 || (bits & ((1u << n) - 1)) != 0)
		return 0;
	return i + 1;
}

static bool
decode(const unsigned char *s, size_t len, struct buf *b)
{
	bool shifted = false;	/* s[i - 1] ends a shifted sequence */
	size_t n;

	for (size_t i = 0; i < len; i += n) {
		n = 1;
		if (s[i] < 0x20 || s[i] > 0x7e)
			return false;
		if (s[i] != '&') {
			buf_addc(b, (char)s[i]);
			shifted = false;
		} else if (i + 1 < len && s[i + 1] == '-') {
			buf_addc(b, '&');
			n = 2;
			shifted = false;
		} else {
			/* Two in a row could be one: a superfluous shift. */
			n = shifted ? 0 :
			    shifted_decode(s + i + 1, len - i - 1, b);
			if (n == 0)
				return false;
			n++;
			shifted = true;
		}
	}
	return true;
}

bool
utf7_decode(const char *s, size_t len, struct buf *b)
{
	size_t start = b->len;

	if (decode((const unsigned char *)s, len, b))
		return true;
	b->len = start;
	return false;
}

struct shift {
	uint32_t	bits;
	unsigned int	n;	/* valid bits, below 6 between units */
};

static void
unit_encode(struct shift *sh, uint32_t unit, struct buf *b)
{
	sh->bits = (sh->bits & 0x3f) << 16 | unit;
	sh->n += 16;
	while (sh->n >= 6) {
		sh->n -= 6;
		buf_addc(b, digits[sh->bits >> sh->n & 0x3f]);
	}
}

static void
shift_end(struct shift *sh, struct buf *b)
{
	if (sh->n > 0)
		buf_addc(b, digits[sh->bits << (6 - sh->n) & 0x3f]);
	buf_addc(b, '-');
	*sh = (struct shift){ 0 };
}

void
utf7_encode(const char *str, size_t len, struct buf *b)
{
	const unsigned char *s = (const unsigned char *)str;
	struct shift sh = { 0 };
	bool shifted = false;
	uint32_t c;
	size_t n;

	for (size_t i = 0; i < len; i += n) {
		n = utf8_get(s + i, len - i, &c);
		if (n == 0) {
			n = 1;
			c = REPLACEMENT;
		}
		if (c >= 0x20 && c <= 0x7e) {
			if (shifted)
				shift_end(&sh, b);
			shifted = false;
			buf_addc(b, (char)c);
			if (c == '&')
				buf_addc(b, '-');
			continue;
		}
		if (!shifted)
			buf_addc(b, '&');
		shifted = true;
		if (c >= 0x10000) {
			unit_encode(&sh, 0xd800 + ((c - 0x10000) >> 10), b);
			unit_encode(&sh, 0xdc00 + ((c - 0x10000) & 0x3ff), b);
		} else
			unit_encode(&sh, c, b);
	}
	if (shifted)
		shift_end(&sh, b);
}
