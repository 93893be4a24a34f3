/* uidmap.h - a set of UIDs that is filled in any order
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_UIDMAP_H
#define MSGSTORE_UIDMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/seqset.h"

/* { 0 } is the empty set.  A bit for each UID, in pages of 65,536 that are made
 * when one of theirs is added. */
struct uidmap {
	uint64_t	**pages;
	size_t		 n;
};

void uidmap_add(struct uidmap *, uint32_t uid);
bool uidmap_has(const struct uidmap *, uint32_t uid);
void uidmap_or(struct uidmap *, const struct uidmap *);
void uidmap_and(struct uidmap *, const struct uidmap *);
bool uidmap_is_empty(const struct uidmap *);
uint64_t uidmap_count(const struct uidmap *);
size_t uidmap_octets(const struct uidmap *);	/* of memory */
/* Add all to b, in rising order, together with those between two that are gap
 * apart at most (0: none). */
void uidmap_build(const struct uidmap *, uint32_t gap, struct seqset_builder *b);
void uidmap_clear(struct uidmap *);

#endif
