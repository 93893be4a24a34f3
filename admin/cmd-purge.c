/* cmd-purge.c - mboxadm purge: for a timer
 * SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "admin.h"
#include "store/backup.h"

#define PURGE_STEP	1000	/* files at a time, so that nobody waits long */

struct purge {
	uint64_t		 files, mailboxes;
	struct failures		 failures;
};

static const struct err *
purge_mailbox(struct account *account, const char *name, uint64_t *files)
{
	struct mailbox *mbox = NULL;
	const struct err *err;
	uint32_t n = 0;

	err = mailbox_open(account, name, &mbox);
	if (err != NULL && err->kind == ERR_USER)
		return NULL;	/* deleted meanwhile */
	while (err == NULL) {
		err = mailbox_purge(mbox, PURGE_STEP, &n);
		*files += err == NULL ? n : 0;
		if (n < PURGE_STEP)
			break;
	}
	mailbox_close(mbox);
	return err;
}

/* A mailbox that is damaged keeps no other from being purged. */
static const struct err *
purge_account(struct admin *a, struct account *account, void *arg)
{
	struct purge *p = arg;
	struct mailbox_row *rows;
	const struct err *err;
	uint32_t mailboxes;
	size_t n;

	err = account_list(account, a->arena, false, &rows, &n);
	for (size_t i = 0; err == NULL && i < n; i++) {
		const struct err *failed;

		if (rows[i].noselect)
			continue;
		failed = purge_mailbox(account, rows[i].name, &p->files);
		if (failed != NULL)
			admin_failed(&p->failures, account_name(account),
			    failed);
	}
	if (err == NULL)
		err = account_purge(account, &mailboxes);
	if (err == NULL)
		p->mailboxes += mailboxes;
	return err;
}

static const struct err *
purge_run(struct admin *a)
{
	struct purge *p = arena_alloc(a->arena, sizeof(*p));
	const struct err *err = NULL;

	if (backup_running(a->store))
		admin_note("a backup is running; nothing is purged before "
		    "it has ended");
	else
		err = admin_each_account(a, a->argc > 0 ? a->argv[0] : NULL,
		    purge_account, p, &p->failures);
	if (err != NULL)
		return err;
	out_record(a->out);
	out_uint(a->out, "messages", p->files);
	out_uint(a->out, "mailboxes", p->mailboxes);
	out_end(a->out);
	return p->failures.first;
}

const struct verb verbs_purge[] = {
	{ .words = "purge", .operands = "[USER] [--json]",
	  .help = "remove what was expunged or deleted long enough ago",
	  .max = 1, .opts = OPT(OPT_JSON), .run = purge_run },
	{ .words = NULL }
};
