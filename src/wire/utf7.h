/* utf7.h - modified UTF-7 of mailbox names: RFC 3501 5.1.3
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_UTF7_H
#define MSGSTORE_UTF7_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buf.h"

/*
 * Append the UTF-8 of len octets of modified UTF-7 at s.  False, and nothing
 * added, for what RFC 3501 5.1.3 forbids: 8-bit octets, controls, unfinished or
 * superfluous shifts ("&AGE-" for "a"), lone surrogates, stray bits, NUL.
 */
bool utf7_decode(const char *s, size_t len, struct buf *);
/* Append the modified UTF-7 of len octets of valid UTF-8 at s. */
void utf7_encode(const char *s, size_t len, struct buf *);
/* Whether all of it is UTF-8 by RFC 3629 3, with no NUL. */
bool utf8_valid(const char *s, size_t len);

#endif
