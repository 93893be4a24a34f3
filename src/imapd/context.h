/* context.h - searches whose results are kept up to date: RFC 5267 4
 * SPDX-License-Identifier: ISC
 *
 * They belong to the selected mailbox, and are told of when it is looked at for
 * changes (selected_sync()). */
#ifndef MSGSTORE_CONTEXT_H
#define MSGSTORE_CONTEXT_H

#include "imapd/search.h"
#include "imapd/sort.h"

#define CONTEXTS_MAX		16	/* of one session */
#define CONTEXT_OCTETS_MAX	65536	/* of one search program */

struct context;

/* What a search command with UPDATE is about. */
struct context_of {
	struct search_key *root;	/* searched for just now: search_find() */
	const struct sort_program *program;	/* NULL: not sorted */
	const uint32_t	*order;		/* when sorted: n UIDs */
	size_t		 n;
	bool		 is_uid;
	bool		 where;		/* mailbox and UIDVALIDITY are told */
};

/* ERR_SYNTAX when UPDATE is wanted and the command's tag is in use for it
 * (RFC 5267 4.3). */
const struct err *context_check(const struct session *,
    const struct search_return *);
/* Keep what was found up to date, when UPDATE is wanted; or say by an untagged
 * NO that it will not be (RFC 5267 4.3.1). */
void context_add(struct session *, const struct search_return *,
    const struct context_of *, const struct found *);
/* No more of the command with this tag; unknown ones are fine. */
void context_cancel(struct session *, const char *tag);
void contexts_free(struct context *);

/* UIDs that are about to be told as expunged: REMOVEFROM comes first (RFC 5267
 * 4.3.4). */
void contexts_expunge(struct session *, const struct seqset *gone);
/* Messages were told that are new, from UID first_new on, or changed since
 * modseq. */
const struct err *contexts_update(struct session *, uint64_t modseq,
    uint32_t first_new);

#endif
