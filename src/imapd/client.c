/* client.c - the other end of the connection
 * SPDX-License-Identifier: ISC */
#include "imapd/client.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "util/net.h"

#define KEEPALIVE_IDLE_S	120	/* seconds of silence before the first probe */
#define KEEPALIVE_INTERVAL_S	30	/* seconds between probes */
#define KEEPALIVE_PROBES	4	/* unanswered ones that end the connection */

static bool
socket_address(int fd, struct in6_addr *a6)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (getpeername(fd, (struct sockaddr *)&ss, &len) == -1)
		return false;
	if (ss.ss_family == AF_INET6)
		*a6 = ((struct sockaddr_in6 *)&ss)->sin6_addr;
	else if (ss.ss_family == AF_INET)
		*a6 = net_mapped(((struct sockaddr_in *)&ss)->sin_addr);
	else
		return false;
	return true;
}

static bool
environment_address(const char *name, struct in6_addr *a6)
{
	const char *s = getenv(name);

	return s != NULL && net_address(s, a6);
}

void
client_peer(int fd, struct peer *peer_r)
{
	struct peer peer = { .address = "-", .local = true };
	struct in6_addr a6;

	if (socket_address(fd, &a6) ||
	    environment_address("REMOTE_ADDR", &a6) ||
	    environment_address("TCPREMOTEIP", &a6)) {
		net_text(&a6, peer.address);
		peer.local = net_is_loopback(&a6);
	}
	*peer_r = peer;
}

bool
client_is_socket(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

static bool
set_option(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

void
client_socket_options(int fd)
{
	/* One that fails says that this is no TCP socket, and that is fine. */
	(void)(set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1) &&
	    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1) &&
	    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S) &&
	    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S) &&
	    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES));
}
