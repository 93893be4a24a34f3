/* cmd-create.c - CREATE: RFC 3501 6.3.3
 * SPDX-License-Identifier: ISC */
#include "imapd/session.h"
#include "imapd/shared.h"

static const struct err *
create_run(struct session *s, void *args)
{
	const struct err *err;
	struct place place;

	err = shared_new_place(s, args, &place);
	if (err == NULL)
		err = session_need(s, &place, RIGHT_CREATE);
	if (err == NULL)
		err = account_create(place.account, place.name, NULL, NULL);
	return err;
}

const struct cmd cmd_create = {
	.name = "CREATE",
	.states = ST_LOGGED_IN,
	.parse = cmd_parse_mailbox,
	.run = create_run,
	.rfc = "RFC 3501 6.3.3",
};
