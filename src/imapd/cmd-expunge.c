/* cmd-expunge.c - EXPUNGE and UID EXPUNGE: RFC 3501 6.4.3, RFC 4315 2.1
 * SPDX-License-Identifier: ISC */
#include "imapd/limit.h"
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

/* RFC 9738 3.1: the limit is for messages with \Deleted. */
static const struct err *
limit_deleted(struct session *s, struct seqset *uids)
{
	struct seqset_builder b = { 0 };
	struct scan *scan = NULL;
	const struct err *err;
	struct message m;
	struct seqset deleted;
	bool more;

	if (limit_messages(s) == 0 ||
	    seqset_count(uids) <= limit_messages(s))
		return NULL;
	err = scan_open(s->selected->mbox, uids, 0, 0, &scan);
	while (err == NULL && (err = scan_next(scan, &m, &more)) == NULL &&
	    more)
		if (m.flags & FLAG_DELETED)
			seqset_add(&b, m.uid);
	scan_close(scan);
	if (err == NULL) {
		deleted = seqset_built(&b);
		*uids = seqset_slice(s->arena, &deleted, 0, UINT64_MAX);
		limit_uids(s, uids);
	}
	seqset_builder_clear(&b);
	return err;
}

static const struct err *
uid_expunge_run(struct session *s, void *args)
{
	const struct err *err;
	struct seqset uids;
	uint32_t n;

	if ((err = selected_need(s, RIGHT_EXPUNGE)) != NULL ||
	    (err = selected_uids(s, args, true, &uids)) != NULL ||
	    (err = limit_deleted(s, &uids)) != NULL || uids.n == 0)
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
