/* resp.h - what is in a FETCH response, for the benchmark's deep checks
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_BENCH_RESP_H
#define MSGSTORE_BENCH_RESP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
	const char *s;
	size_t	 len;
};

#define RESP_ITEMS	16

/* A FETCH response taken apart.  Strings may have been sent in any of their forms:
 * equal values have equal hashes. */
struct resp {
	uint32_t seq;
	unsigned count;
	struct {
		struct span name;	/* "UID", "BODY[]" */
		struct span value;	/* as it was sent */
		struct span text;	/* a string's octets, else the value */
		uint64_t hash;
	} item[RESP_ITEMS];
};

/* False: it is not one, or bad. */
bool resp_fetch(const char *s, size_t len, struct resp *);
/* The item's index, or -1. */
int resp_item(const struct resp *, const char *name);
/* The n-th element (from 0) of the list in a value; strings without their quotes
 * (which hold no \ here), NIL as "". */
bool resp_element(struct span list, unsigned n, struct span *);
/* "* n WORD": true, and its number. */
bool resp_number(const char *s, size_t len, const char *word, uint32_t *n_r);
bool span_is(struct span, const char *);

#endif
