/* relay.h - octets both ways between two ends, whatever these are
 * SPDX-License-Identifier: ISC
 *
 * Knows neither TLS nor sockets: imapd-tls gives it a TLS session and a
 * socket, the tests give it scripts. */
#ifndef MSGSTORE_TLS_RELAY_H
#define MSGSTORE_TLS_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define RELAY_BUFFER	(64 * 1024)	/* octets on their way, each direction */
#define RELAY_AGAIN	(-1)		/* not now: wait for the descriptor */
#define RELAY_FAILED	(-2)		/* never again */

/* None of these blocks. */
struct relay_end {
	void		*arg;
	int		 fd;		/* to wait for */
	/* Octets that were read, 0 at the end, or one of the above. */
	ssize_t		(*read)(void *arg, void *, size_t size);
	/* Octets that were taken, at least one, or one of the above. */
	ssize_t		(*write)(void *arg, const void *, size_t len);
	/* Sends what write() has put aside.  Octets that still wait, or
	 * RELAY_FAILED.  NULL: nothing is ever put aside. */
	ssize_t		(*flush)(void *arg);
	/* No more octets will be written.  0 or RELAY_FAILED; flush() is called
	 * afterwards. */
	int		(*shut)(void *arg);
	/* Whether read() has octets that the descriptor knows nothing of.  NULL:
	 * never. */
	bool		(*pending)(void *arg);
	/* Gives memory back: nothing has happened for a while.  May be NULL. */
	void		(*rest)(void *arg);
};

enum relay_state {
	RELAY_RUNS,
	RELAY_DONE,		/* the session ended, the client has it all */
	RELAY_CLIENT_LOST,	/* the client's end failed, or is gone */
	RELAY_CLIENT_STUCK	/* the client took nothing for too long */
};

struct relay;

/*
 * The client's octets go to the session and the other way.  The client's end of
 * sending is passed on, and the session goes on answering; the session's end is
 * the end of all, after the client was sent the rest.  A session that takes no
 * more octets is not sent any; one that takes none now makes the client wait,
 * and the other way.  A client that takes nothing for client_timeout seconds is
 * given up.
 */
struct relay *relay_new(const struct relay_end *client,
    const struct relay_end *session, unsigned int client_timeout);
void relay_free(struct relay *);		/* NULL is fine */

/*
 * All that can be done without waiting.  revents as of poll(2), what it
 * said of the two descriptors since the last call; now in milliseconds,
 * monotonic.
 */
enum relay_state relay_step(struct relay *, short client_revents,
    short session_revents, int64_t now);
/* What to wait for, after a step: events as for poll(2), 0 for none.  The
 * result is the time to wake up at in milliseconds, -1 for none. */
int64_t relay_wants(const struct relay *, short *client_events_r,
    short *session_events_r);
/* Gives the buffers that are empty back, as do the ends. */
void relay_rest(struct relay *);

/* Steps and waits until it is over. */
enum relay_state relay_run(struct relay *);

#endif
