/* cmd-import.c - mboxadm import ...
 * SPDX-License-Identifier: ISC */
#include <sys/stat.h>

#include <fcntl.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "import.h"

static const struct err *
mbox_prepare(struct admin *a)
{
	const char *file = a->argv[0];

	if (strcmp(file, "-") != 0)
		return admin_open(a, file, O_RDONLY | O_CLOEXEC, &a->fd);
	a->fd = dup(STDIN_FILENO);
	if (a->fd == -1)
		return admin_fail_errno(a, EX_NOINPUT, "%s", file);
	return NULL;
}

static const struct err *
mbox_run(struct admin *a)
{
	struct import im = { .a = a };
	struct account *account = NULL;
	struct mailbox *mbox = NULL;
	const struct err *err;
	struct stat st;

	err = admin_account(a, a->argv[1], &account);
	if (err == NULL)
		err = admin_mailbox_open(a, account, a->argv[2], true, &mbox);
	if (err == NULL)
		err = import_mailbox(&im, mbox);
	if (err == NULL) {
		progress_begin(&im.progress, fstat(a->fd, &st) == 0 &&
		    S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0);
		err = import_mbox(&im, a->fd, a->argv[0]);
		import_end(&im);
	}
	account_close(account);
	return err;
}

static const struct err *
maildir_prepare(struct admin *a)
{
	struct maildir *maildir;
	const struct err *err;

	err = maildir_open(a, a->argv[0], a->opt[OPT_RECURSIVE] != NULL,
	    &maildir);
	if (err == NULL)
		a->prepared = maildir;
	return err;
}

static const struct err *
maildir_run(struct admin *a)
{
	struct import im = { .a = a };
	struct account *account = NULL;
	const struct err *err;

	err = admin_account(a, a->argv[1], &account);
	if (err == NULL) {
		err = import_maildir(&im, a->prepared, account, a->argv[2]);
		import_end(&im);
	}
	account_close(account);
	maildir_close(a->prepared);
	return err;
}

const struct verb verbs_import[] = {
	{ .words = "import mbox",
	  .operands = "FILE|- USER MAILBOX [--subscribe] [--json]",
	  .help = "add the messages of an mbox file",
	  .min = 3, .max = 3, .opts = OPT(OPT_JSON) | OPT(OPT_SUBSCRIBE),
	  .prepare = mbox_prepare, .run = mbox_run },
	{ .words = "import maildir",
	  .operands = "DIR USER MAILBOX [--recursive] [--subscribe] [--json]",
	  .help = "add the messages of a Maildir",
	  .min = 3, .max = 3, .opts = OPT(OPT_JSON) | OPT(OPT_RECURSIVE) |
	      OPT(OPT_SUBSCRIBE),
	  .prepare = maildir_prepare, .run = maildir_run },
	{ .words = NULL }
};
