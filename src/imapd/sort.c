/* sort.c - puts what a search found into another order
 * SPDX-License-Identifier: ISC
 *
 * Each message gets one string of octets: its criteria one behind the other, so
 * that memcmp(3) is the order. */
#include "imapd/sort.h"

#include <stdlib.h>
#include <string.h>

#include "imapd/capability.h"
#include "mail/match.h"
#include "util/log.h"

#define ROWS_AT_ONCE	4096	/* before the client is looked for */

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
	void		(*fn)(void *, const struct message *,
			    const struct sortkeys *);
	void		*arg;
	/* Messages whose keys are not stored. */
	struct seqset_builder missing;
};

static const struct err *
read_keys(struct session *s, struct mailbox *mbox, const struct seqset *uids,
    struct reading *reading)
{
	struct sortkeys sortkeys;
	struct scan *scan = NULL;
	const struct err *err;
	struct message m;
	unsigned int rows = 0;
	bool more;

	err = scan_open(mbox, uids, SCAN_SORTKEYS | SCAN_DATES |
	    SCAN_SIZE, 0, &scan);
	while (err == NULL && (err = scan_next(scan, &m, &more)) == NULL &&
	    more) {
		if (sortkeys_unpack(m.sortkeys.s, m.sortkeys.len, &sortkeys))
			reading->fn(reading->arg, &m, &sortkeys);
		else
			seqset_add(&reading->missing, m.uid);
		if (++rows % ROWS_AT_ONCE == 0)
			err = output_alive(s->out);
	}
	scan_close(scan);
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
static void
give_without(struct reading *reading, const struct message *m)
{
	struct sortkeys none = { .dated = false };

	for (int i = 0; i < SORTKEY_TEXTS; i++)
		none.texts[i].s = "";
	reading->fn(reading->arg, m, &none);
}

static const struct err *
read_without(struct mailbox *mbox, const struct seqset *uids,
    struct reading *reading)
{
	struct scan *scan = NULL;
	const struct err *err;
	struct message m;
	bool more;

	err = scan_open(mbox, uids, SCAN_DATES | SCAN_SIZE, 0, &scan);
	while (err == NULL && (err = scan_next(scan, &m, &more)) == NULL &&
	    more)
		give_without(reading, &m);
	scan_close(scan);
	return err;
}

const struct err *
sort_scan(struct session *s, struct mailbox *mbox, const struct found *found,
    void (*fn)(void *, const struct message *, const struct sortkeys *),
    void *arg)
{
	struct reading first = { .fn = fn, .arg = arg };
	struct reading again = { .fn = fn, .arg = arg };
	const struct err *err;
	struct seqset uids = seqset_built(&found->uids);

	if (uids.n == 0)
		return NULL;
	err = read_keys(s, mbox, &uids, &first);
	uids = seqset_built(&first.missing);
	if (err == NULL && uids.n > 0)
		err = fill_keys(s, mbox, &uids);
	if (err == NULL && uids.n > 0)
		err = read_keys(s, mbox, &uids, &again);
	uids = seqset_built(&again.missing);
	if (err == NULL && uids.n > 0)
		err = read_without(mbox, &uids, &again);
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
	size_t		 n;
	struct buf	 keys;
};

static void
add_number(struct buf *b, int64_t n)
{
	const uint64_t bits = (uint64_t)n ^ UINT64_C(1) << 63;

	for (int shift = 56; shift >= 0; shift -= 8)
		buf_addc(b, (char)(bits >> shift));
}

/* Its collation key, ended by an octet below all in it: the shorter of two with
 * one beginning comes first. */
static void
add_text(struct buf *b, enum collation collation, const char *s, size_t len)
{
	const size_t start = b->len;

	collate(collation, s, len, b);
	for (size_t i = start; i < b->len; i++)
		if (b->s[i] == '\0')
			b->s[i] = '\1';
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

static void
add_item(void *arg, const struct message *m, const struct sortkeys *k)
{
	struct sorting *sorting = arg;
	const struct sort_program *program = sorting->program;
	struct item *item = &sorting->items[sorting->n++];
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
	for (size_t i = 0; i < sizeof(item->prefix); i++)
		item->prefix = item->prefix << 8 | (i < item->len ?
		    (unsigned char)b->s[item->at + i] : 0);
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

const struct err *
sort_found(struct session *s, struct mailbox *mbox,
    const struct sort_program *program, const struct found *found,
    uint32_t **uids_r, size_t *n_r)
{
	struct sorting sorting = { .program = program,
	    .collation = s->collation, .found = found };
	const struct err *err;
	uint32_t *uids;

	sorting.items = calloc(found->count > 0 ? found->count : 1,
	    sizeof(*sorting.items));
	if (sorting.items == NULL)
		fatal("out of memory");
	err = sort_scan(s, mbox, found, add_item, &sorting);
	if (err == NULL) {
		qsort_r(sorting.items, sorting.n, sizeof(*sorting.items),
		    item_cmp, sorting.keys.s);
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
