/* cmd-status.c - STATUS: RFC 9051 6.3.11, RFC 3501 6.3.10
 * SPDX-License-Identifier: ISC */
#include "imapd/selected.h"
#include "imapd/status.h"

struct status_args {
	const char	*mailbox;
	struct status_items items;
};

/* RFC 9051 9 "status" */
static const struct err *
status_parse(struct arena *a, struct parser *p, void **args_r)
{
	struct status_args *args = arena_alloc(a, sizeof(*args));

	if (!parser_sp(p) || !parser_mailbox(p, &args->mailbox) ||
	    !parser_sp(p) || !status_parse_items(p, &args->items) ||
	    !parser_crlf(p))
		return parser_err(p);
	*args_r = args;
	return NULL;
}

static const struct err *
status_run(struct session *s, void *v)
{
	struct status_args *args = v;
	const struct err *err;
	struct mailbox_row row;
	struct place place;

	err = status_check(s, &args->items);
	if (err == NULL)
		err = session_place(s, args->mailbox, &place);
	if (err == NULL)
		err = session_need(s, &place, RIGHT_READ);
	if (err == NULL)
		err = account_find(place.account, s->arena, place.name, &row);
	if (err == NULL && row.noselect)
		err = err_user(RESP_CANNOT, "This name holds no messages, only "
		    "other mailboxes");
	if (err == NULL)
		err = status_tell(s, &args->items, &place, &row);
	return err;
}

const struct cmd cmd_status = {
	.name = "STATUS",
	.states = ST_LOGGED_IN,
	.parse = status_parse,
	.run = status_run,
	.rfc = "RFC 9051 6.3.11",
};
