/* sort.c - puts what a search found into another order
 * SPDX-License-Identifier: ISC
 *
 * Each message gets one string of octets: its criteria one behind the other, so
 * that memcmp(3) is the order. */
#include "imapd/sort.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "imapd/capability.h"
#include "imapd/selected.h"
#include "mail/match.h"
#include "util/log.h"

#define ROWS_AT_ONCE	4096	/* before the client is looked for */
#define RADIX_MIN	256	/* items; fewer are compared */

static const struct {
	const char	*word;
	int		 text;		/* -1: a number */
	const char	*capability;	/* NULL: SORT */
} keys[SORT_KEYS] = {
	[SORT_ARRIVAL] = { "ARRIVAL", -1, NULL },
	[SORT_CC] = { "CC", SORTKEY_CC, NULL },
	[SORT_DATE] = { "DATE", -1, NULL },
	[SORT_DISPLAYFROM] = { "DISPLAYFROM", SORTKEY_DISPLAYFROM,
	    "SORT=DISPLAY" },
	[SORT_DISPLAYTO] = { "DISPLAYTO", SORTKEY_DISPLAYTO, "SORT=DISPLAY" },
	[SORT_FROM] = { "FROM", SORTKEY_FROM, NULL },
	[SORT_RELEVANCY] = { "RELEVANCY", -1, "SEARCH=FUZZY" },
	[SORT_SIZE] = { "SIZE", -1, NULL },
	[SORT_SUBJECT] = { "SUBJECT", SORTKEY_SUBJECT, NULL },
	[SORT_TO] = { "TO", SORTKEY_TO, NULL }
};

/* --- The program --- */

static bool
parse_criterion(struct parser *p, struct sort_program *program)
{
	const char *word;
	bool reverse = false;
	size_t i;

	if (!parser_word(p, &word))
		return false;
	if (strcmp(word, "REVERSE") == 0) {
		reverse = true;
		if (!parser_sp(p) || !parser_word(p, &word))
			return false;
	}
	for (i = 0; i < SORT_KEYS && strcmp(word, keys[i].word) != 0; i++)
		;
	if (i == SORT_KEYS)
		return parser_expected(p, "a sort key");
	/* A key that was there before decides nothing any more. */
	for (size_t j = 0; j < program->n; j++)
		if (program->criteria[j].key == (enum sort_key)i)
			return true;
	program->criteria[program->n].key = (enum sort_key)i;
	program->criteria[program->n++].reverse = reverse;
	return true;
}

bool
sort_parse(struct parser *p, struct sort_program *program)
{
	program->n = 0;
	if (!parser_char(p, '('))
		return false;
	do {
		if (!parse_criterion(p, program))
			return false;
	} while (parser_opt(p, ' '));
	return parser_char(p, ')');
}

bool
sort_has(const struct sort_program *program, enum sort_key key)
{
	for (size_t i = 0; i < program->n; i++)
		if (program->criteria[i].key == key)
			return true;
	return false;
}

const struct err *
sort_check(const struct session *s, const struct sort_program *program,
    bool fuzzy)
{
	if (sort_has(program, SORT_RELEVANCY) && !fuzzy)
		return err_syntax("RELEVANCY needs FUZZY");
	for (size_t i = 0; i < program->n; i++) {
		const char *word = keys[program->criteria[i].key].capability;

		if (word != NULL && capability_off(s, word))
			return err_syntax("%s is turned off", word);
	}
	return NULL;
}

/* --- Reading the keys --- */

struct reading {
	struct mailbox	*mbox;
	void		(*fn)(void *, const struct message *,
			    const struct sortkeys *);
	void		*arg;
	bool		 dates;		/* each one's narrow row is wanted */
	const struct seqset *uids;	/* that are to be read */
	size_t		 range;		/* of the first that was not yet */
	uint32_t	 next;		/* none below this UID is to come */
	/* Messages whose keys are not stored. */
	struct seqset_builder missing;
	struct scan	*narrow;	/* once a date was wanted */
	struct message	 at;		/* what it gave last */
};

/* Those from next on and below a UID have no keys. */
static void
miss(struct reading *r, uint64_t below)
{
	for (; r->range < r->uids->n; r->range++) {
		const struct seqrange *set = &r->uids->ranges[r->range];
		const uint32_t first = set->first > r->next ? set->first :
		    r->next;
		const uint32_t last = set->last < below ? set->last :
		    (uint32_t)(below - 1);

		if (first < below && first <= last)
			seqset_add_range(&r->missing, first, last);
		if (set->last >= below)
			return;
	}
}

/* The narrow row of a message, asked for in the order of UIDs; found_r: it is
 * still there. */
static const struct err *
narrow_row(struct reading *r, uint32_t uid, bool *found_r)
{
	const struct err *err = NULL;
	bool more = true;

	if (r->narrow == NULL)
		err = scan_open(r->mbox, r->uids, SCAN_DATES | SCAN_SIZE, 0,
		    &r->narrow);
	while (err == NULL && more && r->at.uid < uid)
		err = scan_next(r->narrow, &r->at, &more);
	*found_r = r->at.uid == uid;
	return err;
}

static const struct err *
give(struct reading *r, const struct message *m, const struct sortkeys *k)
{
	const struct err *err;
	bool found;

	/* RFC 5256 2.2: a message without a date has that of its arrival. */
	if (!r->dates && k->dated) {
		r->fn(r->arg, m, k);
		return NULL;
	}
	err = narrow_row(r, m->uid, &found);
	if (err == NULL && found)
		r->fn(r->arg, &r->at, k);
	return err;
}

static const struct err *
read_keys(struct session *s, struct reading *r)
{
	struct sortkeys k;
	struct scan *scan = NULL;
	const struct err *err;
	struct message m;
	unsigned int rows = 0;
	bool more;

	err = scan_open(r->mbox, r->uids, SCAN_SORTKEYS, 0, &scan);
	while (err == NULL && (err = scan_next(scan, &m, &more)) == NULL &&
	    more) {
		miss(r, m.uid);
		r->next = m.uid + 1;
		if (sortkeys_unpack(m.sortkeys.s, m.sortkeys.len, &k))
			err = give(r, &m, &k);
		else
			seqset_add(&r->missing, m.uid);
		if (err == NULL && ++rows % ROWS_AT_ONCE == 0)
			err = output_alive(s->out);
	}
	miss(r, (uint64_t)UINT32_MAX + 1);
	scan_close(scan);
	scan_close(r->narrow);
	r->narrow = NULL;
	return err;
}

static const struct err *
fill_keys(struct session *s, struct mailbox *mbox, const struct seqset *uids)
{
	const uint32_t last = uids->ranges[uids->n - 1].last;
	uint32_t next = uids->ranges[0].first;
	const struct err *err = NULL;

	while (err == NULL && next != 0) {
		err = mailbox_fill(mbox, next, last, &next);
		if (err == NULL)
			err = output_alive(s->out);
	}
	return err;
}

/* What cannot be read comes without keys. */
static const struct err *
read_without(struct reading *r, const struct seqset *uids)
{
	struct sortkeys none = { .dated = false };
	struct scan *scan = NULL;
	const struct err *err;
	struct message m;
	bool more;

	for (int i = 0; i < SORTKEY_TEXTS; i++)
		none.texts[i].s = "";
	err = scan_open(r->mbox, uids, SCAN_DATES | SCAN_SIZE, 0, &scan);
	while (err == NULL && (err = scan_next(scan, &m, &more)) == NULL &&
	    more)
		r->fn(r->arg, &m, &none);
	scan_close(scan);
	return err;
}

/* RFC 2180 4.3: what others expunged is not found, though it is in the view and
 * keys of it may be left. */
static bool
may_be_gone(const struct session *s, const struct mailbox *mbox)
{
	const struct selected *sel = s->selected;

	return sel == NULL || sel->mbox != mbox || sel->expunge_waits ||
	    selected_stale(sel);
}

const struct err *
sort_scan(struct session *s, struct mailbox *mbox, const struct found *found,
    bool dates, void (*fn)(void *, const struct message *,
    const struct sortkeys *), void *arg)
{
	struct seqset uids = seqset_built(&found->uids), missing;
	struct reading first = { .mbox = mbox, .fn = fn, .arg = arg,
	    .dates = dates || may_be_gone(s, mbox), .uids = &uids };
	struct reading again = first;
	const struct err *err;

	if (uids.n == 0)
		return NULL;
	err = read_keys(s, &first);
	missing = seqset_built(&first.missing);
	again.uids = &missing;
	if (err == NULL && missing.n > 0)
		err = fill_keys(s, mbox, &missing);
	if (err == NULL && missing.n > 0)
		err = read_keys(s, &again);
	uids = seqset_built(&again.missing);
	if (err == NULL && uids.n > 0)
		err = read_without(&again, &uids);
	seqset_builder_clear(&first.missing);
	seqset_builder_clear(&again.missing);
	return err;
}

/* --- Sorting --- */

struct item {
	uint64_t	prefix;		/* the key's first octets, big end first */
	size_t		at;		/* where the key is */
	uint32_t	len, uid;
};

struct sorting {
	enum collation	 collation;
	const struct found *found;
	struct score_hint hint;
	const struct sort_program *program;
	struct item	*items;
	size_t		 n, size;
	struct buf	 keys;
};
#define ITEMS_FIRST	65536	/* room for so many, and then for twice as many */

/* Big end first, so that memcmp(3) is the order. */
static void
store_number(char *s, uint64_t n)
{
	n = htobe64(n);
	memcpy(s, &n, sizeof(n));
}

static void
add_number(struct buf *b, int64_t n)
{
	const uint64_t bits = (uint64_t)n ^ UINT64_C(1) << 63;

	store_number(buf_room(b, sizeof(bits)), bits);
	b->len += sizeof(bits);
}

/* Its collation key, ended by an octet below all in it: the shorter of two with
 * one beginning comes first. */
static void
add_text(struct buf *b, enum collation collation, const char *s, size_t len)
{
	const size_t start = b->len;

	collate(collation, s, len, b);
	for (char *nul = b->s + start; b->len > start && (nul = memchr(nul, '\0',
	    b->len - (size_t)(nul - b->s))) != NULL; nul++)
		*nul = '\1';
	buf_addc(b, '\0');
}

static void
add_criterion(struct sorting *sorting, enum sort_key key,
    const struct message *m, const struct sortkeys *k)
{
	struct buf *b = &sorting->keys;

	switch (key) {
	case SORT_ARRIVAL:
		add_number(b, m->date.when);
		break;
	case SORT_DATE:
		/* RFC 5256 2.2 */
		add_number(b, k->dated ? k->sent : m->date.when);
		break;
	case SORT_RELEVANCY:
		/* RFC 6203 6: the highest first. */
		add_number(b, -(int64_t)found_score(sorting->found, m->uid,
		    &sorting->hint));
		break;
	case SORT_SIZE:
		add_number(b, (int64_t)m->size);
		break;
	default:
		add_text(b, sorting->collation, k->texts[keys[key].text].s,
		    k->texts[keys[key].text].len);
	}
}

/* By the rows that there are: a damaged counter may tell of any number. */
static struct item *
next_item(struct sorting *sorting)
{
	const size_t count = sorting->found->count;

	if (sorting->n == sorting->size) {
		sorting->size = sorting->size > 0 ? 2 * sorting->size :
		    count > 0 && count < ITEMS_FIRST ? count : ITEMS_FIRST;
		sorting->items = reallocarray(sorting->items, sorting->size,
		    sizeof(*sorting->items));
		if (sorting->items == NULL)
			fatal("out of memory");
	}
	return &sorting->items[sorting->n++];
}

static void
add_item(void *arg, const struct message *m, const struct sortkeys *k)
{
	struct sorting *sorting = arg;
	const struct sort_program *program = sorting->program;
	struct item *item = next_item(sorting);
	struct buf *b = &sorting->keys;

	*item = (struct item){ .at = b->len, .uid = m->uid };
	for (size_t i = 0; i < program->n; i++) {
		const size_t start = b->len;

		add_criterion(sorting, program->criteria[i].key, m, k);
		if (!program->criteria[i].reverse)
			continue;
		for (size_t j = start; j < b->len; j++)
			b->s[j] = (char)~b->s[j];
	}
	item->len = (uint32_t)(b->len - item->at);
	memcpy(&item->prefix, b->s + item->at, item->len <
	    sizeof(item->prefix) ? item->len : sizeof(item->prefix));
	item->prefix = be64toh(item->prefix);
}

/* Keys that begin alike end in the same place or differ before: each text is
 * ended, and numbers have one length. */
static int
item_cmp(const void *pa, const void *pb, void *arg)
{
	const struct item *a = pa, *b = pb;
	const char *s = arg;
	int order;

	if (a->prefix != b->prefix)
		return a->prefix < b->prefix ? -1 : 1;
	order = memcmp(s + a->at, s + b->at, a->len < b->len ? a->len :
	    b->len);
	if (order != 0)
		return order;
	return (a->uid > b->uid) - (a->uid < b->uid);
}

/*
 * By the prefixes, the last octet first; items that have the same keep their
 * order.  Sorts what is in items with the help of room for as many.
 */
static void
sort_by_prefix(struct item *items, struct item *room, size_t n)
{
	struct item *from = items, *to = room, *other;

	for (unsigned int shift = 0; shift < 64; shift += 8) {
		size_t starts[257] = { 0 };

		for (size_t i = 0; i < n; i++)
			starts[(from[i].prefix >> shift & 0xff) + 1]++;
		if (starts[(from[0].prefix >> shift & 0xff) + 1] == n)
			continue;	/* one octet in all of them */
		for (size_t i = 1; i < 256; i++)
			starts[i] += starts[i - 1];
		for (size_t i = 0; i < n; i++)
			to[starts[from[i].prefix >> shift & 0xff]++] = from[i];
		other = from;
		from = to;
		to = other;
	}
	if (from != items)
		memcpy(items, from, n * sizeof(*items));
}

static void
sort_items(struct sorting *sorting)
{
	struct item *items = sorting->items;
	const size_t n = sorting->n;
	struct item *room;
	size_t i, j;

	if (n < RADIX_MIN) {
		if (n > 1)
			qsort_r(items, n, sizeof(*items), item_cmp,
			    sorting->keys.s);
		return;
	}
	room = calloc(n, sizeof(*room));
	if (room == NULL)
		fatal("out of memory");
	sort_by_prefix(items, room, n);
	free(room);
	for (i = 0; i < n; i = j) {
		for (j = i + 1; j < n && items[j].prefix == items[i].prefix; j++)
			;
		if (j > i + 1)
			qsort_r(items + i, j - i, sizeof(*items), item_cmp,
			    sorting->keys.s);
	}
}

const struct err *
sort_found(struct session *s, struct mailbox *mbox,
    const struct sort_program *program, const struct found *found,
    uint32_t **uids_r, size_t *n_r)
{
	struct sorting sorting = { .program = program,
	    .collation = s->collation, .found = found };
	const struct err *err;
	uint32_t *uids;

	err = sort_scan(s, mbox, found, sort_has(program, SORT_ARRIVAL) ||
	    sort_has(program, SORT_SIZE), add_item, &sorting);
	if (err == NULL) {
		sort_items(&sorting);
		uids = calloc(sorting.n > 0 ? sorting.n : 1, sizeof(*uids));
		if (uids == NULL)
			fatal("out of memory");
		for (size_t i = 0; i < sorting.n; i++)
			uids[i] = sorting.items[i].uid;
		*uids_r = uids;
		*n_r = sorting.n;
	}
	buf_clear(&sorting.keys);
	free(sorting.items);
	return err;
}
