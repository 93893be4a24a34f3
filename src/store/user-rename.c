/* user-rename.c - a user gets another name
 * SPDX-License-Identifier: ISC */
#include "store/backup.h"
#include "store/store-private.h"
#include "store/users-private.h"
#include "store/users.h"
#include "wire/respcode.h"

static const struct err *
rename_row(struct db *db, const char *from, const char *to)
{
	const struct err *err;
	sqlite3_stmt *stmt;
	bool yes;

	err = users_must_have(db, from);
	if (err == NULL)
		err = users_has(db, "SELECT 1 FROM users WHERE name = ?1",
		    to, &yes);
	if (err == NULL && yes)
		err = err_user(RESP_ALREADYEXISTS, "user '%s' exists already",
		    to);
	if (err == NULL)
		err = db_prepare(db, "UPDATE users SET name = ?2 "
		    "WHERE name = ?1", &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_text(stmt, 1, from, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 2, to, -1, SQLITE_STATIC);
	return db_run(db, stmt);
}

static const char *
dir_of(struct arena *a, const char *name)
{
	return arena_printf(a, "%s/%s", account_kind_dir(ACCOUNT_USER), name);
}

const struct err *
user_rename(struct store *store, const char *given_from, const char *given_to)
{
	struct arena *a = arena_new();
	const char *from, *to;
	const struct err *err;
	bool moved = false;
	struct db *db;

	err = user_name(a, given_from, &from);
	if (err == NULL)
		err = user_name(a, given_to, &to);
	if (err == NULL)
		err = users_begin(store, &db);
	if (err != NULL)
		goto done;
	err = backup_refuse(store);
	if (err == NULL)
		err = rename_row(db, from, to);
	if (err == NULL) {
		err = account_move_begin(store, dir_of(a, from),
		    dir_of(a, to));
		moved = err == NULL;
	}
	err = users_end_moved(store, db, moved, err);
done:
	arena_free(a);
	return err;
}
