/* view.h - what a session was told: sequence numbers and UIDs
 * SPDX-License-Identifier: ISC
 *
 * UID ranges with their first sequence numbers: 8 octets a range, at most 8 a
 * message.  Knows no database: imapd fills it. */
#ifndef MSGSTORE_VIEW_H
#define MSGSTORE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/arena.h"
#include "wire/seqset.h"

struct view_range {
	uint32_t	uid, seq;	/* of its first message */
};

/* A plain value; { 0 } is an empty view. */
struct view {
	struct view_range *ranges;
	size_t		 n, size;
	uint32_t	 count;		/* messages */
};

void view_clear(struct view *);
/* Add the UIDs of a sorted set, all above what is there. */
void view_append(struct view *, const struct seqset *uids);

/* 0 when there is none. */
uint32_t view_uid(const struct view *, uint32_t seq);
uint32_t view_seq(const struct view *, uint32_t uid);
uint32_t view_last_uid(const struct view *);
/* How many messages have a UID below uid: the sequence number that uid has, or
 * would have, less one. */
uint32_t view_seq_below(const struct view *, uint32_t uid);

/* UIDs of resolved sequence numbers, all of which must be <= count. */
struct seqset view_uids(const struct view *, struct arena *,
    const struct seqset *seqs);
/* The UIDs of a resolved set that are in the view. */
struct seqset view_known(const struct view *, struct arena *,
    const struct seqset *uids);
/* The UIDs of a resolved set that are not in the view. */
struct seqset view_missing(const struct view *, struct arena *,
    const struct seqset *uids);
/* The view's UIDs that are not in a resolved set. */
struct seqset view_others(const struct view *, struct arena *,
    const struct seqset *uids);
/* The sequence numbers of a resolved set's UIDs that are in the view. */
struct seqset view_seqs(const struct view *, struct arena *,
    const struct seqset *uids);

/*
 * Remove the UIDs of a sorted set.  fn is called for each that was there with
 * the sequence number it has at that moment, as EXPUNGE responses count (RFC
 * 9051 7.5.1); highest first, so that no number depends on another.
 */
void view_expunge(struct view *, const struct seqset *uids,
    void (*fn)(void *, uint32_t seq), void *arg);

#endif
