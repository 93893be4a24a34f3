/* rows-idle.c - how long after a change's OK another session in IDLE hears of it
 * SPDX-License-Identifier: ISC */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "resp.h"

#define CYCLES_LEAST	2
#define CYCLES_MOST	50
#define CYCLES_NS	1000000000ull
#define WAIT_MS		30000

struct pair {
	struct bench *b;
	struct peer *p;
	struct conn *writer, *watcher;
	uint64_t cpu;
	unsigned events;
};

/* Read one response of whoever has something to say; false also when nobody does. */
static bool
next(struct pair *r, struct conn **who_r, const char **s_r, size_t *len_r)
{
	struct pollfd fds[2] = { { r->writer->fd, POLLIN, 0 },
	    { r->watcher->fd, POLLIN, 0 } };
	struct conn *c = NULL;

	if (r->writer->in.len > r->writer->used)
		c = r->writer;
	else if (r->watcher->in.len > r->watcher->used)
		c = r->watcher;
	else if (poll(fds, 2, WAIT_MS) <= 0)
		return conn_fail(r->writer, "IDLE hears of no change");
	else
		c = fds[0].revents != 0 ? r->writer : r->watcher;
	*who_r = c;
	return conn_read(c, s_r, len_r) ||
	    conn_fail(r->writer, "%.200s", c->error);
}

/* Send what is in the writer's buffer and take the time between its OK and the
 * watcher's response; heard of before the OK is no time at all. */
static bool
event(struct pair *r, const char *word)
{
	uint64_t done = 0, heard = 0, now;
	const char *s;
	struct conn *who = NULL;
	size_t len;
	uint32_t seq;

	if (!conn_flush(r->writer))
		return false;
	while (done == 0 || heard == 0) {
		if (!next(r, &who, &s, &len))
			return false;
		now = now_ns();
		if (who == r->writer && s[0] == 'a') {
			buf_reset(&who->done);
			buf_add(&who->done, s, len);
			if (strstr(buf_str(&who->done), " OK ") == NULL)
				return conn_fail(who, "refused: %.100s",
				    who->done.s);
			done = now;
		} else if (who == r->watcher && heard == 0 &&
		    resp_number(s, len, word, &seq)) {
			heard = now;
		}
	}
	r->events++;
	emit(r->b, r->p, "wall_us",
	    heard > done ? (double)(heard - done) / 1000 : 0);
	return true;
}

/* A message comes, gets a flag, is deleted, and goes. */
static bool
cycle(struct pair *r, uint32_t n)
{
	struct buf note = { 0 };
	struct conn *w = r->writer;
	uint32_t uid;
	bool ok;

	mail_small(n, &note);
	buf_addf(&w->out, "a%u APPEND INBOX {%zu+}\r\n", ++w->tag, note.len);
	buf_add(&w->out, note.s, note.len);
	buf_adds(&w->out, "\r\n");
	ok = event(r, "EXISTS");
	buf_clear(&note);
	if (!ok)
		return false;
	if (sscanf(w->done.s, "a%*u OK [APPENDUID %*u %u]", &uid) != 1)
		return conn_fail(w, "no APPENDUID: %.80s", w->done.s);
	conn_put(w, "UID STORE %u +FLAGS (\\Flagged)", uid);
	if (!event(r, "FETCH ("))
		return false;
	conn_put(w, "UID STORE %u +FLAGS (\\Deleted)", uid);
	if (!event(r, "FETCH ("))
		return false;
	conn_put(w, "UID EXPUNGE %u", uid);
	return event(r, "EXPUNGE");
}

static bool
go_ahead(struct conn *c)
{
	const char *s;
	size_t len;

	do {
		if (!conn_read(c, &s, &len))
			return false;
	} while (s[0] == '*');
	return s[0] == '+' || conn_fail(c, "no IDLE: %.*s", (int)len, s);
}

static bool
watch(struct pair *r)
{
	uint64_t start = now_ns();
	unsigned n;

	conn_put(r->watcher, "IDLE");
	if (!conn_flush(r->watcher) || !go_ahead(r->watcher))
		return conn_fail(r->writer, "%.200s", r->watcher->error);
	r->cpu = peer_cpu(r->p);
	for (n = 0; n < (r->b->round == 0 ? 1 : CYCLES_LEAST) ||
	    (r->b->round > 0 && n < CYCLES_MOST && now_ns() - start < CYCLES_NS); n++)
		if (!cycle(r, n))
			return false;
	emit(r->b, r->p, "cpu_us",
	    (double)(peer_cpu(r->p) - r->cpu) / r->events / 1000);
	buf_adds(&r->watcher->out, "DONE\r\n");
	return conn_flush(r->watcher) &&
	    conn_wait(r->watcher, NULL, NULL) && session_end(r->watcher);
}

static bool
row_idle(struct bench *b, struct peer *p, struct conn *c)
{
	struct conn watcher = { 0 };
	struct pair r = { .b = b, .p = p, .writer = c, .watcher = &watcher };
	bool ok = session_start(b, p, c, false) &&
	    (session_start(b, p, &watcher, false) ||
	    conn_fail(c, "%.200s", watcher.error)) && watch(&r);

	conn_close(&watcher);
	return ok && session_end(c);
}

const struct row rows_idle[] = {
	{ "idle", row_idle, NULL, 0 },
	{ NULL, NULL, NULL, 0 }
};
