/* downgrade.h - internationalised mail for clients that know none: RFC 6858
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_DOWNGRADE_H
#define MSGSTORE_DOWNGRADE_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buf.h"

/*
 * Append an envelope (envelope.h, ready to send) in US-ASCII: a subject and names
 * as encoded words, an address that is not US-ASCII as one that belongs to nobody
 * (RFC 6858 2.1, 2.3), another field as NIL.  Octets that are not UTF-8 are no
 * internationalised mail and stay.  False, and nothing is added, when there is
 * nothing to do, or s is no envelope.
 */
bool envelope_downgrade(const char *s, size_t len, struct buf *);

#endif
