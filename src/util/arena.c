/* arena.c - memory that is freed at once
 * SPDX-License-Identifier: ISC */
#include "util/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/log.h"

#define BLOCK_OCTETS	8192	/* of a block, unless one allocation wants more */

struct block {
	struct block	*next;
	size_t		 size, used;
	alignas(max_align_t) char data[];
};

struct arena {
	struct block	*blocks;	/* newest first; the last is kept at reset.
					 * NULL: nothing was asked for yet */
	size_t		 used;
};

static struct block *
block_new(size_t size, struct block *next)
{
	struct block *b = malloc(sizeof(*b) + size);

	if (b == NULL)
		fatal("out of memory (%zu octets)", size);
	b->next = next;
	b->size = size;
	b->used = 0;
	return b;
}

struct arena *
arena_new(void)
{
	struct arena *a = calloc(1, sizeof(*a));

	if (a == NULL)
		fatal("out of memory");
	return a;
}

void
arena_reset(struct arena *a)
{
	struct block *b;

	while ((b = a->blocks) != NULL &&
	    (b->next != NULL || b->size > BLOCK_OCTETS)) {
		a->blocks = b->next;
		free(b);
	}
	if (b != NULL)
		b->used = 0;
	a->used = 0;
}

void
arena_rest(struct arena *a)
{
	arena_reset(a);
	free(a->blocks);
	a->blocks = NULL;
}

void
arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	arena_rest(a);
	free(a);
}

void *
arena_alloc(struct arena *a, size_t size)
{
	const size_t align = alignof(max_align_t);
	struct block *b = a->blocks;
	void *p;

	if (size > SIZE_MAX / 2)
		fatal("allocation of %zu octets", size);
	size = (size + align - 1) & ~(align - 1);
	if (b == NULL || b->size - b->used < size)
		b = a->blocks = block_new(size > BLOCK_OCTETS ? size :
		    BLOCK_OCTETS, b);
	p = b->data + b->used;
	b->used += size;
	a->used += size;
	memset(p, 0, size);
	return p;
}

void *
arena_array(struct arena *a, size_t n, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(n, size, &total))
		fatal("array of %zu times %zu octets", n, size);
	return arena_alloc(a, total);
}

char *
arena_memdup(struct arena *a, const void *s, size_t len)
{
	char *p = arena_alloc(a, len + 1);

	if (len > 0)
		memcpy(p, s, len);
	return p;
}

char *
arena_strdup(struct arena *a, const char *s)
{
	return arena_memdup(a, s, strlen(s));
}

char *
arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *s;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0)
		fatal("vsnprintf: bad format");
	s = arena_alloc(a, (size_t)len + 1);
	va_start(ap, fmt);
	vsnprintf(s, (size_t)len + 1, fmt, ap);
	va_end(ap);
	return s;
}

size_t
arena_used(const struct arena *a)
{
	return a->used;
}
