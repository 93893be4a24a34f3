/* status.h - the data items of STATUS: RFC 9051 6.3.11, RFC 3501 6.3.10
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_STATUS_H
#define MSGSTORE_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "imapd/session.h"

enum status_item {
	STATUS_MESSAGES, STATUS_RECENT, STATUS_UIDNEXT, STATUS_UIDVALIDITY,
	STATUS_UNSEEN, STATUS_DELETED, STATUS_SIZE, STATUS_APPENDLIMIT,
	STATUS_MAILBOXID, STATUS_HIGHESTMODSEQ,
	STATUS_ITEMS
};

struct status_items {
	enum status_item items[STATUS_ITEMS];	/* n of them, no doubles */
	size_t		 n;
};

/* "(" status-att *(SP status-att) ")" */
bool status_parse_items(struct parser *, struct status_items *);
bool status_wants(const struct status_items *, enum status_item);
/* ERR_SYNTAX when an item belongs to a capability that is off.  HIGHESTMODSEQ
 * turns CONDSTORE on (RFC 7162 3.1). */
const struct err *status_check(struct session *, const struct status_items *);
/*
 * Send the STATUS response of the mailbox at place, whose row is counted.
 * Opens nothing, but for RECENT.  On an error nothing was sent.
 */
const struct err *status_tell(struct session *, const struct status_items *,
    const struct place *, const struct mailbox_row *);

#endif
