/* uidmap.c - a set of UIDs that is filled in any order
 * SPDX-License-Identifier: ISC */
#include "store/uidmap.h"

#include <stdlib.h>

#include "util/log.h"

#define PAGE_BITS	65536
#define WORD_BITS	64
#define PAGE_WORDS	(PAGE_BITS / WORD_BITS)

static uint64_t *
page(struct uidmap *m, size_t i)
{
	if (i >= m->n) {
		m->pages = reallocarray(m->pages, i + 1, sizeof(*m->pages));
		if (m->pages == NULL)
			fatal("out of memory");
		while (m->n <= i)
			m->pages[m->n++] = NULL;
	}
	if (m->pages[i] == NULL) {
		m->pages[i] = calloc(PAGE_WORDS, sizeof(uint64_t));
		if (m->pages[i] == NULL)
			fatal("out of memory");
	}
	return m->pages[i];
}

void
uidmap_add(struct uidmap *m, uint32_t uid)
{
	page(m, uid / PAGE_BITS)[uid % PAGE_BITS / WORD_BITS] |=
	    UINT64_C(1) << uid % WORD_BITS;
}

bool
uidmap_has(const struct uidmap *m, uint32_t uid)
{
	const size_t i = uid / PAGE_BITS;

	return i < m->n && m->pages[i] != NULL &&
	    (m->pages[i][uid % PAGE_BITS / WORD_BITS] >> uid % WORD_BITS & 1) != 0;
}

size_t
uidmap_octets(const struct uidmap *m)
{
	size_t octets = m->n * sizeof(*m->pages);

	for (size_t i = 0; i < m->n; i++)
		if (m->pages[i] != NULL)
			octets += PAGE_WORDS * sizeof(*m->pages[i]);
	return octets;
}

void
uidmap_or(struct uidmap *m, const struct uidmap *other)
{
	uint64_t *to;

	for (size_t i = 0; i < other->n; i++) {
		if (other->pages[i] == NULL)
			continue;
		to = page(m, i);
		for (size_t w = 0; w < PAGE_WORDS; w++)
			to[w] |= other->pages[i][w];
	}
}

void
uidmap_and(struct uidmap *m, const struct uidmap *other)
{
	for (size_t i = 0; i < m->n; i++) {
		if (m->pages[i] == NULL)
			continue;
		if (i >= other->n || other->pages[i] == NULL) {
			free(m->pages[i]);
			m->pages[i] = NULL;
			continue;
		}
		for (size_t w = 0; w < PAGE_WORDS; w++)
			m->pages[i][w] &= other->pages[i][w];
	}
}

uint64_t
uidmap_count(const struct uidmap *m)
{
	uint64_t n = 0;

	for (size_t i = 0; i < m->n; i++)
		for (size_t w = 0; m->pages[i] != NULL && w < PAGE_WORDS; w++)
			n += (uint64_t)__builtin_popcountll(m->pages[i][w]);
	return n;
}

bool
uidmap_is_empty(const struct uidmap *m)
{
	for (size_t i = 0; i < m->n; i++)
		for (size_t w = 0; m->pages[i] != NULL && w < PAGE_WORDS; w++)
			if (m->pages[i][w] != 0)
				return false;
	return true;
}

void
uidmap_build(const struct uidmap *m, uint32_t gap, struct seqset_builder *b)
{
	uint64_t bits;
	uint32_t uid, last = 0;

	for (size_t i = 0; i < m->n; i++)
		for (size_t w = 0; m->pages[i] != NULL && w < PAGE_WORDS; w++)
			for (bits = m->pages[i][w]; bits != 0; bits &= bits - 1) {
				uid = (uint32_t)(i * PAGE_BITS + w * WORD_BITS) +
				    (uint32_t)__builtin_ctzll(bits);
				seqset_add_range(b, b->n > 0 && uid - last <=
				    gap ? last + 1 : uid, uid);
				last = uid;
			}
}

void
uidmap_clear(struct uidmap *m)
{
	for (size_t i = 0; i < m->n; i++)
		free(m->pages[i]);
	free(m->pages);
	*m = (struct uidmap){ 0 };
}
