/* client.c - the other end of the connection
 * SPDX-License-Identifier: ISC */
#include "imapd/client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define KEEPALIVE_IDLE_S	120	/* seconds of silence before the first probe */
#define KEEPALIVE_INTERVAL_S	30	/* seconds between probes */
#define KEEPALIVE_PROBES	4	/* unanswered ones that end the connection */
#define LINGER_MS		1000	/* how long a peer may take to close */
#define LINGER_OCTETS		(1024 * 1024)	/* read and dropped meanwhile */

static bool
is_loopback4(struct in_addr a)
{
	return ntohl(a.s_addr) >> 24 == IN_LOOPBACKNET;
}

/* Writes the text of an IPv4 or IPv6 address; ::ffff:192.0.2.1 as 192.0.2.1. */
static void
format_address(const struct in6_addr *a6, char *address, size_t size,
    bool *local_r)
{
	struct in_addr a4;

	if (IN6_IS_ADDR_V4MAPPED(a6)) {
		memcpy(&a4, &a6->s6_addr[12], sizeof(a4));
		*local_r = is_loopback4(a4);
		inet_ntop(AF_INET, &a4, address, (socklen_t)size);
	} else {
		*local_r = IN6_IS_ADDR_LOOPBACK(a6);
		inet_ntop(AF_INET6, a6, address, (socklen_t)size);
	}
}

static struct in6_addr
map_address(struct in_addr a4)
{
	struct in6_addr a6 = { .s6_addr = { [10] = 0xff, [11] = 0xff } };

	memcpy(&a6.s6_addr[12], &a4, sizeof(a4));
	return a6;
}

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
		*a6 = map_address(((struct sockaddr_in *)&ss)->sin_addr);
	else
		return false;
	return true;
}

static bool
environment_address(const char *name, struct in6_addr *a6)
{
	const char *s = getenv(name);
	struct in_addr a4;

	if (s == NULL)
		return false;
	if (inet_pton(AF_INET, s, &a4) == 1) {
		*a6 = map_address(a4);
		return true;
	}
	return inet_pton(AF_INET6, s, a6) == 1;
}

void
client_address(int fd, char *address, size_t size, bool *local_r)
{
	struct in6_addr a6;

	strlcpy(address, "-", size);
	*local_r = true;
	if (socket_address(fd, &a6) ||
	    environment_address("REMOTE_ADDR", &a6) ||
	    environment_address("TCPREMOTEIP", &a6))
		format_address(&a6, address, size, local_r);
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

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void
client_shutdown(int fd, bool linger)
{
	int64_t end = now_ms() + LINGER_MS;
	size_t dropped = 0;
	char drop[4096];

	if (shutdown(fd, SHUT_WR) == -1 || !linger)
		return;
	while (dropped < LINGER_OCTETS) {
		struct pollfd pfd = { .fd = fd, .events = POLLIN };
		int64_t left = end - now_ms();
		ssize_t n;

		if (left <= 0 || poll(&pfd, 1, (int)left) <= 0)
			return;
		n = read(fd, drop, sizeof(drop));
		if (n <= 0)
			return;
		dropped += (size_t)n;
	}
}
