/* cmd-select.c - SELECT and EXAMINE: RFC 3501 6.3.1, 6.3.2
 * SPDX-License-Identifier: ISC */
#include "imapd/capability.h"
#include "imapd/list.h"
#include "imapd/selected.h"

/* Without any of these nothing can be changed: RFC 4314 5.2. */
#define RIGHTS_THAT_WRITE	(RIGHT_SEEN | RIGHT_WRITE | RIGHT_INSERT | \
				 RIGHT_DELETE | RIGHT_EXPUNGE)

/* RFC 3501 9 "select" */
static const struct err *
select_parse(struct arena *a, struct parser *p, void **args_r)
{
	const char *wire;

	(void)a;
	if (!parser_sp(p) || !parser_mailbox(p, &wire) || !parser_crlf(p))
		return parser_err(p);
	*args_r = (void *)(uintptr_t)wire;
	return NULL;
}

static const struct err *
do_select(struct session *s, const char *wire, bool examine)
{
	struct mailbox *mbox = NULL;
	struct place place;
	const struct err *err;
	bool readonly;

	/* Whatever becomes of this, the old one is left (RFC 3501 6.3.1). */
	if (s->selected != NULL) {
		selected_close(s);
		/* RFC 9051 7.1: what follows belongs to the new mailbox. */
		output_adds(s->out, "* OK [CLOSED] Previous mailbox closed\r\n");
	}
	if ((err = session_place(s, wire, &place)) != NULL ||
	    (err = session_need(s, &place, RIGHT_READ)) != NULL ||
	    (err = session_open(s, &place, false, &mbox)) != NULL)
		return err;
	readonly = examine || (place.rights & RIGHTS_THAT_WRITE) == 0;
	if ((err = selected_open(s, &place, mbox, readonly)) != NULL) {
		mailbox_close(mbox);
		return err;
	}
	if (capability_offered(s, "OBJECTID"))
		output_addf(s->out, "* OK [MAILBOXID (" MAILBOXID_FORMAT
		    ")] The mailbox's id\r\n", mailbox_id(mbox));
	if (session_enabled(s, ENABLED_IMAP4REV2))
		list_tell(s, &place, list_is_oldname(s, wire, place.full) ?
		    wire : NULL);
	session_ok(s, readonly ? "[READ-ONLY] Mailbox opened" :
	    "[READ-WRITE] Mailbox opened");
	return NULL;
}

static const struct err *
select_run(struct session *s, void *args)
{
	return do_select(s, args, false);
}

static const struct err *
examine_run(struct session *s, void *args)
{
	return do_select(s, args, true);
}

const struct cmd cmd_select = {
	.name = "SELECT",
	.states = ST_LOGGED_IN,
	.flags = CF_NO_SYNC,
	.parse = select_parse,
	.run = select_run,
	.rfc = "RFC 3501 6.3.1"
};

const struct cmd cmd_examine = {
	.name = "EXAMINE",
	.states = ST_LOGGED_IN,
	.flags = CF_NO_SYNC,
	.parse = select_parse,
	.run = examine_run,
	.rfc = "RFC 3501 6.3.2"
};
