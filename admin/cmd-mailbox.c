/* cmd-mailbox.c - mboxadm mailbox ...
 * SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "admin.h"
#include "wire/respcode.h"
#include "wire/seqset.h"

static const struct err *
mailbox_list_run(struct admin *a)
{
	struct account *account = NULL;
	struct mailbox_row *rows;
	const struct err *err;
	size_t n;

	err = admin_account(a, a->argv[0], &account);
	if (err == NULL)
		err = account_list(account, a->arena, true, &rows, &n);
	if (err != NULL)
		goto done;
	out_list(a->out);
	for (size_t i = 0; i < n; i++) {
		out_row(a->out);
		out_str(a->out, "name",
		    admin_mailbox_text(a, account, rows[i].name));
		out_uint(a->out, "messages", rows[i].messages);
		out_uint(a->out, "unseen", rows[i].unseen);
		out_uint(a->out, "size", rows[i].size);
		out_str(a->out, "attribute", rows[i].noselect ? "\\Noselect" :
		    rows[i].special_use);
	}
	out_end(a->out);
done:
	account_close(account);
	return err;
}

static void
print_status(struct admin *a, struct account *account,
    const struct mailbox_row *row)
{
	out_row(a->out);
	out_str(a->out, "name", admin_mailbox_text(a, account, row->name));
	out_uint(a->out, "messages", row->messages);
	out_uint(a->out, "unseen", row->unseen);
	out_uint(a->out, "deleted", row->deleted);
	out_uint(a->out, "size", row->size);
	out_uint(a->out, "uidnext", row->uidnext);
	out_uint(a->out, "uidvalidity", row->uidvalidity);
	out_uint(a->out, "highestmodseq", row->highestmodseq);
	out_str(a->out, "id", row->id);
}

/* Of several: which one it was, and so which are done. */
static const struct err *
of_mailbox(const struct err *err, const char *arg)
{
	struct err copy;

	if (err == NULL || err->kind != ERR_USER)
		return err;
	copy = *err;
	return err_user(copy.code, "mailbox '%s': %s", arg, copy.text);
}

static const struct err *
mailbox_status_run(struct admin *a)
{
	struct account *account = NULL;
	struct mailbox_row *rows;
	const struct err *err;
	size_t n = (size_t)a->argc - 1;

	err = admin_account(a, a->argv[0], &account);
	if (err != NULL)
		return err;
	if (n == 0)
		err = account_list(account, a->arena, true, &rows, &n);
	else
		rows = arena_array(a->arena, n, sizeof(*rows));
	for (size_t i = 0; err == NULL && a->argc > 1 && i < n; i++) {
		const char *name;

		err = admin_mailbox_name(a, account, a->argv[i + 1], &name);
		if (err == NULL)
			err = account_find(account, a->arena, name, &rows[i]);
		err = of_mailbox(err, a->argv[i + 1]);
	}
	if (err != NULL)
		goto done;
	out_list(a->out);
	for (size_t i = 0; i < n; i++)
		if (!rows[i].noselect)
			print_status(a, account, &rows[i]);
	out_end(a->out);
done:
	account_close(account);
	return err;
}

static const struct err *
create_one(struct admin *a, struct account *account, const char *arg)
{
	const struct err *err;
	const char *name;

	err = admin_mailbox_name(a, account, arg, &name);
	if (err != NULL)
		return err;
	err = account_create(account, name, NULL, NULL);
	if (err != NULL && err->kind == ERR_USER && err->code != NULL &&
	    strcmp(err->code, RESP_ALREADYEXISTS) == 0) {
		admin_note("there is a mailbox %s already", arg);
		err = NULL;
	}
	if (err == NULL && a->opt[OPT_SUBSCRIBE] != NULL &&
	    account_kind(account) == ACCOUNT_USER)
		err = account_subscribe(account, name, true);
	return err;
}

static const struct err *
delete_one(struct admin *a, struct account *account, const char *arg)
{
	const struct err *err;
	const char *name;

	err = admin_mailbox_name(a, account, arg, &name);
	return err != NULL ? err : account_delete(account, name);
}

/* One call of fn for each mailbox that was named. */
static const struct err *
each_named(struct admin *a, const struct err *(*fn)(struct admin *,
    struct account *, const char *))
{
	struct account *account = NULL;
	const struct err *err;

	err = admin_account(a, a->argv[0], &account);
	for (int i = 1; err == NULL && i < a->argc; i++)
		err = of_mailbox(fn(a, account, a->argv[i]), a->argv[i]);
	account_close(account);
	return err;
}

static const struct err *
mailbox_create_run(struct admin *a)
{
	return each_named(a, create_one);
}

static const struct err *
mailbox_delete_run(struct admin *a)
{
	return each_named(a, delete_one);
}

static const struct err *
mailbox_rename_run(struct admin *a)
{
	struct account *account = NULL;
	const struct err *err;
	const char *from, *to;

	err = admin_account(a, a->argv[0], &account);
	if (err == NULL)
		err = admin_mailbox_name(a, account, a->argv[1], &from);
	if (err == NULL)
		err = admin_mailbox_name(a, account, a->argv[2], &to);
	if (err == NULL)
		err = account_rename(account, from, to);
	account_close(account);
	return err;
}

/* The UIDs of the command line, or all. */
static const struct err *
parse_uids(struct admin *a, struct mailbox *mbox, const char *arg,
    struct seqset *uids_r)
{
	struct mailbox_state state;
	const struct err *err;
	struct seqset set;

	err = mailbox_state(mbox, &state);
	if (err == NULL)
		err = seqset_parse(a->arena, arg, strlen(arg), &set);
	if (err == NULL)
		*uids_r = seqset_resolve(a->arena, &set,
		    state.uidnext > 1 ? state.uidnext - 1 : 1);
	return err;
}

static const struct err *
mailbox_undelete_run(struct admin *a)
{
	struct account *account = NULL;
	struct mailbox *mbox = NULL;
	const struct err *err;
	struct seqset uids;
	uint32_t n = 0;

	err = admin_account(a, a->argv[0], &account);
	if (err == NULL)
		err = admin_mailbox_open(a, account, a->argv[1], false, &mbox);
	if (err == NULL)
		err = parse_uids(a, mbox, a->argc > 2 ? a->argv[2] : "1:*",
		    &uids);
	if (err == NULL)
		err = mailbox_undelete(mbox, &uids, &n);
	if (err == NULL) {
		out_record(a->out);
		out_uint(a->out, "undeleted", n);
		out_end(a->out);
	}
	mailbox_close(mbox);
	account_close(account);
	return err;
}

const struct verb verbs_mailbox[] = {
	{ .words = "mailbox list", .operands = "USER [--json]",
	  .help = "list a user's mailboxes",
	  .min = 1, .max = 1, .opts = OPT(OPT_JSON), .run = mailbox_list_run },
	{ .words = "mailbox status", .operands = "USER [MAILBOX...] [--json]",
	  .help = "print counters of all or some mailboxes",
	  .min = 1, .max = -1, .opts = OPT(OPT_JSON),
	  .run = mailbox_status_run },
	{ .words = "mailbox create",
	  .operands = "USER MAILBOX... [--subscribe]",
	  .help = "create mailboxes",
	  .min = 2, .max = -1, .opts = OPT(OPT_SUBSCRIBE),
	  .run = mailbox_create_run },
	{ .words = "mailbox rename", .operands = "USER FROM TO",
	  .help = "rename a mailbox and those below it",
	  .min = 3, .max = 3, .run = mailbox_rename_run },
	{ .words = "mailbox delete", .operands = "USER MAILBOX...",
	  .help = "remove mailboxes and the mail in them",
	  .min = 2, .max = -1, .run = mailbox_delete_run },
	{ .words = "mailbox undelete", .operands = "USER MAILBOX [UIDS] [--json]",
	  .help = "bring expunged messages back that are not purged yet",
	  .min = 2, .max = 3, .opts = OPT(OPT_JSON),
	  .run = mailbox_undelete_run },
	{ .words = NULL }
};
