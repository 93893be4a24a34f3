/* auth.h - who the client is: passwords and SASL, before login
 * SPDX-License-Identifier: ISC
 *
 * Needed until login only: auth_free() gives everything back, the databases and
 * libraries that were opened for it too.
 *
 * Refusals are ERR_USER: AUTHENTICATIONFAILED for each reason that is not to be
 * told (a wrong password and an unknown user alike, after the same time),
 * AUTHORIZATIONFAILED, PRIVACYREQUIRED, EXPIRED, LIMIT, UNAVAILABLE or
 * CONTACTADMIN (RFC 5530 3).  ERR_SYNTAX is a message that its mechanism does
 * not know; ERR_INTERNAL is ours.  After each refusal auth_reason() and
 * auth_claimed() are for the log. */
#ifndef MSGSTORE_AUTH_H
#define MSGSTORE_AUTH_H

#include <stdbool.h>
#include <stddef.h>

#include "store/store.h"
#include "util/buf.h"
#include "util/conf.h"
#include "util/err.h"

struct auth;

/* What TLS knows of the connection.  Octets that are not known: length 0. */
struct auth_tls {
	const unsigned char *exporter;	/* "tls-exporter", RFC 9266 2 */
	size_t		 exporter_len;
	/* Names in a certificate of the client's that was verified: each
	 * rfc822Name, then the CN. */
	const char *const *names;
	size_t		 names_n;
};

/* The client's end.  All that it points to must outlive the struct auth. */
struct auth_peer {
	const char	*address;	/* text, "-" when it is not known */
	bool		 local;		/* nobody can listen: loopback, a pipe */
	bool		 secure;	/* the connection has TLS */
	const struct auth_tls *tls;	/* NULL: nothing is known */
};

/* --- Without a store --- */

/* Whether a password may be sent as it is: msgstore.conf(5) "cleartext-login". */
bool auth_cleartext_allowed(const struct conf *, const struct auth_peer *);
/* Whether LOGIN works: else LOGINDISABLED (RFC 3501 7.2.1). */
bool auth_login_allowed(const struct conf *, const struct auth_peer *);
/* Add " AUTH=PLAIN" and so on, for CAPABILITY: what works for this peer. */
void auth_mechanisms(const struct conf *, const struct auth_peer *,
    struct buf *);

/* --- With a store --- */

/* Opens nothing.  The store, conf and peer must outlive it. */
struct auth *auth_new(struct store *, const struct conf *,
    const struct auth_peer *);
void auth_free(struct auth *);		/* NULL is fine */
/* Open what every login needs, ahead of one.  What fails will fail again then. */
void auth_prepare(struct auth *);

/* LOGIN: NULL when the user is known now. */
const struct err *auth_login(struct auth *, const char *user,
    const char *password);

/*
 * AUTHENTICATE.  Messages are octets, without base64; initial is NULL when
 * there is no initial response (RFC 4959 3).  AUTH_CONTINUE: send what is in
 * challenge, which may be empty, and hand the client's response to auth_step().
 * AUTH_OK: the user is known now.  (Data that a mechanism sends on success went
 * out as a challenge before; RFC 9051 6.2.2.)  An error ends the exchange.
 */
enum auth_status { AUTH_CONTINUE, AUTH_OK };
const struct err *auth_start(struct auth *, const char *mechanism,
    const char *initial, size_t len, enum auth_status *status_r,
    struct buf *challenge);
const struct err *auth_step(struct auth *, const char *response, size_t len,
    enum auth_status *status_r, struct buf *challenge);
/* The client sent "*", or is gone: forget the exchange. */
void auth_cancel(struct auth *);

/*
 * One of the user's max-sessions-per-user: holds it as long as *fd_r is open, in
 * any process; the kernel frees it when the last one is gone.  ERR_USER LIMIT
 * when all are in use.  *fd_r is -1 when they are not counted.
 */
const struct err *auth_slot_take(struct store *, const struct conf *,
    const char *user, int *fd_r);

/* The user's name after success, until auth_free(). */
const char *auth_user(const struct auth *);
/* "LOGIN", or the mechanism in capitals; for the log. */
const char *auth_method(const struct auth *);
/*
 * Of the last refusal: one word (report.h), a constant, and the name that the
 * client gave, "" for none; it may be anything.
 */
const char *auth_reason(const struct auth *);
const char *auth_claimed(const struct auth *);

#endif
