/* cmd-search.c - SEARCH and UID SEARCH: RFC 3501 6.4.4
 * SPDX-License-Identifier: ISC */
#include <inttypes.h>

#include "imapd/condstore.h"
#include "imapd/search.h"
#include "imapd/selected.h"

#define PENDING_OCTETS	49152	/* of output, before the scan is let go */
#define FILES_AT_ONCE	64	/* dear tests, before the scan is let go */

struct run {
	struct session	*s;
	struct search	 search;
	bool		 is_uid;
	size_t		 hint;
	unsigned int	 tests;
	uint64_t	 modseq;	/* the highest of those found */
};

/* The messages that cheap keys leave over: those alone get their wide columns
 * read. */
static const struct err *
cheap_pass(struct run *run, struct seqset_builder *left)
{
	struct search *search = &run->search;
	struct selected *sel = run->s->selected;
	enum search_answer answer;
	struct scan *scan = NULL;
	struct message m;
	const struct err *err;
	bool more;

	err = scan_open(sel->mbox, search->all ? NULL : &search->uids, 0, 0,
	    &scan);
	while (err == NULL && (err = scan_next(scan, &m, &more)) == NULL &&
	    more) {
		if (m.uid >= sel->told_uidnext)
			break;
		err = search_test(search, &m, COST_HOT, &answer);
		if (err == NULL && answer != SEARCH_NO)
			seqset_add(left, m.uid);
	}
	scan_close(scan);
	return err;
}

static void
tell_match(struct run *run, const struct message *m)
{
	const uint32_t seq = selected_seq(run->s->selected, m->uid,
	    &run->hint);

	if (seq == 0)
		return;
	output_add(run->s->out, " ", 1);
	reply_number(run->s->out, run->is_uid ? m->uid : seq);
	if (m->modseq > run->modseq)
		run->modseq = m->modseq;
}

/* No statement stays open while the output drains or files are read for long. */
static const struct err *
maybe_pause(struct run *run, struct scan *scan)
{
	if (output_pending(run->s->out) > PENDING_OCTETS) {
		scan_pause(scan);
		return output_flush(run->s->out);
	}
	if (run->search.root->cost == COST_FILE &&
	    ++run->tests % FILES_AT_ONCE == 0)
		scan_pause(scan);
	return NULL;
}

static const struct err *
last_pass(struct run *run, const struct seqset *uids)
{
	struct search *search = &run->search;
	struct selected *sel = run->s->selected;
	enum search_answer answer;
	struct scan *scan = NULL;
	struct message m;
	const struct err *err;
	bool more;

	err = scan_open(sel->mbox, uids, search->dear > 0 ? SEARCH_WANT : 0, 0,
	    &scan);
	while (err == NULL && (err = scan_next(scan, &m, &more)) == NULL &&
	    more) {
		if (m.uid >= sel->told_uidnext)
			break;
		err = search_test(search, &m, search->root->cost, &answer);
		if (err != NULL)
			break;
		if (answer == SEARCH_YES)
			tell_match(run, &m);
		err = maybe_pause(run, scan);
	}
	scan_close(scan);
	return err;
}

static const struct err *
do_search(struct session *s, struct search_args *args, bool is_uid)
{
	struct run run = { .s = s, .is_uid = is_uid };
	struct seqset_builder left = { 0 };
	struct seqset uids;
	const struct err *err;

	err = selected_fill(s);
	if (err != NULL)
		return err;
	err = search_prepare(s, args->root, &run.search);
	uids = run.search.uids;
	if (err == NULL && run.search.hot > 0 && run.search.dear > 0) {
		err = cheap_pass(&run, &left);
		uids = seqset_built(&left);
		run.search.all = false;
	}
	if (err == NULL) {
		if (args->modseq)
			condstore_enable(s);
		output_adds(s->out, "* SEARCH");
		if (run.search.all || uids.n > 0)
			err = last_pass(&run, run.search.all ? NULL : &uids);
		/* RFC 7162 3.1.6 */
		if (args->modseq && run.modseq > 0)
			output_addf(s->out, " (MODSEQ %" PRIu64 ")",
			    run.modseq);
		output_adds(s->out, "\r\n");
	}
	search_done(&run.search);
	seqset_builder_clear(&left);
	return err;
}

static const struct err *
search_run(struct session *s, void *args)
{
	return do_search(s, args, false);
}

static const struct err *
uid_search_run(struct session *s, void *args)
{
	return do_search(s, args, true);
}

const struct cmd cmd_search = {
	.name = "SEARCH",
	.states = ST_SELECTED,
	.flags = CF_NO_EXPUNGE | CF_NUMBERS,
	.parse = search_parse,
	.run = search_run,
	.rfc = "RFC 3501 6.4.4"
};

/* RFC 3501 7.4.1: EXPUNGE may be told at the end of the UID form. */
const struct cmd cmd_uid_search = {
	.name = "UID SEARCH",
	.states = ST_SELECTED,
	.parse = search_parse,
	.run = uid_search_run,
	.rfc = "RFC 3501 6.4.8"
};
