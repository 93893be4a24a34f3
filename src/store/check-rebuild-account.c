/* check-rebuild-account.c - make account.db again from what can be read
 * SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/check-private.h"
#include "util/log.h"

struct rebuild {
	struct store	*store;
	struct account	*old, *new;	/* old: its directory alone is used */
	struct db	*from;		/* the damaged database, or NULL */
	struct db	*copy;		/* of the names, or NULL */
	char		 new_name[STORE_PATH_OCTETS];	/* users/.new-NAME */
	char		 new_path[STORE_PATH_OCTETS];
};

/* --- Rows --- */

static bool
more(struct db *from, sqlite3_stmt *stmt)
{
	bool row;

	return stmt != NULL && db_step(from, stmt, &row) == NULL && row;
}

/* Copy a column as it is. */
static void
bind_column(sqlite3_stmt *out, int i, sqlite3_stmt *in, int column)
{
	sqlite3_bind_value(out, i, sqlite3_column_value(in, column));
}

/* Every row that can be read, by two constant statements. */
static const struct err *
copy_rows(struct rebuild *r, struct db *from, const char *select,
    const char *insert)
{
	sqlite3_stmt *in = NULL, *out;
	const struct err *err = NULL;

	if (from == NULL || db_prepare(from, select, &in) != NULL)
		return NULL;
	while (err == NULL && more(from, in)) {
		err = db_prepare(r->new->db, insert, &out);
		if (err != NULL)
			break;
		for (int i = 0; i < sqlite3_column_count(in); i++)
			bind_column(out, i + 1, in, i);
		err = db_run(r->new->db, out);
		/* A row that breaks a rule of the table is left behind. */
		if (err != NULL && sqlite3_errcode(db_sqlite(r->new->db)) ==
		    SQLITE_CONSTRAINT)
			err = NULL;
	}
	db_done(in);
	return err;
}

static const struct err *
copy_from(struct rebuild *r, struct db *from)
{
	const struct err *err;

	err = copy_rows(r, from, "SELECT id, name, special_use, noselect, "
	    "uidvalidity, uidnext, highestmodseq FROM mailboxes "
	    "WHERE length(id) = 16 AND id NOT GLOB '*[^0-9a-f]*' "
	    "AND typeof(name) = 'text' AND noselect IN (0, 1) "
	    "AND uidvalidity BETWEEN 1 AND 4294967295 "
	    "AND uidnext BETWEEN 1 AND 4294967295 AND highestmodseq > 0",
	    "INSERT INTO mailboxes(id, name, special_use, noselect, "
	    "uidvalidity, uidnext, highestmodseq) "
	    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT(id) DO UPDATE "
	    "SET uidnext = max(uidnext, excluded.uidnext), highestmodseq = "
	    "max(highestmodseq, excluded.highestmodseq)");
	if (err == NULL)
		err = copy_rows(r, from, "SELECT name FROM subscriptions "
		    "WHERE typeof(name) = 'text'",
		    "INSERT OR IGNORE INTO subscriptions VALUES (?1)");
	return err != NULL ? err : copy_rows(r, from,
	    "SELECT uidvalidity FROM account "
	    "WHERE uidvalidity BETWEEN 0 AND 4294967295",
	    "UPDATE account SET uidvalidity = max(uidvalidity, ?1)");
}

/* First the copy, which is sound: the damaged one knows later counters. */
static const struct err *
copy_all(struct rebuild *r)
{
	const struct err *err = copy_from(r, r->copy);

	if (err == NULL)
		err = copy_from(r, r->from);
	return err == NULL ? db_exec(r->new->db, "UPDATE account SET "
	    "uidvalidity = max(uidvalidity, "
	    "(SELECT coalesce(max(uidvalidity), 0) FROM mailboxes)); "
	    /* Which names had which is lost: none may come back with less. */
	    "INSERT INTO former SELECT char(31), uidvalidity FROM account") :
	    err;
}

static const struct err *
add_root(struct rebuild *r)
{
	struct arena *a = arena_new();
	const char *root = account_root(r->new);
	struct mailbox_row row;
	const struct err *err;
	bool known, found;

	err = account_find_row(r->new, a, account_sql_by_name, root, &row,
	    &known, &found);
	if (err == NULL && !found)
		err = account_insert_mailbox(r->new, root, NULL);
	arena_free(a);
	return err;
}

/* --- Directories --- */

static const struct err *
new_account(struct rebuild *r)
{
	const struct conf *conf = store_conf(r->store);
	struct account *new = r->new;
	int storefd = store_fd(r->store);
	const struct err *err;

	/* One that a check left that was cut off holds mailboxes by now. */
	if (mkdirat(storefd, r->new_name, 0700) == -1 && errno != EEXIST)
		return err_errno("%s", r->new_name);
	new->fd = dir_open(storefd, r->new_name);
	if (new->fd == -1)
		return err_errno("%s", r->new_name);
	err = lock_open(new->fd, r->new_name, &new->lockfd);
	if (err == NULL)
		err = db_create(r->new_path, new->fd, &schema_account, conf);
	return err != NULL ? err : db_open(r->new_path, &schema_account, conf,
	    new->lockfd, r->new_name, &new->db);
}

static const struct err *
keep_damaged(struct rebuild *r)
{
	static const char *const ends[] = { "", "-wal", "-journal" };
	struct stat st;

	for (size_t i = 0; i < 3; i++) {
		char from[40], to[40];

		snprintf(from, sizeof(from), "account.db%s", ends[i]);
		snprintf(to, sizeof(to), "account.db.damaged%s", ends[i]);
		if (linkat(r->old->fd, from, r->new->fd, to, 0) == 0 ||
		    errno == ENOENT || errno == EEXIST)
			continue;
		/* A directory in its place is not worth keeping. */
		if (errno != EPERM || fstatat(r->old->fd, from, &st,
		    AT_SYMLINK_NOFOLLOW) == -1 || !S_ISDIR(st.st_mode))
			return err_errno("%s/%s", r->old->what, from);
	}
	return NULL;
}

static const struct err *
move_mailboxes(struct rebuild *r)
{
	struct arena *a = arena_new();
	const struct err *err;
	const char **names;
	size_t n;

	err = check_names(a, r->old->fd, r->old->what, &names, &n);
	for (size_t i = 0; err == NULL && i < n; i++) {
		if (!mailbox_id_valid(names[i]) &&
		    strcmp(names[i], "deleted") != 0 &&
		    strncmp(names[i], ".old-", 5) != 0)
			continue;
		if (renameat(r->old->fd, names[i], r->new->fd, names[i]) == -1)
			err = err_errno("%s/%s", r->old->what, names[i]);
	}
	arena_free(a);
	return err;
}

static const struct err *
exchange(struct rebuild *r)
{
	int fd = store_fd(r->store);
	char aside[STORE_PATH_OCTETS];

	if (renameat2(fd, r->new_name, fd, r->old->what,
	    RENAME_EXCHANGE) == 0)
		return NULL;
	if (errno != EINVAL && errno != ENOSYS)
		return err_errno("%s", r->old->what);
	snprintf(aside, sizeof(aside), "%s/.removed-%s",
	    account_kind_dir(r->old->kind), r->old->name);
	if (renameat(fd, r->old->what, fd, aside) == -1 ||
	    renameat(fd, r->new_name, fd, r->old->what) == -1 ||
	    renameat(fd, aside, fd, r->new_name) == -1)
		return err_errno("%s", r->old->what);
	return NULL;
}

/* Fill the new directory; nothing but the moves changes the old one. */
static const struct err *
fill(struct rebuild *r)
{
	const struct err *err = new_account(r);

	if (err == NULL)
		err = account_begin(r->new, true);
	if (err != NULL)
		return err;
	err = copy_all(r);
	if (err == NULL)
		err = add_root(r);
	err = account_end(r->new, err);
	if (err == NULL)
		err = keep_damaged(r);
	return err != NULL ? err : move_mailboxes(r);
}

const struct err *
check_rebuild_account(struct store *store, enum account_kind kind,
    const char *name)
{
	struct rebuild r = { .store = store };
	const struct err *err = NULL;

	r.old = account_new(store, kind, name);
	r.new = account_new(store, kind, name);
	snprintf(r.new_name, sizeof(r.new_name), "%s/.new-%s",
	    account_kind_dir(kind), name);
	if ((size_t)snprintf(r.new_path, sizeof(r.new_path), "%s/%s",
	    store_path(store), r.new_name) >= sizeof(r.new_path))
		err = err_internal("%s: path too long", r.new_name);
	/* Its own path: the name is still the old one's. */
	free(r.new->path);
	if ((r.new->path = strdup(r.new_path)) == NULL)
		fatal("out of memory");
	r.old->fd = dir_open(store_fd(store), r.old->what);
	if (err == NULL && r.old->fd == -1)
		err = err_errno("%s", r.old->what);
	if (err == NULL && faccessat(r.old->fd, schema_account.file, F_OK,
	    0) == 0 && db_open_any(r.old->path, schema_account.file,
	    &r.from) != NULL)
		r.from = NULL;
	if (err == NULL)
		err = db_open_copy(r.old->path, r.old->fd, &schema_account,
		    &r.copy);
	if (err == NULL)
		err = fill(&r);
	db_close(r.from);
	db_close(r.copy);
	if (err == NULL && syncfs(r.new->fd) == -1)
		err = err_errno("%s: syncfs", r.new_name);
	if (err == NULL)
		err = exchange(&r);
	/* Who has the old directory open finds no mailbox in it any more. */
	if (r.old->fd != -1)
		stamp_touch(r.old->fd);
	stamp_touch(store_fd(store));
	account_close(r.old);
	account_close(r.new);
	return err != NULL ? err : dir_remove(store_fd(store), r.new_name,
	    DIR_LEVELS);
}
