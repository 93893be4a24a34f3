/* proxy.h - the PROXY protocol, versions 1 and 2
 * SPDX-License-Identifier: ISC
 *
 * What a proxy such as HAProxy says of the client, before the client's own
 * octets: https://www.haproxy.org/download/2.6/doc/proxy-protocol.txt */
#ifndef MSGSTORE_PROXY_H
#define MSGSTORE_PROXY_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#define PROXY_HEADER_MAX	4096	/* octets that are taken for a header */

struct proxy_header {
	bool		itself;		/* the proxy speaks for itself: the
					 * socket's address counts */
	bool		has_address;	/* else it does not know the client's, or
					 * that is no address of the Internet */
	struct in6_addr	address;	/* the client's; IPv4 is mapped */
	bool		tls;		/* the client's connection has TLS */
};

enum proxy_status {
	PROXY_MORE,	/* not whole yet */
	PROXY_DONE,	/* all of s, and no more, is the header */
	PROXY_BAD	/* no header */
};

/*
 * Look at the first len octets of a connection.  PROXY_MORE stores in *want_r how
 * many there must be before the next look: never more than the header has.  Begin
 * with PROXY_FIRST octets.
 */
#define PROXY_FIRST	8
enum proxy_status proxy_parse(const unsigned char *s, size_t len,
    size_t *want_r, struct proxy_header *header_r);

#endif
