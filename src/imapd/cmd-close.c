/* cmd-close.c - CLOSE and UNSELECT: RFC 3501 6.4.2, RFC 3691 2
 * SPDX-License-Identifier: ISC */
#include "imapd/selected.h"

static const struct err *
close_run(struct session *s, void *args)
{
	struct selected *sel = s->selected;
	const struct err *err;
	uint32_t n;

	(void)args;
	/* RFC 4314 4: without the right the mailbox is closed all the same. */
	if (!sel->readonly && (sel->rights & RIGHT_EXPUNGE) != 0 &&
	    !mailbox_gone(sel->mbox) &&
	    (err = mailbox_expunge(sel->mbox, NULL, false, &n)) != NULL)
		return err;
	selected_close(s);
	return NULL;
}

static const struct err *
unselect_run(struct session *s, void *args)
{
	(void)args;
	selected_close(s);
	return NULL;
}

const struct cmd cmd_close = {
	.name = "CLOSE",
	.states = ST_SELECTED,
	.flags = CF_NO_SYNC,
	.run = close_run,
	.rfc = "RFC 3501 6.4.2"
};

const struct cmd cmd_unselect = {
	.name = "UNSELECT",
	.states = ST_SELECTED,
	.flags = CF_NO_SYNC,
	.run = unselect_run,
	.rfc = "RFC 3691 2"
};
