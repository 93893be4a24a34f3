/* sortkeys.h - what SORT and THREAD ask of a message: RFC 5256 3, RFC 5957 3
 * SPDX-License-Identifier: ISC
 *
 * Made once of a message's header and stored packed, so that sorting and
 * threading never parse mail. */
#ifndef MSGSTORE_SORTKEYS_H
#define MSGSTORE_SORTKEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/arena.h"
#include "util/buf.h"

/*
 * DEVIATION RFC 5256 3: texts are compared by their first SORTKEYS_TEXT_MAX
 * octets, and of the references the first and the last count up to
 * SORTKEYS_REFS_MAX.  So memory is bounded whatever is in the mail; the parent
 * of a message is its last reference.
 */
#define SORTKEYS_TEXT_MAX	512
#define SORTKEYS_REFS_MAX	50

enum { SORTKEY_SUBJECT, SORTKEY_FROM, SORTKEY_TO, SORTKEY_CC,
	SORTKEY_DISPLAYFROM, SORTKEY_DISPLAYTO, SORTKEY_TEXTS };

struct sortkeys {
	bool		 reply;		/* a reply or a forward, by its subject */
	bool		 dated;		/* there is a valid Date: field */
	int64_t		 sent;		/* its moment, seconds since 1970 */
	struct {
		const char	*s;	/* UTF-8 */
		size_t		 len;
	} texts[SORTKEY_TEXTS];
	uint64_t	 id;		/* of the Message-ID; 0: none */
	/* Of the references, oldest first. */
	uint64_t	 refs[SORTKEYS_REFS_MAX];
	unsigned int	 refs_n;
};

/* Append the packed keys of a header block. */
void sortkeys_make(struct arena *, const char *header, size_t len,
    struct buf *);
/* False when the octets are no packed keys; nothing in them is trusted.  The
 * texts point into them. */
bool sortkeys_unpack(const char *s, size_t len, struct sortkeys *);

/* A number for a text, never 0.  Two that are not the same have the same number
 * about as often as one of 10^12 mailboxes with a million messages has such. */
uint64_t sortkeys_hash(const char *s, size_t len);

#endif
