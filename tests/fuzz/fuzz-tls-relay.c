/* fuzz-tls-relay.c - the relay between two ends that do anything
 * SPDX-License-Identifier: ISC
 *
 * The input is a list of steps; each octet decides what the next call of an end
 * says.  Octets must arrive as they were sent, in order, none twice; the relay
 * must not end without a reason, nor write behind an end. */
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tls/relay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STEPS_MAX	512	/* octets of input: more is no news */

static const uint8_t *next;
static size_t left;

struct end {
	uint64_t	 said, got;	/* octets; number n has the value n */
	uint64_t	 aside;
	bool		 ended, failed, shut;
	struct end	*other;
};

static uint8_t
choose(void)
{
	if (left == 0)
		return 0;
	left--;
	return *next++;
}

static ssize_t
end_read(void *arg, void *buf, size_t size)
{
	struct end *e = arg;
	uint8_t c = choose();
	size_t n = c;

	if (e->ended || e->failed || size == 0)
		abort();
	if (c == 0)
		return RELAY_AGAIN;
	if (c == 1) {
		e->ended = true;
		return 0;
	}
	if (c == 2) {
		e->failed = true;
		return RELAY_FAILED;
	}
	/* A full buffer now and then: it takes its time. */
	if (c == 255 && e->said < 3 * size)
		n = size;
	for (size_t i = 0; i < n; i++)
		((unsigned char *)buf)[i] = (unsigned char)(e->said++);
	return (ssize_t)n;
}

static ssize_t
end_write(void *arg, const void *buf, size_t len)
{
	struct end *e = arg;
	uint8_t c = choose();
	size_t n = c > 250 || c > len ? len : c;

	if (e->shut || len == 0)
		abort();
	if (c == 0)
		return RELAY_AGAIN;
	if (c == 2)
		return RELAY_FAILED;
	for (size_t i = 0; i < n; i++)
		if (((const unsigned char *)buf)[i] !=
		    (unsigned char)(e->got++))
			abort();
	e->aside += n;
	return (ssize_t)n;
}

static ssize_t
end_flush(void *arg)
{
	struct end *e = arg;
	uint8_t c = choose();

	if (c == 2)
		return RELAY_FAILED;
	e->aside -= c > e->aside ? e->aside : c;
	return (ssize_t)e->aside;
}

static int
end_shut(void *arg)
{
	struct end *e = arg;

	/* All that the other said has come first. */
	if (e->shut || e->got != e->other->said ||
	    (!e->other->ended && !e->other->failed))
		abort();
	e->shut = true;
	return choose() == 2 ? RELAY_FAILED : 0;
}

static bool
end_pending(void *arg)
{
	const struct end *e = arg;

	return !e->ended && !e->failed && choose() % 2 == 1;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct end client = { 0 }, session = { 0 };
	struct relay_end c = { .arg = &client, .fd = -1, .read = end_read,
	    .write = end_write, .flush = end_flush, .shut = end_shut,
	    .pending = end_pending };
	struct relay_end s = { .arg = &session, .fd = -1, .read = end_read,
	    .write = end_write, .shut = end_shut };
	enum relay_state state = RELAY_RUNS;
	short events_c, events_s;
	struct relay *r;
	int64_t now = 0;

	next = data;
	left = size < STEPS_MAX ? size : STEPS_MAX;
	client.other = &session;
	session.other = &client;
	r = relay_new(&c, &s, 10);
	while (state == RELAY_RUNS && left > 0) {
		uint8_t what = choose();

		relay_wants(r, &events_c, &events_s);
		now += (what & 0xf0) * 10;
		if (what % 16 == 15)
			relay_rest(r);
		state = relay_step(r, what & 1 ? events_c : 0,
		    what & 2 ? events_s : 0, now);
	}
	if (state == RELAY_DONE && (!client.shut || client.aside > 0 ||
	    client.got != session.said))
		abort();
	relay_free(r);
	return 0;
}
