/* check-account.c - verify one account: account.db against directories
 * SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/check-private.h"
#include "store/users.h"
#include "util/buf.h"
#include "wire/mboxname.h"
#include "wire/respcode.h"

struct look {
	struct check	*c;
	struct account	*account;
	struct arena	*a;
	struct mailbox_row *rows;
	size_t		 rows_n;
	struct db	*copy;		/* of the names, or NULL */
	/* Ids of mailboxes whose rows tell nothing of their messages. */
	const char	**fresh;
	size_t		 fresh_n;
};

static int
name_compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* "users/alice/Sent", in the arena. */
static const char *
where_of(struct look *l, const char *name)
{
	struct buf b = { 0 };
	const char *where;

	mboxname_to_utf8(name, store_conf(l->c->store)->delimiter, &b);
	where = b.len == 0 ? l->account->what : arena_printf(l->a, "%s/%s",
	    l->account->what, arena_memdup(l->a, b.s, b.len));
	buf_clear(&b);
	return where;
}

/* Run constant SQL without result in a transaction.  The lock is held. */
static const struct err *
change(struct look *l, const char *sql)
{
	struct db *db = l->account->db;
	const struct err *err = db_begin(db, true);

	if (err == NULL)
		err = db_exec(db, sql);
	return db_end(db, err);
}

static const struct err *
read_rows(struct look *l)
{
	return account_list(l->account, l->a, false, &l->rows, &l->rows_n);
}

/* --- Rows by themselves --- */

static const struct err *
find_rows(struct look *l, const char *sql, const char *mend,
    const char *words)
{
	const struct err *err;
	int64_t n;

	err = db_number(l->account->db, sql, &n);
	if (err != NULL || n == 0)
		return err;
	if (l->c->repair)
		err = change(l, mend);
	if (err == NULL)
		check_finding(l->c, CHECK_PROBLEM, l->c->repair,
		    l->account->what, "account.db: %s", words);
	return err;
}

/* The next UIDVALIDITY that is given must be above all. */
#define RAISE_VALIDITY	"UPDATE account SET uidvalidity = max(uidvalidity, "	\
			"(SELECT coalesce(max(uidvalidity), 0) FROM mailboxes))"
#define BAD_ID	"length(CAST(id AS BLOB)) <> 16 OR id GLOB '*[^0-9a-f]*'"
#define BAD_VALIDITY	"uidvalidity NOT BETWEEN 1 AND 4294967295"
#define BAD_COUNTERS	"uidnext NOT BETWEEN 1 AND 4294967294 OR "	\
			"highestmodseq NOT BETWEEN 1 AND " MODSEQ_HONEST_S
/* DELETE of a mailbox with children leaves a name, and no counters. */
#define BAD_NOSELECT	"noselect NOT IN (0, 1) OR noselect = 1 AND uidnext > 1"

static const struct err *
numbers_sound(struct look *l)
{
	const struct err *err;

	err = find_rows(l, "SELECT count(*) FROM account WHERE "
	    "uidvalidity NOT BETWEEN 0 AND 4294967295",
	    "UPDATE account SET uidvalidity = (SELECT coalesce(max("
	    "uidvalidity), 0) FROM mailboxes WHERE NOT (" BAD_VALIDITY "))",
	    "the last UIDVALIDITY is none");
	/* Not above the last, or none could be given any more. */
	if (err == NULL)
		err = find_rows(l, "SELECT count(*) FROM mailboxes WHERE "
		    BAD_VALIDITY, "UPDATE account SET uidvalidity = "
		    "max(uidvalidity + 1, unixepoch()); UPDATE mailboxes SET "
		    "uidvalidity = (SELECT a.uidvalidity FROM account a) + n "
		    "FROM (SELECT id AS bad, row_number() OVER () - 1 AS n "
		    "FROM mailboxes WHERE " BAD_VALIDITY ") WHERE id = bad",
		    "rows have a UIDVALIDITY that is none; they get a new one");
	/* 2: there may have been messages. */
	if (err == NULL)
		err = find_rows(l, "SELECT count(*) FROM mailboxes WHERE "
		    BAD_COUNTERS, "UPDATE mailboxes SET boot = 0, "
		    "uidnext = iif(uidnext BETWEEN 1 AND 4294967294, uidnext, "
		    "2), highestmodseq = iif(highestmodseq BETWEEN 1 AND "
		    MODSEQ_HONEST_S ", highestmodseq, 1) WHERE "
		    BAD_COUNTERS, "rows have a next UID or modseq that is none");
	return err != NULL ? err : find_rows(l,
	    "SELECT count(*) FROM mailboxes WHERE " BAD_NOSELECT,
	    "UPDATE mailboxes SET noselect = iif(uidnext > 1, 0, "
	    "noselect <> 0) WHERE " BAD_NOSELECT,
	    "rows of mailboxes say that they are only names");
}

static const struct err *
rows_sound(struct look *l)
{
	const struct err *err;

	err = find_rows(l, "SELECT count(*) FROM mailboxes WHERE " BAD_ID,
	    "DELETE FROM mailboxes WHERE " BAD_ID,
	    "rows have an id that no directory has; they go");
	/* One that cannot be, so that names_sound() finds another. */
	if (err == NULL)
		err = find_rows(l, "SELECT count(*) FROM mailboxes WHERE "
		    DB_HAS_NUL("name"), "UPDATE mailboxes SET name = "
		    "char(0x1f) || id WHERE " DB_HAS_NUL("name"),
		    "names of mailboxes have a NUL");
	if (err == NULL)
		err = find_rows(l, "SELECT count(*) FROM subscriptions WHERE "
		    DB_HAS_NUL("name"), "DELETE FROM subscriptions WHERE "
		    DB_HAS_NUL("name"),
		    "subscriptions have a NUL in their name; they go");
	if (err == NULL)
		err = find_rows(l, "SELECT count(*) = 0 FROM account",
		    "INSERT INTO account SELECT 1, "
		    "coalesce(max(uidvalidity), 0) FROM mailboxes",
		    "the row of the last UIDVALIDITY is missing");
	if (err == NULL)
		err = numbers_sound(l);
	if (err == NULL)
		err = find_rows(l, "SELECT count(*) FROM mailboxes, account "
		    "WHERE mailboxes.uidvalidity > account.uidvalidity",
		    RAISE_VALIDITY,
		    "the last UIDVALIDITY is not the highest");
	return err;
}

/* What the copy knows of a mailbox, by the one parameter of sql. */
static bool
ask_copy(struct look *l, const char *sql, const char *text,
    struct mailbox_row *row_r)
{
	sqlite3_stmt *stmt;
	bool found = false;

	if (l->copy == NULL || db_prepare(l->copy, sql, &stmt) != NULL)
		return false;
	sqlite3_bind_text(stmt, 1, text, -1, SQLITE_STATIC);
	if (db_step(l->copy, stmt, &found) == NULL && found) {
		const char *id = (const char *)sqlite3_column_text(stmt, 0);
		const char *name = (const char *)sqlite3_column_text(stmt, 1);
		const char *use = (const char *)sqlite3_column_text(stmt, 2);
		int64_t validity = sqlite3_column_int64(stmt, 3);

		found = id != NULL && name != NULL && mailbox_id_valid(id) &&
		    validity > 0 && validity <= UINT32_MAX;
		if (found) {
			*row_r = (struct mailbox_row){
				.name = arena_strdup(l->a, name),
				.special_use = use != NULL ?
				    arena_strdup(l->a, use) : NULL,
				.uidvalidity = (uint32_t)validity
			};
			memcpy(row_r->id, id, MAILBOX_ID_LEN + 1);
		}
	}
	db_done(stmt);
	return found;
}

#define COPY_ROW	"SELECT id, name, special_use, uidvalidity "	\
			"FROM mailboxes WHERE noselect = 0 AND "

static void
add_fresh(struct look *l, const char *id)
{
	const char **grown = arena_array(l->a, l->fresh_n + 1, sizeof(*grown));

	if (l->fresh_n > 0)
		memcpy(grown, l->fresh, l->fresh_n * sizeof(*grown));
	grown[l->fresh_n++] = arena_strdup(l->a, id);
	l->fresh = grown;
}

/* A mailbox without its messages: the same name, and a new UIDVALIDITY. */
static const struct err *
begin_anew(struct look *l, const struct mailbox_row *row)
{
	struct account *account = l->account;
	const struct err *err = db_begin(account->db, true);

	if (err == NULL)
		err = account_run_name(account,
		    "DELETE FROM mailboxes WHERE name = ?1", row->name);
	if (err == NULL)
		err = account_insert_mailbox(account, row->name,
		    row->special_use);
	return db_end(account->db, err);
}

/* Whether the directory is elsewhere, where a crash may have left it. */
static bool
bring_back(struct look *l, const char *from, const char *id)
{
	int fd = l->account->fd;

	if (faccessat(fd, from, F_OK, AT_SYMLINK_NOFOLLOW) == -1)
		return false;
	return !l->c->repair || renameat(fd, from, fd, id) == 0;
}

/* The name that a row should have: its own, what its spelling means, or NULL. */
static const char *
good_name(struct look *l, const char *name)
{
	/* Any delimiter may have been set when it was made: its own level may
	 * hold what stands for another. */
	static const char delimiters[] = { '\\', '/', '.' };
	const char *good = NULL;

	if (strcmp(name, account_root(l->account)) == 0)
		return name;
	for (size_t i = 0; i < sizeof(delimiters); i++) {
		struct buf b = { 0 };

		mboxname_to_utf8(name, delimiters[i], &b);
		if (mboxname_from_utf8(l->a, buf_str(&b), delimiters[i],
		    &good) != NULL)
			good = NULL;
		buf_clear(&b);
		if (good == NULL || strcmp(good, name) == 0)
			break;
	}
	return good;
}

static const struct err *
set_name(struct look *l, const char *id, const char *name)
{
	struct db *db = l->account->db;
	const struct err *err = db_begin(db, true);
	sqlite3_stmt *stmt;

	if (err == NULL)
		err = db_prepare(db, "UPDATE mailboxes SET name = ?2 "
		    "WHERE id = ?1", &stmt);
	if (err == NULL) {
		sqlite3_bind_text(stmt, 1, id, -1, SQLITE_STATIC);
		sqlite3_bind_text(stmt, 2, name, -1, SQLITE_STATIC);
		err = db_run(db, stmt);
	}
	return db_end(db, err);
}

static bool
is_name(const struct look *l, const char *name)
{
	for (size_t i = 0; i < l->rows_n; i++)
		if (strcmp(l->rows[i].name, name) == 0)
			return true;
	return false;
}

/* Names that no command makes: no client could ask for them. */
static const struct err *
names_sound(struct look *l)
{
	const struct err *err = NULL;

	for (size_t i = 0; err == NULL && i < l->rows_n; i++) {
		struct mailbox_row *row = &l->rows[i], known;
		const char *good = good_name(l, row->name);

		if (good != NULL && strcmp(good, row->name) == 0)
			continue;
		if ((good == NULL || is_name(l, good)) && ask_copy(l, COPY_ROW
		    "id = ?1", row->id, &known))
			good = good_name(l, known.name);
		if (good == NULL || is_name(l, good))
			good = arena_printf(l->a, "Recovered-%s", row->id);
		if (l->c->repair)
			err = set_name(l, row->id, good);
		if (err == NULL)
			check_finding(l->c, CHECK_PROBLEM, l->c->repair,
			    l->account->what, "account.db: mailbox %s has a "
			    "name that cannot be; it becomes %s", row->id,
			    good);
		row->name = good;
	}
	return err;
}

static const struct err *
add_root(struct look *l)
{
	const char *root = account_root(l->account);
	const struct err *err = NULL;

	for (size_t i = 0; i < l->rows_n; i++)
		if (strcmp(l->rows[i].name, root) == 0 && !l->rows[i].noselect)
			return NULL;
	if (l->c->repair) {
		err = db_begin(l->account->db, true);
		if (err == NULL)
			err = account_create_in(l->account, l->a, root, NULL);
		err = db_end(l->account->db, err);
	}
	if (err == NULL)
		check_finding(l->c, CHECK_PROBLEM, l->c->repair,
		    l->account->what, "account.db: %s is missing",
		    root[0] != '\0' ? root : "the shared mailbox itself");
	return err;
}

/* --- Rows and directories --- */

static const struct mailbox_row *
row_of(const struct look *l, const char *id)
{
	for (size_t i = 0; i < l->rows_n; i++)
		if (strcmp(l->rows[i].id, id) == 0)
			return &l->rows[i];
	return NULL;
}

/* 2: there may have been messages. */
static const struct err *
set_id(struct look *l, const char *id, struct mailbox_row *known)
{
	struct db *db = l->account->db;
	const struct err *err = db_begin(db, true);
	sqlite3_stmt *stmt;

	if (err == NULL)
		err = db_prepare(db, "UPDATE mailboxes SET id = ?2, "
		    "uidvalidity = ?3, uidnext = max(uidnext, 2), boot = 0 "
		    "WHERE id = ?1", &stmt);
	if (err == NULL) {
		sqlite3_bind_text(stmt, 1, id, -1, SQLITE_STATIC);
		sqlite3_bind_text(stmt, 2, known->id, -1, SQLITE_STATIC);
		sqlite3_bind_int64(stmt, 3, known->uidvalidity);
		err = db_run(db, stmt);
	}
	if (err == NULL)
		err = db_exec(db, RAISE_VALIDITY);
	err = db_end(db, err);
	/* Its directory is looked at with the others. */
	if (err == NULL)
		err = read_rows(l);
	return err;
}

static const struct err *
row_without_directory(struct look *l, const struct mailbox_row *row)
{
	const char *where = where_of(l, row->name);
	const struct err *err = NULL;
	struct check *c = l->c;
	struct mailbox_row known;

	/* A DELETE that was cut off has not happened. */
	if (check_account_left(c) ||
	    account_bring_back_locked(l->account, row->id))
		return NULL;
	/* The row's id is wrong, and the copy has the right one. */
	if (ask_copy(l, COPY_ROW "name = ?1", row->name, &known) &&
	    strcmp(known.id, row->id) != 0 && row_of(l, known.id) == NULL &&
	    faccessat(l->account->fd, known.id, F_OK, 0) == 0) {
		if (c->repair)
			err = set_id(l, row->id, &known);
		if (err == NULL)
			check_finding(c, CHECK_PROBLEM, c->repair, where,
			    "its directory is %s, not %s", known.id, row->id);
		return err;
	}
	if (bring_back(l, arena_printf(l->a, ".old-%s", row->id), row->id)) {
		check_finding(c, CHECK_PROBLEM, c->repair, where,
		    "its directory %s was put aside", row->id);
		return NULL;
	}
	if (c->repair)
		err = begin_anew(l, row);
	if (err != NULL)
		return err;
	if (row->uidnext <= 1)
		check_finding(c, CHECK_PROBLEM, c->repair, where,
		    "its directory %s is missing; no message was in it",
		    row->id);
	else
		check_finding(c, CHECK_LOST, c->repair, where,
		    "its directory %s is missing: %u messages are lost",
		    row->id, (unsigned int)row->messages);
	return NULL;
}

/* A crash came between a DELETE's commit and what follows it. */
static const struct err *
retire(struct look *l, const char *id)
{
	int fd = l->account->fd, dir = dir_open(fd, id);
	const struct err *err = NULL;

	if (l->c->repair) {
		/* The time that account_purge() reads. */
		if (dir != -1)
			stamp_touch(dir);
		if ((mkdirat(fd, "deleted", 0700) == -1 && errno != EEXIST) ||
		    renameat(fd, id, fd, arena_printf(l->a, "deleted/%s",
		    id)) == -1)
			err = err_errno("%s/%s", l->account->what, id);
	}
	if (dir != -1)
		close(dir);
	if (err == NULL)
		check_finding(l->c, CHECK_PROBLEM, l->c->repair,
		    l->account->what, "directory %s is of a deleted mailbox",
		    id);
	return err;
}

static const struct err *
add_row(struct look *l, const struct mailbox_row *row)
{
	struct db *db = l->account->db;
	const struct err *err = db_begin(db, true);
	sqlite3_stmt *stmt;

	if (err == NULL && row->uidvalidity == 0)
		err = db_exec(db, "UPDATE account SET uidvalidity = "
		    "max(uidvalidity + 1, unixepoch())");
	/* boot stays 0: the counters are read when they are wanted. */
	if (err == NULL)
		err = db_prepare(db, "INSERT INTO mailboxes(id, name, "
		    "special_use, noselect, uidvalidity, uidnext) SELECT ?1, "
		    "?2, ?3, 0, coalesce(?4, uidvalidity), ?5 FROM account",
		    &stmt);
	if (err == NULL) {
		sqlite3_bind_text(stmt, 1, row->id, -1, SQLITE_STATIC);
		sqlite3_bind_text(stmt, 2, row->name, -1, SQLITE_STATIC);
		if (row->special_use != NULL)
			sqlite3_bind_text(stmt, 3, row->special_use, -1,
			    SQLITE_STATIC);
		if (row->uidvalidity != 0)
			sqlite3_bind_int64(stmt, 4, row->uidvalidity);
		sqlite3_bind_int64(stmt, 5, row->uidnext);
		err = db_run(db, stmt);
	}
	if (err == NULL)
		err = db_exec(db, RAISE_VALIDITY);
	return db_end(db, err);
}

/* Files that were put aside may be mail: lost.c. */
static bool
has_lost(struct look *l, int dirfd)
{
	int fd = dir_open(dirfd, LOST_DIR);
	const char **names;
	size_t n = 0;

	if (fd == -1)
		return false;
	/* What cannot be read is not removed. */
	if (check_names(l->a, fd, l->account->what, &names, &n) != NULL)
		n = 1;
	close(fd);
	return n > 0;
}

static const struct err *
directory_without_row(struct look *l, const char *id)
{
	const struct err *err = NULL;
	struct check *c = l->c;
	struct mailbox_row row;
	uint32_t *uids = NULL;
	size_t n = 0;
	bool known, lost;
	int fd = dir_open(l->account->fd, id);

	if (fd == -1)
		return err_errno("%s/%s", l->account->what, id);
	err = check_uids(fd, l->account->what, &uids, &n);
	lost = has_lost(l, fd);
	free(uids);
	close(fd);
	known = ask_copy(l, COPY_ROW "id = ?1", id, &row) &&
	    !is_name(l, row.name);
	if (err == NULL && n == 0 && !lost && !known) {
		if (c->repair)
			err = dir_remove(l->account->fd, id, DIR_LEVELS);
		check_finding(c, CHECK_OK, false, l->account->what,
		    "directory %s has no messages and no name%s", id,
		    c->repair ? ": removed" : "");
		return err;
	}
	if (!known) {
		row = (struct mailbox_row){
			.name = arena_printf(l->a, "Recovered-%s", id)
		};
		memcpy(row.id, id, MAILBOX_ID_LEN + 1);
	}
	row.uidnext = n > 0 ? 2 : 1;
	if (err == NULL && c->repair)
		err = add_row(l, &row);
	if (err != NULL)
		return err;
	if (c->repair && n > 0)
		add_fresh(l, id);
	check_finding(c, CHECK_PROBLEM, c->repair, l->account->what,
	    "directory %s has %zu messages and no name; it becomes %s", id, n,
	    where_of(l, row.name));
	return NULL;
}

/* What a rebuild left that was cut off: its originals are all there. */
static const struct err *
remove_new(struct look *l, const char *name)
{
	const struct err *err = NULL;

	if (l->c->repair)
		err = dir_remove(l->account->fd, name, DIR_LEVELS);
	check_finding(l->c, CHECK_OK, false, l->account->what,
	    "directory %s is left from a repair%s", name,
	    l->c->repair ? ": removed" : "");
	return err;
}

/* What stands in the place of a mailbox's directory, and is none. */
static const struct err *
drop_others(struct look *l, const char **names, size_t *n)
{
	const struct err *err = NULL;
	size_t kept = 0;
	struct stat st;

	for (size_t i = 0; err == NULL && i < *n; i++) {
		if (!mailbox_id_valid(names[i]) || fstatat(l->account->fd,
		    names[i], &st, AT_SYMLINK_NOFOLLOW) == -1 ||
		    S_ISDIR(st.st_mode)) {
			names[kept++] = names[i];
			continue;
		}
		if (l->c->repair)
			err = check_set_aside(l->account->fd, names[i]);
		if (err == NULL)
			check_finding(l->c, CHECK_PROBLEM, l->c->repair,
			    l->account->what, "%s is no directory; it is put "
			    "aside as %s.damaged", names[i], names[i]);
	}
	*n = kept;
	return err;
}

static const struct err *
look_directories(struct look *l)
{
	const struct mailbox_row *row;
	const struct err *err;
	const char **names;
	size_t n;

	err = check_names(l->a, l->account->fd, l->account->what, &names, &n);
	if (err == NULL)
		err = drop_others(l, names, &n);
	for (size_t i = 0; err == NULL && i < l->rows_n; i++)
		if (!l->rows[i].noselect && (n == 0 || bsearch(
		    &(const char *){ l->rows[i].id }, names, n,
		    sizeof(*names), name_compare) == NULL))
			err = row_without_directory(l, &l->rows[i]);
	for (size_t i = 0; err == NULL && i < n; i++) {
		if (strncmp(names[i], ".new-", 5) == 0)
			err = remove_new(l, names[i]);
		if (!mailbox_id_valid(names[i]))
			continue;
		row = row_of(l, names[i]);
		if (row == NULL)
			err = directory_without_row(l, names[i]);
		else if (row->noselect)
			err = retire(l, names[i]);
	}
	return err;
}

/* --- The account --- */

/* Under the account's lock, so that no CREATE or DELETE is under way. */
static const struct err *
look_rows(struct look *l)
{
	struct account *account = l->account;
	const struct err *err = lock_take(account->lockfd);

	if (err != NULL)
		return err;
	/* What is mended by the rows is not to be undone by what nobody sees. */
	if (l->c->repair)
		err = db_overwrite(account->db);
	if (err == NULL)
		err = db_open_copy(account->path, account->fd, &schema_account,
		    &l->copy);
	if (err == NULL)
		err = rows_sound(l);
	if (err == NULL)
		err = read_rows(l);
	if (err == NULL)
		err = names_sound(l);
	if (err == NULL)
		err = look_directories(l);
	if (err == NULL && l->c->repair)
		err = read_rows(l);
	if (err == NULL)
		err = add_root(l);
	/* With what was mended. */
	if (err == NULL && l->c->repair)
		err = read_rows(l);
	if (err == NULL && l->c->repair)
		account_keep_copy(account);
	db_close(l->copy);
	l->copy = NULL;
	lock_drop(l->account->lockfd);
	if (l->c->repair)
		stamp_touch(l->account->fd);
	return err;
}

static bool
is_fresh(const struct look *l, const char *id)
{
	for (size_t i = 0; i < l->fresh_n; i++)
		if (strcmp(l->fresh[i], id) == 0)
			return true;
	return false;
}

static const struct err *
look_mailboxes(struct look *l)
{
	for (size_t i = 0; i < l->rows_n; i++)
		if (!l->rows[i].noselect)
			check_mailbox(l->c, l->account, &l->rows[i],
			    where_of(l, l->rows[i].name),
			    is_fresh(l, l->rows[i].id));
	return NULL;
}

/* Whether account.db can be used, as it was or made again. */
static const struct err *
look_database(struct check *c, struct account *dir, bool *use_r)
{
	char text[CHECK_TEXT_OCTETS] = "";
	enum db_health health;
	const struct err *err;

	*use_r = false;
	err = lock_take(dir->lockfd);
	if (err != NULL)
		return err;
	err = db_health(dir->path, dir->fd, &schema_account, dir->what,
	    &health, text, sizeof(text));
	if (err == NULL && health == DB_NEWER) {
		check_finding(c, CHECK_PROBLEM, false, dir->what,
		    "account.db: %s; upgrade", text);
		goto done;
	}
	*use_r = err == NULL && (health == DB_GOOD || c->repair);
	if (err != NULL || health == DB_GOOD)
		goto done;
	if (c->repair)
		err = check_rebuild_account(c->store, dir->kind, dir->name);
	if (err == NULL)
		check_finding(c, CHECK_PROBLEM, c->repair, dir->what,
		    "account.db cannot be used (%s); it is made again from "
		    "what can be read", health == DB_MISSING ?
		    "it is missing" : text);
	else
		*use_r = false;
done:
	lock_drop(dir->lockfd);
	return err;
}

/* Whether the account has no row any more: it was renamed or removed. */
static bool
without_row(struct look *l, enum account_kind kind, const char *name)
{
	struct store *store = l->c->store;
	const struct err *err;
	bool exists = true;
	struct user user;

	/* The directory moves before the row's change is committed. */
	if (store_lock(store) != NULL)
		return false;
	err = kind == ACCOUNT_SHARED ? shared_exists(store, name, &exists) :
	    user_find(store, l->a, name, &user);
	store_unlock(store, false);
	return !exists || (err != NULL && err->code != NULL &&
	    strcmp(err->code, RESP_NONEXISTENT) == 0);
}

void
check_account(struct check *c, enum account_kind kind, const char *name)
{
	struct account *dir = account_new(c->store, kind, name);
	struct look l = { .c = c, .a = arena_new() };
	const struct err *err;
	bool use = false;

	dir->fd = dir_open(store_fd(c->store), dir->what);
	c->account = dir;
	if (dir->fd == -1)
		err = err_errno("%s", dir->what);
	else
		err = check_lock_open(c, dir->fd, dir->what, &dir->lockfd);
	if (err == NULL)
		err = look_database(c, dir, &use);
	if (err == NULL && use) {
		/* A repair has put another directory in its place. */
		c->account = NULL;
		err = account_open(c->store, kind, name, &l.account);
		c->account = err == NULL ? l.account : NULL;
	}
	if (err == NULL && use)
		err = look_rows(&l);
	if (err == NULL && use)
		err = look_mailboxes(&l);
	if (err != NULL && !without_row(&l, kind, name))
		check_failed(c, dir->what, err);
	c->account = NULL;
	account_close(l.account);
	account_close(dir);
	arena_free(l.a);
}
