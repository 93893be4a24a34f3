/* check-private.h - what the files of the check share
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_CHECK_PRIVATE_H
#define MSGSTORE_CHECK_PRIVATE_H

#include <sys/stat.h>

#include "store/check.h"
#include "store/mailbox-private.h"
#include "store/store-private.h"

#define CHECK_TEXT_OCTETS	400

struct check {
	struct store	*store;
	bool		 repair, contents;
	void		(*report)(void *, enum check_level, const char *where,
			    const char *text);
	void		*arg;
	struct check_result *result;
	const struct account *account;	/* that is looked at, or NULL */
	bool		 rows_added;	/* to users.db */
	bool		 users_again;	/* users.db was made again: ids of users
					 * may be forgotten */
};

/*
 * Tell a finding.  mended: it was put right.  CHECK_OK counts for nothing;
 * CHECK_PROBLEM and CHECK_LOST are problems.  What is missing in an account
 * that was renamed or removed meanwhile is no finding.
 */
void check_finding(struct check *, enum check_level, bool mended,
    const char *where, const char *, ...)
    __attribute__((format(printf, 5, 6)));
/*
 * The same for what err says: the thing could not be looked at, or not be
 * mended.  The check goes on with the next.
 */
void check_failed(struct check *, const char *where, const struct err *);

/* Whether the open directory fd is not, or no more, called name in dirfd. */
bool check_moved(int fd, int dirfd, const char *name);
/* Whether c->account was renamed or removed since its directory was opened. */
bool check_account_left(const struct check *);

/*
 * The lock file of a directory, as lock_open().  What is no file under its name
 * is a finding; a repair sets it aside.
 */
const struct err *check_lock_open(struct check *, int dirfd,
    const char *where, int *fd_r);
/* Rename what has no business under a name, to replace what the other name is
 * of; and to NAME.damaged. */
const struct err *check_set_aside_as(int dirfd, const char *name,
    const char *to);
const struct err *check_set_aside(int dirfd, const char *name);

/*
 * Every row that can be read, by two constant statements; one that breaks a rule
 * of the table is left behind.
 */
const struct err *check_copy_rows(struct db *from, struct db *to,
    const char *select, const char *insert);

/* The UID that a file's name is, or 0: "42", never "042". */
uint32_t check_uid_of(const char *name);
/*
 * The names of a directory, without "." and "..", in a; sorted.
 */
const struct err *check_names(struct arena *a, int dirfd, const char *what,
    const char ***names_r, size_t *n_r);
/* qsort(3)'s and bsearch(3)'s for UIDs. */
int check_uid_compare(const void *, const void *);
/* UIDs of the message files in a mailbox's directory, sorted; free() them. */
const struct err *check_uids(int dirfd, const char *what, uint32_t **uids_r,
    size_t *n_r);

/* users.db: whether it can be used, as it was or made again. */
const struct err *check_users(struct check *, bool *use_r);
/* Inside a transaction: the row of a user whose directory alone is left. */
bool check_user_from_copy(struct check *, struct db *to, const char *name);
/* After the accounts of a repair: grants of those that came back, the copy. */
const struct err *check_users_end(struct check *);
/* auth.db, of a users.db that is sound. */
const struct err *check_auth(struct check *);
/* One account, whose directory is there. */
void check_account(struct check *, enum account_kind, const char *name);
/*
 * One mailbox, whose directory is there.  where is for people.  fresh: the row
 * was made just now, and its uidnext tells nothing.
 */
void check_mailbox(struct check *, struct account *,
    const struct mailbox_row *, const char *where, bool fresh);

/* A message's regular file, or -1, with errno unless it is none. */
int check_open_message(const struct mailbox *, uint32_t uid, struct stat *st_r);
/* Inside a transaction: parse it anew, and store what that gives. */
const struct err *check_make_content(struct mailbox *, uint32_t uid,
    struct stat *st_r);
/*
 * Of each message of a mailbox that is open: the file against its EMAILID, and what
 * is stored of it against what its file gives.
 */
const struct err *check_contents(struct check *, struct mailbox *,
    const char *where);
/* search.db of a mailbox that is open; mended: something was wrong with the rows
 * that it was made of. */
void check_textindex(struct check *, struct mailbox *, const char *where,
    bool mended);

/*
 * Make messages.db again from the files, and put a directory with it in the
 * place of row->id, the damaged database in it as messages.db.damaged.  Sessions
 * that have the old directory open see the mailbox as gone, and begin anew.
 * The caller holds the lock of dirfd, the old directory.
 */
const struct err *check_rebuild(struct account *, const struct mailbox_row *,
    int dirfd, int lockfd, uint64_t *messages_r);

/*
 * Make account.db again: rows that can be read are kept.  Directories move into
 * a new account directory, which takes the place of the old one.
 */
const struct err *check_rebuild_account(struct store *, enum account_kind,
    const char *name);

#endif
