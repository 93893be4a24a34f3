/* cmd-index.c - mboxadm index: what SEARCH finds texts by, for a timer
 * SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "admin.h"
#include "store/textindex.h"
#include "store/users.h"
#include "util/clock.h"

#define INDEX_STEP	2000	/* messages in a transaction */
/* Made anew where so many of those that were noted are gone. */
#define GONE_MIN	1000	/* and more than are left */

struct index {
	bool			 on;	/* the account is to have one */
	const char		*only;	/* this mailbox alone; or NULL */
	struct failures		 failures;
};

static const struct err *
build_all(struct mailbox *mbox, bool *busy)
{
	const struct err *err;
	bool more;

	do {
		err = textindex_build(mbox, INDEX_STEP, &more, busy);
	} while (err == NULL && more && !*busy);
	return err;
}

static const struct err *
update(struct admin *a, struct index *x, struct mailbox *mbox, bool *busy)
{
	struct textindex_state before;
	struct mailbox_state state;
	const struct err *err;

	err = mailbox_state(mbox, &state);
	if (err != NULL)
		return err;
	textindex_state(mbox, &before);
	if (a->opt[OPT_REBUILD] != NULL || !x->on || state.messages == 0 ||
	    before.messages > 2 * (uint64_t)state.messages + GONE_MIN) {
		err = textindex_remove(mbox, busy);
		before.exists = false;
	}
	if (err != NULL || *busy || !x->on ||
	    (!before.exists && state.messages < TEXTINDEX_LEAST))
		return err;
	return build_all(mbox, busy);
}

static const struct err *
index_mailbox(struct admin *a, struct index *x, struct account *account,
    const char *name)
{
	const int64_t started = clock_ms();
	struct mailbox *mbox = NULL;
	struct textindex_state before, after;
	const struct err *err;
	bool busy = false;

	err = mailbox_open(account, name, &mbox);
	if (err != NULL)
		return err->kind == ERR_USER && x->only == NULL ? NULL : err;
	textindex_state(mbox, &before);
	err = update(a, x, mbox, &busy);
	textindex_state(mbox, &after);
	mailbox_close(mbox);
	if (err != NULL)
		return err;
	if (busy)
		admin_note("%s: %s: another process is at it",
		    account_name(account), admin_mailbox_text(a, account,
		    name));
	if (!before.exists && !after.exists)
		return NULL;
	out_row(a->out);
	out_str(a->out, "account", account_kind(account) == ACCOUNT_SHARED ?
	    arena_printf(a->arena, "shared/%s", account_name(account)) :
	    account_name(account));
	out_str(a->out, "mailbox", admin_mailbox_text(a, account, name));
	out_uint(a->out, "messages", after.messages);
	out_uint(a->out, "unread", after.unread);
	out_uint(a->out, "words", after.words);
	out_uint(a->out, "octets", after.octets);
	out_uint(a->out, "milliseconds", (uint64_t)(clock_ms() - started));
	return NULL;
}

static const struct err *
account_is_on(struct admin *a, struct account *account, bool *on_r)
{
	const struct err *err;
	struct user user;

	*on_r = a->conf->search_index;
	if (account_kind(account) == ACCOUNT_SHARED)
		return NULL;
	err = user_find(a->store, a->arena, account_name(account), &user);
	if (err == NULL)
		*on_r = user_search_index(&user, a->conf);
	return err;
}

/* A mailbox that is damaged keeps no other from being done. */
static const struct err *
index_account(struct admin *a, struct account *account, void *arg)
{
	struct index *x = arg;
	struct mailbox_row *rows;
	const struct err *err, *failed;
	size_t n = 0;

	err = account_is_on(a, account, &x->on);
	if (err == NULL && x->only != NULL) {
		err = admin_mailbox_name(a, account, x->only, &x->only);
		return err != NULL ? err : index_mailbox(a, x, account,
		    x->only);
	}
	if (err == NULL)
		err = account_list(account, a->arena, false, &rows, &n);
	for (size_t i = 0; err == NULL && i < n; i++) {
		if (rows[i].noselect)
			continue;
		failed = index_mailbox(a, x, account, rows[i].name);
		if (failed != NULL)
			admin_failed(&x->failures, account_name(account),
			    failed);
	}
	return err;
}

static const struct err *
index_run(struct admin *a)
{
	struct index *x = arena_alloc(a->arena, sizeof(*x));
	const struct err *err;

	if (a->argc > 1)
		x->only = a->argv[1];
	out_list(a->out);
	err = admin_each_account(a, a->argc > 0 ? a->argv[0] : NULL,
	    index_account, x, &x->failures);
	out_end(a->out);
	return err != NULL ? err : x->failures.first;
}

const struct verb verbs_index[] = {
	{ .words = "index", .operands = "[USER [MAILBOX]] [--rebuild] [--json]",
	  .help = "bring up to date what SEARCH finds texts by",
	  .max = 2, .opts = OPT(OPT_JSON) | OPT(OPT_REBUILD),
	  .run = index_run },
	{ .words = NULL }
};
