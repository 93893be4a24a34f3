/* preview.c - the beginning of a message's text
 * SPDX-License-Identifier: ISC */
#include "mail/preview.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "mail/charset.h"
#include "mail/decode.h"
#include "mail/html.h"
#include "mail/params.h"
#include "util/arena.h"

#define SLICE		4096	/* octets of a part that are decoded at a time */
/* Octets of all parts that are decoded in search of text; newsletters begin
 * with as much of markup. */
#define DECODE_MAX	(256 * 1024)
#define PARTS_MAX	16	/* text parts that are looked into */
#define CHARSET_SNIFF	1024	/* octets of HTML in which its set is looked for */

/* Text, as it becomes the preview. */
struct squeeze {
	struct buf	*out;
	size_t		 start;		/* of the preview in out */
	unsigned int	 characters;
	bool		 blank;		/* before the next character */
	/* Of plain text: */
	bool		 plain;
	bool		 line_start, quoted;
	bool		 with_quotes;
	char		 held[4];	/* "-- " at a line's start */
	size_t		 held_n;
	bool		 ended;		/* nothing that follows counts */
};

static bool
is_full(const struct squeeze *q)
{
	return q->ended || q->characters >= PREVIEW_MAX_CHARACTERS;
}

/* Blanks of all kinds, and what only holds a place in newsletters. */
static bool
is_blank(uint32_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || c == 0x85 || c == 0xa0 ||
	    c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 ||
	    c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000 ||
	    c == 0x2800;
}

/* Controls, and what is not seen but may turn text around. */
static bool
is_hidden(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad ||
	    c == 0x34f || c == 0x61c || c == 0x180e || c == 0x200b ||
	    c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
	    (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
	    (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe007f);
}

static void
put(struct squeeze *q, uint32_t c)
{
	if (is_full(q) || is_hidden(c))
		return;
	/* A joiner joins nothing at a word's start (newsletters do so). */
	if ((c == 0x200c || c == 0x200d) && (q->blank || q->characters == 0))
		return;
	if (q->blank && q->characters > 0) {
		if (++q->characters >= PREVIEW_MAX_CHARACTERS)
			return;
		buf_addc(q->out, ' ');
	}
	q->blank = false;
	utf8_put(c, q->out);
	q->characters++;
}

/* What was held at a line's start is text after all. */
static void
put_held(struct squeeze *q)
{
	for (size_t i = 0; i < q->held_n; i++) {
		if (q->held[i] == ' ')
			q->blank = true;
		else
			put(q, (uint32_t)(unsigned char)q->held[i]);
	}
	q->held_n = 0;
}

/* At a line's start: quotes are left out, a signature ends the text. */
static bool
line_step(struct squeeze *q, uint32_t c)
{
	if (c == '\n') {
		if (q->held_n == 3 && memcmp(q->held, "-- ", 3) == 0)
			q->ended = true;
		else
			put_held(q);
		q->line_start = true;
		q->quoted = false;
		return false;
	}
	if (!q->line_start)
		return q->quoted;
	if (c == '\r')
		return false;
	if (q->held_n < 3 && (c == '-' || c == ' ')) {
		q->held[q->held_n++] = (char)c;
		return true;
	}
	q->line_start = false;
	q->quoted = c == '>' && q->held_n == 0 && !q->with_quotes;
	put_held(q);
	return q->quoted;
}

static void
squeeze(struct squeeze *q, const char *s, size_t len)
{
	uint32_t c;
	int n;

	while (len > 0 && !is_full(q)) {
		n = utf8_get(s, len, &c);
		if (n <= 0) {
			n = 1;
			c = CHARSET_REPLACEMENT;
		}
		s += n;
		len -= (size_t)n;
		if (q->plain && line_step(q, c))
			continue;
		if (is_blank(c))
			q->blank = true;
		else
			put(q, c);
	}
}

/* --- Parts --- */

/* The set that an HTML part without a charset parameter names itself. */
static const char *
sniff_charset(struct arena *a, const struct mime_part *part, const char *s,
    size_t len)
{
	const char *found, *end;
	size_t n;

	if (part->encoding == MIME_BASE64)
		return "";
	if (len > CHARSET_SNIFF)
		len = CHARSET_SNIFF;
	found = memmem(s, len, "charset=", 8);
	if (found == NULL)
		return "";
	found += 8;
	end = s + len;
	/* In quoted-printable the '=' is "=3D"; quotes may follow. */
	if (end - found > 2 && memcmp(found, "3D", 2) == 0)
		found += 2;
	while (found < end && (*found == '"' || *found == '\''))
		found++;
	for (n = 0; found + n < end && n < 40; n++)
		if (strchr("\"' />;=\r\n", found[n]) != NULL)
			break;
	return arena_memdup(a, found, n);
}

static bool
is_html(const struct mime_part *part)
{
	return strcmp(part->subtype, "HTML") == 0;
}

/* Decode the part until the preview is full.  Returns the octets it took. */
static size_t
take_part(struct squeeze *q, const struct mime_part *part, const char *s,
    size_t max)
{
	struct arena *a = arena_new();
	const char *charset = params_get(a, part->params, part->params_n,
	    "CHARSET");
	size_t len = part->body_len < max ? (size_t)part->body_len : max;
	struct buf text = { 0 }, plain = { 0 };
	struct html html = { 0 };
	struct decoder *d;
	size_t n, done = 0;
	bool end;

	s += part->body_off;
	if (charset == NULL)
		charset = is_html(part) ? sniff_charset(a, part, s, len) : "";
	d = decoder_new(part->encoding, charset);
	q->plain = q->line_start = !is_html(part);
	q->quoted = q->ended = false;
	q->held_n = 0;
	do {
		n = len - done < SLICE ? len - done : SLICE;
		end = done + n == len;
		buf_reset(&text);
		decoder_feed(d, s + done, n, end, &text);
		done += n;
		if (q->plain) {
			squeeze(q, text.s, text.len);
			continue;
		}
		buf_reset(&plain);
		html_feed(&html, text.s, text.len, end, &plain);
		squeeze(q, plain.s, plain.len);
	} while (!end && !is_full(q));
	decoder_free(d);
	buf_clear(&text);
	buf_clear(&plain);
	arena_free(a);
	return done;
}

/* What programs and no people read is no preview: RFC 8970 3.2. */
static bool
is_armor(const struct buf *out, size_t start)
{
	static const char *const heads[] = { "-----BEGIN PGP MESSAGE",
	    "-----BEGIN PKCS7", "-----BEGIN PGP PUBLIC" };

	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++)
		if (out->len - start >= strlen(heads[i]) &&
		    memcmp(out->s + start, heads[i], strlen(heads[i])) == 0)
			return true;
	return false;
}

static bool
is_readable(const struct mime_part *part)
{
	static const char *const subtypes[] = { "PLAIN", "HTML", "MARKDOWN",
	    "X-MARKDOWN" };

	if (part->kind != MIME_LEAF || strcmp(part->type, "TEXT") != 0 ||
	    (part->disposition != NULL &&
	    strcmp(part->disposition, "ATTACHMENT") == 0))
		return false;
	for (size_t i = 0; i < sizeof(subtypes) / sizeof(*subtypes); i++)
		if (strcmp(part->subtype, subtypes[i]) == 0)
			return true;
	return false;
}

/* Outer before inner; NULL at the end. */
static const struct mime_part *
next_part(const struct mime_part *root, const struct mime_part *part)
{
	if (part->child != NULL)
		return part->child;
	while (part != root && part->next == NULL)
		part = part->parent;
	return part == root ? NULL : part->next;
}

/* The first part that gives some text. */
static bool
try_parts(struct squeeze *q, const struct mime_part *root, const char *s)
{
	size_t left = DECODE_MAX, tried = 0;

	for (const struct mime_part *part = root; part != NULL && left > 0 &&
	    tried < PARTS_MAX; part = next_part(root, part)) {
		if (!is_readable(part))
			continue;
		tried++;
		left -= take_part(q, part, s, left);
		if (q->characters > 0 && !is_armor(q->out, q->start))
			return true;
		q->out->len = q->start;
		q->characters = 0;
		q->blank = false;
	}
	return false;
}

void
preview_write(const char *s, const struct mime_part *root, struct buf *out)
{
	struct squeeze q = { .out = out, .start = out->len };

	/* An answer that only quotes: better that than nothing. */
	if (!try_parts(&q, root, s)) {
		q.with_quotes = true;
		try_parts(&q, root, s);
	}
}
