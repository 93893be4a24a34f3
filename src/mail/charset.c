/* charset.c - character sets to UTF-8
 * SPDX-License-Identifier: ISC */
#include "mail/charset.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mail/decode.h"
#include "util/log.h"

#define NAME_MAX_OCTETS	40

enum kind {
	UTF8,		/* as it is, when it is valid */
	US_ASCII,	/* the same: many send UTF-8 under this name */
	UNKNOWN,
	WINDOWS_1252,	/* and ISO-8859-1, whose controls nobody sends */
	ICONV
};

struct converter {
	enum kind	kind;
	iconv_t		cd;
	bool		known, failed;
	bool		fallback;	/* of UTF8, to WINDOWS_1252 */
	bool		single;		/* of ICONV: octet by octet */
	char		name[NAME_MAX_OCTETS + 1];	/* of ICONV */
};

/*
 * What iconv_open() gave, one for each name that was met, and used no more: as
 * long as it is open glibc does not unload what the set needs.  Each word of a
 * header can name another set, and to load it takes 60 us.  glibc knows 1,180
 * names.
 */
struct pin {
	char		name[NAME_MAX_OCTETS + 1];
	iconv_t		cd;
};
#define PINS_MAX	2048
static struct pin *pins;
static size_t pins_n, pins_size;

/* U+0080..U+009F of windows-1252; what it leaves out are the C1 controls. */
static const uint16_t windows_1252[32] = {
	0x20ac, 0x0081, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
	0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x008d, 0x017d, 0x008f,
	0x0090, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
	0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x009d, 0x017e, 0x0178
};

/*
 * Names that need no iconv(3), names that mail has for what iconv calls
 * otherwise, and sets whose text is often in a larger one.
 */
static const struct {
	const char	*name;
	enum kind	 kind;
	const char	*iconv;
} names[] = {
	{ "", US_ASCII, NULL },
	{ "us-ascii", US_ASCII, NULL },
	{ "ascii", US_ASCII, NULL },
	{ "ansi_x3.4-1968", US_ASCII, NULL },
	{ "utf-8", UTF8, NULL },
	{ "utf8", UTF8, NULL },
	{ "iso-8859-1", WINDOWS_1252, NULL },
	{ "iso8859-1", WINDOWS_1252, NULL },
	{ "iso_8859-1", WINDOWS_1252, NULL },
	{ "latin1", WINDOWS_1252, NULL },
	{ "windows-1252", WINDOWS_1252, NULL },
	{ "cp1252", WINDOWS_1252, NULL },
	{ "gb2312", ICONV, "GB18030" },
	{ "gbk", ICONV, "GB18030" },
	{ "x-gbk", ICONV, "GB18030" },
	{ "hz-gb-2312", ICONV, "HZ" },
	{ "iso-8859-8-i", ICONV, "ISO-8859-8" },
	{ "iso-8859-8-e", ICONV, "ISO-8859-8" },
	{ "ks_c_5601-1987", ICONV, "CP949" },
	{ "ks_c_5601", ICONV, "CP949" },
	{ "euc-kr", ICONV, "CP949" },
	{ "shift_jis", ICONV, "CP932" },
	{ "x-sjis", ICONV, "CP932" },
	{ "iso-2022-jp", ICONV, "ISO-2022-JP-2" },
	{ "unicode-1-1-utf-7", ICONV, "UTF-7" },
	{ "x-mac-roman", ICONV, "MACINTOSH" },
};

int
utf8_get(const char *str, size_t len, uint32_t *c_r)
{
	const unsigned char *s = (const unsigned char *)str;
	uint32_t c, min;
	int n;

	if (len == 0)
		return 0;
	if (s[0] < 0x80) {
		*c_r = s[0];
		return 1;
	}
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return -1;
	n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	min = n == 2 ? 0x80 : n == 3 ? 0x800 : 0x10000;
	c = s[0] & (0x7f >> n);
	for (int i = 1; i < n; i++) {
		if ((size_t)i == len)
			return 0;
		if ((s[i] & 0xc0) != 0x80)
			return -1;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < min || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return -1;
	*c_r = c;
	return n;
}

void
utf8_put(uint32_t c, struct buf *out)
{
	char *p = buf_room(out, 4);
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	for (size_t i = n - 1; i > 0; i--, c >>= 6)
		p[i] = (char)(0x80 | (c & 0x3f));
	p[0] = (char)(n == 1 ? c : (0xf00u >> n & 0xf0) | c);
	out->len += n;
}

uint32_t
charset_1252(unsigned char c)
{
	return c >= 0x80 && c < 0xa0 ? windows_1252[c - 0x80] : c;
}

static void
put_1252(unsigned char c, struct buf *out)
{
	utf8_put(charset_1252(c), out);
}

/*
 * A name comes from mail: nothing but what names are made of reaches iconv(3),
 * no "//IGNORE", no path, and none of the characters that glibc leaves out of a
 * name, so that "UT+F-8" is another way to write it.  The sets left out are no
 * character sets of mail, and ISO-2022-CN-EXT has a record of writing behind its
 * buffer.
 */
static bool
name_is_safe(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > NAME_MAX_OCTETS || strspn(name,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	    "-_.:") != len || name[0] == '.')
		return false;
	return strcasecmp(name, "INTERNAL") != 0 &&
	    strcasecmp(name, "WCHAR_T") != 0 &&
	    strcasecmp(name, "ISO-2022-CN-EXT") != 0 &&
	    strcasecmp(name, "ISO2022CNEXT") != 0;
}

/* Keep it, unless there is one with this name. */
static bool
pin(const char *name, iconv_t cd)
{
	for (size_t i = 0; i < pins_n; i++)
		if (strcasecmp(pins[i].name, name) == 0)
			return false;
	if (pins_n == PINS_MAX)
		return false;
	if (pins_n == pins_size) {
		pins_size = pins_size == 0 ? 8 : pins_size * 2;
		pins = reallocarray(pins, pins_size, sizeof(*pins));
		if (pins == NULL)
			fatal("out of memory");
	}
	strlcpy(pins[pins_n].name, name, sizeof(pins[pins_n].name));
	pins[pins_n++].cd = cd;
	return true;
}

void
charset_rest(void)
{
	while (pins_n > 0)
		iconv_close(pins[--pins_n].cd);
	free(pins);
	pins = NULL;
	pins_size = 0;
}

struct converter *
converter_new(const char *charset)
{
	struct converter *c = calloc(1, sizeof(*c));
	const char *name = charset;

	if (c == NULL)
		fatal("out of memory");
	c->kind = charset == NULL ? UTF8 : ICONV;
	c->known = c->fallback = charset == NULL;
	if (charset == NULL)
		return c;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasecmp(charset, names[i].name) == 0) {
			c->kind = names[i].kind;
			name = names[i].iconv;
			c->known = true;
			break;
		}
	if (c->kind != ICONV)
		return c;
	c->cd = name_is_safe(name) ? iconv_open("UTF-8", name) : (iconv_t)-1;
	c->known = c->cd != (iconv_t)-1;
	if (c->known)
		strlcpy(c->name, name, sizeof(c->name));
	/* At a lone surrogate glibc's goes back in the input, but not in its
	 * state: the result would tell where the input was broken. */
	c->single = strcasecmp(name, "UTF-7") == 0 ||
	    strcasecmp(name, "UTF7") == 0;
	if (!c->known)
		c->kind = UNKNOWN;
	return c;
}

void
converter_free(struct converter *c)
{
	if (c == NULL)
		return;
	if (c->kind == ICONV && !pin(c->name, c->cd))
		iconv_close(c->cd);
	free(c);
}

static void
put_bad(struct converter *c, struct buf *out)
{
	c->failed = true;
	utf8_put(CHARSET_REPLACEMENT, out);
}

/* How many octets from s on are US-ASCII. */
static size_t
ascii_span(const char *s, size_t len)
{
	size_t n = 0;
	uint64_t w;

	for (; n + sizeof(w) <= len; n += sizeof(w)) {
		memcpy(&w, s + n, sizeof(w));
		if (w & UINT64_C(0x8080808080808080))
			break;
	}
	while (n < len && (unsigned char)s[n] < 0x80)
		n++;
	return n;
}

static size_t
feed_utf8(struct converter *c, const char *s, size_t len, bool end,
    struct buf *out)
{
	size_t pos = 0, run;
	uint32_t cp;
	int n;

	while (pos < len) {
		run = ascii_span(s + pos, len - pos);
		buf_add(out, s + pos, run);
		pos += run;
		n = utf8_get(s + pos, len - pos, &cp);
		if (n > 0) {
			buf_add(out, s + pos, (size_t)n);
			pos += (size_t)n;
			continue;
		}
		if (pos == len || (n == 0 && !end))
			break;
		if (c->fallback)
			put_1252((unsigned char)s[pos], out);
		else
			put_bad(c, out);
		pos++;
	}
	return pos;
}

static size_t
feed_octets(struct converter *c, const char *s, size_t len, struct buf *out)
{
	size_t pos = 0, run;

	while (pos < len) {
		run = ascii_span(s + pos, len - pos);
		buf_add(out, s + pos, run);
		pos += run;
		if (pos == len)
			break;
		if (c->kind == WINDOWS_1252)
			put_1252((unsigned char)s[pos], out);
		else
			put_bad(c, out);
		pos++;
	}
	return len;
}

/*
 * glibc knows UTF-8 and UCS-4 by more names than are listed above, and takes code
 * points to 2^31 - 1 from them: those that are none become U+FFFD.
 */
static void
mend(struct buf *out, size_t from)
{
	size_t pos = from, to = from;
	uint32_t c;
	int n;

	while (pos < out->len && (unsigned char)out->s[pos] < 0xed)
		pos++;
	if (pos == out->len)
		return;
	for (to = pos; pos < out->len; pos += (size_t)n) {
		n = utf8_get(out->s + pos, out->len - pos, &c);
		if (n > 0) {
			memmove(out->s + to, out->s + pos, (size_t)n);
			to += (size_t)n;
			continue;
		}
		/* Three octets, where there were three at least. */
		for (n = 1; pos + (size_t)n < out->len &&
		    (out->s[pos + (size_t)n] & 0xc0) == 0x80; n++)
			;
		if (n >= 3)
			memcpy(out->s + to, "\xef\xbf\xbd", 3);
		else
			memset(out->s + to, '?', (size_t)n);
		to += n >= 3 ? 3 : (size_t)n;
	}
	out->len = to;
}

static size_t
feed_iconv(struct converter *c, const char *s, size_t len, bool end,
    struct buf *out)
{
	char *in = (char *)(uintptr_t)s, *to;
	size_t left = len, room, size, now, given, few = 1;
	bool ok;

	while (left > 0) {
		given = now = c->single ? few : left;
		size = room = given * 2 + 64;
		to = buf_room(out, room);
		errno = 0;
		ok = iconv(c->cd, &in, &now, &to, &room) != (size_t)-1;
		left -= given - now;
		out->len += size - room;
		mend(out, out->len - (size - room));
		/* An octet that means nothing without the next, such as "+". */
		if (!ok && errno == EINVAL && now == given && given < left &&
		    few < CHARSET_HELD_MAX) {
			few++;
			continue;
		}
		few = 1;
		if (ok)
			continue;
		if (errno == E2BIG && room < size)
			continue;
		if (errno == EINVAL && !end && left < CHARSET_HELD_MAX)
			return len - left;
		put_bad(c, out);
		in++;
		left--;
	}
	if (end) {
		/* What the set kept back, such as a base letter (CP1255). */
		size = room = 64;
		to = buf_room(out, room);
		iconv(c->cd, NULL, NULL, &to, &room);
		out->len += size - room;
	}
	return len;
}

size_t
converter_feed(struct converter *c, const char *s, size_t len, bool end,
    struct buf *out)
{
	switch (c->kind) {
	case UTF8:
	case US_ASCII:
		return feed_utf8(c, s, len, end, out);
	case ICONV:
		return feed_iconv(c, s, len, end, out);
	default:
		return feed_octets(c, s, len, out);
	}
}

bool
charset_known(const char *charset)
{
	struct converter *c = converter_new(charset);
	bool known = charset[0] != '\0' && c->known;

	converter_free(c);
	return known;
}

bool
charset_to_utf8(const char *charset, const char *s, size_t len,
    struct buf *out)
{
	struct converter *c = converter_new(charset);
	size_t start = out->len;
	bool ok = c->known && (c->kind != US_ASCII ||
	    ascii_span(s, len) == len);

	converter_feed(c, s, len, true, out);
	ok = ok && !c->failed;
	converter_free(c);
	if (!ok)
		out->len = start;
	return ok;
}
