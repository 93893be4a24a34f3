/* cmd-copy.c - COPY and UID COPY: RFC 3501 6.4.7, RFC 4315 3
 * SPDX-License-Identifier: ISC */
#include <string.h>

#include "imapd/limit.h"
#include "imapd/progress.h"
#include "imapd/selected.h"

static void
tell_copied(struct session *s, const struct place *place,
    const struct copy_result *result)
{
	struct buf from = { 0 }, to = { 0 };

	/* RFC 4315 3: nothing is disclosed of what may not be selected. */
	if (result->from.n > 0 && (place->rights & RIGHT_READ) != 0) {
		seqset_format(&result->from, &from);
		seqset_format(&result->to, &to);
		session_ok(s, "[COPYUID %u %s %s] Copied",
		    result->uidvalidity, buf_str(&from), buf_str(&to));
	} else if (result->from.n == 0)
		session_ok(s, "No matching messages, nothing copied");
	buf_clear(&from);
	buf_clear(&to);
}

static const struct err *
do_copy(struct session *s, const struct cmd_set_mailbox *args, bool is_uid)
{
	struct mailbox *src = s->selected->mbox, *dst = NULL, *opened = NULL;
	struct copy_result result = { 0 };
	struct seqset uids;
	struct place place;
	const struct err *err;

	if ((err = selected_uids(s, &args->set, is_uid, &uids)) != NULL ||
	    (err = limit_copy(s, &uids)) != NULL ||
	    (err = session_place(s, args->wire, &place)) != NULL ||
	    (err = session_need(s, &place, RIGHT_INSERT)) != NULL ||
	    (err = session_open_appended(s, &place, &opened)) != NULL)
		return err;
	/* Two handles of one mailbox would wait for each other's lock. */
	dst = strcmp(mailbox_id(opened), mailbox_id(src)) == 0 ? src : opened;
	if (uids.n > 0) {
		mailbox_on_progress(src, progress_of_mailbox, s);
		err = mailbox_copy(src, dst, &uids, !is_uid,
		    rights_flag_mask(place.rights), s->arena, &result);
		mailbox_on_progress(src, NULL, NULL);
	}
	if (err == NULL)
		tell_copied(s, &place, &result);
	if (err == NULL)
		session_keep_appended(s, opened);
	else
		mailbox_close(opened);
	return err;
}

static const struct err *
copy_run(struct session *s, void *args)
{
	return do_copy(s, args, false);
}

static const struct err *
uid_copy_run(struct session *s, void *args)
{
	return do_copy(s, args, true);
}

/* RFC 2180 4.4: EXPUNGE may be told at the end of COPY. */
const struct cmd cmd_copy = {
	.name = "COPY",
	.states = ST_SELECTED,
	.flags = CF_NUMBERS,
	.parse = cmd_parse_set_mailbox,
	.run = copy_run,
	.rfc = "RFC 3501 6.4.7"
};

const struct cmd cmd_uid_copy = {
	.name = "UID COPY",
	.states = ST_SELECTED,
	.parse = cmd_parse_set_mailbox,
	.run = uid_copy_run,
	.rfc = "RFC 3501 6.4.8"
};
