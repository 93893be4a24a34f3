/* test-relay.c - the relay between two ends that are scripts
 * SPDX-License-Identifier: ISC */
#include "tls/relay.h"

#include <poll.h>

#include "test.h"

#define TIMEOUT_S	10

/* An end: what it has to say, and how much it takes. */
struct script {
	const char	*says;		/* one octet per read at least */
	size_t		 len;
	size_t		 chunk;		/* octets per read and write */
	bool		 ends;		/* after that: else it says no more */
	bool		 dies;		/* after that: reading fails */
	size_t		 takes;		/* octets, before it takes no more */
	bool		 breaks;	/* then writing fails */
	size_t		 hold;		/* put aside, flush sends one chunk */
	/* What was done to it. */
	char		 got[64];
	size_t		 got_len, aside;
	int		 shuts;
	bool		 again[2];	/* every second call says no */
};

static bool
not_now(bool *again)
{
	*again = !*again;
	return *again;
}

static ssize_t
script_read(void *arg, void *buf, size_t size)
{
	struct script *s = arg;
	size_t n = s->len < s->chunk ? s->len : s->chunk;

	if (not_now(&s->again[0]))
		return RELAY_AGAIN;
	if (s->len == 0)
		return s->dies ? RELAY_FAILED : s->ends ? 0 : RELAY_AGAIN;
	if (n > size)
		n = size;
	memcpy(buf, s->says, n);
	s->says += n;
	s->len -= n;
	return (ssize_t)n;
}

static ssize_t
script_write(void *arg, const void *buf, size_t len)
{
	struct script *s = arg;
	size_t n = len < s->chunk ? len : s->chunk;

	CHECK_INT(s->shuts, 0);
	if (s->takes == 0)
		return s->breaks ? RELAY_FAILED : RELAY_AGAIN;
	if (not_now(&s->again[1]))
		return RELAY_AGAIN;
	if (n > s->takes)
		n = s->takes;
	s->takes -= n;
	if (!CHECK(s->got_len + n < sizeof(s->got)))
		return RELAY_FAILED;
	memcpy(s->got + s->got_len, buf, n);
	s->got_len += n;
	if (s->hold > 0)
		s->aside += n;
	return (ssize_t)n;
}

static ssize_t
script_flush(void *arg)
{
	struct script *s = arg;

	if (s->aside > 0 && s->takes > 0)
		s->aside--;
	return (ssize_t)s->aside;
}

static int
script_shut(void *arg)
{
	struct script *s = arg;

	s->shuts++;
	return 0;
}

static struct relay *
relay_of(struct script *client, struct script *session)
{
	struct relay_end ends[2];
	struct script *scripts[2] = { client, session };

	for (int i = 0; i < 2; i++) {
		if (scripts[i]->chunk == 0)
			scripts[i]->chunk = 3;
		ends[i] = (struct relay_end){ .arg = scripts[i], .fd = -1,
		    .read = script_read, .write = script_write,
		    .flush = scripts[i]->hold > 0 ? script_flush : NULL,
		    .shut = script_shut };
	}
	return relay_new(&ends[0], &ends[1], TIMEOUT_S);
}

/* As poll(2) would, everything always ready that is waited for. */
static enum relay_state
run(struct relay *r, int steps, int64_t now)
{
	enum relay_state state = RELAY_RUNS;
	short client = 0, session = 0;

	for (int i = 0; i < steps && state == RELAY_RUNS; i++) {
		state = relay_step(r, client, session, now);
		relay_wants(r, &client, &session);
	}
	return state;
}

static void
octets_go_both_ways(void)
{
	static const size_t chunks[] = { 1, 3, 64 };

	for (size_t i = 0; i < TEST_N(chunks); i++) {
		struct script client = { .says = "a LOGOUT\r\n", .len = 10,
		    .chunk = chunks[i], .takes = 60, .hold = 1 };
		struct script session = { .says = "* OK\r\n* BYE\r\n", .len = 13,
		    .chunk = chunks[i], .takes = 60, .ends = true };
		struct relay *r = relay_of(&client, &session);

		TEST_ROW("%zu", chunks[i]);
		CHECK_INT(run(r, 200, 0), RELAY_DONE);
		CHECK_MEM(session.got, session.got_len, "a LOGOUT\r\n", 10);
		CHECK_MEM(client.got, client.got_len, "* OK\r\n* BYE\r\n", 13);
		CHECK_INT(client.shuts, 1);
		CHECK_INT(client.aside, 0);
		relay_free(r);
	}
}

static void
a_client_that_has_said_all_is_answered(void)
{
	struct script client = { .says = "x", .len = 1, .takes = 60,
	    .ends = true };
	struct script session = { .takes = 60 };
	struct relay *r = relay_of(&client, &session);
	short c, s;

	CHECK_INT(run(r, 50, 0), RELAY_RUNS);
	CHECK_INT(session.shuts, 1);
	CHECK_MEM(session.got, session.got_len, "x", 1);
	CHECK_INT(client.shuts, 0);
	/* Nothing but the session's answer is waited for. */
	CHECK_INT(relay_wants(r, &c, &s), -1);
	CHECK_INT(c, 0);
	CHECK_INT(s, POLLIN);
	session.says = "late";
	session.len = 4;
	session.ends = true;
	CHECK_INT(run(r, 50, 0), RELAY_DONE);
	CHECK_MEM(client.got, client.got_len, "late", 4);
	CHECK_INT(client.shuts, 1);
	relay_free(r);
}

static void
a_session_that_takes_nothing_makes_the_client_wait(void)
{
	struct script client = { .says = "abcdef", .len = 6, .takes = 60 };
	struct script session = { .takes = 2 };
	struct relay *r = relay_of(&client, &session);
	short c, s;

	CHECK_INT(run(r, 50, 0), RELAY_RUNS);
	/* For as long as it wants: imapd has its own clock. */
	CHECK_INT(relay_wants(r, &c, &s), -1);
	CHECK_INT(c, 0);
	CHECK_INT(s, POLLIN | POLLOUT);
	CHECK_MEM(session.got, session.got_len, "ab", 2);
	CHECK_INT(client.len, 3);
	session.takes = 60;
	CHECK_INT(run(r, 50, 0), RELAY_RUNS);
	CHECK_MEM(session.got, session.got_len, "abcdef", 6);
	relay_free(r);
}

static void
a_session_that_reads_no_more_is_let_finish(void)
{
	struct script client = { .says = "abcdef", .len = 6, .takes = 60 };
	struct script session = { .breaks = true, .says = "bye", .len = 3,
	    .ends = true };
	struct relay *r = relay_of(&client, &session);

	CHECK_INT(run(r, 50, 0), RELAY_DONE);
	CHECK_MEM(client.got, client.got_len, "bye", 3);
	CHECK_INT(session.shuts, 0);
	relay_free(r);
}

static void
a_session_that_dies_has_ended(void)
{
	struct script client = { .takes = 60 };
	struct script session = { .says = "x", .len = 1, .dies = true };
	struct relay *r = relay_of(&client, &session);

	CHECK_INT(run(r, 50, 0), RELAY_DONE);
	CHECK_MEM(client.got, client.got_len, "x", 1);
	relay_free(r);
}

static void
a_client_that_is_gone_ends_it(void)
{
	struct script dies = { .says = "x", .len = 1, .dies = true };
	struct script breaks = { .breaks = true };
	struct script quiet = { .takes = 60 }, talks = { .says = "x", .len = 1 };
	struct script ended = { .ends = true };
	struct relay *r;

	r = relay_of(&dies, &quiet);
	CHECK_INT(run(r, 50, 0), RELAY_CLIENT_LOST);
	relay_free(r);
	r = relay_of(&breaks, &talks);
	CHECK_INT(run(r, 50, 0), RELAY_CLIENT_LOST);
	relay_free(r);
	/* It said that it ends, and then hung up: only poll(2) tells. */
	quiet = (struct script){ .takes = 60 };
	r = relay_of(&ended, &quiet);
	CHECK_INT(run(r, 50, 0), RELAY_RUNS);
	CHECK_INT(relay_step(r, POLLHUP, 0, 0), RELAY_CLIENT_LOST);
	relay_free(r);
}

static void
a_client_that_takes_nothing_is_given_up(void)
{
	struct script client = { .takes = 2 };
	struct script session = { .says = "abcdef", .len = 6 };
	struct relay *r = relay_of(&client, &session);
	int64_t limit = TIMEOUT_S * 1000;
	short c, s;

	CHECK_INT(run(r, 50, 1000), RELAY_RUNS);
	CHECK_INT(relay_wants(r, &c, &s), 1000 + limit);
	CHECK_INT(c, POLLIN | POLLOUT);
	CHECK_INT(s, 0);
	CHECK_INT(run(r, 5, limit + 999), RELAY_RUNS);
	/* One octet more, and the clock starts anew. */
	client.takes = 1;
	CHECK_INT(run(r, 5, limit + 999), RELAY_RUNS);
	CHECK_INT(run(r, 5, limit + 1000), RELAY_RUNS);
	CHECK_INT(run(r, 5, 2 * limit + 998), RELAY_RUNS);
	CHECK_INT(run(r, 5, 2 * limit + 999), RELAY_CLIENT_STUCK);
	relay_free(r);
}

static void
what_was_put_aside_counts_as_waiting(void)
{
	struct script client = { .takes = 3, .hold = 1 };
	struct script session = { .says = "abc", .len = 3, .ends = true };
	struct relay *r = relay_of(&client, &session);
	short c, s;

	CHECK_INT(run(r, 50, 0), RELAY_RUNS);
	CHECK_INT(client.shuts, 1);
	CHECK_INT(relay_wants(r, &c, &s), TIMEOUT_S * 1000);
	CHECK_INT(c & POLLOUT, POLLOUT);
	CHECK_INT(run(r, 5, TIMEOUT_S * 1000), RELAY_CLIENT_STUCK);
	relay_free(r);
}

int
main(void)
{
	TEST(octets_go_both_ways);
	TEST(a_client_that_has_said_all_is_answered);
	TEST(a_session_that_takes_nothing_makes_the_client_wait);
	TEST(a_session_that_reads_no_more_is_let_finish);
	TEST(a_session_that_dies_has_ended);
	TEST(a_client_that_is_gone_ends_it);
	TEST(a_client_that_takes_nothing_is_given_up);
	TEST(what_was_put_aside_counts_as_waiting);
	return test_end();
}
