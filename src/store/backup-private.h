/* backup-private.h - what the files of the backup share
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_BACKUP_PRIVATE_H
#define MSGSTORE_BACKUP_PRIVATE_H

#include <sys/stat.h>

#include "store/backup.h"
#include "store/mailbox-private.h"
#include "store/store-private.h"

#define BACKUP_MARK	"backup"
#define BACKUP_STAGE	"backup.new"		/* what is under way */
#define BACKUP_FILES	BACKUP_STAGE "/files"	/* message files likewise */
/* Mailboxes that the place has not had yet, with their files: kept for the next
 * run where this one is cut off. */
#define BACKUP_ARRIVING	"backup.arriving"

/*
 * From one directory laid out as a store to another.  Databases are staged, with
 * the accounts' directories, and installed when all files are there.
 */
struct transfer {
	const struct backup_options *options;
	struct backup_result *result;
	struct store	*from, *to, *stage;
	struct store	*into;		/* that is in use, and gets to; or NULL */
	int		 from_lock, to_lock, into_lock;	/* backup_lock() or -1 */
	bool		 restore;	/* to shall be a store, not a backup */
	bool		 skip;		/* leave out what is unchanged */
	bool		 clean;		/* look everywhere for what is gone */
	struct backup_mark mark;	/* of to */
	struct conf	 plain;		/* with rollback journals */
	/* Message files that have their octets and not their names. */
	int		 files_fd;
	char		**pending;	/* names below to; [i] is files/i */
	uint32_t	 pending_n;
	uint64_t	 pending_octets;
	bool		 no_link, no_clone;	/* refused once */
	struct links	*links;		/* of files that are copied */
};

/* A problem: counted, and told.  The text is that of err. */
void transfer_problem(struct transfer *, const char *where,
    const struct err *err);

/*
 * The same for what could not be copied at all.  Returns an error where the reason is
 * that the place takes nothing more: nothing else could be copied either.
 */
const struct err *transfer_failed(struct transfer *, const char *where,
    const struct err *err);

/* --- backup.c --- */

void transfer_init(struct transfer *, struct store *from,
    const struct backup_options *, struct backup_result *);
/* Closes all but from and into, and drops the locks. */
void transfer_end(struct transfer *);
/* An empty place for what is under way. */
const struct err *stage_open(struct transfer *);
/* Whether a restore may end with what it has: a store that lacks a mailbox would be
 * taken for one that is restored. */
const struct err *transfer_whole(const struct transfer *);
/* All that was written is on the disk. */
const struct err *transfer_sync(struct transfer *);
/* Sort names; whether one is among them. */
void names_sort(const char **names, size_t n);
bool names_have(const char *const *names, size_t n, const char *name);
/* The store in a backup, which is not changed; incomplete: also one that is. */
const struct err *backup_open(const char *dir, const struct conf *plain,
    bool incomplete, struct store **from_r);

/* --- backup-mark.c --- */

/*
 * The lock of who makes a backup of a store, or into it; in the file
 * "backup.lock", which is there only as long.  UNAVAILABLE when another has it.
 */
const struct err *backup_lock(int dirfd, const char *what, int *fd_r);
void backup_unlock(int dirfd, int fd);		/* -1 is fine */

/* backup_mark_read() by a descriptor; *some_r is false when there is none. */
const struct err *mark_read(int dirfd, const char *what, bool *some_r,
    struct backup_mark *);
const struct err *mark_write(int dirfd, const char *what,
    const struct backup_mark *);

/* --- backup-files.c --- */

/* mkdir(2) of the last name of path, below dirfd; one that is there is fine.
 * make_dirs() makes those above it too. */
const struct err *make_dir(int dirfd, const char *path);
const struct err *make_dirs(int dirfd, const char *path);
/*
 * Give the file name of the directory in the other place below t->to: what is
 * there may stay when it is the same.  *missing_r: there is no such file.  Those
 * that are copied have their names after transfer_flush() only.
 */
const struct err *transfer_file(struct transfer *, int dirfd,
    const char *name, const char *to, bool *missing_r);
const struct err *transfer_flush(struct transfer *);
void transfer_forget(struct transfer *);

/* --- backup-links.c --- */

struct links *links_new(void);
void links_free(struct links *);		/* NULL is fine */
/* Where below t->to a file of the other place is by another name, or NULL. */
const char *links_find(const struct links *, const struct stat *);
void links_add(struct links *, const struct stat *, const char *path);

/* --- backup-mailbox.c --- */

/*
 * Bring the files of the open mailbox m to the directory called to
 * ("users/alice/ID") below t->to, or where it waits, and its messages.db to the
 * same below t->stage.  Messages that were expunged after the modseq since are as
 * if they were not.  *skipped_r: nothing has changed, and nothing was staged; else
 * *state_r is what was.
 */
const struct err *transfer_mailbox(struct transfer *, struct mailbox *m,
    const char *to, uint64_t since, bool *skipped_r,
    struct mailbox_state *state_r);
/* Move what was staged of it into its place; *staged_r: there was something. */
const struct err *install_mailbox(struct transfer *, const char *to,
    bool *staged_r);
/* Remove from a mailbox in t->to what its messages.db does not tell of. */
const struct err *clean_mailbox(struct transfer *, const char *to);
/* Rename a staged file into its place; that there is none is no error. */
const struct err *install_file(struct transfer *, const char *path);
/* The same of a database, where there may be the log of another. */
const struct err *install_db(struct transfer *, const char *dir,
    const struct db_schema *);

/* --- backup-account.c --- */

/*
 * Stage the account's database.  The modseqs in it are those of the start, that
 * transfer_account() then goes by.
 */
const struct err *stage_account(struct transfer *, enum account_kind,
    const char *name);
/* All mailboxes that the staged database tells of. */
const struct err *transfer_account(struct transfer *, enum account_kind,
    const char *name);
const struct err *install_account(struct transfer *, enum account_kind,
    const char *name);

#endif
