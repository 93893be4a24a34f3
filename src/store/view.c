/* view.c - what a session was told: sequence numbers and UIDs
 * SPDX-License-Identifier: ISC */
#include "store/view.h"

#include <stdlib.h>
#include <string.h>

#include "util/log.h"

void
view_clear(struct view *v)
{
	free(v->ranges);
	*v = (struct view){ 0 };
}

static uint32_t
range_count(const struct view *v, size_t i)
{
	uint32_t next = i + 1 < v->n ? v->ranges[i + 1].seq : v->count + 1;

	return next - v->ranges[i].seq;
}

static uint32_t
range_last(const struct view *v, size_t i)
{
	return v->ranges[i].uid + range_count(v, i) - 1;
}

static void
view_reserve(struct view *v, size_t n)
{
	size_t size = v->size > 0 ? v->size : 4;

	if (n <= v->size)
		return;
	/* A big view grows by an eighth: 8 octets a message, not 16. */
	while (size < n)
		size += size < 1024 ? size : size / 8;
	v->ranges = reallocarray(v->ranges, size, sizeof(*v->ranges));
	if (v->ranges == NULL)
		fatal("out of memory");
	v->size = size;
}

void
view_append(struct view *v, const struct seqset *uids)
{
	view_reserve(v, v->n + uids->n);
	for (size_t i = 0; i < uids->n; i++) {
		struct seqrange r = uids->ranges[i];

		if (r.first <= view_last_uid(v))
			fatal("view: UID %u comes too late", r.first);
		if (v->n == 0 || range_last(v, v->n - 1) + 1 != r.first)
			v->ranges[v->n++] = (struct view_range){ r.first,
			    v->count + 1 };
		v->count += r.last - r.first + 1;
	}
}

/* How many ranges begin at or before uid. */
static size_t
ranges_upto_uid(const struct view *v, uint32_t uid)
{
	size_t low = 0, high = v->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (v->ranges[mid].uid <= uid)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static size_t
ranges_upto_seq(const struct view *v, uint32_t seq)
{
	size_t low = 0, high = v->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (v->ranges[mid].seq <= seq)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

uint32_t
view_uid(const struct view *v, uint32_t seq)
{
	const struct view_range *r;

	if (seq == 0 || seq > v->count)
		return 0;
	r = &v->ranges[ranges_upto_seq(v, seq) - 1];
	return r->uid + (seq - r->seq);
}

uint32_t
view_seq_below(const struct view *v, uint32_t uid)
{
	size_t n = uid > 0 ? ranges_upto_uid(v, uid - 1) : 0;
	uint32_t in, count;

	if (n == 0)
		return 0;
	in = uid - v->ranges[n - 1].uid;
	count = range_count(v, n - 1);
	return v->ranges[n - 1].seq - 1 + (in < count ? in : count);
}

uint32_t
view_seq(const struct view *v, uint32_t uid)
{
	uint32_t seq = view_seq_below(v, uid) + 1;

	return uid > 0 && view_uid(v, seq) == uid ? seq : 0;
}

uint32_t
view_last_uid(const struct view *v)
{
	return v->n > 0 ? range_last(v, v->n - 1) : 0;
}

/* Room for a set that is not yet counted: it is built, then kept in a. */
static struct seqset
keep(struct arena *a, struct seqset_builder *b)
{
	struct seqset set = seqset_built(b);
	struct seqrange *ranges = arena_array(a, set.n, sizeof(*ranges));

	if (set.n > 0)
		memcpy(ranges, set.ranges, set.n * sizeof(*ranges));
	seqset_builder_clear(b);
	return (struct seqset){ ranges, set.n };
}

struct seqset
view_uids(const struct view *v, struct arena *a, const struct seqset *seqs)
{
	struct seqset_builder b = { 0 };

	for (size_t i = 0; i < seqs->n; i++) {
		uint32_t seq = seqs->ranges[i].first;
		uint32_t last = seqs->ranges[i].last;
		size_t at = ranges_upto_seq(v, seq) - 1;

		for (; seq <= last; at++) {
			uint32_t end = v->ranges[at].seq + range_count(v, at) -
			    1;
			uint32_t uid = v->ranges[at].uid +
			    (seq - v->ranges[at].seq);

			if (end > last)
				end = last;
			seqset_add_range(&b, uid, uid + (end - seq));
			seq = end + 1;
		}
	}
	return keep(a, &b);
}

/* Call fn with each run of the view's messages whose UIDs are in the set. */
static void
each_known(const struct view *v, const struct seqset *uids,
    struct seqset_builder *b, bool as_seqs)
{
	for (size_t i = 0; i < uids->n; i++) {
		struct seqrange r = uids->ranges[i];
		size_t at = ranges_upto_uid(v, r.first);

		for (at = at > 0 ? at - 1 : 0; at < v->n; at++) {
			uint32_t first = v->ranges[at].uid;
			uint32_t last = range_last(v, at);
			uint32_t shift = first - v->ranges[at].seq;

			if (first > r.last)
				break;
			if (first < r.first)
				first = r.first;
			if (last > r.last)
				last = r.last;
			if (first > last)
				continue;
			if (as_seqs)
				seqset_add_range(b, first - shift, last - shift);
			else
				seqset_add_range(b, first, last);
		}
	}
}

struct seqset
view_known(const struct view *v, struct arena *a, const struct seqset *uids)
{
	struct seqset_builder b = { 0 };

	each_known(v, uids, &b, false);
	return keep(a, &b);
}

struct seqset
view_seqs(const struct view *v, struct arena *a, const struct seqset *uids)
{
	struct seqset_builder b = { 0 };

	each_known(v, uids, &b, true);
	return keep(a, &b);
}

/* What of x is not in y. */
static struct seqset
difference(struct arena *a, const struct seqset *x, const struct seqset *y)
{
	struct seqset_builder b = { 0 };
	size_t j = 0;

	for (size_t i = 0; i < x->n; i++) {
		uint32_t first = x->ranges[i].first, last = x->ranges[i].last;
		bool more = true;

		while (j < y->n && y->ranges[j].last < first)
			j++;
		for (size_t k = j; more; k++) {
			if (k == y->n || y->ranges[k].first > last) {
				seqset_add_range(&b, first, last);
				break;
			}
			if (y->ranges[k].first > first)
				seqset_add_range(&b, first, y->ranges[k].first - 1);
			more = y->ranges[k].last < last;
			if (more)
				first = y->ranges[k].last + 1;
		}
	}
	return keep(a, &b);
}

struct seqset
view_missing(const struct view *v, struct arena *a, const struct seqset *uids)
{
	struct seqset known = view_known(v, a, uids);

	return difference(a, uids, &known);
}

struct seqset
view_others(const struct view *v, struct arena *a, const struct seqset *uids)
{
	struct seqrange all = { 1, UINT32_MAX };
	struct seqset known = view_known(v, a, &(struct seqset){ &all, 1 });

	return difference(a, &known, uids);
}

/* The view's ranges without those of a sorted set. */
static void
subtract(struct view *v, const struct seqset *gone)
{
	struct view out = { 0 };
	size_t g = 0;

	view_reserve(&out, v->n + gone->n);
	for (size_t i = 0; i < v->n; i++) {
		uint32_t first = v->ranges[i].uid, last = range_last(v, i);
		bool more = true;

		while (g < gone->n && gone->ranges[g].last < first)
			g++;
		for (size_t k = g; more; k++) {
			struct seqrange keep_r = { first, last };

			more = k < gone->n && gone->ranges[k].first <= last;
			if (more) {
				keep_r.last = gone->ranges[k].first - 1;
				more = gone->ranges[k].last < last;
				if (gone->ranges[k].first > first) {
					struct seqset one = { &keep_r, 1 };

					view_append(&out, &one);
				}
				first = gone->ranges[k].last + 1;
			} else {
				struct seqset one = { &keep_r, 1 };

				view_append(&out, &one);
			}
		}
	}
	view_clear(v);
	*v = out;
}

void
view_expunge(struct view *v, const struct seqset *uids,
    void (*fn)(void *, uint32_t seq), void *arg)
{
	struct arena *a = arena_new();
	struct seqset seqs = view_seqs(v, a, uids);

	if (fn != NULL) {
		for (size_t i = seqs.n; i > 0; i--) {
			struct seqrange r = seqs.ranges[i - 1];

			for (uint32_t seq = r.last; seq >= r.first; seq--)
				fn(arg, seq);
		}
	}
	if (seqs.n > 0)
		subtract(v, uids);
	arena_free(a);
}
