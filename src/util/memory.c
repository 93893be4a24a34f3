/* memory.c - gives back what a process does not need while it waits
 * SPDX-License-Identifier: ISC */
#include "util/memory.h"

#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "util/sanitized.h"

/* How far down the stack went at most that is given back.  Nothing else lies so
 * near: the kernel keeps a gap of 128 MB below a stack. */
#define STACK_OCTETS	(1024 * 1024)

/*
 * All below the page of this frame and the next is unused: the frames of the calls
 * that are made here lie in these two.  Where there is no stack yet madvise(2)
 * says so, after what there is.
 */
static void
stack_rest(void)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	uintptr_t end = (here & ~(page - 1)) - page;

	(void)madvise((void *)(end - STACK_OCTETS), STACK_OCTETS,
	    MADV_DONTNEED);
}

void
memory_rest(void)
{
	malloc_trim(0);
	if (!SANITIZED)
		stack_rest();
}
