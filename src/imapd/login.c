/* login.c - checks who the client is
 * SPDX-License-Identifier: ISC */
#include "imapd/login.h"

#include "imapd/door.h"
#include "imapd/report.h"

bool
login_allowed(const struct session *s)
{
	if (s->peer.secure)
		return true;
	switch (s->conf->cleartext_login) {
	case CLEARTEXT_YES:
		return true;
	case CLEARTEXT_LOOPBACK:
		return s->peer.local;
	case CLEARTEXT_NO:
		break;
	}
	return false;
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
login_ask(struct session *s, const struct door_message *msg,
    struct door_message *reply_r)
{
	const struct err *err = door_ask(s, msg, reply_r);

	if (err == NULL && reply_r->type == DOOR_OK)
		s->leave = true;
	return err;
}
