/* table.c - small files of a fixed size that the processes of a store share
 * SPDX-License-Identifier: ISC */
#include "auth/table.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

const struct err *
table_open(int dirfd, const char *name, size_t size, int *fd_r)
{
	const struct err *err = NULL;
	struct stat st;
	int fd;

	fd = openat(dirfd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK, 0600);
	if (fd == -1)
		return err_errno("%s", name);
	while (flock(fd, LOCK_EX) == -1)
		if (errno != EINTR) {
			err = err_errno("%s: flock", name);
			goto failed;
		}
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		err = err_internal("%s is no file", name);
	else if (st.st_size != (off_t)size && ftruncate(fd, (off_t)size) == -1)
		err = err_errno("%s", name);
	if (err == NULL) {
		*fd_r = fd;
		return NULL;
	}
failed:
	close(fd);
	return err;
}

void
table_close(int fd)
{
	close(fd);	/* and the lock is free */
}

const struct err *
table_read(int fd, size_t at, void *set, size_t len)
{
	ssize_t n = pread(fd, set, len, (off_t)(at * len));

	if (n == -1)
		return err_errno("read");
	memset((char *)set + n, 0, len - (size_t)n);
	return NULL;
}

const struct err *
table_write(int fd, size_t at, const void *set, size_t len)
{
	if (pwrite(fd, set, len, (off_t)(at * len)) != (ssize_t)len)
		return err_errno("write");
	return NULL;
}
