/* check-auth.c - verify auth.db, and make it again from what can be read
 * SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/check-private.h"
#include "store/credentials.h"
#include "store/users-private.h"
#include "store/users.h"

static const struct err *
auth_health(struct check *c, enum db_health *health_r, char *text, size_t size)
{
	return db_health(store_path(c->store), store_fd(c->store),
	    &schema_auth, store_path(c->store), health_r, text, size);
}

static const struct err *
copy_all(struct db *from, struct db *to)
{
	const struct err *err;

	err = check_copy_rows(from, to, "SELECT user, password, scram "
	    "FROM credentials", "INSERT INTO credentials VALUES (?1, ?2, ?3)");
	if (err == NULL)
		err = check_copy_rows(from, to, "SELECT user, label, hash, "
		    "created, used, expires FROM app_passwords WHERE NOT "
		    DB_HAS_NUL("label"), "INSERT INTO "
		    "app_passwords VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
	return err != NULL ? err : check_copy_rows(from, to,
	    "SELECT octets FROM secret",
	    "INSERT OR IGNORE INTO secret VALUES (1, ?1)");
}

/* The damaged file stays beside the new one. */
static const struct err *
set_aside(struct check *c)
{
	static const char *const ends[] = { "", "-wal", "-journal" };
	int fd = store_fd(c->store);

	for (size_t i = 0; i < 3; i++) {
		char from[40], to[40];

		snprintf(from, sizeof(from), "auth.db%s", ends[i]);
		snprintf(to, sizeof(to), "auth.db.damaged%s", ends[i]);
		const struct err *err;

		/* Nor a log of one that was put aside before. */
		if (faccessat(fd, from, F_OK, AT_SYMLINK_NOFOLLOW) == -1) {
			unlinkat(fd, to, 0);
			continue;
		}
		err = check_set_aside_as(fd, from, to);
		if (err != NULL)
			return err;
	}
	return NULL;
}

static const struct err *
make_again(struct check *c, enum db_health health)
{
	const char *path = store_path(c->store);
	const struct conf *conf = store_conf(c->store);
	struct db *from = NULL, *to = NULL;
	const struct err *err;

	credentials_close(c->store);
	err = store_lock(c->store);
	if (err != NULL)
		return err;
	if (health == DB_DAMAGED)
		err = set_aside(c);
	if (err == NULL)
		err = db_create(path, store_fd(c->store), &schema_auth, conf);
	/* Also what a repair that was cut off put aside. */
	if (err == NULL && faccessat(store_fd(c->store), "auth.db.damaged",
	    F_OK, 0) == 0 && db_open_any(path, "auth.db.damaged", &from) == NULL) {
		err = db_open(path, &schema_auth, conf, -1, path, &to);
		if (err == NULL)
			err = db_begin(to, true);
		if (err == NULL)
			err = auth_end(to, copy_all(from, to));
	}
	db_close(from);
	db_close(to);
	store_unlock(c->store, false);
	return err;
}

/* What a removal that was cut off left: the ids are nobody's. */
static const struct err *
forget_strangers(struct check *c, struct arena *a, struct db *auth)
{
	const struct err *err;
	sqlite3_stmt *stmt = NULL;
	struct user *users = NULL;
	size_t n;

	err = db_exec(auth, "CREATE TEMP TABLE known(id INTEGER PRIMARY KEY)");
	if (err == NULL)
		err = user_list(c->store, a, &users, &n);
	for (size_t i = 0; err == NULL && i < n; i++) {
		err = db_prepare(auth,
		    "INSERT OR IGNORE INTO temp.known VALUES (?1)", &stmt);
		if (err != NULL)
			break;
		sqlite3_bind_int64(stmt, 1, users[i].id);
		err = db_run(auth, stmt);
	}
	return err != NULL ? err : db_exec(auth, "DELETE FROM credentials "
	    "WHERE user NOT IN (SELECT id FROM temp.known); "
	    "DELETE FROM app_passwords "
	    "WHERE user NOT IN (SELECT id FROM temp.known); "
	    "DROP TABLE temp.known");
}

static const struct err *
mend_rows(struct check *c)
{
	struct arena *a = arena_new();
	const struct err *err;
	struct db *auth;

	err = store_auth_db(c->store, &auth);
	if (err == NULL)
		err = store_lock(c->store);
	if (err == NULL) {
		err = db_begin(auth, true);
		if (err == NULL)
			err = auth_end(auth, forget_strangers(c, a, auth));
		store_unlock(c->store, false);
	}
	arena_free(a);
	return err;
}

/* No verb could revoke them. */
static const struct err *
check_labels(struct check *c)
{
	const struct err *err;
	struct db *auth;
	int64_t n = 0;

	err = store_auth_db(c->store, &auth);
	if (err == NULL)
		err = db_number(auth, "SELECT count(*) FROM app_passwords "
		    "WHERE " DB_HAS_NUL("label"), &n);
	if (err != NULL || n == 0)
		return err;
	if (c->repair)
		err = store_lock(c->store);
	if (err == NULL && c->repair) {
		err = db_begin(auth, true);
		if (err == NULL)
			err = auth_end(auth, db_exec(auth, "DELETE FROM "
			    "app_passwords WHERE " DB_HAS_NUL("label")));
		store_unlock(c->store, false);
	}
	if (err == NULL)
		check_finding(c, CHECK_PROBLEM, c->repair, "auth.db",
		    "%" PRId64 " app passwords have a NUL in their label; they "
		    "go", n);
	return err;
}

const struct err *
check_auth(struct check *c)
{
	char text[CHECK_TEXT_OCTETS] = "";
	enum db_health health;
	const struct err *err;
	struct db *users;

	/* First: it brings a store of before up to date. */
	err = store_users_db(c->store, &users);
	if (err == NULL)
		err = auth_health(c, &health, text, sizeof(text));
	if (err != NULL)
		return err;
	if (health == DB_NEWER) {
		check_finding(c, CHECK_PROBLEM, false, "auth.db", "%s; upgrade",
		    text);
		return NULL;
	}
	if (health == DB_GOOD) {
		err = check_labels(c);
		return err == NULL && c->repair && !c->users_again &&
		    !c->rows_added ? mend_rows(c) : err;
	}
	if (c->repair)
		err = make_again(c, health);
	if (err != NULL)
		return err;
	if (health == DB_MISSING)
		check_finding(c, c->repair ? CHECK_LOST : CHECK_PROBLEM,
		    c->repair, "auth.db", "it is missing: put it back from a "
		    "backup, or give every user a new password");
	else
		check_finding(c, CHECK_PROBLEM, c->repair, "auth.db",
		    "it cannot be used (%s); what can be read is kept", text);
	return NULL;
}
