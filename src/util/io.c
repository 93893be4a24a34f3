/* io.c - buffered octets in and out of a connection, with a clock
 * SPDX-License-Identifier: ISC */
#include "util/io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sockios.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sysexits.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/log.h"

#define FILE_COPY_MAX	32768	/* octets of a file that are copied, not sent */
#define TTY_WRITE_MAX	256	/* octets a writable terminal takes at once */
#define SMALL_OCTETS	4096	/* octets that a writable socket takes at once */
#define SENDFILE_MAX	(1024 * 1024)	/* octets of one sendfile(2) */
#define LAYER_WRITE	8192	/* octets that a layer makes at a time */
/* Octets that a layer may swallow without making one of them: no clock or limit
 * of those who read from here counts these. */
#define LAYER_SWALLOW_MAX	65536

void
io_hold_stdio(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) == -1 && open("/dev/null",
		    fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			_exit(EX_OSERR);
}

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

enum target { TARGET_MEM, TARGET_SOCKET, TARGET_PIPE, TARGET_TTY,
	TARGET_OTHER };

struct output {
	int		 fd;
	enum target	 target;
	struct buf	*mem;
	char		*buf;		/* OUTPUT_BUFFER octets, or NULL */
	size_t		 len;		/* of buf, in use */
	uint64_t	 count;
	int64_t		 timeout;	/* ms, 0 for none */
	bool		 send_timeout;	/* SO_SNDTIMEO is set */
	bool		 no_sendfile;
	bool		 utf8;
	bool		 failed;
	bool		 unflushed;	/* the layer has something */
	const struct io_layer *layer;	/* or NULL */
	void		*layer_arg;
	struct err	 err;
};

/* poll(2)'s timeout until the monotonic time when; 0 is for ever. */
static int
ms_until(int64_t when)
{
	int64_t left;

	if (when == 0)
		return -1;
	left = when - clock_ms();
	if (left < 0)
		return 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}

static enum target
fd_target(int fd)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return TARGET_OTHER;
	if (S_ISSOCK(st.st_mode))
		return TARGET_SOCKET;
	if (S_ISFIFO(st.st_mode))
		return TARGET_PIPE;
	return S_ISCHR(st.st_mode) ? TARGET_TTY : TARGET_OTHER;
}

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
	in->is_socket = fd != -1 && fd_target(fd) == TARGET_SOCKET;
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
		n = poll(&pfd, 1, ms_until(in->deadline));
	} while ((n == -1 && errno == EINTR) ||
	    (n == 0 && ms_until(in->deadline) != 0));
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
	int a = ms_until(in->deadline), b = ms_until(limit);

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
	else if (got == 0 && !ready && ms_until(in->deadline) == 0) {
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

struct output *
output_new(int fd)
{
	struct output *o = calloc(1, sizeof(*o));

	if (o == NULL)
		fatal("out of memory");
	signal(SIGPIPE, SIG_IGN);
	o->fd = fd;
	o->target = fd_target(fd);
	return o;
}

struct output *
output_new_mem(struct buf *b)
{
	struct output *o = calloc(1, sizeof(*o));

	if (o == NULL)
		fatal("out of memory");
	o->fd = -1;
	o->target = TARGET_MEM;
	o->mem = b;
	return o;
}

void
output_free(struct output *o)
{
	if (o == NULL)
		return;
	if (o->layer != NULL)
		o->layer->free(o->layer_arg);
	free(o->buf);
	free(o);
}

void
output_timeout(struct output *o, unsigned int seconds)
{
	o->timeout = (int64_t)seconds * 1000;
}

static void
output_fail(struct output *o, const struct err *err)
{
	if (o->failed)
		return;
	o->failed = true;
	o->err = *err;
	o->len = 0;
}

static void
output_fail_errno(struct output *o, const char *what)
{
	if (errno == EPIPE || errno == ECONNRESET)
		output_fail(o, err_io("closed by the client"));
	else
		output_fail(o, err_io("%s: %s", what, strerror(errno)));
}

/* Octets that the kernel holds for the peer, 0 where it cannot tell. */
static int
output_queued(const struct output *o)
{
	int n;

	return ioctl(o->fd, SIOCOUTQ, &n) == -1 ? 0 : n;
}

/*
 * Wait until something can be written; false and a failure after the limit.  A
 * socket is writable again only when a good part of its buffer, which may be
 * megabytes, is empty: a slow peer that takes something meanwhile is not gone.
 */
static bool
output_poll(struct output *o)
{
	struct pollfd pfd = { .fd = o->fd, .events = POLLOUT };
	int64_t limit;
	int n, before;

	do {
		before = output_queued(o);
		limit = o->timeout == 0 ? 0 : clock_ms() + o->timeout;
		do {
			n = poll(&pfd, 1, ms_until(limit));
		} while ((n == -1 && errno == EINTR) ||
		    (n == 0 && ms_until(limit) != 0));
	} while (n == 0 && output_queued(o) < before);
	if (n == 0)
		output_fail(o, err_io("timeout: the client does not read"));
	else if (n == -1)
		output_fail_errno(o, "poll");
	return n == 1;
}

/*
 * A write that does not block: -1 with EAGAIN when nothing can be taken.  A
 * pipe that is writable takes PIPE_BUF octets whole (pipe(7)).
 */
static ssize_t
write_now(struct output *o, const char *s, size_t len, bool more)
{
	struct pollfd pfd = { .fd = o->fd, .events = POLLOUT };
	size_t max = o->target == TARGET_PIPE ? PIPE_BUF :
	    o->target == TARGET_TTY ? TTY_WRITE_MAX : len;
	int n;

	if (o->target == TARGET_SOCKET)
		return send(o->fd, s, len, MSG_DONTWAIT | MSG_NOSIGNAL |
		    (more ? MSG_MORE : 0));
	n = poll(&pfd, 1, 0);
	if (n == 1)
		return write(o->fd, s, len < max ? len : max);
	if (n == 0)
		errno = EAGAIN;
	return -1;
}

static void
write_all(struct output *o, const char *s, size_t len, bool more)
{
	ssize_t n;

	while (len > 0 && !o->failed) {
		n = write_now(o, s, len, more);
		if (n >= 0) {
			s += n;
			len -= (size_t)n;
		} else if (errno == EAGAIN || errno == EWOULDBLOCK)
			output_poll(o);
		else if (errno != EINTR)
			output_fail_errno(o, "write");
	}
}

/* Octets of the wire. */
static void
wire_put(struct output *o, const void *s, size_t len, bool more)
{
	if (o->target == TARGET_MEM)
		buf_add(o->mem, s, len);
	else
		write_all(o, s, len, more);
}

static void
layer_put(struct output *o, const char *s, size_t len, bool more)
{
	unsigned char wire[LAYER_WRITE];
	const unsigned char *from = (const unsigned char *)s;
	const struct err *err;
	size_t n;

	o->unflushed = more;
	do {
		err = o->layer->encode(o->layer_arg, &from, &len, !more, wire,
		    sizeof(wire), &n);
		if (err != NULL)
			output_fail(o, err);
		else if (n > 0)
			wire_put(o, wire, n, more || n == sizeof(wire));
	} while (n == sizeof(wire) && !o->failed);
}

/* more: what follows comes soon. */
static void
put(struct output *o, const char *s, size_t len, bool more)
{
	if (o->layer != NULL)
		layer_put(o, s, len, more);
	else if (len > 0)
		wire_put(o, s, len, more);
}

static void
write_buffer(struct output *o, bool more)
{
	size_t len = o->len;

	o->len = 0;
	if (len > 0 || (o->unflushed && !more))
		put(o, o->buf, len, more);
}

/* Octets for a test's buffer need no other. */
static bool
unbuffered(const struct output *o)
{
	return o->target == TARGET_MEM && o->layer == NULL;
}

/* Where the next octets go; want of them (at most OUTPUT_BUFFER) fit. */
static char *
output_room(struct output *o, size_t want)
{
	if (o->buf == NULL) {
		o->buf = malloc(OUTPUT_BUFFER);
		if (o->buf == NULL)
			fatal("out of memory");
	}
	if (OUTPUT_BUFFER - o->len < want)
		write_buffer(o, true);
	return o->buf + o->len;
}

void
output_add(struct output *o, const void *s, size_t len)
{
	if (o->failed || len == 0)
		return;
	o->count += len;
	if (unbuffered(o))
		buf_add(o->mem, s, len);
	else if (len >= OUTPUT_BUFFER) {
		write_buffer(o, true);
		put(o, s, len, o->layer != NULL);
	} else {
		memcpy(output_room(o, len), s, len);
		o->len += len;
	}
}

void
output_adds(struct output *o, const char *s)
{
	output_add(o, s, strlen(s));
}

void
output_addf(struct output *o, const char *fmt, ...)
{
	char small[512], *big = NULL;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	if (len >= (int)sizeof(small)) {
		va_start(ap, fmt);
		len = vasprintf(&big, fmt, ap);
		va_end(ap);
	}
	if (len < 0)
		fatal("output_addf: %s", strerror(errno));
	output_add(o, big != NULL ? big : small, (size_t)len);
	free(big);
}

/* The file's octets that cannot be had were promised in a literal's size. */
static void
file_fail(struct output *o, ssize_t n)
{
	if (n == 0)
		output_fail(o, err_io("a message file is shorter than it was"));
	else
		output_fail(o, err_io("reading a message file: %s",
		    strerror(errno)));
}

static bool
file_read(struct output *o, int fd, char *s, size_t len, uint64_t offset)
{
	ssize_t n;

	for (size_t done = 0; done < len; done += (size_t)n) {
		do {
			n = pread(fd, s + done, len - done,
			    (off_t)(offset + done));
		} while (n == -1 && errno == EINTR);
		if (n <= 0) {
			file_fail(o, n);
			return false;
		}
	}
	return true;
}

static void
file_copy(struct output *o, int fd, uint64_t offset, uint64_t len)
{
	size_t n;
	char *s;

	while (len > 0 && !o->failed) {
		n = len < FILE_COPY_MAX ? (size_t)len : FILE_COPY_MAX;
		s = unbuffered(o) ? buf_room(o->mem, n) : output_room(o, n);
		if (o->failed || !file_read(o, fd, s, n, offset))
			return;
		if (unbuffered(o))
			o->mem->len += n;
		else
			o->len += n;
		offset += n;
		len -= n;
	}
}

/*
 * sendfile(2) cannot be told not to block where the socket is in blocking
 * mode.  The socket's own send timeout ends it early; the wait is ours.
 */
static void
socket_send_timeout(struct output *o)
{
	struct timeval tv = { .tv_sec = 1 };

	if (o->send_timeout)
		return;
	if (setsockopt(o->fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) == -1)
		o->no_sendfile = true;
	o->send_timeout = true;
}

/* Returns how many octets were sent before sendfile(2) refused or failed. */
static uint64_t
file_send(struct output *o, int fd, uint64_t offset, uint64_t len)
{
	off_t off = (off_t)offset;
	uint64_t sent = 0;
	ssize_t n;

	while (sent < len && !o->failed && output_poll(o)) {
		n = sendfile(o->fd, fd, &off, len - sent < SENDFILE_MAX ?
		    (size_t)(len - sent) : SENDFILE_MAX);
		if (n > 0)
			sent += (uint64_t)n;
		else if (n == 0)
			file_fail(o, 0);
		else if (errno == EINVAL || errno == ENOSYS) {
			o->no_sendfile = true;
			break;
		} else if (errno != EINTR && errno != EAGAIN)
			output_fail_errno(o, "sendfile");
	}
	return sent;
}

void
output_file(struct output *o, int fd, uint64_t offset, uint64_t len)
{
	uint64_t sent = 0;

	if (o->failed || len == 0)
		return;
	if (offset > INT64_MAX || len > INT64_MAX - offset) {
		output_fail(o, err_io("a message file's size is wrong"));
		return;
	}
	o->count += len;
	/*
	 * Small files share a write with what is around them.  Only a socket
	 * is sent to: elsewhere sendfile(2) may block without a limit.  A layer
	 * has to see the octets.
	 */
	if (len > FILE_COPY_MAX && o->target == TARGET_SOCKET &&
	    o->layer == NULL) {
		socket_send_timeout(o);
		if (!o->no_sendfile) {
			write_buffer(o, true);
			sent = file_send(o, fd, offset, len);
		}
	}
	file_copy(o, fd, offset + sent, len - sent);
}

void
output_set_utf8(struct output *out, bool utf8)
{
	out->utf8 = utf8;
}

bool
output_utf8(const struct output *out)
{
	return out->utf8;
}

size_t
output_pending(const struct output *o)
{
	return o->len;
}

const struct err *
output_alive(struct output *o)
{
	struct pollfd pfd = { .fd = o->fd };

	if (!o->failed && o->target != TARGET_MEM && poll(&pfd, 1, 0) == 1 &&
	    (pfd.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0)
		output_fail(o, err_io("closed by the client"));
	return o->failed ? &o->err : NULL;
}

bool
output_ready(struct output *o)
{
	struct pollfd pfd = { .fd = o->fd, .events = POLLOUT };

	if (o->failed || o->len > SMALL_OCTETS)
		return false;
	/* A socket that can be written has room for a third of its buffer. */
	return o->target == TARGET_MEM || (poll(&pfd, 1, 0) == 1 &&
	    (pfd.revents & POLLOUT) != 0);
}

const struct err *
output_flush(struct output *o)
{
	if (!o->failed)
		write_buffer(o, false);
	return o->failed ? &o->err : NULL;
}

void
output_rest(struct output *o)
{
	if (o->len > 0)
		return;
	free(o->buf);
	o->buf = NULL;
	if (o->layer != NULL && !o->unflushed)
		o->layer->rest(o->layer_arg);
}

void
output_layer_end(struct output *o)
{
	if (o->layer == NULL)
		return;
	o->layer->finish(o->layer_arg);
	o->unflushed = true;
	output_flush(o);
	o->layer->free(o->layer_arg);
	o->layer = NULL;
	o->unflushed = false;
}

void
output_layer(struct output *o, const struct io_layer *layer, void *arg)
{
	if (o->layer != NULL)
		fatal("output_layer: there is one");
	write_buffer(o, false);
	o->layer = layer;
	o->layer_arg = arg;
}

uint64_t
output_count(const struct output *o)
{
	return o->count;
}

void
output_resume(struct output *o, uint64_t count)
{
	o->count = count;
}
