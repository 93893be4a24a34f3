/* login.h - checks who the client is
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_LOGIN_H
#define MSGSTORE_LOGIN_H

#include <stdbool.h>

#include "auth/auth.h"
#include "imapd/doormsg.h"
#include "imapd/session.h"

/* The client's end, as src/auth/ wants to know it; lives as long as peer. */
struct auth_peer login_peer(const struct peer *);

/* Whether LOGIN is refused: for CAPABILITY. */
bool login_disabled(const struct session *);
/* Adds the words of the mechanisms, each with a blank before it. */
void login_mechanisms(const struct session *, struct buf *);
/* ERR_USER PRIVACYREQUIRED, with a log line. */
const struct err *login_refused(struct session *);

/* ERR_USER AUTHENTICATIONFAILED, with a log line: nobody has a name or a password
 * that does not fit a DOOR_LOGIN. */
const struct err *login_too_long(struct session *, const char *user);

/*
 * Ask the monitor, as door_ask().  After a DOOR_OK the door leaves when the command
 * ends: the session says the tagged OK.
 */
const struct err *login_ask(struct session *, const struct door_message *,
    struct door_message *reply_r);

#endif
