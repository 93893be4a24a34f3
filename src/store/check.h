/* check.h - verify a store, and mend it
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_CHECK_H
#define MSGSTORE_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "store/store.h"
#include "util/err.h"

enum check_level {
	CHECK_OK,	/* harmless: an orphan that the next append replaces */
	CHECK_PROBLEM,	/* wrong, and mended when repair is on */
	CHECK_LOST	/* wrong, and cannot be mended: what is lost */
};

struct check_result {
	uint64_t	mailboxes, messages;
	uint64_t	problems;	/* found */
	uint64_t	mended;
	uint64_t	lost;		/* cannot be mended */
};

enum check_flag {
	CHECK_REPAIR	= 1 << 0,	/* mend what can be mended */
	CHECK_CONTENTS	= 1 << 1	/* read the messages too */
};

/*
 * Check users.db, auth.db and every account, or (user not NULL) the account of that
 * user alone: SQLite's integrity_check and foreign keys, rows against files and
 * sizes, counters, UIDs, orphans, tombstones.  Sessions may run.  report gets a
 * line for each finding: where ("users/alice/Sent"), and words that tell what to
 * do.  flags are of enum check_flag.  A repair mends what it can, under the
 * locks; a lost or unreadable messages.db is made again from the directory with the
 * same UIDs, the damaged one kept beside it as messages.db.damaged.  With
 * CHECK_CONTENTS the octets of each message are held against its EMAILID, and what
 * is stored of it against what they give.
 */
const struct err *check_store(struct store *, const char *user,
    unsigned int flags, void (*report)(void *, enum check_level, const char *where,
    const char *text), void *arg, struct check_result *);

#endif
