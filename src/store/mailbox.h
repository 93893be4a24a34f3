/* mailbox.h - one mailbox: its directory and its messages.db
 * SPDX-License-Identifier: ISC
 *
 * UIDs in sets are resolved and sorted (seqset_resolve()).  Functions that
 * write take the mailbox's lock, commit, tell the account's counters, touch
 * the directory, and only then return: what they report has happened. */
#ifndef MSGSTORE_MAILBOX_H
#define MSGSTORE_MAILBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mail/content.h"
#include "store/account.h"
#include "util/arena.h"
#include "util/err.h"
#include "wire/date.h"
#include "wire/flag.h"
#include "wire/seqset.h"

struct mailbox;

/*
 * Open the mailbox called name.  ERR_USER NONEXISTENT; CANNOT for \Noselect;
 * ERR_INTERNAL for a damaged database, the text naming "mboxadm check".
 * The account must outlive it.
 */
const struct err *mailbox_open(struct account *, const char *name,
    struct mailbox **mbox_r);
/*
 * The same, with a mailbox of this account that is open already, or NULL.  Where
 * it is the one that is called name now, it is what is stored; it is closed
 * otherwise, and when something fails.
 */
const struct err *mailbox_open_again(struct account *, const char *name,
    struct mailbox *held, struct mailbox **mbox_r);
void mailbox_close(struct mailbox *);		/* NULL is fine */
const char *mailbox_id(const struct mailbox *);
struct account *mailbox_account(const struct mailbox *);
/* The name that it has now in its account; ERR_USER NONEXISTENT when it is gone. */
const struct err *mailbox_name(struct mailbox *, struct arena *,
    const char **name_r);
uint32_t mailbox_uidvalidity(const struct mailbox *);
/* Gives back the memory that can be had again: before a long wait. */
void mailbox_rest(struct mailbox *);
/*
 * What a large change leaves to do, and its client need not wait for: whether
 * there is any, and do it, between two commands.  NULL is fine.
 */
bool mailbox_untidy(const struct mailbox *);
void mailbox_tidy(struct mailbox *);

/*
 * A number that changes with each commit and with the mailbox's removal; one
 * fstat(2).  Take the stamp, then read: a change in between changes the stamp.
 */
uint64_t mailbox_stamp(const struct mailbox *);
/*
 * Whether a writer is at work, or died at it: there may be a commit that has set no
 * stamp.  Asked before the stamp is taken, they tell of each commit.
 */
bool mailbox_at_work(const struct mailbox *);
/* The directory, for a watch on that stamp (watch.h), and for messages. */
int mailbox_fd(const struct mailbox *);
/* Whether it was deleted, or its account was. */
bool mailbox_gone(const struct mailbox *);

struct mailbox_state {
	uint32_t	uidnext, messages, unseen, deleted;
	uint64_t	size;
	uint64_t	highestmodseq;	/* of any change; at least 1 */
	uint64_t	expungemodseq;	/* of the last expunge; 0: none yet */
	uint64_t	purgedmodseq;	/* expunges up to it may be forgotten */
	uint32_t	keywords;	/* how many there are */
};
/* As of the last commit; costs one row. */
const struct err *mailbox_state(struct mailbox *, struct mailbox_state *);

/*
 * Call fn at each commit of this process to any mailbox, with its state before
 * and after; NULL ends that.
 */
void mailbox_on_commit(void (*fn)(void *, const char *id,
    const struct mailbox_state *before, const struct mailbox_state *after),
    void *arg);

/* Names of keywords: [i] is bit FLAG_KEYWORD_FIRST + i.  The array and the
 * strings live until the next call for this mailbox or its close. */
const struct err *mailbox_keywords(struct mailbox *,
    const char *const **names_r, size_t *n_r);
/*
 * The bit mask of n keywords.  create: those that are missing are made
 * (ERR_USER LIMIT when there are FLAG_KEYWORDS_MAX); else they have no bit.
 */
const struct err *mailbox_keyword_mask(struct mailbox *,
    const char *const *names, size_t n, bool create, uint64_t *mask_r);

/*
 * \Recent (RFC 3501 2.3.2).  Stores the first UID that no session was told of
 * yet as recent; below uidnext means that there are such.  claim: those below
 * uidnext are this session's, the next session starts behind them.
 */
const struct err *mailbox_recent(struct mailbox *, bool claim,
    uint32_t uidnext, uint32_t *first_uid_r);
/* Messages from UID first on: for STATUS RECENT. */
const struct err *mailbox_count_from(struct mailbox *, uint32_t first,
    uint32_t *n_r);
/*
 * The sequence number of the first message without \Seen among those with a
 * UID below uidnext; 0 when there is none, or when finding out would cost time
 * by the mailbox's size.
 */
const struct err *mailbox_first_unseen(struct mailbox *, uint32_t uidnext,
    uint32_t *seq_r);

/* --- Reading --- */

enum scan_want {
	SCAN_ENVELOPE	= 1 << 0,	/* the wide columns */
	SCAN_BODY	= 1 << 1,
	SCAN_STRUCTURE	= 1 << 2,
	SCAN_HEADERS	= 1 << 3,
	SCAN_PARTS	= 1 << 4,
	SCAN_EXPUNGED	= 1 << 5,	/* also those expunged after told_modseq */
	SCAN_PREVIEW	= 1 << 6,
	SCAN_IDS	= 1 << 7,	/* emailid and threadid */
	SCAN_DOWN	= 1 << 8,	/* in falling order */
	/* sortkeys.h; alone: nothing beside them and the UID, of messages that
	 * have them, some that were expunged lately among those. */
	SCAN_SORTKEYS	= 1 << 9,
	SCAN_DATES	= 1 << 10,	/* date and savedate */
	SCAN_SIZE	= 1 << 11	/* comes with wide columns too */
};

struct blob {
	const char	*s;	/* NULL when there is none */
	size_t		 len;
};

struct message {
	uint32_t	uid;
	bool		expunged;	/* only with SCAN_EXPUNGED */
	uint64_t	flags;		/* flag.h */
	uint64_t	modseq;
	/* Wanted columns; 0 when they are not. */
	struct datetime	date;		/* INTERNALDATE */
	int64_t		savedate;
	uint64_t	size;
	/* Wanted columns; valid until the next scan call. */
	struct blob	envelope, body, structure, headers, parts;
	/* NULL too where an older version stored the row; an empty preview is
	 * that of a message without text. */
	struct blob	preview;
	const unsigned char *emailid, *threadid;	/* OBJECTID_OCTETS each */
	struct blob	sortkeys;
};

/*
 * Walk the messages with UIDs in uids (NULL: all) in rising order, or falling.  Many
 * ranges are walked one by one.  uids must stay until the end.
 */
struct scan;
const struct err *scan_open(struct mailbox *, const struct seqset *uids,
    unsigned int want, uint64_t told_modseq, struct scan **scan_r);
/* The next message, or false in *more_r at the end. */
const struct err *scan_next(struct scan *, struct message *, bool *more_r);
/* Let go of the database until the next scan_next(): before anything that may
 * wait, such as output_flush(). */
void scan_pause(struct scan *);
void scan_close(struct scan *);			/* NULL is fine */

/*
 * Make preview, ids and sort keys of rows that an older version stored, from
 * UID first to last, and store them; at most FILL_MAX of them, in rising order.
 * Their octets are read before the lock is taken.  Whose file cannot be read is
 * passed over.  *next_r is where to go on for others, 0 when there are none.
 */
#define FILL_MAX	100
const struct err *mailbox_fill(struct mailbox *, uint32_t first, uint32_t last,
    uint32_t *next_r);

/* Open a message's file for reading.  ERR_USER EXPUNGEISSUED when it is gone
 * because the message was expunged; ERR_INTERNAL when it should be there. */
const struct err *mailbox_message_fd(struct mailbox *, uint32_t uid, int *fd_r);

struct change {
	uint32_t	uid;
	uint64_t	flags, modseq;
};
/*
 * Messages changed after modseq since, with first_uid <= UID < below_uid, at
 * most max of them in rising UID; rows whose modseq is own are left out (the
 * session's own doing; 0 for none).  Stores how many in *n_r: when that is max,
 * call again from the last UID + 1.  Holds nothing between calls.
 */
const struct err *mailbox_changes(struct mailbox *, uint64_t since,
    uint64_t own, uint32_t first_uid, uint32_t below_uid, struct change *,
    size_t max, size_t *n_r);
/* UIDs expunged after modseq since, up to modseq upto, below below_uid, added to
 * b in rising order.  *known_r is false, and nothing is added, when some that
 * went after since are forgotten already. */
const struct err *mailbox_expunged(struct mailbox *, uint64_t since,
    uint64_t upto, uint32_t below_uid, struct seqset_builder *b,
    bool *known_r);
/* UIDs of all messages from first on to below below_uid, together with those
 * expunged after told_modseq: what a session that was told so much sees. */
const struct err *mailbox_uids(struct mailbox *, uint32_t first,
    uint32_t below_uid, uint64_t told_modseq, struct seqset_builder *b);

/* --- Adding --- */

/*
 * A message on its way in: an unnamed file in the mailbox's directory.  No lock
 * is held.  upload_free() of an upload that was not appended leaves nothing.
 */
struct upload;
const struct err *upload_new(struct mailbox *, struct upload **up_r);
const struct err *upload_write(struct upload *, const void *, size_t len);
uint64_t upload_size(const struct upload *);
/* Parse what was written and send it to the disk, which mailbox_append() waits for. */
const struct err *upload_finish(struct upload *);
/*
 * Before upload_finish(): leave the sync to mailbox_append(), which then syncs
 * the whole file system once.  For many messages at a time.
 */
void upload_sync_late(struct upload *);
void upload_set(struct upload *, uint64_t flags, const struct datetime *date);
/*
 * Keywords of the message, which are copied: those that the mailbox does not
 * have yet are made together with the message.  mailbox_append() is ERR_USER
 * LIMIT when there are too many.
 */
void upload_keywords(struct upload *, const char *const *names, size_t n);
/* Before upload_finish(): write the octets anew so that they hold no NUL:
 * binary_encode().  *up is another upload afterwards, with nothing set. */
const struct err *upload_encode(struct upload **up);
/* Octets of memory that a finished upload takes. */
size_t upload_memory(const struct upload *);
void upload_free(struct upload *);		/* NULL is fine */

/*
 * Append n finished uploads in order, all or none.  When this returns NULL
 * they are durable.  Stores the first UID; the others follow without gaps.
 */
const struct err *mailbox_append(struct mailbox *, struct upload *const *ups,
    size_t n, uint32_t *first_uid_r);

/*
 * Append a finished upload of dst (which may be src), and expunge the message
 * old from src: in one commit where both are one, else as MOVE does.  ERR_USER
 * EXPUNGEISSUED when old is gone already: nothing is appended then.
 */
const struct err *mailbox_replace(struct mailbox *src, uint32_t old,
    struct mailbox *dst, struct upload *, uint32_t *uid_r);

/* --- Changing --- */

enum store_op { STORE_REPLACE, STORE_ADD, STORE_REMOVE };
/*
 * Change flags of the messages in uids: bits of mask, and of no others (for
 * STORE_REPLACE: bits of mask become those of flags; ADD and REMOVE use flags
 * & mask).  Rows that would not change are left alone.  *modseq_r is the modseq
 * that changed rows got, 0 when none did.
 */
const struct err *mailbox_store(struct mailbox *, const struct seqset *uids,
    enum store_op, uint64_t flags, uint64_t mask, uint64_t *modseq_r);

/*
 * The same on a condition, tested and acted upon under one lock: a message whose
 * modseq is greater than unchangedsince is left alone, and its UID added to
 * failed.  But one that has no bit of absent passes at any modseq (0: none
 * does): flags that are not there have none (RFC 7162 3.1.3).
 */
struct store_if {
	uint64_t	unchangedsince;
	uint64_t	absent;
	struct seqset_builder failed;	/* the caller clears it */
};
const struct err *mailbox_store_if(struct mailbox *, const struct seqset *uids,
    enum store_op, uint64_t flags, uint64_t mask, struct store_if *,
    uint64_t *modseq_r);

/*
 * Expunge the messages in uids (NULL: all) that have \Deleted (or all of them,
 * when any is true).  *n_r is how many went.
 */
const struct err *mailbox_expunge(struct mailbox *, const struct seqset *uids,
    bool any, uint32_t *n_r);

struct copy_result {
	uint32_t	uidvalidity;	/* of the destination */
	struct seqset	from, to;	/* same count; pairs in order (RFC 4315 3) */
	uint32_t	missing;	/* UIDs of the set that were not there */
};
/*
 * Copy the messages in uids to dst (which may be src) with flags in flag_mask,
 * keywords by name, and dates.  All or none.  whole: a missing UID is an ERR_USER
 * EXPUNGEISSUED error, nothing copied.  Sets live in the arena.
 */
const struct err *mailbox_copy(struct mailbox *src, struct mailbox *dst,
    const struct seqset *uids, bool whole, uint64_t flag_mask, struct arena *,
    struct copy_result *);

/*
 * The same, then the messages are gone from src: one commit when dst is src,
 * else one in each, dst's first.  A crash between leaves them in both, and never
 * in none; a failure of the second takes the first back.  What is not there any
 * more is counted in missing and left out.
 */
const struct err *mailbox_move(struct mailbox *src, struct mailbox *dst,
    const struct seqset *uids, uint64_t flag_mask, struct arena *,
    struct copy_result *);
/*
 * fn is called now and then while mailbox_copy() and mailbox_move() from this
 * mailbox go on, under locks: it must not wait.  NULL ends it.
 */
void mailbox_on_progress(struct mailbox *,
    void (*fn)(void *, uint64_t done, uint64_t total), void *arg);

/*
 * Unlink files of messages whose expunge lies past the retention, at most max
 * of them.  *n_r is how many.
 */
const struct err *mailbox_purge(struct mailbox *, uint32_t max, uint32_t *n_r);
/* Bring messages back that are expunged and not purged: under new UIDs. */
const struct err *mailbox_undelete(struct mailbox *, const struct seqset *uids,
    uint32_t *n_r);

#endif
