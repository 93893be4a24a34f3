/* serve.h - the sessions of a connection, one after the other
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_SERVE_H
#define MSGSTORE_SERVE_H

#include "imapd/connection.h"
#include "util/err.h"

/*
 * Serve the client until it has gone.  preauth is
 * the user who is logged in from the start, or NULL.  An error is one before the
 * greeting: nothing was sent then.
 *
 * A session that is confined cannot take another user's place.  With the setting
 * "unauthenticate" it therefore runs in a process of its own, and this one stays
 * behind it to let the next one in (RFC 8437).
 */
const struct err *serve(struct connection *, const char *preauth);

#endif
