/* cmd-replace.c - REPLACE and UID REPLACE: RFC 8508
 * SPDX-License-Identifier: ISC */
#include <string.h>

#include "imapd/append.h"
#include "imapd/selected.h"

struct replace_args {
	struct seqrange		 old;	/* one number, or "*" */
	const char		*wire;
	struct append_message	 message;
};

/* RFC 9051 9 "seq-number" */
static bool
parse_number(struct parser *p, struct seqrange *r)
{
	uint32_t n = SEQSET_STAR;

	if (!parser_opt(p, '*') && !parser_nz_number(p, &n))
		return false;
	*r = (struct seqrange){ n, n };
	return true;
}

/* RFC 8508 5 "replace", up to where the message's octets begin */
static const struct err *
replace_parse(struct arena *a, struct parser *p, void **args_r)
{
	struct replace_args *args = arena_alloc(a, sizeof(*args));

	if (!parser_sp(p) || !parse_number(p, &args->old) || !parser_sp(p) ||
	    !parser_mailbox(p, &args->wire) ||
	    !append_parse_message(p, &args->message))
		return parser_err(p);
	*args_r = args;
	return NULL;
}

/* The one message that is meant. */
static const struct err *
find_old(struct session *s, struct replace_args *args, bool is_uid,
    uint32_t *uid_r)
{
	const struct seqset set = { &args->old, 1 };
	const struct err *err;
	struct seqset uids;

	if ((err = selected_uids(s, &set, is_uid, &uids)) != NULL)
		return err;
	if (uids.n == 0)
		return err_user(RESP_NONEXISTENT, "There is no such message");
	*uid_r = uids.ranges[0].first;
	return NULL;
}

/* RFC 8508 4.3: the new UID before the old message goes, which the look for
 * changes at the end tells. */
static void
tell_replaced(struct session *s, const struct place *place,
    const struct mailbox *dst, uint32_t uid)
{
	/* RFC 4315 3: nothing is disclosed of what may not be selected. */
	if ((place->rights & RIGHT_READ) != 0)
		output_addf(s->out, "* OK [APPENDUID %u %u] Replaced\r\n",
		    mailbox_uidvalidity(dst), uid);
}

static const struct err *
replace_by(struct session *s, const struct replace_args *args, uint32_t old,
    const struct place *place, struct mailbox *dst)
{
	struct upload *up = NULL;
	const struct err *err;
	uint32_t uid;

	err = append_read(s, &args->message, place, dst, &up);
	if (err != NULL)
		return err;
	if (!parser_crlf(&s->parser))
		err = parser_err(&s->parser);
	if (err == NULL)
		err = mailbox_replace(s->selected->mbox, old, dst, up, &uid);
	if (err == NULL)
		tell_replaced(s, place, dst, uid);
	upload_free(up);
	return err;
}

static const struct err *
do_replace(struct session *s, struct replace_args *args, bool is_uid)
{
	struct mailbox *src = s->selected->mbox, *dst = NULL;
	struct place place;
	const struct err *err;
	uint32_t old = 0;

	/* RFC 8508 4.1: what STORE, EXPUNGE and APPEND need. */
	if ((err = append_check(s, &args->message)) != NULL ||
	    (err = find_old(s, args, is_uid, &old)) != NULL ||
	    (err = selected_need(s, RIGHT_DELETE | RIGHT_EXPUNGE)) != NULL ||
	    (err = session_place(s, args->wire, &place)) != NULL ||
	    (err = session_need(s, &place, RIGHT_INSERT)) != NULL ||
	    (err = session_open_appended(s, &place, &dst)) != NULL)
		return err;
	/* Two handles of one mailbox would wait for each other's lock. */
	err = replace_by(s, args, old, &place,
	    strcmp(mailbox_id(dst), mailbox_id(src)) == 0 ? src : dst);
	if (err == NULL)
		session_keep_appended(s, dst);
	else
		mailbox_close(dst);
	return err;
}

static const struct err *
replace_run(struct session *s, void *args)
{
	return do_replace(s, args, false);
}

static const struct err *
uid_replace_run(struct session *s, void *args)
{
	return do_replace(s, args, true);
}

const struct cmd cmd_replace = {
	.name = "REPLACE",
	.states = ST_SELECTED,
	.flags = CF_WRITE | CF_NUMBERS,
	.parse = replace_parse,
	.run = replace_run,
	.rfc = "RFC 8508 3.2"
};

const struct cmd cmd_uid_replace = {
	.name = "UID REPLACE",
	.states = ST_SELECTED,
	.flags = CF_WRITE,
	.parse = replace_parse,
	.run = uid_replace_run,
	.rfc = "RFC 8508 3.3"
};
