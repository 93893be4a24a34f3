/* cmd-backup.c - mboxadm backup
 * SPDX-License-Identifier: ISC */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "backup.h"

static void
tell_problem(void *arg, const char *where, const char *text)
{
	struct backup_run *run = arg;

	progress_hide(&run->progress);
	fprintf(stderr, "mboxadm: %s: %s\n", where, text);
}

static void
tell_progress(void *arg, uint64_t messages)
{
	struct backup_run *run = arg;

	progress_show(&run->progress, messages, messages);
}

void
backup_run_begin(struct backup_run *run, struct admin *a)
{
	*run = (struct backup_run){ .a = a };
	run->options = (struct backup_options){
		.copies = a->opt[OPT_COPY] != NULL,
		.incomplete = a->opt[OPT_INCOMPLETE] != NULL,
		.uids = a->opt[OPT_KEEP_UIDVALIDITY] != NULL ?
		    BACKUP_UIDS_KEEP : BACKUP_UIDS_NEW,
		.problem = tell_problem,
		.progress = tell_progress,
		.arg = run
	};
	progress_begin(&run->progress, 0);
}

const struct err *
backup_run_end(struct backup_run *run, const struct err *err)
{
	const struct backup_result *r = &run->result;
	struct out *out = run->a->out;

	progress_hide(&run->progress);
	if (err != NULL)
		return err;
	out_record(out);
	out_uint(out, "accounts", r->accounts);
	out_uint(out, "mailboxes", r->mailboxes);
	out_uint(out, "messages", r->messages);
	out_uint(out, "linked", r->linked);
	out_uint(out, "cloned", r->cloned);
	out_uint(out, "copied", r->copied);
	out_uint(out, "octets", r->octets);
	out_uint(out, "removed", r->removed);
	out_uint(out, "problems", r->problems);
	out_end(out);
	if (r->problems > 0)
		run->a->status = EX_DATAERR;
	return NULL;
}

const struct err *
backup_make_place(struct admin *a, const char *path, const char *like)
{
	const struct err *err = NULL;
	struct stat st;
	int fd;

	if (stat(path, &st) == 0)
		return NULL;
	if (stat(like, &st) == -1)
		return admin_fail_errno(a, EX_UNAVAILABLE, "%s", like);
	if (mkdir(path, 0700) == -1)
		return admin_fail_errno(a, EX_CANTCREAT, "%s", path);
	/* Not by its name, behind which another could be by now. */
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 ||
	    (geteuid() == 0 && fchown(fd, st.st_uid, st.st_gid) == -1))
		err = admin_fail_errno(a, EX_CANTCREAT, "chown %s", path);
	if (fd != -1)
		close(fd);
	return err;
}

static const struct err *
backup_prepare(struct admin *a)
{
	return backup_make_place(a, a->argv[0], a->store_path);
}

static const struct err *
backup_verb(struct admin *a)
{
	struct backup_run *run = arena_alloc(a->arena, sizeof(*run));
	const struct err *err;

	backup_run_begin(run, a);
	err = backup_store(a->store, a->argv[0], &run->options, &run->result);
	if (err != NULL && err->kind == ERR_USER && err->code == NULL)
		a->status_failed = EX_CANTCREAT;
	return backup_run_end(run, err);
}

const struct verb verbs_backup[] = {
	{ .words = "backup", .operands = "DIR [--copy] [--json]",
	  .help = "bring a copy of the whole store up to date",
	  .min = 1, .max = 1, .opts = OPT(OPT_COPY) | OPT(OPT_JSON),
	  .prepare = backup_prepare, .run = backup_verb },
	{ .words = NULL }
};
