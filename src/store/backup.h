/* backup.h - a copy of a store in use, and a store from such a copy
 * SPDX-License-Identifier: ISC
 *
 * A backup is a directory laid out as a store is, with the file "backup" in it,
 * which tells how far it is.  What is under way is below "backup.new" and
 * "backup.arriving", so that who is cut off leaves the backup as it was before;
 * msgstore(7), BACKUP. */
#ifndef MSGSTORE_BACKUP_H
#define MSGSTORE_BACKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "store/account.h"
#include "store/store.h"
#include "util/err.h"

/* What becomes of UIDs in a store that is made from a backup. */
enum backup_uids {
	/* Each mailbox gets a UIDVALIDITY that it never had: RFC 9051 2.3.1.1
	 * wants it, as UIDs that were given since would be given again. */
	BACKUP_UIDS_NEW,
	/* UIDs stay.  Those that are given from now on, and mod-sequences, are
	 * BACKUP_UIDS_STEP higher, out of reach of what was lost. */
	BACKUP_UIDS_KEEP
};
#define BACKUP_UIDS_STEP	1000000

struct backup_options {
	bool		 copies;	/* no hard links and no shared blocks */
	bool		 incomplete;	/* restore what is not complete, and
					 * without what cannot be read */
	enum backup_uids uids;		/* of a restored store */
	/*
	 * Something that could not be copied, or not whole; the rest goes on.
	 * where is as in check.h.  Then: messages that are done so far.
	 */
	void		(*problem)(void *, const char *where, const char *text);
	void		(*progress)(void *, uint64_t messages);
	void		*arg;		/* of both, which may be NULL */
};

struct backup_result {
	uint64_t	accounts, mailboxes, messages;
	uint64_t	linked;		/* message files, by a hard link */
	uint64_t	cloned;		/* by shared blocks: ioctl_ficlone(2) */
	uint64_t	copied;
	uint64_t	octets;		/* of those that were copied */
	uint64_t	removed;	/* message files, from the backup */
	uint64_t	problems;
};

/*
 * Bring the backup in dir up to date; dir is made when it is missing, and must
 * be empty where it is no backup.  Sessions may run.  With result->problems
 * the backup is not complete.  ERR_USER for a dir that cannot be one;
 * UNAVAILABLE while another backup of the store, or into dir, is running.
 */
const struct err *backup_store(struct store *, const char *dir,
    const struct backup_options *, struct backup_result *);

/* When a backup was begun: nothing that was acknowledged before is missing. */
struct backup_mark {
	bool		complete;
	bool		copies;		/* all files are its own */
	bool		restore;	/* it is a store that is being restored */
	int64_t		begun, ended;	/* seconds since 1970; 0: not yet */
};
/* ERR_USER when dir holds no backup. */
const struct err *backup_mark_read(const char *dir, struct backup_mark *);

/*
 * Make a store at path from the backup in dir.  path must be missing, empty, or
 * what a restore left that was cut off, which then goes on.  No session finds a
 * store there before all of it is there.
 */
const struct err *backup_restore(const char *dir, const char *path,
    const struct conf *, const struct backup_options *,
    struct backup_result *);

/*
 * Bring an account of the backup back that the store does not have: the user
 * with all that is known of him, or the shared mailbox with its grants to users
 * that there are.  ERR_USER ALREADYEXISTS, NONEXISTENT.
 */
const struct err *backup_restore_account(struct store *, const char *dir,
    enum account_kind, const char *name, const struct backup_options *,
    struct backup_result *);

/*
 * Put a mailbox of an account in the backup, called from there, into an account
 * of the store, as a new mailbox called to: with UIDs, flags and dates, and a
 * UIDVALIDITY of its own.  ERR_USER ALREADYEXISTS, NONEXISTENT.
 */
const struct err *backup_restore_mailbox(struct account *, const char *dir,
    const char *from, const char *to, const struct backup_options *,
    struct backup_result *);

/*
 * Whether a backup of the store, or a restore, is under way: nothing is purged
 * meanwhile.  To be asked when what is to go has left the reach of a backup that
 * begins afterwards.  backup_refuse() is an error then, UNAVAILABLE.
 */
bool backup_running(const struct store *);
const struct err *backup_refuse(const struct store *);

#endif
