/* cmd-export.c - mboxadm export ...
 * SPDX-License-Identifier: ISC */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "export.h"

static const struct err *
export_keywords(struct export *ex)
{
	const char *const *names;
	const struct err *err;

	err = mailbox_keywords(ex->mbox, &names, &ex->keywords_n);
	if (err != NULL)
		return err;
	if (ex->keywords_n > FLAG_KEYWORDS_MAX)
		ex->keywords_n = FLAG_KEYWORDS_MAX;
	for (size_t i = 0; i < ex->keywords_n; i++)
		strlcpy(ex->keywords[i], names[i], sizeof(ex->keywords[i]));
	return NULL;
}

const struct err *
export_each(struct export *ex, const struct err *(*fn)(struct export *,
    const struct message *, int, void *), void *arg)
{
	struct scan *scan = NULL;
	const struct err *err;
	struct message msg;
	bool more;
	int fd;

	err = scan_open(ex->mbox, NULL, SCAN_DATES | SCAN_SIZE, 0, &scan);
	while (err == NULL) {
		err = scan_next(scan, &msg, &more);
		/* Who imports what is exported into the same mailbox is done
		 * at some time. */
		if (err != NULL || !more || msg.uid >= ex->uidnext)
			break;
		/* A pipe's reader may be slow; nobody waits for it. */
		scan_pause(scan);
		err = mailbox_message_fd(ex->mbox, msg.uid, &fd);
		if (err != NULL && err->kind == ERR_USER) {
			err = NULL;	/* expunged meanwhile */
			continue;
		}
		if (err != NULL)
			break;
		err = fn(ex, &msg, fd, arg);
		close(fd);
		ex->exported++;
		progress_show(&ex->progress, ex->exported, ex->exported);
	}
	scan_close(scan);
	progress_hide(&ex->progress);
	return err;
}

/* When messages go to standard output the words go to stderr. */
static void
print_count(struct admin *a, uint64_t n)
{
	if (a->fd == -1)
		fprintf(stderr, "exported %" PRIu64 " messages\n", n);
	else if (out_is_json(a->out)) {
		out_record(a->out);
		out_uint(a->out, "exported", n);
		out_end(a->out);
	} else
		printf("exported %" PRIu64 " messages\n", n);
}

static const struct err *
export_run(struct admin *a, const struct err *(*fn)(struct admin *,
    struct export *))
{
	struct export ex = { .a = a };
	struct account *account = NULL;
	struct mailbox_state state;
	const struct err *err;

	err = admin_account(a, a->argv[0], &account);
	if (err == NULL)
		err = admin_mailbox_open(a, account, a->argv[1], false,
		    &ex.mbox);
	if (err == NULL)
		err = mailbox_state(ex.mbox, &state);
	if (err == NULL)
		err = export_keywords(&ex);
	if (err == NULL) {
		ex.uidnext = state.uidnext;
		progress_begin(&ex.progress, state.messages);
		err = fn(a, &ex);
	}
	if (err == NULL)
		print_count(a, ex.exported);
	mailbox_close(ex.mbox);
	account_close(account);
	return err;
}

/* As the caller: the store's owner may have no right to write there. */
static const struct err *
mbox_prepare(struct admin *a)
{
	const char *path = a->argv[2];

	if (strcmp(path, "-") == 0)
		return NULL;
	a->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (a->fd == -1)
		return admin_fail_errno(a, EX_CANTCREAT, "%s", path);
	return NULL;
}

static const struct err *
mbox_export(struct admin *a, struct export *ex)
{
	const struct err *err;
	FILE *f = stdout;
	int fd;

	if (a->fd == -1)
		return export_mbox(ex, f);
	fd = dup(a->fd);
	f = fd == -1 ? NULL : fdopen(fd, "w");
	if (f == NULL)
		return err_errno("%s", a->argv[2]);
	err = export_mbox(ex, f);
	/* Whoever exports may delete next.  A pipe has nothing to sync. */
	if (err == NULL && fsync(fd) == -1 && errno != EINVAL &&
	    errno != EROFS)
		err = admin_fail_errno(a, EX_IOERR, "%s", a->argv[2]);
	if (fclose(f) == EOF && err == NULL)
		err = admin_fail_errno(a, EX_IOERR, "%s", a->argv[2]);
	return err;
}

static const struct err *
mbox_run(struct admin *a)
{
	return export_run(a, mbox_export);
}

/*
 * The directories are made by the caller, whose rights reach there, and given
 * to the store's owner, who writes the files.
 */
static const struct err *
maildir_prepare(struct admin *a)
{
	static const char *const subs[] = { "cur", "new", "tmp" };
	const char *path = a->argv[2];
	struct stat st;
	bool root = geteuid() == 0;

	if (root && stat(a->store_path, &st) == -1)
		return admin_fail_errno(a, EX_UNAVAILABLE, "store %s",
		    a->store_path);
	if (mkdir(path, 0700) == -1)
		return admin_fail_errno(a, EX_CANTCREAT, "%s", path);
	a->fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (a->fd == -1)
		return admin_fail_errno(a, EX_CANTCREAT, "%s", path);
	for (size_t i = 0; i < sizeof(subs) / sizeof(subs[0]); i++)
		if (mkdirat(a->fd, subs[i], 0700) == -1 || (root &&
		    fchownat(a->fd, subs[i], st.st_uid, st.st_gid,
		    AT_SYMLINK_NOFOLLOW) == -1))
			return admin_fail_errno(a, EX_CANTCREAT, "%s/%s", path,
			    subs[i]);
	if (root && fchown(a->fd, st.st_uid, st.st_gid) == -1)
		return admin_fail_errno(a, EX_CANTCREAT, "%s", path);
	return NULL;
}

static const struct err *
maildir_export(struct admin *a, struct export *ex)
{
	const struct err *err = export_maildir(ex, a->fd);

	if (err == NULL && syncfs(a->fd) == -1)
		return admin_fail_errno(a, EX_IOERR, "%s", a->argv[2]);
	return err;
}

static const struct err *
maildir_run(struct admin *a)
{
	return export_run(a, maildir_export);
}

const struct verb verbs_export[] = {
	{ .words = "export mbox", .operands = "USER MAILBOX FILE|- [--json]",
	  .help = "write a mailbox to a new mbox file",
	  .min = 3, .max = 3, .opts = OPT(OPT_JSON),
	  .prepare = mbox_prepare, .run = mbox_run },
	{ .words = "export maildir", .operands = "USER MAILBOX DIR [--json]",
	  .help = "write a mailbox to a new Maildir",
	  .min = 3, .max = 3, .opts = OPT(OPT_JSON),
	  .prepare = maildir_prepare, .run = maildir_run },
	{ .words = NULL }
};
