/* partial.c - a part of the results, by their places
 * SPDX-License-Identifier: ISC */
#include "wire/partial.h"

void
partial_slice(const struct partial *p, uint64_t count, uint64_t *first_r,
    uint64_t *n_r)
{
	const uint64_t low = p->a < p->b ? p->a : p->b;
	uint64_t high = p->a < p->b ? p->b : p->a;

	*first_r = *n_r = 0;
	if (low > count)
		return;
	if (high > count)
		high = count;
	*first_r = p->last ? count - high : low - 1;
	*n_r = high - low + 1;
}
