/* credentials.c - what users prove with who they are: auth.db
 * SPDX-License-Identifier: ISC */
#include "store/credentials.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/store-private.h"
#include "store/users-private.h"
#include "util/log.h"

/* --- SCRAM keys as one value --- */

#define SCRAM_BLOB_OCTETS	(4 + SCRAM_SALT_OCTETS + 2 * 20 + 2 * 32)

/* The keys of a blob, in its order. */
static void
each_key(struct scram_keys *keys, unsigned char *blob,
    void (*copy)(unsigned char *key, unsigned char *at, size_t len))
{
	unsigned char *at = blob + 4;

	copy(keys->salt, at, SCRAM_SALT_OCTETS);
	at += SCRAM_SALT_OCTETS;
	for (int hash = 0; hash < HASH_N; hash++) {
		size_t len = hash_octets((enum hash)hash);

		copy(keys->stored[hash], at, len);
		copy(keys->server[hash], at + len, len);
		at += 2 * len;
	}
}

static void
copy_out(unsigned char *key, unsigned char *at, size_t len)
{
	memcpy(at, key, len);
}

static void
copy_in(unsigned char *key, unsigned char *at, size_t len)
{
	memcpy(key, at, len);
}

static void
scram_pack(const struct scram_keys *keys, unsigned char *blob)
{
	struct scram_keys copy = *keys;

	for (int i = 0; i < 4; i++)
		blob[i] = (unsigned char)(keys->iterations >> (24 - 8 * i));
	each_key(&copy, blob, copy_out);
	explicit_bzero(&copy, sizeof(copy));
}

/* What is none is as if there were none. */
static void
scram_unpack(sqlite3_stmt *stmt, int column, struct scram_keys *keys)
{
	const void *value = sqlite3_column_blob(stmt, column);
	unsigned char blob[SCRAM_BLOB_OCTETS];

	*keys = (struct scram_keys){ 0 };
	if (value == NULL ||
	    sqlite3_column_bytes(stmt, column) != SCRAM_BLOB_OCTETS)
		return;
	memcpy(blob, value, sizeof(blob));
	for (int i = 0; i < 4; i++)
		keys->iterations = keys->iterations << 8 | blob[i];
	each_key(keys, blob, copy_in);
	explicit_bzero(blob, sizeof(blob));
}

static void
bind_scram(sqlite3_stmt *stmt, int i, const struct scram_keys *keys)
{
	unsigned char blob[SCRAM_BLOB_OCTETS];

	scram_pack(keys, blob);
	sqlite3_bind_blob(stmt, i, blob, sizeof(blob), SQLITE_TRANSIENT);
	explicit_bzero(blob, sizeof(blob));
}

/* --- Rows --- */

const struct err *
auth_end(struct db *auth, const struct err *err)
{
	return db_end(auth, err);
}

const struct err *
credentials_set(struct db *auth, int64_t id, const char *hash,
    const struct scram_keys *keys)
{
	const struct err *err;
	sqlite3_stmt *stmt;

	err = db_begin(auth, true);
	if (err == NULL)
		err = db_prepare(auth, "INSERT INTO credentials"
		    "(user, password, scram) VALUES (?1, ?2, ?3) "
		    "ON CONFLICT(user) DO UPDATE SET password = ?2, scram = ?3",
		    &stmt);
	if (err == NULL) {
		sqlite3_bind_int64(stmt, 1, id);
		if (hash != NULL)
			sqlite3_bind_text(stmt, 2, hash, -1, SQLITE_STATIC);
		if (keys != NULL)
			bind_scram(stmt, 3, keys);
		err = db_run(auth, stmt);
	}
	return auth_end(auth, err);
}

static const struct err *
delete_of(struct db *auth, const char *sql, int64_t id)
{
	const struct err *err;
	sqlite3_stmt *stmt;

	err = db_prepare(auth, sql, &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_int64(stmt, 1, id);
	return db_run(auth, stmt);
}

const struct err *
credentials_forget(struct db *auth, int64_t id)
{
	const struct err *err;

	err = db_begin(auth, true);
	if (err == NULL)
		err = delete_of(auth,
		    "DELETE FROM credentials WHERE user = ?1", id);
	if (err == NULL)
		err = delete_of(auth,
		    "DELETE FROM app_passwords WHERE user = ?1", id);
	return auth_end(auth, err);
}

const struct err *
credentials_find(struct store *store, struct arena *a, int64_t id,
    struct credentials *credentials_r)
{
	const struct err *err;
	sqlite3_stmt *stmt;
	struct db *auth;
	bool row;

	err = store_auth_db(store, &auth);
	if (err == NULL)
		err = db_prepare(auth, "SELECT password, scram "
		    "FROM credentials WHERE user = ?1", &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_int64(stmt, 1, id);
	err = db_step(auth, stmt, &row);
	if (err == NULL)
		*credentials_r = (struct credentials){ .password = NULL };
	if (err == NULL && row) {
		credentials_r->password = users_text(a, stmt, 0);
		scram_unpack(stmt, 1, &credentials_r->scram);
	}
	db_done(stmt);
	return err;
}

const struct err *
credentials_set_scram(struct store *store, int64_t id, const char *hash,
    const struct scram_keys *keys)
{
	const struct err *err;
	sqlite3_stmt *stmt;
	struct db *auth;

	err = store_auth_db(store, &auth);
	if (err == NULL)
		err = store_lock(store);
	if (err != NULL)
		return err;
	err = db_begin(auth, true);
	if (err == NULL)
		err = db_prepare(auth, "UPDATE credentials SET scram = ?3 "
		    "WHERE user = ?1 AND password = ?2", &stmt);
	if (err == NULL) {
		sqlite3_bind_int64(stmt, 1, id);
		sqlite3_bind_text(stmt, 2, hash, -1, SQLITE_STATIC);
		bind_scram(stmt, 3, keys);
		err = db_run(auth, stmt);
	}
	err = auth_end(auth, err);
	store_unlock(store, false);
	return err;
}

/* --- The store's secret --- */

static const struct err *
secret_read(struct db *auth, unsigned char secret[SECRET_OCTETS], bool *yes_r)
{
	const struct err *err;
	sqlite3_stmt *stmt;
	bool row;

	err = db_prepare(auth, "SELECT octets FROM secret "
	    "WHERE length(octets) = 32", &stmt);
	if (err != NULL)
		return err;
	err = db_step(auth, stmt, &row);
	if (err == NULL && row)
		memcpy(secret, sqlite3_column_blob(stmt, 0), SECRET_OCTETS);
	db_done(stmt);
	if (err == NULL)
		*yes_r = row;
	return err;
}
_Static_assert(SECRET_OCTETS == 32, "the length in the statement");

static const struct err *
secret_make(struct db *auth)
{
	unsigned char secret[SECRET_OCTETS];
	const struct err *err;
	sqlite3_stmt *stmt;

	err = db_prepare(auth, "INSERT OR REPLACE INTO secret VALUES (1, ?1)",
	    &stmt);
	if (err != NULL)
		return err;
	arc4random_buf(secret, sizeof(secret));
	sqlite3_bind_blob(stmt, 1, secret, sizeof(secret), SQLITE_TRANSIENT);
	explicit_bzero(secret, sizeof(secret));
	return db_run(auth, stmt);
}

const struct err *
credentials_secret(struct store *store, unsigned char secret_r[SECRET_OCTETS])
{
	const struct err *err;
	bool yes = false;
	struct db *auth;

	err = store_auth_db(store, &auth);
	if (err == NULL)
		err = secret_read(auth, secret_r, &yes);
	if (err != NULL || yes)
		return err;
	err = store_lock(store);
	if (err != NULL)
		return err;
	err = db_begin(auth, true);
	/* Another process may have been first. */
	if (err == NULL)
		err = secret_read(auth, secret_r, &yes);
	if (err == NULL && !yes)
		err = secret_make(auth);
	if (err == NULL)
		err = secret_read(auth, secret_r, &yes);
	err = auth_end(auth, err);
	store_unlock(store, false);
	return err;
}

const struct err *
credentials_secret_in(const char *dir, unsigned char secret_r[SECRET_OCTETS],
    bool *yes_r)
{
	const struct err *err;
	struct db *auth = NULL;

	*yes_r = false;
	err = db_open_any(dir, schema_auth.file, &auth);
	if (err == NULL)
		err = secret_read(auth, secret_r, yes_r);
	db_close(auth);
	return err;
}

/* --- A store of before --- */

static const struct err *
copy_hashes(struct db *users, struct db *auth)
{
	const struct err *err;
	sqlite3_stmt *in, *out;
	bool row = false;

	err = db_prepare(users, "SELECT id, password FROM users "
	    "WHERE password IS NOT NULL", &in);
	if (err != NULL)
		return err;
	while ((err = db_step(users, in, &row)) == NULL && row) {
		err = db_prepare(auth, "INSERT INTO credentials"
		    "(user, password) VALUES (?1, ?2)", &out);
		if (err != NULL)
			break;
		sqlite3_bind_value(out, 1, sqlite3_column_value(in, 0));
		sqlite3_bind_value(out, 2, sqlite3_column_value(in, 1));
		err = db_run(auth, out);
		if (err != NULL)
			break;
	}
	db_done(in);
	return err;
}

/* After a crash before users.db's step is committed all of it is done again. */
const struct err *
credentials_take_over(struct db *users, const char *dir,
    const struct conf *conf)
{
	const struct err *err;
	struct db *auth = NULL;
	int fd;

	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return err_errno("%s", dir);
	/* Hashes are not to stay in free pages either. */
	err = db_exec(users, "PRAGMA secure_delete=ON");
	if (err == NULL)
		err = db_create(dir, fd, &schema_auth, conf);
	close(fd);
	if (err == NULL)
		err = db_open(dir, &schema_auth, conf, -1, dir, &auth);
	if (err == NULL)
		err = db_begin(auth, true);
	if (err == NULL)
		err = auth_end(auth, copy_hashes(users, auth));
	db_close(auth);
	return err;
}
