/* index.c - a session keeps search.db of the selected mailbox up to date
 * SPDX-License-Identifier: ISC */
#include "imapd/index.h"

#include "imapd/selected.h"
#include "store/textindex.h"
#include "util/log.h"

#define BEHIND_MAX	50	/* messages that a search may look at each time */
#define STEP_MESSAGES	50	/* noted at a time: a client waits no longer */

bool
index_is_on(const struct session *s, const struct mailbox *mbox)
{
	return mailbox_account(mbox) == s->account ? s->search_index :
	    s->conf->search_index;
}

void
index_wanted(struct session *s, uint32_t upto, uint32_t uidnext)
{
	s->index_behind = !s->index_failed && uidnext > upto &&
	    uidnext - upto > BEHIND_MAX;
}

bool
index_step(struct session *s)
{
	const struct err *err;
	bool more = false, busy;

	if (!s->index_behind)
		return false;
	if (s->selected != NULL) {
		err = textindex_build(s->selected->mbox, STEP_MESSAGES, &more,
		    &busy);
		if (err != NULL)
			log_warning("user %s, mailbox %s: search.db: %s",
			    s->user, mailbox_id(s->selected->mbox), err->text);
		/* It is no better at the next search. */
		s->index_failed |= err != NULL;
		more = more && err == NULL;
	}
	s->index_behind = more;
	return more;
}
