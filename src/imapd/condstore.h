/* condstore.h - what CONDSTORE, QRESYNC and UIDONLY change in responses
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_CONDSTORE_H
#define MSGSTORE_CONDSTORE_H

#include <stdbool.h>
#include <stdint.h>

#include "imapd/session.h"

/* Whether the client is CONDSTORE-aware (RFC 7162 3.1), which QRESYNC
 * includes: untagged FETCH responses then carry UID and MODSEQ (3.2.4). */
bool condstore_on(const struct session *);
/*
 * What a CONDSTORE enabling command does (RFC 7162 3.1): the first one with a
 * mailbox selected tells HIGHESTMODSEQ.
 */
void condstore_enable(struct session *);
/* ERR_SYNTAX where the configuration turned CONDSTORE and QRESYNC off (RFC 7162
 * 3.2.3: the second implies the first). */
const struct err *condstore_check(const struct session *);
/* Both: the check, then what it enables. */
const struct err *condstore_need(struct session *);
/*
 * The mod-sequence up to which the client has been told everything: expunges
 * that wait keep it back (RFC 7162 3.2).
 */
uint64_t condstore_told(const struct session *);
/* Send "* OK [HIGHESTMODSEQ n]" with it. */
void condstore_tell_highest(struct session *);
/* Send an item MODSEQ (RFC 7162 7 "fetch-mod-resp"), and remember that one was
 * sent by this command. */
void condstore_send(struct session *, uint64_t modseq);

/* Whether expunges are told as VANISHED: RFC 7162 3.2.10, RFC 9586 3.4. */
bool vanished_on(const struct session *);
/* Send "* VANISHED (EARLIER) ..." in lines of a bearable length; nothing for an
 * empty set. */
void vanished_send(struct session *, const struct seqset *uids, bool earlier);

/*
 * Send the head of a FETCH response, or of UIDFETCH (RFC 9586 3.3), up to
 * behind the parenthesis.
 */
void fetch_head(struct session *, uint32_t seq, uint32_t uid);

#endif
