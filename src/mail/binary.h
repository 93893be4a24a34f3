/* binary.h - messages with NULs, made into such as every IMAP client takes
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_BINARY_H
#define MSGSTORE_BINARY_H

#include <stddef.h>

#include "util/err.h"

/*
 * RFC 3516 4.4, 6: write the message of len octets at s anew, each part whose
 * body holds a NUL encoded in base64, everything else as it is.  fn gets the
 * pieces; its error ends the writing.  ERR_USER UNKNOWN-CTE where a NUL stands in
 * what cannot be encoded: a header, what is around parts, a part that is encoded
 * otherwise.
 */
const struct err *binary_encode(const char *s, size_t len,
    const struct err *(*fn)(void *, const char *, size_t), void *arg);

#endif
