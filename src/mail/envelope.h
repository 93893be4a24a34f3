/* envelope.h - ENVELOPE: RFC 9051 7.5.2, RFC 5322 3.4
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_ENVELOPE_H
#define MSGSTORE_ENVELOPE_H

#include <stddef.h>

#include "util/arena.h"
#include "util/buf.h"

#define ENVELOPE_ADDRESSES_MAX	1000	/* of one field; more are left out */

/* One mailbox or group delimiter, as the "address" production wants it. */
struct address {
	const char	*name, *adl, *mailbox, *host;	/* NULL is NIL */
};

/*
 * Parse an address list (RFC 5322 3.4 with its obsolete forms; broken ones as
 * well as can be) of len octets at s, unfolded or not.  Groups give a start
 * (host NULL, mailbox the group's name) and an end (all NULL).  Without '@' the
 * host is "".  Encoded words stay as they are.  Takes time linear in len.
 */
size_t address_parse(struct arena *a, const char *s, size_t len,
    struct address **list_r);

/*
 * Append "(date subject from ... message-id)" of a header block, ready to
 * send.  Sender and Reply-To default to From.  Of several fields with one name
 * the first counts, but To, Cc and Bcc are put together.
 */
void envelope_write(struct arena *a, const char *header, size_t len,
    struct buf *);

#endif
