/* check.c - verify a store: users.db, and directories against it
 * SPDX-License-Identifier: ISC */
#include "store/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/check-private.h"
#include "store/users-private.h"
#include "store/users.h"
#include "util/log.h"

bool
check_moved(int fd, int dirfd, const char *name)
{
	struct stat here, there;

	return fstat(fd, &here) == -1 ||
	    fstatat(dirfd, name, &there, AT_SYMLINK_NOFOLLOW) == -1 ||
	    here.st_ino != there.st_ino || here.st_dev != there.st_dev;
}

bool
check_account_left(const struct check *c)
{
	const struct account *account = c->account;

	return account != NULL && account->fd != -1 &&
	    check_moved(account->fd, store_fd(c->store), account->what);
}

void
check_finding(struct check *c, enum check_level level, bool mended,
    const char *where, const char *fmt, ...)
{
	char text[CHECK_TEXT_OCTETS];
	va_list ap;

	if (!mended && check_account_left(c))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (level != CHECK_OK) {
		c->result->problems++;
		c->result->mended += mended;
		c->result->lost += level == CHECK_LOST;
		if (mended)
			strlcat(text, " [mended]", sizeof(text));
	}
	c->report(c->arg, level, where, text);
}

void
check_failed(struct check *c, const char *where, const struct err *err)
{
	if (check_account_left(c))
		return;
	c->result->problems++;
	c->report(c->arg, CHECK_PROBLEM, where, err->text);
}

const struct err *
check_set_aside_as(int dirfd, const char *name, const char *to)
{
	if (unlinkat(dirfd, to, 0) == -1 && errno != ENOENT) {
		const struct err *err = dir_remove(dirfd, to, DIR_LEVELS);

		if (err != NULL)
			return err;
	}
	if (renameat(dirfd, name, dirfd, to) == -1)
		return err_errno("%s", name);
	return NULL;
}

const struct err *
check_set_aside(int dirfd, const char *name)
{
	char to[STORE_PATH_OCTETS];

	snprintf(to, sizeof(to), "%s.damaged", name);
	return check_set_aside_as(dirfd, name, to);
}

const struct err *
check_lock_open(struct check *c, int dirfd, const char *where, int *fd_r)
{
	const struct err *err;
	struct stat st;

	if (fstatat(dirfd, "lock", &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    !S_ISREG(st.st_mode)) {
		err = c->repair ? check_set_aside(dirfd, "lock") : NULL;
		if (err != NULL)
			return err;
		check_finding(c, CHECK_PROBLEM, c->repair, where,
		    "its lock is no file; a new one is made");
	}
	return lock_open(dirfd, where, fd_r);
}

const struct err *
check_copy_rows(struct db *from, struct db *to, const char *select,
    const char *insert)
{
	const struct err *err = NULL;
	sqlite3_stmt *in, *out;
	bool row;

	if (db_prepare(from, select, &in) != NULL)
		return NULL;
	while (err == NULL && db_step(from, in, &row) == NULL && row) {
		err = db_prepare(to, insert, &out);
		if (err != NULL)
			break;
		for (int i = 0; i < sqlite3_column_count(in); i++)
			sqlite3_bind_value(out, i + 1,
			    sqlite3_column_value(in, i));
		err = db_run(to, out);
		if (err != NULL && sqlite3_errcode(db_sqlite(to)) ==
		    SQLITE_CONSTRAINT)
			err = NULL;
	}
	db_done(in);
	return err;
}

/* --- Accounts and their directories --- */

struct accounts {
	struct check	*c;
	struct arena	*a;
	enum account_kind kind;
	const char	**rows, **dirs;	/* sorted; dirs: without dots */
	size_t		 rows_n, dirs_n;
	const char	**missing, **extra;
	size_t		 missing_n, extra_n;
};

static int
name_compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool
has_name(const char **names, size_t n, const char *name)
{
	return n > 0 && bsearch(&name, names, n, sizeof(*names),
	    name_compare) != NULL;
}

static const struct err *
read_accounts(struct accounts *s)
{
	const struct err *err;
	struct user *users;

	if (s->kind == ACCOUNT_SHARED)
		err = shared_list(s->c->store, s->a, &s->rows, &s->rows_n);
	else {
		err = user_list(s->c->store, s->a, &users, &s->rows_n);
		if (err == NULL)
			s->rows = arena_array(s->a, s->rows_n,
			    sizeof(*s->rows));
		for (size_t i = 0; err == NULL && i < s->rows_n; i++)
			s->rows[i] = users[i].name;
	}
	if (err == NULL && s->rows_n > 0)
		qsort(s->rows, s->rows_n, sizeof(*s->rows), name_compare);
	return err;
}

static const struct err *
delete_row(struct accounts *s, const char *name)
{
	const struct err *err;
	struct db *db;

	err = store_users_db(s->c->store, &db);
	if (err == NULL)
		err = db_begin(db, true);
	if (err != NULL)
		return err;
	err = users_delete_row(db, s->kind == ACCOUNT_USER ?
	    "DELETE FROM users WHERE name = ?1" :
	    "DELETE FROM shared WHERE name = ?1", name);
	return db_end(db, err);
}

/* The canonical form of an account's name, or NULL: it cannot be one. */
static const char *
account_name_of(struct accounts *s, const char *name)
{
	const char *same;
	const struct err *err = s->kind == ACCOUNT_USER ?
	    user_name(s->a, name, &same) : shared_name(s->a, name, &same);

	return err == NULL ? same : NULL;
}

/* Names become paths: one that no verb makes must lead nowhere. */
static const struct err *
drop_impossible(struct accounts *s)
{
	const struct err *err = NULL;
	size_t n = 0;

	for (size_t i = 0; err == NULL && i < s->rows_n; i++) {
		const char *same = account_name_of(s, s->rows[i]);

		if (same != NULL && strcmp(same, s->rows[i]) == 0) {
			s->rows[n++] = s->rows[i];
			continue;
		}
		if (s->c->repair)
			err = delete_row(s, s->rows[i]);
		if (err == NULL)
			check_finding(s->c, CHECK_PROBLEM, s->c->repair,
			    "users.db", "nobody can be called '%s'; the row "
			    "goes", s->rows[i]);
	}
	s->rows_n = n;
	return err;
}

/* What stands in the place of an account's directory, and is none. */
static bool
in_the_way(struct accounts *s, int fd, const char *name,
    const struct err **err_r)
{
	const char *kind = account_kind_dir(s->kind), *aside;
	struct stat st;

	if (!has_name(s->rows, s->rows_n, name) ||
	    fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    S_ISDIR(st.st_mode))
		return false;
	/* With a dot first: it must not look like an account. */
	aside = arena_printf(s->a, ".damaged-%s", name);
	if (s->c->repair)
		*err_r = check_set_aside_as(fd, name, aside);
	if (*err_r == NULL)
		check_finding(s->c, CHECK_PROBLEM, s->c->repair,
		    arena_printf(s->a, "%s/%s", kind, name), "this is no "
		    "directory; it is put aside as %s", aside);
	return true;
}

static const struct err *
read_directories(struct accounts *s)
{
	const char *kind = account_kind_dir(s->kind);
	int fd = dir_open(store_fd(s->c->store), kind);
	const struct err *err;
	const char **names;
	size_t n;

	if (fd == -1)
		return err_errno("%s", kind);
	err = check_names(s->a, fd, kind, &names, &n);
	if (err != NULL)
		goto done;
	s->dirs = arena_array(s->a, n, sizeof(*s->dirs));
	for (size_t i = 0; i < n; i++) {
		if (names[i][0] != '.' &&
		    !in_the_way(s, fd, names[i], &err))
			s->dirs[s->dirs_n++] = names[i];
		if (err != NULL)
			break;
		if (strncmp(names[i], ".removed-", 9) != 0)
			continue;
		/* A removal that was cut off. */
		check_finding(s->c, CHECK_OK, false, kind,
		    "%s was being removed%s", names[i],
		    s->c->repair ? ": gone" : "");
		if (s->c->repair)
			err = dir_remove(fd, names[i], DIR_LEVELS);
		if (err != NULL)
			break;
	}
done:
	close(fd);
	return err;
}

/* Whether any mailbox of the account has a message file. */
static const struct err *
has_messages(struct accounts *s, const char *name, bool *yes_r)
{
	struct account *account = account_new(s->c->store, s->kind, name);
	const struct err *err;
	const char **names;
	size_t n = 0, files;

	*yes_r = false;
	account->fd = dir_open(store_fd(s->c->store), account->what);
	err = account->fd == -1 ? err_errno("%s", account->what) :
	    check_names(s->a, account->fd, account->what, &names, &n);
	for (size_t i = 0; err == NULL && !*yes_r && i < n; i++) {
		uint32_t *uids = NULL;
		int fd = mailbox_id_valid(names[i]) ?
		    dir_open(account->fd, names[i]) : -1;

		if (fd == -1)
			continue;
		err = check_uids(fd, account->what, &uids, &files);
		*yes_r = err == NULL && files > 0;
		free(uids);
		close(fd);
	}
	account_close(account);
	return err;
}

/* A row for an account whose directory alone is left. */
static const struct err *
add_row(struct accounts *s, const char *name)
{
	const struct err *err;
	sqlite3_stmt *stmt;
	struct db *db;

	err = store_users_db(s->c->store, &db);
	if (err == NULL)
		err = db_begin(db, true);
	if (err != NULL)
		return err;
	s->c->rows_added = true;
	if (s->kind == ACCOUNT_USER && check_user_from_copy(s->c, db, name))
		return db_commit(db);
	err = db_prepare(db, s->kind == ACCOUNT_USER ?
	    "INSERT INTO users(name, created, may, id) "
	    "VALUES (?1, ?2, ?3, ?4)" :
	    "INSERT INTO shared SELECT ?1, ?2 "
	    "WHERE coalesce(?3, ?4) IS NOT NULL", &stmt);
	if (err == NULL) {
		sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
		sqlite3_bind_int64(stmt, 2, now_seconds());
		sqlite3_bind_int64(stmt, 3, MAY_ALL);
		sqlite3_bind_int64(stmt, 4, user_new_id());
		err = db_run(db, stmt);
	}
	return db_end(db, err);
}

static const struct err *
without_row(struct accounts *s, const char *name)
{
	const char *where = arena_printf(s->a, "%s/%s",
	    account_kind_dir(s->kind), name);
	const char *same = account_name_of(s, name);
	struct check *c = s->c;
	const struct err *err;
	bool some;

	if (same == NULL || strcmp(same, name) != 0) {
		check_finding(c, CHECK_OK, false, where,
		    "this is no account; it is left alone");
		return NULL;
	}
	err = has_messages(s, name, &some);
	if (err == NULL && c->repair)
		err = some ? add_row(s, name) :
		    account_remove(c->store, s->kind, name);
	if (err != NULL)
		return err;
	if (some)
		check_finding(c, CHECK_PROBLEM, c->repair, where,
		    s->kind == ACCOUNT_USER ? "a directory with mail and no "
		    "user; the user is added, with what the copy "
		    "of users.db knows, or without a password" :
		    "a directory with mail and no shared mailbox; it is added, "
		    "without grants");
	else
		check_finding(c, CHECK_OK, false, where, "a directory that is "
		    "nobody's, without mail%s", c->repair ? ": removed" : "");
	return NULL;
}

static const struct err *
without_directory(struct accounts *s, const char *name)
{
	const struct err *err = NULL;

	if (s->c->repair)
		err = account_make(s->c->store, s->kind, name, NULL, 0);
	if (err == NULL)
		check_finding(s->c, CHECK_LOST, s->c->repair,
		    arena_printf(s->a, "%s/%s", account_kind_dir(s->kind),
		    name), "its directory is missing: its mail is lost, it "
		    "begins anew");
	return err;
}

/*
 * One of each: perhaps a renaming that was cut off, perhaps not.  To guess
 * could show one user's mail to another.
 */
static const struct err *
is_pair(struct accounts *s)
{
	const char *kind = account_kind_dir(s->kind);

	check_finding(s->c, CHECK_PROBLEM, false, arena_printf(s->a, "%s/%s",
	    kind, s->missing[0]), "its directory is missing, and %s/%s is "
	    "nobody's: if a renaming was cut off, rename that directory; else "
	    "remove it, and check again", kind, s->extra[0]);
	return NULL;
}

/* Under the store's lock, so that nobody adds or removes an account. */
static const struct err *
compare_accounts(struct accounts *s)
{
	const struct err *err;
	struct db *db;

	err = store_users_db(s->c->store, &db);
	if (err == NULL)
		err = account_move_undo(s->c->store, db);
	if (err == NULL)
		err = read_accounts(s);
	if (err == NULL)
		err = drop_impossible(s);
	if (err == NULL)
		err = read_directories(s);
	if (err != NULL)
		return err;
	s->missing = arena_array(s->a, s->rows_n, sizeof(*s->missing));
	s->extra = arena_array(s->a, s->dirs_n, sizeof(*s->extra));
	for (size_t i = 0; i < s->rows_n; i++)
		if (!has_name(s->dirs, s->dirs_n, s->rows[i]))
			s->missing[s->missing_n++] = s->rows[i];
	for (size_t i = 0; i < s->dirs_n; i++)
		if (!has_name(s->rows, s->rows_n, s->dirs[i]))
			s->extra[s->extra_n++] = s->dirs[i];
	if (s->missing_n == 1 && s->extra_n == 1)
		return is_pair(s);
	for (size_t i = 0; err == NULL && i < s->extra_n; i++)
		err = without_row(s, s->extra[i]);
	for (size_t i = 0; err == NULL && i < s->missing_n; i++)
		err = without_directory(s, s->missing[i]);
	return err;
}

/* use: users.db can be read; else the directories tell who there is. */
static const struct err *
check_accounts(struct check *c, enum account_kind kind, bool use)
{
	struct accounts s = { .c = c, .a = arena_new(), .kind = kind };
	const struct err *err;

	err = store_lock(c->store);
	if (err == NULL) {
		err = use ? compare_accounts(&s) : read_directories(&s);
		store_unlock(c->store, c->repair);
	}
	for (size_t i = 0; err == NULL && use && i < s.rows_n; i++)
		if (!has_name(s.missing, s.missing_n, s.rows[i]))
			check_account(c, kind, s.rows[i]);
	/* Accounts that were added just now, or that nobody can name. */
	for (size_t i = 0; err == NULL && i < s.dirs_n; i++)
		if (!use || (c->repair &&
		    has_name(s.extra, s.extra_n, s.dirs[i]) &&
		    faccessat(store_fd(c->store), arena_printf(s.a, "%s/%s",
		    account_kind_dir(kind), s.dirs[i]), F_OK, 0) == 0))
			check_account(c, kind, s.dirs[i]);
	arena_free(s.a);
	return err;
}

/* Two repairs at once would step on each other's feet. */
static const struct err *
lock_repair(struct store *store, int *fd_r)
{
	int fd = dir_open(store_fd(store), "users");

	if (fd == -1)
		return err_errno("users");
	if (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		close(fd);
		return errno == EWOULDBLOCK ? err_internal_code("INUSE",
		    "In use, try again later", "another repair is running") :
		    err_errno("users: flock");
	}
	*fd_r = fd;
	return NULL;
}

const struct err *
check_store(struct store *store, const char *user, unsigned int flags,
    void (*report)(void *, enum check_level, const char *, const char *),
    void *arg, struct check_result *result)
{
	const bool repair = flags & CHECK_REPAIR;
	struct check c = { .store = store, .repair = repair,
	    .contents = flags & CHECK_CONTENTS, .report = report, .arg = arg,
	    .result = result };
	const struct err *err = NULL;
	bool use = false;
	int fd = -1, lockfd = -1;

	*result = (struct check_result){ 0 };
	if (repair)
		err = lock_repair(store, &fd);
	if (err == NULL)
		err = check_lock_open(&c, store_fd(store), store_path(store),
		    &lockfd);
	if (lockfd != -1)
		close(lockfd);
	/* Nothing can be looked at without it; it was told. */
	if (err != NULL && !repair && result->problems > 0)
		return NULL;
	if (err == NULL && user != NULL)
		check_account(&c, ACCOUNT_USER, user);
	else if (err == NULL) {
		err = check_users(&c, &use);
		if (err == NULL)
			err = check_accounts(&c, ACCOUNT_USER, use);
		if (err == NULL)
			err = check_accounts(&c, ACCOUNT_SHARED, use);
		if (err == NULL && use && repair)
			err = check_users_end(&c);
		/* Last: a user who came back keeps the password. */
		if (err == NULL && use)
			err = check_auth(&c);
	}
	if (fd != -1)
		close(fd);
	return err;
}
