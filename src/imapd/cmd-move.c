/* cmd-move.c - MOVE and UID MOVE: RFC 6851, RFC 9051 6.4.8
 * SPDX-License-Identifier: ISC */
#include <string.h>

#include "imapd/limit.h"
#include "imapd/progress.h"
#include "imapd/selected.h"

/* RFC 6851 4.3: COPYUID before the messages go, which the look for changes at
 * the end tells. */
static void
tell_moved(struct session *s, const struct place *place,
    const struct copy_result *result, bool is_uid)
{
	if (result->missing > 0 && !is_uid)
		session_ok(s, "[EXPUNGEISSUED] Some of the messages no longer "
		    "existed");
	else if (result->from.n == 0)
		session_ok(s, "No matching messages, nothing moved");
	if (result->from.n == 0)
		return;
	s->highest_due = true;		/* RFC 6851 4.4 */
	/* RFC 4315 3: nothing is disclosed of what may not be selected. */
	if ((place->rights & RIGHT_READ) == 0)
		return;
	output_addf(s->out, "* OK [COPYUID %u ", result->uidvalidity);
	reply_seqset(s->out, &result->from);
	output_add(s->out, " ", 1);
	reply_seqset(s->out, &result->to);
	output_adds(s->out, "] Moved\r\n");
}

static const struct err *
do_move(struct session *s, const struct cmd_set_mailbox *args, bool is_uid)
{
	struct mailbox *src = s->selected->mbox, *dst = NULL, *opened = NULL;
	struct copy_result result = { 0 };
	struct seqset uids;
	struct place place;
	const struct err *err;

	/* RFC 6851 4.2: what STORE, COPY and EXPUNGE need. */
	if ((err = selected_uids(s, &args->set, is_uid, &uids)) != NULL ||
	    (err = selected_need(s, RIGHT_DELETE | RIGHT_EXPUNGE)) != NULL ||
	    (err = session_place(s, args->wire, &place)) != NULL ||
	    (err = session_need(s, &place, RIGHT_INSERT)) != NULL ||
	    (err = session_open_appended(s, &place, &opened)) != NULL)
		return err;
	/* Two handles of one mailbox would wait for each other's lock. */
	dst = strcmp(mailbox_id(opened), mailbox_id(src)) == 0 ? src : opened;
	limit_uids(s, &uids);
	if (uids.n > 0) {
		mailbox_on_progress(src, progress_of_mailbox, s);
		err = mailbox_move(src, dst, &uids,
		    rights_flag_mask(place.rights), s->arena, &result);
		mailbox_on_progress(src, NULL, NULL);
	}
	if (err == NULL)
		tell_moved(s, &place, &result, is_uid);
	if (err == NULL)
		session_keep_appended(s, opened);
	else
		mailbox_close(opened);
	return err;
}

static const struct err *
move_run(struct session *s, void *args)
{
	return do_move(s, args, false);
}

static const struct err *
uid_move_run(struct session *s, void *args)
{
	return do_move(s, args, true);
}

const struct cmd cmd_move = {
	.name = "MOVE",
	.states = ST_SELECTED,
	.flags = CF_WRITE | CF_NUMBERS,
	.parse = cmd_parse_set_mailbox,
	.run = move_run,
	.rfc = "RFC 6851 3.1"
};

const struct cmd cmd_uid_move = {
	.name = "UID MOVE",
	.states = ST_SELECTED,
	.flags = CF_WRITE,
	.parse = cmd_parse_set_mailbox,
	.run = uid_move_run,
	.rfc = "RFC 6851 3.2"
};
