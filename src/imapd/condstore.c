/* condstore.c - what CONDSTORE, QRESYNC and UIDONLY change in responses
 * SPDX-License-Identifier: ISC */
#include "imapd/condstore.h"

#include <inttypes.h>

#include "imapd/capability.h"
#include "imapd/selected.h"

#define VANISHED_RANGES	1000	/* of one response */

bool
condstore_on(const struct session *s)
{
	return (s->enabled & (ENABLED_CONDSTORE | ENABLED_QRESYNC)) != 0;
}

uint64_t
condstore_told(const struct session *s)
{
	const struct selected *sel = s->selected;
	const uint64_t told = sel->expunge_waits ? sel->told_expunge :
	    sel->told_modseq;

	return sel->left_out && sel->whole_modseq < told ? sel->whole_modseq :
	    told;
}

void
condstore_tell_highest(struct session *s)
{
	output_addf(s->out, "* OK [HIGHESTMODSEQ %" PRIu64 "] Highest\r\n",
	    condstore_told(s));
}

void
condstore_enable(struct session *s)
{
	if (condstore_on(s))
		return;
	s->enabled |= ENABLED_CONDSTORE;
	if (s->selected != NULL)
		condstore_tell_highest(s);
}

const struct err *
condstore_check(const struct session *s)
{
	return capability_off(s, "CONDSTORE") && capability_off(s, "QRESYNC") ?
	    err_syntax("CONDSTORE is turned off") : NULL;
}

const struct err *
condstore_need(struct session *s)
{
	const struct err *err = condstore_check(s);

	if (err == NULL)
		condstore_enable(s);
	return err;
}

void
condstore_send(struct session *s, uint64_t modseq)
{
	output_add(s->out, "MODSEQ (", 8);
	reply_number(s->out, modseq);
	output_add(s->out, ")", 1);
	s->modseq_sent = true;
}

bool
vanished_on(const struct session *s)
{
	return (s->enabled & (ENABLED_QRESYNC | ENABLED_UIDONLY)) != 0;
}

void
vanished_send(struct session *s, const struct seqset *uids, bool earlier)
{
	struct seqset part;

	for (size_t i = 0; i < uids->n; i += part.n) {
		part.ranges = uids->ranges + i;
		part.n = uids->n - i < VANISHED_RANGES ? uids->n - i :
		    VANISHED_RANGES;
		output_adds(s->out, earlier ? "* VANISHED (EARLIER) " :
		    "* VANISHED ");
		reply_seqset(s->out, &part);
		output_add(s->out, "\r\n", 2);
	}
}

void
fetch_head(struct session *s, uint32_t seq, uint32_t uid)
{
	const bool uidonly = (s->enabled & ENABLED_UIDONLY) != 0;

	output_add(s->out, "* ", 2);
	reply_number(s->out, uidonly ? uid : seq);
	if (uidonly)
		output_add(s->out, " UIDFETCH (", 11);
	else
		output_add(s->out, " FETCH (", 8);
}
