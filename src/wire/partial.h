/* partial.h - a part of the results, by their places: RFC 9394 3.1
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_PARTIAL_H
#define MSGSTORE_PARTIAL_H

#include <stdbool.h>
#include <stdint.h>

/* "1:500" or "-1:-100", in the order written. */
struct partial {
	bool		last;		/* counted from the end */
	uint32_t	a, b;		/* from 1 */
};

/*
 * What it means of count results: *n_r of them from number *first_r (from 0)
 * on.  None is *n_r = 0.
 */
void partial_slice(const struct partial *, uint64_t count, uint64_t *first_r,
    uint64_t *n_r);

#endif
