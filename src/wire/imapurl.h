/* imapurl.h - URLs of messages and their parts: RFC 5092 6, 7, 11
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_IMAPURL_H
#define MSGSTORE_IMAPURL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/arena.h"

#define IMAPURL_MAX_OCTETS	4096	/* of a URL; none is longer */

struct imapurl {
	const char	*mailbox;	/* UTF-8; NULL: the one that is selected */
	uint32_t	 uidvalidity;	/* 0: any */
	uint32_t	 uid;
	const char	*section;	/* "1.2.MIME"; NULL: the whole message */
	bool		 partial;
	uint32_t	 offset;
	uint32_t	 count;		/* 0: up to the end */
};

/*
 * Parse the relative URL of a message or a part of one: "/mailbox/;UID=20" with
 * what may be in between and behind, or ";UID=20" (RFC 4469 3: the base is then
 * the selected mailbox).  Escapes are undone; nothing is checked against any
 * store.  Strings live in a and hold no NUL.  False for everything else:
 * absolute URLs, other servers, mailboxes, searches, RFC 4467 ones, and paths
 * with dot segments.
 */
bool imapurl_parse(struct arena *a, const char *s, size_t len,
    struct imapurl *url_r);

/* The URL as BADURL may tell it (RFC 4469 5 "url-resp-text"): what cannot be in
 * a response code is escaped; cut at IMAPURL_MAX_OCTETS of s. */
const char *imapurl_printable(struct arena *a, const char *s, size_t len);

#endif
