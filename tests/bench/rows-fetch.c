/* rows-fetch.c - FETCH of all messages, and of many bodies
 * SPDX-License-Identifier: ISC */
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "resp.h"

#define BODIES	5000
#define FIELDS	"FROM TO SUBJECT DATE LIST-ID"

/* What the deep check holds each message against. */
struct check {
	struct bench *b;
	struct peer *p;
	struct mail mail;
	struct buf expected;
	uint32_t next;
};

/* Flags in any order; \Recent comes and goes by itself. */
static bool
flags_right(struct span list, unsigned flags)
{
	struct buf expected = { 0 };
	struct span flag;
	unsigned found = 0, wanted = 0;

	mail_flags(flags, &expected);
	for (unsigned i = 0; resp_element(list, i, &flag); i++) {
		if (span_is(flag, "\\Recent"))
			continue;
		found++;
		if (memmem(expected.s, expected.len, flag.s, flag.len) == NULL)
			found = 100;
	}
	for (; flags != 0; flags &= flags - 1)
		wanted++;
	buf_clear(&expected);
	return found == wanted;
}

static bool
envelope_right(struct span envelope, const struct mail *m)
{
	struct span subject, id;

	return resp_element(envelope, 1, &subject) &&
	    subject.len == m->subject.len &&
	    memcmp(subject.s, m->subject.s, subject.len) == 0 &&
	    resp_element(envelope, 9, &id) && span_is(id, m->facts.id);
}

/* A multipart's own subtype stands behind its parts: take the last string of
 * the first level that is not an extension. */
static bool
structure_right(struct span list, const struct mail *m)
{
	struct span element;
	unsigned i = 0;

	if (list.len > 1 && list.s[1] != '(')
		return resp_element(list, 1, &element) &&
		    span_is(element, m->subtype);
	while (resp_element(list, i, &element))
		if (list.len > 0 && element.len > 0 && element.s[0] != '(' &&
		    i > 0)
			return span_is(element, m->subtype);
		else
			i++;
	return false;
}

static bool
date_right(struct span value, const struct mail_facts *f)
{
	char date[64];

	mail_date_time(f->arrived, date, sizeof(date));
	if (date[0] == '0' && value.len > 0 && value.s[0] == ' ')
		date[0] = ' ';
	return span_is(value, date);
}

static bool
number_right(struct span value, uint64_t n)
{
	char s[32];

	snprintf(s, sizeof(s), "%llu", (unsigned long long)n);
	return span_is(value, s);
}

static bool
octets_right(struct span value, const struct buf *b)
{
	return value.len == b->len && memcmp(value.s, b->s, b->len) == 0;
}

static bool
item_right(struct check *k, const struct resp *r, unsigned i)
{
	struct span name = r->item[i].name, value = r->item[i].value;
	struct span text = r->item[i].text;
	struct mail *m = &k->mail;

	if (span_is(name, "UID"))
		return number_right(value, m->facts.n);
	if (span_is(name, "FLAGS"))
		return flags_right(value, m->facts.flags);
	if (span_is(name, "INTERNALDATE"))
		return date_right(text, &m->facts);
	if (span_is(name, "RFC822.SIZE"))
		return number_right(value, m->octets.len);
	if (span_is(name, "ENVELOPE"))
		return envelope_right(value, m);
	if (span_is(name, "BODYSTRUCTURE"))
		return structure_right(value, m);
	if (span_is(name, "BODY[]"))
		return octets_right(text, &m->octets);
	buf_reset(&k->expected);
	mail_fields(m, FIELDS, &k->expected);
	return name.len > 20 && octets_right(text, &k->expected);
}

/* Every message, in order, each item right. */
static bool
check_message(void *arg, struct conn *c, const char *s, size_t len)
{
	struct check *k = arg;
	struct resp r;

	if (!resp_fetch(s, len, &r) || r.seq != k->next)
		return false;
	mail_make(k->b->seed, k->next++, &k->mail);
	for (unsigned i = 0; i < r.count; i++) {
		if (!item_right(k, &r, i))
			return conn_fail(c, "message %u: %.*s is wrong: %.*s",
			    r.seq, (int)r.item[i].name.len, r.item[i].name.s,
			    (int)(r.item[i].value.len < 120 ?
			    r.item[i].value.len : 120), r.item[i].value.s);
		/* All else has one right value, and had it. */
		if (span_is(r.item[i].name, "ENVELOPE") ||
		    span_is(r.item[i].name, "BODYSTRUCTURE"))
			k->p->meaning += hash_octets(r.seq * 31 + r.item[i].hash,
			    r.item[i].name.s, 4);
	}
	return true;
}

static bool
fetch(struct bench *b, struct peer *p, struct conn *c, const char *items,
    uint32_t first, uint32_t last, unsigned ops)
{
	struct check k = { .b = b, .p = p, .next = first };
	char command[256];
	bool ok;

	snprintf(command, sizeof(command), "FETCH %u:%u %s", first, last, items);
	ok = session_command(b, p, c, command, ops, check_message, &k);
	if (ok && b->round == 0 && k.next != last + 1)
		ok = conn_fail(c, "no answer for message %u", k.next);
	mail_clear(&k.mail);
	buf_clear(&k.expected);
	return ok;
}

static bool
row_fetch(struct bench *b, struct peer *p, struct conn *c)
{
	return fetch(b, p, c, row_now->arg, 1, b->size, 1);
}

/* As after the fill: what reading has left behind goes. */
static bool
row_first(struct bench *b, struct peer *p, struct conn *c)
{
	glob_t g;

	if (p->cache != NULL && glob(p->cache, 0, NULL, &g) == 0) {
		for (size_t i = 0; i < g.gl_pathc; i++)
			unlink(g.gl_pathv[i]);
		globfree(&g);
	}
	return row_fetch(b, p, c);
}

static bool
row_bodies(struct bench *b, struct peer *p, struct conn *c)
{
	uint32_t count = b->size < BODIES ? b->size : BODIES;
	uint32_t first = (b->size - count) / 2 + 1;

	return fetch(b, p, c, row_now->arg, first, first + count - 1, count);
}

#define FULL "(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)"
const struct row rows_fetch[] = {
	{ "fetch-flags", row_fetch, "(UID FLAGS)", 0 },
	{ "fetch-full-first", row_first, FULL, 0 },
	{ "fetch-full", row_fetch, FULL, 0 },
	{ "fetch-headers", row_fetch, "BODY.PEEK[HEADER.FIELDS (" FIELDS ")]", 0 },
	{ "fetch-bodies", row_bodies, "BODY.PEEK[]", 0 },
	{ NULL, NULL, NULL, 0 }
};
