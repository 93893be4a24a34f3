/* net.c - addresses and networks as text
 * SPDX-License-Identifier: ISC */
#include "util/net.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define MAPPED_BITS	96	/* in front of an IPv4 address */

struct in6_addr
net_mapped(struct in_addr a4)
{
	struct in6_addr a6 = { .s6_addr = { [10] = 0xff, [11] = 0xff } };

	memcpy(&a6.s6_addr[12], &a4, sizeof(a4));
	return a6;
}

bool
net_address(const char *s, struct in6_addr *address_r)
{
	struct in_addr a4;

	if (inet_pton(AF_INET, s, &a4) == 1) {
		*address_r = net_mapped(a4);
		return true;
	}
	return inet_pton(AF_INET6, s, address_r) == 1;
}

void
net_text(const struct in6_addr *a6, char *s)
{
	if (IN6_IS_ADDR_V4MAPPED(a6))
		inet_ntop(AF_INET, &a6->s6_addr[12], s, NET_TEXT);
	else
		inet_ntop(AF_INET6, a6, s, NET_TEXT);
}

bool
net_is_loopback(const struct in6_addr *a6)
{
	return IN6_IS_ADDR_V4MAPPED(a6) ? a6->s6_addr[12] == IN_LOOPBACKNET :
	    IN6_IS_ADDR_LOOPBACK(a6);
}

/* The network's address, and how many bits of its IPv6 form count. */
static bool
network(const char *word, size_t len, struct in6_addr *a6, unsigned int *bits_r)
{
	char text[NET_TEXT + 4];
	const char *error = NULL;
	unsigned int most;
	char *slash;
	bool v4;

	if (len == 0 || len >= sizeof(text))
		return false;
	memcpy(text, word, len);
	text[len] = '\0';
	slash = strchr(text, '/');
	if (slash != NULL)
		*slash++ = '\0';
	if (!net_address(text, a6))
		return false;
	v4 = strchr(text, ':') == NULL;
	most = v4 ? 32 : 128;
	*bits_r = most;
	if (slash != NULL) {
		if (*slash < '0' || *slash > '9')
			return false;
		*bits_r = (unsigned int)strtonum(slash, 0, most, &error);
	}
	if (v4)
		*bits_r += MAPPED_BITS;
	return error == NULL;
}

bool
net_valid(const char *word, size_t len)
{
	struct in6_addr a6;
	unsigned int bits;

	return network(word, len, &a6, &bits);
}

static bool
same_bits(const struct in6_addr *a, const struct in6_addr *b,
    unsigned int bits)
{
	unsigned int whole = bits / 8, rest = bits % 8;

	if (memcmp(a, b, whole) != 0)
		return false;
	return rest == 0 || (a->s6_addr[whole] ^ b->s6_addr[whole]) >>
	    (8 - rest) == 0;
}

bool
net_among(const char *words, const struct in6_addr *address)
{
	struct in6_addr a6;
	unsigned int bits;
	size_t len;

	for (; *words != '\0'; words += len, words += *words == ' ') {
		len = strcspn(words, " ");
		if (network(words, len, &a6, &bits) &&
		    same_bits(&a6, address, bits))
			return true;
	}
	return false;
}
