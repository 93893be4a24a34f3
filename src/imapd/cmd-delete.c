/* cmd-delete.c - DELETE: RFC 3501 6.3.4
 * SPDX-License-Identifier: ISC */
#include <string.h>

#include "imapd/selected.h"
#include "imapd/shared.h"

/* The session's own mailbox is gone: it goes back to the authenticated state,
 * instead of being told so by BYE as others are (RFC 2180 3.3). */
static void
leave_deleted(struct session *s, const char *full)
{
	if (s->selected == NULL || strcmp(s->selected->name, full) != 0)
		return;
	selected_close(s);
	s->state = ST_AUTHENTICATED;
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
		err = account_delete(place.account, place.name);
	if (err == NULL)
		leave_deleted(s, place.full);
	return err;
}

const struct cmd cmd_delete = {
	.name = "DELETE",
	.states = ST_LOGGED_IN,
	.parse = cmd_parse_mailbox,
	.run = delete_run,
	.rfc = "RFC 3501 6.3.4",
};
