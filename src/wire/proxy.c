/* proxy.c - the PROXY protocol, versions 1 and 2
 * SPDX-License-Identifier: ISC */
#include "wire/proxy.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "util/net.h"

/* --- Version 1: a line --- */

#define LINE_MAX_OCTETS	107	/* with its CRLF */

/* The next word, which one blank parts from what follows; NULL at the end. */
static char *
word(char **line)
{
	char *w = strsep(line, " ");

	return w != NULL && *w != '\0' ? w : NULL;
}

static bool
port(const char *s)
{
	const char *error = NULL;

	if (s == NULL || *s < '0' || *s > '9')
		return false;
	strtonum(s, 0, UINT16_MAX, &error);
	return error == NULL;
}

/* "PROXY TCP4 192.0.2.1 192.0.2.2 56324 143" */
static bool
parse_line(char *line, struct proxy_header *header)
{
	struct in6_addr to;
	const char *family, *from, *dest;
	bool v4;

	word(&line);
	family = word(&line);
	if (family == NULL)
		return false;
	/* Whatever follows is to be ignored. */
	if (strcmp(family, "UNKNOWN") == 0)
		return true;
	v4 = strcmp(family, "TCP4") == 0;
	if (!v4 && strcmp(family, "TCP6") != 0)
		return false;
	from = word(&line);
	dest = word(&line);
	if (from == NULL || dest == NULL || !net_address(from, &header->address) ||
	    !net_address(dest, &to) || (strchr(from, ':') == NULL) != v4 ||
	    !port(word(&line)) || !port(line))
		return false;
	header->has_address = true;
	return true;
}

static enum proxy_status
parse_v1(const unsigned char *s, size_t len, size_t *want_r,
    struct proxy_header *header)
{
	char line[LINE_MAX_OCTETS + 1];

	if (s[len - 1] != '\n') {
		*want_r = len + 1;
		return len < LINE_MAX_OCTETS ? PROXY_MORE : PROXY_BAD;
	}
	if (s[len - 2] != '\r' || memchr(s, '\0', len) != NULL)
		return PROXY_BAD;
	memcpy(line, s, len - 2);
	line[len - 2] = '\0';
	return parse_line(line, header) ? PROXY_DONE : PROXY_BAD;
}

/* --- Version 2: octets --- */

#define V2_HEAD		16	/* octets in front of the addresses */
#define V2_VERSION	0x20
#define V2_LOCAL	0x0
#define V2_PROXY	0x1
#define V2_TCP4		0x11
#define V2_TCP6		0x21
#define V2_TYPE_SSL	0x20
#define V2_CLIENT_SSL	0x01

static const unsigned char signature[] = "\r\n\r\n\0\r\nQUIT\n";
#define SIGNATURE_LEN	(sizeof(signature) - 1)

static size_t
get16(const unsigned char *s)
{
	return (size_t)s[0] << 8 | s[1];
}

/* What follows the addresses: type, length, value. */
static bool
parse_extras(const unsigned char *s, size_t len, struct proxy_header *header)
{
	while (len > 0) {
		size_t n;

		if (len < 3 || (n = get16(s + 1)) > len - 3)
			return false;
		if (s[0] == V2_TYPE_SSL && n >= 5)
			header->tls = (s[3] & V2_CLIENT_SSL) != 0;
		s += 3 + n;
		len -= 3 + n;
	}
	return true;
}

static bool
parse_addresses(const unsigned char *s, size_t len, unsigned char family,
    struct proxy_header *header)
{
	struct in_addr a4;
	size_t used;

	if (family == V2_TCP4 && len >= 12) {
		memcpy(&a4, s, sizeof(a4));
		header->address = net_mapped(a4);
		used = 12;
	} else if (family == V2_TCP6 && len >= 36) {
		memcpy(&header->address, s, sizeof(header->address));
		used = 36;
	} else
		/* Unix sockets and datagrams: nothing that we can use. */
		return family != V2_TCP4 && family != V2_TCP6;
	header->has_address = true;
	return parse_extras(s + used, len - used, header);
}

static enum proxy_status
parse_v2(const unsigned char *s, size_t len, size_t *want_r,
    struct proxy_header *header)
{
	size_t rest;

	if (len < V2_HEAD) {
		*want_r = V2_HEAD;
		return PROXY_MORE;
	}
	rest = get16(s + 14);
	if (memcmp(s, signature, SIGNATURE_LEN) != 0 ||
	    (s[12] & 0xf0) != V2_VERSION || (s[12] & 0x0f) > V2_PROXY ||
	    rest > PROXY_HEADER_MAX - V2_HEAD)
		return PROXY_BAD;
	if (len < V2_HEAD + rest) {
		*want_r = V2_HEAD + rest;
		return PROXY_MORE;
	}
	header->itself = (s[12] & 0x0f) == V2_LOCAL;
	if (header->itself)
		return PROXY_DONE;
	return parse_addresses(s + V2_HEAD, rest, s[13], header) ? PROXY_DONE :
	    PROXY_BAD;
}

enum proxy_status
proxy_parse(const unsigned char *s, size_t len, size_t *want_r,
    struct proxy_header *header_r)
{
	struct proxy_header header = { 0 };
	enum proxy_status status;

	if (len < PROXY_FIRST) {
		*want_r = PROXY_FIRST;
		return PROXY_MORE;
	}
	if (memcmp(s, signature, PROXY_FIRST) == 0)
		status = parse_v2(s, len, want_r, &header);
	else if (memcmp(s, "PROXY ", 6) == 0)
		status = parse_v1(s, len, want_r, &header);
	else
		status = PROXY_BAD;
	if (status == PROXY_DONE)
		*header_r = header;
	return status;
}
