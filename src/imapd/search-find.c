/* search-find.c - finds the messages that match: RFC 9051 6.4.4
 * SPDX-License-Identifier: ISC */
#include "imapd/limit.h"
#include "imapd/progress.h"
#include "imapd/context.h"
#include "imapd/search.h"

#define FILES_AT_ONCE	64	/* dear tests, before the scan is let go */
#define ROWS_AT_ONCE	4096	/* tests, before the client is looked for */

struct run {
	struct session	*s;
	struct search	 search;
	struct scan	*scan;
	bool		 slow;		/* the pass opens files */
	uint64_t	 enough;
	unsigned int	 tests;
	uint64_t	 total;		/* messages that are tested */
};

/*
 * No statement stays open while files are read for long.  A client that is
 * gone is told by the connection alone: nothing is written meanwhile.
 */
static const struct err *
maybe_pause(struct run *run)
{
	if (++run->tests % (run->slow ? FILES_AT_ONCE : ROWS_AT_ONCE) != 0)
		return NULL;
	if (run->slow)
		scan_pause(run->scan);
	progress_tick(run->s, run->tests, run->total);
	return output_alive(run->s->out);
}

static void
add(struct found *found, const struct message *m)
{
	seqset_add(&found->uids, m->uid);
	if (found->count++ == 0)
		found->modseq_first = m->modseq;
	found->modseq_last = m->modseq;
	if (m->modseq > found->modseq)
		found->modseq = m->modseq;
}

/* Messages in uids (NULL: all) that keys up to a cost do not rule out: those that
 * match in found, those that dearer keys decide of in left. */
static const struct err *
pass(struct run *run, const struct seqset *uids, enum search_cost cost,
    struct found *found, struct found *left)
{
	struct search *search = &run->search;
	const bool last = cost >= search->root->cost;
	enum search_answer answer;
	const struct err *err;
	struct message m;
	bool more;

	run->tests = 0;
	run->slow = cost == COST_FILE;
	run->total = search->sel != NULL ? search->sel->told_exists : 0;
	if (uids != NULL && seqset_count(uids) < run->total)
		run->total = seqset_count(uids);
	err = scan_open(search->mbox, uids, SCAN_DATES | SCAN_SIZE |
	    (cost > COST_HOT ? search->want : 0), 0, &run->scan);
	while (err == NULL && (err = scan_next(run->scan, &m, &more)) == NULL &&
	    more) {
		if (search->sel != NULL && m.uid >= search->sel->told_uidnext)
			break;
		err = search_test(search, &m, cost, &answer);
		if (err != NULL)
			break;
		if (answer == SEARCH_MAYBE)
			add(left, &m);
		else if (answer == SEARCH_YES) {
			add(found, &m);
			if (last && search->fuzzy)
				buf_addc(&found->scores,
				    (char)search_score(search));
			if (last && found->count == run->enough)
				break;
		}
		err = maybe_pause(run);
	}
	scan_close(run->scan);
	run->scan = NULL;
	return err;
}

/* Of two, none of whose messages are in both, into the first. */
static void
merge(struct found *a, const struct found *b)
{
	struct found sum = { .count = a->count + b->count,
	    .modseq = a->modseq > b->modseq ? a->modseq : b->modseq };
	const struct seqset sa = seqset_built(&a->uids);
	const struct seqset sb = seqset_built(&b->uids);
	const bool first = sa.n == 0 || (sb.n > 0 &&
	    sb.ranges[0].first < sa.ranges[0].first);
	const bool last = sa.n == 0 || (sb.n > 0 &&
	    sb.ranges[sb.n - 1].last > sa.ranges[sa.n - 1].last);
	size_t i = 0, k = 0;

	sum.modseq_first = first ? b->modseq_first : a->modseq_first;
	sum.modseq_last = last ? b->modseq_last : a->modseq_last;
	while (i < sa.n || k < sb.n) {
		const struct seqrange *r = k == sb.n || (i < sa.n &&
		    sa.ranges[i].first < sb.ranges[k].first) ?
		    &sa.ranges[i++] : &sb.ranges[k++];

		seqset_add_range(&sum.uids, r->first, r->last);
	}
	found_clear(a);
	*a = sum;
}

/*
 * What cheap keys leave over goes through a second pass: those messages alone
 * get their wide columns read.
 */
static const struct err *
passes(struct run *run, struct found *found)
{
	struct search *search = &run->search;
	struct found left = { 0 }, yes = { 0 };
	const struct seqset *uids = search->all ? NULL : &search->uids;
	const struct err *err = NULL;
	struct seqset set;

	if ((search->hot > 0 || search->indexed) && search->dear > 0) {
		/* The first ones that match, or their scores, are not told by
		 * who match at once and who do later. */
		err = pass(run, uids, COST_HOT, run->enough > 0 ||
		    search->fuzzy ? &left : &yes, &left);
		set = seqset_built(&left.uids);
		uids = &set;
	}
	if (err == NULL && (uids == NULL || uids->n > 0))
		err = pass(run, uids, search->root->cost, found, NULL);
	if (err == NULL && yes.count > 0)
		merge(found, &yes);
	found_clear(&left);
	found_clear(&yes);
	return err;
}

/* RFC 9738 3.1: what counts are the messages that are looked at. */
static void
limit(struct session *s, struct search *search)
{
	struct seqrange r = { 1, UINT32_MAX };
	struct seqset uids = { &r, 1 };

	if (limit_messages(s) == 0 ||
	    (s->cmd != &cmd_search && s->cmd != &cmd_uid_search))
		return;
	if (!search->all)
		uids = search->uids;
	uids = view_known(&s->selected->view, s->arena, &uids);
	if (limit_uids(s, &uids)) {
		search->uids = uids;
		search->all = false;
	}
}

const struct err *
search_begin(struct session *s, const struct search_args *args)
{
	const struct err *err = search_return_check(s, &args->ret);

	/* RFC 6203 4 */
	if (err == NULL && (args->ret.opts & RETURN_RELEVANCY) != 0 &&
	    !args->fuzzy)
		err = err_syntax("RELEVANCY needs FUZZY");
	if (err == NULL)
		err = context_check(s, &args->ret);
	return err != NULL ? err : args->bad_charset;
}

const struct err *
search_find(struct session *s, struct mailbox *mbox, struct search_key *root,
    uint64_t enough, struct found *found)
{
	struct run run = { .s = s, .enough = enough };
	const struct err *err = NULL;

	*found = (struct found){ 0 };
	if (mbox == NULL)
		err = selected_fill(s);
	if (err != NULL)
		return err;
	err = search_prepare(s, mbox, root, &run.search);
	if (err == NULL) {
		limit(s, &run.search);
		search_use_index(&run.search);
		err = passes(&run, found);
	}
	search_done(&run.search);
	return err;
}

const struct err *
search_find_among(struct session *s, struct search_key *root,
    const struct seqset *uids, struct found *found)
{
	struct run run = { .s = s };
	const struct err *err;

	*found = (struct found){ 0 };
	if ((err = selected_fill(s)) != NULL)
		return err;
	err = search_prepare(s, NULL, root, &run.search);
	if (err == NULL) {
		run.search.all = false;
		run.search.uids = *uids;
		err = passes(&run, found);
	}
	search_done(&run.search);
	return err;
}

static bool
is_all(const struct search_key *root)
{
	for (const struct search_key *key = root->child; key != NULL;
	    key = key->next)
		if (key->op != SEARCH_ALL || key->negate ||
		    key->fuzzy || key->capability != NULL)
			return false;
	return true;
}

const struct err *
search_find_unread(struct session *s, struct search_key *root,
    struct found *found)
{
	const struct err *err;
	struct seqrange all = { 1, s->selected->told_exists };
	struct seqset set = { .ranges = &all, .n = all.last > 0 };

	if (!is_all(root))
		return search_find(s, NULL, root, 0, found);
	*found = (struct found){ .count = all.last };
	if ((err = selected_fill(s)) != NULL)
		return err;
	set = view_uids(&s->selected->view, s->arena, &set);
	for (size_t i = 0; i < set.n; i++)
		seqset_add_range(&found->uids, set.ranges[i].first,
		    set.ranges[i].last);
	return NULL;
}

unsigned int
found_score(const struct found *found, uint32_t uid, struct score_hint *hint)
{
	const struct seqrange *r = found->uids.ranges;
	size_t at;

	if (hint->range >= found->uids.n || uid < r[hint->range].first)
		*hint = (struct score_hint){ 0 };
	while (hint->range < found->uids.n && r[hint->range].last < uid) {
		hint->before += (size_t)r[hint->range].last -
		    r[hint->range].first + 1;
		hint->range++;
	}
	if (hint->range == found->uids.n || uid < r[hint->range].first)
		return 0;
	at = hint->before + (uid - r[hint->range].first);
	return at < found->scores.len ? (unsigned char)found->scores.s[at] : 0;
}

void
found_clear(struct found *found)
{
	seqset_builder_clear(&found->uids);
	buf_clear(&found->scores);
	*found = (struct found){ 0 };
}
