/* open.c - open what the caller named, by no user's symbolic link elsewhere
 * SPDX-License-Identifier: ISC */
#include <sys/stat.h>
#include <sys/vfs.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "admin.h"

#define LINKS_MAX	40	/* as path_resolution(7) has it */

struct walk {
	int	dir;		/* where what is left of path begins */
	uid_t	links;		/* who made the links that root did not */
	int	links_n;
	size_t	at;		/* what is left begins here */
	char	path[PATH_MAX];
};

static const char *
rest_of(const struct walk *w)
{
	return w->path + w->at;
}

/* The first name of the rest into name; what is behind it is then the rest. */
static bool
take_name(struct walk *w, char *name, size_t size)
{
	size_t len;

	w->at += strspn(rest_of(w), "/");
	len = strcspn(rest_of(w), "/");
	if (len >= size) {
		errno = ENAMETOOLONG;
		return false;
	}
	memcpy(name, rest_of(w), len);
	name[len] = '\0';
	w->at += len;
	w->at += strspn(rest_of(w), "/");
	return true;
}

static bool
step_into(struct walk *w, int fd)
{
	if (w->dir != AT_FDCWD)
		close(w->dir);
	w->dir = fd;
	return fd != -1;
}

/* Put where the link leads before the rest. */
static bool
follow(struct walk *w, int fd, const struct stat *st)
{
	char target[PATH_MAX], rest[PATH_MAX];
	ssize_t n = readlinkat(fd, "", target, sizeof(target) - 1);

	if (n == -1)
		return false;
	target[n] = '\0';
	strlcpy(rest, rest_of(w), sizeof(rest));
	w->at = 0;
	if ((size_t)snprintf(w->path, sizeof(w->path), "%s/%s", target,
	    rest) >= sizeof(w->path)) {
		errno = ENAMETOOLONG;
		return false;
	}
	if (rest[0] == '\0')
		w->path[n] = '\0';
	if (++w->links_n > LINKS_MAX || (st->st_uid != 0 && w->links != 0 &&
	    w->links != st->st_uid)) {
		errno = ELOOP;
		return false;
	}
	if (st->st_uid != 0)
		w->links = st->st_uid;
	return target[0] != '/' || step_into(w, open("/", O_PATH | O_CLOEXEC));
}

/* The kernel's own links lead to what this process has open. */
static bool
is_proc(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

/* One name further: the opened file at the end, -1 on an error, else -2. */
static int
step(struct walk *w, int flags)
{
	char name[NAME_MAX + 1];
	struct stat st;
	bool good;
	int fd;

	if (!take_name(w, name, sizeof(name)))
		return -1;
	if (name[0] == '\0')
		return openat(w->dir, ".", flags);
	fd = openat(w->dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == -1 || !S_ISLNK(st.st_mode)) {
		if (rest_of(w)[0] != '\0')
			return step_into(w, fd) ? -2 : -1;
		close(fd);
		return openat(w->dir, name, flags | O_NOFOLLOW);
	}
	if (rest_of(w)[0] == '\0' && is_proc(fd)) {
		close(fd);
		return openat(w->dir, name, flags);
	}
	good = follow(w, fd, &st);
	close(fd);
	return good ? -2 : -1;
}

const struct err *
admin_open(struct admin *a, const char *path, int flags, int *fd_r)
{
	struct walk w = { .dir = AT_FDCWD };
	const struct err *err = NULL;
	struct stat st;
	int fd = -2;

	if (geteuid() != 0)
		fd = open(path, flags);
	else if (strlcpy(w.path, path, sizeof(w.path)) >= sizeof(w.path)) {
		errno = ENAMETOOLONG;
		fd = -1;
	} else if (path[0] == '/' &&
	    !step_into(&w, open("/", O_PATH | O_CLOEXEC)))
		fd = -1;
	else if (path[0] == '\0') {
		errno = ENOENT;
		fd = -1;
	}
	while (fd == -2)
		fd = step(&w, flags);
	if (fd == -1)
		err = admin_fail_errno(a, EX_NOINPUT, "%s", path);
	else if (w.links != 0 && (fstat(fd, &st) == -1 ||
	    st.st_uid != w.links)) {
		err = admin_fail(a, EX_NOINPUT, "%s: a symbolic link of user "
		    "%u leads to what is not that user's", path,
		    (unsigned int)w.links);
		close(fd);
	} else
		*fd_r = fd;
	if (w.dir != AT_FDCWD && w.dir != -1)
		close(w.dir);
	return err;
}
