/* search-return.c - what a search returns: RFC 9051 6.4.4, 7.3.4
 * SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "imapd/capability.h"
#include "imapd/fetch.h"
#include "imapd/search.h"

static const struct {
	const char	*word;
	unsigned int	 opt;
	const char	*capability;	/* that it belongs to */
	const char	*other;		/* or to that */
} words[] = {
	{ "MIN",	RETURN_MIN, "ESEARCH", NULL },
	{ "MAX",	RETURN_MAX, "ESEARCH", NULL },
	{ "ALL",	RETURN_ALL, "ESEARCH", NULL },
	{ "COUNT",	RETURN_COUNT, "ESEARCH", NULL },
	{ "SAVE",	RETURN_SAVE, "SEARCHRES", NULL },
	{ "PARTIAL",	RETURN_PARTIAL, "PARTIAL", "CONTEXT=SEARCH" },
	{ "CONTEXT",	RETURN_CONTEXT, "CONTEXT=SEARCH", NULL },
	{ "UPDATE",	RETURN_UPDATE, "CONTEXT=SEARCH", NULL },
	{ "RELEVANCY",	RETURN_RELEVANCY, "SEARCH=FUZZY", NULL }
};
/* What changes nothing in the response. */
#define RETURN_HINTS	((unsigned int)(RETURN_CONTEXT | RETURN_UPDATE))
#define WORDS	(sizeof(words) / sizeof(words[0]))

static bool
parse_opt(struct parser *p, struct search_return *ret, bool *space_r)
{
	const char *word;
	unsigned int opt = 0;

	*space_r = false;
	if (!parser_word(p, &word))
		return false;
	for (size_t i = 0; i < WORDS; i++)
		if (strcmp(word, words[i].word) == 0)
			opt = words[i].opt;
	if (opt == 0)
		return parser_expected(p, "a search return option");
	/* RFC 9394 3.1 */
	if ((opt == RETURN_PARTIAL && (ret->opts & RETURN_PARTIAL)) ||
	    ((opt | ret->opts) & (RETURN_PARTIAL | RETURN_ALL)) ==
	    (RETURN_PARTIAL | RETURN_ALL))
		return parser_expected(p, "one of ALL and PARTIAL");
	ret->opts |= opt;
	if (opt == RETURN_UPDATE) {
		/* RFC 5465 8 has no space before what is fetched, its section 7
		 * has one. */
		*space_r = parser_opt(p, ' ');
		if (parser_peek(p) != '(')
			return true;
		*space_r = false;
		return fetch_parse_list(p->arena, p, &ret->fetch);
	}
	return opt != RETURN_PARTIAL || (parser_sp(p) &&
	    parser_partial(p, &ret->partial));
}

/* RFC 9051 9 "search-return-opts" */
bool
search_return_parse(struct parser *p, struct search_return *ret)
{
	bool space;

	ret->given = true;
	if (!parser_sp(p) || !parser_char(p, '('))
		return false;
	if (parser_opt(p, ')')) {
		ret->opts = RETURN_ALL;
		return true;
	}
	do {
		if (!parse_opt(p, ret, &space))
			return false;
	} while (space || parser_opt(p, ' '));
	return parser_char(p, ')');
}

/* IMAP4rev2 has what ESEARCH and SEARCHRES brought. */
static bool
is_off(const struct session *s, const char *capability)
{
	return capability == NULL || (capability_off(s, capability) &&
	    !session_enabled(s, ENABLED_IMAP4REV2));
}

const struct err *
search_return_check(const struct session *s, const struct search_return *ret)
{
	if (ret->given && is_off(s, "ESEARCH"))
		return err_syntax("ESEARCH is turned off");
	for (size_t i = 0; i < WORDS; i++)
		if ((ret->opts & words[i].opt) != 0 &&
		    is_off(s, words[i].capability) && is_off(s, words[i].other))
			return err_syntax("%s is turned off",
			    words[i].capability);
	return NULL;
}

uint64_t
search_return_enough(const struct search_return *ret)
{
	const struct partial *p = &ret->partial;

	const unsigned int data = ret->opts & RETURN_DATA;

	if (ret->opts & RETURN_UPDATE)
		return 0;
	if (data == RETURN_MIN)
		return 1;
	if ((data & ~(unsigned int)RETURN_MIN) == RETURN_PARTIAL && !p->last)
		return p->a > p->b ? p->a : p->b;
	return 0;
}

/* --- Saving --- */

/* Numbers first to first + n - 1 (from 0) of a set. */
static struct seqset
slice(struct arena *a, const struct seqset *set, uint64_t first, uint64_t n)
{
	struct seqset part = { .n = 0 };
	uint64_t count, skip = first;

	part.ranges = arena_array(a, set->n, sizeof(*part.ranges));
	for (size_t i = 0; i < set->n && n > 0; i++) {
		struct seqrange r = set->ranges[i];

		count = (uint64_t)r.last - r.first + 1;
		if (skip >= count) {
			skip -= count;
			continue;
		}
		r.first += (uint32_t)skip;
		count -= skip;
		skip = 0;
		if (count > n)
			r.last = r.first + (uint32_t)n - 1;
		n -= count < n ? count : n;
		part.ranges[part.n++] = r;
	}
	return part;
}

static struct seqset
partial_set(struct arena *a, const struct search_return *ret,
    const struct seqset *all, uint64_t count)
{
	uint64_t first, n;

	partial_slice(&ret->partial, count, &first, &n);
	return slice(a, all, first, n);
}

/* RFC 9051 6.4.4.3, RFC 9394 3.2: what MIN, MAX and PARTIAL leave of it. */
static struct seqset
set_to_save(struct arena *a, const struct search_return *ret,
    const struct found *found)
{
	const struct seqset all = seqset_built(&found->uids);
	struct seqset set = { .n = 0 }, one;

	if ((ret->opts & (RETURN_ALL | RETURN_COUNT)) != 0 ||
	    (ret->opts & RETURN_DATA) == 0)
		return all;
	if (ret->opts & RETURN_PARTIAL)
		set = partial_set(a, ret, &all, found->count);
	if ((ret->opts & RETURN_MIN) && found->count > 0) {
		one = slice(a, &all, 0, 1);
		set = seqset_union(a, &set, &one);
	}
	if ((ret->opts & RETURN_MAX) && found->count > 0) {
		one = slice(a, &all, found->count - 1, 1);
		set = seqset_union(a, &set, &one);
	}
	return set;
}

/* Put into "$", in place of what was there. */
static void
save(struct session *s, const struct seqset *set)
{
	struct seqset_builder *saved = &s->selected->saved;

	seqset_builder_clear(saved);
	for (size_t i = 0; i < set->n; i++)
		seqset_add_range(saved, set->ranges[i].first,
		    set->ranges[i].last);
}

void
search_return_save(struct session *s, const struct search_return *ret,
    const struct found *found)
{
	struct seqset set = { .n = 0 };

	if ((ret->opts & RETURN_SAVE) == 0)
		return;
	if (found != NULL)
		set = set_to_save(s->arena, ret, found);
	save(s, &set);
}

/* --- Telling --- */

/* RFC 3501 7.2.5 */
static void
tell_numbers(struct session *s, const struct seqset *set, uint64_t modseq)
{
	output_adds(s->out, "* SEARCH");
	for (size_t i = 0; i < set->n; i++)
		for (uint32_t n = set->ranges[i].first;; n++) {
			output_add(s->out, " ", 1);
			reply_number(s->out, n);
			if (n == set->ranges[i].last)
				break;
		}
	/* RFC 7162 3.1.6 */
	if (modseq > 0)
		output_addf(s->out, " (MODSEQ %" PRIu64 ")", modseq);
	output_adds(s->out, "\r\n");
}

static void
tell_number(struct session *s, const char *what, uint64_t n)
{
	output_adds(s->out, what);
	reply_number(s->out, n);
}

static void
tell_range(struct session *s, const struct partial *p)
{
	const char *minus = p->last ? "-" : "";

	output_addf(s->out, " PARTIAL (%s%u:%s%u ", minus, p->a, minus, p->b);
}

static void
tell_head(struct session *s, bool is_uid)
{
	output_adds(s->out, "* ESEARCH (TAG ");
	reply_string(s->out, s->tag, strlen(s->tag));
	output_adds(s->out, is_uid ? ") UID" : ")");
}

static void
tell_partial(struct session *s, const struct search_return *ret,
    const struct seqset *all, uint64_t count)
{
	struct seqset set = partial_set(s->arena, ret, all, count);

	tell_range(s, &ret->partial);
	if (set.n > 0)
		reply_seqset(s->out, &set);
	else
		output_adds(s->out, "NIL");
	output_adds(s->out, ")");
}

/* RFC 4731 3.2: of the messages that are returned. */
static uint64_t
modseq_of(unsigned int opts, const struct found *found)
{
	const unsigned int ends = opts & (RETURN_MIN | RETURN_MAX);

	if (found->count == 0)
		return 0;
	if ((opts & (RETURN_ALL | RETURN_COUNT | RETURN_PARTIAL)) != 0 ||
	    ends == 0)
		return found->modseq;
	if (ends == RETURN_MIN)
		return found->modseq_first;
	return ends == RETURN_MAX || found->modseq_last > found->modseq_first ?
	    found->modseq_last : found->modseq_first;
}

/* RFC 6203 4: the scores of what ALL or PARTIAL return, in their order. */
static void
tell_scores(struct session *s, const struct search_return *ret,
    const char *scores, size_t n)
{
	uint64_t first = 0, count = n;

	if ((ret->opts & RETURN_RELEVANCY) == 0)
		return;
	if (ret->opts & RETURN_PARTIAL)
		partial_slice(&ret->partial, n, &first, &count);
	output_adds(s->out, " RELEVANCY (");
	for (uint64_t i = 0; i < count; i++) {
		if (i > 0)
			output_add(s->out, " ", 1);
		reply_number(s->out, (unsigned char)scores[first + i]);
	}
	output_adds(s->out, ")");
}

/* What was asked for of a set, which is told in its order. */
static void
tell_data(struct session *s, const struct search_return *ret,
    unsigned int opts, const struct seqset *set, bool modseq,
    const struct found *found)
{
	const uint64_t count = seqset_count(set);

	if ((opts & RETURN_MIN) && set->n > 0)
		tell_number(s, " MIN ", set->ranges[0].first);
	if ((opts & RETURN_MAX) && set->n > 0)
		tell_number(s, " MAX ", set->ranges[set->n - 1].last);
	if ((opts & RETURN_ALL) && set->n > 0) {
		output_adds(s->out, " ALL ");
		reply_seqset(s->out, set);
	}
	if (opts & RETURN_PARTIAL)
		tell_partial(s, ret, set, count);
	if (opts & RETURN_COUNT)
		tell_number(s, " COUNT ", count);
	if (modseq && found->count > 0)
		tell_number(s, " MODSEQ ", modseq_of(opts, found));
	tell_scores(s, ret, found->scores.s, found->scores.len);
	output_adds(s->out, "\r\n");
}

void
search_return_tell(struct session *s, const struct search_return *ret,
    bool is_uid, bool modseq, const struct found *found)
{
	struct seqset set = seqset_built(&found->uids);

	if (!is_uid)
		set = view_seqs(&s->selected->view, s->arena, &set);
	/* RFC 9051 7.3.4: IMAP4rev2 knows no SEARCH response. */
	if (!ret->given && !session_enabled(s, ENABLED_IMAP4REV2)) {
		tell_numbers(s, &set, modseq ? found->modseq : 0);
		return;
	}
	if ((ret->opts & ~RETURN_HINTS) == RETURN_SAVE)
		return;
	tell_head(s, is_uid);
	tell_data(s, ret, ret->given ? ret->opts : RETURN_ALL, &set, modseq,
	    found);
}

void
search_return_tell_where(struct session *s, const struct search_return *ret,
    const struct search_where *where, bool modseq, const struct found *found)
{
	const struct seqset set = seqset_built(&found->uids);

	if ((ret->opts & ~RETURN_HINTS) == RETURN_SAVE)
		return;
	output_adds(s->out, "* ESEARCH (TAG ");
	reply_string(s->out, s->tag, strlen(s->tag));
	output_adds(s->out, " MAILBOX ");
	reply_mailbox(s->out, where->mailbox, s->conf->delimiter);
	output_addf(s->out, " UIDVALIDITY %u) UID", where->uidvalidity);
	tell_data(s, ret, ret->opts, &set, modseq, found);
}

/* --- In the order of a SORT --- */

static int
number_cmp(const void *pa, const void *pb)
{
	const uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;

	return (a > b) - (a < b);
}

/* A set of some numbers, in any order. */
static struct seqset
set_of(struct arena *a, const uint32_t *numbers, size_t n)
{
	struct seqset set = { .n = 0 };
	uint32_t *sorted = arena_array(a, n, sizeof(*sorted));

	set.ranges = arena_array(a, n, sizeof(*set.ranges));
	if (n > 0)
		memcpy(sorted, numbers, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), number_cmp);
	for (size_t i = 0; i < n; i++) {
		if (set.n > 0 && set.ranges[set.n - 1].last + 1 == sorted[i])
			set.ranges[set.n - 1].last++;
		else
			set.ranges[set.n++] = (struct seqrange){ sorted[i],
			    sorted[i] };
	}
	return set;
}

void
search_return_save_sorted(struct session *s, const struct search_return *ret,
    const struct found *found, const uint32_t *uids, size_t n)
{
	struct seqset set = { .n = 0 }, one;
	uint64_t first, count;

	if ((ret->opts & (RETURN_ALL | RETURN_COUNT)) != 0 ||
	    (ret->opts & RETURN_DATA) == 0 || n == 0) {
		search_return_save(s, ret, found);
		return;
	}
	if ((ret->opts & RETURN_SAVE) == 0)
		return;
	if (ret->opts & RETURN_PARTIAL) {
		partial_slice(&ret->partial, n, &first, &count);
		set = set_of(s->arena, uids + first, (size_t)count);
	}
	if (ret->opts & RETURN_MIN) {
		one = set_of(s->arena, &uids[0], 1);
		set = seqset_union(s->arena, &set, &one);
	}
	if (ret->opts & RETURN_MAX) {
		one = set_of(s->arena, &uids[n - 1], 1);
		set = seqset_union(s->arena, &set, &one);
	}
	save(s, &set);
}

/* RFC 5267 3.2: ranges rise, whatever the order. */
static void
tell_order(struct session *s, const uint32_t *numbers, size_t n)
{
	size_t end;

	for (size_t i = 0; i < n; i = end) {
		for (end = i + 1; end < n &&
		    numbers[end] == numbers[end - 1] + 1; end++)
			;
		if (i > 0)
			output_add(s->out, ",", 1);
		reply_number(s->out, numbers[i]);
		if (end - i > 1) {
			output_add(s->out, ":", 1);
			reply_number(s->out, numbers[end - 1]);
		}
	}
}

/* RFC 4731 3.2: the higher mod-sequence of the first and the last, as far as
 * they are returned. */
static const struct err *
modseq_of_ends(struct session *s, unsigned int opts, bool is_uid,
    const uint32_t *numbers, size_t n, uint64_t *modseq_r)
{
	const struct view *view = &s->selected->view;
	const struct err *err;
	struct scan *scan = NULL;
	struct message m;
	struct seqset set;
	uint32_t uids[2];
	size_t k = 0;
	bool more;

	if (opts & RETURN_MIN)
		uids[k++] = is_uid ? numbers[0] : view_uid(view, numbers[0]);
	if ((opts & RETURN_MAX) && (k == 0 || n > 1))
		uids[k++] = is_uid ? numbers[n - 1] :
		    view_uid(view, numbers[n - 1]);
	set = set_of(s->arena, uids, k);
	*modseq_r = 0;
	err = scan_open(s->selected->mbox, &set, 0, 0, &scan);
	while (err == NULL && (err = scan_next(scan, &m, &more)) == NULL && more)
		if (m.modseq > *modseq_r)
			*modseq_r = m.modseq;
	scan_close(scan);
	return err;
}

const struct err *
search_return_tell_sorted(struct session *s, const struct search_return *ret,
    bool is_uid, bool modseq, const struct found *found,
    const uint32_t *numbers, size_t n, const char *scores)
{
	const unsigned int opts = ret->opts;
	const struct err *err = NULL;
	uint64_t first, count, highest = found->modseq;

	if ((opts & ~RETURN_HINTS) == RETURN_SAVE)
		return NULL;
	if (modseq && n > 0 && (opts & (RETURN_MIN | RETURN_MAX)) != 0 &&
	    (opts & (RETURN_ALL | RETURN_COUNT | RETURN_PARTIAL)) == 0)
		err = modseq_of_ends(s, opts, is_uid, numbers, n, &highest);
	if (err != NULL)
		return err;
	tell_head(s, is_uid);
	if ((opts & RETURN_MIN) && n > 0)
		tell_number(s, " MIN ", numbers[0]);
	if ((opts & RETURN_MAX) && n > 0)
		tell_number(s, " MAX ", numbers[n - 1]);
	if ((opts & RETURN_ALL) && n > 0) {
		output_adds(s->out, " ALL ");
		tell_order(s, numbers, n);
	}
	if (opts & RETURN_PARTIAL) {
		partial_slice(&ret->partial, n, &first, &count);
		tell_range(s, &ret->partial);
		tell_order(s, numbers + first, (size_t)count);
		output_adds(s->out, count > 0 ? ")" : "NIL)");
	}
	if (opts & RETURN_COUNT)
		tell_number(s, " COUNT ", n);
	if (modseq && n > 0)
		tell_number(s, " MODSEQ ", highest);
	tell_scores(s, ret, scores, n);
	output_adds(s->out, "\r\n");
	return NULL;
}
