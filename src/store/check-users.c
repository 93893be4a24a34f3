/* check-users.c - verify users.db, and make it again from what can be read
 * SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/check-private.h"
#include "store/users-private.h"
#include "store/users.h"

#define AGAIN	"users.db.again"	/* the new one, until it is whole */

static const struct err *
users_health(struct check *c, enum db_health *health_r, char *text,
    size_t size)
{
	return db_health(store_path(c->store), store_fd(c->store),
	    &schema_users, store_path(c->store), health_r, text, size);
}

/* What can be mended without knowing anything: indexes, dangling grants. */
static const struct err *
mend_rows(struct check *c)
{
	const struct err *err;
	struct db *db = NULL;

	err = store_lock(c->store);
	if (err != NULL)
		return err;
	err = db_open_any(store_path(c->store), schema_users.file, &db);
	if (err == NULL)
		err = db_begin(db, true);
	if (err == NULL)
		err = db_exec(db, "DELETE FROM grants WHERE shared NOT IN "
		    "(SELECT name FROM shared) OR user NOT IN "
		    "(SELECT name FROM users); REINDEX");
	if (err == NULL)
		err = db_commit(db);
	if (err != NULL && db != NULL)
		db_rollback(db);
	db_close(db);
	store_unlock(c->store, err == NULL);
	return err;
}

/* --- Made again --- */

/* Every row that can be read and that is one, of one source. */
static const struct err *
copy_from(struct db *from, struct db *to)
{
	const struct err *err;

	if (from == NULL)
		return NULL;
	err = check_copy_rows(from, to, "SELECT name, may, created, "
	    "capabilities_off, id FROM users WHERE typeof(name) = 'text' "
	    "AND typeof(id) = 'integer'",
	    "INSERT INTO users(name, may, created, capabilities_off, id) "
	    "VALUES (?1, ?2, ?3, ?4, ?5)");
	if (err == NULL)
		err = check_copy_rows(from, to, "SELECT name, created "
		    "FROM shared WHERE typeof(name) = 'text'",
		    "INSERT INTO shared VALUES (?1, ?2)");
	return err != NULL ? err : check_copy_rows(from, to,
	    "SELECT shared, user, rights FROM grants",
	    "INSERT INTO grants VALUES (?1, ?2, ?3)");
}

/* First the copy, which is sound; then what the damaged one has beside. */
static const struct err *
fill(struct check *c, const struct db_schema *again)
{
	const char *path = store_path(c->store);
	struct db *from = NULL, *copy = NULL, *to = NULL;
	const struct err *err;

	err = db_open(path, again, store_conf(c->store), -1, path, &to);
	if (err == NULL)
		err = db_open_copy(path, store_fd(c->store), &schema_users,
		    &copy);
	if (err == NULL && db_open_any(path, schema_users.file, &from) != NULL)
		from = NULL;
	if (err == NULL)
		err = db_begin(to, true);
	if (err == NULL)
		err = copy_from(copy, to);
	if (err == NULL)
		err = copy_from(from, to);
	if (err == NULL)
		err = db_commit(to);
	if (err != NULL && to != NULL)
		db_rollback(to);
	db_close(from);
	db_close(copy);
	db_close(to);
	return err;
}

/* The damaged one is put aside, and the new one in its place. */
static const struct err *
put_in_place(int fd)
{
	static const char *const ends[] = { "-wal", "-shm", "-journal", "" };
	const struct err *err = NULL;

	for (size_t i = 0; err == NULL && i < 4; i++) {
		char from[40], to[40], again[40];

		snprintf(from, sizeof(from), "users.db%s", ends[i]);
		snprintf(to, sizeof(to), "users.db.damaged%s", ends[i]);
		snprintf(again, sizeof(again), AGAIN "%s", ends[i]);
		if (faccessat(fd, from, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			err = check_set_aside_as(fd, from, to);
		else
			unlinkat(fd, to, 0);
		/* Committed and closed: only the file itself counts. */
		if (err == NULL && ends[i][0] != '\0')
			unlinkat(fd, again, 0);
	}
	if (err == NULL && renameat(fd, AGAIN, fd, schema_users.file) == -1)
		err = err_errno(AGAIN);
	if (err == NULL && fsync(fd) == -1)
		err = err_errno("fsync");
	return err;
}

static const struct err *
make_again(struct check *c)
{
	struct db_schema again = schema_users;
	struct db *db;
	const struct err *err;

	again.file = AGAIN;
	store_rest(c->store);
	err = store_lock(c->store);
	if (err != NULL)
		return err;
	err = db_create(store_path(c->store), store_fd(c->store), &again,
	    store_conf(c->store));
	if (err == NULL)
		err = fill(c, &again);
	if (err == NULL)
		err = put_in_place(store_fd(c->store));
	c->users_again = err == NULL;
	if (err == NULL)
		err = store_users_db(c->store, &db);
	if (err == NULL)
		users_keep_copy(c->store, db);
	store_unlock(c->store, true);
	return err;
}

/* How many users there are; it says whether anything could be saved. */
static const struct err *
tell_again(struct check *c, const char *text)
{
	struct arena *a = arena_new();
	const struct err *err;
	struct user *users;
	size_t n = 0;

	err = user_list(c->store, a, &users, &n);
	if (err == NULL)
		check_finding(c, n > 0 ? CHECK_PROBLEM : CHECK_LOST, true,
		    "users.db", "it cannot be used (%s); it is made again, "
		    "with %zu users%s", text, n, n > 0 ? "" : ": the "
		    "directories tell of some; passwords, grants and shared "
		    "mailboxes without mail are lost, unless users.db comes "
		    "back from a backup");
	arena_free(a);
	return err;
}

/* --- Rows that are gone alone --- */

/* The columns as they were, or false. */
static bool
from_copy(struct db *copy, struct db *to, const char *name)
{
	sqlite3_stmt *in, *out;
	bool found = false;

	if (copy == NULL || db_prepare(copy, "SELECT name, may, created, "
	    "capabilities_off, id FROM users WHERE name = ?1", &in) != NULL)
		return false;
	sqlite3_bind_text(in, 1, name, -1, SQLITE_STATIC);
	if (db_step(copy, in, &found) == NULL && found) {
		found = db_prepare(to, "INSERT INTO users(name, may, created, "
		    "capabilities_off, id) VALUES (?1, ?2, ?3, ?4, ?5)",
		    &out) == NULL;
		for (int i = 0; found && i < 5; i++)
			sqlite3_bind_value(out, i + 1,
			    sqlite3_column_value(in, i));
		found = found && db_run(to, out) == NULL;
	}
	db_done(in);
	return found;
}

bool
check_user_from_copy(struct check *c, struct db *to, const char *name)
{
	struct db *copy = NULL;
	bool found;

	if (db_open_copy(store_path(c->store), store_fd(c->store),
	    &schema_users, &copy) != NULL)
		return false;
	found = from_copy(copy, to, name);
	db_close(copy);
	return found;
}

const struct err *
check_users_end(struct check *c)
{
	struct db *copy = NULL, *db;
	const struct err *err;

	err = store_users_db(c->store, &db);
	if (err == NULL)
		err = store_lock(c->store);
	if (err != NULL)
		return err;
	if (c->rows_added)
		err = db_open_copy(store_path(c->store), store_fd(c->store),
		    &schema_users, &copy);
	if (err == NULL && copy != NULL) {
		err = db_begin(db, true);
		if (err == NULL)
			err = check_copy_rows(copy, db,
			    "SELECT shared, user, rights FROM grants",
			    "INSERT OR IGNORE INTO grants VALUES (?1, ?2, ?3)");
		err = db_end(db, err);
	}
	db_close(copy);
	if (err == NULL)
		users_keep_copy(c->store, db);
	store_unlock(c->store, c->rows_added);
	return err;
}

/* --- Rows that mean nothing --- */

/*
 * Rows that no verb makes and none can name.  Grants of rights that are none
 * give nothing, and nobody meant them.
 */
static const struct bad_rows {
	const char	*count, *mend, *words;
} bad_rows[] = {
#define BAD_GRANT	"rights = '' OR rights GLOB '*[^lrswipkxtea]*' OR "	\
			DB_HAS_NUL("rights")
	{ "SELECT count(*) FROM grants WHERE " BAD_GRANT,
	    "DELETE FROM grants WHERE " BAD_GRANT,
	    "grants are of rights that are none; they come from its copy, or "
	    "go" },
	{ "SELECT count(*) FROM users WHERE " DB_HAS_NUL("name"),
	    "DELETE FROM users WHERE " DB_HAS_NUL("name"),
	    "users have a NUL in their name; the rows go" },
	{ "SELECT count(*) FROM shared WHERE " DB_HAS_NUL("name"),
	    "DELETE FROM shared WHERE " DB_HAS_NUL("name"),
	    "shared mailboxes have a NUL in their name; the rows go" }
};

static const struct err *
mend_bad(struct check *c, const struct bad_rows *bad)
{
	const struct err *err;
	struct db *db;

	err = users_begin(c->store, &db);
	if (err != NULL)
		return err;
	/* No copy of this: the last one may know better. */
	err = db_end(db, db_exec(db, bad->mend));
	store_unlock(c->store, true);
	c->rows_added = true;
	return err;
}

static const struct err *
find_bad(struct check *c, const struct bad_rows *bad)
{
	const struct err *err;
	struct db *db;
	int64_t n = 0;

	err = store_users_db(c->store, &db);
	if (err == NULL)
		err = db_number(db, bad->count, &n);
	if (err != NULL || n == 0)
		return err;
	if (c->repair)
		err = mend_bad(c, bad);
	if (err == NULL)
		check_finding(c, CHECK_PROBLEM, c->repair, "users.db",
		    "%" PRId64 " %s", n, bad->words);
	return err;
}

static const struct err *
check_rows(struct check *c)
{
	const struct err *err = NULL;

	for (size_t i = 0; err == NULL &&
	    i < sizeof(bad_rows) / sizeof(bad_rows[0]); i++)
		err = find_bad(c, &bad_rows[i]);
	return err;
}

/* --- All of it --- */

static const struct err *
check_database(struct check *c, bool *use_r)
{
	char text[CHECK_TEXT_OCTETS] = "", again[CHECK_TEXT_OCTETS];
	enum db_health health, after;
	const struct err *err;

	err = users_health(c, &health, text, sizeof(text));
	*use_r = err == NULL && health == DB_GOOD;
	if (err != NULL || *use_r)
		return err;
	if (health == DB_NEWER) {
		check_finding(c, CHECK_PROBLEM, false, "users.db",
		    "%s; upgrade", text);
		return NULL;
	}
	if (health == DB_MISSING)
		strlcpy(text, "it is missing", sizeof(text));
	after = health;
	if (c->repair && health == DB_DAMAGED && mend_rows(c) == NULL) {
		err = users_health(c, &after, again, sizeof(again));
		if (err != NULL)
			return err;
	}
	if (after == DB_GOOD || !c->repair) {
		*use_r = after == DB_GOOD;
		check_finding(c, CHECK_PROBLEM, *use_r, "users.db",
		    "it cannot be used (%s)%s", text, *use_r ? "" : "; it can "
		    "be made again from its copy and from the directories");
		return NULL;
	}
	err = make_again(c);
	if (err == NULL)
		err = tell_again(c, text);
	*use_r = err == NULL;
	return err;
}

const struct err *
check_users(struct check *c, bool *use_r)
{
	const struct err *err = check_database(c, use_r);

	return err == NULL && *use_r ? check_rows(c) : err;
}
