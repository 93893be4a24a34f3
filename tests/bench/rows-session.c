/* rows-session.c - sessions from connect to LOGOUT, and SELECT
 * SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "resp.h"

#define SESSIONS	40	/* of a round */

bool
session_login(struct bench *b, struct peer *p, struct conn *c,
    const char *user, bool tls)
{
	return conn_open(c, tls ? p->tls_port : p->port, tls ? b->ca : NULL) &&
	    conn_do(c, NULL, NULL, "LOGIN %s %s", user, b->password);
}

static bool
exists(void *arg, struct conn *c, const char *s, size_t len)
{
	uint32_t *n = arg;

	(void)c;
	resp_number(s, len, "EXISTS", n);
	return true;
}

bool
session_select(struct bench *b, struct conn *c)
{
	uint32_t n = UINT32_MAX;

	return conn_do(c, exists, &n, "SELECT INBOX") && (n == b->size ||
	    conn_fail(c, "INBOX has %u messages, not %u", n, b->size));
}

bool
session_start(struct bench *b, struct peer *p, struct conn *c, bool tls)
{
	return session_login(b, p, c, USER_MAIL, tls) && session_select(b, c);
}

bool
session_end(struct conn *c)
{
	if (!conn_do(c, NULL, NULL, "LOGOUT"))
		return false;
	conn_drain(c);
	conn_close(c);
	return true;
}

bool
same_answer(struct bench *b, struct peer *p, struct conn *c)
{
	if (b->round == 0)
		p->digest = c->digest;
	return p->digest == c->digest ||
	    conn_fail(c, "an answer that differs from the one that was checked");
}

bool
session_command(struct bench *b, struct peer *p, struct conn *c,
    const char *command, unsigned ops, conn_cb *check, void *arg)
{
	struct measure m;
	bool ok;

	if (!session_start(b, p, c, false))
		return false;
	measure_begin(&m, p);
	measure_go(&m);
	ok = conn_do(c, b->round == 0 ? check : NULL, arg, "%s", command);
	measure_pause(&m);
	if (!ok || !same_answer(b, p, c))
		return false;
	measure_end(b, p, &m, ops);
	return session_end(c);
}

/* The ten newest messages, each with its own number and subject. */
struct ten {
	struct bench *b;
	uint32_t next;
};

static bool
one_of_ten(void *arg, struct conn *c, const char *s, size_t len)
{
	struct ten *t = arg;
	struct mail m = { 0 };
	struct resp r;
	struct span subject;
	int i;
	bool ok = false;

	(void)c;
	mail_make(t->b->seed, t->next, &m);
	if (resp_fetch(s, len, &r) && r.seq == t->next++ &&
	    (i = resp_item(&r, "ENVELOPE")) >= 0)
		ok = resp_element(r.item[i].value, 1, &subject) &&
		    subject.len == m.subject.len &&
		    memcmp(subject.s, m.subject.s, subject.len) == 0;
	mail_clear(&m);
	return ok;
}

static bool
whole(struct bench *b, struct peer *p, struct conn *c, const char *kind)
{
	const char *user = strcmp(kind, "yescrypt") == 0 && p->slow != NULL ?
	    p->slow : USER_MAIL;
	uint32_t first = b->size > 10 ? b->size - 9 : 1;
	struct ten ten = { b, first };

	return session_login(b, p, c, user, strcmp(kind, "tls") == 0) &&
	    session_select(b, c) && conn_do(c, b->round == 0 ? one_of_ten : NULL, &ten,
	    "FETCH %u:%u (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)", first,
	    b->size) && c->count == b->size - first + 1 &&
	    same_answer(b, p, c) && conn_do(c, NULL, NULL, "LOGOUT");
}

static bool
row_session(struct bench *b, struct peer *p, struct conn *c)
{
	struct measure m;

	measure_begin(&m, p);
	for (unsigned i = 0; i < SESSIONS; i++) {
		measure_go(&m);
		if (!whole(b, p, c, row_now->arg))
			return false;
		measure_pause(&m);
		conn_drain(c);
		conn_close(c);
	}
	measure_end(b, p, &m, SESSIONS);
	return true;
}

static bool
row_select(struct bench *b, struct peer *p, struct conn *c)
{
	struct measure m = { 0 };

	measure_begin(&m, p);
	m.cpu = 0;
	for (unsigned i = 0; i < SESSIONS; i++) {
		uint64_t cpu;

		if (!session_login(b, p, c, USER_MAIL, false))
			return false;
		cpu = peer_cpu(p);
		measure_go(&m);
		if (!session_select(b, c))
			return false;
		measure_pause(&m);
		m.cpu += peer_cpu(p) - cpu;
		if (!session_end(c))
			return false;
	}
	emit(b, p, "wall_us", (double)m.wall / SESSIONS / 1000);
	emit(b, p, "cpu_us", (double)m.cpu / SESSIONS / 1000);
	emit(b, p, "client_us", (double)m.client / SESSIONS / 1000);
	return true;
}

const struct row rows_session[] = {
	{ "session", row_session, "", 0 },
	{ "session-tls", row_session, "tls", 0 },
	{ "session-yescrypt", row_session, "yescrypt", 0 },
	{ "select", row_select, NULL, 0 },
	{ NULL, NULL, NULL, 0 }
};
