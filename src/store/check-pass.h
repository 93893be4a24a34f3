/* check-pass.h - one pass of a check over a mailbox: its steps
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_CHECK_PASS_H
#define MSGSTORE_CHECK_PASS_H

#include "store/check-private.h"

/*
 * One pass over a mailbox.  The first is made without the lock, quietly: it
 * only counts, and what a running session does may look like damage to it.
 * When it counts anything there is a second one under the lock.
 */
struct pass {
	struct check	*c;
	struct mailbox	*m;
	const char	*where;
	bool		 quiet;
	bool		 fix;
	uint64_t	 found;		/* anything at all */
	uint64_t	 modseq;	/* of all changes that mending makes */
	uint32_t	 uidnext;	/* for messages under new UIDs */
	uint32_t	 unused;	/* uidnext when the pass began */
	uint32_t	 least_uidnext;	/* as account.db knows it */
	uint64_t	 least_modseq;
	uint32_t	 messages;
	uint32_t	*files;		/* UIDs of the files */
	size_t		 files_n;
	struct seqset_builder unlinks;	/* files to remove after the commit */
	struct seqset_builder orphans;	/* to put aside, unless they have a row */
};

/* A finding of this pass; mended when the pass may mend. */
#define FOUND(p, level, ...) do {					\
	(p)->found++;							\
	if (!(p)->quiet)						\
		check_finding((p)->c, level, (p)->fix, (p)->where,	\
		    __VA_ARGS__);					\
} while (0)

/* --- What the steps share --- */

/* Run constant SQL whose only parameter is a UID. */
const struct err *pass_run_uid(struct db *, const char *sql, uint32_t uid);
/* Add the UIDs that constant SQL gives in rising order. */
const struct err *pass_uids(struct db *, const char *sql,
    struct seqset_builder *);
/* fn for each UID of a set, up to an error. */
const struct err *pass_each(struct pass *, const struct seqset_builder *,
    const struct err *(*fn)(struct pass *, uint32_t));
/* What has the name of a message, and is no file, gets out of the way. */
const struct err *pass_unlink(struct pass *, uint32_t uid);
/* Whether there was a file of the UID when the pass began. */
bool pass_has_file(const struct pass *, uint32_t uid);

/* --- The steps, inside a transaction: what is found is told, and mended --- */

/* check-rows.c */
const struct err *pass_changed(struct pass *);
const struct err *pass_keywords(struct pass *);
const struct err *pass_modseqs(struct pass *);
const struct err *pass_flags(struct pass *);
const struct err *pass_tables(struct pass *);	/* and pass_files() in it */
/* check-files.c */
const struct err *pass_files(struct pass *);
/*
 * check-counters.c.  What the rows give, where uidnext and the mod-sequences are the
 * least that they may be; what is stored, whatever it is; and the step, to which
 * both are given as they were when the pass began: rows that the pass itself mended
 * change them too, which is no finding.
 */
const struct err *pass_count(struct pass *, struct mailbox_state *);
const struct err *pass_stored(struct pass *, struct mailbox_state *,
    bool *there_r);
const struct err *pass_counters(struct pass *, const struct mailbox_state *before,
    const struct mailbox_state *counted, bool there);
/* No step, but by itself: the copy in account.db, where it claims to be right. */
const struct err *check_account_counters(struct check *,
    struct mailbox *, const char *where);

#endif
