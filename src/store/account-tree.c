/* account-tree.c - CREATE, DELETE and RENAME in account.db
 * SPDX-License-Identifier: ISC */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/backup.h"
#include "store/store-private.h"
#include "util/log.h"
#include "wire/mboxname.h"
#include "wire/respcode.h"

/* --- Creating --- */

bool
mailbox_id_valid(const char *id)
{
	return strlen(id) == MAILBOX_ID_LEN &&
	    strspn(id, "0123456789abcdef") == MAILBOX_ID_LEN;
}

void
mailbox_new_id(char id[MAILBOX_ID_LEN + 1])
{
	uint64_t random;

	arc4random_buf(&random, sizeof(random));
	snprintf(id, MAILBOX_ID_LEN + 1, "%016llx",
	    (unsigned long long)random);
}

/* RFC 9051 2.3.1.1: greater than any that a mailbox of the name ever had. */
static const struct err *
next_uidvalidity(struct account *account, uint32_t *value_r)
{
	const struct err *err;
	sqlite3_stmt *stmt;
	bool row;

	err = db_prepare(account->db, "UPDATE account SET uidvalidity = "
	    "max(uidvalidity + 1, ?1) RETURNING uidvalidity", &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_int64(stmt, 1, now_seconds());
	err = db_step(account->db, stmt, &row);
	if (err == NULL && (!row ||
	    sqlite3_column_int64(stmt, 0) > UINT32_MAX))
		err = err_internal("%s: no UIDVALIDITY left", account->what);
	if (err == NULL)
		*value_r = (uint32_t)sqlite3_column_int64(stmt, 0);
	db_done(stmt);
	return err;
}

/* Empty, or (uidnext above 1) with what its database is yet to be asked for. */
static const struct err *
insert_row(struct account *account, const char *id, const char *name,
    const char *special_use, uint32_t uidnext)
{
	uint32_t uidvalidity;
	const struct err *err;
	sqlite3_stmt *stmt;

	err = next_uidvalidity(account, &uidvalidity);
	if (err == NULL)
		err = db_prepare(account->db, "INSERT INTO mailboxes"
		    "(id, name, special_use, noselect, uidvalidity, uidnext, "
		    "boot) VALUES (?1, ?2, ?3, 0, ?4, ?5, ?6)", &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_text(stmt, 1, id, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 2, name, -1, SQLITE_STATIC);
	if (special_use != NULL)
		sqlite3_bind_text(stmt, 3, special_use, -1, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 4, uidvalidity);
	sqlite3_bind_int64(stmt, 5, uidnext);
	sqlite3_bind_int64(stmt, 6, uidnext > 1 ? 0 : boot_number());
	return db_run(account->db, stmt);
}

const struct err *
account_insert_mailbox(struct account *account, const char *name,
    const char *special_use)
{
	char id[MAILBOX_ID_LEN + 1];
	const struct err *err;

	mailbox_new_id(id);
	if (mkdirat(account->fd, id, 0700) == -1)
		return err_errno("%s/%s", account->what, id);
	err = insert_row(account, id, name, special_use, 1);
	if (err != NULL)
		unlinkat(account->fd, id, AT_REMOVEDIR);
	return err;
}

/* A name that was only a name becomes a mailbox: with a fresh directory. */
static const struct err *
revive_mailbox(struct account *account, const char *name,
    const char *special_use)
{
	const struct err *err;
	sqlite3_stmt *stmt;

	err = db_prepare(account->db,
	    "DELETE FROM mailboxes WHERE name = ?1", &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
	err = db_run(account->db, stmt);
	return err != NULL ? err : account_insert_mailbox(account, name, special_use);
}

static const struct err *
check_room(struct account *account)
{
	const struct err *err;
	size_t n;

	err = account_count(account, &n);
	if (err == NULL && n >= ACCOUNT_MAILBOXES_MAX)
		err = err_user(RESP_LIMIT, "No more than %d mailboxes",
		    ACCOUNT_MAILBOXES_MAX);
	return err;
}

/* RFC 9051 6.3.4: the superior names that name needs. */
static const struct err *
create_parents(struct account *account, struct arena *a, const char *name)
{
	struct mailbox_row row;
	const struct err *err;
	const char *parent;
	bool known, found;

	/* A shared root has the name "". */
	for (size_t i = 0; name[i] != '\0'; i++) {
		if (i == 0 || name[i] != MBOXNAME_SEP)
			continue;
		parent = arena_memdup(a, name, i);
		err = account_find_row(account, a, account_sql_by_name, parent,
		    &row, &known, &found);
		if (err == NULL && !found &&
		    (err = check_room(account)) == NULL)
			err = account_insert_mailbox(account, parent, NULL);
		if (err != NULL)
			return err;
	}
	return NULL;
}

/* RFC 6154 3: a special use moves to the mailbox that it was given last. */
static const struct err *
take_special_use(struct account *account, struct arena *a, const char *uses)
{
	const struct err *err = NULL;
	size_t len;

	for (; err == NULL && uses != NULL && *uses != '\0'; uses += len) {
		uses += strspn(uses, " ");
		len = strcspn(uses, " ");
		err = account_run_name(account, "UPDATE mailboxes "
		    "SET special_use = nullif(trim(replace("
		    "' ' || special_use || ' ', ' ' || ?1 || ' ', ' ')), '') "
		    "WHERE instr(' ' || special_use || ' ', "
		    "' ' || ?1 || ' ') > 0", arena_memdup(a, uses, len));
	}
	return err;
}

const struct err *
account_create_in(struct account *account, struct arena *a, const char *name,
    const char *special_use)
{
	struct mailbox_row row;
	const struct err *err;
	bool known, found;

	err = check_room(account);
	if (err == NULL)
		err = account_find_row(account, a, account_sql_by_name, name,
		    &row, &known, &found);
	if (err != NULL)
		return err;
	if (found && !row.noselect)
		return err_user(RESP_ALREADYEXISTS, "Mailbox exists already");
	err = take_special_use(account, a, special_use);
	if (err != NULL)
		return err;
	if (found)
		return revive_mailbox(account, name, special_use);
	err = create_parents(account, a, name);
	return err != NULL ? err : account_insert_mailbox(account, name, special_use);
}

const struct err *
account_create(struct account *account, const char *name,
    const char *special_use, struct mailbox_row *row_r)
{
	struct arena *a = arena_new();
	const struct err *err;

	err = account_begin(account, true);
	if (err != NULL)
		goto done;
	err = account_create_in(account, a, name, special_use);
	/* Directories before the rows that name them. */
	if (err == NULL && fsync(account->fd) == -1)
		err = err_errno("%s: fsync", account->what);
	err = account_end(account, err);
done:
	arena_free(a);
	if (err == NULL && row_r != NULL) {
		a = arena_new();
		err = account_row(account, a, name, row_r);
		row_r->name = name;
		row_r->special_use = special_use;
		arena_free(a);
	}
	return err;
}

/* --- Taking in --- */

#define DELETED_OCTETS	32
static const char *
deleted_path(const char *id, char path[DELETED_OCTETS])
{
	snprintf(path, DELETED_OCTETS, "deleted/%s", id);
	return path;
}

/*
 * others: it may be another's DELETE that was cut off, who may have left its commit
 * where nobody sees it: the row is not to go when the directory is back.
 */
static bool
put_back(struct account *account, const char *id, bool others)
{
	const struct err *err = NULL;
	char from[DELETED_OCTETS];

	if (faccessat(account->fd, deleted_path(id, from), F_OK,
	    AT_SYMLINK_NOFOLLOW) == -1)
		return false;
	if (others && (err = db_overwrite(account->db)) != NULL)
		log_error("%s/%s: %s", account->what, id, err->text);
	if (err != NULL || renameat(account->fd, from, account->fd, id) == -1)
		return false;
	if (others)
		log_info("%s/%s is back: a DELETE was cut off", account->what,
		    id);
	return true;
}

static const struct err *
has_row(struct account *account, const char *id, bool *yes_r)
{
	struct arena *a = arena_new();
	const struct err *err;
	struct mailbox_row row;
	bool known, found = false;

	err = account_find_row(account, a, account_sql_by_id, id, &row, &known,
	    &found);
	*yes_r = err == NULL && found && !row.noselect;
	arena_free(a);
	return err;
}

/* The directory of a mailbox that has a row, from among the deleted to its place. */
static bool
bring_back(struct account *account, const char *id, bool others)
{
	bool yes;

	return has_row(account, id, &yes) == NULL && yes &&
	    (faccessat(account->fd, id, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
	    put_back(account, id, others));
}

static const struct err *
adopt_in(struct account *account, struct arena *a, const char *name,
    const char *id, uint32_t uidnext)
{
	struct mailbox_row row;
	const struct err *err;
	bool known, found;

	err = check_room(account);
	if (err == NULL)
		err = account_find_row(account, a, account_sql_by_name, name,
		    &row, &known, &found);
	if (err == NULL && found && !row.noselect)
		err = err_user(RESP_ALREADYEXISTS, "Mailbox exists already");
	if (err == NULL)
		err = found ? account_run_name(account,
		    "DELETE FROM mailboxes WHERE name = ?1", name) :
		    create_parents(account, a, name);
	return err != NULL ? err : insert_row(account, id, name, NULL, uidnext);
}

/*
 * Into the place that the row tells of.  That is committed: whatever fails here,
 * who opens the mailbox next tries again.
 */
static void
put_adopted(struct account *account, const char *id)
{
	const struct err *err = lock_take(account->lockfd);

	if (err != NULL || !bring_back(account, id, false))
		log_warning("%s/%s is not at its place yet%s%s", account->what,
		    id, err != NULL ? ": " : "", err != NULL ? err->text : "");
	if (err == NULL)
		lock_drop(account->lockfd);
}

const struct err *
account_adopt(struct account *account, const char *name, const char *id,
    uint32_t uidnext)
{
	struct arena *a = arena_new();
	const struct err *err;

	err = account_begin(account, true);
	if (err == NULL) {
		err = adopt_in(account, a, name, id, uidnext);
		/* Those of superior names, and "deleted" itself. */
		if (err == NULL && fsync(account->fd) == -1)
			err = err_errno("%s: fsync", account->what);
		err = account_end(account, err);
	}
	if (err == NULL)
		put_adopted(account, id);
	arena_free(a);
	return err;
}

/* --- Deleting --- */

/*
 * Remember the UIDVALIDITY that a name had, and those below it: the mailbox is
 * about to leave it.  Beyond FORMER_NAMES_MAX names only the highest is kept.
 */
#define FORMER_NAMES_MAX	"10000"
static const struct err *
leave_name(struct account *account, const char *name)
{
	const struct err *err;

	err = account_run_name(account, "INSERT INTO former "
	    "SELECT name, uidvalidity FROM mailboxes WHERE name = ?1 OR "
	    "name > ?1 || char(31) AND name < ?1 || char(32) "
	    "ON CONFLICT (name) DO UPDATE SET "
	    "uidvalidity = max(uidvalidity, excluded.uidvalidity)", name);
	if (err == NULL)
		err = db_exec(account->db, "INSERT INTO former "
		    "SELECT char(31), max(uidvalidity) FROM former WHERE true "
		    "HAVING count(*) > " FORMER_NAMES_MAX " "
		    "ON CONFLICT (name) DO UPDATE SET "
		    "uidvalidity = excluded.uidvalidity");
	return err != NULL ? err : db_exec(account->db, "DELETE FROM former "
	    "WHERE name <> char(31) AND "
	    "(SELECT count(*) FROM former) > " FORMER_NAMES_MAX);
}

static const struct err *
delete_name(struct account *account, const char *name)
{
	const struct err *err = leave_name(account, name);

	return err != NULL ? err : account_run_name(account,
	    "DELETE FROM mailboxes WHERE name = ?1", name);
}

/* Superior names that are only names go with their last child. */
static const struct err *
delete_empty_parents(struct account *account, struct arena *a,
    const char *name)
{
	struct mailbox_row row;
	const struct err *err;
	bool known, found, children;
	size_t len;

	while ((len = mboxname_parent(name)) > 0) {
		name = arena_memdup(a, name, len);
		err = account_find_row(account, a, account_sql_by_name, name,
		    &row, &known, &found);
		if (err == NULL && found && row.noselect)
			err = account_has_children(account, name, &children);
		else
			return err;
		if (err != NULL || children)
			return err;
		err = delete_name(account, name);
		if (err != NULL)
			return err;
	}
	return NULL;
}

static const struct err *
delete_in(struct account *account, struct arena *a, const char *name,
    struct mailbox_row *row)
{
	const struct err *err;
	bool known, found, children;

	if (strcmp(name, account_root(account)) == 0)
		return err_user(RESP_CANNOT, "This mailbox cannot be deleted");
	err = account_find_row(account, a, account_sql_by_name, name, row,
	    &known, &found);
	if (err == NULL && !found)
		err = err_user(RESP_NONEXISTENT, "No such mailbox");
	if (err == NULL)
		err = account_has_children(account, name, &children);
	if (err != NULL)
		return err;
	if (children && row->noselect)
		return err_user(RESP_HASCHILDREN,
		    "Mailbox has children; delete these first");
	if (children)
		return account_run_name(account, "UPDATE mailboxes SET noselect = 1, "
		    "special_use = NULL, uidnext = 1, messages = 0, "
		    "unseen = 0, deleted = 0, size = 0, highestmodseq = 1 "
		    "WHERE name = ?1", name);
	err = delete_name(account, name);
	return err != NULL ? err : delete_empty_parents(account, a, name);
}

static const struct err *
sync_deleted(const struct account *account)
{
	int fd = dir_open(account->fd, "deleted");
	const struct err *err = NULL;

	if (fd == -1 || fsync(fd) == -1 || fsync(account->fd) == -1)
		err = err_errno("%s/deleted: fsync", account->what);
	if (fd != -1)
		close(fd);
	return err;
}

/* On the disk before anything is put there, or a crash of the machine takes both. */
static const struct err *
make_deleted(const struct account *account)
{
	if (mkdirat(account->fd, "deleted", 0700) == 0 ?
	    fsync(account->fd) == -1 : errno != EEXIST)
		return err_errno("%s/deleted", account->what);
	return NULL;
}

/*
 * Put a mailbox's directory out of reach.  Those who have it open hear of it by
 * the stamp.
 */
static const struct err *
retire_dir(struct account *account, const char *id)
{
	const struct err *err = make_deleted(account);
	char to[DELETED_OCTETS];
	int fd;

	if (err != NULL)
		return err;
	fd = dir_open(account->fd, id);
	if (renameat(account->fd, id, account->fd,
	    deleted_path(id, to)) == -1) {
		err = errno == ENOENT ? NULL :
		    err_errno("%s/%s", account->what, id);

		if (fd != -1)
			close(fd);
		return err;
	}
	if (fd != -1) {
		stamp_touch(fd);	/* the time that account_purge() reads */
		close(fd);
	}
	return sync_deleted(account);
}

bool
account_bring_back_locked(struct account *account, const char *id)
{
	return bring_back(account, id, true);
}

bool
account_bring_back(struct account *account, const char *id)
{
	bool back;

	/* What an open transaction reads is of the past. */
	if (!db_idle(account->db) || lock_take(account->lockfd) != NULL)
		return false;
	back = account_bring_back_locked(account, id);
	lock_drop(account->lockfd);
	return back;
}

/* The mailbox is gone whatever becomes of this: what cannot be removed now waits
 * for the next purge. */
static void
purge_deleted(struct account *account)
{
	const struct err *err;
	uint32_t n;

	if (store_conf(account->store)->expunge_retention == 0 &&
	    (err = account_purge(account, &n)) != NULL)
		log_error("%s: purge: %s", account->what, err->text);
}

const struct err *
account_delete(struct account *account, const char *name)
{
	struct arena *a = arena_new();
	struct mailbox_row row = { .noselect = true };
	const struct err *err;

	err = account_begin(account, true);
	if (err != NULL)
		goto done;
	err = delete_in(account, a, name, &row);
	/*
	 * The directory first: after a crash the row tells that the mailbox is
	 * still there, and who opens it next brings it back.  The other way
	 * round nothing would tell a deleted mailbox from a lost row.
	 */
	if (err == NULL && !row.noselect)
		err = retire_dir(account, row.id);
	if (err == NULL)
		err = db_commit(account->db);
	if (err != NULL) {
		db_rollback(account->db);
		if (!row.noselect)
			bring_back(account, row.id, false);
	} else
		account_keep_copy(account);
	lock_drop(account->lockfd);
	stamp_touch(account->fd);
	if (err == NULL)
		purge_deleted(account);
done:
	arena_free(a);
	return err;
}

/* One with a row that could not be brought back now, as on a full disk, can be
 * later; one of which nothing is known, too. */
static bool
is_wanted(struct account *account, const char *id)
{
	bool yes;

	return has_row(account, id, &yes) != NULL || yes;
}

const struct err *
account_purge(struct account *account, uint32_t *n_r)
{
	int64_t before = now_seconds() -
	    (int64_t)store_conf(account->store)->expunge_retention;
	const struct err *err = NULL;
	struct dirent *e;
	struct stat st;
	DIR *d;
	int fd;

	*n_r = 0;
	fd = dir_open(account->fd, "deleted");
	if (fd == -1)
		return errno == ENOENT ? NULL :
		    err_errno("%s/deleted", account->what);
	d = fdopendir(fd);
	if (d == NULL) {
		err = err_errno("%s/deleted", account->what);
		close(fd);
		return err;
	}
	while (err == NULL && (e = readdir(d)) != NULL) {
		if (!mailbox_id_valid(e->d_name) ||
		    fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
		    st.st_mtim.tv_sec > before ||
		    account_bring_back(account, e->d_name) ||
		    is_wanted(account, e->d_name) ||
		    backup_running(account->store))
			continue;
		err = dir_remove(fd, e->d_name, DIR_LEVELS);
		*n_r += err == NULL;
	}
	closedir(d);
	return err;
}

/* --- Renaming --- */

static const struct err *
run_rename(struct account *account, const char *from, const char *to,
    const char *sql)
{
	const struct err *err;
	sqlite3_stmt *stmt;

	err = db_prepare(account->db, sql, &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_text(stmt, 1, from, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 2, to, -1, SQLITE_STATIC);
	return db_run(account->db, stmt);
}

static int64_t
separators(const char *name)
{
	int64_t n = 0;

	for (; *name != '\0'; name++)
		n += *name == MBOXNAME_SEP;
	return n;
}

/* Every name of the moved tree must still fit. */
static const struct err *
check_lengths(struct account *account, const char *from, const char *to)
{
	const struct err *err;
	sqlite3_stmt *stmt;
	bool row;

	err = db_prepare(account->db, "SELECT max(length(CAST(name AS BLOB))), "
	    "max(length(name) - length(replace(name, char(31), ''))) "
	    "FROM mailboxes WHERE "
	    "name > ?1 || char(31) AND name < ?1 || char(32)", &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_text(stmt, 1, from, -1, SQLITE_STATIC);
	err = db_step(account->db, stmt, &row);
	if (err == NULL && row && (sqlite3_column_int64(stmt, 0) -
	    (int64_t)strlen(from) + (int64_t)strlen(to) > MBOXNAME_MAX_OCTETS ||
	    sqlite3_column_int64(stmt, 1) - separators(from) +
	    separators(to) >= MBOXNAME_LEVELS_MAX))
		err = err_user(RESP_LIMIT,
		    "The names below would become too long");
	db_done(stmt);
	return err;
}

/*
 * RFC 9051 2.3.1.1: where a mailbox with a higher UIDVALIDITY had the name
 * before, the one that has it now gets a new one.  Each its own: whatever name
 * it goes to later, no two mailboxes share one.
 */
#define IS_BEHIND							\
	"(name = ?1 OR name > ?1 || char(31) AND name < ?1 || char(32)) "	\
	"AND uidvalidity < max((SELECT coalesce(max(f.uidvalidity), 0) "	\
	"FROM former f WHERE f.name = char(31)), "			\
	"(SELECT coalesce(max(f.uidvalidity), 0) "			\
	"FROM former f WHERE f.name = mailboxes.name))"
static const struct err *
renew_uidvalidity(struct account *account, const char *name)
{
	const struct err *err;
	sqlite3_stmt *stmt;
	uint32_t first;
	bool row;

	err = db_prepare(account->db,
	    "SELECT 1 FROM mailboxes WHERE " IS_BEHIND " LIMIT 1", &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
	err = db_step(account->db, stmt, &row);
	db_done(stmt);
	if (err != NULL || !row)
		return err;
	err = next_uidvalidity(account, &first);
	if (err == NULL)
		err = db_prepare(account->db, "UPDATE mailboxes "
		    "SET uidvalidity = ?2 + n FROM (SELECT id AS behind, "
		    "row_number() OVER () - 1 AS n FROM mailboxes WHERE "
		    IS_BEHIND ") WHERE id = behind", &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
	sqlite3_bind_int64(stmt, 2, first);
	err = db_run(account->db, stmt);
	return err != NULL ? err : db_exec(account->db, "UPDATE account SET "
	    "uidvalidity = max(uidvalidity, "
	    "(SELECT max(uidvalidity) FROM mailboxes))");
}

/* The rows get their new names. */
static const struct err *
move_names(struct account *account, const char *from, const char *to,
    bool tree)
{
	const struct err *err;

	err = leave_name(account, from);
	if (err == NULL)
		err = run_rename(account, from, to,
		    "UPDATE mailboxes SET name = ?2 WHERE name = ?1");
	if (err == NULL && tree)
		err = run_rename(account, from, to, "UPDATE mailboxes "
		    "SET name = ?2 || substr(name, length(?1) + 1) WHERE "
		    "name > ?1 || char(31) AND name < ?1 || char(32)");
	return err != NULL ? err : renew_uidvalidity(account, to);
}

static const struct err *
rename_in(struct account *account, struct arena *a, const char *from,
    const char *to, struct mailbox_row *row)
{
	const struct err *err;
	bool known, found, inbox = strcmp(from, "INBOX") == 0 &&
	    account->kind == ACCOUNT_USER;

	if (from[0] == '\0' || to[0] == '\0')
		return err_user(RESP_CANNOT, "This mailbox cannot be renamed");
	if (mboxname_is_below(to, from) && !inbox)
		return err_user(RESP_CANNOT,
		    "A mailbox cannot be renamed to below itself");
	err = account_find_row(account, a, account_sql_by_name, to, row, &known,
	    &found);
	if (err == NULL && found)
		err = err_user(RESP_ALREADYEXISTS, "Mailbox exists already");
	if (err == NULL)
		err = account_find_row(account, a, account_sql_by_name, from,
		    row, &known, &found);
	if (err == NULL && !found)
		err = err_user(RESP_NONEXISTENT, "No such mailbox");
	if (err == NULL && !inbox)
		err = check_lengths(account, from, to);
	if (err == NULL && inbox)
		err = check_room(account);
	if (err == NULL)
		err = create_parents(account, a, to);
	if (err == NULL)
		err = move_names(account, from, to, !inbox);
	/* RFC 3501 6.3.5: INBOX stays, empty, and so do its children. */
	if (err == NULL && inbox)
		return account_insert_mailbox(account, "INBOX", NULL);
	return err != NULL ? err : delete_empty_parents(account, a, from);
}

/* Those who have the mailbox open look again: it is no longer INBOX. */
static void
wake_mailbox(struct account *account, const char *id)
{
	int fd = dir_open(account->fd, id);

	if (fd == -1)
		return;
	stamp_touch(fd);
	close(fd);
}

const struct err *
account_rename(struct account *account, const char *from, const char *to)
{
	struct arena *a = arena_new();
	struct mailbox_row row;
	const struct err *err;

	err = account_begin(account, true);
	if (err == NULL) {
		err = rename_in(account, a, from, to, &row);
		if (err == NULL && fsync(account->fd) == -1)
			err = err_errno("%s: fsync", account->what);
		err = account_end(account, err);
	}
	if (err == NULL)
		wake_mailbox(account, row.id);
	arena_free(a);
	return err;
}
