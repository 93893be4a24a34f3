/* io.h - buffered octets in and out of a connection, with a clock
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_IO_H
#define MSGSTORE_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include "util/buf.h"
#include "util/err.h"

/*
 * First thing in main().  A standard descriptor that the caller closed would be
 * the next file's that is opened, and words for people would go into the store.
 * To read and to write fail in its stead.  Exits when that cannot be had.
 */
void io_hold_stdio(void);

struct input;
struct output;

#define INPUT_BUFFER	4096	/* octets: part of what an idle session costs */

/* Neither side cares whether its descriptor is in blocking or non-blocking
 * mode, and neither changes it: other processes may share it. */

/*
 * Input.  Reads block until there are octets, the deadline has passed or the
 * peer is gone.  Errors are sticky and ERR_IO.
 */
struct input *input_new(int fd);	/* does not own fd */
/* Reads from len octets at s (which must outlive it), chunk octets at a time:
 * 1 shows that a parser copes with every break.  For tests and fuzzers. */
struct input *input_new_mem(const void *s, size_t len, size_t chunk);
void input_free(struct input *);	/* NULL is fine */

/*
 * Called before a read that would block: to flush the output, so that
 * answers to pipelined commands leave together.  An error it returns sticks.
 */
void input_on_block(struct input *, const struct err *(*fn)(void *), void *arg);

/* Reads that would block wait until now + seconds (monotonic), 0 is for ever.
 * The clock is set once and not by each octet: a slow trickle does not
 * prolong it. */
void input_deadline(struct input *, unsigned int seconds);

/* The next octet, consumed or not, as 0..255; -1 at the end or an error. */
static inline int input_getc(struct input *);
static inline int input_peek(struct input *);
/* Up to size octets, at least one; 0 at the end or an error. */
size_t input_read(struct input *, void *, size_t size);
/* Octets that are in the buffer already: reading these never blocks. */
size_t input_buffered(const struct input *);
/*
 * Wait until an octet can be read without blocking, one of the n other
 * descriptors (INPUT_OTHERS_MAX at most) is readable, or the deadline is over,
 * which is a sticky error as for a read.  Calls the on_block hook first.
 * Stores true in *input_r when the input has an octet or its end, and in
 * others_r[i] whether others[i] is readable.  timeout_ms (-1 for none) is a
 * further limit: when it ends the wait all are false and NULL is returned.
 */
#define INPUT_OTHERS_MAX	8
const struct err *input_wait(struct input *, const int *others, size_t n,
    int timeout_ms, bool *input_r, bool *others_r);
/*
 * Go on where another process stopped, which had consumed that many octets, and
 * had len more in its buffer, INPUT_BUFFER at most.  What is in the buffer here is
 * forgotten.
 */
void input_resume(struct input *, uint64_t consumed, const void *s, size_t len);
/* NULL while all is well.  Text tells "timeout", "closed by the client" or
 * what read(2) said; input_timed_out() tells the first from the others. */
const struct err *input_error(const struct input *);
bool input_timed_out(const struct input *);
uint64_t input_count(const struct input *);	/* octets consumed so far */

/*
 * Gives the memory that can be had again back: before a long wait.
 */
void input_rest(struct input *);

/*
 * Output.  Octets are collected and leave when OUTPUT_BUFFER is full or at
 * output_flush().  A write that cannot make progress for the time limit is an
 * error.  Errors are sticky: after the first all calls do nothing, and
 * output_flush() returns it.
 */
#define OUTPUT_BUFFER	65536	/* octets */
/* Does not own fd.  Ignores SIGPIPE from here on: sendfile(2) raises it. */
struct output *output_new(int fd);
/* Collects everything in b (which must outlive it).  For tests. */
struct output *output_new_mem(struct buf *b);
void output_free(struct output *);	/* NULL is fine; does not flush */
/* seconds without progress after which a write fails; 0 is for ever. */
void output_timeout(struct output *, unsigned int seconds);
static inline void output_add(struct output *, const void *, size_t len);
void output_adds(struct output *, const char *);
void output_addf(struct output *, const char *, ...)
    __attribute__((format(printf, 2, 3)));
/*
 * Send len octets of the regular file fd from offset on, by sendfile(2) where
 * the kernel can.  A file that ends early makes the output fail: what was
 * promised in a literal's size cannot be taken back.
 */
void output_file(struct output *, int fd, uint64_t offset, uint64_t len);
/* Whether the client takes UTF-8 in quoted strings, for those who write them;
 * false at first. */
void output_set_utf8(struct output *, bool);
bool output_utf8(const struct output *);
/* Whether output_flush() would send what is in the buffer without waiting: some
 * hundred octets, and the peer reads. */
bool output_ready(struct output *);
/* Octets waiting in the buffer, a layer's not counted. */
size_t output_pending(const struct output *);
const struct err *output_flush(struct output *);
/* NULL while all that was written could be. */
const struct err *output_error(const struct output *);
/* Whether the peer can still be written to, as far as that shows without
 * writing: an error, sticky like others, when it cannot. */
const struct err *output_alive(struct output *);
/* Gives the empty buffer's memory back: before a long wait. */
void output_rest(struct output *);
uint64_t output_count(const struct output *);	/* octets added so far */
/* Go on counting where another process stopped: nothing waits in the buffer. */
void output_resume(struct output *, uint64_t count);

/*
 * A layer between what is read and written here and the octets on the wire.
 * Counts and buffers above are of the octets on this side of it.  Both ends
 * own arg from then on.  There is one layer at most.
 */
struct io_layer {
	/*
	 * Input: turns octets of the *len at *s into at most size at dst, and
	 * moves *s and *len on.  Stores how many in *n_r: 0 when it has used
	 * all up and needs more.  A smaller number than size does not say that
	 * there is nothing more to come.
	 */
	const struct err *(*decode)(void *arg, const unsigned char **s,
	    size_t *len, unsigned char *dst, size_t size, size_t *n_r);
	/*
	 * Output: the other way round.  Call it with the same arguments until
	 * *n_r is less than size.  flush: nothing is kept back.
	 */
	const struct err *(*encode)(void *arg, const unsigned char **s,
	    size_t *len, bool flush, unsigned char *dst, size_t size,
	    size_t *n_r);
	/* Input: moves *s and *len on to where the layer ends, which is behind
	 * the flush that follows what was read.  False in *end_r: needs more. */
	const struct err *(*ends)(void *arg, const unsigned char **s,
	    size_t *len, bool *end_r);
	/* Output: the next flush is the last. */
	void (*finish)(void *arg);
	/* Called when nothing of an input or output is in the buffers. */
	void (*rest)(void *arg);
	void (*free)(void *arg);
};
/* What was read ahead already is octets of the wire. */
void input_layer(struct input *, const struct io_layer *, void *arg);
/* What was added so far leaves first, as it is. */
void output_layer(struct output *, const struct io_layer *, void *arg);
/* Takes the layers out again: what comes and goes from then on is as it is. */
void input_layer_end(struct input *);
void output_layer_end(struct output *);
/* Whether the layer could not decode what came in. */
bool input_broken(const struct input *);

/* The rest is here for speed only: the octets between pos and end are unread, or
 * room for what is added. */
struct input_cursor {
	const unsigned char	*pos, *end;
};
/* Makes pos < end, or returns false. */
bool input_fill(struct input *);

static inline int
input_peek(struct input *in)
{
	struct input_cursor *c = (struct input_cursor *)in;

	if (c->pos == c->end && !input_fill(in))
		return -1;
	return *c->pos;
}

static inline int
input_getc(struct input *in)
{
	struct input_cursor *c = (struct input_cursor *)in;

	if (c->pos == c->end && !input_fill(in))
		return -1;
	return *c->pos++;
}

struct output_cursor {
	char		*pos, *end;
};
/* What output_add() does where there is no room. */
void output_add_slowly(struct output *, const void *, size_t len);

/* Where n octets may be written that output_took() then tells of; NULL: only
 * output_add() has room. */
static inline char *
output_space(struct output *o, size_t n)
{
	struct output_cursor *c = (struct output_cursor *)o;

	return n <= (size_t)(c->end - c->pos) ? c->pos : NULL;
}

static inline void
output_took(struct output *o, size_t n)
{
	((struct output_cursor *)o)->pos += n;
}

static inline void
output_add(struct output *o, const void *s, size_t len)
{
	struct output_cursor *c = (struct output_cursor *)o;

	/* Nothing has no room: the pointers may be NULL. */
	if (len - 1 < (size_t)(c->end - c->pos)) {
		memcpy(c->pos, s, len);
		c->pos += len;
	} else
		output_add_slowly(o, s, len);
}

#endif
