/* relay.c - octets both ways between two ends, whatever these are
 * SPDX-License-Identifier: ISC */
#include "tls/relay.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "util/clock.h"
#include "util/log.h"

#define REST_MS		1000	/* of quiet, before memory is given back */
#define ROUNDS_MAX	16	/* of one step: then the clock is looked at */

/* One direction. */
struct pipe {
	struct relay_end *from, *to;
	unsigned char	*buf;		/* NULL: not allocated */
	size_t		 pos, len;	/* octets that wait: [pos, pos + len) */
	bool		 readable;	/* as far as is known */
	bool		 writable;
	bool		 eof;		/* from has ended */
	bool		 shut;		/* to knows */
	bool		 broken;	/* to takes no more: octets are not read */
};

struct relay {
	struct relay_end client, session;
	struct pipe	 up, down;	/* to the session, to the client */
	ssize_t		 unsent;	/* what the client's end has put aside */
	int64_t		 timeout;	/* milliseconds */
	int64_t		 stuck_at;	/* when it is over; -1: nothing waits */
	bool		 lost;		/* the client's end failed */
};

struct relay *
relay_new(const struct relay_end *client, const struct relay_end *session,
    unsigned int client_timeout)
{
	struct relay *r = calloc(1, sizeof(*r));

	if (r == NULL)
		fatal("out of memory");
	r->client = *client;
	r->session = *session;
	r->timeout = (int64_t)client_timeout * 1000;
	r->stuck_at = -1;
	r->up = (struct pipe){ .from = &r->client, .to = &r->session,
	    .readable = true, .writable = true };
	r->down = (struct pipe){ .from = &r->session, .to = &r->client,
	    .readable = true, .writable = true };
	return r;
}

void
relay_free(struct relay *r)
{
	if (r == NULL)
		return;
	free(r->up.buf);
	free(r->down.buf);
	free(r);
}

static bool
has_pending(const struct relay_end *end)
{
	return end->pending != NULL && end->pending(end->arg);
}

/* Whether it is worth while to read. */
static bool
may_read(const struct pipe *p)
{
	return p->len == 0 && !p->eof && !p->broken &&
	    (p->readable || has_pending(p->from));
}

/* Reads into the empty buffer.  RELAY_FAILED, or whether something happened. */
static int
pipe_read(struct pipe *p)
{
	ssize_t n;

	if (!may_read(p))
		return 0;
	if (p->buf == NULL && (p->buf = malloc(RELAY_BUFFER)) == NULL)
		fatal("out of memory");
	n = p->from->read(p->from->arg, p->buf, RELAY_BUFFER);
	if (n == RELAY_AGAIN) {
		p->readable = false;
		return 0;
	}
	if (n < 0)
		return RELAY_FAILED;
	p->pos = 0;
	p->len = (size_t)n;
	p->eof = n == 0;
	/* Fewer than there is room for: that was all, poll(2) tells of more. */
	p->readable = n == RELAY_BUFFER;
	return 1;
}

static int
pipe_write(struct pipe *p)
{
	ssize_t n;

	if (p->len == 0 || !p->writable)
		return 0;
	n = p->to->write(p->to->arg, p->buf + p->pos, p->len);
	if (n == RELAY_AGAIN) {
		p->writable = false;
		return 0;
	}
	if (n < 0)
		return RELAY_FAILED;
	p->pos += (size_t)n;
	p->len -= (size_t)n;
	return 1;
}

static int
pipe_shut(struct pipe *p)
{
	if (!p->eof || p->len > 0 || p->shut || p->broken)
		return 0;
	p->shut = true;
	return p->to->shut(p->to->arg) == 0 ? 1 : RELAY_FAILED;
}

/* To the session: what it does not want is dropped, and it ends by itself. */
static bool
up_move(struct relay *r)
{
	struct pipe *p = &r->up;
	int got, put, end;

	got = pipe_read(p);
	if (got == RELAY_FAILED) {
		r->lost = true;
		return false;
	}
	put = pipe_write(p);
	end = put != RELAY_FAILED ? pipe_shut(p) : 0;
	if (put == RELAY_FAILED || end == RELAY_FAILED) {
		p->broken = true;
		p->len = 0;
		return true;
	}
	return got + put + end > 0;
}

/* To the client. */
static bool
down_move(struct relay *r)
{
	struct pipe *p = &r->down;
	int got, put, end;

	got = pipe_read(p);
	/* A session that died has ended too. */
	if (got == RELAY_FAILED)
		p->eof = true;
	put = pipe_write(p);
	end = put != RELAY_FAILED ? pipe_shut(p) : 0;
	if (put == RELAY_FAILED || end == RELAY_FAILED) {
		r->lost = true;
		return false;
	}
	return got != 0 || put + end > 0;
}

static void
flush_client(struct relay *r)
{
	if (r->client.flush == NULL)
		return;
	r->unsent = r->client.flush(r->client.arg);
	if (r->unsent < 0) {
		r->lost = true;
		r->unsent = 0;
	}
}

/* The clock runs while something waits for the client, and starts anew when it
 * took some. */
static bool
client_is_stuck(struct relay *r, size_t waited, int64_t now)
{
	size_t waits = r->down.len + (size_t)r->unsent;

	if (waits == 0)
		r->stuck_at = -1;
	else if (r->stuck_at == -1 || waits != waited)
		r->stuck_at = now + r->timeout;
	return r->stuck_at != -1 && now >= r->stuck_at;
}

enum relay_state
relay_step(struct relay *r, short client_revents, short session_revents,
    int64_t now)
{
	const short in = POLLIN | POLLHUP | POLLERR;
	const short out = POLLOUT | POLLHUP | POLLERR;
	size_t waited = r->down.len + (size_t)r->unsent;
	short client_events, session_events;
	bool moved = true;

	relay_wants(r, &client_events, &session_events);
	r->up.readable = r->up.readable || (client_revents & in) != 0;
	r->down.writable = r->down.writable || (client_revents & out) != 0;
	r->down.readable = r->down.readable || (session_revents & in) != 0;
	r->up.writable = r->up.writable || (session_revents & out) != 0;
	for (int i = 0; moved && !r->lost && i < ROUNDS_MAX; i++) {
		moved = up_move(r);
		if (!r->lost && down_move(r))
			moved = true;
	}
	if (!r->lost)
		flush_client(r);
	/* Nobody is there to be read from or written to. */
	if (client_events == 0 && (client_revents & (POLLHUP | POLLERR)) != 0)
		r->lost = true;
	if (r->lost)
		return RELAY_CLIENT_LOST;
	if (r->down.shut && r->unsent == 0)
		return RELAY_DONE;
	return client_is_stuck(r, waited, now) ? RELAY_CLIENT_STUCK :
	    RELAY_RUNS;
}

int64_t
relay_wants(const struct relay *r, short *client_events_r,
    short *session_events_r)
{
	const struct pipe *up = &r->up, *down = &r->down;
	short client = 0, session = 0;

	if (up->len == 0 && !up->eof && !up->broken)
		client |= POLLIN;
	if (down->len > 0 || r->unsent > 0)
		client |= POLLOUT;
	if (down->len == 0 && !down->eof)
		session |= POLLIN;
	if (up->len > 0)
		session |= POLLOUT;
	*client_events_r = client;
	*session_events_r = session;
	return r->stuck_at;
}

void
relay_rest(struct relay *r)
{
	struct pipe *pipes[] = { &r->up, &r->down };
	struct relay_end *ends[] = { &r->client, &r->session };

	for (int i = 0; i < 2; i++) {
		if (pipes[i]->len == 0) {
			free(pipes[i]->buf);
			pipes[i]->buf = NULL;
		}
		if (ends[i]->rest != NULL)
			ends[i]->rest(ends[i]->arg);
	}
	malloc_trim(0);
}

/* Whether a step would do something without waiting for anybody. */
static bool
can_go_on(const struct relay *r)
{
	return may_read(&r->up) || may_read(&r->down) ||
	    (r->up.len > 0 && r->up.writable) ||
	    (r->down.len > 0 && r->down.writable);
}

/* Milliseconds to wait, -1 for ever. */
static int
wait_time(const struct relay *r, int64_t wake, bool rested)
{
	int64_t left;

	if (can_go_on(r))
		return 0;
	left = rested ? INT32_MAX : REST_MS;
	if (wake != -1) {
		wake -= clock_ms();
		if (wake < left)
			left = wake > 0 ? wake : 0;
	}
	return left == INT32_MAX ? -1 : (int)left;
}

enum relay_state
relay_run(struct relay *r)
{
	struct pollfd pfds[2] = { { .fd = -1 }, { .fd = -1 } };
	enum relay_state state;
	bool rested = false;
	int64_t wake;
	int n, ms;

	for (;;) {
		state = relay_step(r, pfds[0].revents, pfds[1].revents,
		    clock_ms());
		if (state != RELAY_RUNS)
			return state;
		wake = relay_wants(r, &pfds[0].events, &pfds[1].events);
		pfds[0].fd = r->client.fd;
		/* A hang-up that is no news must not wake us. */
		pfds[1].fd = pfds[1].events != 0 ? r->session.fd : -1;
		pfds[0].revents = pfds[1].revents = 0;
		ms = wait_time(r, wake, rested);
		n = poll(pfds, 2, ms);
		if (n == -1 && errno != EINTR)
			fatal("poll: %s", strerror(errno));
		if (n == 0 && ms == REST_MS && !rested) {
			relay_rest(r);
			rested = true;
		} else if (n > 0)
			rested = false;
	}
}
