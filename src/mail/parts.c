/* parts.c - where a message's parts are, packed
 * SPDX-License-Identifier: ISC
 *
 * The packed form: one octet PACK_VERSION, then a record for each part, outer
 * before inner.  A record is one octet of flags, one octet of depth, four
 * numbers (header_off, header_len, body_off - header_off - header_len,
 * body_len) of seven bits an octet, low ones first, the top bit set in all but
 * the last; then, when there is a character set, its length and octets. */
#include "mail/parts.h"

#include <string.h>

#include "mail/params.h"

#define PACK_VERSION	1
#define DEPTH_MAX	(MIME_DEPTH_MAX + 2)
#define NUMBER_MAX	(INT64_MAX / 4)	/* so that four of them fit 63 bits */

#define F_KIND		0x03
#define F_ENCODING_SHIFT 2
#define F_TEXT		0x10
#define F_CHARSET	0x20
#define F_NESTED	0x40
#define F_UNKNOWN	0x80

static void
pack_number(struct buf *out, uint64_t n)
{
	for (; n >= 0x80; n >>= 7)
		buf_addc(out, (char)(0x80 | (n & 0x7f)));
	buf_addc(out, (char)n);
}

/* The character set, when it can be one; 0 when there is none. */
static size_t
pack_charset(const struct mime_part *part, char out[PARTS_CHARSET_MAX])
{
	struct arena *a = arena_new();
	const char *s = params_get(a, part->params, part->params_n, "CHARSET");
	size_t n = 0;

	/* "utf-8 format=flowed" for want of a semicolon is utf-8. */
	if (s != NULL)
		n = strcspn(s, " \t\r\n,\"'");
	if (n >= PARTS_CHARSET_MAX)
		n = 0;
	if (n > 0)
		memcpy(out, s, n);
	arena_free(a);
	return n;
}

static void
pack_part(const struct mime_part *part, unsigned int depth, struct buf *out)
{
	char charset[PARTS_CHARSET_MAX];
	bool text = strcmp(part->type, "TEXT") == 0;
	size_t n = text && part->params_n > 0 ? pack_charset(part, charset) :
	    0;
	bool nested = part->parent != NULL &&
	    part->parent->kind == MIME_MESSAGE;

	buf_addc(out, (char)((int)part->kind |
	    (int)part->encoding << F_ENCODING_SHIFT | (text ? F_TEXT : 0) |
	    (n > 0 ? F_CHARSET : 0) | (nested ? F_NESTED : 0)));
	buf_addc(out, (char)depth);
	pack_number(out, part->header_off);
	pack_number(out, part->header_len);
	pack_number(out, part->body_off - part->header_off - part->header_len);
	pack_number(out, part->body_len);
	if (n > 0) {
		buf_addc(out, (char)n);
		buf_add(out, charset, n);
	}
}

void
parts_pack(const struct mime_part *root, struct buf *out)
{
	const struct mime_part *part = root;
	unsigned int depth = 0;

	buf_addc(out, PACK_VERSION);
	while (part != NULL) {
		pack_part(part, depth, out);
		if (part->child != NULL) {
			part = part->child;
			depth++;
			continue;
		}
		while (part != root && part->next == NULL) {
			part = part->parent;
			depth--;
		}
		part = part == root ? NULL : part->next;
	}
}

struct record {
	struct part	part;
	unsigned int	depth;
};

struct reader {
	const unsigned char *s;
	size_t		 len, pos;
};

static bool
read_octet(struct reader *r, unsigned int *n_r)
{
	if (r->pos >= r->len)
		return false;
	*n_r = r->s[r->pos++];
	return true;
}

static bool
read_number(struct reader *r, uint64_t *n_r)
{
	uint64_t n = 0;
	unsigned int c, shift = 0;

	do {
		if (shift > 56 || !read_octet(r, &c))
			return false;
		n |= (uint64_t)(c & 0x7f) << shift;
		shift += 7;
	} while (c & 0x80);
	*n_r = n;
	return n <= NUMBER_MAX;
}

static bool
read_charset(struct reader *r, char charset[PARTS_CHARSET_MAX])
{
	unsigned int n;

	if (!read_octet(r, &n) || n >= PARTS_CHARSET_MAX ||
	    n > r->len - r->pos)
		return false;
	memcpy(charset, r->s + r->pos, n);
	charset[n] = '\0';
	r->pos += n;
	return true;
}

/* The next record; false at the end or when it makes no sense. */
static bool
read_record(struct reader *r, struct record *rec)
{
	struct part *p = &rec->part;
	unsigned int flags, version;
	uint64_t gap;

	*rec = (struct record){ 0 };
	if (r->pos == 0 && (!read_octet(r, &version) ||
	    version != PACK_VERSION))
		return false;
	if (!read_octet(r, &flags) || !read_octet(r, &rec->depth) ||
	    !read_number(r, &p->header_off) ||
	    !read_number(r, &p->header_len) || !read_number(r, &gap) ||
	    !read_number(r, &p->body_len))
		return false;
	if ((flags & F_UNKNOWN) || (flags & F_KIND) > MIME_MESSAGE ||
	    rec->depth > DEPTH_MAX)
		return false;
	p->kind = (enum mime_kind)(flags & F_KIND);
	p->encoding = (enum mime_encoding)(flags >> F_ENCODING_SHIFT & 3);
	p->is_text = flags & F_TEXT;
	p->nested = flags & F_NESTED;
	p->body_off = p->header_off + p->header_len + gap;
	return !(flags & F_CHARSET) || read_charset(r, p->charset);
}

/* Go on to the child number k of the record before, which has this depth. */
static bool
read_child(struct reader *r, unsigned int depth, uint32_t k,
    struct record *rec)
{
	while (read_record(r, rec)) {
		if (rec->depth <= depth)
			return false;
		if (rec->depth == depth + 1 && --k == 0)
			return true;
	}
	return false;
}

/*
 * The part number k of the message whose root is rec: a part of a multipart,
 * or the only one.
 */
static bool
step_message(struct reader *r, struct record *rec, uint32_t k)
{
	if (rec->part.kind == MIME_MULTIPART)
		return read_child(r, rec->depth, k, rec);
	return k == 1;
}

static bool
step(struct reader *r, struct record *rec, uint32_t k)
{
	switch (rec->part.kind) {
	case MIME_MULTIPART:
		return read_child(r, rec->depth, k, rec);
	case MIME_MESSAGE:
		return read_child(r, rec->depth, 1, rec) &&
		    step_message(r, rec, k);
	default:
		return false;
	}
}

bool
parts_find(const void *packed, size_t len, const uint32_t *path, size_t n,
    struct part *part_r, struct part *inner_r)
{
	struct reader r = { packed, len, 0 };
	struct record rec, inner;

	if (!read_record(&r, &rec) || rec.depth != 0)
		return false;
	inner = rec;
	for (size_t i = 0; i < n; i++) {
		if (path[i] == 0)
			return false;
		if (!(i == 0 ? step_message(&r, &rec, path[i]) :
		    step(&r, &rec, path[i])))
			return false;
	}
	if (n > 0 && rec.part.kind == MIME_MESSAGE &&
	    !read_child(&r, rec.depth, 1, &inner))
		return false;
	*part_r = rec.part;
	if (inner_r != NULL && (n == 0 || rec.part.kind == MIME_MESSAGE))
		*inner_r = inner.part;
	return true;
}

bool
parts_next(const void *packed, size_t len, size_t *pos, struct part *part)
{
	struct reader r = { packed, len, *pos };
	struct record rec;

	if (!read_record(&r, &rec))
		return false;
	*pos = r.pos;
	*part = rec.part;
	return true;
}
