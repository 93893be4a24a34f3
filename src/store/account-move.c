/* account-move.c - an account's directory gets another name, together with its row
 * SPDX-License-Identifier: ISC
 *
 * The name is in a row of users.db and is the directory's name too: two steps.
 * The file "moving" in the store's directory tells of both names from before the
 * first to after the second; who next writes to users.db, or misses the
 * directory, finds it there after a crash and takes the first step back. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/store-private.h"
#include "store/users-private.h"
#include "util/log.h"
#include "wire/respcode.h"

#define NOTE		"moving"
#define NOTE_OCTETS	2048	/* two directories, a line each */

/* --- The note --- */

static const struct err *
note_put(int dirfd, const char *from, const char *to)
{
	const struct err *err = NULL;
	char text[NOTE_OCTETS];
	ssize_t len = snprintf(text, sizeof(text), "%s\n%s\n", from, to);
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

/* The name in a line "users/NAME" or "shared/NAME"; NULL: it is none. */
static const char *
name_in(const char *dir, enum account_kind *kind_r)
{
	static const enum account_kind kinds[] = { ACCOUNT_USER,
	    ACCOUNT_SHARED };
	const char *name = strchr(dir, '/');

	if (name == NULL || *++name == '\0' || strchr(name, '/') != NULL ||
	    strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return NULL;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		const char *parent = account_kind_dir(kinds[i]);

		if (strncmp(dir, parent, strlen(parent)) == 0 &&
		    dir + strlen(parent) + 1 == name) {
			*kind_r = kinds[i];
			return name;
		}
	}
	return NULL;
}

/* False where there is none, or only a part of one: then nothing happened yet. */
static bool
note_get(int dirfd, char text[NOTE_OCTETS], const char **from_r,
    const char **to_r)
{
	int fd = openat(dirfd, NOTE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	enum account_kind kind, other;
	char *end;
	ssize_t n;

	if (fd == -1)
		return false;
	n = read(fd, text, NOTE_OCTETS - 1);
	close(fd);
	if (n < 1 || text[n - 1] != '\n')
		return false;
	text[n - 1] = '\0';
	end = strchr(text, '\n');
	if (end == NULL)
		return false;
	*end = '\0';
	*from_r = text;
	*to_r = end + 1;
	return name_in(*from_r, &kind) != NULL &&
	    name_in(*to_r, &other) != NULL && kind == other;
}

/* --- The directory --- */

/* From one name to the other, and on the disk. */
static const struct err *
move_dir(struct store *store, const char *from, const char *to)
{
	const struct err *err = NULL;
	enum account_kind kind;
	int fd;

	/* A directory that is not empty is never replaced. */
	if (renameat(store_fd(store), from, store_fd(store), to) == -1)
		return errno == EEXIST || errno == ENOTEMPTY ?
		    err_user(RESP_ALREADYEXISTS, "the directory %s is in the "
		    "way; 'mboxadm check' tells more", to) :
		    err_errno("rename %s", from);
	if (name_in(from, &kind) == NULL)
		fatal("account-move: %s", from);
	fd = dir_open(store_fd(store), account_kind_dir(kind));
	if (fd == -1 || fsync(fd) == -1)
		err = err_errno("%s: fsync", account_kind_dir(kind));
	if (fd != -1)
		close(fd);
	if (err != NULL)
		renameat(store_fd(store), to, store_fd(store), from);
	return err;
}

/* --- After a crash --- */

static const struct err *
has_row(struct db *db, const char *dir, bool *yes_r)
{
	enum account_kind kind;
	const char *name = name_in(dir, &kind);

	*yes_r = false;
	return name == NULL ? NULL : users_has(db, kind == ACCOUNT_USER ?
	    "SELECT 1 FROM users WHERE name = ?1" :
	    "SELECT 1 FROM shared WHERE name = ?1", name, yes_r);
}

/* A name that no account has: its directory is on its way out, or in. */
static bool
is_aside(const char *dir)
{
	enum account_kind kind;
	const char *name = name_in(dir, &kind);

	return name != NULL && name[0] == '.';
}

/* Whether the directory has the new name, and the row the old one, or is not there. */
static const struct err *
is_half(struct store *store, struct db *db, const char *from, const char *to,
    bool *yes_r)
{
	const struct err *err;
	bool has_from, has_to = true;

	err = has_row(db, from, &has_from);
	if (err == NULL)
		err = has_row(db, to, &has_to);
	if (err == NULL)
		*yes_r = (has_from || is_aside(from)) && !has_to &&
		    faccessat(store_fd(store), from, F_OK,
		    AT_SYMLINK_NOFOLLOW) == -1 && errno == ENOENT &&
		    faccessat(store_fd(store), to, F_OK,
		    AT_SYMLINK_NOFOLLOW) == 0;
	return err;
}

const struct err *
account_move_undo(struct store *store, struct db *db)
{
	const struct err *err = NULL;
	char text[NOTE_OCTETS];
	const char *from, *to;
	bool half = false;

	/* As a rule there is none. */
	if (faccessat(store_fd(store), NOTE, F_OK, AT_SYMLINK_NOFOLLOW) == -1)
		return NULL;
	if (note_get(store_fd(store), text, &from, &to))
		err = is_half(store, db, from, to, &half);
	if (err == NULL && half) {
		err = move_dir(store, to, from);
		if (err == NULL)
			log_info("%s stays: what made it %s was cut off", from,
			    to);
	}
	if (err == NULL)
		note_remove(store_fd(store));
	return err;
}

/* --- Moving --- */

const struct err *
account_move_begin(struct store *store, const char *from, const char *to)
{
	const struct err *err = note_put(store_fd(store), from, to);

	if (err != NULL)
		return err;
	err = move_dir(store, from, to);
	if (err != NULL)
		note_remove(store_fd(store));
	return err;
}

void
account_move_end(struct store *store, struct db *db, bool done)
{
	const struct err *err;

	if (done) {
		note_remove(store_fd(store));
		return;
	}
	/* A commit that failed may be there all the same: the row tells.  What
	 * cannot be taken back now is by who comes next. */
	err = account_move_undo(store, db);
	if (err != NULL)
		log_error("%s", err->text);
}
