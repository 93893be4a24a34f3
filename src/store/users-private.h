/* users-private.h - what the files about users.db share
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_USERS_PRIVATE_H
#define MSGSTORE_USERS_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "store/account.h"
#include "store/credentials.h"
#include "store/db.h"
#include "store/store.h"
#include "util/arena.h"
#include "util/err.h"

/*
 * A change of users.db, with its lock, in one durable transaction.  users_end()
 * commits when err is NULL, and returns err or what went wrong.
 * users_end_moved() ends an account_move_begin() too, where moved is true;
 * users_remove_end() does the same and takes the account's directory away.
 */
const struct err *users_begin(struct store *, struct db **db_r);
const struct err *users_end(struct store *, struct db *,
    const struct err *err);
const struct err *users_end_moved(struct store *, struct db *, bool moved,
    const struct err *err);
const struct err *users_remove_end(struct store *, struct db *,
    enum account_kind, const char *name, const struct err *err);

/* Under the lock, after a commit: a copy for a repair. */
void users_keep_copy(struct store *, struct db *);

/* Statements with the one parameter text: whether there is a row; deleting. */
const struct err *users_has(struct db *, const char *sql, const char *text,
    bool *yes_r);
const struct err *users_delete_row(struct db *, const char *sql,
    const char *name);
/* A column's text in a, or NULL. */
const char *users_text(struct arena *a, sqlite3_stmt *, int column);
/* ERR_USER NONEXISTENT when there is no user of the name. */
const struct err *users_must_have(struct db *, const char *name);

/* An id that no user has. */
int64_t user_new_id(void);

/* The yescrypt hash of a password, CRYPT_OUTPUT_SIZE octets with its NUL. */
const struct err *password_hash(const char *password, char *out);
/*
 * One durable transaction of auth.db each, under the lock that the caller holds.
 * Set: hash NULL is no password, keys NULL are none.  Forget: all of a user's,
 * app passwords too.
 */
const struct err *credentials_set(struct db *auth, int64_t id,
    const char *hash, const struct scram_keys *keys);
const struct err *credentials_forget(struct db *auth, int64_t id);
/* Ends such a transaction: commits when err is NULL. */
const struct err *auth_end(struct db *auth, const struct err *err);

#endif
