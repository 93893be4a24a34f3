/* net.h - addresses and networks as text
 * SPDX-License-Identifier: ISC
 *
 * An IPv4 address is kept as the IPv6 address ::ffff:192.0.2.1. */
#ifndef MSGSTORE_NET_H
#define MSGSTORE_NET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

/* Text of any length to an address; false when it is none. */
bool net_address(const char *, struct in6_addr *address_r);
/* The IPv6 form of an IPv4 address. */
struct in6_addr net_mapped(struct in_addr);
/* "192.0.2.1" or "2001:db8::1" to s, which has NET_TEXT octets. */
#define NET_TEXT	INET6_ADDRSTRLEN
void net_text(const struct in6_addr *, char *s);
/* 127.0.0.0/8 or ::1. */
bool net_is_loopback(const struct in6_addr *);

/*
 * Whether word, len octets, is a network: an address, or one with "/" and the
 * number of its bits that count; and whether the address is in it.
 */
bool net_valid(const char *word, size_t len);
/* Whether the address is in one of the networks: words with one space between,
 * all of them valid. */
bool net_among(const char *words, const struct in6_addr *);

#endif
