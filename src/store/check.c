/* check.c - verify a store: users.db, and directories against it
 * SPDX-License-Identifier: ISC */
#include "store/check.h"

#include <errno.h>
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

/* --- users.db --- */

static const struct err *
users_health(struct check *c, enum db_health *health_r, char *text,
    size_t size)
{
	return db_health(store_path(c->store), store_fd(c->store),
	    &schema_users, store_path(c->store), health_r, text, size);
}

/* What can be mended without knowing anything: indexes, dangling grants. */
static const struct err *
mend_users(struct check *c)
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

static const struct err *
check_users(struct check *c, bool *use_r)
{
	char text[CHECK_TEXT_OCTETS] = "", again[CHECK_TEXT_OCTETS];
	enum db_health health, after;
	const struct err *err;
	bool mended;

	err = users_health(c, &health, text, sizeof(text));
	*use_r = err == NULL && health == DB_GOOD;
	if (err != NULL || *use_r)
		return err;
	if (health == DB_NEWER) {
		check_finding(c, CHECK_PROBLEM, false, "users.db",
		    "%s; upgrade", text);
		return NULL;
	}
	after = health;
	if (c->repair && health == DB_DAMAGED && mend_users(c) == NULL) {
		err = users_health(c, &after, again, sizeof(again));
		if (err != NULL)
			return err;
	}
	mended = *use_r = after == DB_GOOD;
	check_finding(c, c->repair && !mended ? CHECK_LOST : CHECK_PROBLEM,
	    mended, "users.db", "it cannot be used (%s)%s", text,
	    mended ? "" : "; users and passwords are known to it alone: put "
	    "it back from a backup");
	return NULL;
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
		if (names[i][0] != '.')
			s->dirs[s->dirs_n++] = names[i];
		if (strncmp(names[i], ".removed-", 9) != 0)
			continue;
		/* A removal that was cut off. */
		check_finding(s->c, CHECK_OK, false, kind,
		    "%s was being removed%s", names[i],
		    s->c->repair ? ": gone" : "");
		if (s->c->repair)
			err = dir_remove(fd, names[i], 4);
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
	if (err == NULL)
		err = db_commit(db);
	if (err != NULL)
		db_rollback(db);
	return err;
}

static const struct err *
without_row(struct accounts *s, const char *name)
{
	const char *where = arena_printf(s->a, "%s/%s",
	    account_kind_dir(s->kind), name), *same;
	struct check *c = s->c;
	const struct err *err;
	bool some;

	err = s->kind == ACCOUNT_USER ? user_name(s->a, name, &same) :
	    shared_name(s->a, name, &same);
	if (err != NULL || strcmp(same, name) != 0) {
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
		    "user; the user is added, without a password" :
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
		err = user_rename_undo(s->c->store, db);
	if (err == NULL)
		err = read_accounts(s);
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
check_store(struct store *store, const char *user, bool repair,
    void (*report)(void *, enum check_level, const char *, const char *),
    void *arg, struct check_result *result)
{
	struct check c = { .store = store, .repair = repair, .report = report,
	    .arg = arg, .result = result };
	const struct err *err = NULL;
	bool use = false;
	int fd = -1;

	*result = (struct check_result){ 0 };
	if (repair)
		err = lock_repair(store, &fd);
	if (err == NULL && user != NULL)
		check_account(&c, ACCOUNT_USER, user);
	else if (err == NULL) {
		err = check_users(&c, &use);
		if (err == NULL && use)
			err = check_auth(&c);
		if (err == NULL)
			err = check_accounts(&c, ACCOUNT_USER, use);
		if (err == NULL)
			err = check_accounts(&c, ACCOUNT_SHARED, use);
	}
	if (fd != -1)
		close(fd);
	return err;
}
