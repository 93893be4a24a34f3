/* conn.h - the benchmark's connection: commands out, whole responses in
 * SPDX-License-Identifier: ISC
 *
 * Little is done for each octet, so that the client is not what is measured: a
 * response is found by its line's end and its literals' lengths, and hashed. */
#ifndef MSGSTORE_BENCH_CONN_H
#define MSGSTORE_BENCH_CONN_H

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"

struct conn {
	int	 fd;
	gnutls_session_t tls;	/* NULL: clear */
	struct buf in;		/* octets that came */
	size_t	 used;		/* of them, read already */
	struct buf out;
	unsigned tag;
	char	 error[300];	/* what went wrong first; "" */
	/* Of the last command: */
	uint64_t digest;	/* of its untagged responses; "* OK" is none */
	uint64_t count;		/* how many they were */
	struct buf done;	/* its tagged response behind the tag, NUL-ended */
};

/* Called for each untagged response, len octets with the last CRLF; false stops. */
typedef bool conn_cb(void *arg, struct conn *, const char *s, size_t len);

/* All return false when something is wrong, which error tells. */
bool conn_fail(struct conn *, const char *, ...)
    __attribute__((format(printf, 2, 3)));
/* Connects to 127.0.0.1 and reads the greeting; with TLS a full handshake, and
 * the certificate must be the one in ca (PEM). */
bool conn_open(struct conn *, unsigned port, const char *ca);
void conn_close(struct conn *);		/* a struct that is { 0 } is fine */

/* Puts a tag and a command into the out buffer; conn_flush() sends it. */
void conn_put(struct conn *, const char *, ...)
    __attribute__((format(printf, 2, 3)));
bool conn_flush(struct conn *);
/* The next response, with its literals. */
bool conn_read(struct conn *, const char **s_r, size_t *len_r);
/* Reads up to the tagged response, which must be OK; cb may be NULL. */
bool conn_wait(struct conn *, conn_cb *, void *arg);
/* conn_put(), conn_flush(), conn_wait(). */
bool conn_do(struct conn *, conn_cb *, void *arg, const char *, ...)
    __attribute__((format(printf, 4, 5)));
/* Reads to the end: the server closes first. */
void conn_drain(struct conn *);

uint64_t hash_octets(uint64_t start, const void *, size_t len);

#endif
