/* cmd-init.c - mboxadm init
 * SPDX-License-Identifier: ISC */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "admin.h"
#include "util/privs.h"

#define STORE_USER	"msgstore"	/* owns a store that root makes */

/* No program works as root, so a directory that root makes needs an owner. */
static const struct err *
make_directory(struct admin *a)
{
	const struct passwd *pw = getpwnam(STORE_USER);
	const struct err *err = NULL;
	int fd;

	if (pw == NULL || pw->pw_uid == 0)
		return admin_fail(a, EX_CANTCREAT, "there is no system user "
		    "called " STORE_USER ": make %s, give it to the user that "
		    "shall own all mail, and try again", a->store_path);
	if (mkdir(a->store_path, 0700) == -1)
		return admin_fail_errno(a, EX_CANTCREAT, "%s", a->store_path);
	/* Not by its name, behind which another could be by now. */
	fd = open(a->store_path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
	if (fd == -1 || fchown(fd, pw->pw_uid, pw->pw_gid) == -1) {
		err = admin_fail_errno(a, EX_CANTCREAT, "chown %s",
		    a->store_path);
		rmdir(a->store_path);
	}
	if (fd != -1)
		close(fd);
	return err;
}

static const struct err *
init_run(struct admin *a)
{
	const struct err *err;
	struct stat st;

	if (stat(a->store_path, &st) == -1) {
		if (geteuid() != 0)
			return store_init(a->store_path, a->conf);
		err = make_directory(a);
		if (err != NULL)
			return err;
	}
	err = privs_become_owner(a->store_path);
	if (err != NULL) {
		a->status_failed = EX_NOPERM;
		return err;
	}
	if (access(arena_printf(a->arena, "%s/users.db", a->store_path),
	    F_OK) == 0)
		admin_note("%s is a store already", a->store_path);
	return store_init(a->store_path, a->conf);
}

const struct verb verbs_init[] = {
	{ .words = "init", .operands = "",
	  .help = "make an empty store",
	  .flags = VERB_MAKES_STORE, .run = init_run },
	{ .words = NULL }
};
