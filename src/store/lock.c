/* lock.c - the writer lock and the timestamp that wakes watchers
 * SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/db.h"
#include "util/log.h"

const struct err *
lock_open(int dirfd, const char *what, int *fd_r)
{
	int fd = openat(dirfd, "lock", O_RDWR | O_CREAT | O_CLOEXEC |
	    O_NOFOLLOW, 0600);

	if (fd == -1)
		return err_errno("%s/lock", what);
	*fd_r = fd;
	return NULL;
}

const struct err *
lock_take(int fd)
{
	while (flock(fd, LOCK_EX) == -1)
		if (errno != EINTR)
			return err_errno("flock");
	return NULL;
}

void
lock_drop(int fd)
{
	if (flock(fd, LOCK_UN) == -1)
		fatal("flock: %s", strerror(errno));
}

void
stamp_touch(int dirfd)
{
	struct timespec ts[2];

	/*
	 * The kernel's own timestamps may be milliseconds coarse, so that two
	 * commits would look like one: the exact time is given.  Both times
	 * are set: that alone is IN_ATTRIB, one of them is IN_MODIFY.
	 */
	clock_gettime(CLOCK_REALTIME, &ts[1]);
	ts[0] = ts[1];
	if (futimens(dirfd, ts) == -1 && errno != ENOENT)
		log_warning("a directory's timestamp cannot be set: %s",
		    strerror(errno));
}

uint64_t
stamp_get(int dirfd)
{
	struct stat st;

	if (fstat(dirfd, &st) == -1)
		return 0;
	return (uint64_t)st.st_mtim.tv_sec * UINT64_C(1000000000) +
	    (uint64_t)st.st_mtim.tv_nsec;
}

int64_t
now_seconds(void)
{
	return (int64_t)time(NULL);
}
