/* parts.h - where a message's parts are, packed into a few octets
 * SPDX-License-Identifier: ISC
 *
 * Made once at delivery and stored, so that reading never parses MIME.  The
 * packed form is read with every length checked: a database may be damaged.
 * Offsets never exceed 63 bits, but may lie beyond the file's end. */
#ifndef MSGSTORE_PARTS_H
#define MSGSTORE_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mail/mime.h"
#include "util/buf.h"

#define PARTS_CHARSET_MAX	40	/* octets, NUL included */

struct part {
	enum mime_kind	   kind;
	enum mime_encoding encoding;
	bool		   is_text;		/* type "text" */
	bool		   nested;		/* the root of a message in a part:
						 * its header is a message's */
	uint64_t	   header_off, header_len;
	uint64_t	   body_off, body_len;
	char		   charset[PARTS_CHARSET_MAX]; /* "" when none is given */
};

/* Append the packed form of the tree. */
void parts_pack(const struct mime_part *root, struct buf *);

/*
 * Find the part that "section-part" names (RFC 9051 6.4.5): n numbers from 1
 * on; n = 0 is the message itself.  What is not multipart has one part, 1.
 * Numbers below a message/rfc822 part go into the message it holds.  False
 * when there is no such part or the packed form is damaged.
 *
 * For a part of kind MIME_MESSAGE the message it holds is at body_off, and
 * *inner_r (when not NULL) becomes the root of that message, for HEADER and
 * TEXT; for n = 0 *inner_r is the root itself.
 */
bool parts_find(const void *packed, size_t len, const uint32_t *path, size_t n,
    struct part *part_r, struct part *inner_r);

/* Walk all parts, outer before inner; the first is the message itself.  *pos
 * starts at 0. */
bool parts_next(const void *packed, size_t len, size_t *pos, struct part *);

#endif
