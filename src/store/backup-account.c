/* backup-account.c - one account goes into a backup
 * SPDX-License-Identifier: ISC */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/backup-private.h"
#include "store/check-private.h"
#include "util/log.h"
#include "wire/respcode.h"

#define ACCOUNT_COPY	"account.db" DB_COPY_END

/* --- account.db --- */

const struct err *
stage_account(struct transfer *t, enum account_kind kind, const char *name)
{
	struct arena *a = arena_new();
	struct account *account = NULL;
	struct mailbox_row *rows;
	const struct err *err;
	char dir[STORE_PATH_OCTETS];
	int fd = -1;
	size_t n;

	err = account_open(t->from, kind, name, &account);
	/* What a writer left that died is settled, so that the modseqs tell.  A
	 * backup stays as it is. */
	if (err == NULL && !t->restore)
		err = account_list(account, a, true, &rows, &n);
	if (err == NULL)
		err = make_dir(store_fd(t->stage), account->what);
	if (err == NULL &&
	    (fd = dir_open(store_fd(t->stage), account->what)) == -1)
		err = err_errno("%s", account->what);
	if (err == NULL) {
		snprintf(dir, sizeof(dir), "%s/%s", store_path(t->stage),
		    account->what);
		err = db_snapshot(account->db, account->lockfd, dir, fd,
		    schema_account.file);
	}
	if (fd != -1)
		close(fd);
	account_close(account);
	arena_free(a);
	return err;
}

/* --- Its mailboxes --- */

struct moving {
	struct transfer	*t;
	struct account	*from, *stage;
	struct arena	*a;
	struct mailbox_row *rows;
	size_t		 rows_n;
};

/* Deleted since its row was copied: its directory is elsewhere. */
static const struct err *
open_mailbox(struct moving *v, const struct mailbox_row *row,
    struct mailbox **m_r)
{
	const struct err *err = mailbox_open_row(v->from, row, m_r), *first;

	if (err == NULL || err->kind != ERR_USER || v->t->restore)
		return err;
	first = err;
	err = mailbox_open_deleted(v->from, row, m_r);
	return err != NULL && err->kind == ERR_USER ? first : err;
}

/* By what is to be there, not by the time at which it is looked at. */
static const struct err *
set_counters(struct moving *v, const struct mailbox_row *row,
    const struct mailbox_state *s)
{
	struct db *db = v->stage->db;
	const struct err *err;
	sqlite3_stmt *stmt;

	err = db_prepare(db, "UPDATE mailboxes SET uidnext = ?2, "
	    "messages = ?3, unseen = ?4, deleted = ?5, size = ?6, "
	    "highestmodseq = ?7 WHERE id = ?1", &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_text(stmt, 1, row->id, -1, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 2, s->uidnext);
	sqlite3_bind_int64(stmt, 3, s->messages);
	sqlite3_bind_int64(stmt, 4, s->unseen);
	sqlite3_bind_int64(stmt, 5, s->deleted);
	sqlite3_bind_int64(stmt, 6, (int64_t)s->size);
	sqlite3_bind_int64(stmt, 7, (int64_t)s->highestmodseq);
	return db_run(db, stmt);
}

static const struct err *
one_mailbox(struct moving *v, const struct mailbox_row *row)
{
	const char *to = arena_printf(v->a, "%s/%s", v->stage->what, row->id);
	struct mailbox_state state;
	struct mailbox *m = NULL;
	const struct err *err;
	bool skipped;

	err = open_mailbox(v, row, &m);
	if (err == NULL)
		err = transfer_mailbox(v->t, m, to, v->t->restore ? UINT64_MAX :
		    row->highestmodseq, &skipped, &state);
	if (err == NULL && skipped)
		v->t->result->messages += row->messages;
	else if (err == NULL)
		err = set_counters(v, row, &state);
	mailbox_close(m);
	return err;
}

/* Right when they are looked at, as a machine that starts has them. */
static const char sql_in_doubt[] = "UPDATE mailboxes SET boot = 0";

/*
 * Above all that were given since, as far as a clock can tell, also where many
 * were given at once.
 */
static const struct err *
renew_validity(struct db *db, bool all)
{
	const struct err *err;

	err = db_exec(db, "UPDATE account SET uidvalidity = "
	    "max(uidvalidity + 1, unixepoch()) + 100000");
	if (err == NULL)
		err = db_exec(db, all ? "UPDATE mailboxes SET uidvalidity = "
		    "(SELECT a.uidvalidity FROM account a) + n FROM (SELECT "
		    "id AS which, row_number() OVER () - 1 AS n "
		    "FROM mailboxes) WHERE id = which" :
		    "UPDATE mailboxes SET uidvalidity = "
		    "(SELECT a.uidvalidity FROM account a) + n FROM (SELECT "
		    "id AS which, row_number() OVER () - 1 AS n "
		    "FROM mailboxes WHERE uidnext = 1) WHERE id = which");
	return err != NULL ? err : db_exec(db, "UPDATE account SET "
	    "uidvalidity = max(uidvalidity, "
	    "(SELECT coalesce(max(uidvalidity), 0) FROM mailboxes))");
}

static const struct err *
all_mailboxes(struct moving *v)
{
	struct transfer *t = v->t;
	struct db *db = v->stage->db;
	const struct err *err, *failed;

	err = db_exec(db, "BEGIN");
	if (err == NULL)
		err = db_exec(db, sql_in_doubt);
	for (size_t i = 0; err == NULL && i < v->rows_n; i++) {
		if (v->rows[i].noselect)
			continue;
		failed = one_mailbox(v, &v->rows[i]);
		if (failed != NULL)
			err = transfer_failed(t, arena_printf(v->a, "%s/%s",
			    v->stage->what, v->rows[i].id), failed);
	}
	if (err == NULL && t->restore)
		err = renew_validity(db, t->options->uids == BACKUP_UIDS_NEW);
	return db_end(db, err);
}

const struct err *
transfer_account(struct transfer *t, enum account_kind kind, const char *name)
{
	struct moving v = { .t = t, .a = arena_new() };
	const struct err *err;

	t->result->accounts++;
	err = account_open(t->from, kind, name, &v.from);
	if (err == NULL)
		err = account_open(t->stage, kind, name, &v.stage);
	if (err == NULL)
		err = db_careless(v.stage->db);
	if (err == NULL)
		err = account_list(v.stage, v.a, false, &v.rows, &v.rows_n);
	if (err == NULL)
		err = all_mailboxes(&v);
	if (err == NULL)
		account_keep_copy(v.stage);
	account_close(v.stage);
	account_close(v.from);
	arena_free(v.a);
	return err;
}

/* --- Into its place --- */

/* What belongs into an account's directory; sorted. */
static const char **
names_of_account(struct moving *v, size_t *n_r)
{
	static const char *const files[] = { "lock", "account.db",
	    ACCOUNT_COPY };
	const size_t files_n = sizeof(files) / sizeof(files[0]);
	const char **names = arena_array(v->a, v->rows_n + files_n,
	    sizeof(*names));
	size_t n = files_n;

	memcpy(names, files, sizeof(files));
	for (size_t i = 0; i < v->rows_n; i++)
		if (!v->rows[i].noselect)
			names[n++] = v->rows[i].id;
	names_sort(names, n);
	*n_r = n;
	return names;
}

/* Mailboxes that are gone, and what another who used the backup left. */
static const struct err *
clean_account(struct moving *v)
{
	const char *what = v->stage->what;
	const struct err *err = NULL;
	const char **names, **known;
	size_t n = 0, known_n;
	int fd = dir_open(store_fd(v->t->to), what);

	if (fd == -1)
		return err_errno("%s", what);
	err = check_names(v->a, fd, what, &names, &n);
	known = names_of_account(v, &known_n);
	for (size_t i = 0; err == NULL && i < n; i++) {
		if (names_have(known, known_n, names[i]) ||
		    unlinkat(fd, names[i], 0) == 0)
			continue;
		if (errno == EISDIR || errno == EPERM)
			err = dir_remove(fd, names[i], DIR_LEVELS);
		else if (errno != ENOENT)
			err = err_errno("%s/%s", what, names[i]);
	}
	close(fd);
	return err;
}

static const struct err *
install_database(struct moving *v)
{
	const char *what = v->stage->what;
	const struct err *err;

	err = install_db(v->t, what, &schema_account);
	/* One that could not be made is not missed. */
	if (err == NULL)
		err = install_file(v->t, arena_printf(v->a, "%s/" ACCOUNT_COPY,
		    what));
	/* Who reads from where nobody can write needs one that is there. */
	return err != NULL ? err : install_file(v->t, arena_printf(v->a,
	    "%s/lock", what));
}

const struct err *
install_account(struct transfer *t, enum account_kind kind, const char *name)
{
	struct moving v = { .t = t, .a = arena_new() };
	const struct err *err;
	bool *staged = NULL;

	err = account_open(t->stage, kind, name, &v.stage);
	if (err == NULL)
		err = account_list(v.stage, v.a, false, &v.rows, &v.rows_n);
	if (err == NULL)
		err = make_dir(store_fd(t->to), v.stage->what);
	if (err == NULL)
		staged = arena_array(v.a, v.rows_n, sizeof(*staged));
	for (size_t i = 0; err == NULL && i < v.rows_n; i++)
		if (!v.rows[i].noselect)
			err = install_mailbox(t, arena_printf(v.a, "%s/%s",
			    v.stage->what, v.rows[i].id), &staged[i]);
	if (err == NULL)
		err = install_database(&v);
	/* What could not be copied is not known to be gone. */
	for (size_t i = 0; err == NULL && i < v.rows_n; i++)
		if (staged[i] || (t->clean && t->result->problems == 0 &&
		    !v.rows[i].noselect))
			err = clean_mailbox(t, arena_printf(v.a, "%s/%s",
			    v.stage->what, v.rows[i].id));
	if (err == NULL)
		err = clean_account(&v);
	account_close(v.stage);
	arena_free(v.a);
	return err;
}
