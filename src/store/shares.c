/* shares.c - shared mailboxes and who may do what in them: users.db
 * SPDX-License-Identifier: ISC */
#include <string.h>

#include "store/backup.h"
#include "store/store-private.h"
#include "store/users-private.h"
#include "store/users.h"
#include "wire/mboxname.h"
#include "wire/respcode.h"

static const char sql_shared_is[] = "SELECT 1 FROM shared WHERE name = ?1";

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

static const struct err *
no_shared(const char *name)
{
	return err_user(RESP_NONEXISTENT, "there is no shared mailbox '%s'",
	    name);
}

static const struct err *
shared_must_be(struct db *db, const char *name)
{
	const struct err *err;
	bool yes;

	err = users_has(db, sql_shared_is, name, &yes);
	return err != NULL ? err : yes ? NULL : no_shared(name);
}

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
		*name_r = users_text(a, stmt, 0);
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
	err = backup_refuse(store);
	if (err == NULL)
		err = shared_spelling(db, a, name, &name);
	if (err == NULL)
		err = users_delete_row(db, "DELETE FROM shared WHERE name = ?1",
		    name);
	err = users_remove_end(store, db, ACCOUNT_SHARED, name, err);
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
	int64_t max = 0;
	size_t n = 0;
	struct db *db;
	bool row;

	err = store_users_db(store, &db);
	if (err == NULL)
		err = db_begin_read(db);
	if (err != NULL)
		return err;
	err = db_number(db, "SELECT count(*) FROM shared", &max);
	if (err == NULL)
		err = db_prepare(db, "SELECT name FROM shared ORDER BY name",
		    &stmt);
	if (err == NULL)
		names = arena_array(a, (size_t)max, sizeof(*names));
	while (err == NULL && n < (size_t)max) {
		err = db_step(db, stmt, &row);
		if (err != NULL || !row)
			break;
		if ((name = users_text(a, stmt, 0)) != NULL)
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
		err = users_must_have(*db_r, *user);
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
		g->shared = users_text(a, stmt, 0);
		g->user = users_text(a, stmt, 1);
		letters = users_text(a, stmt, 2);
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
	int64_t max = 0;
	size_t n = 0;
	struct db *db;

	err = store_users_db(store, &db);
	if (err == NULL)
		err = db_begin_read(db);
	if (err != NULL)
		return err;
	err = db_number(db, "SELECT count(*) FROM grants", &max);
	if (err == NULL)
		err = db_prepare(db, "SELECT shared, user, rights FROM grants "
		    "WHERE (?1 IS NULL OR shared = ?1) AND "
		    "(?2 IS NULL OR user = ?2) ORDER BY shared, user", &stmt);
	if (err == NULL) {
		if (shared != NULL)
			sqlite3_bind_text(stmt, 1, shared, -1, SQLITE_STATIC);
		if (user != NULL)
			sqlite3_bind_text(stmt, 2, user, -1, SQLITE_STATIC);
		grants = arena_array(a, (size_t)max, sizeof(*grants));
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
