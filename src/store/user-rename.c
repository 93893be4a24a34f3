/* user-rename.c - a user gets another name
 * SPDX-License-Identifier: ISC
 *
 * The name is in a row of users.db and is the directory's name too: two steps.
 * The file "renaming" in the store's directory tells of both names from before
 * the first to after the second; who next writes to users.db, or misses the
 * directory, finds it there after a crash and takes the first step back. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/store-private.h"
#include "store/users-private.h"
#include "store/users.h"
#include "util/log.h"
#include "wire/respcode.h"

#define NOTE		"renaming"
#define NOTE_OCTETS	(2 * USER_NAME_MAX + 3)	/* "FROM TO\n" and a NUL */

static const char sql_user_is[] = "SELECT 1 FROM users WHERE name = ?1";

/* --- The note --- */

static const struct err *
note_put(int dirfd, const char *from, const char *to)
{
	const struct err *err = NULL;
	char text[NOTE_OCTETS];
	ssize_t len = snprintf(text, sizeof(text), "%s %s\n", from, to);
	int fd = openat(dirfd, NOTE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC |
	    O_NOFOLLOW, 0600);

	if (fd == -1)
		return err_errno(NOTE);
	if (write(fd, text, (size_t)len) != len || fsync(fd) == -1 ||
	    fsync(dirfd) == -1)
		err = err_errno(NOTE);
	close(fd);
	if (err != NULL)
		unlinkat(dirfd, NOTE, 0);
	return err;
}

/* Left behind, it tells of a row that is not there any more: no harm. */
static void
note_remove(int dirfd)
{
	if (unlinkat(dirfd, NOTE, 0) == -1 && errno != ENOENT)
		log_warning(NOTE ": %s", strerror(errno));
}

/* False where there is none, or only a part of one: then nothing happened yet. */
static bool
note_get(struct arena *a, int dirfd, const char **from_r, const char **to_r)
{
	char text[NOTE_OCTETS], *blank;
	const char *from, *to;
	int fd = openat(dirfd, NOTE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n;

	if (fd == -1)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n < 1 || text[n - 1] != '\n')
		return false;
	text[n - 1] = '\0';
	blank = strchr(text, ' ');
	if (blank == NULL)
		return false;
	*blank = '\0';
	if (user_name(a, text, &from) != NULL ||
	    user_name(a, blank + 1, &to) != NULL)
		return false;
	*from_r = from;
	*to_r = to;
	return true;
}

/* --- The directory --- */

static const char *
dir_of(struct arena *a, const char *name)
{
	return arena_printf(a, "%s/%s", account_kind_dir(ACCOUNT_USER), name);
}

/* From one name to the other, and on the disk. */
static const struct err *
move_dir(struct store *store, const char *from, const char *to)
{
	const struct err *err = NULL;
	int fd;

	/* A directory that is not empty is never replaced. */
	if (renameat(store_fd(store), from, store_fd(store), to) == -1)
		return errno == EEXIST || errno == ENOTEMPTY ?
		    err_user(RESP_ALREADYEXISTS, "the directory %s is in the "
		    "way; 'mboxadm check' tells more", to) :
		    err_errno("rename %s", from);
	fd = dir_open(store_fd(store), account_kind_dir(ACCOUNT_USER));
	if (fd == -1 || fsync(fd) == -1)
		err = err_errno("users: fsync");
	if (fd != -1)
		close(fd);
	if (err != NULL)
		renameat(store_fd(store), to, store_fd(store), from);
	return err;
}

/* --- After a crash --- */

/* Whether the directory has the new name and the row the old one. */
static const struct err *
is_half(struct store *store, struct arena *a, struct db *db,
    const char *from, const char *to, bool *yes_r)
{
	const struct err *err;
	bool has_from, has_to = true;

	err = users_has(db, sql_user_is, from, &has_from);
	if (err == NULL)
		err = users_has(db, sql_user_is, to, &has_to);
	if (err == NULL)
		*yes_r = has_from && !has_to && faccessat(store_fd(store),
		    dir_of(a, from), F_OK, AT_SYMLINK_NOFOLLOW) == -1 &&
		    errno == ENOENT;
	return err;
}

const struct err *
user_rename_undo(struct store *store, struct db *db)
{
	struct arena *a;
	const struct err *err = NULL;
	const char *from, *to;
	bool half = false;

	/* As a rule there is none. */
	if (faccessat(store_fd(store), NOTE, F_OK, AT_SYMLINK_NOFOLLOW) == -1)
		return NULL;
	a = arena_new();
	if (note_get(a, store_fd(store), &from, &to))
		err = is_half(store, a, db, from, to, &half);
	if (err == NULL && half) {
		err = move_dir(store, dir_of(a, to), dir_of(a, from));
		if (err == NULL)
			log_info("user '%s' keeps the name: a renaming to "
			    "'%s' was cut off", from, to);
	}
	if (err == NULL)
		note_remove(store_fd(store));
	arena_free(a);
	return err;
}

/* --- Renaming --- */

static const struct err *
rename_row(struct db *db, const char *from, const char *to)
{
	const struct err *err;
	sqlite3_stmt *stmt;
	bool yes;

	err = users_must_have(db, from);
	if (err == NULL)
		err = users_has(db, sql_user_is, to, &yes);
	if (err == NULL && yes)
		err = err_user(RESP_ALREADYEXISTS, "user '%s' exists already",
		    to);
	if (err == NULL)
		err = db_prepare(db, "UPDATE users SET name = ?2 "
		    "WHERE name = ?1", &stmt);
	if (err != NULL)
		return err;
	sqlite3_bind_text(stmt, 1, from, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 2, to, -1, SQLITE_STATIC);
	return db_run(db, stmt);
}

const struct err *
user_rename(struct store *store, const char *given_from, const char *given_to)
{
	struct arena *a = arena_new();
	const char *from, *to;
	const struct err *err;
	bool moved = false;
	struct db *db;

	err = user_name(a, given_from, &from);
	if (err == NULL)
		err = user_name(a, given_to, &to);
	if (err == NULL)
		err = users_begin(store, &db);
	if (err != NULL)
		goto done;
	err = rename_row(db, from, to);
	if (err == NULL)
		err = note_put(store_fd(store), from, to);
	if (err == NULL) {
		err = move_dir(store, dir_of(a, from), dir_of(a, to));
		moved = err == NULL;
	}
	if (err == NULL)
		err = db_commit(db);
	if (err != NULL)
		db_rollback(db);
	/* What cannot be taken back now is by who comes next. */
	if (err == NULL || !moved || renameat(store_fd(store), dir_of(a, to),
	    store_fd(store), dir_of(a, from)) == 0)
		note_remove(store_fd(store));
	store_unlock(store, err == NULL);
done:
	arena_free(a);
	return err;
}
