/* backup-files.c - message files: linked, cloned or copied
 * SPDX-License-Identifier: ISC
 *
 * A message file never changes, so that a hard link is as good as a copy while
 * the disk lasts.  Octets that are copied are on the disk before their file gets
 * its name: what has a name is whole.  One sync is for many files. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "store/backup-private.h"
#include "util/log.h"

#define COPY_OCTETS	65536
#define PENDING_MAX	1000			/* files that wait for a sync */
#define PENDING_OCTETS	(256 * 1024 * 1024)	/* and what is in them */

const struct err *
make_dir(int dirfd, const char *path)
{
	if (mkdirat(dirfd, path, 0700) == -1 && errno != EEXIST)
		return err_errno("%s", path);
	return NULL;
}

const struct err *
make_dirs(int dirfd, const char *path)
{
	char part[STORE_PATH_OCTETS];
	const struct err *err = NULL;

	for (size_t i = 1; err == NULL && path[i - 1] != '\0'; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		snprintf(part, sizeof(part), "%.*s", (int)i, path);
		err = make_dir(dirfd, part);
	}
	return err;
}

/* --- Those that wait for their names --- */

static const struct err *
files_open(struct transfer *t)
{
	const struct err *err;

	if (t->files_fd != -1)
		return NULL;
	err = make_dir(store_fd(t->to), BACKUP_STAGE);
	if (err == NULL)
		err = make_dir(store_fd(t->to), BACKUP_FILES);
	if (err != NULL)
		return err;
	t->files_fd = dir_open(store_fd(t->to), BACKUP_FILES);
	if (t->files_fd == -1)
		return err_errno(BACKUP_FILES);
	t->pending = calloc(PENDING_MAX, sizeof(*t->pending));
	if (t->pending == NULL)
		fatal("out of memory");
	return NULL;
}

const struct err *
transfer_flush(struct transfer *t)
{
	const struct err *err = NULL;
	char name[UID_NAME_OCTETS];

	if (t->pending_n == 0)
		return NULL;
	if (syncfs(t->files_fd) == -1)
		return err_errno("%s: syncfs", store_path(t->to));
	for (uint32_t i = 0; err == NULL && i < t->pending_n; i++) {
		uid_name(i, name);
		if (renameat(t->files_fd, name, store_fd(t->to),
		    t->pending[i]) == -1)
			err = err_errno("%s", t->pending[i]);
	}
	for (uint32_t i = 0; i < t->pending_n; i++)
		free(t->pending[i]);
	t->pending_n = 0;
	t->pending_octets = 0;
	return err;
}

void
transfer_forget(struct transfer *t)
{
	for (uint32_t i = 0; i < t->pending_n; i++)
		free(t->pending[i]);
	free(t->pending);
	t->pending = NULL;
	t->pending_n = 0;
	if (t->files_fd != -1)
		close(t->files_fd);
	t->files_fd = -1;
}

/* --- One file --- */

static const struct err *
copy_octets(const char *to, int in, int out, uint64_t *octets)
{
	static char b[COPY_OCTETS];
	ssize_t n;

	while ((n = read(in, b, sizeof(b))) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_errno("%s: read", to);
		for (ssize_t done = 0, w; done < n; done += w) {
			w = write(out, b + done, (size_t)(n - done));
			if (w == -1 && errno == EINTR)
				w = 0;
			if (w == -1)
				return err_errno("%s", to);
		}
		*octets += (uint64_t)n;
	}
	return NULL;
}

static bool
try_clone(struct transfer *t, int in, int out)
{
	if (t->options->copies || t->no_clone)
		return false;
	if (ioctl(out, FICLONE, in) == 0)
		return true;
	t->no_clone = true;	/* the file system has none, or is another */
	return false;
}

static const struct err *
fill(struct transfer *t, const char *to, int in, const struct stat *st,
    const char *name)
{
	const struct err *err = NULL;
	uint64_t octets = 0;
	int out;

	out = openat(t->files_fd, name, O_WRONLY | O_CREAT | O_EXCL |
	    O_NOFOLLOW | O_CLOEXEC, 0400);
	if (out == -1)
		return err_errno("%s", to);
	if (try_clone(t, in, out))
		t->result->cloned++;
	else if ((err = copy_octets(to, in, out, &octets)) == NULL)
		t->result->copied++;
	/* The file's time is the INTERNALDATE, for a repair. */
	if (err == NULL && futimens(out, (struct timespec[2]){ st->st_atim,
	    st->st_mtim }) == -1)
		err = err_errno("%s", to);
	if (close(out) == -1 && err == NULL)
		err = err_errno("%s", to);
	if (err != NULL)
		unlinkat(t->files_fd, name, 0);
	t->result->octets += octets;
	t->pending_octets += octets;
	return err;
}

static const struct err *
copy_file(struct transfer *t, int dirfd, const char *name,
    const struct stat *st, const char *to)
{
	const struct err *err = files_open(t);
	char new[UID_NAME_OCTETS];
	int in;

	if (err == NULL && (t->pending_n == PENDING_MAX ||
	    t->pending_octets > PENDING_OCTETS))
		err = transfer_flush(t);
	if (err != NULL)
		return err;
	in = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK);
	if (in == -1)
		return err_errno("%s", to);
	uid_name(t->pending_n, new);
	err = fill(t, to, in, st, new);
	close(in);
	if (err != NULL)
		return err;
	t->pending[t->pending_n] = strdup(to);
	if (t->pending[t->pending_n++] == NULL)
		fatal("out of memory");
	return NULL;
}

/* What is in the way is another file: it is replaced in one step. */
static const struct err *
replace_by_link(struct transfer *t, int dirfd, const char *name,
    const char *to)
{
	const struct err *err = files_open(t);

	if (err != NULL)
		return err;
	if (linkat(dirfd, name, t->files_fd, "link", 0) == -1 ||
	    renameat(t->files_fd, "link", store_fd(t->to), to) == -1)
		err = err_errno("%s", to);
	unlinkat(t->files_fd, "link", 0);
	return err;
}

/* A second name of what was copied, which may wait for its first. */
static const struct err *
link_again(struct transfer *t, const struct stat *st, const char *to,
    bool *done_r)
{
	const char *first = links_find(t->links, st);
	const int dirfd = store_fd(t->to);
	const struct err *err = NULL;

	*done_r = false;
	if (first == NULL || strcmp(first, to) == 0)
		return NULL;
	if (faccessat(dirfd, first, F_OK, AT_SYMLINK_NOFOLLOW) == -1)
		err = transfer_flush(t);
	if (err == NULL && linkat(dirfd, first, dirfd, to, 0) == -1) {
		if (errno != EEXIST)
			return NULL;
		err = replace_by_link(t, dirfd, first, to);
	}
	*done_r = err == NULL;
	t->result->linked += err == NULL;
	return err;
}

/* False in *done_r: no links here. */
static const struct err *
link_file(struct transfer *t, int dirfd, const char *name, const char *to,
    bool *done_r)
{
	const struct err *err = NULL;

	*done_r = false;
	if (t->options->copies || t->no_link)
		return NULL;
	if (linkat(dirfd, name, store_fd(t->to), to, 0) == -1) {
		if (errno == EXDEV || errno == EPERM)
			t->no_link = true;
		if (errno == EXDEV || errno == EPERM || errno == EMLINK)
			return NULL;
		err = errno == EEXIST ? replace_by_link(t, dirfd, name, to) :
		    err_errno("%s", to);
	}
	*done_r = err == NULL;
	t->result->linked += err == NULL;
	return err;
}

/* Whether what is there is the file, or a copy of it, and may stay. */
static bool
is_same(const struct transfer *t, const struct stat *from,
    const struct stat *there)
{
	if (!S_ISREG(there->st_mode))
		return false;
	if (from->st_ino == there->st_ino && from->st_dev == there->st_dev)
		return !t->options->copies;
	return from->st_size == there->st_size &&
	    from->st_mtim.tv_sec == there->st_mtim.tv_sec &&
	    from->st_mtim.tv_nsec == there->st_mtim.tv_nsec;
}

/* Where links to the store can be had there is nothing to remember. */
static void
note_link(struct transfer *t, const struct stat *st, const char *to)
{
	if (st->st_nlink > 1 && (t->options->copies || t->no_link))
		links_add(t->links, st, to);
}

const struct err *
transfer_file(struct transfer *t, int dirfd, const char *name, const char *to,
    bool *missing_r)
{
	const struct err *err;
	struct stat st, there;
	bool done;

	*missing_r = false;
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == -1) {
		*missing_r = errno == ENOENT;
		return errno == ENOENT ? NULL : err_errno("%s", to);
	}
	if (!S_ISREG(st.st_mode)) {
		*missing_r = true;
		return NULL;
	}
	if (fstatat(store_fd(t->to), to, &there, AT_SYMLINK_NOFOLLOW) == 0) {
		if (is_same(t, &st, &there)) {
			note_link(t, &st, to);
			return NULL;
		}
	} else if (errno != ENOENT)
		return err_errno("%s", to);
	err = link_file(t, dirfd, name, to, &done);
	if (err == NULL && !done)
		err = link_again(t, &st, to, &done);
	if (err == NULL && !done)
		err = copy_file(t, dirfd, name, &st, to);
	if (err == NULL)
		note_link(t, &st, to);
	return err;
}
