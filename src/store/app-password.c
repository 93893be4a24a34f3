/* app-password.c - random passwords for one program each
 * SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "store/credentials.h"
#include "store/store-private.h"
#include "store/users-private.h"
#include "store/users.h"
#include "wire/respcode.h"

#define DAY_S		86400
#define LETTERS		25	/* of 5 bits each */
#define GROUP		5
#define APP_PASSWORDS_MAX 100	/* of one user */

/* No two of these are mistaken for each other. */
static const char alphabet[] = "abcdefghijkmnpqrstuvwxyz23456789";
_Static_assert(sizeof(alphabet) == 32 + 1, "5 bits");

void
app_password_make(char out[APP_PASSWORD_OCTETS])
{
	size_t n = 0;

	for (size_t i = 0; i < LETTERS; i++) {
		if (i > 0 && i % GROUP == 0)
			out[n++] = '-';
		out[n++] = alphabet[arc4random_uniform(32)];
	}
	out[n] = '\0';
}
_Static_assert(APP_PASSWORD_OCTETS == LETTERS + LETTERS / GROUP,
    "letters, '-' between groups, NUL");

bool
app_password_hash(const char *password, unsigned char hash[32])
{
	char plain[LETTERS];
	size_t n = 0;

	for (; *password != '\0'; password++) {
		char c = *password;

		if (c == '-' || c == ' ')
			continue;
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (n == LETTERS || strchr(alphabet, c) == NULL)
			return false;
		plain[n++] = c;
	}
	if (n != LETTERS)
		return false;
	hash_digest(HASH_SHA256, plain, sizeof(plain), hash);
	explicit_bzero(plain, sizeof(plain));
	return true;
}

static const struct err *
check_label(const char *label)
{
	const utf8proc_uint8_t *s = (const utf8proc_uint8_t *)label;
	utf8proc_ssize_t left = (utf8proc_ssize_t)strlen(label), n;
	utf8proc_int32_t c;

	if (left == 0 || left > APP_LABEL_MAX)
		return err_user(RESP_CANNOT, "a label has 1 to %d octets",
		    APP_LABEL_MAX);
	for (; left > 0; left -= n, s += n) {
		n = utf8proc_iterate(s, left, &c);
		if (n <= 0 || utf8proc_category(c) == UTF8PROC_CATEGORY_CC)
			return err_user(RESP_CANNOT, "a label is UTF-8 without "
			    "control characters");
	}
	return NULL;
}

/* --- Rows --- */

/* A transaction of auth.db with its lock. */
static const struct err *
begin(struct store *store, struct db **auth_r)
{
	const struct err *err;

	err = store_auth_db(store, auth_r);
	if (err == NULL)
		err = store_lock(store);
	if (err != NULL)
		return err;
	err = db_begin(*auth_r, true);
	if (err != NULL)
		store_unlock(store, false);
	return err;
}

static const struct err *
end(struct store *store, struct db *auth, const struct err *err)
{
	err = auth_end(auth, err);
	store_unlock(store, false);
	return err;
}

/* Whether the user has the label already, and how many in all. */
static const struct err *
look(struct db *auth, int64_t id, const char *label, bool *has_r, int *n_r)
{
	const struct err *err;
	sqlite3_stmt *stmt;
	bool row;

	err = db_prepare(auth, "SELECT count(*), coalesce(sum(label = ?2), 0) "
	    "FROM app_passwords WHERE user = ?1", &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_int64(stmt, 1, id);
	sqlite3_bind_text(stmt, 2, label, -1, SQLITE_STATIC);
	err = db_step(auth, stmt, &row);
	if (err == NULL) {
		*n_r = sqlite3_column_int(stmt, 0);
		*has_r = sqlite3_column_int(stmt, 1) != 0;
	}
	db_done(stmt);
	return err;
}

static const struct err *
insert(struct db *auth, int64_t id, const char *label,
    const unsigned char hash[32], int64_t expires)
{
	const struct err *err;
	sqlite3_stmt *stmt;

	err = db_prepare(auth, "INSERT INTO app_passwords"
	    "(user, label, hash, created, used, expires) "
	    "VALUES (?1, ?2, ?3, ?4, 0, ?5)", &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_int64(stmt, 1, id);
	sqlite3_bind_text(stmt, 2, label, -1, SQLITE_STATIC);
	sqlite3_bind_blob(stmt, 3, hash, 32, SQLITE_TRANSIENT);
	sqlite3_bind_int64(stmt, 4, now_seconds());
	sqlite3_bind_int64(stmt, 5, expires);
	return db_run(auth, stmt);
}

const struct err *
app_password_add(struct store *store, const char *name, const char *label,
    const unsigned char hash[32], int64_t expires)
{
	struct arena *a = arena_new();
	const struct err *err;
	struct user user;
	struct db *auth;
	bool has = false;
	int n = 0;

	err = check_label(label);
	if (err == NULL)
		err = begin(store, &auth);
	if (err != NULL)
		goto done;
	err = user_find(store, a, name, &user);
	if (err == NULL)
		err = look(auth, user.id, label, &has, &n);
	if (err == NULL && has)
		err = err_user(RESP_ALREADYEXISTS, "%s has an app password '%s' "
		    "already", user.name, label);
	if (err == NULL && n >= APP_PASSWORDS_MAX)
		err = err_user(RESP_CANNOT, "%s has %d app passwords already",
		    user.name, n);
	if (err == NULL)
		err = insert(auth, user.id, label, hash, expires);
	err = end(store, auth, err);
done:
	arena_free(a);
	return err;
}

const struct err *
app_password_remove(struct store *store, const char *name, const char *label)
{
	struct arena *a = arena_new();
	const struct err *err;
	sqlite3_stmt *stmt;
	struct user user;
	struct db *auth;
	bool has = false;
	int n;

	err = begin(store, &auth);
	if (err != NULL)
		goto done;
	err = user_find(store, a, name, &user);
	if (err == NULL)
		err = look(auth, user.id, label, &has, &n);
	if (err == NULL && !has)
		err = err_user(RESP_NONEXISTENT, "%s has no app password '%s'",
		    user.name, label);
	if (err == NULL)
		err = db_prepare(auth, "DELETE FROM app_passwords "
		    "WHERE user = ?1 AND label = ?2", &stmt);
	if (err == NULL) {
		sqlite3_bind_int64(stmt, 1, user.id);
		sqlite3_bind_text(stmt, 2, label, -1, SQLITE_STATIC);
		err = db_run(auth, stmt);
	}
	err = end(store, auth, err);
done:
	arena_free(a);
	return err;
}

#define COLUMNS	"label, created, used, expires"

static void
read_row(struct arena *a, sqlite3_stmt *stmt, struct app_password *app)
{
	const char *label = users_text(a, stmt, 0);

	*app = (struct app_password){
		.label = label != NULL ? label : "",
		.created = sqlite3_column_int64(stmt, 1),
		.used = sqlite3_column_int64(stmt, 2),
		.expires = sqlite3_column_int64(stmt, 3)
	};
}

const struct err *
app_password_list(struct store *store, struct arena *a, int64_t id,
    struct app_password **list_r, size_t *n_r)
{
	struct app_password *list;
	const struct err *err;
	sqlite3_stmt *stmt;
	struct db *auth;
	size_t n = 0;
	bool row;

	err = store_auth_db(store, &auth);
	if (err == NULL)
		err = db_prepare(auth, "SELECT " COLUMNS " FROM app_passwords "
		    "WHERE user = ?1 ORDER BY label", &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_int64(stmt, 1, id);
	list = arena_array(a, APP_PASSWORDS_MAX, sizeof(*list));
	while (n < APP_PASSWORDS_MAX &&
	    (err = db_step(auth, stmt, &row)) == NULL && row)
		read_row(a, stmt, &list[n++]);
	db_done(stmt);
	if (err != NULL)
		return err;
	*list_r = list;
	*n_r = n;
	return NULL;
}

const struct err *
app_password_find(struct store *store, struct arena *a, int64_t id,
    const unsigned char hash[32], bool *found_r, struct app_password *app_r)
{
	const struct err *err;
	sqlite3_stmt *stmt;
	struct db *auth;
	bool row;

	err = store_auth_db(store, &auth);
	if (err == NULL)
		err = db_prepare(auth, "SELECT " COLUMNS " FROM app_passwords "
		    "WHERE user = ?1 AND hash = ?2", &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_int64(stmt, 1, id);
	sqlite3_bind_blob(stmt, 2, hash, 32, SQLITE_TRANSIENT);
	err = db_step(auth, stmt, &row);
	if (err == NULL && row)
		read_row(a, stmt, app_r);
	db_done(stmt);
	if (err == NULL)
		*found_r = row;
	return err;
}

const struct err *
app_password_used(struct store *store, int64_t id,
    const struct app_password *app)
{
	int64_t now = now_seconds(), day = now - now % DAY_S;
	const struct err *err;
	sqlite3_stmt *stmt;
	struct db *auth;

	if (app->used == day)
		return NULL;
	err = begin(store, &auth);
	if (err != NULL)
		return err;
	err = db_prepare(auth, "UPDATE app_passwords SET used = ?3 "
	    "WHERE user = ?1 AND label = ?2", &stmt);
	if (err == NULL) {
		sqlite3_bind_int64(stmt, 1, id);
		sqlite3_bind_text(stmt, 2, app->label, -1, SQLITE_STATIC);
		sqlite3_bind_int64(stmt, 3, day);
		err = db_run(auth, stmt);
	}
	return end(store, auth, err);
}
