/* lost.c - files under UIDs that no message has yet, put aside for a while
 * SPDX-License-Identifier: ISC
 *
 * Most are of an append that a crash cut off and that nobody was told of: whoever
 * sent it sends it again, so that as a message it would be there twice.  But where
 * both databases are older copies, put back from a backup, they are mail that was
 * acknowledged.  Nothing in the store tells one from the other, so none is removed
 * before the time has passed that an expunged message stays, too. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/mailbox-private.h"
#include "util/log.h"

#define LOST_OCTETS	64

const struct err *
lost_keep(int dirfd, const char *what, uint32_t uid)
{
	char name[UID_NAME_OCTETS], id[MAILBOX_ID_LEN + 1], to[LOST_OCTETS];

	uid_name(uid, name);
	mailbox_new_id(id);
	snprintf(to, sizeof(to), LOST_DIR "/%s-%s", name, id);
	/* On the disk before anything is in it. */
	if (mkdirat(dirfd, LOST_DIR, 0700) == 0 ? fsync(dirfd) == -1 :
	    errno != EEXIST)
		return err_errno("%s/" LOST_DIR, what);
	if (renameat(dirfd, name, dirfd, to) == -1)
		return errno == ENOENT ? NULL : err_errno("%s/%s", what, name);
	log_info("%s/%s is no message: it is kept as %s", what, name, to);
	return NULL;
}

/* A file's time is its INTERNALDATE: when it came here is its change time. */
static void
purge_one(int fd, const char *name, int64_t before)
{
	struct stat st;

	if (name[0] != '.' && fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_ctim.tv_sec <= before)
		unlinkat(fd, name, 0);
}

const struct err *
lost_purge(struct mailbox *m)
{
	const int64_t before = now_seconds() - (int64_t)
	    store_conf(m->account->store)->expunge_retention;
	struct dirent *e;
	int fd = dir_open(m->fd, LOST_DIR);
	DIR *d;

	if (fd == -1)
		return errno == ENOENT ? NULL : err_errno("%s/" LOST_DIR, m->what);
	d = fdopendir(fd);
	if (d == NULL) {
		close(fd);
		return err_errno("%s/" LOST_DIR, m->what);
	}
	while ((e = readdir(d)) != NULL)
		purge_one(fd, e->d_name, before);
	closedir(d);
	return NULL;
}
