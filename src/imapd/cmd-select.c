/* cmd-select.c - SELECT and EXAMINE: RFC 3501 6.3.1, 6.3.2, RFC 7162 3.1.8, 3.2.5
 * SPDX-License-Identifier: ISC */
#include <string.h>

#include "imapd/capability.h"
#include "imapd/condstore.h"
#include "imapd/list.h"
#include "imapd/resync.h"
#include "imapd/selected.h"

/* Without any of these nothing can be changed: RFC 4314 5.2. */
#define RIGHTS_THAT_WRITE	(RIGHT_SEEN | RIGHT_WRITE | RIGHT_INSERT | \
				 RIGHT_DELETE | RIGHT_EXPUNGE)

struct select_args {
	const char	*wire;
	bool		 condstore, has_qresync;
	struct qresync	 qresync;
};

/* RFC 7162 7 "select-param": each at most once. */
static bool
parse_param(struct arena *a, struct parser *p, struct select_args *args)
{
	const char *word;

	if (!parser_word(p, &word))
		return false;
	if (strcmp(word, "CONDSTORE") == 0 && !args->condstore) {
		args->condstore = true;
		return true;
	}
	if (strcmp(word, "QRESYNC") != 0 || args->has_qresync)
		return parser_expected(p, "CONDSTORE or QRESYNC, each once");
	args->has_qresync = true;
	return parser_sp(p) && qresync_parse(a, p, &args->qresync);
}

/* RFC 4466 2.1 "select-params" */
static bool
parse_params(struct arena *a, struct parser *p, struct select_args *args)
{
	if (!parser_opt(p, ' '))
		return true;
	if (!parser_char(p, '('))
		return false;
	do {
		if (!parse_param(a, p, args))
			return false;
	} while (parser_opt(p, ' '));
	return parser_char(p, ')');
}

/* RFC 3501 9 "select" */
static const struct err *
select_parse(struct arena *a, struct parser *p, void **args_r)
{
	struct select_args *args = arena_alloc(a, sizeof(*args));

	if (!parser_sp(p) || !parser_mailbox(p, &args->wire) ||
	    !parse_params(a, p, args) || !parser_crlf(p))
		return parser_err(p);
	*args_r = args;
	return NULL;
}

/* What of the parameters the grammar leaves open. */
static const struct err *
check_params(struct session *s, const struct select_args *args)
{
	const struct err *err;

	if (args->condstore && (err = condstore_check(s)) != NULL)
		return err;
	/* RFC 7162 3.2.5 */
	if (args->has_qresync && !session_enabled(s, ENABLED_QRESYNC))
		return err_syntax("QRESYNC needs ENABLE QRESYNC first");
	/* RFC 9586 3.7 */
	if (args->has_qresync && args->qresync.has_match &&
	    session_enabled(s, ENABLED_UIDONLY))
		return err_syntax_code(RESP_UIDREQUIRED, "QRESYNC takes no "
		    "message numbers once UIDONLY is enabled");
	return NULL;
}

static const struct err *
do_select(struct session *s, const struct select_args *args, bool examine)
{
	struct mailbox *mbox = NULL;
	struct place place;
	const struct err *err;
	bool readonly;

	if ((err = check_params(s, args)) != NULL)
		return err;
	/* Whatever becomes of this, the old one is left (RFC 3501 6.3.1). */
	if (s->selected != NULL) {
		selected_close(s);
		/* RFC 9051 7.1: what follows belongs to the new mailbox. */
		output_adds(s->out, "* OK [CLOSED] Previous mailbox closed\r\n");
	}
	/* Here, for the mailbox that is opened: RFC 7162 3.1.8. */
	if (args->condstore)
		condstore_enable(s);
	if ((err = session_place(s, args->wire, &place)) != NULL ||
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
		list_tell(s, &place, list_is_oldname(s, args->wire,
		    place.full) ? args->wire : NULL);
	if (args->has_qresync &&
	    (err = qresync_tell(s, &args->qresync)) != NULL) {
		if (err->kind != ERR_IO)
			selected_close(s);
		return err;
	}
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
