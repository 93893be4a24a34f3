/* account.c - the mailboxes of one user or one shared mailbox: account.db
 * SPDX-License-Identifier: ISC */
#include "store/account.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/mailbox.h"
#include "store/store-private.h"
#include "util/log.h"
#include "wire/mboxname.h"
#include "wire/respcode.h"

const char *
account_kind_dir(enum account_kind kind)
{
	return kind == ACCOUNT_USER ? "users" : "shared";
}

const char *
account_root(const struct account *account)
{
	return account->kind == ACCOUNT_USER ? "INBOX" : "";
}

struct account *
account_new(struct store *store, enum account_kind kind, const char *name)
{
	struct account *account = calloc(1, sizeof(*account));

	if (account == NULL || (account->name = strdup(name)) == NULL ||
	    asprintf(&account->what, "%s/%s", account_kind_dir(kind),
	    name) == -1 ||
	    asprintf(&account->path, "%s/%s", store_path(store),
	    account->what) == -1)
		fatal("out of memory");
	account->store = store;
	account->kind = kind;
	account->fd = account->lockfd = -1;
	return account;
}

void
account_close(struct account *account)
{
	if (account == NULL)
		return;
	db_settle(account->db, account->lockfd);
	db_close(account->db);
	if (account->lockfd != -1)
		close(account->lockfd);
	if (account->fd != -1)
		close(account->fd);
	free(account->path);
	free(account->what);
	free(account->name);
	free(account);
}

/* Whose directory is missing may have been about to get another name, or to be
 * removed. */
static const struct err *
undo_move(struct store *store)
{
	const struct err *err;
	struct db *db;

	err = store_users_db(store, &db);
	if (err == NULL)
		err = store_lock(store);
	if (err != NULL)
		return err;
	err = account_move_undo(store, db);
	store_unlock(store, false);
	return err;
}

const struct err *
account_open(struct store *store, enum account_kind kind, const char *name,
    struct account **account_r)
{
	struct account *account = account_new(store, kind, name);
	const struct err *err = NULL;

	account->fd = dir_open(store_fd(store), account->what);
	if (account->fd == -1 && errno == ENOENT) {
		err = undo_move(store);
		if (err == NULL)
			account->fd = dir_open(store_fd(store), account->what);
	}
	if (err == NULL && account->fd == -1)
		err = errno == ENOENT ? err_user(RESP_NONEXISTENT,
		    "there is no %s", account->what) :
		    err_errno("%s", account->what);
	if (err == NULL)
		err = lock_open(account->fd, account->what, &account->lockfd);
	if (err == NULL)
		err = db_open(account->path, &schema_account,
		    store_conf(store), account->lockfd, account->what,
		    &account->db);
	if (err != NULL) {
		account_close(account);
		return err;
	}
	*account_r = account;
	return NULL;
}

int
account_stat_dir(struct store *store, enum account_kind kind,
    const char *name, struct stat *st)
{
	char path[STORE_PATH_OCTETS];

	snprintf(path, sizeof(path), "%s/%s", account_kind_dir(kind), name);
	return fstatat(store_fd(store), path, st, AT_SYMLINK_NOFOLLOW);
}

int
account_open_dir(struct store *store, enum account_kind kind,
    const char *name)
{
	char path[STORE_PATH_OCTETS];

	snprintf(path, sizeof(path), "%s/%s", account_kind_dir(kind), name);
	return openat(store_fd(store), path, O_PATH | O_DIRECTORY |
	    O_NOFOLLOW | O_CLOEXEC);
}

enum account_kind
account_kind(const struct account *account)
{
	return account->kind;
}

const char *
account_name(const struct account *account)
{
	return account->name;
}

uint64_t
account_stamp(const struct account *account)
{
	return stamp_get(account->fd);
}

int
account_fd(const struct account *account)
{
	return account->fd;
}

void
account_rest(struct account *account)
{
	db_settle(account->db, account->lockfd);
	db_rest(account->db);
}

/* --- Transactions --- */

const struct err *
account_begin(struct account *account, bool durable)
{
	const struct err *err;

	err = lock_take(account->lockfd);
	if (err != NULL)
		return err;
	err = db_begin(account->db, durable);
	if (err != NULL)
		lock_drop(account->lockfd);
	return err;
}

void
account_keep_copy(struct account *account)
{
	db_keep_copy(account->db, account->fd, &schema_account);
}

static const struct err *
end(struct account *account, const struct err *err, bool touch, bool names)
{
	if (err == NULL)
		err = db_commit(account->db);
	if (err != NULL)
		db_rollback(account->db);
	else if (names)
		account_keep_copy(account);
	lock_drop(account->lockfd);
	if (err == NULL && touch)
		stamp_touch(account->fd);
	return err;
}

const struct err *
account_end(struct account *account, const struct err *err)
{
	return end(account, err, true, true);
}

/* --- Reading rows --- */

#define ROW_COLUMNS							\
	"id, name, special_use, noselect, uidvalidity, uidnext, "	\
	"messages, unseen, deleted, size, highestmodseq, boot"

/* False in *known_r: the counters may be behind. */
static const struct err *
row_read(struct account *account, struct arena *a, sqlite3_stmt *stmt,
    struct mailbox_row *row, bool *known_r)
{
	const char *id = (const char *)sqlite3_column_text(stmt, 0);
	const char *name = (const char *)sqlite3_column_text(stmt, 1);
	const char *use = (const char *)sqlite3_column_text(stmt, 2);
	int64_t validity = sqlite3_column_int64(stmt, 4);
	int64_t uidnext = sqlite3_column_int64(stmt, 5);

	/* A UIDNEXT that is none could make a mailbox look as if it never had
	 * a message. */
	if (id == NULL || name == NULL || !mailbox_id_valid(id) ||
	    validity < 1 || validity > UINT32_MAX || uidnext < 1 ||
	    uidnext >= UINT32_MAX)
		return err_internal("%s/account.db has a bad row; run "
		    "'mboxadm check --repair'", account->what);
	*row = (struct mailbox_row){
		.name = arena_strdup(a, name),
		.special_use = use != NULL ? arena_strdup(a, use) : NULL,
		.noselect = sqlite3_column_int(stmt, 3) != 0,
		.uidvalidity = (uint32_t)validity,
		.uidnext = (uint32_t)uidnext,
		.messages = (uint32_t)sqlite3_column_int64(stmt, 6),
		.unseen = (uint32_t)sqlite3_column_int64(stmt, 7),
		.deleted = (uint32_t)sqlite3_column_int64(stmt, 8),
		.size = (uint64_t)sqlite3_column_int64(stmt, 9),
		.highestmodseq = (uint64_t)sqlite3_column_int64(stmt, 10)
	};
	memcpy(row->id, id, MAILBOX_ID_LEN + 1);
	*known_r = sqlite3_column_int64(stmt, 11) == boot_number();
	row->counted = *known_r || row->noselect;
	return NULL;
}

const struct err *
account_find_row(struct account *account, struct arena *a, const char *sql,
    const char *text, struct mailbox_row *row_r, bool *known_r, bool *found_r)
{
	const struct err *err;
	sqlite3_stmt *stmt;

	err = db_prepare(account->db, sql, &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_text(stmt, 1, text, -1, SQLITE_STATIC);
	err = db_step(account->db, stmt, found_r);
	if (err == NULL && *found_r)
		err = row_read(account, a, stmt, row_r, known_r);
	db_done(stmt);
	return err;
}

const char account_sql_by_name[] =
	"SELECT " ROW_COLUMNS " FROM mailboxes WHERE name = ?1";
const char account_sql_by_id[] =
	"SELECT " ROW_COLUMNS " FROM mailboxes WHERE id = ?1";

const struct err *
account_row(struct account *account, struct arena *a, const char *name,
    struct mailbox_row *row_r)
{
	const struct err *err;
	bool known, found;

	err = account_find_row(account, a, account_sql_by_name, name, row_r,
	    &known, &found);
	if (err == NULL && !found)
		err = err_user(RESP_NONEXISTENT, "No such mailbox");
	return err;
}

const struct err *
account_find(struct account *account, struct arena *a, const char *name,
    struct mailbox_row *row_r)
{
	const struct err *err;
	struct mailbox_row row;

	err = account_row(account, a, name, &row);
	if (err == NULL)
		err = account_count_row(account, &row);
	if (err == NULL)
		*row_r = row;
	return err;
}

static const struct err *
count_rows(struct account *account, const char *sql, size_t *n_r)
{
	const struct err *err;
	sqlite3_stmt *stmt;
	bool row;

	err = db_prepare(account->db, sql, &stmt);
	if (err != NULL)
		return err;
	err = db_step(account->db, stmt, &row);
	if (err == NULL)
		*n_r = (size_t)sqlite3_column_int64(stmt, 0);
	db_done(stmt);
	return err;
}

const struct err *
account_count(struct account *account, size_t *n_r)
{
	return count_rows(account, "SELECT count(*) FROM mailboxes", n_r);
}

const struct err *
account_count_row(struct account *account, struct mailbox_row *row)
{
	const struct err *err;

	if (row->counted)
		return NULL;
	err = mailbox_recount(account, row);
	row->counted = err == NULL;
	return err;
}

const struct err *
account_list(struct account *account, struct arena *a, bool counters,
    struct mailbox_row **rows_r, size_t *n_r)
{
	struct mailbox_row *rows = NULL;
	const struct err *err;
	sqlite3_stmt *stmt = NULL;
	size_t n = 0, max = 0;
	bool row, known;

	err = db_begin_read(account->db);
	if (err != NULL)
		return err;
	err = account_count(account, &max);
	if (err == NULL)
		err = db_prepare(account->db, "SELECT " ROW_COLUMNS
		    " FROM mailboxes ORDER BY name", &stmt);
	if (err == NULL)
		rows = arena_array(a, max, sizeof(*rows));
	while (err == NULL && n < max) {
		err = db_step(account->db, stmt, &row);
		if (err != NULL || !row)
			break;
		err = row_read(account, a, stmt, &rows[n], &known);
		n++;
	}
	db_done(stmt);
	db_end_read(account->db);
	if (err != NULL)
		return err;
	for (size_t i = 0; counters && i < n; i++) {
		/* One damaged mailbox does not hide the others; one that was
		 * deleted meanwhile is no error. */
		err = account_count_row(account, &rows[i]);
		if (err != NULL && err->kind != ERR_USER)
			log_error("%s", err->text);
	}
	*rows_r = rows;
	*n_r = n;
	return NULL;
}

static const struct err *
is_there(struct account *account, const char *sql, const char *name,
    bool *yes_r)
{
	const struct err *err;
	sqlite3_stmt *stmt;

	err = db_prepare(account->db, sql, &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
	err = db_step(account->db, stmt, yes_r);
	db_done(stmt);
	return err;
}

/* Children sort right behind their parent; a shared mailbox's root is above all. */
const struct err *
account_has_children(struct account *account, const char *name, bool *yes_r)
{
	return is_there(account, *name == '\0' ?
	    "SELECT 1 FROM mailboxes WHERE name > ?1 LIMIT 1" :
	    "SELECT 1 FROM mailboxes WHERE "
	    "name > ?1 || char(31) AND name < ?1 || char(32) LIMIT 1",
	    name, yes_r);
}

/* --- Counters --- */

const struct err *
account_counters_mark(struct account *account, const char *id)
{
	const struct err *err;
	sqlite3_stmt *stmt;

	err = account_begin(account, false);
	if (err != NULL)
		return err;
	err = db_prepare(account->db,
	    "UPDATE mailboxes SET boot = 0 WHERE id = ?1", &stmt);
	if (err == NULL) {
		sqlite3_bind_text(stmt, 1, id, -1, SQLITE_STATIC);
		err = db_run(account->db, stmt);
	}
	/* Nobody needs to wake: what is to change is told when it has. */
	return end(account, err, false, false);
}

const struct err *
account_counters_set(struct account *account, const char *id,
    const struct mailbox_state *state)
{
	const struct err *err;
	sqlite3_stmt *stmt;

	err = account_begin(account, false);
	if (err != NULL)
		return err;
	err = db_prepare(account->db, "UPDATE mailboxes SET uidnext = ?2, "
	    "messages = ?3, unseen = ?4, deleted = ?5, size = ?6, "
	    "highestmodseq = ?7, boot = ?8 WHERE id = ?1", &stmt);
	if (err == NULL) {
		sqlite3_bind_text(stmt, 1, id, -1, SQLITE_STATIC);
		sqlite3_bind_int64(stmt, 2, state->uidnext);
		sqlite3_bind_int64(stmt, 3, state->messages);
		sqlite3_bind_int64(stmt, 4, state->unseen);
		sqlite3_bind_int64(stmt, 5, state->deleted);
		sqlite3_bind_int64(stmt, 6, (int64_t)state->size);
		sqlite3_bind_int64(stmt, 7, (int64_t)state->highestmodseq);
		sqlite3_bind_int64(stmt, 8, boot_number());
		err = db_run(account->db, stmt);
	}
	return end(account, err, true, false);
}

const struct err *
account_run_name(struct account *account, const char *sql, const char *name)
{
	const struct err *err;
	sqlite3_stmt *stmt;

	err = db_prepare(account->db, sql, &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
	return db_run(account->db, stmt);
}

/* --- Subscriptions --- */

static const struct err *
check_subscriptions(struct account *account)
{
	const struct err *err;
	size_t n;

	err = count_rows(account, "SELECT count(*) FROM subscriptions", &n);
	if (err == NULL && n >= ACCOUNT_SUBSCRIPTIONS_MAX)
		err = err_user(RESP_LIMIT, "No more than %d subscriptions",
		    ACCOUNT_SUBSCRIPTIONS_MAX);
	return err;
}

const struct err *
account_subscribe(struct account *account, const char *name, bool subscribe)
{
	const struct err *err;

	err = account_begin(account, true);
	if (err != NULL)
		return err;
	err = subscribe ? check_subscriptions(account) : NULL;
	if (err == NULL)
		err = account_run_name(account, subscribe ?
		    "INSERT INTO subscriptions VALUES (?1) "
		    "ON CONFLICT DO NOTHING" :
		    "DELETE FROM subscriptions WHERE name = ?1", name);
	return account_end(account, err);
}

const struct err *
account_subscribed(struct account *account, const char *name, bool *yes_r)
{
	return is_there(account, "SELECT 1 FROM subscriptions WHERE name = ?1",
	    name, yes_r);
}

const struct err *
account_subscriptions(struct account *account, struct arena *a,
    const char ***names_r, size_t *n_r)
{
	const struct err *err;
	const char **names = NULL, *name;
	sqlite3_stmt *stmt;
	size_t n = 0, size = 0;
	bool row;

	err = db_prepare(account->db,
	    "SELECT name FROM subscriptions ORDER BY name", &stmt);
	if (err != NULL)
		return err;
	while ((err = db_step(account->db, stmt, &row)) == NULL && row) {
		if (n == size) {
			const char **more = arena_array(a,
			    size = size == 0 ? 16 : 2 * size, sizeof(*more));

			if (n > 0)
				memcpy(more, names, n * sizeof(*more));
			names = more;
		}
		name = (const char *)sqlite3_column_text(stmt, 0);
		if (name != NULL)
			names[n++] = arena_strdup(a, name);
	}
	db_done(stmt);
	if (err == NULL) {
		*names_r = names;
		*n_r = n;
	}
	return err;
}
