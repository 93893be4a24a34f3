/* conn.c - the benchmark's connection: commands out, whole responses in
 * SPDX-License-Identifier: ISC */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "conn.h"

#define ANSWER_SECONDS	1800	/* a server that takes longer has no figure */
#define READ_OCTETS	(256 * 1024)

bool
conn_fail(struct conn *c, const char *fmt, ...)
{
	va_list ap;

	if (c->error[0] == '\0') {
		va_start(ap, fmt);
		vsnprintf(c->error, sizeof(c->error), fmt, ap);
		va_end(ap);
	}
	return false;
}

/* Eight octets at a time, some GB/s: not for anybody who wants to collide. */
uint64_t
hash_octets(uint64_t h, const void *data, size_t len)
{
	const char *s = data;
	uint64_t v;

	h ^= len * 0x9e3779b97f4a7c15;
	for (; len >= 8; s += 8, len -= 8) {
		memcpy(&v, s, 8);
		h = (h ^ v) * 0xff51afd7ed558ccd;
		h ^= h >> 32;
	}
	v = 0;
	memcpy(&v, s, len);
	h = (h ^ v) * 0xc4ceb9fe1a85ec53;
	return h ^ h >> 29;
}

static gnutls_certificate_credentials_t
credentials(const char *ca)
{
	static gnutls_certificate_credentials_t cred;

	if (cred == NULL) {
		gnutls_certificate_allocate_credentials(&cred);
		if (gnutls_certificate_set_x509_trust_file(cred, ca,
		    GNUTLS_X509_FMT_PEM) < 1) {
			fprintf(stderr, "%s: no certificate\n", ca);
			exit(1);
		}
	}
	return cred;
}

/* No session is resumed: each handshake is a whole one. */
static bool
handshake(struct conn *c, const char *ca)
{
	int e;

	gnutls_init(&c->tls, GNUTLS_CLIENT);
	gnutls_set_default_priority(c->tls);
	gnutls_credentials_set(c->tls, GNUTLS_CRD_CERTIFICATE, credentials(ca));
	gnutls_server_name_set(c->tls, GNUTLS_NAME_DNS, "localhost", 9);
	gnutls_session_set_verify_cert(c->tls, "localhost", 0);
	gnutls_transport_set_int(c->tls, c->fd);
	do {
		e = gnutls_handshake(c->tls);
	} while (e < 0 && !gnutls_error_is_fatal(e));
	return e == 0 || conn_fail(c, "handshake: %s", gnutls_strerror(e));
}

bool
conn_open(struct conn *c, unsigned port, const char *ca)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval limit = { ANSWER_SECONDS, 0 };
	const char *s;
	size_t len;
	int on = 1;

	memset(c, 0, sizeof(*c));
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd == -1)
		return conn_fail(c, "socket: %s", strerror(errno));
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(c->fd, (struct sockaddr *)&sin, sizeof(sin)) == -1)
		return conn_fail(c, "port %u: %s", port, strerror(errno));
	if (ca != NULL && !handshake(c, ca))
		return false;
	if (!conn_read(c, &s, &len))
		return false;
	if (len < 5 || memcmp(s, "* OK ", 5) != 0)
		return conn_fail(c, "greeting: %.*s", (int)len, s);
	return true;
}

void
conn_close(struct conn *c)
{
	if (c->tls != NULL)
		gnutls_deinit(c->tls);
	if (c->fd > 0)
		close(c->fd);
	buf_clear(&c->in);
	buf_clear(&c->out);
	buf_clear(&c->done);
	c->tls = NULL;
	c->fd = 0;
}

void
conn_put(struct conn *c, const char *fmt, ...)
{
	va_list ap;
	int n;

	buf_addf(&c->out, "a%u ", ++c->tag);
	va_start(ap, fmt);
	n = vsnprintf(buf_room(&c->out, 512), 512, fmt, ap);
	va_end(ap);
	if (n < 0 || n >= 512) {
		fprintf(stderr, "a command is too long\n");
		exit(1);
	}
	c->out.len += (size_t)n;
	buf_add(&c->out, "\r\n", 2);
}

bool
conn_flush(struct conn *c)
{
	const char *s = c->out.s;
	size_t left = c->out.len;

	while (left > 0) {
		ssize_t n = c->tls != NULL ?
		    gnutls_record_send(c->tls, s, left) :
		    send(c->fd, s, left, MSG_NOSIGNAL);

		if (n <= 0)
			return conn_fail(c, "sending: %s", c->tls != NULL ?
			    gnutls_strerror((int)n) : strerror(errno));
		s += n;
		left -= (size_t)n;
	}
	buf_reset(&c->out);
	return true;
}

static bool
more(struct conn *c)
{
	char *room;
	ssize_t n;

	if (c->used > 0) {
		memmove(c->in.s, c->in.s + c->used, c->in.len - c->used);
		c->in.len -= c->used;
		c->used = 0;
	}
	room = buf_room(&c->in, READ_OCTETS);
	do {
		n = c->tls != NULL ?
		    gnutls_record_recv(c->tls, room, READ_OCTETS) :
		    recv(c->fd, room, READ_OCTETS, 0);
	} while (c->tls != NULL && n < 0 && !gnutls_error_is_fatal((int)n));
	if (n <= 0)
		return conn_fail(c, n == 0 ? "the server has hung up" :
		    "receiving: %s", c->tls != NULL ? gnutls_strerror((int)n) :
		    strerror(errno));
	c->in.len += (size_t)n;
	return true;
}

/* The literal's length when the line, with its CRLF, ends in one's head. */
static bool
ends_in_literal(const char *s, size_t len, size_t *octets_r)
{
	size_t i, octets = 0, unit = 1;

	if (len < 5 || s[len - 3] != '}')
		return false;
	for (i = len - 4; i > 0 && s[i] >= '0' && s[i] <= '9'; i--) {
		octets += (size_t)(s[i] - '0') * unit;
		unit *= 10;
	}
	if (s[i] != '{' || unit == 1)
		return false;
	*octets_r = octets;
	return true;
}

bool
conn_read(struct conn *c, const char **s_r, size_t *len_r)
{
	size_t at = 0, line = 0;	/* from c->used on */

	for (;;) {
		size_t have = c->in.len - c->used, literal;
		const char *s = have > 0 ? c->in.s + c->used : NULL, *nl = NULL;

		if (have > at)
			nl = memchr(s + at, '\n', have - at);
		if (nl == NULL) {
			if (have > at)
				at = have;
			if (!more(c))
				return false;
			continue;
		}
		at = (size_t)(nl - s) + 1;
		if (ends_in_literal(s + line, at - line, &literal)) {
			at = line = at + literal;
			continue;
		}
		if (at < 2 || s[at - 2] != '\r')
			return conn_fail(c, "a line ends without CR");
		*s_r = s;
		*len_r = at;
		c->used += at;
		return true;
	}
}

bool
conn_wait(struct conn *c, conn_cb *cb, void *arg)
{
	char tag[16];
	int tag_len = snprintf(tag, sizeof(tag), "a%u ", c->tag);
	const char *s;
	size_t len;

	c->digest = c->count = 0;
	for (;;) {
		if (!conn_read(c, &s, &len))
			return false;
		if (s[0] != '*')
			break;
		/* Progress reports and the like come when they come. */
		if (len > 5 && memcmp(s, "* OK ", 5) == 0 &&
		    memcmp(s, "* OK [UID", 9) != 0)
			continue;
		if (len > 5 && memcmp(s, "* BYE", 5) == 0)
			continue;
		c->digest = hash_octets(c->digest, s, len);
		c->count++;
		if (cb != NULL && !cb(arg, c, s, len))
			return conn_fail(c, "wrong answer: %.*s",
			    (int)(len < 200 ? len : 200), s);
	}
	buf_reset(&c->done);
	if (len > (size_t)tag_len && memcmp(s, tag, (size_t)tag_len) == 0)
		buf_add(&c->done, s + tag_len, len - (size_t)tag_len);
	buf_str(&c->done);
	if (strncmp(c->done.s, "OK", 2) != 0)
		return conn_fail(c, "refused: %.*s",
		    (int)(len < 200 ? len : 200), s);
	return true;
}

bool
conn_do(struct conn *c, conn_cb *cb, void *arg, const char *fmt, ...)
{
	char command[480];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(command))
		return conn_fail(c, "a command is too long");
	conn_put(c, "%s", command);
	return conn_flush(c) && conn_wait(c, cb, arg);
}

void
conn_drain(struct conn *c)
{
	char rest[512];

	if (c->tls != NULL) {
		while (gnutls_record_recv(c->tls, rest, sizeof(rest)) > 0)
			;
		return;
	}
	while (recv(c->fd, rest, sizeof(rest), 0) > 0)
		;
}
