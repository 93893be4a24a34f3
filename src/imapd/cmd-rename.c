/* cmd-rename.c - RENAME: RFC 3501 6.3.5
 * SPDX-License-Identifier: ISC */
#include <string.h>

#include "imapd/list.h"
#include "imapd/notify.h"
#include "imapd/selected.h"
#include "imapd/shared.h"

struct rename_args {
	const char	*from, *to;
};

/* RFC 3501 9 "rename" */
static const struct err *
rename_parse(struct arena *a, struct parser *p, void **args_r)
{
	struct rename_args *args = arena_alloc(a, sizeof(*args));

	if (!parser_sp(p) || !parser_mailbox(p, &args->from) ||
	    !parser_sp(p) || !parser_mailbox(p, &args->to) || !parser_crlf(p))
		return parser_err(p);
	*args_r = args;
	return NULL;
}

/* RFC 4314 4: "x" on what is renamed and "k" where it goes.  In a user's own
 * mailboxes there is a permission of its own for it. */
static const struct err *
allowed(struct session *s, const struct place *from, const struct place *to)
{
	const struct err *err;

	if (from->account != to->account)
		return err_user(RESP_CANNOT, "A mailbox cannot be renamed from "
		    "one user or shared mailbox to another");
	if (!from->shared && (s->may & MAY_RENAME) == 0)
		return err_user(RESP_NOPERM,
		    "You may not rename mailboxes; ask %s",
		    s->conf->administrator);
	if (!from->shared)
		return NULL;
	err = session_need(s, from, RIGHT_DELETE_MAILBOX);
	return err != NULL ? err : session_need(s, to, RIGHT_CREATE);
}

/* RFC 3501 6.3.5: INBOX is empty now, its messages are elsewhere, and its children
 * stay. */
static void
leave_inbox(struct session *s, const char *from)
{
	if (s->selected == NULL || strcmp(from, "INBOX") != 0 ||
	    strcmp(s->selected->name, from) != 0)
		return;
	selected_close(s);
	output_adds(s->out,
	    "* OK [CLOSED] INBOX was renamed, select it again\r\n");
}

static const struct err *
rename_run(struct session *s, void *v)
{
	struct rename_args *args = v;
	struct place from, to;
	const struct err *err;

	err = session_place(s, args->from, &from);
	if (err == NULL)
		err = shared_fixed(&from);
	if (err == NULL)
		err = shared_new_place(s, args->to, &to);
	if (err == NULL)
		err = allowed(s, &from, &to);
	if (err == NULL) {
		notify_own(s, from.full);
		notify_own(s, to.full);
		err = account_rename(from.account, from.name, to.name);
	}
	if (err != NULL)
		return err;
	leave_inbox(s, from.full);
	/* RFC 9051 6.3.6 */
	if (list_is_oldname(s, args->from, from.full) ||
	    list_is_oldname(s, args->to, to.full))
		list_tell(s, &to, args->from);
	return NULL;
}

const struct cmd cmd_rename = {
	.name = "RENAME",
	.states = ST_LOGGED_IN,
	.parse = rename_parse,
	.run = rename_run,
	.rfc = "RFC 3501 6.3.5",
};
