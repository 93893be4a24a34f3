/* sort.h - puts what a search found into another order: RFC 5256 3, RFC 5957 3
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_SORT_H
#define MSGSTORE_SORT_H

#include "imapd/search.h"
#include "mail/sortkeys.h"

enum sort_key {
	SORT_ARRIVAL, SORT_CC, SORT_DATE, SORT_DISPLAYFROM, SORT_DISPLAYTO,
	SORT_FROM, SORT_RELEVANCY, SORT_SIZE, SORT_SUBJECT, SORT_TO, SORT_KEYS
};

struct sort_program {
	struct {
		enum sort_key	key;
		bool		reverse;
	} criteria[SORT_KEYS];
	size_t		 n;
};

/* "(" sort-criterion *(SP sort-criterion) ")" */
bool sort_parse(struct parser *, struct sort_program *);
/* ERR_SYNTAX when a key belongs to a capability that is turned off, or needs FUZZY
 * (RFC 6203 6). */
const struct err *sort_check(const struct session *,
    const struct sort_program *, bool fuzzy);
bool sort_has(const struct sort_program *, enum sort_key);

/*
 * The UIDs of found in order: found->count of them at most, in memory that the
 * caller frees.  Messages that went meanwhile are left out.
 */
const struct err *sort_found(struct session *, struct mailbox *,
    const struct sort_program *, const struct found *, uint32_t **uids_r,
    size_t *n_r);

/*
 * Scan found's messages with their sort keys; fn is called for each, in rising
 * order of UIDs, but for those without keys, which come last.  Keys that an older
 * version did not store are made first.  Of the message fn gets the UID, and
 * date and size when dates is true or the keys have no date.
 */
const struct err *sort_scan(struct session *, struct mailbox *,
    const struct found *, bool dates, void (*fn)(void *,
    const struct message *, const struct sortkeys *), void *arg);

#endif
