/* input.c - buffered octets from a connection, with a clock
 * SPDX-License-Identifier: ISC */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/io-private.h"
#include "util/log.h"

/* Octets that a layer may swallow without making one of them: no clock or limit
 * of those who read from here counts these. */
#define LAYER_SWALLOW_MAX	65536

struct input {
	struct input_cursor	 cursor;	/* first: io.h casts to it */
	int			 fd;		/* -1: memory */
	const unsigned char	*mem, *mem_end;	/* what is left of the memory */
	size_t			 chunk;
	uint64_t		 got;		/* octets that came in so far */
	int64_t			 deadline;	/* monotonic ms, 0 for none */
	const struct err	*(*on_block)(void *);
	void			*on_block_arg;
	bool			 is_socket;
	bool			 failed, timed_out, broken;
	const struct io_layer	*layer;		/* or NULL */
	void			*layer_arg;
	unsigned char		*raw;		/* INPUT_BUFFER octets, or NULL */
	size_t			 raw_pos, raw_len; /* of the wire, to decode */
	size_t			 swallowed;	/* since the layer made one */
	struct err		 err;		/* the ring forgets, this stays */
	unsigned char		 buf[INPUT_BUFFER];
};

struct input *
input_new(int fd)
{
	struct input *in = malloc(sizeof(*in));

	if (in == NULL)
		fatal("out of memory");
	/* All but the buffer, whose pages are touched when they are used. */
	memset(in, 0, offsetof(struct input, buf));
	in->fd = fd;
	in->cursor.pos = in->cursor.end = in->buf;
	in->is_socket = fd != -1 && io_target(fd) == IO_SOCKET;
	return in;
}

struct input *
input_new_mem(const void *s, size_t len, size_t chunk)
{
	struct input *in = input_new(-1);

	in->mem = s;
	in->mem_end = in->mem + len;
	in->chunk = chunk > 0 ? chunk : 1;
	return in;
}

void
input_free(struct input *in)
{
	if (in == NULL)
		return;
	if (in->layer != NULL)
		in->layer->free(in->layer_arg);
	free(in->raw);
	free(in);
}

void
input_on_block(struct input *in, const struct err *(*fn)(void *), void *arg)
{
	in->on_block = fn;
	in->on_block_arg = arg;
}

void
input_deadline(struct input *in, unsigned int seconds)
{
	in->deadline = seconds == 0 ? 0 : clock_ms() + (int64_t)seconds * 1000;
}

void
input_resume(struct input *in, uint64_t consumed, const void *s, size_t len)
{
	if (len > sizeof(in->buf))
		fatal("input_resume: %zu octets", len);
	if (len > 0)
		memcpy(in->buf, s, len);
	in->cursor.pos = in->buf;
	in->cursor.end = in->buf + len;
	in->got = consumed + len;
}

static void
input_fail(struct input *in, const struct err *err)
{
	if (in->failed)
		return;
	in->failed = true;
	in->err = *err;
}

static bool
input_block(struct input *in)
{
	const struct err *err;

	if (in->on_block == NULL)
		return true;
	err = in->on_block(in->on_block_arg);
	if (err != NULL)
		input_fail(in, err);
	return err == NULL;
}

/* A read that does not block: -1 with EAGAIN when there is nothing. */
static ssize_t
read_now(struct input *in, void *s, size_t size)
{
	struct pollfd pfd = { .fd = in->fd, .events = POLLIN };
	int n;

	if (in->is_socket)
		return recv(in->fd, s, size, MSG_DONTWAIT);
	n = poll(&pfd, 1, 0);
	if (n == 1)
		return read(in->fd, s, size);
	if (n == 0)
		errno = EAGAIN;
	return -1;
}

/* Wait until the descriptor is readable; false and a failure at the deadline. */
static bool
input_poll(struct input *in)
{
	struct pollfd pfd = { .fd = in->fd, .events = POLLIN };
	int n;

	do {
		n = poll(&pfd, 1, io_ms_until(in->deadline));
	} while ((n == -1 && errno == EINTR) ||
	    (n == 0 && io_ms_until(in->deadline) != 0));
	if (n == 1)
		return true;
	if (n == 0) {
		in->timed_out = true;
		input_fail(in, err_io("timeout"));
	} else
		input_fail(in, err_io("poll: %s", strerror(errno)));
	return false;
}

/* The same from memory: what there is of it, a chunk at most. */
static ssize_t
read_mem(struct input *in, void *s, size_t size)
{
	size_t n = (size_t)(in->mem_end - in->mem);

	if (n > in->chunk)
		n = in->chunk;
	if (n > size)
		n = size;
	memcpy(s, in->mem, n);
	in->mem += n;
	return (ssize_t)n;
}

/* Read at least one octet of the wire; 0 after a failure, the end being one,
 * and, unless block is true, when there is none now. */
static size_t
wire_get(struct input *in, void *s, size_t size, bool block)
{
	bool hooked = false;
	ssize_t n;

	for (;;) {
		if (in->fd == -1 && !input_block(in))
			return 0;
		n = in->fd == -1 ? read_mem(in, s, size) :
		    read_now(in, s, size);
		if (n > 0)
			return (size_t)n;
		if (n == 0) {
			input_fail(in, err_io("closed by the client"));
			return 0;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN && errno != EWOULDBLOCK) {
			input_fail(in, err_io("read: %s", strerror(errno)));
			return 0;
		}
		if (!block)
			return 0;
		if (!hooked && !input_block(in))
			return 0;
		hooked = true;
		if (!input_poll(in))
			return 0;
	}
}

/* What the layer makes of what was read: 0 when it needs more, or failed. */
static size_t
layer_decode(struct input *in, void *s, size_t size)
{
	const unsigned char *raw = in->raw + in->raw_pos;
	size_t len = in->raw_len - in->raw_pos, n = 0;
	const struct err *err;

	err = in->layer->decode(in->layer_arg, &raw, &len, s, size, &n);
	in->swallowed += in->raw_len - len - in->raw_pos;
	in->raw_pos = in->raw_len - len;
	if (n > 0)
		in->swallowed = 0;
	else if (err == NULL && in->swallowed > LAYER_SWALLOW_MAX)
		err = err_io("nothing but empty blocks came in");
	if (err != NULL) {
		in->broken = true;
		input_fail(in, err);
	}
	return n;
}

static size_t
layer_get(struct input *in, void *s, size_t size, bool block)
{
	size_t n;

	if (in->raw == NULL && (in->raw = malloc(INPUT_BUFFER)) == NULL)
		fatal("out of memory");
	for (;;) {
		n = layer_decode(in, s, size);
		if (n > 0 || in->failed)
			return n;
		in->raw_pos = 0;
		in->raw_len = wire_get(in, in->raw, INPUT_BUFFER, block);
		if (in->raw_len == 0)
			return 0;
	}
}

/* Octets as they are read from here; like wire_get(). */
static size_t
input_get(struct input *in, void *s, size_t size, bool block)
{
	size_t n = in->layer != NULL ? layer_get(in, s, size, block) :
	    wire_get(in, s, size, block);

	in->got += n;
	return n;
}

/* Without a copy. */
static bool
input_fill_mem(struct input *in)
{
	size_t left = (size_t)(in->mem_end - in->mem);
	size_t n = left < in->chunk ? left : in->chunk;

	if (!input_block(in))
		return false;
	if (n == 0) {
		input_fail(in, err_io("closed by the client"));
		return false;
	}
	in->cursor.pos = in->mem;
	in->cursor.end = in->mem += n;
	in->got += n;
	return true;
}

static bool
fill(struct input *in, bool block)
{
	size_t n;

	if (in->cursor.pos < in->cursor.end)
		return true;
	if (in->failed)
		return false;
	if (in->fd == -1 && in->layer == NULL)
		return input_fill_mem(in);
	in->cursor.pos = in->cursor.end = in->buf;
	n = input_get(in, in->buf, sizeof(in->buf), block);
	in->cursor.end += n;
	return n > 0;
}

bool
input_fill(struct input *in)
{
	return fill(in, true);
}

size_t
input_read(struct input *in, void *s, size_t size)
{
	size_t n;

	if (size == 0)
		return 0;
	/* Big reads need no second copy. */
	if (in->cursor.pos == in->cursor.end && size >= sizeof(in->buf) &&
	    in->fd != -1)
		return in->failed ? 0 : input_get(in, s, size, true);
	if (!input_fill(in))
		return 0;
	n = input_buffered(in);
	if (n > size)
		n = size;
	memcpy(s, in->cursor.pos, n);
	in->cursor.pos += n;
	return n;
}

void
input_layer(struct input *in, const struct io_layer *layer, void *arg)
{
	size_t n = input_buffered(in);

	if (in->layer != NULL)
		fatal("input_layer: there is one");
	in->layer = layer;
	in->layer_arg = arg;
	in->got -= n;
	if (in->fd == -1)
		in->mem -= n;
	else if (n > 0) {
		in->raw = malloc(INPUT_BUFFER);
		if (in->raw == NULL)
			fatal("out of memory");
		memcpy(in->raw, in->cursor.pos, n);
		in->raw_len = n;
	}
	in->cursor.pos = in->cursor.end = in->buf;
}

/* What of the wire is left goes where it is read from. */
static void
layer_remove(struct input *in)
{
	size_t n = in->raw_len - in->raw_pos;

	memcpy(in->buf, in->raw + in->raw_pos, n);
	in->cursor.pos = in->buf;
	in->cursor.end = in->buf + n;
	in->got += n;
	in->layer->free(in->layer_arg);
	in->layer = NULL;
	free(in->raw);
	in->raw = NULL;
	in->raw_pos = in->raw_len = 0;
}

void
input_layer_end(struct input *in)
{
	const unsigned char *s;
	const struct err *err = NULL;
	size_t len, seen = 0;
	bool end = false;

	if (in->raw == NULL || in->failed)
		return;
	if (input_buffered(in) > 0)
		err = err_io("more than the last command came in");
	while (err == NULL) {
		s = in->raw + in->raw_pos;
		len = in->raw_len - in->raw_pos;
		err = in->layer->ends(in->layer_arg, &s, &len, &end);
		in->raw_pos = in->raw_len - len;
		if (err != NULL || end)
			break;
		seen += in->raw_len;
		if (seen > LAYER_SWALLOW_MAX)
			err = err_io("no end of what is compressed");
		in->raw_pos = 0;
		in->raw_len = wire_get(in, in->raw, INPUT_BUFFER, true);
		if (in->raw_len == 0)
			return;
	}
	if (err != NULL) {
		in->broken = true;
		input_fail(in, err);
		return;
	}
	layer_remove(in);
}

void
input_rest(struct input *in)
{
	if (in->layer == NULL || in->raw_pos < in->raw_len ||
	    input_buffered(in) > 0)
		return;
	free(in->raw);
	in->raw = NULL;
	in->raw_pos = in->raw_len = 0;
	in->layer->rest(in->layer_arg);
}

bool
input_broken(const struct input *in)
{
	return in->broken;
}

size_t
input_buffered(const struct input *in)
{
	return (size_t)(in->cursor.end - in->cursor.pos);
}

uint64_t
input_count(const struct input *in)
{
	return in->got - input_buffered(in);
}

const struct err *
input_error(const struct input *in)
{
	return in->failed ? &in->err : NULL;
}

bool
input_timed_out(const struct input *in)
{
	return in->timed_out;
}

/* The nearer of the caller's limit and the deadline, as poll(2) wants it. */
static int
wait_ms(const struct input *in, int64_t limit)
{
	int a = io_ms_until(in->deadline), b = io_ms_until(limit);

	if (a == -1 || (b != -1 && b < a))
		return b;
	return a;
}

/* poll(2) until something is there or the time is over; errors but EINTR. */
static int
wait_poll(struct input *in, struct pollfd *pfds, size_t n, bool ready,
    int64_t limit)
{
	int got;

	do {
		got = poll(pfds, n, ready ? 0 : wait_ms(in, limit));
		if (got == -1 && errno != EINTR)
			return -1;
	} while (got == -1 || (got == 0 && !ready && wait_ms(in, limit) != 0));
	return got;
}

/* One poll(2); limit is a time. */
static const struct err *
wait_once(struct input *in, const int *others, size_t n, int64_t limit,
    bool *input_r, bool *others_r)
{
	struct pollfd pfds[INPUT_OTHERS_MAX + 1];
	bool ready = input_buffered(in) > 0 || in->fd == -1 || in->failed;
	int got;

	pfds[0] = (struct pollfd){ .fd = in->fd, .events = POLLIN };
	for (size_t i = 0; i < n; i++)
		pfds[i + 1] = (struct pollfd){ .fd = others[i],
		    .events = POLLIN };
	got = wait_poll(in, pfds, n + 1, ready, limit);
	if (got == -1)
		input_fail(in, err_io("poll: %s", strerror(errno)));
	else if (got == 0 && !ready && io_ms_until(in->deadline) == 0) {
		in->timed_out = true;
		input_fail(in, err_io("timeout"));
	}
	if (in->failed && !ready)
		return &in->err;
	*input_r = ready || pfds[0].revents != 0;
	for (size_t i = 0; i < n; i++)
		others_r[i] = got > 0 && pfds[i + 1].revents != 0;
	return NULL;
}

const struct err *
input_wait(struct input *in, const int *others, size_t n, int timeout_ms,
    bool *input_r, bool *others_r)
{
	int64_t limit = timeout_ms < 0 ? 0 : clock_ms() + timeout_ms;
	const struct err *err;
	bool other;

	if (n > INPUT_OTHERS_MAX)
		fatal("input_wait: %zu descriptors", n);
	if (in->failed && input_buffered(in) == 0)
		return &in->err;
	if (!input_block(in))
		return &in->err;
	/* A layer may hold octets, and may make none of those that come. */
	if (in->layer != NULL)
		fill(in, false);
	do {
		err = wait_once(in, others, n, limit, input_r, others_r);
		if (err != NULL || in->layer == NULL || !*input_r)
			return err;
		*input_r = fill(in, false) || in->failed;
		other = false;
		for (size_t i = 0; i < n; i++)
			other = other || others_r[i];
	} while (!*input_r && !other);
	return NULL;
}
