/* runtime.c - files that sessions share and that nobody misses after a reboot
 * SPDX-License-Identifier: ISC */
#include "store/runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RUNTIME_DEFAULT	"/run/msgstore"
#define IN_STORE	"run"
#define DIR_FLAGS	(O_RDONLY | O_DIRECTORY | O_CLOEXEC)

/* Whether nobody else can write into the directory fd; "" when so. */
static const char *
why_unsafe(int fd, mode_t others)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return strerror(errno);
	if (st.st_uid != geteuid())
		return "it belongs to another user";
	if ((st.st_mode & others) != 0)
		return others == (S_IWGRP | S_IWOTH) ?
		    "others may write to it" : "its mode is not 0700";
	return "";
}

/* Opens the directory name in dirfd, which is made on need. */
static const struct err *
private_open(int dirfd, const char *dir, const char *name, int *fd_r)
{
	const char *why;
	int fd;

	fd = openat(dirfd, name, DIR_FLAGS | O_NOFOLLOW);
	if (fd == -1 && errno == ENOENT) {
		/* Another process may be first, which is as good. */
		if (mkdirat(dirfd, name, 0700) == -1 && errno != EEXIST)
			return err_errno("cannot make %s/%s", dir, name);
		fd = openat(dirfd, name, DIR_FLAGS | O_NOFOLLOW);
	}
	if (fd == -1)
		return err_errno("%s/%s", dir, name);
	why = why_unsafe(fd, S_IRWXG | S_IRWXO);
	/* On a file system that is mounted read-only this says so. */
	if (*why == '\0' && faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) == -1)
		why = strerror(errno);
	if (*why != '\0') {
		close(fd);
		return err_internal("%s/%s cannot be used: %s", dir, name, why);
	}
	*fd_r = fd;
	return NULL;
}

/* Opens the directory for the store storefd in dir. */
static const struct err *
shared_open(const char *dir, int storefd, int *fd_r)
{
	const struct err *err;
	const char *why;
	struct stat st;
	char name[64];
	int dirfd;

	if (fstat(storefd, &st) == -1)
		return err_errno("fstat");
	snprintf(name, sizeof(name), "%jx-%jx", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino);
	dirfd = open(dir, DIR_FLAGS);
	if (dirfd == -1)
		return err_errno("runtime-directory %s", dir);
	why = why_unsafe(dirfd, S_IWGRP | S_IWOTH);
	if (*why != '\0')
		err = err_internal("runtime-directory %s cannot be used: %s",
		    dir, why);
	else
		err = private_open(dirfd, dir, name, fd_r);
	close(dirfd);
	return err;
}

const struct err *
runtime_dir_open(const struct conf *conf, const char *store_path, int *fd_r)
{
	const struct err *err;
	int storefd;

	storefd = open(store_path, DIR_FLAGS);
	if (storefd == -1)
		return err_errno("%s", store_path);
	if (*conf->runtime_directory != '\0')
		err = shared_open(conf->runtime_directory, storefd, fd_r);
	else if (shared_open(RUNTIME_DEFAULT, storefd, fd_r) == NULL)
		err = NULL;
	else
		err = private_open(storefd, store_path, IN_STORE, fd_r);
	close(storefd);
	return err;
}
