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
#include <time.h>
#include <unistd.h>

#include "util/log.h"

#define INPUT_BUFFER	4096	/* octets: part of what an idle session costs */
#define FILE_COPY_MAX	32768	/* octets of a file that are copied, not sent */
#define TTY_WRITE_MAX	256	/* octets a writable terminal takes at once */
#define SMALL_OCTETS	4096	/* octets that a writable socket takes at once */
#define SENDFILE_MAX	(1024 * 1024)	/* octets of one sendfile(2) */

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
	bool			 failed, timed_out;
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
	struct err	 err;
};

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* poll(2)'s timeout until the monotonic time when; 0 is for ever. */
static int
ms_until(int64_t when)
{
	int64_t left;

	if (when == 0)
		return -1;
	left = when - now_ms();
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
	in->deadline = seconds == 0 ? 0 : now_ms() + (int64_t)seconds * 1000;
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

/* Read at least one octet; 0 after a failure, the end being one. */
static size_t
input_get(struct input *in, void *s, size_t size)
{
	bool hooked = false;
	ssize_t n;

	for (;;) {
		n = read_now(in, s, size);
		if (n > 0) {
			in->got += (uint64_t)n;
			return (size_t)n;
		}
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
		if (!hooked && !input_block(in))
			return 0;
		hooked = true;
		if (!input_poll(in))
			return 0;
	}
}

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

bool
input_fill(struct input *in)
{
	size_t n;

	if (in->cursor.pos < in->cursor.end)
		return true;
	if (in->failed)
		return false;
	if (in->fd == -1)
		return input_fill_mem(in);
	in->cursor.pos = in->cursor.end = in->buf;
	n = input_get(in, in->buf, sizeof(in->buf));
	in->cursor.end += n;
	return n > 0;
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
		return in->failed ? 0 : input_get(in, s, size);
	if (!input_fill(in))
		return 0;
	n = input_buffered(in);
	if (n > size)
		n = size;
	memcpy(s, in->cursor.pos, n);
	in->cursor.pos += n;
	return n;
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

const struct err *
input_wait(struct input *in, const int *others, size_t n, int timeout_ms,
    bool *input_r, bool *others_r)
{
	struct pollfd pfds[INPUT_OTHERS_MAX + 1];
	int64_t limit = timeout_ms < 0 ? 0 : now_ms() + timeout_ms;
	bool ready;
	int got;

	if (n > INPUT_OTHERS_MAX)
		fatal("input_wait: %zu descriptors", n);
	if (in->failed && input_buffered(in) == 0)
		return &in->err;
	if (!input_block(in))
		return &in->err;
	ready = input_buffered(in) > 0 || in->fd == -1;
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
		limit = o->timeout == 0 ? 0 : now_ms() + o->timeout;
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

static void
write_buffer(struct output *o, bool more)
{
	size_t len = o->len;

	o->len = 0;
	if (len > 0)
		write_all(o, o->buf, len, more);
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
	if (o->target == TARGET_MEM)
		buf_add(o->mem, s, len);
	else if (len >= OUTPUT_BUFFER) {
		write_buffer(o, true);
		write_all(o, s, len, false);
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
		s = o->target == TARGET_MEM ? buf_room(o->mem, n) :
		    output_room(o, n);
		if (o->failed || !file_read(o, fd, s, n, offset))
			return;
		if (o->target == TARGET_MEM)
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
	 * is sent to: elsewhere sendfile(2) may block without a limit.
	 */
	if (len > FILE_COPY_MAX && o->target == TARGET_SOCKET) {
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
}

uint64_t
output_count(const struct output *o)
{
	return o->count;
}
