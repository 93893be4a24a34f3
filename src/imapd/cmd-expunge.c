/* cmd-expunge.c - EXPUNGE and UID EXPUNGE: RFC 3501 6.4.3, RFC 4315 2.1
 * SPDX-License-Identifier: ISC */
#include "imapd/selected.h"

static const struct err *
expunge_run(struct session *s, void *args)
{
	const struct err *err;
	uint32_t n;

	(void)args;
	if ((err = selected_need(s, RIGHT_EXPUNGE)) != NULL)
		return err;
	/* The look for changes at the end tells which went. */
	return mailbox_expunge(s->selected->mbox, NULL, false, &n);
}

/* RFC 4315 4 "uid-expunge" */
static const struct err *
uid_expunge_parse(struct arena *a, struct parser *p, void **args_r)
{
	struct seqset *set = arena_alloc(a, sizeof(*set));

	if (!parser_sp(p) || !parser_seqset(p, set) || !parser_crlf(p))
		return parser_err(p);
	*args_r = set;
	return NULL;
}

static const struct err *
uid_expunge_run(struct session *s, void *args)
{
	const struct err *err;
	struct seqset uids;
	uint32_t n;

	if ((err = selected_need(s, RIGHT_EXPUNGE)) != NULL ||
	    (err = selected_uids(s, args, true, &uids)) != NULL ||
	    uids.n == 0)
		return err;
	return mailbox_expunge(s->selected->mbox, &uids, false, &n);
}

const struct cmd cmd_expunge = {
	.name = "EXPUNGE",
	.states = ST_SELECTED,
	.flags = CF_WRITE,
	.run = expunge_run,
	.rfc = "RFC 3501 6.4.3"
};

const struct cmd cmd_uid_expunge = {
	.name = "UID EXPUNGE",
	.states = ST_SELECTED,
	.flags = CF_WRITE,
	.parse = uid_expunge_parse,
	.run = uid_expunge_run,
	.rfc = "RFC 4315 2.1"
};
