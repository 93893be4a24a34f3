/* cmd-delete.c - DELETE: RFC 3501 6.3.4
 * SPDX-License-Identifier: ISC */
#include "imapd/list.h"
#include "imapd/notify.h"
#include "imapd/selected.h"
#include "imapd/shared.h"

/* When that was the selected mailbox, the session goes back to the authenticated
 * state, instead of being ended by BYE as others are (RFC 2180 3.3). */
static void
leave_deleted(struct session *s)
{
	if (s->selected == NULL || !mailbox_gone(s->selected->mbox))
		return;
	selected_close(s);
	output_adds(s->out, "* OK [CLOSED] The selected mailbox was deleted\r\n");
}

static const struct err *
delete_run(struct session *s, void *args)
{
	const struct err *err;
	struct place place;

	err = session_place(s, args, &place);
	if (err == NULL)
		err = shared_fixed(&place);
	if (err == NULL)
		err = session_need(s, &place, RIGHT_DELETE_MAILBOX);
	if (err == NULL)
		notify_own(s, place.full);
	if (err == NULL)
		err = account_delete(place.account, place.name);
	if (err != NULL)
		return err;
	leave_deleted(s);
	if (list_is_oldname(s, args, place.full))
		list_write(s, "LIST", &(struct list_response){
		    .name = place.full, .attributes = LIST_NONEXISTENT,
		    .oldname = args });
	return NULL;
}

const struct cmd cmd_delete = {
	.name = "DELETE",
	.states = ST_LOGGED_IN,
	.parse = cmd_parse_mailbox,
	.run = delete_run,
	.rfc = "RFC 3501 6.3.4",
};
