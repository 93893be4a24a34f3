/* proxy.c - a client that comes through a proxy
 * SPDX-License-Identifier: ISC */
#include "imapd/proxy.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/net.h"
#include "wire/proxy.h"

/* Exactly that many octets. */
static const struct err *
read_octets(int fd, unsigned char *s, size_t len, int64_t end)
{
	while (len > 0) {
		struct pollfd pfd = { .fd = fd, .events = POLLIN };
		int64_t left = end - clock_ms();
		ssize_t n;

		if (left <= 0)
			return err_io("timeout");
		if (poll(&pfd, 1, (int)left) != 1)
			continue;
		n = read(fd, s, len);
		if (n == 0)
			return err_io("closed by the proxy");
		if (n == -1 && errno != EINTR && errno != EAGAIN)
			return err_io("read: %s", strerror(errno));
		if (n > 0) {
			s += n;
			len -= (size_t)n;
		}
	}
	return NULL;
}

static bool
trusted(const struct conf *conf, const struct peer *peer)
{
	struct in6_addr address;

	/* Without an address there is no network that it came over. */
	return !net_address(peer->address, &address) ||
	    net_among(conf->proxy_trusted, &address);
}

const struct err *
proxy_accept(int fd, const struct conf *conf, struct peer *peer)
{
	int64_t end = clock_ms() + (int64_t)conf->login_timeout * 1000;
	unsigned char octets[PROXY_HEADER_MAX];
	size_t len = 0, want = PROXY_FIRST;
	enum proxy_status status = PROXY_MORE;
	struct proxy_header header;
	const struct err *err;

	if (!trusted(conf, peer))
		return err_user(NULL, "%s is not among the addresses of "
		    "\"proxy-trusted\"", peer->address);
	while (status == PROXY_MORE) {
		err = read_octets(fd, octets + len, want - len, end);
		if (err != NULL)
			return err;
		len = want;
		status = proxy_parse(octets, len, &want, &header);
	}
	if (status == PROXY_BAD)
		return err_user(NULL, "what comes from %s does not begin as the "
		    "PROXY protocol does", peer->address);
	if (header.has_address) {
		net_text(&header.address, peer->address);
		peer->local = net_is_loopback(&header.address);
	} else if (!header.itself) {
		/* Whoever it is, it need not be on this machine. */
		strlcpy(peer->address, "-", sizeof(peer->address));
		peer->local = false;
	}
	peer->secure = header.tls;
	return NULL;
}
