/* output.c - buffered octets to a connection, with a clock
 * SPDX-License-Identifier: ISC */
#include <errno.h>
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
#include <sys/time.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/io-private.h"
#include "util/log.h"

#define FILE_COPY_MAX	32768	/* octets of a file that are copied, not sent */
#define TTY_WRITE_MAX	256	/* octets a writable terminal takes at once */
#define SMALL_OCTETS	4096	/* octets that a writable socket takes at once */
#define SENDFILE_MAX	(1024 * 1024)	/* octets of one sendfile(2) */
#define LAYER_WRITE	8192	/* octets that a layer makes at a time */

struct output {
	struct output_cursor cursor;	/* first: io.h casts to it */
	int		 fd;
	enum io_target	 target;
	struct buf	*mem;
	char		*buf;		/* OUTPUT_BUFFER octets, or NULL */
	uint64_t	 left;		/* octets that were added before buf's */
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

struct output *
output_new(int fd)
{
	struct output *o = calloc(1, sizeof(*o));

	if (o == NULL)
		fatal("out of memory");
	signal(SIGPIPE, SIG_IGN);
	o->fd = fd;
	o->target = io_target(fd);
	return o;
}

struct output *
output_new_mem(struct buf *b)
{
	struct output *o = calloc(1, sizeof(*o));

	if (o == NULL)
		fatal("out of memory");
	o->fd = -1;
	o->target = IO_MEM;
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
	/* No room: all that comes goes by output_add_slowly(). */
	o->cursor.pos = o->cursor.end = o->buf;
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
			n = poll(&pfd, 1, io_ms_until(limit));
		} while ((n == -1 && errno == EINTR) ||
		    (n == 0 && io_ms_until(limit) != 0));
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
	size_t max = o->target == IO_PIPE ? PIPE_BUF :
	    o->target == IO_TTY ? TTY_WRITE_MAX : len;
	int n;

	if (o->target == IO_SOCKET)
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
	if (o->target == IO_MEM)
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
	const size_t len = output_pending(o);

	o->cursor.pos = o->buf;
	o->left += len;
	if (len > 0 || (o->unflushed && !more))
		put(o, o->buf, len, more);
}

/* Octets for a test's buffer need no other. */
static bool
unbuffered(const struct output *o)
{
	return o->target == IO_MEM && o->layer == NULL;
}

/* Where the next octets go; want of them (at most OUTPUT_BUFFER) fit. */
static char *
output_room(struct output *o, size_t want)
{
	if (o->buf == NULL) {
		o->buf = malloc(OUTPUT_BUFFER);
		if (o->buf == NULL)
			fatal("out of memory");
		o->cursor.pos = o->buf;
		o->cursor.end = o->buf + OUTPUT_BUFFER;
	}
	if ((size_t)(o->cursor.end - o->cursor.pos) < want)
		write_buffer(o, true);
	return o->cursor.pos;
}

void
output_add_slowly(struct output *o, const void *s, size_t len)
{
	if (o->failed || len == 0)
		return;
	if (unbuffered(o)) {
		buf_add(o->mem, s, len);
		o->left += len;
	} else if (len >= OUTPUT_BUFFER) {
		write_buffer(o, true);
		o->left += len;
		put(o, s, len, o->layer != NULL);
	} else {
		char *room = output_room(o, len);

		if (o->failed)
			return;
		memcpy(room, s, len);
		o->cursor.pos += len;
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
		if (unbuffered(o)) {
			o->mem->len += n;
			o->left += n;
		} else
			o->cursor.pos += n;
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
	/*
	 * Small files share a write with what is around them.  Only a socket
	 * is sent to: elsewhere sendfile(2) may block without a limit.  A layer
	 * has to see the octets.
	 */
	if (len > FILE_COPY_MAX && o->target == IO_SOCKET &&
	    o->layer == NULL) {
		socket_send_timeout(o);
		if (!o->no_sendfile) {
			write_buffer(o, true);
			sent = file_send(o, fd, offset, len);
			o->left += sent;
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
	return o->buf == NULL ? 0 : (size_t)(o->cursor.pos - o->buf);
}

const struct err *
output_error(const struct output *o)
{
	return o->failed ? &o->err : NULL;
}

const struct err *
output_alive(struct output *o)
{
	struct pollfd pfd = { .fd = o->fd };

	if (!o->failed && o->target != IO_MEM && poll(&pfd, 1, 0) == 1 &&
	    (pfd.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0)
		output_fail(o, err_io("closed by the client"));
	return o->failed ? &o->err : NULL;
}

bool
output_ready(struct output *o)
{
	struct pollfd pfd = { .fd = o->fd, .events = POLLOUT };

	if (o->failed || output_pending(o) > SMALL_OCTETS)
		return false;
	/* A socket that can be written has room for a third of its buffer. */
	return o->target == IO_MEM || (poll(&pfd, 1, 0) == 1 &&
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
	if (output_pending(o) > 0)
		return;
	free(o->buf);
	o->buf = NULL;
	o->cursor = (struct output_cursor){ NULL, NULL };
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
	return o->left + output_pending(o);
}

void
output_resume(struct output *o, uint64_t count)
{
	o->left = count;
}
