/* sqlheap.c - the memory of SQLite, apart from all other
 * SPDX-License-Identifier: ISC
 *
 * Chunks of some sizes are cut off segments one after the other; what was freed waits
 * in a list of its size.  When nothing is in use it begins anew. */
#include "store/sqlheap.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "util/log.h"
#include "util/sanitized.h"

#define STEPS		8		/* sizes from one power of two to the next */
#define SMALLEST	64		/* octets; below, steps of an eighth of it */
#define DOUBLINGS	11
#define LARGEST		((size_t)SMALLEST << DOUBLINGS)	/* 128 KB */
#define SIZES		(STEPS * (DOUBLINGS + 1))
#define OF_MALLOC	SIZES		/* the size's number of what is larger */
#define SEGMENT_FIRST	(512 * 1024)	/* octets; pages come as they are touched */
#define SEGMENT_LARGEST	(4 * 1024 * 1024)

struct chunk {
	uint32_t	 number;	/* of its size */
	uint32_t	 octets;	/* behind this header */
	alignas(8) char	 data[];	/* or the next free chunk */
};

struct segment {
	struct segment	*next;
	size_t		 octets;	/* this header included */
};

static struct {
	struct segment	*segments;	/* newest first: it is cut from */
	size_t		 used;		/* of the newest */
	size_t		 live;		/* chunks in use */
	struct chunk	*free[SIZES];
} heap;

/* --- Sizes --- */

/* A chunk's octets, header included, for 0 <= number < SIZES. */
static size_t
size_of(unsigned int number)
{
	unsigned int doublings = number / STEPS, step = number % STEPS + 1;

	if (doublings == 0)
		return (size_t)step * (SMALLEST / STEPS);
	return ((size_t)SMALLEST << (doublings - 1)) +
	    (size_t)step * (((size_t)SMALLEST << (doublings - 1)) / STEPS);
}

/* The smallest that has octets, 1 to LARGEST. */
static unsigned int
number_of(size_t octets)
{
	unsigned int doublings;
	size_t base;

	if (octets <= SMALLEST)
		return (unsigned int)((octets - 1) / (SMALLEST / STEPS));
	/* base < octets <= 2 * base */
	doublings = (unsigned int)(8 * sizeof(long) - 1) -
	    (unsigned int)__builtin_clzl((unsigned long)(octets - 1) /
	    SMALLEST);
	base = (size_t)SMALLEST << doublings;
	return STEPS * (doublings + 1) +
	    (unsigned int)((octets - 1 - base) / (base / STEPS));
}

static struct chunk *
chunk_at(void *data)
{
	return (struct chunk *)(void *)((char *)data -
	    offsetof(struct chunk, data));
}

/* --- Segments --- */

static bool
segment_add(void)
{
	size_t octets = SEGMENT_FIRST;
	struct segment *s;

	if (heap.segments != NULL)
		octets = heap.segments->octets < SEGMENT_LARGEST ?
		    heap.segments->octets * 2 : SEGMENT_LARGEST;
	s = mmap(NULL, octets, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (s == MAP_FAILED)
		return false;
	s->next = heap.segments;
	s->octets = octets;
	heap.segments = s;
	heap.used = sizeof(*s);
	return true;
}

static struct chunk *
cut(unsigned int number)
{
	size_t octets = size_of(number);
	struct chunk *c;

	if ((heap.segments == NULL ||
	    heap.segments->octets - heap.used < octets) && !segment_add())
		return NULL;
	c = (struct chunk *)(void *)((char *)heap.segments + heap.used);
	heap.used += octets;
	c->number = number;
	c->octets = (uint32_t)(octets - offsetof(struct chunk, data));
	return c;
}

/* Nothing is in use: the oldest segment is cut anew, from its beginning. */
static void
begin_anew(void)
{
	struct segment *s;

	while ((s = heap.segments)->next != NULL) {
		heap.segments = s->next;
		munmap(s, s->octets);
	}
	heap.used = sizeof(*s);
	memset(heap.free, 0, sizeof(heap.free));
}

/* --- What SQLite calls --- */

static void *
heap_malloc(int size)
{
	size_t octets = (size_t)size + offsetof(struct chunk, data);
	unsigned int number;
	struct chunk *c;

	if (octets > LARGEST) {
		c = malloc(octets);
		if (c == NULL)
			return NULL;
		c->number = OF_MALLOC;
		c->octets = (uint32_t)size;
		return c->data;
	}
	number = number_of(octets);
	c = heap.free[number];
	if (c != NULL)
		memcpy(&heap.free[number], c->data, sizeof(c));
	else if ((c = cut(number)) == NULL)
		return NULL;
	heap.live++;
	return c->data;
}

static void
heap_free(void *data)
{
	struct chunk *c = chunk_at(data);

	if (c->number == OF_MALLOC) {
		free(c);
		return;
	}
	if (c->number >= SIZES || heap.live == 0)
		fatal("SQLite's memory is damaged");
	memcpy(c->data, &heap.free[c->number], sizeof(c));
	heap.free[c->number] = c;
	if (--heap.live == 0)
		begin_anew();
}

static int
heap_size(void *data)
{
	return data != NULL ? (int)chunk_at(data)->octets : 0;
}

static void *
heap_realloc(void *data, int size)
{
	struct chunk *c = chunk_at(data);
	void *new;

	if (c->number != OF_MALLOC && (uint32_t)size <= c->octets)
		return data;
	new = heap_malloc(size);
	if (new == NULL)
		return NULL;
	memcpy(new, data, c->octets < (uint32_t)size ? c->octets :
	    (uint32_t)size);
	heap_free(data);
	return new;
}

static int
heap_roundup(int size)
{
	size_t octets = (size_t)size + offsetof(struct chunk, data);

	if (octets > LARGEST)
		return (size + 7) & ~7;
	return (int)(size_of(number_of(octets)) -
	    offsetof(struct chunk, data));
}

static int
heap_init(void *arg)
{
	(void)arg;
	return SQLITE_OK;
}

static void
heap_shutdown(void *arg)
{
	(void)arg;
}

void
sqlheap_config(void)
{
	static const sqlite3_mem_methods methods = {
		heap_malloc, heap_free, heap_realloc, heap_size, heap_roundup,
		heap_init, heap_shutdown, NULL
	};

	if (!SANITIZED)
		sqlite3_config(SQLITE_CONFIG_MALLOC, &methods);
}

void
sqlheap_rest(void)
{
	if (heap.live > 0 || heap.segments == NULL)
		return;
	munmap(heap.segments, heap.segments->octets);
	heap.segments = NULL;
}
