/* seqset.h - sets of message numbers: RFC 9051 9 "sequence-set"
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_SEQSET_H
#define MSGSTORE_SEQSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/arena.h"
#include "util/buf.h"
#include "util/err.h"

#define SEQSET_STAR	UINT32_MAX	/* "*" until it is resolved */
#define SEQSET_SAVED	0		/* "$": a range of it alone */

struct seqrange {
	uint32_t	first, last;	/* first <= last, both in the set */
};

/*
 * A plain value.  As parsed the ranges are in the client's order and may hold
 * SEQSET_STAR; after seqset_resolve() they are sorted and disjoint, with a
 * gap between neighbours.
 */
struct seqset {
	struct seqrange	*ranges;	/* n of them */
	size_t		 n;
};

/*
 * Parse all of the len octets at s.  "1*", "**", "1,", "0", numbers over
 * 4294967295 are errors.  4294967295 itself is a valid number that counts as
 * "*", there being no larger one.  The set lives in a; s may go away at once.
 * Returns NULL and fills *set_r, or ERR_SYNTAX and leaves *set_r alone.
 */
const struct err *seqset_parse(struct arena *a, const char *s, size_t len,
    struct seqset *set_r);

/*
 * A sorted, merged copy in a.  "*" becomes largest; when largest is 0 (an
 * empty mailbox) a range with "*" vanishes for sequence numbers.  "8:*" with
 * largest 5 is 5:8 (RFC 9051 9 "seq-range": order does not matter).
 */
struct seqset seqset_resolve(struct arena *a, const struct seqset *,
    uint32_t largest);

/*
 * Whether a set as parsed has "$" in it (RFC 9051 6.4.4.1), which only
 * parser_seqset() lets in; and the set without it.  What "$" stands for is
 * known to the session alone.
 */
bool seqset_names_saved(const struct seqset *);
struct seqset seqset_without_saved(struct arena *a, const struct seqset *);

/* Of a resolved set. */
bool seqset_has(const struct seqset *, uint32_t);	/* by binary search */
uint64_t seqset_count(const struct seqset *);		/* numbers in it */
/* The numbers in both a resolved set and first..last, in a. */
struct seqset seqset_clip(struct arena *a, const struct seqset *,
    uint32_t first, uint32_t last);

/* The numbers that are in one or both of two resolved sets, in a. */
struct seqset seqset_union(struct arena *a, const struct seqset *,
    const struct seqset *);

/* The numbers in both of two resolved sets, in a. */
struct seqset seqset_intersect(struct arena *a, const struct seqset *,
    const struct seqset *);
/* Of a resolved set, in a: n numbers from place first (from 0) on. */
struct seqset seqset_slice(struct arena *a, const struct seqset *,
    uint64_t first, uint64_t n);

/*
 * A set that is built in rising order.  uid must be above all before it; a
 * run of neighbours becomes one range.
 */
struct seqset_builder {
	struct seqrange	*ranges;
	size_t		 n, size;
};
void seqset_add(struct seqset_builder *, uint32_t);
void seqset_add_range(struct seqset_builder *, uint32_t first, uint32_t last);
/* The builder's set, which lives until the builder changes. */
struct seqset seqset_built(const struct seqset_builder *);
void seqset_builder_clear(struct seqset_builder *);

/* "1:3,7", of a resolved set; nothing when it is empty. */
void seqset_format(const struct seqset *, struct buf *);

#endif
