/* decode.c - transfer encodings, encoded words
 * SPDX-License-Identifier: ISC */
#include "mail/decode.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mail/charset.h"
#include "util/log.h"
#include "wire/base64.h"

#define SLICE		4096	/* octets decoded at a time */
#define QP_HELD_MAX	80	/* octets; a line has 76 (RFC 2045 6.7) */
#define WORK_SIZE	(SLICE + QP_HELD_MAX + CHARSET_HELD_MAX + 8)
#define CHARSET_NAME_MAX 64	/* octets of an encoded word's charset, with NUL */

struct base64 {
	uint32_t	acc;
	unsigned int	count;		/* sextets in acc */
};

/* Octets whose meaning depends on what follows: blanks, or "=" and more. */
struct qp {
	char		held[QP_HELD_MAX];
	size_t		n;
};

struct decoder {
	enum mime_encoding encoding;
	struct base64	 base64;
	struct qp	 qp;
	struct converter *converter;		/* NULL: octets stay as they are */
	char		 work[WORK_SIZE];	/* decoded, not yet converted */
	size_t		 work_len;
};

/* What a quantum that ends early holds. */
static size_t
base64_flush(struct base64 *b, char *out)
{
	size_t n = b->count == 2 ? 1 : b->count == 3 ? 2 : 0;

	if (n > 0)
		out[0] = (char)(b->acc >> (b->count * 6 - 8));
	if (n > 1)
		out[1] = (char)(b->acc >> 2);
	*b = (struct base64){ 0 };
	return n;
}

/* Whole quanta of digits, as far as there is nothing else; returns the octets that
 * were used. */
static size_t
base64_quanta(const char *s, size_t len, char *out)
{
	const unsigned char *c = (const unsigned char *)s;
	size_t i = 0;
	int v, w, x, y;

	for (; len - i >= 4; i += 4, out += 3) {
		v = base64_digit(c[i]);
		w = base64_digit(c[i + 1]);
		x = base64_digit(c[i + 2]);
		y = base64_digit(c[i + 3]);
		if ((v | w | x | y) < 0)
			break;
		out[0] = (char)(v << 2 | w >> 4);
		out[1] = (char)(w << 4 | x >> 2);
		out[2] = (char)(x << 6 | y);
	}
	return i;
}

/*
 * Other octets are skipped (RFC 2045 6.8).  Padding ends a quantum, not the
 * text: some programs encode in pieces.  Writes at most len + 2 octets.
 */
static size_t
base64_take(struct base64 *b, const char *s, size_t len, char *out)
{
	size_t n = 0, used;
	int v;

	for (size_t i = 0; i < len; i++) {
		if (b->count == 0) {
			used = base64_quanta(s + i, len - i, out + n);
			n += used / 4 * 3;
			i += used;
			if (i == len)
				break;
		}
		v = base64_digit((unsigned char)s[i]);
		if (v < 0) {
			if (s[i] == '=')
				n += base64_flush(b, out + n);
			continue;
		}
		b->acc = b->acc << 6 | (uint32_t)v;
		if (++b->count < 4)
			continue;
		out[n++] = (char)(b->acc >> 16);
		out[n++] = (char)(b->acc >> 8);
		out[n++] = (char)b->acc;
		*b = (struct base64){ 0 };
	}
	return n;
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Give out what is held as it is. */
static size_t
qp_flush(struct qp *q, char *out)
{
	size_t n = q->n;

	memcpy(out, q->held, n);
	q->n = 0;
	return n;
}

/*
 * c after held blanks, which a line's end makes vanish (RFC 2045 6.7 rule 3), and
 * perhaps a CR, which is one only before a LF.  True when c was used up.
 */
static bool
qp_after_blank(struct qp *q, char c, char *out, size_t *n)
{
	bool cr = q->held[q->n - 1] == '\r';

	if (c == '\n') {
		q->n = 0;
		if (cr)
			out[(*n)++] = '\r';
	} else if (!cr && (is_blank(c) || c == '\r')) {
		if (q->n == QP_HELD_MAX)
			*n += qp_flush(q, out + *n);
		q->held[q->n++] = c;
		return true;
	} else
		*n += qp_flush(q, out + *n);
	return false;
}

/*
 * c after a held "=", alone or with a digit, blanks or a CR.  What is no
 * encoding stays as it is.  True when c was used up.
 */
static bool
qp_after_equals(struct qp *q, char c, char *out, size_t *n)
{
	char last = q->held[q->n - 1];

	if (c == '\n') {
		if (q->n == 1 || is_blank(last) || last == '\r') {
			q->n = 0;
			return true;
		}
	} else if (q->n == 2 && hex_value(last) >= 0 && hex_value(c) >= 0) {
		out[(*n)++] = (char)(hex_value(last) << 4 | hex_value(c));
		q->n = 0;
		return true;
	} else if (last != '\r' && q->n < QP_HELD_MAX &&
	    ((q->n == 1 && hex_value(c) >= 0) ||
	    ((q->n == 1 || is_blank(last)) && (is_blank(c) || c == '\r')))) {
		q->held[q->n++] = c;
		return true;
	}
	*n += qp_flush(q, out + *n);
	return false;
}

/* The first c at or behind s, which at knows when it is not behind it. */
static const char *
next_octet(const char *at, const char *s, const char *end, char c)
{
	if (at >= s)
		return at;
	at = memchr(s, c, (size_t)(end - s));
	return at != NULL ? at : end;
}

/*
 * Octets that stand for themselves: up to the next "=", or to blanks at a line's
 * end or at the last octet, which may be none.
 */
static size_t
qp_plain(const char *s, size_t len)
{
	const char *line = s, *cr = NULL, *lf = NULL, *end, *p;

	end = memchr(s, '=', len);
	if (end == NULL)
		end = s + len;
	for (; line < end; line = p + 1) {
		cr = next_octet(cr, line, end, '\r');
		lf = next_octet(lf, line, end, '\n');
		p = cr < lf ? cr : lf;
		if (p == end && end < s + len)
			break;
		if (p > s && is_blank(p[-1])) {
			while (p > s && is_blank(p[-1]))
				p--;
			return (size_t)(p - s);
		}
		if (p == end)
			break;
	}
	return (size_t)(end - s);
}

/* An encoded octet or a soft line break, all three octets of it. */
static bool
qp_whole(const char *s, char *out, size_t *n)
{
	int hi, lo;

	if (s[0] != '=')
		return false;
	if (s[1] == '\r' && s[2] == '\n')
		return true;
	hi = hex_value(s[1]);
	lo = hex_value(s[2]);
	if (hi < 0 || lo < 0)
		return false;
	out[(*n)++] = (char)(hi << 4 | lo);
	return true;
}

/* Writes at most len + QP_HELD_MAX octets. */
static size_t
qp_decode(struct qp *q, const char *s, size_t len, char *out)
{
	size_t n = 0, plain;
	bool used;

	for (size_t i = 0; i < len; i++) {
		if (q->n == 0) {
			plain = qp_plain(s + i, len - i);
			memcpy(out + n, s + i, plain);
			n += plain;
			i += plain;
			if (i == len)
				break;
			if (len - i >= 3 && qp_whole(s + i, out, &n)) {
				i += 2;
				continue;
			}
		}
		used = false;
		if (q->n > 0)
			used = q->held[0] == '=' ?
			    qp_after_equals(q, s[i], out, &n) :
			    qp_after_blank(q, s[i], out, &n);
		if (used)
			continue;
		if (s[i] == '=' || is_blank(s[i]))
			q->held[q->n++] = s[i];
		else
			out[n++] = s[i];
	}
	return n;
}

/* At the text's end a soft line break has nothing to join. */
static size_t
qp_end(struct qp *q, char *out)
{
	if (q->n > 0 && q->held[0] == '=' && (q->n == 1 ||
	    hex_value(q->held[1]) < 0))
		q->n = 0;
	return qp_flush(q, out);
}

struct decoder *
decoder_new_octets(enum mime_encoding encoding)
{
	struct decoder *d = malloc(sizeof(*d));

	if (d == NULL)
		fatal("out of memory");
	d->encoding = encoding;
	d->base64 = (struct base64){ 0 };
	d->qp.n = 0;
	d->work_len = 0;
	d->converter = NULL;
	return d;
}

struct decoder *
decoder_new(enum mime_encoding encoding, const char *charset)
{
	struct decoder *d = decoder_new_octets(encoding);

	d->converter = converter_new(charset);
	return d;
}

void
decoder_free(struct decoder *d)
{
	if (d == NULL)
		return;
	converter_free(d->converter);
	free(d);
}

static size_t
transfer_decode(struct decoder *d, const char *s, size_t len, bool end,
    char *out)
{
	size_t n = 0;

	switch (d->encoding) {
	case MIME_BASE64:
		n = base64_take(&d->base64, s, len, out);
		return end ? n + base64_flush(&d->base64, out + n) : n;
	case MIME_QUOTED_PRINTABLE:
		n = qp_decode(&d->qp, s, len, out);
		return end ? n + qp_end(&d->qp, out + n) : n;
	default:
		if (len > 0)
			memcpy(out, s, len);
		return len;
	}
}

/* What was decoded goes to out.  Returns the octets of it that did. */
static size_t
convert(struct decoder *d, bool last, struct buf *out)
{
	if (d->converter != NULL)
		return converter_feed(d->converter, d->work, d->work_len, last,
		    out);
	buf_add(out, d->work, d->work_len);
	return d->work_len;
}

void
decoder_feed(struct decoder *d, const char *s, size_t len, bool end,
    struct buf *out)
{
	size_t n, used;
	bool last;

	do {
		n = len < SLICE ? len : SLICE;
		last = end && n == len;
		d->work_len += n == 0 && !last ? 0 : transfer_decode(d, s, n,
		    last, d->work + d->work_len);
		used = convert(d, last, out);
		d->work_len -= used;
		memmove(d->work, d->work + used, d->work_len);
		s += n;
		len -= n;
	} while (len > 0);
}

/* An encoded word: RFC 2047 2, RFC 2231 5. */
struct word {
	char		 charset[CHARSET_NAME_MAX];
	char		 encoding;	/* 'B' or 'Q' */
	const char	*text;
	size_t		 text_len;
	const char	*end;		/* behind it */
};

/*
 * The encoded word at s.  Blanks in its text are let pass, as many senders
 * write them; there is no '?' in it, so that each octet is looked at twice at
 * most.
 */
static bool
word_parse(const char *s, const char *end, struct word *w)
{
	const char *p = s + 2, *mark, *star;
	size_t n;

	if (end - s < 8 || s[0] != '=' || s[1] != '?')
		return false;
	mark = memchr(p, '?', (size_t)(end - p) < CHARSET_NAME_MAX ?
	    (size_t)(end - p) : CHARSET_NAME_MAX);
	if (mark == NULL || mark == p || end - mark < 4 || mark[2] != '?')
		return false;
	star = memchr(p, '*', (size_t)(mark - p));
	n = (size_t)((star == NULL ? mark : star) - p);
	if (n >= CHARSET_NAME_MAX || memchr(p, '\0', n) != NULL)
		return false;
	memcpy(w->charset, p, n);
	w->charset[n] = '\0';
	w->encoding = mark[1] == 'b' ? 'B' : mark[1] == 'q' ? 'Q' : mark[1];
	w->text = mark + 3;
	mark = memchr(w->text, '?', (size_t)(end - w->text));
	if ((w->encoding != 'B' && w->encoding != 'Q') || mark == NULL ||
	    mark + 1 >= end || mark[1] != '=')
		return false;
	w->text_len = (size_t)(mark - w->text);
	w->end = mark + 2;
	return true;
}

/* RFC 2047 4.1, 4.2 */
static void
word_decode(const struct word *w, struct buf *raw)
{
	struct base64 b = { 0 };
	const char *s = w->text;
	char *out = buf_room(raw, w->text_len + 2);
	size_t n = 0;
	int hi, lo;

	if (w->encoding == 'B') {
		n = base64_take(&b, s, w->text_len, out);
		raw->len += n + base64_flush(&b, out + n);
		return;
	}
	for (size_t i = 0; i < w->text_len; i++) {
		hi = lo = -1;
		if (s[i] == '=' && i + 2 < w->text_len) {
			hi = hex_value(s[i + 1]);
			lo = hex_value(s[i + 2]);
		}
		if (hi >= 0 && lo >= 0) {
			out[n++] = (char)(hi << 4 | lo);
			i += 2;
		} else
			out[n++] = s[i] == '_' ? ' ' : s[i];
	}
	raw->len += n;
}

/* Convert what was collected; charset NULL: text outside of words. */
static void
flush(const char *charset, const char *s, size_t len, struct buf *out)
{
	struct converter *c;

	if (len == 0)
		return;
	c = converter_new(charset);
	converter_feed(c, s, len, true, out);
	converter_free(c);
}

static bool
all_blank(const char *s, const char *end)
{
	while (s < end && (is_blank(*s) || *s == '\r' || *s == '\n'))
		s++;
	return s == end;
}

/*
 * Blanks between encoded words are none (RFC 2047 6.2).  Words of the same set
 * are converted together: some programs break a character in two.
 */
void
header_decode(const char *value, size_t len, struct buf *out)
{
	const char *s = value, *end = value + len, *plain = value;
	struct buf raw = { 0 };
	char charset[CHARSET_NAME_MAX] = "";
	struct word w;

	while (s < end && (s = memchr(s, '=', (size_t)(end - s))) != NULL) {
		if (!word_parse(s, end, &w)) {
			s++;
			continue;
		}
		if (plain == value || !all_blank(plain, s) ||
		    strcasecmp(charset, w.charset) != 0) {
			flush(charset, raw.s, raw.len, out);
			raw.len = 0;
		}
		if (plain == value || !all_blank(plain, s))
			flush(NULL, plain, (size_t)(s - plain), out);
		memcpy(charset, w.charset, sizeof(charset));
		word_decode(&w, &raw);
		s = plain = w.end;
	}
	flush(charset, raw.s, raw.len, out);
	flush(NULL, plain, (size_t)(end - plain), out);
	buf_clear(&raw);
}
