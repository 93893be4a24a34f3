/* mailbox-private.h - what the files about one mailbox share
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_MAILBOX_PRIVATE_H
#define MSGSTORE_MAILBOX_PRIVATE_H

#include "store/db.h"
#include "store/mailbox.h"
#include "store/store-private.h"

struct mailbox {
	struct account	*account;
	char		 id[MAILBOX_ID_LEN + 1];
	char		*path;		/* STORE/users/NAME/ID */
	char		*what;		/* "users/NAME/ID", for errors */
	int		 fd, lockfd;
	bool		 locked;	/* by mailbox_lock() */
	uint32_t	 uidvalidity;
	uint32_t	 uidnext;	/* of account.db at the opening: the least */
	struct db	*db;		/* NULL: not open, or after mailbox_db():
					 * no message was ever here */
	void		(*progress)(void *, uint64_t done, uint64_t total);
	void		*progress_arg;
	/* mailbox_keywords(). */
	char		*keywords[FLAG_KEYWORDS_MAX];
	size_t		 keywords_n;
};

/* A mailbox by its row; needs no name. */
const struct err *mailbox_open_row(struct account *, const struct mailbox_row *,
    struct mailbox **);
/* The same of one that was deleted and not purged, to read from. */
const struct err *mailbox_open_deleted(struct account *,
    const struct mailbox_row *, struct mailbox **);
/*
 * Open messages.db when it is there and not open yet.  A file that should be
 * there and is not is an ERR_INTERNAL naming mboxadm check.
 */
const struct err *mailbox_db(struct mailbox *);

#define MODSEQ_STEP	1000000	/* more changes than a crash can take back */
/*
 * The highest that a check takes for honest, in C and in SQL: half of what
 * mailbox_read_state() takes, as others come after it.
 */
#define MODSEQ_HONEST	INT64_C(2305843009213693951)
#define MODSEQ_HONEST_S	"2305843009213693951"

/* The first UID that no session was told of, of a mailbox's open lock file. */
uint32_t mailbox_recent_of(int lockfd);

/*
 * The lock for a change.  A writer that died may have left a commit in the
 * write-ahead log that nobody sees, but that a recovery would bring back; the
 * next one to lock overwrites it, before files and counters go another way.
 */
const struct err *mailbox_lock(struct mailbox *);
void mailbox_unlock(struct mailbox *);
/* Whether a writer of the lock file's mailbox is at work; for who holds the lock,
 * whether the last one died. */
bool mailbox_busy(int lockfd);

/* Read the one row of table mailbox, and how many keywords there are. */
const struct err *mailbox_read_state(struct mailbox *, struct mailbox_state *);
/* Whether no message has or had uidnext or a UID above: what a file under such
 * a UID is put aside for. */
const struct err *mailbox_check_uidnext(struct mailbox *, uint32_t uidnext);
/* ERR_USER NONEXISTENT. */
const struct err *mailbox_deleted(void);
/* err, or ERR_USER NONEXISTENT where it comes of the mailbox's removal. */
const struct err *mailbox_err(const struct mailbox *, const struct err *err);

/*
 * A change of the mailbox.  writer_begin() takes the lock, makes messages.db
 * when it is missing, marks the counters in account.db and opens a
 * transaction.  The caller changes rows and w->state; writer_commit() stores
 * state, commits, tells account.db, drops the lock and wakes the watchers.
 * writer_abort() undoes; both end the writer.
 */
struct writer {
	struct mailbox	*mbox;
	bool		 durable;
	bool		 first;		/* since this boot */
	struct mailbox_state before, state;
	uint32_t	 placed;	/* files from before.uidnext to below it */
	bool		 noted;		/* intent_write() was called for it, */
	uint32_t	 notes;		/* with so many octets of notes before */
};
const struct err *writer_begin(struct writer *, struct mailbox *,
    bool durable);
const struct err *writer_commit(struct writer *);
void writer_abort(struct writer *);
/* writer_commit() in two parts: after the first the lock is still held, and an error
 * has not ended the writer. */
const struct err *writer_commit_locked(struct writer *);
void writer_end(struct writer *);
/*
 * A change of two mailboxes, which may be one: then from is to.  The locks are
 * taken in the order of the ids, so that no two changes wait for each other.
 * pair_commit() commits to first; gone are the UIDs that leave from.  A crash
 * between both is mended by who next opens or locks from.  Should the second
 * commit fail, what was added (its UIDs) is expunged again; where that fails too
 * it is as after a crash, and the error says so.  pair_abort() undoes, files that
 * were placed included.
 */
struct pair {
	struct writer	*to, *from;
};
const struct err *pair_begin(struct pair *, struct mailbox *dst,
    struct mailbox *src);
const struct err *pair_commit(struct pair *, const struct seqset *gone,
    const struct seqset *added);
void pair_abort(struct pair *);

/*
 * For pair_commit(), under the lock of src: note on the disk that uids go to dst,
 * under a new token; forget the note.  *before_r is what intent_clear() wants to
 * know.  A note that would be too long is none.
 */
const struct err *intent_write(const struct mailbox *src,
    const struct mailbox *dst, const struct seqset *uids,
    char token[MAILBOX_ID_LEN + 1], uint32_t *before_r);
void intent_clear(const struct mailbox *, uint32_t before);
/* Inside dst's writer: its commit makes the token known. */
const struct err *intent_arrived(struct mailbox *dst,
    const struct mailbox *src, const char *token);
/* The same: it did not arrive after all. */
const struct err *intent_forget(struct mailbox *dst, const char *token);
/* For mailbox_lock(): do what notes ask for. */
void intent_recover(struct mailbox *);
/* At opening, without the lock: the same, unless a writer is at work. */
void intent_look(struct mailbox *);
/* Expunge with the lock held, which stays; intent_forget() a token, or NULL. */
const struct err *writer_finish_expunge(struct mailbox *,
    const struct seqset *uids, const char *token, uint32_t *n_r);
/* Inside a writer: expunge those of the set that have \Deleted, or all (any),
 * under one new modseq.  *n_r is how many went. */
const struct err *writer_expunge(struct writer *, const struct seqset *uids,
    bool any, uint32_t *n_r);
/* After the commit of an expunge: purge at once where nothing is retained. */
void purge_unretained(struct mailbox *);
/* Calls what mailbox_on_progress() was given. */
void mailbox_progress(struct mailbox *, uint64_t done, uint64_t total);
/*
 * Table changed (changed.c), inside a writer.  UIDs from first to below below were
 * given under modseq; writer_commit() does that.
 */
const struct err *changed_added(struct db *, uint32_t first, uint32_t below,
    uint64_t modseq);
/* Some rows of the range have modseq now, which is above all before. */
const struct err *changed_flags(struct db *, struct seqrange, uint64_t modseq);
/* Some rows of the range went. */
const struct err *changed_expunged(struct db *, struct seqrange);
/* Made anew from the messages; how many blocks would hide a change. */
const struct err *changed_rebuild(struct db *);
const struct err *changed_wrong(struct db *, int64_t *n_r);
/* Wait until the octets of finished uploads are on the disk: before the lock, which
 * nobody holds while he waits for octets. */
const struct err *uploads_sync(struct upload *const *, size_t n);
/* Insert a finished upload, and give its file the UID's name: takes effect at
 * the commit, and is undone by unplace() and writer_abort(). */
const struct err *writer_append(struct writer *, struct upload *,
    uint32_t *uid_r);
/*
 * The last UID that is given, in C and in SQL: UIDNEXT must fit, and 4294967295 stays
 * free, as it is "*" in a set.
 */
#define UID_LAST	(UINT32_MAX - 2)
#define UID_LAST_S	"4294967293"
/* The next UID, or an ERR_USER LIMIT when there are no more. */
const struct err *writer_next_uid(struct writer *, uint32_t *uid_r);

/* Inside a writer: make the keywords that are missing; and forget those that
 * were made when the writer then fails (n were there before). */
const struct err *keywords_create(struct mailbox *, const char *const *names,
    size_t n);
void keywords_forget(struct mailbox *, size_t n);

/*
 * Of rows in the order of UIDs: whether this one may come, from *next to last.  *next
 * is then behind it.
 */
const struct err *uid_in_order(const struct mailbox *, int64_t uid,
    int64_t *next, int64_t last);

/* A message file's name. */
#define UID_NAME_OCTETS	12
void uid_name(uint32_t uid, char name[UID_NAME_OCTETS]);

/*
 * Give the open file fd the name of uid in the mailbox's directory; what is there
 * under the name is no message, and put aside: lost_keep().  link_uid() does it by
 * a hard link to uid from in another directory, or a copy where the file system
 * refuses a link.  Both are only called under the lock.
 */
const struct err *place_fd(struct mailbox *, int fd, const char *tmp_name,
    uint32_t uid);
const struct err *place_link(struct mailbox *dst, struct mailbox *src,
    uint32_t from, uint32_t to);
/* All octets of one open file into another that is new, and on the disk. */
const struct err *place_octets(int in, int out, const char *what);
/*
 * Put the file of a UID that no message has out of the way, into the directory
 * lost; and remove what is there longer than expunged messages are kept.
 */
#define LOST_DIR	"lost"
const struct err *lost_keep(int dirfd, const char *what, uint32_t uid);
const struct err *lost_purge(struct mailbox *);
/* Before writer_abort(): take back the files that the writer placed. */
void unplace(struct writer *);
/* A new unnamed file, or one in tmp/ (its name in name) where the file system
 * has none. */
#define TMP_NAME_OCTETS	64
const struct err *place_new(struct mailbox *, char name[TMP_NAME_OCTETS],
    int *fd_r);

/* Columns of messages as bound and read in one order everywhere. */
#define MESSAGE_COLUMNS	"uid, flags, modseq, date, zone, savedate, size"
void message_bind(sqlite3_stmt *, const struct message *);
void message_read(sqlite3_stmt *, int first, struct message *);
/* Insert rows of messages and content. */
const struct err *insert_message(struct db *, const struct message *);
/* The columns of tables content, ids and sortkeys, in this order. */
enum { COL_ENVELOPE, COL_BODY, COL_STRUCTURE, COL_HEADERS, COL_PARTS,
	COL_PREVIEW, COL_EMAILID, COL_THREADID, COL_SORTKEYS, COLUMNS };
#define CONTENT_COLUMNS	"envelope, body, structure, headers, parts, preview"
const struct err *insert_content(struct db *, uint32_t uid,
    const struct blob blobs[COLUMNS]);
/* Those that point into the content; and those of a message that was read. */
void content_blobs(const struct content *, struct blob blobs[COLUMNS]);
void message_blobs(const struct message *, struct blob blobs[COLUMNS]);
/* What was stored of a message beside its row goes. */
const struct err *delete_content(struct db *, uint32_t uid);

/* Add a message to the counters of state, or (sign -1) take it away. */
void state_count(struct mailbox_state *, const struct message *, int sign);

#endif
