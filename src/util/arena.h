/* arena.h - memory that is freed at once: one arena per command
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_ARENA_H
#define MSGSTORE_ARENA_H

#include <stddef.h>

struct arena;

/* Out of memory is fatal() in all of these: none returns NULL. */
struct arena *arena_new(void);
void arena_free(struct arena *);	/* NULL is fine */

/*
 * Forget all that was allocated.  Keeps one small block, gives the rest back
 * to the system.
 */
void arena_reset(struct arena *);

/* The same, and keeps nothing: before a long wait. */
void arena_rest(struct arena *);

/* size octets (0 is fine), zeroed, aligned for any type; live until reset. */
void *arena_alloc(struct arena *, size_t size);
/* The same for an array; n * size that overflows is fatal(). */
void *arena_array(struct arena *, size_t n, size_t size);
char *arena_strdup(struct arena *, const char *);
/* A copy of len octets with a NUL behind them. */
char *arena_memdup(struct arena *, const void *, size_t len);
char *arena_printf(struct arena *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

/* Octets handed out since the last reset. */
size_t arena_used(const struct arena *);

#endif
