/* backup-mark.c - how far a backup is, and who is at work on it
 * SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "store/backup-private.h"
#include "util/log.h"
#include "wire/respcode.h"

#define LOCK_NAME	"backup.lock"
#define LOCK_TRIES	100
#define MARK_OCTETS	512

/* --- The lock --- */

/* Whether the open file is still the one of that name. */
static bool
is_named(int dirfd, int fd)
{
	struct stat here, there;

	return fstat(fd, &here) == 0 &&
	    fstatat(dirfd, LOCK_NAME, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	    here.st_ino == there.st_ino && here.st_dev == there.st_dev;
}

/* Who ends removes the file under its lock: what was opened then is none. */
const struct err *
backup_lock(int dirfd, const char *what, int *fd_r)
{
	for (int try = 0; try < LOCK_TRIES; try++) {
		int fd = openat(dirfd, LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC |
		    O_NOFOLLOW, 0600);

		/* Where nobody can write nobody is at work. */
		if (fd == -1 && errno == EROFS) {
			*fd_r = -1;
			return NULL;
		}
		if (fd == -1)
			return err_errno("%s/" LOCK_NAME, what);
		if (flock(fd, LOCK_EX | LOCK_NB) == -1) {
			const struct err *err = errno == EWOULDBLOCK ?
			    err_internal_code(RESP_UNAVAILABLE,
			    "Try again later", "a backup or a restore of %s is "
			    "running", what) : err_errno("%s/" LOCK_NAME, what);

			close(fd);
			return err;
		}
		if (is_named(dirfd, fd)) {
			*fd_r = fd;
			return NULL;
		}
		close(fd);
	}
	return err_internal_code(RESP_UNAVAILABLE, "Try again later",
	    "%s/" LOCK_NAME " does not stay", what);
}

void
backup_unlock(int dirfd, int fd)
{
	if (fd == -1)
		return;
	if (unlinkat(dirfd, LOCK_NAME, 0) == -1 && errno != ENOENT)
		log_warning(LOCK_NAME ": %s", strerror(errno));
	close(fd);
}

/* What somebody who was killed left goes, where this process may do that. */
bool
backup_running(const struct store *store)
{
	bool running;
	int fd;

	fd = openat(store_fd(store), LOCK_NAME, O_RDWR | O_CLOEXEC |
	    O_NOFOLLOW);
	if (fd == -1)
		return errno != ENOENT;
	running = flock(fd, LOCK_EX | LOCK_NB) == -1;
	if (!running && is_named(store_fd(store), fd))
		unlinkat(store_fd(store), LOCK_NAME, 0);
	close(fd);
	return running;
}

const struct err *
backup_refuse(const struct store *store)
{
	return !backup_running(store) ? NULL :
	    err_internal_code(RESP_UNAVAILABLE, "Try again later",
	    "a backup is running; try again when it has ended");
}

/* --- The mark --- */

static bool
parse_line(const char *line, struct backup_mark *mark)
{
	char word[16];
	int64_t number;

	if (sscanf(line, "state %15s", word) == 1)
		mark->complete = strcmp(word, "complete") == 0;
	else if (sscanf(line, "copies %15s", word) == 1)
		mark->copies = strcmp(word, "yes") == 0;
	else if (sscanf(line, "restore %15s", word) == 1)
		mark->restore = strcmp(word, "yes") == 0;
	else if (sscanf(line, "begun %" SCNd64, &number) == 1)
		mark->begun = number;
	else if (sscanf(line, "ended %" SCNd64, &number) == 1)
		mark->ended = number;
	else
		return strcmp(line, "msgstore backup 1") == 0;
	return true;
}

const struct err *
mark_read(int dirfd, const char *what, bool *some_r, struct backup_mark *mark)
{
	char text[MARK_OCTETS], *rest = text, *line;
	int fd = openat(dirfd, BACKUP_MARK, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n;

	*some_r = fd != -1;
	if (fd == -1)
		return errno == ENOENT ? NULL :
		    err_errno("%s/" BACKUP_MARK, what);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n == -1)
		return err_errno("%s/" BACKUP_MARK, what);
	text[n] = '\0';
	*mark = (struct backup_mark){ .complete = false };
	while ((line = strsep(&rest, "\n")) != NULL)
		if (*line != '\0' && !parse_line(line, mark))
			return err_user(NULL, "%s/" BACKUP_MARK " is not of "
			    "this version of msgstore: %s", what, line);
	return NULL;
}

const struct err *
backup_mark_read(const char *dir, struct backup_mark *mark)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct err *err;
	bool some = false;

	if (fd == -1)
		return err_user(NULL, "%s: %s", dir, strerror(errno));
	err = mark_read(fd, dir, &some, mark);
	close(fd);
	if (err == NULL && !some)
		err = err_user(NULL, "%s holds no backup: there is no "
		    BACKUP_MARK " in it", dir);
	return err;
}

/* On the disk, whole or as it was. */
const struct err *
mark_write(int dirfd, const char *what, const struct backup_mark *mark)
{
	static const char *const no_yes[] = { "no", "yes" };
	const struct err *err = NULL;
	char text[MARK_OCTETS];
	int len, fd;

	len = snprintf(text, sizeof(text), "msgstore backup 1\nstate %s\n"
	    "copies %s\nrestore %s\nbegun %" PRId64 "\nended %" PRId64 "\n",
	    mark->complete ? "complete" : "incomplete", no_yes[mark->copies],
	    no_yes[mark->restore], mark->begun, mark->ended);
	fd = openat(dirfd, BACKUP_MARK "~", O_WRONLY | O_CREAT | O_TRUNC |
	    O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return err_errno("%s/" BACKUP_MARK "~", what);
	if (write(fd, text, (size_t)len) != len || fsync(fd) == -1)
		err = err_errno("%s/" BACKUP_MARK "~", what);
	close(fd);
	if (err == NULL && (renameat(dirfd, BACKUP_MARK "~", dirfd,
	    BACKUP_MARK) == -1 || fsync(dirfd) == -1))
		err = err_errno("%s/" BACKUP_MARK, what);
	return err;
}
