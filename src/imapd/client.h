/* client.h - the other end of the connection
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_CLIENT_H
#define MSGSTORE_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

struct auth_tls;	/* auth/auth.h */

/* Who is at the other end, and how the octets come from there.  A plain value. */
struct peer {
	char	address[64];	/* as text, "-" when it has none */
	bool	local;		/* nobody in between can listen: loopback, or no
				 * network at all */
	bool	secure;		/* TLS: ours, or a proxy's */
	bool	starttls;	/* TLS can begin on it */
	const char *protocol;	/* "TLS1.3" when it is ours, else NULL */
	const struct auth_tls *tls;	/* what ours knows of it, or NULL */
};

/*
 * Who is at the other end of fd: the socket's address, else $REMOTE_ADDR
 * (systemd) or $TCPREMOTEIP (ucspi-tcp).
 */
void client_peer(int fd, struct peer *peer_r);

/* Whether fd is a socket, and not a pipe or a terminal. */
bool client_is_socket(int fd);

/* Notice a peer that is gone, and send what is flushed at once.  Nothing
 * happens when fd is not a TCP socket. */
void client_socket_options(int fd);

#endif
