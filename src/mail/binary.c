/* binary.c - messages with NULs
 * SPDX-License-Identifier: ISC */
#include "mail/binary.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "mail/header.h"
#include "mail/mime.h"
#include "util/arena.h"
#include "wire/respcode.h"

#define LINE_OCTETS	57	/* that make a line of 76 characters */

struct writer {
	const char	*s;
	size_t		 len, pos;	/* octets of s that were written */
	const struct err *(*fn)(void *, const char *, size_t);
	void		*arg;
};

static const struct err *
no_place(void)
{
	return err_user(RESP_UNKNOWN_CTE, "A NUL octet may be in the body of a "
	    "part that is not encoded, and nowhere else");
}

/* What is not encoded, up to the octet at end. */
static const struct err *
write_plain(struct writer *w, size_t end)
{
	const char *from = w->s + w->pos;
	size_t n = end - w->pos;

	if (n == 0)
		return NULL;
	if (memchr(from, '\0', n) != NULL)
		return no_place();
	w->pos = end;
	return w->fn(w->arg, from, n);
}

static const struct err *
write_text(struct writer *w, const char *text)
{
	return w->fn(w->arg, text, strlen(text));
}

/* The part's header with the encoding that it has now. */
static const struct err *
write_header(struct writer *w, const struct mime_part *part)
{
	const char *block = w->s + part->header_off;
	const struct err *err = NULL;
	struct header_field field;
	struct header_iter it;
	bool is_mime = part->parent != NULL;

	if (memchr(block, '\0', (size_t)part->header_len) != NULL)
		return no_place();
	header_first(&it, block, (size_t)part->header_len);
	while (err == NULL && header_next(&it, &field)) {
		is_mime |= header_is(&field, "MIME-Version");
		if (!header_is(&field, "Content-Transfer-Encoding"))
			err = w->fn(w->arg, field.raw, field.raw_len);
	}
	/* RFC 2045 4: without it the field would mean nothing. */
	if (err == NULL && !is_mime)
		err = write_text(w, "MIME-Version: 1.0\r\n");
	return err != NULL ? err : write_text(w,
	    "Content-Transfer-Encoding: base64\r\n\r\n");
}

/* RFC 4648 4 */
static size_t
encode(const unsigned char *s, size_t n, char *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	char *start = out;
	uint32_t bits;

	for (; n > 0; s += 3, n -= n < 3 ? n : 3) {
		bits = (uint32_t)s[0] << 16 |
		    (n > 1 ? (uint32_t)s[1] << 8 : 0) | (n > 2 ? s[2] : 0);
		*out++ = digits[bits >> 18];
		*out++ = digits[bits >> 12 & 63];
		*out++ = n > 1 ? digits[bits >> 6 & 63] : '=';
		*out++ = n > 2 ? digits[bits & 63] : '=';
	}
	return (size_t)(out - start);
}

static const struct err *
write_body(struct writer *w, const struct mime_part *part)
{
	const unsigned char *s = (const unsigned char *)w->s + part->body_off;
	size_t len = (size_t)part->body_len, n, used;
	const struct err *err = NULL;
	char lines[64 * 80];

	while (err == NULL && len > 0) {
		used = 0;
		while (len > 0 && used + 78 <= sizeof(lines)) {
			n = len < LINE_OCTETS ? len : LINE_OCTETS;
			used += encode(s, n, lines + used);
			memcpy(lines + used, "\r\n", 2);
			used += 2;
			s += n;
			len -= n;
		}
		/* The last line's end belongs to the boundary. */
		if (len == 0 && part->parent != NULL)
			used -= 2;
		err = w->fn(w->arg, lines, used);
	}
	w->pos = (size_t)(part->body_off + part->body_len);
	return err;
}

static const struct err *
write_part(struct writer *w, const struct mime_part *part)
{
	const struct err *err;

	if (part->kind != MIME_LEAF || memchr(w->s + part->body_off, '\0',
	    (size_t)part->body_len) == NULL)
		return NULL;
	if (part->encoding != MIME_IDENTITY ||
	    part->body_off != part->header_off + part->header_len ||
	    part->header_len == 0)
		return no_place();
	err = write_plain(w, (size_t)part->header_off);
	if (err == NULL)
		err = write_header(w, part);
	return err != NULL ? err : write_body(w, part);
}

const struct err *
binary_encode(const char *s, size_t len,
    const struct err *(*fn)(void *, const char *, size_t), void *arg)
{
	struct writer w = { s, len, 0, fn, arg };
	struct arena *a = arena_new();
	const struct mime_part *root = mime_parse(a, s, len), *part = root;
	const struct err *err = NULL;

	while (part != NULL && err == NULL) {
		err = write_part(&w, part);
		if (part->child != NULL) {
			part = part->child;
			continue;
		}
		while (part != root && part->next == NULL)
			part = part->parent;
		part = part == root ? NULL : part->next;
	}
	if (err == NULL)
		err = write_plain(&w, len);
	arena_free(a);
	return err;
}
