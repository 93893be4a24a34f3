/* replace.c - a message in another's place: RFC 8508 3.4
 * SPDX-License-Identifier: ISC */
#include <unistd.h>

#include "store/mailbox-private.h"
#include "wire/respcode.h"

static const struct err *
replace_in(struct pair *p, struct upload *up, const struct seqset *old,
    uint32_t *uid_r)
{
	struct mailbox *dst = p->to->mbox;
	const struct err *err;
	uint32_t n = 0;

	p->to->state.highestmodseq++;
	err = writer_append(p->to, up, uid_r);
	if (err == NULL)
		err = writer_expunge(p->from, old, true, &n);
	if (err == NULL && n != 1)
		err = err_user(RESP_EXPUNGEISSUED, "The message was expunged "
		    "meanwhile; nothing was added in its place");
	/* The name before the row: a row without its file cannot be. */
	if (err == NULL && fsync(dst->fd) == -1)
		err = err_errno("%s: fsync", dst->what);
	return err;
}

const struct err *
mailbox_replace(struct mailbox *src, uint32_t old, struct mailbox *dst,
    struct upload *up, uint32_t *uid_r)
{
	struct seqrange gone = { old, old }, added = { 0, 0 };
	struct seqset gone_set = { &gone, 1 }, added_set = { &added, 1 };
	struct writer to, other;
	struct pair p = { &to, src == dst ? &to : &other };
	const struct err *err;
	uint32_t keywords;

	err = uploads_sync(&up, 1);
	if (err == NULL)
		err = pair_begin(&p, dst, src);
	if (err != NULL)
		return err;
	keywords = to.before.keywords;
	err = replace_in(&p, up, &gone_set, &added.first);
	added.last = added.first;
	if (err != NULL)
		pair_abort(&p);
	else
		err = pair_commit(&p, &gone_set, &added_set);
	if (err != NULL) {
		keywords_forget(dst, keywords);
		return err;
	}
	purge_unretained(src);
	*uid_r = added.first;
	return NULL;
}
