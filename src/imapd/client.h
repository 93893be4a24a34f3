/* client.h - the other end of the connection
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_CLIENT_H
#define MSGSTORE_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The client's address as text: of the socket fd, else from $REMOTE_ADDR
 * (systemd) or $TCPREMOTEIP (ucspi-tcp), else "-".  *local_r: nobody between
 * it and us can listen: a loopback address, or no network at all.
 */
void client_address(int fd, char *address, size_t size, bool *local_r);

/* Notice a peer that is gone, and send what is flushed at once.  Nothing
 * happens when fd is not a TCP socket. */
void client_socket_options(int fd);

/*
 * End the sending side of the socket fd.  linger: read and drop for a moment,
 * until the peer has closed too.  Closing a socket with unread octets resets
 * the connection, which can take a last BYE away before the peer has read it.
 */
void client_shutdown(int fd, bool linger);

#endif
