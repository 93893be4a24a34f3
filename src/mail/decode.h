/* decode.h - transfer encodings, character sets, encoded words
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_DECODE_H
#define MSGSTORE_DECODE_H

#include <stdbool.h>
#include <stddef.h>

#include "mail/mime.h"
#include "util/arena.h"
#include "util/buf.h"

/*
 * Decodes a stream of octets: transfer encoding (RFC 2045 6), then character
 * set to UTF-8 by iconv(3).  What is not valid becomes U+FFFD and decoding goes
 * on; an unknown character set is taken for US-ASCII with U+FFFD for the rest
 * ("" and us-ascii text that is valid UTF-8 passes as it is).
 */
struct decoder;
struct decoder *decoder_new(enum mime_encoding, const char *charset);
/* The same for octets of any kind, which stay in the set that they are in. */
struct decoder *decoder_new_octets(enum mime_encoding);
void decoder_free(struct decoder *);		/* NULL is fine */
/* Decode len octets at s and append UTF-8 to out; end flushes what is held. */
void decoder_feed(struct decoder *, const char *s, size_t len, bool end,
    struct buf *out);

/* Whether iconv knows the name: for SEARCH CHARSET. */
bool charset_known(const char *charset);
/* Whole strings; false when charset is unknown or s is not valid in it. */
bool charset_to_utf8(const char *charset, const char *s, size_t len,
    struct buf *out);

/* A header's value with its encoded words (RFC 2047) as UTF-8, appended to
 * out.  8-bit octets that are not UTF-8 are taken for windows-1252. */
void header_decode(const char *value, size_t len, struct buf *out);

#endif
