/* privs.c - never work as uid 0
 * SPDX-License-Identifier: ISC */
#include "util/privs.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/log.h"

static bool
is_root(void)
{
	uid_t r, e, s;

	if (getresuid(&r, &e, &s) == -1)
		fatal("getresuid: %s", strerror(errno));
	return r == 0 || e == 0 || s == 0;
}

/* A broken promise here would be a hole: better no process than that one. */
static void
verify(uid_t uid, gid_t gid)
{
	uid_t ur, ue, us;
	gid_t gr, ge, gs;

	if (getresuid(&ur, &ue, &us) == -1 || getresgid(&gr, &ge, &gs) == -1 ||
	    ur != uid || ue != uid || us != uid ||
	    gr != gid || ge != gid || gs != gid)
		fatal("uid %u, gid %u could not be taken on for good",
		    (unsigned int)uid, (unsigned int)gid);
	if (setuid(0) != -1 || seteuid(0) != -1)
		fatal("root's rights could be taken back");
}

static const struct err *
become(const struct passwd *pw, uid_t uid, gid_t gid)
{
	/* The owner's groups cannot be known without an entry: none then. */
	if ((pw != NULL ? initgroups(pw->pw_name, gid) :
	    setgroups(0, NULL)) == -1 ||
	    setresgid(gid, gid, gid) == -1 || setresuid(uid, uid, uid) == -1)
		return err_user(NULL, "cannot become uid %u, gid %u: %s; start "
		    "the program as root or as that user", (unsigned int)uid,
		    (unsigned int)gid, strerror(errno));
	verify(uid, gid);
	return NULL;
}

/*
 * A listener that binds a port below 1024 as the store's owner holds a capability
 * for it, and hands it on.  Whoever becomes the owner from root has none left.
 */
static void
drop_capabilities(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, sets) == -1)
		fatal("capget: %s", strerror(errno));
	if ((sets[0].permitted | sets[1].permitted | sets[0].inheritable |
	    sets[1].inheritable) == 0)
		return;
	memset(sets, 0, sizeof(sets));
	/* What is neither permitted nor inheritable leaves the ambient set. */
	if (syscall(SYS_capset, &header, sets) == -1)
		fatal("capset: %s", strerror(errno));
}

const struct err *
privs_become_owner(const char *path)
{
	const struct passwd *pw;
	struct stat st;

	if (stat(path, &st) == -1)
		return err_user(NULL, "%s: %s%s", path, strerror(errno),
		    errno == ENOENT ? "; \"mboxadm init\" makes a store" : "");
	if (!S_ISDIR(st.st_mode))
		return err_user(NULL, "%s: not a directory, so not a store",
		    path);
	/* The usual case needs no name, and looking one up may load libraries. */
	if (!is_root() && geteuid() == st.st_uid) {
		drop_capabilities();
		return NULL;
	}
	pw = getpwuid(st.st_uid);
	if (!is_root())
		return err_user(NULL, "%s belongs to %s (uid %u): run this as "
		    "that user or as root", path,
		    pw != NULL ? pw->pw_name : "another user",
		    (unsigned int)st.st_uid);
	if (st.st_uid == 0)
		return err_user(NULL, "%s belongs to root, as whom nothing "
		    "works here: give it to a user of its own, as by \"chown "
		    "-R msgstore: %s\"", path, path);
	if (st.st_gid != 0)
		return become(pw, st.st_uid, st.st_gid);
	/* chown(1) without a group leaves root's. */
	if (pw == NULL || pw->pw_gid == 0)
		return err_user(NULL, "%s belongs to the group of root: give it "
		    "to another by chgrp(1)", path);
	return become(pw, st.st_uid, pw->pw_gid);
}
