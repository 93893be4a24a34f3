/* hangup.h - how a connection ends
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_HANGUP_H
#define MSGSTORE_HANGUP_H

#include <stdbool.h>

/*
 * End the sending side of the socket fd; nothing happens when fd is none.
 * linger: read and drop for a moment, until the peer has closed too, at most a
 * second and a megabyte.  Closing a socket with unread octets resets the
 * connection, which can take a last BYE away before the peer has read it.
 */
void hangup(int fd, bool linger);

#endif
