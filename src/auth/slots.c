/* slots.c - how many sessions a user has at once
 * SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auth/auth.h"
#include "store/runtime.h"
#include "store/users.h"
#include "util/log.h"
#include "wire/respcode.h"

/* The user's file; each session has a lock on an octet of it, which lies behind
 * its end. */
static const struct err *
open_slots(struct store *store, const struct conf *conf, const char *user,
    int *fd_r)
{
	char name[sizeof("sessions/") + USER_NAME_MAX];
	const struct err *err;
	int dirfd;

	err = runtime_dir_open(conf, store_path(store), &dirfd);
	if (err != NULL)
		return err;
	snprintf(name, sizeof(name), "sessions/%s", user);
	if (mkdirat(dirfd, "sessions", 0700) == -1 && errno != EEXIST)
		err = err_errno("sessions");
	else {
		*fd_r = openat(dirfd, name, O_RDWR | O_CREAT | O_CLOEXEC |
		    O_NOFOLLOW | O_NONBLOCK, 0600);
		if (*fd_r == -1)
			err = err_errno("%s", name);
	}
	close(dirfd);
	return err;
}

static bool
take(int fd, unsigned int i)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET,
	    .l_start = i, .l_len = 1 };

	return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

const struct err *
auth_slot_take(struct store *store, const struct conf *conf, const char *user,
    int *fd_r)
{
	unsigned int most = conf->max_sessions_per_user;
	const struct err *err;
	int fd;

	*fd_r = -1;
	if (most == 0)
		return NULL;
	err = open_slots(store, conf, user, &fd);
	if (err != NULL) {
		/* Who cannot count lets in. */
		log_warning("sessions of %s are not counted: %s", user,
		    err->text);
		return NULL;
	}
	for (unsigned int i = 0; i < most; i++) {
		if (take(fd, i)) {
			*fd_r = fd;
			return NULL;
		}
		if (errno != EAGAIN && errno != EACCES) {
			log_warning("sessions of %s are not counted: %m", user);
			close(fd);
			return NULL;
		}
	}
	close(fd);
	return err_user(RESP_LIMIT, "You have %u sessions already, close some "
	    "first", most);
}
