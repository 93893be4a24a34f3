/* cmd-restore.c - mboxadm restore
 * SPDX-License-Identifier: ISC */
#include <sys/stat.h>

#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "backup.h"
#include "util/privs.h"

#define SHARED_PREFIX	"shared/"

/* As the store's owner, whose the backup is too. */
static const struct err *
restore_store(struct admin *a, struct backup_run *run)
{
	const char *dir = a->argv[0];
	const struct err *err;

	err = backup_restore(dir, a->store_path, a->conf, &run->options,
	    &run->result);
	if (err != NULL && err->kind == ERR_USER && err->code == NULL)
		a->status_failed = EX_CANTCREAT;
	return err;
}

/* "alice", "shared/sales", and behind a slash a mailbox: NULL when there is none. */
static const char *
split(struct admin *a, const char *what, enum account_kind *kind_r,
    const char **who_r, const char **account_r)
{
	const char *name = what, *slash;

	*kind_r = ACCOUNT_USER;
	if (strncmp(what, SHARED_PREFIX, strlen(SHARED_PREFIX)) == 0) {
		*kind_r = ACCOUNT_SHARED;
		name = what + strlen(SHARED_PREFIX);
	}
	slash = strchr(name, '/');
	*who_r = slash == NULL ? what :
	    arena_memdup(a->arena, what, (size_t)(slash - what));
	*account_r = *who_r + (name - what);
	return slash == NULL ? NULL : slash + 1;
}

static const struct err *
restore_mailbox(struct admin *a, struct backup_run *run, const char *who,
    const char *mailbox)
{
	const char *as = a->argc > 2 ? a->argv[2] : mailbox, *from, *to;
	struct account *account = NULL;
	const struct err *err;

	err = admin_account(a, who, &account);
	if (err == NULL)
		err = admin_mailbox_name(a, account, mailbox, &from);
	if (err == NULL)
		err = admin_mailbox_name(a, account, as, &to);
	if (err == NULL)
		err = backup_restore_mailbox(account, a->argv[0], from, to,
		    &run->options, &run->result);
	account_close(account);
	return err;
}

static const struct err *
restore_part(struct admin *a, struct backup_run *run)
{
	const char *who, *name, *mailbox;
	enum account_kind kind;
	const struct err *err;

	mailbox = split(a, a->argv[1], &kind, &who, &name);
	if (mailbox != NULL && a->opt[OPT_KEEP_UIDVALIDITY] != NULL)
		return admin_usage("a mailbox that is brought back is a new "
		    "one: it takes no --keep-uidvalidity");
	err = store_open(a->store_path, a->conf, &a->store);
	if (err != NULL) {
		a->status_failed = EX_UNAVAILABLE;
		return err;
	}
	if (mailbox != NULL)
		return restore_mailbox(a, run, who, mailbox);
	return a->argc > 2 ? admin_usage("a name is for a mailbox: "
	    "%s/MAILBOX NAME", a->argv[1]) : backup_restore_account(a->store,
	    a->argv[0], kind, name, &run->options, &run->result);
}

static const struct err *
restore_prepare(struct admin *a)
{
	/* Before there is an empty directory in vain. */
	if (access(arena_printf(a->arena, "%s/backup", a->argv[0]),
	    F_OK) == -1)
		return admin_fail_errno(a, EX_NOINPUT, "no backup in %s",
		    a->argv[0]);
	return a->argc > 1 ? NULL :
	    backup_make_place(a, a->store_path, a->argv[0]);
}

static const struct err *
restore_verb(struct admin *a)
{
	struct backup_run *run = arena_alloc(a->arena, sizeof(*run));
	const struct err *err;
	struct backup_mark mark;
	struct stat st;

	if (stat(a->store_path, &st) == -1)
		return admin_fail_errno(a, EX_UNAVAILABLE, "store %s",
		    a->store_path);
	err = privs_become_owner(a->store_path);
	if (err != NULL) {
		a->status_failed = EX_NOPERM;
		return err;
	}
	err = backup_mark_read(a->argv[0], &mark);
	if (err != NULL) {
		a->status_failed = EX_NOINPUT;
		return err;
	}
	backup_run_begin(run, a);
	return backup_run_end(run, a->argc > 1 ? restore_part(a, run) :
	    restore_store(a, run));
}

const struct verb verbs_restore[] = {
	{ .words = "restore", .operands = "DIR [USER | USER/MAILBOX [NAME]] "
	    "[--keep-uidvalidity] [--incomplete] [--copy] [--json]",
	  .help = "make a store from a backup, or bring a part of it back",
	  .min = 1, .max = 3, .flags = VERB_MAKES_STORE,
	  .opts = OPT(OPT_COPY) | OPT(OPT_INCOMPLETE) | OPT(OPT_JSON) |
	      OPT(OPT_KEEP_UIDVALIDITY),
	  .prepare = restore_prepare, .run = restore_verb },
	{ .words = NULL }
};
