/* seqset.c - sets of message numbers
 * SPDX-License-Identifier: ISC */
#include "wire/seqset.h"

#include <stdlib.h>
#include <string.h>

#include "util/log.h"

/* RFC 9051 9 "seq-number".  Moves *p behind it. */
static bool
seq_number(const char **p, const char *end, uint32_t *number_r)
{
	const char *s = *p;
	uint64_t n = 0;

	if (s < end && *s == '*') {
		*number_r = SEQSET_STAR;
		*p = s + 1;
		return true;
	}
	if (s == end || *s < '1' || *s > '9')
		return false;
	for (; s < end && *s >= '0' && *s <= '9'; s++) {
		n = n * 10 + (uint64_t)(*s - '0');
		if (n > UINT32_MAX)
			return false;
	}
	*number_r = (uint32_t)n;
	*p = s;
	return true;
}

static bool
seq_range(const char **p, const char *end, struct seqrange *range)
{
	uint32_t a, b;

	if (!seq_number(p, end, &a))
		return false;
	b = a;
	if (*p < end && **p == ':') {
		++*p;
		if (!seq_number(p, end, &b))
			return false;
	}
	range->first = a < b ? a : b;
	range->last = a < b ? b : a;
	return true;
}

const struct err *
seqset_parse(struct arena *a, const char *s, size_t len, struct seqset *set_r)
{
	const char *end = s + len;
	struct seqset set = { .n = 0 };
	size_t n = 1;

	for (const char *p = s; p < end; p++)
		n += *p == ',';
	set.ranges = arena_array(a, n, sizeof(*set.ranges));
	for (;;) {
		if (!seq_range(&s, end, &set.ranges[set.n++]))
			return err_syntax("expected sequence-set like 1:3,7,9:*");
		if (s == end)
			break;
		if (*s++ != ',')
			return err_syntax("expected sequence-set like 1:3,7,9:*");
	}
	*set_r = set;
	return NULL;
}

static int
range_cmp(const void *pa, const void *pb)
{
	const struct seqrange *a = pa, *b = pb;

	return (a->first > b->first) - (a->first < b->first);
}

/* Sort ranges and merge those that overlap or touch; returns how many stay. */
static size_t
ranges_merge(struct seqrange *r, size_t n)
{
	size_t out = 0;
	bool sorted = true;

	for (size_t i = 1; i < n && sorted; i++)
		sorted = r[i - 1].first <= r[i].first;
	if (!sorted)
		qsort(r, n, sizeof(*r), range_cmp);
	for (size_t i = 0; i < n; i++) {
		if (out > 0 && (r[out - 1].last == UINT32_MAX ||
		    r[i].first <= r[out - 1].last + 1)) {
			if (r[i].last > r[out - 1].last)
				r[out - 1].last = r[i].last;
		} else
			r[out++] = r[i];
	}
	return out;
}

struct seqset
seqset_resolve(struct arena *a, const struct seqset *set, uint32_t largest)
{
	struct seqset res = { .n = 0 };
	struct seqrange r;

	res.ranges = arena_array(a, set->n, sizeof(*res.ranges));
	for (size_t i = 0; i < set->n; i++) {
		r = set->ranges[i];
		if (r.last == SEQSET_STAR) {
			if (largest == 0)
				continue;
			if (r.first == SEQSET_STAR)
				r.first = largest;
			r.last = largest;
			if (r.first > r.last) {
				r.last = r.first;
				r.first = largest;
			}
		}
		res.ranges[res.n++] = r;
	}
	res.n = ranges_merge(res.ranges, res.n);
	return res;
}

bool
seqset_names_saved(const struct seqset *set)
{
	for (size_t i = 0; i < set->n; i++)
		if (set->ranges[i].last == SEQSET_SAVED)
			return true;
	return false;
}

struct seqset
seqset_without_saved(struct arena *a, const struct seqset *set)
{
	struct seqset rest = { .n = 0 };

	rest.ranges = arena_array(a, set->n, sizeof(*rest.ranges));
	for (size_t i = 0; i < set->n; i++)
		if (set->ranges[i].last != SEQSET_SAVED)
			rest.ranges[rest.n++] = set->ranges[i];
	return rest;
}

struct seqset
seqset_union(struct arena *a, const struct seqset *x, const struct seqset *y)
{
	struct seqset res = { .n = x->n + y->n };

	res.ranges = arena_array(a, res.n, sizeof(*res.ranges));
	if (x->n > 0)
		memcpy(res.ranges, x->ranges, x->n * sizeof(*x->ranges));
	if (y->n > 0)
		memcpy(res.ranges + x->n, y->ranges,
		    y->n * sizeof(*y->ranges));
	res.n = ranges_merge(res.ranges, res.n);
	return res;
}

/* The first range that ends at number or behind it; n when there is none. */
static size_t
range_find(const struct seqset *set, uint32_t number)
{
	size_t low = 0, high = set->n, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (set->ranges[mid].last < number)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool
seqset_has(const struct seqset *set, uint32_t number)
{
	size_t i = range_find(set, number);

	return i < set->n && set->ranges[i].first <= number;
}

uint64_t
seqset_count(const struct seqset *set)
{
	uint64_t count = 0;

	for (size_t i = 0; i < set->n; i++)
		count += (uint64_t)set->ranges[i].last -
		    set->ranges[i].first + 1;
	return count;
}

struct seqset
seqset_clip(struct arena *a, const struct seqset *set, uint32_t first,
    uint32_t last)
{
	size_t from = range_find(set, first), to = from;
	struct seqset res = { .n = 0 };

	while (to < set->n && set->ranges[to].first <= last)
		to++;
	if (first > last)
		to = from;
	res.n = to - from;
	res.ranges = arena_array(a, res.n, sizeof(*res.ranges));
	if (res.n == 0)
		return res;
	memcpy(res.ranges, set->ranges + from, res.n * sizeof(*res.ranges));
	if (res.ranges[0].first < first)
		res.ranges[0].first = first;
	if (res.ranges[res.n - 1].last > last)
		res.ranges[res.n - 1].last = last;
	return res;
}

/* A builder's set, kept in a. */
static struct seqset
seqset_keep(struct arena *a, struct seqset_builder *b)
{
	struct seqset set = { .n = b->n };

	set.ranges = arena_array(a, b->n, sizeof(*set.ranges));
	if (b->n > 0)
		memcpy(set.ranges, b->ranges, b->n * sizeof(*b->ranges));
	seqset_builder_clear(b);
	return set;
}

struct seqset
seqset_intersect(struct arena *a, const struct seqset *x,
    const struct seqset *y)
{
	struct seqset_builder b = { 0 };
	size_t i = 0, j = 0;

	while (i < x->n && j < y->n) {
		const struct seqrange *r = &x->ranges[i], *q = &y->ranges[j];
		uint32_t first = r->first > q->first ? r->first : q->first;
		uint32_t last = r->last < q->last ? r->last : q->last;

		if (first <= last)
			seqset_add_range(&b, first, last);
		if (r->last < q->last)
			i++;
		else
			j++;
	}
	return seqset_keep(a, &b);
}

struct seqset
seqset_slice(struct arena *a, const struct seqset *set, uint64_t first,
    uint64_t n)
{
	struct seqset_builder b = { 0 };
	uint64_t size;

	for (size_t i = 0; i < set->n && n > 0; i++) {
		struct seqrange r = set->ranges[i];

		size = (uint64_t)r.last - r.first + 1;
		if (first >= size) {
			first -= size;
			continue;
		}
		r.first += (uint32_t)first;
		size -= first;
		first = 0;
		if (size > n)
			size = n;
		seqset_add_range(&b, r.first, r.first + (uint32_t)(size - 1));
		n -= size;
	}
	return seqset_keep(a, &b);
}

void
seqset_add(struct seqset_builder *b, uint32_t number)
{
	seqset_add_range(b, number, number);
}

void
seqset_add_range(struct seqset_builder *b, uint32_t first, uint32_t last)
{
	if (b->n > 0) {
		if (first <= b->ranges[b->n - 1].last)
			fatal("seqset_add: %u is not above %u", first,
			    b->ranges[b->n - 1].last);
		if (first == b->ranges[b->n - 1].last + 1) {
			b->ranges[b->n - 1].last = last;
			return;
		}
	}
	if (b->n == b->size) {
		b->size = b->size > 0 ? b->size * 2 : 16;
		b->ranges = reallocarray(b->ranges, b->size,
		    sizeof(*b->ranges));
		if (b->ranges == NULL)
			fatal("out of memory (%zu ranges)", b->size);
	}
	b->ranges[b->n++] = (struct seqrange){ first, last };
}

struct seqset
seqset_built(const struct seqset_builder *b)
{
	return (struct seqset){ .ranges = b->ranges, .n = b->n };
}

void
seqset_builder_clear(struct seqset_builder *b)
{
	free(b->ranges);
	*b = (struct seqset_builder){ 0 };
}

static void
add_number(struct buf *buf, uint32_t n)
{
	char s[10];
	size_t i = sizeof(s);

	do {
		s[--i] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	buf_add(buf, s + i, sizeof(s) - i);
}

void
seqset_format(const struct seqset *set, struct buf *buf)
{
	for (size_t i = 0; i < set->n; i++) {
		if (i > 0)
			buf_addc(buf, ',');
		add_number(buf, set->ranges[i].first);
		if (set->ranges[i].last > set->ranges[i].first) {
			buf_addc(buf, ':');
			add_number(buf, set->ranges[i].last);
		}
	}
}
