/* objectid.h - EMAILID and THREADID: RFC 8474 5
 * SPDX-License-Identifier: ISC
 *
 * Both come of the message's octets alone: a copy has the same, and so has a
 * row that is made again from the file. */
#ifndef MSGSTORE_OBJECTID_H
#define MSGSTORE_OBJECTID_H

#include <sha2.h>
#include <stdbool.h>
#include <stddef.h>

#include "util/arena.h"

#define OBJECTID_OCTETS	20	/* as stored: of a SHA-512 */
#define OBJECTID_LEN	33	/* as text: the kind, then base32 */

/* RFC 8474 8.1: a letter first, and nothing that differs by case alone. */
enum objectid_kind { OBJECTID_EMAIL = 'M', OBJECTID_THREAD = 'T' };

/* The EMAILID of octets that come in pieces. */
struct objectid_hash {
	SHA2_CTX	ctx;
};
void objectid_begin(struct objectid_hash *);
void objectid_add(struct objectid_hash *, const void *, size_t len);
void objectid_end(struct objectid_hash *, unsigned char id[OBJECTID_OCTETS]);

/*
 * The THREADID of the message whose header block is the len octets at header:
 * of the first message-id of References, else of In-Reply-To, else of
 * Message-ID; else it is the EMAILID.
 */
void objectid_thread(struct arena *, const char *header, size_t len,
    const unsigned char email[OBJECTID_OCTETS],
    unsigned char id[OBJECTID_OCTETS]);

/* Writes OBJECTID_LEN octets and a NUL. */
void objectid_format(enum objectid_kind, const unsigned char id[OBJECTID_OCTETS],
    char out[OBJECTID_LEN + 1]);
/* False when it is no id of this kind that objectid_format() wrote; case
 * counts (RFC 8474 7). */
bool objectid_parse(enum objectid_kind, const char *s, size_t len,
    unsigned char id[OBJECTID_OCTETS]);

#endif
