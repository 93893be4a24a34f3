/* store-private.h - what the files of src/store/ share
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_STORE_PRIVATE_H
#define MSGSTORE_STORE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/account.h"
#include "store/db.h"
#include "store/store.h"

#define STORE_PATH_OCTETS	4096

struct account {
	struct store	*store;
	enum account_kind kind;
	char		*name;
	char		*path;		/* STORE/users/NAME */
	char		*what;		/* "users/NAME", for errors */
	int		 fd, lockfd;
	struct db	*db;
};

/* A directory laid out as a store, whatever is in it. */
const struct err *store_open_bare(const char *path, const struct conf *,
    struct store **store_r);
/* users.db, opened when first needed. */
const struct err *store_users_db(struct store *, struct db **db_r);
/* The same for auth.db.  Not while the lock is held. */
const struct err *store_auth_db(struct store *, struct db **db_r);
/* Copies the hashes that a users.db of before holds to a new auth.db. */
const struct err *credentials_take_over(struct db *users, const char *dir,
    const struct conf *);
/* The lock of users.db, taken; and dropped with the stamp set. */
const struct err *store_lock(struct store *);
void store_unlock(struct store *, bool changed);

/* "users" or "shared". */
const char *account_kind_dir(enum account_kind);

/* openat(2) of a directory, O_NOFOLLOW. */
int dir_open(int dirfd, const char *name);
/*
 * Remove a directory and all below it, depth levels at most; what is missing is
 * no error.  DIR_LEVELS: more than the store makes, as what somebody has put there
 * must not be in the way of the rest for ever.
 */
#define DIR_LEVELS	16
const struct err *dir_remove(int dirfd, const char *name, unsigned int depth);

/* For the files of account*.c. */
struct account *account_new(struct store *, enum account_kind,
    const char *name);
/* The name of the mailbox that an account begins with: "INBOX", or "". */
const char *account_root(const struct account *);
/* A transaction of account.db with its lock; account_end() commits when err is
 * NULL, and returns err or what went wrong. */
const struct err *account_begin(struct account *, bool durable);
const struct err *account_end(struct account *, const struct err *err);
/* Under the lock: a copy of the names, for a repair.  account_end() does it. */
void account_keep_copy(struct account *);
/* A row by an SQL with one parameter.  *known_r: its counters are right. */
extern const char account_sql_by_name[], account_sql_by_id[];
const struct err *account_find_row(struct account *, struct arena *,
    const char *sql, const char *text, struct mailbox_row *row_r,
    bool *known_r, bool *found_r);
const struct err *account_count(struct account *, size_t *n_r);
/* Run constant SQL whose one parameter is a name. */
const struct err *account_run_name(struct account *, const char *sql,
    const char *name);
/* Inside a transaction: a new mailbox; and one with the superior names. */
const struct err *account_insert_mailbox(struct account *, const char *name,
    const char *special_use);
const struct err *account_create_in(struct account *, struct arena *,
    const char *name, const char *special_use);
/* A row by name, its counters as they stand: opens nothing else. */
const struct err *account_row(struct account *, struct arena *,
    const char *name, struct mailbox_row *row_r);

/*
 * Whether the directory of a mailbox is at its place, or can be put back there:
 * DELETE moves it away before it commits, and may have died between.  False for
 * a mailbox that has no row any more.  The first is for who holds the lock.
 */
bool account_bring_back_locked(struct account *, const char *id);
bool account_bring_back(struct account *, const char *id);

/*
 * Make a mailbox called name of the directory "deleted/ID", which is on the disk.  A
 * crash leaves it there without a row, to be purged, or in its place with one.
 * uidnext is at most what its messages.db has.
 */
const struct err *account_adopt(struct account *, const char *name,
    const char *id, uint32_t uidnext);

/*
 * Make an account's directory with its account.db: INBOX (users) or the root
 * (shared), and the mailboxes named, subscribed.  Left-overs under the name
 * are moved aside.  The caller holds the store's lock.
 */
const struct err *account_make(struct store *, enum account_kind,
    const char *name, const char *const *mailboxes, size_t n);
/* Move the directory of an account without a row out of the way; that there is none
 * is no error. */
const struct err *account_set_aside(struct store *, enum account_kind,
    const char *name);
/*
 * An account's directory below the store's, "" when it is not there, and a name
 * beside it under which dir_remove() may remove it without the lock.
 */
#define ACCOUNT_DIR_OCTETS	512
const struct err *account_aside(struct store *, enum account_kind,
    const char *name, char dir[ACCOUNT_DIR_OCTETS],
    char aside[ACCOUNT_DIR_OCTETS]);
/* Remove an account's directory, under the store's lock. */
const struct err *account_remove(struct store *, enum account_kind,
    const char *name);

/*
 * Under the store's lock, in a transaction on users.db: move an account's
 * directory, from and to below the store's, so that a crash before the commit is
 * undone by who comes next.  One of a new account comes from a name with a dot.
 * After success call account_move_end() when the transaction has ended, done if it
 * was committed; else the directory goes back.
 */
const struct err *account_move_begin(struct store *, const char *from,
    const char *to);
void account_move_end(struct store *, struct db *users, bool done);
/* Under the store's lock: what died between the two is taken back. */
const struct err *account_move_undo(struct store *, struct db *users);

/* This boot, as a number that is never 0. */
int64_t boot_number(void);
/* A fresh mailbox id. */
void mailbox_new_id(char id[MAILBOX_ID_LEN + 1]);
bool mailbox_id_valid(const char *);

/*
 * The counters' copy in account.db (msgstore(7)).  mark: before messages.db
 * changes; set: afterwards, with the values of messages.db.  The caller holds
 * the mailbox's lock.
 */
struct mailbox_state;
const struct err *account_counters_mark(struct account *, const char *id);
const struct err *account_counters_set(struct account *, const char *id,
    const struct mailbox_state *);
/*
 * Read a mailbox's counters from its messages.db under its lock, and put them
 * into account.db and *row.
 */
const struct err *mailbox_recount(struct account *, struct mailbox_row *row);

#endif
