/* users.c - users, shared mailboxes and grants: users.db
 * SPDX-License-Identifier: ISC */
#include "store/users.h"

#include <crypt.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/store-private.h"
#include "util/log.h"
#include "wire/mboxname.h"
#include "wire/respcode.h"
#include "wire/utf7.h"

/*
 * The yescrypt hash of a random password: what an unknown user's attempt is
 * checked against, so that it takes as long.
 */
#define DUMMY_HASH	"$y$j9T$AJz0lUYefiHXHub3PMyYu.$"			\
			"XxkyxdYYWW2uL.MPD87BOlzq4IROSDN8/Pj.mhZWRD1"

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

const struct err *
shared_name(struct arena *a, const char *name, const char **name_r)
{
	const struct err *err;
	const char *nfc;

	/* U+001F cannot be in a name, so that all of it is one level. */
	err = mboxname_from_utf8(a, name, MBOXNAME_SEP, &nfc);
	if (err == NULL && (strlen(nfc) > SHARED_NAME_MAX || nfc[0] == '.' ||
	    nfc[0] == '-' || strpbrk(nfc, "/\\" MBOXNAME_SEP_S) != NULL))
		err = err_user(RESP_CANNOT, "'%s' cannot be a shared mailbox's "
		    "name: one level without / and \\, at most %d octets, not "
		    "starting with . or -", name, SHARED_NAME_MAX);
	if (err == NULL)
		*name_r = nfc;
	return err;
}

/* A change of users.db: db and its lock, in one transaction. */
static const struct err *
users_begin(struct store *store, struct db **db_r)
{
	const struct err *err;

	err = store_users_db(store, db_r);
	if (err == NULL)
		err = store_lock(store);
	if (err != NULL)
		return err;
	err = db_begin(*db_r, true);
	if (err != NULL)
		store_unlock(store, false);
	return err;
}

static const struct err *
users_end(struct store *store, struct db *db, const struct err *err)
{
	if (err == NULL)
		err = db_commit(db);
	if (err != NULL)
		db_rollback(db);
	store_unlock(store, err == NULL);
	return err;
}

/* Whether a statement with one text parameter gives a row. */
static const struct err *
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
static const char sql_shared_is[] = "SELECT 1 FROM shared WHERE name = ?1";

static const struct err *
no_user(const char *name)
{
	return err_user(RESP_NONEXISTENT, "there is no user '%s'", name);
}

static const struct err *
no_shared(const char *name)
{
	return err_user(RESP_NONEXISTENT, "there is no shared mailbox '%s'",
	    name);
}

static const struct err *
user_must_be(struct db *db, const char *name)
{
	const struct err *err;
	bool yes;

	err = users_has(db, sql_user_is, name, &yes);
	return err != NULL ? err : yes ? NULL : no_user(name);
}

static const struct err *
shared_must_be(struct db *db, const char *name)
{
	const struct err *err;
	bool yes;

	err = users_has(db, sql_shared_is, name, &yes);
	return err != NULL ? err : yes ? NULL : no_shared(name);
}

/* crypt(5) yescrypt with its default cost.  out has CRYPT_OUTPUT_SIZE. */
static const struct err *
password_hash(const char *password, char *out)
{
	const struct err *err = NULL;
	struct crypt_data *data;
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];
	const char *hash;

	if (strlen(password) > PASSWORD_MAX_OCTETS || password[0] == '\0')
		return err_user(RESP_CANNOT, "a password has 1 to %d octets",
		    PASSWORD_MAX_OCTETS);
	data = calloc(1, sizeof(*data));
	if (data == NULL)
		fatal("out of memory");
	if (crypt_gensalt_rn("$y$", 0, NULL, 0, setting,
	    (int)sizeof(setting)) == NULL)
		err = err_errno("crypt_gensalt");
	else if ((hash = crypt_rn(password, setting, data,
	    (int)sizeof(*data))) == NULL)
		err = err_errno("crypt");
	else
		strlcpy(out, hash, CRYPT_OUTPUT_SIZE);
	freezero(data, sizeof(*data));
	return err;
}

/* In a time that does not tell where the first difference is. */
static bool
same_octets(const char *x, const char *y, size_t len)
{
	unsigned char differ = 0;

	for (size_t i = 0; i < len; i++)
		differ |= (unsigned char)(x[i] ^ y[i]);
	return differ == 0;
}

static bool
password_matches(const char *password, const char *stored)
{
	struct crypt_data *data = calloc(1, sizeof(*data));
	const char *hash;
	bool ok;

	if (data == NULL)
		fatal("out of memory");
	hash = crypt_rn(password, stored, data, (int)sizeof(*data));
	ok = hash != NULL && strlen(hash) == strlen(stored) &&
	    same_octets(hash, stored, strlen(stored));
	freezero(data, sizeof(*data));
	return ok;
}

static const struct err *
user_insert(struct db *db, const char *name, const char *hash)
{
	const struct err *err;
	sqlite3_stmt *stmt;

	err = db_prepare(db, "INSERT INTO users(name, password, may, created) "
	    "VALUES (?1, ?2, ?3, ?4)", &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
	if (hash != NULL)
		sqlite3_bind_text(stmt, 2, hash, -1, SQLITE_STATIC);
	sqlite3_bind_int(stmt, 3, MAY_ALL);
	sqlite3_bind_int64(stmt, 4, now_seconds());
	return db_run(db, stmt);
}

const struct err *
user_add(struct store *store, const char *given, const char *password,
    const char *const *mailboxes, size_t n)
{
	char hash[CRYPT_OUTPUT_SIZE];
	struct arena *a = arena_new();
	const struct err *err;
	const char *name;
	struct db *db;
	bool yes;

	err = user_name(a, given, &name);
	if (err == NULL && password != NULL)
		err = password_hash(password, hash);
	if (err == NULL)
		err = users_begin(store, &db);
	if (err != NULL)
		goto done;
	err = users_has(db, sql_user_is, name, &yes);
	if (err == NULL && yes)
		err = err_user(RESP_ALREADYEXISTS, "user '%s' exists already",
		    name);
	/* First the directory: a row without one would be a broken user. */
	if (err == NULL)
		err = account_make(store, ACCOUNT_USER, name, mailboxes, n);
	if (err == NULL)
		err = user_insert(db, name, password != NULL ? hash : NULL);
	err = users_end(store, db, err);
done:
	explicit_bzero(hash, sizeof(hash));
	arena_free(a);
	return err;
}

/* Runs an UPDATE of one user: ?1 is the name, bind does the rest. */
static const struct err *
user_update(struct store *store, const char *given, const char *sql,
    const char *text, int number)
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
	err = user_must_be(db, name);
	if (err == NULL)
		err = db_prepare(db, sql, &stmt);
	if (err == NULL) {
		sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
		if (text != NULL)
			sqlite3_bind_text(stmt, 2, text, -1, SQLITE_STATIC);
		else if (number >= 0)
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
	char hash[CRYPT_OUTPUT_SIZE];
	const struct err *err = NULL;

	if (password != NULL)
		err = password_hash(password, hash);
	if (err == NULL)
		err = user_update(store, name,
		    "UPDATE users SET password = ?2 WHERE name = ?1",
		    password != NULL ? hash : NULL, -1);
	explicit_bzero(hash, sizeof(hash));
	return err;
}

const struct err *
user_set_may(struct store *store, const char *name, unsigned int may)
{
	return user_update(store, name,
	    "UPDATE users SET may = ?2 WHERE name = ?1", NULL,
	    (int)(may & MAY_ALL));
}

/* The directory goes from one name to the other, and stays there. */
static const struct err *
move_dir(struct store *store, const char *from, const char *to)
{
	const struct err *err = NULL;
	int fd;

	/* A directory that is not empty is never replaced. */
	if (renameat(store_fd(store), from, store_fd(store), to) == -1)
		return errno == EEXIST || errno == ENOTEMPTY ?
		    err_user(RESP_ALREADYEXISTS, "the directory %s is in the "
		    "way; 'mboxadm check' tells more", to) :
		    err_errno("rename %s", from);
	fd = dir_open(store_fd(store), account_kind_dir(ACCOUNT_USER));
	if (fd == -1 || fsync(fd) == -1)
		err = err_errno("users: fsync");
	if (fd != -1)
		close(fd);
	if (err != NULL)
		renameat(store_fd(store), to, store_fd(store), from);
	return err;
}

/*
 * As users_end(), with the directory moved before.  Between the two a crash
 * leaves it under the new name and the row under the old one: 'mboxadm check
 * --repair' finds the pair.
 */
static const struct err *
rename_end(struct store *store, struct db *db, const char *from,
    const char *to, const struct err *err)
{
	bool moved;

	if (err == NULL)
		err = move_dir(store, from, to);
	moved = err == NULL;
	err = users_end(store, db, err);
	if (moved && err != NULL)
		renameat(store_fd(store), to, store_fd(store), from);
	return err;
}

const struct err *
user_rename(struct store *store, const char *given_from, const char *given_to)
{
	struct arena *a = arena_new();
	const char *from, *to, *pf, *pt;
	const struct err *err;
	sqlite3_stmt *stmt;
	struct db *db;
	bool yes;

	err = user_name(a, given_from, &from);
	if (err == NULL)
		err = user_name(a, given_to, &to);
	if (err == NULL)
		err = users_begin(store, &db);
	if (err != NULL)
		goto done;
	err = user_must_be(db, from);
	if (err == NULL)
		err = users_has(db, sql_user_is, to, &yes);
	if (err == NULL && yes)
		err = err_user(RESP_ALREADYEXISTS, "user '%s' exists already",
		    to);
	pf = arena_printf(a, "users/%s", err == NULL ? from : "");
	pt = arena_printf(a, "users/%s", err == NULL ? to : "");
	if (err == NULL)
		err = db_prepare(db, "UPDATE users SET name = ?2 "
		    "WHERE name = ?1", &stmt);
	if (err == NULL) {
		sqlite3_bind_text(stmt, 1, from, -1, SQLITE_STATIC);
		sqlite3_bind_text(stmt, 2, to, -1, SQLITE_STATIC);
		err = db_run(db, stmt);
	}
	err = rename_end(store, db, pf, pt, err);
done:
	arena_free(a);
	return err;
}

static const struct err *
delete_row(struct db *db, const char *sql, const char *name)
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
 * As users_end(), and the account's directory goes: out of the way under the
 * lock, so that nobody meets an account without a row; then for good.
 */
static const struct err *
remove_end(struct store *store, struct db *db, enum account_kind kind,
    const char *name, const struct err *err)
{
	char aside[ACCOUNT_ASIDE_OCTETS];

	if (err == NULL)
		err = db_commit(db);
	if (err != NULL) {
		db_rollback(db);
		store_unlock(store, false);
		return err;
	}
	err = account_set_aside(store, kind, name, aside);
	store_unlock(store, true);
	return err != NULL ? err : dir_remove(store_fd(store), aside, 4);
}

const struct err *
user_delete(struct store *store, const char *given)
{
	struct arena *a = arena_new();
	const struct err *err;
	const char *name;
	struct db *db;

	err = user_name(a, given, &name);
	if (err == NULL)
		err = users_begin(store, &db);
	if (err != NULL)
		goto done;
	err = user_must_be(db, name);
	if (err == NULL)
		err = delete_row(db, "DELETE FROM users WHERE name = ?1", name);
	err = remove_end(store, db, ACCOUNT_USER, name, err);
done:
	arena_free(a);
	return err;
}

static const char *
column_text(struct arena *a, sqlite3_stmt *stmt, int i)
{
	const unsigned char *s = sqlite3_column_text(stmt, i);

	return s == NULL ? NULL : arena_strdup(a, (const char *)s);
}

#define USER_COLUMNS	"name, may, password IS NOT NULL, created"

static void
user_read(struct arena *a, sqlite3_stmt *stmt, struct user *user)
{
	const char *name = column_text(a, stmt, 0);

	*user = (struct user){
		.name = name != NULL ? name : "",
		.may = (unsigned int)sqlite3_column_int(stmt, 1) & MAY_ALL,
		.has_password = sqlite3_column_int(stmt, 2) != 0,
		.created = sqlite3_column_int64(stmt, 3)
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

/* The stored hash, or NULL when there is no user or no password. */
static const struct err *
user_hash(struct store *store, struct arena *a, const char *name,
    const char **hash_r)
{
	const struct err *err;
	sqlite3_stmt *stmt;
	struct db *db;
	bool row;

	err = store_users_db(store, &db);
	if (err == NULL)
		err = db_prepare(db,
		    "SELECT password FROM users WHERE name = ?1", &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
	err = db_step(db, stmt, &row);
	*hash_r = err == NULL && row ? column_text(a, stmt, 0) : NULL;
	db_done(stmt);
	return err;
}

const struct err *
user_verify(struct store *store, struct arena *a, const char *given,
    const char *password, bool *ok_r, struct user *user_r)
{
	const struct err *err;
	const char *name = NULL, *hash = NULL;
	bool ok;

	if (strlen(password) > PASSWORD_MAX_OCTETS)
		password = "";
	if (user_name(a, given, &name) == NULL) {
		err = user_hash(store, a, name, &hash);
		if (err != NULL)
			return err;
	}
	ok = password_matches(password, hash != NULL ? hash : DUMMY_HASH);
	*ok_r = ok && hash != NULL && password[0] != '\0';
	if (!*ok_r)
		return NULL;
	return user_find(store, a, name, user_r);
}

/* Count rows, then read them: the array has its final place at once. */
static const struct err *
count_rows(struct db *db, const char *sql, size_t *n_r)
{
	const struct err *err;
	sqlite3_stmt *stmt;
	bool row;

	err = db_prepare(db, sql, &stmt);
	if (err != NULL)
		return err;
	err = db_step(db, stmt, &row);
	if (err == NULL)
		*n_r = (size_t)sqlite3_column_int64(stmt, 0);
	db_done(stmt);
	return err;
}

const struct err *
user_list(struct store *store, struct arena *a, struct user **users_r,
    size_t *n_r)
{
	const struct err *err;
	sqlite3_stmt *stmt = NULL;
	struct user *users = NULL;
	size_t n = 0, max = 0;
	struct db *db;
	bool row;

	err = store_users_db(store, &db);
	if (err == NULL)
		err = db_begin_read(db);
	if (err != NULL)
		return err;
	err = count_rows(db, "SELECT count(*) FROM users", &max);
	if (err == NULL)
		err = db_prepare(db, "SELECT " USER_COLUMNS
		    " FROM users ORDER BY name", &stmt);
	if (err == NULL)
		users = arena_array(a, max, sizeof(*users));
	while (err == NULL && n < max) {
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

/* --- Shared mailboxes --- */

const struct err *
shared_add(struct store *store, const char *given)
{
	struct arena *a = arena_new();
	const struct err *err;
	sqlite3_stmt *stmt;
	const char *name;
	struct db *db;
	bool yes;

	err = shared_name(a, given, &name);
	if (err == NULL)
		err = users_begin(store, &db);
	if (err != NULL)
		goto done;
	err = users_has(db, sql_shared_is, name, &yes);
	if (err == NULL && yes)
		err = err_user(RESP_ALREADYEXISTS,
		    "shared mailbox '%s' exists already", name);
	if (err == NULL)
		err = account_make(store, ACCOUNT_SHARED, name, NULL, 0);
	if (err == NULL)
		err = db_prepare(db, "INSERT INTO shared VALUES (?1, ?2)",
		    &stmt);
	if (err == NULL) {
		sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
		sqlite3_bind_int64(stmt, 2, now_seconds());
		err = db_run(db, stmt);
	}
	err = users_end(store, db, err);
done:
	arena_free(a);
	return err;
}

/* The name as it was given to shared_add(): any ASCII case finds it. */
static const struct err *
shared_spelling(struct db *db, struct arena *a, const char *name,
    const char **name_r)
{
	const struct err *err;
	sqlite3_stmt *stmt;
	bool row;

	err = db_prepare(db, "SELECT name FROM shared WHERE name = ?1", &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
	err = db_step(db, stmt, &row);
	if (err == NULL && !row)
		err = no_shared(name);
	if (err == NULL)
		*name_r = column_text(a, stmt, 0);
	db_done(stmt);
	return err;
}

const struct err *
shared_delete(struct store *store, const char *given)
{
	struct arena *a = arena_new();
	const struct err *err;
	const char *name;
	struct db *db;

	err = shared_name(a, given, &name);
	if (err == NULL)
		err = users_begin(store, &db);
	if (err != NULL)
		goto done;
	err = shared_spelling(db, a, name, &name);
	if (err == NULL)
		err = delete_row(db, "DELETE FROM shared WHERE name = ?1",
		    name);
	err = remove_end(store, db, ACCOUNT_SHARED, name, err);
done:
	arena_free(a);
	return err;
}

const struct err *
shared_exists(struct store *store, const char *given, bool *yes_r)
{
	struct arena *a = arena_new();
	const struct err *err;
	const char *name;
	struct db *db;

	err = shared_name(a, given, &name);
	if (err == NULL)
		err = store_users_db(store, &db);
	if (err == NULL)
		err = users_has(db, sql_shared_is, name, yes_r);
	arena_free(a);
	return err;
}

const struct err *
shared_list(struct store *store, struct arena *a, const char ***names_r,
    size_t *n_r)
{
	const struct err *err;
	sqlite3_stmt *stmt = NULL;
	const char **names = NULL, *name;
	size_t n = 0, max = 0;
	struct db *db;
	bool row;

	err = store_users_db(store, &db);
	if (err == NULL)
		err = db_begin_read(db);
	if (err != NULL)
		return err;
	err = count_rows(db, "SELECT count(*) FROM shared", &max);
	if (err == NULL)
		err = db_prepare(db, "SELECT name FROM shared ORDER BY name",
		    &stmt);
	if (err == NULL)
		names = arena_array(a, max, sizeof(*names));
	while (err == NULL && n < max) {
		err = db_step(db, stmt, &row);
		if (err != NULL || !row)
			break;
		if ((name = column_text(a, stmt, 0)) != NULL)
			names[n++] = name;
	}
	db_done(stmt);
	db_end_read(db);
	if (err == NULL) {
		*names_r = names;
		*n_r = n;
	}
	return err;
}

/* --- Grants --- */

/* Begin a change of the grant of shared to user, both of which must be. */
static const struct err *
grant_begin(struct store *store, struct arena *a, const char **shared,
    const char **user, struct db **db_r)
{
	const struct err *err;

	err = shared_name(a, *shared, shared);
	if (err == NULL)
		err = user_name(a, *user, user);
	if (err == NULL)
		err = users_begin(store, db_r);
	if (err != NULL)
		return err;
	err = shared_must_be(*db_r, *shared);
	if (err == NULL)
		err = user_must_be(*db_r, *user);
	if (err != NULL)
		err = users_end(store, *db_r, err);
	return err;
}

const struct err *
grant_set(struct store *store, const char *shared, const char *user,
    rights_t rights)
{
	struct arena *a = arena_new();
	const struct err *err;
	char letters[RIGHTS_MAX];
	sqlite3_stmt *stmt;
	struct db *db;

	err = grant_begin(store, a, &shared, &user, &db);
	if (err != NULL)
		goto done;
	rights_format(rights, letters);
	err = db_prepare(db, "INSERT INTO grants(shared, user, rights) "
	    "SELECT name, ?2, ?3 FROM shared WHERE name = ?1 "
	    "ON CONFLICT DO UPDATE SET rights = excluded.rights", &stmt);
	if (err == NULL) {
		sqlite3_bind_text(stmt, 1, shared, -1, SQLITE_STATIC);
		sqlite3_bind_text(stmt, 2, user, -1, SQLITE_STATIC);
		sqlite3_bind_text(stmt, 3, letters, -1, SQLITE_STATIC);
		err = db_run(db, stmt);
	}
	err = users_end(store, db, err);
done:
	arena_free(a);
	return err;
}

const struct err *
grant_remove(struct store *store, const char *shared, const char *user)
{
	struct arena *a = arena_new();
	const struct err *err;
	sqlite3_stmt *stmt;
	struct db *db;

	err = grant_begin(store, a, &shared, &user, &db);
	if (err != NULL)
		goto done;
	err = db_prepare(db,
	    "DELETE FROM grants WHERE shared = ?1 AND user = ?2", &stmt);
	if (err == NULL) {
		sqlite3_bind_text(stmt, 1, shared, -1, SQLITE_STATIC);
		sqlite3_bind_text(stmt, 2, user, -1, SQLITE_STATIC);
		err = db_run(db, stmt);
	}
	err = users_end(store, db, err);
done:
	arena_free(a);
	return err;
}

static const struct err *
grants_read(struct db *db, struct arena *a, sqlite3_stmt *stmt,
    struct grant *grants, size_t max, size_t *n_r)
{
	const struct err *err;
	const char *letters;
	bool row;

	for (*n_r = 0; *n_r < max;) {
		struct grant *g = &grants[*n_r];

		err = db_step(db, stmt, &row);
		if (err != NULL || !row)
			return err;
		g->shared = column_text(a, stmt, 0);
		g->user = column_text(a, stmt, 1);
		letters = column_text(a, stmt, 2);
		if (g->shared != NULL && g->user != NULL && letters != NULL &&
		    rights_parse(letters, &g->rights))
			(*n_r)++;
	}
	return NULL;
}

const struct err *
grant_list(struct store *store, struct arena *a, const char *shared,
    const char *user, struct grant **grants_r, size_t *n_r)
{
	const struct err *err;
	sqlite3_stmt *stmt = NULL;
	struct grant *grants = NULL;
	size_t n = 0, max = 0;
	struct db *db;

	err = store_users_db(store, &db);
	if (err == NULL)
		err = db_begin_read(db);
	if (err != NULL)
		return err;
	err = count_rows(db, "SELECT count(*) FROM grants", &max);
	if (err == NULL)
		err = db_prepare(db, "SELECT shared, user, rights FROM grants "
		    "WHERE (?1 IS NULL OR shared = ?1) AND "
		    "(?2 IS NULL OR user = ?2) ORDER BY shared, user", &stmt);
	if (err == NULL) {
		if (shared != NULL)
			sqlite3_bind_text(stmt, 1, shared, -1, SQLITE_STATIC);
		if (user != NULL)
			sqlite3_bind_text(stmt, 2, user, -1, SQLITE_STATIC);
		grants = arena_array(a, max, sizeof(*grants));
		err = grants_read(db, a, stmt, grants, max, &n);
	}
	db_done(stmt);
	db_end_read(db);
	if (err == NULL) {
		*grants_r = grants;
		*n_r = n;
	}
	return err;
}
