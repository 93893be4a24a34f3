/* resync.h - what changed since a mod-sequence: RFC 7162 3.1.4.1, 3.2.5, 3.2.6
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_RESYNC_H
#define MSGSTORE_RESYNC_H

#include "imapd/session.h"

/* Of the UIDs, all in the view, those of messages that changed after modseq
 * since; in the command's arena. */
const struct err *resync_changed(struct session *, const struct seqset *uids,
    uint64_t since, struct seqset *changed_r);

/*
 * Tell which of the UIDs were expunged after modseq since, in VANISHED
 * (EARLIER).  Where some of these are forgotten that is every UID that is not
 * there (RFC 7162 3.2.6), but none up to what numbers and known (resolved, as
 * long as each other, or NULL) prove to be in step (RFC 7162 3.2.5.2).
 */
const struct err *resync_vanished(struct session *, const struct seqset *uids,
    uint64_t since, const struct seqset *numbers, const struct seqset *known);

/* RFC 7162 7: what the client told of itself in SELECT (QRESYNC ...). */
struct qresync {
	uint32_t	uidvalidity;
	uint64_t	modseq;
	bool		has_uids, has_match;
	struct seqset	uids;			/* resolved */
	struct seqset	numbers, known;		/* resolved, of one size */
};
/* Behind "QRESYNC SP". */
bool qresync_parse(struct arena *, struct parser *, struct qresync *);
/* Tell all of it, behind what SELECT answers: RFC 7162 3.2.5.1. */
const struct err *qresync_tell(struct session *, const struct qresync *);

#endif
