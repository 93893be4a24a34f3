/* rows-change.c - APPEND, STORE, COPY, EXPUNGE: each leaves INBOX as it was
 * SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "bench.h"
#include "resp.h"

#define APPENDS	20
#define STORES	100

/* --- APPEND --- */

struct appended {
	struct bench *b;
	uint32_t next;
};

static bool
check_appended(void *arg, struct conn *c, const char *s, size_t len)
{
	struct appended *a = arg;
	struct mail m = { 0 };
	struct resp r;
	bool ok;
	int i;

	(void)c;
	if (!resp_fetch(s, len, &r))
		return false;
	mail_make(a->b->seed, a->next++, &m);
	i = resp_item(&r, "BODY[");
	ok = i >= 0 && r.item[i].text.len == m.octets.len &&
	    memcmp(r.item[i].text.s, m.octets.s, m.octets.len) == 0;
	mail_clear(&m);
	return ok;
}

/* What was appended is read back, and goes. */
static bool
take_back(struct bench *b, struct peer *p, struct conn *c, uint32_t first,
    uint32_t last)
{
	struct appended a = { b, b->size + 1 };

	return session_login(b, p, c, USER_MAIL, false) &&
	    conn_do(c, NULL, NULL, "SELECT INBOX") &&
	    conn_do(c, check_appended, &a, "UID FETCH %u:%u BODY.PEEK[]", first,
	    last) && (a.next == b->size + 1 + APPENDS ||
	    conn_fail(c, "messages are missing")) &&
	    conn_do(c, NULL, NULL, "UID STORE %u:%u +FLAGS.SILENT (\\Deleted)",
	    first, last) &&
	    conn_do(c, NULL, NULL, "UID EXPUNGE %u:%u", first, last) &&
	    session_end(c);
}

/* One after the other, each when the one before is answered: on the disk. */
static bool
row_append(struct bench *b, struct peer *p, struct conn *c)
{
	uint32_t uid = 0, first = 0;
	struct mail mail = { 0 };
	struct measure m;
	bool ok;

	if (!session_login(b, p, c, USER_MAIL, false))
		return false;
	ok = true;
	measure_begin(&m, p);
	for (unsigned i = 1; i <= APPENDS && ok; i++) {
		mail_make(b->seed, b->size + i, &mail);
		measure_go(&m);
		buf_addf(&c->out, "a%u APPEND INBOX (\\Seen) {%zu+}\r\n",
		    ++c->tag, mail.octets.len);
		buf_add(&c->out, mail.octets.s, mail.octets.len);
		buf_adds(&c->out, "\r\n");
		ok = conn_flush(c) && conn_wait(c, NULL, NULL);
		measure_pause(&m);
		if (ok && sscanf(c->done.s, "OK [APPENDUID %*u %u]", &uid) != 1)
			ok = conn_fail(c, "no APPENDUID: %.80s", c->done.s);
		if (i == 1)
			first = uid;
	}
	mail_clear(&mail);
	if (!ok)
		return false;
	measure_end(b, p, &m, APPENDS);
	return session_end(c) && take_back(b, p, c, first, uid);
}

/* --- STORE --- */

static bool
is_draft(void *arg, struct conn *c, const char *s, size_t len)
{
	uint32_t *expected = arg, seq;

	(void)c;
	return resp_number(s, len, "FETCH (", &seq) && seq == *expected &&
	    memmem(s, len, "\\Draft", 6) != NULL;
}

static bool
row_store_one(struct bench *b, struct peer *p, struct conn *c)
{
	unsigned count = b->size < STORES ? b->size : STORES;
	struct measure m;

	if (!session_start(b, p, c, false))
		return false;
	measure_begin(&m, p);
	for (unsigned i = 0; i < count; i++) {
		uint32_t seq = (uint32_t)((uint64_t)b->size * i / count) + 1;

		measure_go(&m);
		if (!conn_do(c, is_draft, &seq, "STORE %u +FLAGS (\\Draft)", seq))
			return false;
		measure_pause(&m);
		if (c->count != 1)
			return conn_fail(c, "no FETCH response");
	}
	measure_end(b, p, &m, count);
	return conn_do(c, NULL, NULL, "STORE 1:* -FLAGS.SILENT (\\Draft)") &&
	    session_end(c);
}

static bool
finds(struct conn *c, const char *key, const char *answer)
{
	uint64_t digest = hash_octets(0, answer, strlen(answer));

	return conn_do(c, NULL, NULL, "SEARCH %s", key) &&
	    (c->digest == digest || conn_fail(c, "SEARCH %s finds others", key));
}

static bool
row_store_all(struct bench *b, struct peer *p, struct conn *c)
{
	struct measure m;

	if (!session_start(b, p, c, false))
		return false;
	measure_begin(&m, p);
	measure_go(&m);
	if (!conn_do(c, NULL, NULL, "STORE 1:* +FLAGS.SILENT (\\Draft)"))
		return false;
	measure_pause(&m);
	measure_end(b, p, &m, 1);
	return finds(c, "UNDRAFT", "* SEARCH\r\n") &&
	    conn_do(c, NULL, NULL, "STORE 1:* -FLAGS.SILENT (\\Draft)") &&
	    finds(c, "DRAFT", "* SEARCH\r\n") && session_end(c);
}

/* --- COPY, and EXPUNGE of the copies --- */

static bool
is_expunge(void *arg, struct conn *c, const char *s, size_t len)
{
	uint32_t *left = arg, seq;

	(void)c;
	/* Some say EXISTS or RECENT with it. */
	if (!resp_number(s, len, "EXPUNGE", &seq))
		return resp_number(s, len, "EXISTS", &seq) ||
		    resp_number(s, len, "RECENT", &seq);
	return seq >= 1 && seq <= (*left)--;
}

static bool
row_copy(struct bench *b, struct peer *p, struct conn *c)
{
	uint32_t left = b->size;
	char expected[64];
	struct measure copy, expunge;

	if (!session_start(b, p, c, false) ||
	    !conn_do(c, NULL, NULL, "CREATE Copies"))
		return false;
	measure_begin(&copy, p);
	measure_go(&copy);
	if (!conn_do(c, NULL, NULL, "COPY 1:* Copies"))
		return false;
	measure_pause(&copy);
	b->row = "copy";
	measure_end(b, p, &copy, 1);
	snprintf(expected, sizeof(expected), "* STATUS Copies (MESSAGES %u)\r\n",
	    b->size);
	if (!conn_do(c, NULL, NULL, "STATUS Copies (MESSAGES)"))
		return false;
	if (c->digest != hash_octets(0, expected, strlen(expected)))
		return conn_fail(c, "not all were copied");
	if (!conn_do(c, NULL, NULL, "SELECT Copies") ||
	    !conn_do(c, NULL, NULL, "STORE 1:* +FLAGS.SILENT (\\Deleted)"))
		return false;
	measure_begin(&expunge, p);
	measure_go(&expunge);
	if (!conn_do(c, is_expunge, &left, "EXPUNGE"))
		return false;
	measure_pause(&expunge);
	b->row = "expunge";
	measure_end(b, p, &expunge, 1);
	b->row = "copy";
	if (left != 0)
		return conn_fail(c, "%u messages were not expunged", left);
	return conn_do(c, NULL, NULL, "CLOSE") &&
	    conn_do(c, NULL, NULL, "DELETE Copies") && session_end(c);
}

const struct row rows_change[] = {
	{ "append", row_append, NULL, 0 },
	{ "store-one", row_store_one, NULL, 0 },
	{ "store-all", row_store_all, NULL, 0 },
	{ "copy", row_copy, NULL, 0 },
	{ NULL, NULL, NULL, 0 }
};
