/* peer.h - the client's end of the connection: a TLS session of GnuTLS
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_TLS_PEER_H
#define MSGSTORE_TLS_PEER_H

#include <stdbool.h>

#include "tls/cert.h"
#include "tls/relay.h"
#include "tls/ticket.h"
#include "tls/tlsinfo.h"
#include "util/err.h"

struct peer;

/*
 * A session on the socket fd, which it does not own and whose mode it does not
 * care for.  certs must outlive the handshake.  key: of the tickets, NULL for
 * none.  priority is GnuTLS's.
 */
const struct err *peer_new(int fd, const struct certs *, const char *priority,
    const unsigned char *key, struct peer **peer_r);
void peer_free(struct peer *);			/* NULL is fine */
/* NULL when priority is one that GnuTLS understands. */
const struct err *peer_check_priority(const char *priority);

/*
 * Shake hands within so many seconds.  Ends early when the process at the other
 * end of the socket other is gone.  ERR_IO: the text is for the log.  What was
 * agreed on is in *info_r, and certs is not used any more.
 */
const struct err *peer_handshake(struct peer *, int other,
    unsigned int seconds, struct tls_info *info_r);

/* For the relay. */
struct relay_end peer_end(struct peer *);
/* Why the client's end failed, or NULL: it went away without a word. */
const char *peer_why(const struct peer *);
/* Whether the client's octets ended without the end that TLS wants. */
bool peer_truncated(const struct peer *);

#endif
