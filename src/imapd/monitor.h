/* monitor.h - lets a client in: the process behind the door
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_MONITOR_H
#define MSGSTORE_MONITOR_H

#include "imapd/client.h"
#include "imapd/session.h"
#include "store/store.h"
#include "util/conf.h"

/*
 * Start a door for the client on standard input and output, and answer what it
 * asks, until someone has logged in: the session is returned, with what the client
 * sent beyond, its tagged OK in the output.  NULL when the client left, or the
 * door did what it must not (the log tells).
 */
struct session *monitor_let_in(const struct conf *, struct store *,
    const struct peer *, const struct session_start *);

#endif
