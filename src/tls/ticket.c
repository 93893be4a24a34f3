/* ticket.c - the key of session tickets, shared by all processes of a store
 * SPDX-License-Identifier: ISC */
#include "tls/ticket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "util/log.h"

#define FILE_NEW	TICKET_FILE ".new"
#define CLOCK_SLACK	60	/* seconds that a file may be from the future */

/* Why the file cannot be used, NULL when it can; "" for one that is too old. */
static const char *
why_not(int fd)
{
	struct stat st;
	time_t now = time(NULL);

	if (fstat(fd, &st) == -1)
		return strerror(errno);
	if (!S_ISREG(st.st_mode))
		return "not a file";
	if (st.st_uid != geteuid())
		return "it belongs to another user";
	if ((st.st_mode & 07777) != 0600)
		return "its mode is not 0600";
	if (st.st_nlink != 1)
		return "it has another name";
	if (st.st_size != TICKET_KEY_OCTETS)
		return "its size is wrong";
	if (st.st_mtime > now + CLOCK_SLACK ||
	    st.st_mtime <= now - TICKET_KEY_SECONDS)
		return "";
	return NULL;
}

/* Why the octets are no key, NULL when they are: zeros are what a file system may
 * have behind a crash of the machine in place of what was written. */
static const char *
why_no_key(const unsigned char *key)
{
	static const unsigned char zeros[TICKET_KEY_OCTETS];

	return memcmp(key, zeros, sizeof(zeros)) == 0 ? "it holds zeros" : NULL;
}

/* False: there is none, or none to be used.  warn: say why. */
static bool
key_read(int dirfd, unsigned char *key, bool warn)
{
	const char *why;
	int fd;

	fd = openat(dirfd, TICKET_FILE,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1) {
		if (warn && errno != ENOENT)
			log_warning("%s: %s: replaced", TICKET_FILE,
			    strerror(errno));
		return false;
	}
	why = why_not(fd);
	if (why == NULL)
		why = read(fd, key, TICKET_KEY_OCTETS) == TICKET_KEY_OCTETS ?
		    why_no_key(key) : "it cannot be read";
	if (why != NULL && warn && *why != '\0')
		log_warning("%s: %s: replaced", TICKET_FILE, why);
	close(fd);
	return why == NULL;
}

static const struct err *
key_write(int dirfd, const unsigned char *key)
{
	const struct err *err = NULL;
	int fd;

	/* What a process left that died in between. */
	if (unlinkat(dirfd, FILE_NEW, 0) == -1 && errno != ENOENT)
		return err_errno("%s", FILE_NEW);
	fd = openat(dirfd, FILE_NEW, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	    0600);
	if (fd == -1)
		return err_errno("%s", FILE_NEW);
	if (fchmod(fd, 0600) == -1 ||
	    write(fd, key, TICKET_KEY_OCTETS) != TICKET_KEY_OCTETS)
		err = err_errno("%s", FILE_NEW);
	close(fd);
	if (err == NULL &&
	    renameat(dirfd, FILE_NEW, dirfd, TICKET_FILE) == -1)
		err = err_errno("%s", TICKET_FILE);
	if (err != NULL)
		unlinkat(dirfd, FILE_NEW, 0);
	return err;
}

const struct err *
ticket_key(int dirfd, unsigned char key_r[TICKET_KEY_OCTETS])
{
	const struct err *err = NULL;
	unsigned char key[TICKET_KEY_OCTETS];
	int lockfd;

	if (key_read(dirfd, key_r, false))
		return NULL;
	/* Opened anew, for a lock of this process alone. */
	lockfd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lockfd == -1)
		return err_errno("openat");
	if (flock(lockfd, LOCK_EX) == -1) {
		err = err_errno("flock");
		close(lockfd);
		return err;
	}
	/* Another process may have been first. */
	if (!key_read(dirfd, key, true)) {
		arc4random_buf(key, sizeof(key));
		err = key_write(dirfd, key);
	}
	close(lockfd);
	if (err == NULL)
		memcpy(key_r, key, sizeof(key));
	explicit_bzero(key, sizeof(key));
	return err;
}
