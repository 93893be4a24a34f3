/* users.c - users, shared mailboxes and grants: users.db
 * SPDX-License-Identifier: ISC */
#include "store/users.h"

#include <crypt.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/backup.h"
#include "store/store-private.h"
#include "store/users-private.h"
#include "util/log.h"
#include "wire/mboxname.h"
#include "wire/respcode.h"
#include "wire/utf7.h"

const struct err *
user_name(struct arena *a, const char *name, const char **name_r)
{
	size_t len = strlen(name);
	char *lower;

	if (len == 0 || len > USER_NAME_MAX)
		return err_user(RESP_CANNOT, "a user's name has 1 to %d "
		    "characters", USER_NAME_MAX);
	lower = arena_strdup(a, name);
	for (size_t i = 0; i < len; i++) {
		char c = lower[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
		    (i == 0 || strchr("._@+-", c) == NULL))
			return err_user(RESP_CANNOT, "'%s' cannot be a user's "
			    "name: letters, digits and . _ @ + - , the first "
			    "a letter or digit", name);
		lower[i] = c;
	}
	*name_r = lower;
	return NULL;
}

/* A change of users.db: db and its lock, in one transaction. */
const struct err *
users_begin(struct store *store, struct db **db_r)
{
	const struct err *err;

	err = store_users_db(store, db_r);
	if (err == NULL)
		err = store_lock(store);
	if (err != NULL)
		return err;
	err = account_move_undo(store, *db_r);
	if (err == NULL)
		err = db_begin(*db_r, true);
	if (err != NULL)
		store_unlock(store, false);
	return err;
}

const struct err *
users_end_moved(struct store *store, struct db *db, bool moved,
    const struct err *err)
{
	err = db_end(db, err);
	if (err == NULL)
		users_keep_copy(store, db);
	if (moved)
		account_move_end(store, db, err == NULL);
	store_unlock(store, err == NULL);
	return err;
}

const struct err *
users_end(struct store *store, struct db *db, const struct err *err)
{
	return users_end_moved(store, db, false, err);
}

void
users_keep_copy(struct store *store, struct db *db)
{
	db_keep_copy(db, store_fd(store), &schema_users);
}

/* Whether a statement with one text parameter gives a row. */
const struct err *
users_has(struct db *db, const char *sql, const char *text, bool *yes_r)
{
	const struct err *err;
	sqlite3_stmt *stmt;

	err = db_prepare(db, sql, &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_text(stmt, 1, text, -1, SQLITE_STATIC);
	err = db_step(db, stmt, yes_r);
	db_done(stmt);
	return err;
}

static const char sql_user_is[] = "SELECT 1 FROM users WHERE name = ?1";

static const struct err *
no_user(const char *name)
{
	return err_user(RESP_NONEXISTENT, "there is no user '%s'", name);
}

const struct err *
users_must_have(struct db *db, const char *name)
{
	const struct err *err;
	bool yes;

	err = users_has(db, sql_user_is, name, &yes);
	return err != NULL ? err : yes ? NULL : no_user(name);
}

static const struct err *
user_insert(struct db *db, const char *name, int64_t id)
{
	const struct err *err;
	sqlite3_stmt *stmt;

	err = db_prepare(db, "INSERT INTO users(name, id, may, created) "
	    "VALUES (?1, ?2, ?3, ?4)", &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 2, id);
	sqlite3_bind_int(stmt, 3, MAY_ALL);
	sqlite3_bind_int64(stmt, 4, now_seconds());
	return db_run(db, stmt);
}

/* What is kept of a password. */
struct made {
	char		 hash[CRYPT_OUTPUT_SIZE];
	struct scram_keys keys;
	bool		 has_keys;
	struct db	*auth;
};

/* Takes its time: not under a lock. */
static const struct err *
make(struct store *store, const char *password, struct made *made)
{
	const struct err *err;

	if (password == NULL)
		return NULL;
	err = password_hash(password, made->hash);
	if (err == NULL)
		made->has_keys = scram_keys_make(password, &made->keys);
	return err != NULL ? err : store_auth_db(store, &made->auth);
}

static const struct err *
set_made(struct made *made, int64_t id)
{
	return credentials_set(made->auth, id, made->hash,
	    made->has_keys ? &made->keys : NULL);
}

int64_t
user_new_id(void)
{
	uint64_t id;

	arc4random_buf(&id, sizeof(id));
	return (int64_t)(id & INT64_MAX);
}

const struct err *
user_add(struct store *store, const char *given, const char *password,
    const char *const *mailboxes, size_t n)
{
	struct arena *a = arena_new();
	struct made made = { .auth = NULL };
	int64_t id = user_new_id();
	const struct err *err;
	const char *name;
	struct db *db;
	bool yes;

	err = user_name(a, given, &name);
	if (err == NULL)
		err = make(store, password, &made);
	if (err == NULL)
		err = users_begin(store, &db);
	if (err != NULL)
		goto done;
	err = users_has(db, sql_user_is, name, &yes);
	if (err == NULL && yes)
		err = err_user(RESP_ALREADYEXISTS, "user '%s' exists already",
		    name);
	/* First the directory: a row without one would be a broken user.  A
	 * password of an id that nobody has is harmless. */
	if (err == NULL)
		err = account_make(store, ACCOUNT_USER, name, mailboxes, n);
	if (err == NULL && password != NULL)
		err = set_made(&made, id);
	if (err == NULL)
		err = user_insert(db, name, id);
	err = users_end(store, db, err);
done:
	explicit_bzero(&made, sizeof(made));
	arena_free(a);
	return err;
}

/* Runs an UPDATE of one user: ?1 is the name, ?2 the number. */
static const struct err *
user_update(struct store *store, const char *given, const char *sql,
    int number)
{
	struct arena *a = arena_new();
	const struct err *err;
	sqlite3_stmt *stmt;
	const char *name;
	struct db *db;

	err = user_name(a, given, &name);
	if (err == NULL)
		err = users_begin(store, &db);
	if (err != NULL)
		goto done;
	err = users_must_have(db, name);
	if (err == NULL)
		err = db_prepare(db, sql, &stmt);
	if (err == NULL) {
		sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
		sqlite3_bind_int(stmt, 2, number);
		err = db_run(db, stmt);
	}
	err = users_end(store, db, err);
done:
	arena_free(a);
	return err;
}

const struct err *
user_set_password(struct store *store, const char *name, const char *password)
{
	struct arena *a = arena_new();
	struct made made = { .auth = NULL };
	const struct err *err;
	struct user user;

	err = make(store, password, &made);
	if (err == NULL && password == NULL)
		err = store_auth_db(store, &made.auth);
	if (err == NULL)
		err = store_lock(store);
	if (err != NULL)
		goto done;
	err = user_find(store, a, name, &user);
	if (err == NULL)
		err = password != NULL ? set_made(&made, user.id) :
		    credentials_set(made.auth, user.id, NULL, NULL);
	store_unlock(store, false);
done:
	explicit_bzero(&made, sizeof(made));
	arena_free(a);
	return err;
}

const struct err *
user_set_may(struct store *store, const char *name, unsigned int may)
{
	return user_update(store, name,
	    "UPDATE users SET may = ?2 WHERE name = ?1",
	    (int)(may & MAY_ALL));
}

const struct err *
user_set_capabilities_off(struct store *store, const char *given,
    const char *words)
{
	struct arena *a = arena_new();
	const struct err *err;
	sqlite3_stmt *stmt;
	const char *name;
	struct db *db;

	err = user_name(a, given, &name);
	if (err == NULL)
		err = users_begin(store, &db);
	if (err != NULL)
		goto done;
	err = users_must_have(db, name);
	if (err == NULL)
		err = db_prepare(db, "UPDATE users SET capabilities_off = ?2 "
		    "WHERE name = ?1", &stmt);
	if (err == NULL) {
		sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
		sqlite3_bind_text(stmt, 2, words, -1, SQLITE_STATIC);
		err = db_run(db, stmt);
	}
	err = users_end(store, db, err);
done:
	arena_free(a);
	return err;
}

const struct err *
user_set_search_index(struct store *store, const char *name,
    enum user_choice choice)
{
	return user_update(store, name, "UPDATE users SET search_index = "
	    "nullif(?2, -1) WHERE name = ?1", choice);
}

bool
user_search_index(const struct user *user, const struct conf *conf)
{
	return user->search_index == USER_DEFAULT ? conf->search_index :
	    user->search_index == USER_YES;
}

const struct err *
users_delete_row(struct db *db, const char *sql, const char *name)
{
	const struct err *err;
	sqlite3_stmt *stmt;

	err = db_prepare(db, sql, &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
	return db_run(db, stmt);
}

/*
 * As users_end(), and the account's directory goes: out of the way first, so that
 * nobody meets an account without a row, and back when the row stays; then for good.
 * A directory that is missing already does not keep the row.
 */
const struct err *
users_remove_end(struct store *store, struct db *db, enum account_kind kind,
    const char *name, const struct err *err)
{
	char dir[ACCOUNT_DIR_OCTETS], aside[ACCOUNT_DIR_OCTETS];
	bool moved = false;

	if (err == NULL)
		err = account_aside(store, kind, name, dir, aside);
	if (err == NULL && *dir != '\0') {
		err = account_move_begin(store, dir, aside);
		moved = err == NULL;
	}
	err = users_end_moved(store, db, moved, err);
	if (err != NULL || !moved)
		return err;
	/* The user is gone whatever becomes of this: check removes it too. */
	err = dir_remove(store_fd(store), aside, DIR_LEVELS);
	if (err != NULL)
		log_error("%s; 'mboxadm check --repair' removes the rest",
		    err->text);
	return NULL;
}

/*
 * The user is gone already, and nobody has the id any more: where this fails, or a
 * crash comes before, the credentials open nothing, and check removes them.
 */
static void
forget_credentials(struct store *store, int64_t id)
{
	const struct err *err;
	struct db *auth;

	/* Where there is no auth.db there is nothing to forget. */
	if (store_auth_db(store, &auth) != NULL)
		return;
	err = store_lock(store);
	if (err == NULL) {
		err = credentials_forget(auth, id);
		store_unlock(store, false);
	}
	if (err != NULL)
		log_error("%s; 'mboxadm check --repair' removes what is left of "
		    "a deleted user's credentials", err->text);
}

const struct err *
user_delete(struct store *store, const char *given)
{
	struct arena *a = arena_new();
	struct user user = { .id = -1 };
	const struct err *err;
	struct db *db;

	err = users_begin(store, &db);
	if (err != NULL)
		goto done;
	err = backup_refuse(store);
	if (err == NULL)
		err = user_find(store, a, given, &user);
	if (err == NULL)
		err = users_delete_row(db, "DELETE FROM users WHERE name = ?1",
		    user.name);
	err = users_remove_end(store, db, ACCOUNT_USER, user.name, err);
	if (err == NULL)
		forget_credentials(store, user.id);
done:
	arena_free(a);
	return err;
}

const char *
users_text(struct arena *a, sqlite3_stmt *stmt, int i)
{
	const unsigned char *s = sqlite3_column_text(stmt, i);

	return s == NULL ? NULL : arena_strdup(a, (const char *)s);
}

#define USER_COLUMNS	"name, may, id, created, capabilities_off, search_index"

static void
user_read(struct arena *a, sqlite3_stmt *stmt, struct user *user)
{
	const char *name = users_text(a, stmt, 0);
	const char *off = users_text(a, stmt, 4);

	*user = (struct user){
		.name = name != NULL ? name : "",
		.may = (unsigned int)sqlite3_column_int(stmt, 1) & MAY_ALL,
		.id = sqlite3_column_int64(stmt, 2),
		.created = sqlite3_column_int64(stmt, 3),
		.capabilities_off = off != NULL ? off : "",
		.search_index = sqlite3_column_type(stmt, 5) == SQLITE_NULL ?
		    USER_DEFAULT : sqlite3_column_int(stmt, 5) != 0
	};
}

const struct err *
user_find(struct store *store, struct arena *a, const char *given,
    struct user *user_r)
{
	const struct err *err;
	sqlite3_stmt *stmt;
	const char *name;
	struct db *db;
	bool row;

	err = user_name(a, given, &name);
	if (err != NULL)
		return no_user(given);
	err = store_users_db(store, &db);
	if (err == NULL)
		err = db_prepare(db, "SELECT " USER_COLUMNS
		    " FROM users WHERE name = ?1", &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
	err = db_step(db, stmt, &row);
	if (err == NULL && !row)
		err = no_user(name);
	if (err == NULL)
		user_read(a, stmt, user_r);
	db_done(stmt);
	return err;
}

/* Rows are counted, then read: the array has its final place at once. */
const struct err *
user_list(struct store *store, struct arena *a, struct user **users_r,
    size_t *n_r)
{
	const struct err *err;
	sqlite3_stmt *stmt = NULL;
	struct user *users = NULL;
	int64_t max = 0;
	size_t n = 0;
	struct db *db;
	bool row;

	err = store_users_db(store, &db);
	if (err == NULL)
		err = db_begin_read(db);
	if (err != NULL)
		return err;
	err = db_number(db, "SELECT count(*) FROM users", &max);
	if (err == NULL)
		err = db_prepare(db, "SELECT " USER_COLUMNS
		    " FROM users ORDER BY name", &stmt);
	if (err == NULL)
		users = arena_array(a, (size_t)max, sizeof(*users));
	while (err == NULL && n < (size_t)max) {
		err = db_step(db, stmt, &row);
		if (err != NULL || !row)
			break;
		user_read(a, stmt, &users[n++]);
	}
	db_done(stmt);
	db_end_read(db);
	if (err == NULL) {
		*users_r = users;
		*n_r = n;
	}
	return err;
}
