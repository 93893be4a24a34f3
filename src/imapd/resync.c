/* resync.c - what changed since a mod-sequence
 * SPDX-License-Identifier: ISC */
#include "imapd/resync.h"

#include <stdlib.h>

#include "imapd/condstore.h"
#include "imapd/selected.h"
#include "util/log.h"

#define CHANGES_AT_ONCE	1024	/* that are held in memory */
#define FEW_MESSAGES	256	/* are looked at one by one */

/* --- Changes --- */

/* Those of few UIDs, however much else changed. */
static const struct err *
changed_among(struct session *s, const struct seqset *uids, uint64_t since,
    struct seqset_builder *b)
{
	struct scan *scan = NULL;
	const struct err *err;
	struct message m;
	bool more;

	err = scan_open(s->selected->mbox, uids, 0, 0, &scan);
	while (err == NULL && (err = scan_next(scan, &m, &more)) == NULL &&
	    more)
		if (m.modseq > since)
			seqset_add(b, m.uid);
	scan_close(scan);
	return err;
}

/* What to do with each change of many; names are the keywords. */
typedef const struct err *each_change(struct session *,
    const struct change *, size_t n, void *arg);

static const struct err *
each_piece(struct session *s, const struct seqset *uids, uint64_t since,
    each_change *fn, void *arg)
{
	struct change *changes;
	const struct err *err = NULL;
	uint32_t first, below;
	size_t n = CHANGES_AT_ONCE;

	if (uids->n == 0)
		return NULL;
	first = uids->ranges[0].first;
	below = uids->ranges[uids->n - 1].last + 1;
	changes = reallocarray(NULL, CHANGES_AT_ONCE, sizeof(*changes));
	if (changes == NULL)
		fatal("out of memory");
	while (err == NULL && n == CHANGES_AT_ONCE) {
		err = mailbox_changes(s->selected->mbox, since, 0, first,
		    below, changes, CHANGES_AT_ONCE, &n);
		if (err == NULL && n > 0) {
			first = changes[n - 1].uid + 1;
			err = fn(s, changes, n, arg);
		}
	}
	free(changes);
	return err;
}

struct collect {
	const struct seqset *uids;
	struct seqset_builder b;
};

static const struct err *
collect(struct session *s, const struct change *changes, size_t n, void *arg)
{
	struct collect *c = arg;

	(void)s;
	for (size_t i = 0; i < n; i++)
		if (seqset_has(c->uids, changes[i].uid))
			seqset_add(&c->b, changes[i].uid);
	return NULL;
}

const struct err *
resync_changed(struct session *s, const struct seqset *uids, uint64_t since,
    struct seqset *changed_r)
{
	struct collect c = { .uids = uids };
	const struct err *err;
	struct seqset set;

	if (seqset_count(uids) <= FEW_MESSAGES)
		err = changed_among(s, uids, since, &c.b);
	else
		err = each_piece(s, uids, since, collect, &c);
	set = seqset_built(&c.b);
	if (err == NULL)
		*changed_r = seqset_intersect(s->arena, &set, uids);
	seqset_builder_clear(&c.b);
	return err;
}

/* --- Expunges --- */

/*
 * RFC 7162 3.2.5.2: the highest UID of the pairs that is where the client has
 * it.  From there down nothing can be missing: both count the same messages.
 */
static uint32_t
in_step(const struct view *view, const struct seqset *numbers,
    const struct seqset *known)
{
	uint32_t best = 0, step, number, uid;
	size_t i = 0, j = 0;

	if (numbers == NULL || numbers->n == 0 || known->n == 0)
		return 0;
	number = numbers->ranges[0].first;
	uid = known->ranges[0].first;
	while (number <= view->count) {
		/* A run of both: its last pair in the view decides first. */
		step = numbers->ranges[i].last - number;
		if (known->ranges[j].last - uid < step)
			step = known->ranges[j].last - uid;
		for (uint32_t k = 0; k <= step && number + k <= view->count;
		    k++)
			if (view_uid(view, number + k) == uid + k)
				best = uid + k;
		if (number + step == numbers->ranges[i].last) {
			if (++i == numbers->n)
				break;
			number = numbers->ranges[i].first;
		} else
			number += step + 1;
		if (uid + step == known->ranges[j].last) {
			if (++j == known->n)
				break;
			uid = known->ranges[j].first;
		} else
			uid += step + 1;
	}
	return best;
}

/* Every UID of the set that is not there. */
static const struct err *
missing(struct session *s, const struct seqset *uids,
    const struct seqset *numbers, const struct seqset *known,
    struct seqset *gone_r)
{
	const struct view *view = &s->selected->view;
	const struct err *err;
	struct seqset rest;
	uint32_t from;

	if ((err = selected_fill(s)) != NULL)
		return err;
	from = in_step(view, numbers, known) + 1;
	rest = seqset_clip(s->arena, uids, from, UINT32_MAX);
	*gone_r = view_missing(view, s->arena, &rest);
	return NULL;
}

const struct err *
resync_vanished(struct session *s, const struct seqset *uids, uint64_t since,
    const struct seqset *numbers, const struct seqset *known)
{
	struct selected *sel = s->selected;
	struct seqset_builder b = { 0 };
	const struct err *err;
	struct seqset set, gone = { .n = 0 };
	bool remembered;

	set = seqset_clip(s->arena, uids, 1, sel->told_uidnext - 1);
	/* What went later than the client was told of is not EARLIER. */
	err = mailbox_expunged(sel->mbox, since, sel->told_expunge,
	    sel->told_uidnext, &b, &remembered);
	if (err == NULL && !remembered) {
		err = missing(s, &set, numbers, known, &gone);
	} else if (err == NULL) {
		gone = seqset_built(&b);
		gone = seqset_intersect(s->arena, &gone, &set);
	}
	seqset_builder_clear(&b);
	if (err == NULL)
		vanished_send(s, &gone, true);
	return err;
}

/* --- SELECT (QRESYNC ...) --- */

/* RFC 7162 7: no "*".  4294967295 counts as one, and no message has it. */
static bool
parse_uids(struct arena *a, struct parser *p, struct seqset *set_r)
{
	struct seqset set;

	if (!parser_seqset(p, &set))
		return false;
	for (size_t i = 0; i < set.n; i++)
		if (set.ranges[i].last == SEQSET_STAR ||
		    set.ranges[i].first == SEQSET_SAVED)
			return parser_expected(p, "numbers and ranges alone");
	*set_r = seqset_resolve(a, &set, 0);
	return true;
}

/* RFC 7162 7 "seq-match-data" */
static bool
parse_match(struct arena *a, struct parser *p, struct qresync *q)
{
	q->has_match = true;
	if (!parser_char(p, '(') || !parse_uids(a, p, &q->numbers) ||
	    !parser_sp(p) || !parse_uids(a, p, &q->known) ||
	    !parser_char(p, ')'))
		return false;
	if (seqset_count(&q->numbers) != seqset_count(&q->known))
		return parser_expected(p, "as many UIDs as numbers");
	return true;
}

bool
qresync_parse(struct arena *a, struct parser *p, struct qresync *q)
{
	bool more;

	*q = (struct qresync){ 0 };
	if (!parser_char(p, '(') || !parser_nz_number(p, &q->uidvalidity) ||
	    !parser_sp(p) || !parser_number64(p, &q->modseq))
		return false;
	if (q->modseq == 0)
		return parser_expected(p, "a mod-sequence from 1");
	more = parser_opt(p, ' ');
	if (more && parser_peek(p) != '(') {
		q->has_uids = true;
		if (!parse_uids(a, p, &q->uids))
			return false;
		more = parser_opt(p, ' ');
	}
	if (more && !parse_match(a, p, q))
		return false;
	return parser_char(p, ')');
}

struct telling {
	const struct seqset *uids;
	size_t		 hint;
};

static const struct err *
tell_changes(struct session *s, const struct change *changes, size_t n,
    void *arg)
{
	struct selected *sel = s->selected;
	struct telling *t = arg;
	const char *const *names;
	const struct err *err;
	size_t names_n;
	uint32_t seq;

	if ((err = selected_fill(s)) != NULL ||
	    (err = selected_tell_keywords(s)) != NULL ||
	    (err = mailbox_keywords(sel->mbox, &names, &names_n)) != NULL)
		return err;
	for (size_t i = 0; i < n; i++) {
		seq = seqset_has(t->uids, changes[i].uid) ?
		    selected_seq(sel, changes[i].uid, &t->hint) : 0;
		if (seq > 0)
			selected_tell_change(s, &changes[i], true, seq, names,
			    names_n);
	}
	return NULL;
}

const struct err *
qresync_tell(struct session *s, const struct qresync *q)
{
	struct selected *sel = s->selected;
	struct seqrange r = { 1, sel->told_uidnext - 1 };
	struct seqset uids = { &r, 1 };
	struct telling t = { .uids = &uids };
	uint64_t since = q->modseq;
	const struct err *err;

	/* RFC 7162 3.2.5: the client then has nothing that could be brought up
	 * to date. */
	if (q->uidvalidity != mailbox_uidvalidity(sel->mbox) ||
	    sel->told_uidnext <= 1 || since == sel->told_modseq)
		return NULL;
	/*
	 * What the client knows of is lost here: by a crash that took flags
	 * with it, or a backup.  It is told all that there is.
	 */
	if (since > sel->told_modseq)
		since = 0;
	if (q->has_uids)
		uids = seqset_clip(s->arena, &q->uids, r.first, r.last);
	err = resync_vanished(s, &uids, since,
	    q->has_match ? &q->numbers : NULL, &q->known);
	return err != NULL ? err :
	    each_piece(s, &uids, since, tell_changes, &t);
}
