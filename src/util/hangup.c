/* hangup.c - how a connection ends
 * SPDX-License-Identifier: ISC */
#include "util/hangup.h"

#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/clock.h"

#define LINGER_MS	1000	/* how long the peer may take to close */
#define LINGER_OCTETS	(1024 * 1024)	/* read and dropped meanwhile */

void
hangup(int fd, bool linger)
{
	int64_t end = clock_ms() + LINGER_MS;
	size_t dropped = 0;
	char drop[4096];

	if (shutdown(fd, SHUT_WR) == -1 || !linger)
		return;
	while (dropped < LINGER_OCTETS) {
		struct pollfd pfd = { .fd = fd, .events = POLLIN };
		int64_t left = end - clock_ms();
		ssize_t n;

		if (left <= 0 || poll(&pfd, 1, (int)left) <= 0)
			return;
		n = read(fd, drop, sizeof(drop));
		if (n <= 0)
			return;
		dropped += (size_t)n;
	}
}
