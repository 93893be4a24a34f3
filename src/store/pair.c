/* pair.c - a change of two mailboxes that may be one
 * SPDX-License-Identifier: ISC */
#include <string.h>

#include "store/mailbox-private.h"
#include "util/log.h"

const struct err *
pair_begin(struct pair *p, struct mailbox *dst, struct mailbox *src)
{
	const bool dst_first = strcmp(dst->id, src->id) < 0;
	struct writer *first = dst_first ? p->to : p->from;
	struct writer *second = dst_first ? p->from : p->to;
	const struct err *err;

	if (p->to == p->from)
		return writer_begin(p->to, dst, true);
	err = writer_begin(first, dst_first ? dst : src, true);
	if (err != NULL)
		return err;
	err = writer_begin(second, dst_first ? src : dst, true);
	if (err != NULL)
		writer_abort(first);
	return err;
}

void
pair_abort(struct pair *p)
{
	unplace(p->to);
	writer_abort(p->to);
	if (p->from != p->to)
		writer_abort(p->from);
}

/*
 * The second commit failed.  Other sessions may have seen the first, whose lock is
 * still held: its messages are expunged again, together with the token.
 */
static const struct err *
take_back(struct pair *p, const struct seqset *added, const char *token,
    const struct err *why)
{
	const struct err *err;
	uint32_t n;

	err = writer_finish_expunge(p->to->mbox, added, token, &n);
	if (err == NULL)
		return why;
	/* The note stays, and who next locks that mailbox does the rest. */
	p->from->noted = false;
	return err_internal_code("UNAVAILABLE", "The messages are in the other "
	    "mailbox; they leave this one when the server can write again",
	    "%s: what came from %s cannot be taken from there, nor taken back: "
	    "%s", p->to->mbox->what, p->from->mbox->what, err->text);
}

static const struct err *
commit_both(struct pair *p, const struct seqset *added, const char *token)
{
	const struct err *err = writer_commit_locked(p->to);
	struct err why;

	if (err != NULL) {
		why = *err;
		writer_abort(p->to);
		writer_abort(p->from);
	} else if ((err = writer_commit_locked(p->from)) != NULL) {
		why = *err;
		db_rollback(p->from->mbox->db);
		why = *take_back(p, added, token, &why);
		writer_abort(p->from);
		writer_end(p->to);
	} else {
		writer_end(p->to);
		writer_end(p->from);
		return NULL;
	}
	return err_internal_code(why.code, why.client, "%s", why.text);
}

const struct err *
pair_commit(struct pair *p, const struct seqset *gone,
    const struct seqset *added)
{
	char token[MAILBOX_ID_LEN + 1];
	const struct err *err;
	struct err why;

	if (p->from == p->to)
		return writer_commit(p->to);
	err = intent_write(p->from->mbox, p->to->mbox, gone, token,
	    &p->from->notes);
	p->from->noted = err == NULL;
	if (err == NULL)
		err = intent_arrived(p->to->mbox, p->from->mbox, token);
	if (err == NULL)
		return commit_both(p, added, token);
	why = *err;
	pair_abort(p);
	return err_internal_code(why.code, why.client, "%s", why.text);
}
