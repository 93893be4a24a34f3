/* fuzz-mime.c - a message's structure, and packed parts that may be damaged
 * SPDX-License-Identifier: ISC
 *
 * The first octet chooses: 'p' takes the rest for packed parts, all others are
 * part of a message. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "grammar.h"
#include "mail/bodystructure.h"
#include "mail/envelope.h"
#include "mail/header.h"
#include "mail/parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t
lines_in(const char *s, uint64_t len)
{
	uint64_t n = 0;

	for (uint64_t i = 0; i < len; i++)
		n += s[i] == '\n';
	return n;
}

/* Parts lie inside their parent and behind each other. */
static unsigned int
check_tree(const char *s, size_t len, const struct mime_part *p,
    unsigned int depth)
{
	uint64_t at = p->body_off;
	unsigned int n = 1;

	assert(depth <= MIME_DEPTH_MAX);
	assert(p->header_off + p->header_len == p->body_off);
	assert(p->body_off + p->body_len <= len);
	assert(p->body_lines == lines_in(s + p->body_off, p->body_len));
	assert(p->type != NULL && p->subtype != NULL);
	assert((p->kind == MIME_LEAF) == (p->child == NULL));
	assert(p->kind != MIME_MESSAGE || p->child->next == NULL);
	assert(p->params_n <= MIME_PARAMS_MAX);
	for (const struct mime_part *c = p->child; c != NULL; c = c->next) {
		assert(c->parent == p && c->header_off >= at);
		at = c->body_off + c->body_len;
		assert(at <= p->body_off + p->body_len);
		n += check_tree(s, len, c, depth + 1);
	}
	return n;
}

/* The part is found by its number, and is the same. */
static void
check_find(const struct buf *packed, const struct mime_part *p, uint32_t *path,
    size_t n)
{
	struct part part, inner;
	uint32_t number = 0;

	assert(parts_find(packed->s, packed->len, path, n, &part, &inner));
	assert(part.kind == p->kind && part.header_off == p->header_off &&
	    part.header_len == p->header_len && part.body_off == p->body_off &&
	    part.body_len == p->body_len);
	if (p->kind == MIME_MESSAGE && n > 0) {
		p = p->child;
		assert(inner.header_off == p->header_off &&
		    inner.body_len == p->body_len && inner.nested);
	}
	/* What is not multipart has itself as part 1. */
	if (p->kind != MIME_MULTIPART) {
		if (n > 0 && part.kind != MIME_MESSAGE)
			return;
		path[n] = 1;
		assert(n > MIME_DEPTH_MAX || parts_find(packed->s, packed->len,
		    path, n + 1, &part, &inner));
		assert(part.header_off == p->header_off);
		return;
	}
	for (p = p->child; p != NULL; p = p->next) {
		path[n] = ++number;
		check_find(packed, p, path, n + 1);
	}
	path[n] = number + 1;
	assert(!parts_find(packed->s, packed->len, path, n + 1, &part, NULL));
}

static void
check_message(const char *s, size_t len)
{
	uint32_t path[MIME_DEPTH_MAX + 4];
	struct arena *a = arena_new();
	struct mime_part *root = mime_parse(a, s, len);
	unsigned int parts = check_tree(s, len, root, 0), bodies;
	struct buf b = { 0 };
	struct part part;
	size_t pos = 0;

	assert(root->header_off == 0 &&
	    root->header_len == header_length(s, len) &&
	    root->body_off + root->body_len == len);
	/* Composite parts that find the number used up have a text each. */
	assert(parts <= MIME_PARTS_MAX + MIME_DEPTH_MAX);
	for (int extended = 0; extended <= 1; extended++) {
		buf_reset(&b);
		bodystructure_write(a, s, root, extended, &b);
		assert(is_body(b.s, b.len, extended, &bodies));
		assert(bodies == parts);
	}
	buf_reset(&b);
	envelope_write(a, s, (size_t)root->header_len, &b);
	assert(is_envelope(b.s, b.len));
	buf_reset(&b);
	parts_pack(root, &b);
	check_find(&b, root, path, 0);
	while (parts_next(b.s, b.len, &pos, &part))
		parts--;
	assert(parts == 0 && pos == b.len);
	buf_clear(&b);
	arena_free(a);
}

static void
check_packed(const char *s, size_t len)
{
	static const uint32_t path[] = { 1, 2, 1, 1, 3, 1, 1, 1 };
	struct part part, inner;
	size_t pos = 0, last = 0;

	while (parts_next(s, len, &pos, &part)) {
		assert(pos > last && pos <= len);
		last = pos;
		assert(part.header_off <= INT64_MAX &&
		    part.body_off <= INT64_MAX &&
		    part.body_off + part.body_len <= INT64_MAX &&
		    part.header_off + part.header_len <= part.body_off);
		assert(strlen(part.charset) < PARTS_CHARSET_MAX);
	}
	for (size_t n = 0; n <= 8; n++)
		parts_find(s, len, path, n, &part, &inner);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 0 && data[0] == 'p')
		check_packed((const char *)data + 1, size - 1);
	else
		check_message((const char *)data, size);
	return 0;
}
