/* base64.h - base64 of the SASL exchange: RFC 4648 4
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_BASE64_H
#define MSGSTORE_BASE64_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buf.h"

/* Octets that base64_decode() writes at most for len characters. */
#define BASE64_DECODED_MAX(len)	((len) / 4 * 3)

/*
 * Decode len characters at s to out, which has room for
 * BASE64_DECODED_MAX(len) octets.  Strict, as RFC 4959 3 wants it: no other
 * characters, padding at the end only and as much as is needed, unused bits
 * zero.  False when it is not so; out may have been written to then.
 */
bool base64_decode(const char *s, size_t len, char *out, size_t *len_r);

/* Adds the base64 of len octets to b. */
void base64_encode(const char *s, size_t len, struct buf *b);

/* The value of a digit, 0..63; -1 for what is none: RFC 4648 4. */
extern const unsigned char base64_values[256];	/* 1 more than that */
static inline int
base64_digit(unsigned char c)
{
	return base64_values[c] - 1;
}

#endif
