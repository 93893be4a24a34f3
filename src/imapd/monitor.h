/* monitor.h - lets a client in: the process behind the door
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_MONITOR_H
#define MSGSTORE_MONITOR_H

#include "imapd/connection.h"
#include "imapd/session.h"

/*
 * Start a door for the client, and answer what it asks, put TLS in between when it
 * wants that, until someone has logged in: the session is returned, with what the
 * client sent beyond, its tagged OK in the output.  NULL when the client left, or
 * the door did what it must not (the log tells).
 */
struct session *monitor_let_in(struct connection *,
    const struct session_start *);

#endif
