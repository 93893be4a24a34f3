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

	/* Of a backup that is mounted to be read from: enough for a lock. */
	if (fd == -1 && errno == EROFS)
		fd = openat(dirfd, "lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
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

bool
lock_try(int fd)
{
	return flock(fd, LOCK_EX | LOCK_NB) == 0;
}

void
lock_drop(int fd)
{
	if (flock(fd, LOCK_UN) == -1)
		fatal("flock: %s", strerror(errno));
}

#define SECOND_NS	UINT64_C(1000000000)

static uint64_t
nanoseconds(const struct timespec *ts)
{
	return (uint64_t)ts->tv_sec * SECOND_NS + (uint64_t)ts->tv_nsec;
}

/* The later of a directory's two times, 0 when it cannot be read. */
static uint64_t
stamp_latest(int dirfd)
{
	struct stat st;
	uint64_t a, m;

	if (fstat(dirfd, &st) == -1)
		return 0;
	a = nanoseconds(&st.st_atim);
	m = nanoseconds(&st.st_mtim);
	return a > m ? a : m;
}

/* Both times are set: that alone is IN_ATTRIB, one of them is IN_MODIFY. */
static void
stamp_set(int dirfd, uint64_t at)
{
	struct timespec ts[2];

	ts[0].tv_sec = (time_t)(at / SECOND_NS);
	ts[0].tv_nsec = (long)(at % SECOND_NS);
	ts[1] = ts[0];
	if (futimens(dirfd, ts) == -1 && errno != ENOENT)
		log_warning("a directory's timestamp cannot be set: %s",
		    strerror(errno));
}

void
stamp_touch(int dirfd)
{
	uint64_t before = stamp_latest(dirfd), now;
	struct timespec ts;

	/*
	 * The kernel's own timestamps may be milliseconds coarse, so that two
	 * commits would look like one: the exact time is given.  It never goes
	 * back when the clock does, and rises by a second where the file system
	 * keeps no less (ext4 with small inodes).
	 */
	clock_gettime(CLOCK_REALTIME, &ts);
	now = nanoseconds(&ts);
	stamp_set(dirfd, now > before ? now : before + 1);
	if (before > 0 && stamp_latest(dirfd) <= before)
		stamp_set(dirfd, before + SECOND_NS);
}

uint64_t
stamp_get(int dirfd)
{
	struct stat st;

	if (fstat(dirfd, &st) == -1)
		return 0;
	/*
	 * A file that comes or goes sets the modification time alone, to the
	 * kernel's coarse time: maybe to what it was before a commit.  The other
	 * then still tells.
	 */
	return nanoseconds(&st.st_mtim) * UINT64_C(0x9e3779b97f4a7c15) +
	    nanoseconds(&st.st_atim);
}

int64_t
now_seconds(void)
{
	return (int64_t)time(NULL);
}
