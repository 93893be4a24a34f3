/* append.h - messages that a client sends: APPEND, REPLACE
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_APPEND_H
#define MSGSTORE_APPEND_H

#include <stdbool.h>
#include <stdint.h>

#include "imapd/session.h"
#include "store/mailbox.h"
#include "wire/parser.h"

enum append_data {
	APPEND_LITERAL,
	APPEND_LITERAL8,	/* RFC 3516 7: may hold NULs */
	APPEND_UTF8,		/* RFC 6855 4: a literal8 in parentheses */
	APPEND_CATENATE		/* RFC 4469 5 */
};

/* RFC 4466 6 "append-message", up to where its octets begin. */
struct append_message {
	struct parser_flags flags;
	struct datetime	 date;
	bool		 has_date;
	enum append_data data;
	uint64_t	 size;		/* of the literal, but for CATENATE */
};

/*
 * Parse SP append-message through its literal's head, or the "(" of CATENATE.
 * Pure.  False leaves the parser failed.
 */
bool append_parse_message(struct parser *, struct append_message *);

/* What can be refused before any octet is sent: by the size, or as something
 * that is turned off. */
const struct err *append_check(const struct session *,
    const struct append_message *);

/*
 * A message on its way in, from the octets on, after append_check().  Stores the
 * finished upload; what is left unread after a failure the loop drops.  The caller
 * goes on with the parser behind the message.
 */
const struct err *append_read(struct session *, const struct append_message *,
    const struct place *, struct mailbox *, struct upload **up_r);

/* --- For append-read.c and append-catenate.c --- */

struct incoming {
	struct session	*s;
	struct upload	*up;
	uint64_t	 size;		/* octets so far */
	bool		 has_nul;
	/* The mailbox that a URL named last, and what it is called. */
	struct mailbox	*source;
	const char	*source_name;
};

/* ERR_USER TOOBIG unless size octets more may come. */
const struct err *incoming_room(const struct incoming *, uint64_t size);
/* Octets of the message. */
const struct err *incoming_write(struct incoming *, const char *, size_t len);
/*
 * The octets that a URL names (RFC 4469 3).  ERR_USER BADURL, with the URL, for
 * what is not a URL, not there, not the user's to read.
 */
const struct err *incoming_url(struct incoming *, const char *url, size_t len);

#endif
