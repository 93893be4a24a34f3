/* limit.h - how many messages one command may work on: RFC 9738
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_LIMIT_H
#define MSGSTORE_LIMIT_H

#include "imapd/session.h"

/* What MESSAGELIMIT and SAVELIMIT announce; 0 when there is no such limit. */
uint32_t limit_messages(const struct session *);
uint32_t limit_saves(const struct session *);

/*
 * Leave the newest of the UIDs, which are all of messages, when they are more
 * than the limit; the command's answer then says so (RFC 9738 3.1).  Returns
 * whether some were left out: what remains is worked on from the highest down.
 */
bool limit_uids(struct session *, struct seqset *uids);
/* For what may not be done by halves: ERR_USER MESSAGELIMIT when the UIDs are
 * more than COPY may take. */
const struct err *limit_copy(struct session *, const struct seqset *uids);
/* The same for n messages that are to be appended. */
const struct err *limit_append(struct session *, uint64_t n);

#endif
