/* login.c - checks who the client is
 * SPDX-License-Identifier: ISC */
#include "imapd/login.h"

#include "imapd/door.h"
#include "imapd/report.h"

struct auth_peer
login_peer(const struct peer *peer)
{
	return (struct auth_peer){ .address = peer->address,
	    .local = peer->local, .secure = peer->secure,
	    .tls = peer->tls };
}

bool
login_disabled(const struct session *s)
{
	struct auth_peer peer = login_peer(&s->peer);

	return !auth_login_allowed(s->conf, &peer);
}

void
login_mechanisms(const struct session *s, struct buf *b)
{
	struct auth_peer peer = login_peer(&s->peer);

	auth_mechanisms(s->conf, &peer, b);
}

const struct err *
login_refused(struct session *s)
{
	s->login_failures++;
	report_login_failed(s->peer.address, "", "cleartext");
	return err_user(RESP_PRIVACYREQUIRED,
	    "A password is not taken over a connection without TLS");
}

const struct err *
login_too_long(struct session *s, const char *user)
{
	s->login_failures++;
	report_login_failed(s->peer.address, user, "password");
	return err_user(RESP_AUTHENTICATIONFAILED, "Authentication failed");
}

const struct err *
login_ask(struct session *s, const struct door_message *msg,
    struct door_message *reply_r)
{
	const struct err *err = door_ask(s, msg, reply_r);

	if (err == NULL && reply_r->type == DOOR_OK)
		s->leave = LEAVE_LOGGED_IN;
	return err;
}
