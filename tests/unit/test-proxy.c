/* test-proxy.c - the PROXY protocol, and networks
 * SPDX-License-Identifier: ISC */
#include "wire/proxy.h"

#include "util/net.h"

#include "test.h"

#define SIG	"\r\n\r\n\0\r\nQUIT\n"
#define V4	"\xc0\x00\x02\x01" "\xc0\x00\x02\x02" "\xdc\x04\x00\x8f"
#define V6A	"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
#define V6	V6A V6A "\xdc\x04\x00\x8f"
#define TLS	"\x20\x00\x05\x01\0\0\0\0"
#define TLS_NOT	"\x20\x00\x05\x02\0\0\0\0"

static const struct {
	const char	*in;
	size_t		 len;
	enum proxy_status status;
	const char	*address;	/* NULL: none */
	bool		 tls;
} table[] = {
#define L(s)	s, sizeof(s) - 1
	/* Version 1. */
	{ L("PROXY TCP4 192.0.2.1 192.0.2.2 56324 143\r\n"), PROXY_DONE,
	    "192.0.2.1", false },
	{ L("PROXY TCP6 2001:db8::1 2001:db8::2 65535 0\r\n"), PROXY_DONE,
	    "2001:db8::1", false },
	{ L("PROXY UNKNOWN\r\n"), PROXY_DONE, NULL, false },
	{ L("PROXY UNKNOWN ffff:f...f:ffff 65535 65535\r\n"), PROXY_DONE, NULL,
	    false },
	{ L("PROXY TCP4 192.0.2.1 192.0.2.2 56324 143\n"), PROXY_BAD, NULL,
	    false },
	{ L("PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n"), PROXY_BAD, NULL,
	    false },
	{ L("PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n"), PROXY_BAD, NULL, false },
	{ L("PROXY TCP4 192.0.2.1 192.0.2.2 65536 143\r\n"), PROXY_BAD, NULL,
	    false },
	{ L("PROXY TCP4 192.0.2.1 192.0.2.2 -1 143\r\n"), PROXY_BAD, NULL,
	    false },
	{ L("PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n"), PROXY_BAD, NULL, false },
	{ L("PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n"), PROXY_BAD, NULL,
	    false },
	{ L("PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n"), PROXY_BAD, NULL, false },
	{ L("PROXY TCP4 1.2.3 192.0.2.2 1 2\r\n"), PROXY_BAD, NULL, false },
	{ L("PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n"), PROXY_BAD, NULL, false },
	{ L("PROXY TCP4 192.0.2.1\0 192.0.2.2 1 2\r\n"), PROXY_BAD, NULL,
	    false },
	{ L("PROXY \r\n"), PROXY_BAD, NULL, false },
	{ L("PROXY TCP4 192.0.2.1 192.0.2.2 56324 143"), PROXY_MORE, NULL,
	    false },
	/* Not the protocol. */
	{ L("a1 LOGIN x y\r\n"), PROXY_BAD, NULL, false },
	{ L("\x16\x03\x01\x02\x00\x01\x00\x01"), PROXY_BAD, NULL, false },
	{ L("proxy TCP4 192.0.2.1 192.0.2.2 1 2\r\n"), PROXY_BAD, NULL, false },
	/* Version 2. */
	{ L(SIG "\x21\x11\x00\x0c" V4), PROXY_DONE, "192.0.2.1", false },
	{ L(SIG "\x21\x21\x00\x24" V6), PROXY_DONE, "2001:db8::1", false },
	{ L(SIG "\x20\x00\x00\x00"), PROXY_DONE, NULL, false },
	{ L(SIG "\x20\x11\x00\x0c" V4), PROXY_DONE, NULL, false },
	{ L(SIG "\x21\x00\x00\x03" "abc"), PROXY_DONE, NULL, false },
	{ L(SIG "\x21\x11\x00\x14" V4 TLS), PROXY_DONE, "192.0.2.1", true },
	{ L(SIG "\x21\x11\x00\x14" V4 TLS_NOT), PROXY_DONE, "192.0.2.1",
	    false },
	{ L(SIG "\x21\x11\x00\x17" V4 "\x04\x00\x00" TLS), PROXY_DONE,
	    "192.0.2.1", true },
	{ L(SIG "\x21\x11\x00\x13" V4 "\x20\x00\x05\x01\0\0\0"), PROXY_BAD,
	    NULL, false },
	{ L(SIG "\x21\x11\x00\x0e" V4 "\x20\x00"), PROXY_BAD, NULL, false },
	{ L(SIG "\x21\x11\x00\x0b" "\xc0\x00\x02\x01\xc0\x00\x02\x02\xdc\x04\0"),
	    PROXY_BAD, NULL, false },
	{ L(SIG "\x11\x11\x00\x0c" V4), PROXY_BAD, NULL, false },
	{ L(SIG "\x22\x11\x00\x0c" V4), PROXY_BAD, NULL, false },
	{ L(SIG "\x21\x11\xff\xff"), PROXY_BAD, NULL, false },
	{ L(SIG "\x21\x11\x00\x0c"), PROXY_MORE, NULL, false },
	{ L("\r\n\r\n\0\r\nQUIX\n\x21\x11\x00\x0c" V4), PROXY_BAD, NULL, false },
#undef L
};

/* As imapd reads: no octet more than is asked for, and all when it is done. */
static enum proxy_status
feed(const char *s, size_t len, size_t *used_r, struct proxy_header *header)
{
	size_t have = 0, want = PROXY_FIRST;
	enum proxy_status status = PROXY_MORE;

	while (status == PROXY_MORE && want <= len) {
		if (!CHECK(want > have))
			break;
		have = want;
		status = proxy_parse((const unsigned char *)s, have, &want,
		    header);
	}
	*used_r = have;
	return status;
}

static void
headers_are_read(void)
{
	struct proxy_header header;
	char text[NET_TEXT];
	size_t used;

	for (size_t i = 0; i < TEST_N(table); i++) {
		TEST_ROW("%zu %s", i, table[i].in);
		memset(&header, 0xff, sizeof(header));
		if (!CHECK_INT(feed(table[i].in, table[i].len, &used, &header),
		    table[i].status) || table[i].status != PROXY_DONE)
			continue;
		CHECK_INT(used, table[i].len);
		CHECK_INT(header.tls, table[i].tls);
		/* Version 2, LOCAL. */
		CHECK_INT(header.itself, table[i].in[0] == '\r' &&
		    table[i].in[12] == '\x20');
		CHECK_INT(header.has_address, table[i].address != NULL);
		if (table[i].address == NULL)
			continue;
		net_text(&header.address, text);
		CHECK_STR(text, table[i].address);
	}
}

static void
a_long_line_ends(void)
{
	struct proxy_header header;
	char line[256] = "PROXY UNKNOWN ";
	size_t used;

	memset(line + 14, 'x', sizeof(line) - 14);
	CHECK_INT(feed(line, sizeof(line), &used, &header), PROXY_BAD);
	CHECK(used <= 107);
}

static void
networks(void)
{
	static const struct {
		const char	*words, *address;
		bool		 in;
	} rows[] = {
		{ "127.0.0.1", "127.0.0.1", true },
		{ "127.0.0.1", "127.0.0.2", false },
		{ "127.0.0.1", "::1", false },
		{ "10.1.0.0/16", "10.1.255.3", true },
		{ "10.1.0.0/16", "10.2.0.0", false },
		{ "10.1.0.0/17", "10.1.128.0", false },
		{ "10.1.0.0/17", "10.1.127.1", true },
		{ "0.0.0.0/0", "203.0.113.9", true },
		{ "0.0.0.0/0", "2001:db8::1", false },
		{ "::/0", "203.0.113.9", true },
		{ "2001:db8::/32", "2001:db8:1::", true },
		{ "2001:db8::/32", "2001:db9::", false },
		{ "::1 10.0.0.0/8 192.0.2.1", "192.0.2.1", true },
		{ "", "192.0.2.1", false },
	};
	static const char *const bad[] = { "", "10", "10.0.0.0/", "10.0.0.0/33",
	    "10.0.0.0/-1", "10.0.0.0/x", "::/129", "localhost", "1.2.3.4/ 8",
	    "2001:db8::1:2:3:4:5:6:7", "10.0.0.0/8/8" };
	struct in6_addr a6;

	for (size_t i = 0; i < TEST_N(rows); i++) {
		TEST_ROW("%s has %s", rows[i].words, rows[i].address);
		CHECK(net_address(rows[i].address, &a6));
		CHECK_INT(net_among(rows[i].words, &a6), rows[i].in);
	}
	for (size_t i = 0; i < TEST_N(bad); i++) {
		TEST_ROW("%s", bad[i]);
		CHECK(!net_valid(bad[i], strlen(bad[i])));
	}
}

static void
loopback(void)
{
	struct in6_addr a6;

	CHECK(net_address("127.9.9.9", &a6) && net_is_loopback(&a6));
	CHECK(net_address("::1", &a6) && net_is_loopback(&a6));
	CHECK(net_address("128.0.0.1", &a6) && !net_is_loopback(&a6));
	CHECK(net_address("::2", &a6) && !net_is_loopback(&a6));
	CHECK(net_address("::ffff:127.0.0.1", &a6) && net_is_loopback(&a6));
}

int
main(void)
{
	TEST(headers_are_read);
	TEST(a_long_line_ends);
	TEST(networks);
	TEST(loopback);
	return test_end();
}
