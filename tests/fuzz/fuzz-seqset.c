/* fuzz-seqset.c - sets parsed, resolved, clipped, written and read again
 * SPDX-License-Identifier: ISC */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/seqset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_order(const struct seqset *set)
{
	for (size_t i = 0; i < set->n; i++) {
		if (set->ranges[i].first > set->ranges[i].last)
			abort();
		if (i > 0 && (uint64_t)set->ranges[i - 1].last + 1 >=
		    set->ranges[i].first)
			abort();
	}
}

/* Whether number is in the set as the client wrote it. */
static bool
has(const struct seqset *set, uint32_t number, uint32_t largest)
{
	uint32_t first, last;

	for (size_t i = 0; i < set->n; i++) {
		first = set->ranges[i].first;
		last = set->ranges[i].last;
		if (last == SEQSET_STAR && largest == 0)
			continue;
		if (first == SEQSET_STAR)
			first = largest;
		if (last == SEQSET_STAR)
			last = largest;
		if ((number >= first && number <= last) ||
		    (number >= last && number <= first))
			return true;
	}
	return false;
}

static void
check_members(const struct seqset *set, const struct seqset *res,
    const struct seqset *clip, uint32_t largest, uint32_t low, uint32_t high)
{
	uint32_t n;

	for (int64_t i = -2; i < 1000; i++) {
		n = (uint32_t)(low + i);
		if (has(set, n, largest) != seqset_has(res, n))
			abort();
		if ((seqset_has(res, n) && n >= low && n <= high) !=
		    seqset_has(clip, n))
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seqset set = { .n = 0 }, res, clip, again;
	struct arena *a = arena_new();
	struct buf b = { 0 };
	uint32_t v[3];

	if (size < sizeof(v))
		goto done;
	memcpy(v, data, sizeof(v));
	v[2] = v[1] + v[2] % 1000;
	if (seqset_parse(a, (const char *)data + sizeof(v), size - sizeof(v),
	    &set) != NULL || set.n > 1000)
		goto done;
	res = seqset_resolve(a, &set, v[0]);
	check_order(&res);
	clip = seqset_clip(a, &res, v[1], v[2]);
	check_order(&clip);
	if (seqset_count(&clip) > seqset_count(&res))
		abort();
	check_members(&set, &res, &clip, v[0], v[1], v[2]);
	seqset_format(&res, &b);
	if (res.n > 0) {
		if (seqset_parse(a, b.s, b.len, &again) != NULL)
			abort();
		again = seqset_resolve(a, &again, UINT32_MAX);
		if (again.n != res.n || memcmp(again.ranges, res.ranges,
		    res.n * sizeof(*res.ranges)) != 0)
			abort();
	}
done:
	buf_clear(&b);
	arena_free(a);
	return 0;
}
