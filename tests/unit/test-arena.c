/* test-arena.c - what an arena keeps, and what it gives back
 * SPDX-License-Identifier: ISC */
#include "util/arena.h"

#include <malloc.h>

#include "util/sanitized.h"

#include "test.h"

#define LARGE	(64 * 1024)	/* octets: more than the block that is kept */

/* Octets that malloc(3) has given out. */
static size_t
given_out(void)
{
	return SANITIZED ? 0 : mallinfo2().uordblks;
}

static void
an_arena_that_was_not_used_is_small(void)
{
	struct arena *a;
	size_t before;

	arena_free(arena_new());	/* what malloc(3) needs itself is there now */
	before = given_out();
	a = arena_new();
	CHECK(given_out() - before < 256);
	arena_reset(a);
	arena_free(a);
}

static void
rest_keeps_nothing(void)
{
	struct arena *a = arena_new();
	size_t before = given_out();

	arena_alloc(a, 100);
	arena_alloc(a, LARGE);
	arena_rest(a);
	CHECK_INT(given_out(), before);
	CHECK_INT(arena_used(a), 0);
	CHECK_STR(arena_strdup(a, "again"), "again");
	arena_free(a);
}

/* Also when it was the first that was asked for. */
static void
reset_keeps_no_large_block(void)
{
	struct arena *a = arena_new();
	size_t before = given_out();

	arena_alloc(a, LARGE);
	arena_reset(a);
	CHECK(given_out() - before < LARGE);
	CHECK_STR(arena_strdup(a, "again"), "again");
	arena_free(a);
}

int
main(void)
{
	TEST(an_arena_that_was_not_used_is_small);
	TEST(rest_keeps_nothing);
	TEST(reset_keeps_no_large_block);
	return test_end();
}
