/* login.h - checks who the client is
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_LOGIN_H
#define MSGSTORE_LOGIN_H

#include <stdbool.h>

#include "imapd/doormsg.h"
#include "imapd/session.h"

/* Whether a password may be sent as it is: msgstore.conf(5) "cleartext-login". */
bool login_allowed(const struct session *);
/* ERR_USER PRIVACYREQUIRED, with a log line. */
const struct err *login_refused(struct session *);

/*
 * Ask the monitor, as door_ask().  After a DOOR_OK the door leaves when the command
 * ends: the session says the tagged OK.
 */
const struct err *login_ask(struct session *, const struct door_message *,
    struct door_message *reply_r);

#endif
