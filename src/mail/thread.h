/* thread.h - messages into threads: RFC 5256 3
 * SPDX-License-Identifier: ISC
 *
 * Knows no mail: messages are numbers here.  Memory and time are bounded
 * whatever the references say, and nothing recurses. */
#ifndef MSGSTORE_THREAD_H
#define MSGSTORE_THREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"

enum thread_alg {
	THREAD_ORDEREDSUBJECT,
	THREAD_REFERENCES,
	/*
	 * draft-ietf-morg-inthread: REFERENCES without its step 5; threads are
	 * sorted by their most recent INTERNALDATE.
	 */
	THREAD_REFS
};

/* A message; all of them in the order of the mailbox. */
struct thread_msg {
	uint32_t	number;		/* told in the response */
	bool		reply;		/* a reply or a forward */
	uint8_t		refs_n;		/* of its references */
	size_t		refs;		/* where they begin in refs[] */
	uint64_t	id;		/* of its Message-ID; 0: none */
	uint64_t	subject;	/* of its base subject; 0: empty */
	int64_t		sent, arrived;
};

struct thread_input {
	struct thread_msg *msgs;
	size_t		 n, size;
	uint64_t	*refs;		/* ids, oldest first */
	size_t		 refs_n, refs_size;
};

/* A message and its references, copied. */
void thread_add(struct thread_input *, const struct thread_msg *,
    const uint64_t *refs);
/* Put those that were added late into order, by their numbers. */
void thread_sort(struct thread_input *);
void thread_input_clear(struct thread_input *);

/*
 * The threads as THREAD tells them, "(2)(3 6 (4 23)(44 7 96))", in pieces: fn is
 * called when the buffer holds some, empties it, and is called at the end too.
 */
void thread_write(enum thread_alg, const struct thread_input *,
    void (*fn)(void *, struct buf *), void *arg);

#endif
