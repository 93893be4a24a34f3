/* selected.h - the selected mailbox, and what the client was told of it
 * SPDX-License-Identifier: ISC
 *
 * The client's picture is the view: messages with a UID below told_uidnext,
 * those expunged after told_expunge included.  It is filled from the database
 * when a sequence number is first needed, and goes forward only by what
 * selected_sync() sends. */
#ifndef MSGSTORE_SELECTED_H
#define MSGSTORE_SELECTED_H

#include <stdbool.h>
#include <stdint.h>

#include "imapd/session.h"
#include "store/mailbox.h"
#include "store/view.h"

struct context;

struct selected {
	uint64_t	 serial;	/* no other of this process has it */
	struct mailbox	*mbox;
	char		*name;		/* full, as it was when last looked up */
	rights_t	 rights;
	bool		 readonly;
	bool		 shared;
	char		*share;		/* the share's name, or NULL */

	uint64_t	 stamp;		/* mailbox_stamp() at the last look */
	uint32_t	 told_uidnext;	/* messages below it were told as EXISTS */
	uint32_t	 told_exists;	/* the client's count of messages */
	uint64_t	 told_modseq;	/* flag changes up to it were told */
	uint64_t	 told_expunge;	/* expunges up to it were told */
	uint64_t	 own_modseq;	/* of this command's own STORE */
	uint32_t	 told_keywords;	/* how many FLAGS listed */
	bool		 expunge_waits;	/* there are expunges not yet told */
	bool		 behind;	/* there may be anything not yet told */
	/* RFC 5465: a flag change was not told, and never will be; those up to
	 * whole_modseq were. */
	bool		 left_out;
	uint64_t	 whole_modseq;

	bool		 filled;	/* the view is */
	struct view	 view;
	/* UIDs that are \Recent here, those without a message among them. */
	struct seqset_builder recent;
	uint32_t	 recent_exists;	/* messages of them in the client's picture */
	/* UIDs that this session itself added, and that are not yet told. */
	struct seqset_builder added;
	/* UIDs that "$" stands for, those expunged since among them. */
	struct seqset_builder saved;
	struct context	*contexts;	/* context.h; NULL: none */
};

/*
 * Select the mailbox at place, which the caller opened, and send what SELECT
 * answers with (RFC 3501 6.3.1), but for the tagged OK.  On success the session
 * owns mbox; on failure the caller does, and nothing is selected.
 */
const struct err *selected_open(struct session *, const struct place *,
    struct mailbox *mbox, bool readonly);

/* Its full name in the store's form, which another session may have changed;
 * until the next call. */
const char *selected_name(struct session *);

/* Leave the selected mailbox, if any; frees it. */
void selected_close(struct session *);

/*
 * Look for changes and send what may be sent now: FLAGS when there are new
 * keywords, FETCH for flags, EXISTS and RECENT for new messages, and, when
 * expunge is true, EXPUNGE (RFC 9051 7.5.1, 5.2).  Costs one pread(2) and one
 * fstat(2) when nothing changed.  A mailbox that is gone ends the session: ERR_IO after
 * "* BYE" (RFC 2180 3.3).
 */
const struct err *selected_sync(struct session *, bool expunge);
/* Whether there may be changes that selected_sync() has not seen yet. */
bool selected_stale(const struct selected *);

/* Fill the view, when it is not. */
const struct err *selected_fill(struct session *);

/*
 * Turn a set as the client wrote it, "$" included, into UIDs of messages in the
 * view, in the command's arena.  Sequence numbers beyond the view are ERR_SYNTAX
 * (RFC 9051 9 "seq-number"); UIDs that are not there are left out silently.
 */
const struct err *selected_uids(struct session *, const struct seqset *set,
    bool is_uid, struct seqset *uids_r);

/* ERR_SYNTAX when "$" is not to be had. */
const struct err *selected_may_save(const struct session *);

bool selected_is_recent(const struct selected *, uint32_t uid);

/*
 * The sequence number of uid in the filled view, or 0.  *hint starts at 0 and
 * makes a walk in rising UID cheap.
 */
uint32_t selected_seq(const struct selected *, uint32_t uid, size_t *hint);

/* The flags that the user's rights here allow to change: a mask. */
uint64_t selected_may_change(const struct selected *);
/* The same for rights anywhere: RFC 4314 4. */
uint64_t rights_flag_mask(rights_t);
/* ERR_USER NOPERM unless the rights on the selected mailbox hold need. */
const struct err *selected_need(struct session *, rights_t need);

/* Send FLAGS and PERMANENTFLAGS: after keywords or rights have changed. */
const struct err *selected_tell_flags(struct session *);
/* The same, when there are keywords that the client was not told of. */
const struct err *selected_tell_keywords(struct session *);

/*
 * Send one message's flags, as they are in change, with UID and mod-sequence
 * where they belong (RFC 3501 6.4.8, RFC 7162 3.2.4).  Without flags the
 * session must be CONDSTORE-aware: there is nothing else to tell.  names are
 * the mailbox's n keywords.
 */
void selected_tell_change(struct session *, const struct change *, bool flags,
    uint32_t seq, const char *const *names, size_t n);

#endif
