/* search-run.c - prepares search keys and tests messages: RFC 9051 6.4.4
 * SPDX-License-Identifier: ISC */
#include <string.h>
#include <strings.h>
#include <time.h>

#include "imapd/capability.h"
#include "imapd/search.h"
#include "mail/header.h"
#include "mail/objectid.h"
#include "mail/parts.h"
#include "mail/sentdate.h"
#include "util/log.h"

/* --- Preparing --- */

/* Another mailbox's numbers are listed when they are first needed. */
static const struct err *
prepare_view(struct search *search)
{
	struct seqset_builder b = { 0 };
	const struct err *err;
	struct seqset set;

	if (search->view != NULL)
		return NULL;
	err = mailbox_uids(search->mbox, 1, UINT32_MAX, UINT64_MAX, &b);
	set = seqset_built(&b);
	if (err == NULL) {
		view_append(&search->own_view, &set);
		search->view = &search->own_view;
	}
	seqset_builder_clear(&b);
	return err;
}

/* Thousands of keys may name "$", which has any number of ranges: one copy is for
 * all of them. */
static const struct seqset *
prepare_saved(struct search *search)
{
	struct arena *a = search->s->arena;
	const struct seqset saved = seqset_built(&search->sel->saved);
	struct seqset *copy;

	if (search->saved == NULL) {
		copy = arena_alloc(a, sizeof(*copy));
		*copy = seqset_slice(a, &saved, 0, UINT64_MAX);
		search->saved = copy;
	}
	return search->saved;
}

struct seqset
search_key_uids(struct arena *a, const struct search_key *key)
{
	if (key->saved == NULL)
		return key->uids;
	if (key->uids.n == 0)
		return *key->saved;
	return seqset_union(a, &key->uids, key->saved);
}

/*
 * UIDs between those that are meant may be in the set: only messages of the view
 * are tested by it.  So it takes no more room than what was written.
 */
static const struct err *
prepare_set(struct search *search, struct search_key *key)
{
	struct arena *a = search->s->arena;
	const struct seqset plain = seqset_without_saved(a, &key->set);
	const struct err *err;
	uint32_t count;

	key->saved = NULL;
	/* RFC 9586 3.5 */
	if (!key->set_is_uid && session_enabled(search->s, ENABLED_UIDONLY))
		return err_syntax_code(RESP_UIDREQUIRED, "UID SEARCH takes no "
		    "message numbers once UIDONLY is enabled");
	/* RFC 7162 3.2.10.2: no VANISHED where numbers are named. */
	if (!key->set_is_uid && plain.n > 0)
		search->s->no_expunge = true;
	if (plain.n < key->set.n && (err = selected_may_save(search->s)) != NULL)
		return err;
	if ((err = prepare_view(search)) != NULL)
		return err;
	count = search->view->count;
	key->none = count == 0;
	if (key->none)
		return NULL;
	key->uids = seqset_resolve(a, &plain, key->set_is_uid ?
	    view_last_uid(search->view) : count);
	if (!key->set_is_uid)
		key->uids = seqset_clip(a, &key->uids, 1, count);
	/* UIDs rise with sequence numbers: a span's ends say it all. */
	for (size_t i = 0; i < key->uids.n && !key->set_is_uid; i++) {
		struct seqrange *r = &key->uids.ranges[i];

		r->first = view_uid(search->view, r->first);
		r->last = view_uid(search->view, r->last);
	}
	if (plain.n < key->set.n && search->sel != NULL)
		key->saved = prepare_saved(search);
	return NULL;
}

static const struct err *
prepare_hot(struct search *search, struct search_key *key)
{
	const struct err *err = NULL;

	switch (key->op) {
	case SEARCH_SET:
		return prepare_set(search, key);
	case SEARCH_KEYWORD:
		err = mailbox_keyword_mask(search->mbox, &key->name, 1, false,
		    &key->bits);
		key->none = key->bits == 0;
		return err;
	case SEARCH_FLAGS:
		key->bits = key->mask;
		return NULL;
	case SEARCH_RECENT:
		return search->sel != NULL ? NULL : mailbox_recent(
		    search->mbox, false, UINT32_MAX, &search->recent);
	case SEARCH_OLDER:
	case SEARCH_YOUNGER:
		key->when = search->now - key->size;
		return NULL;
	default:
		return NULL;
	}
}

static const struct err *
prepare_leaf(struct search *search, struct search_key *key)
{
	search->fuzzy |= key->fuzzy;
	if (key->fuzzy && capability_off(search->s, "SEARCH=FUZZY"))
		return err_syntax("SEARCH=FUZZY is turned off");
	if (key->capability != NULL &&
	    capability_off(search->s, key->capability))
		return err_syntax("%s is turned off", key->capability);
	key->cost = COST_HOT;
	key->none = key->op == SEARCH_NONE;
	switch (key->op) {
	case SEARCH_SENTBEFORE:
	case SEARCH_SENTON:
	case SEARCH_SENTSINCE:
		key->name = "Date";
		key->cost = COST_HEADERS;
		search->want |= SCAN_HEADERS;
		return NULL;
	case SEARCH_EMAILID:
	case SEARCH_THREADID:
		key->cost = COST_HEADERS;
		key->none = key->id == NULL;
		search->want |= SCAN_IDS;
		return NULL;
	case SEARCH_HEADER:
		key->cost = header_is_cached(key->name) ? COST_HEADERS :
		    COST_FILE_HEADER;
		break;
	case SEARCH_BODY:
	case SEARCH_TEXT:
		key->cost = COST_FILE;
		break;
	default:
		return prepare_hot(search, key);
	}
	/* Fields that are not kept are rare: their place is made anew. */
	search->want |= key->cost == COST_HEADERS ? SCAN_HEADERS :
	    SCAN_HEADERS | SCAN_PARTS;
	key->match = key->fuzzy ? match_new_fuzzy(COLLATION_UNICODE_CASEMAP,
	    key->text, key->text_len) : match_new(search->s->collation,
	    key->text, key->text_len);
	return NULL;
}

/* Cheapest first; keys of one cost stay in the client's order. */
static struct search_key *
sort_keys(struct search_key *keys)
{
	struct search_key *sorted = NULL, **tail = &sorted, *key;

	for (int cost = COST_HOT; cost <= COST_FILE; cost++)
		for (struct search_key **from = &keys; (key = *from) != NULL;) {
			if ((int)key->cost != cost) {
				from = &key->next;
				continue;
			}
			*from = key->next;
			key->next = NULL;
			*tail = key;
			tail = &key->next;
		}
	return sorted;
}

/* Recursion is bounded by the parser: NESTING_MAX. */
static const struct err *
prepare_key(struct search *search, struct search_key *key)
{
	struct search_key *child;
	const struct err *err;

	if (key->op != SEARCH_AND && key->op != SEARCH_OR) {
		err = prepare_leaf(search, key);
		if (key->cost > COST_HOT)
			search->dear++;
		else if (key->op != SEARCH_ALL)
			search->hot++;
		return err;
	}
	key->cost = COST_HOT;
	for (child = key->child; child != NULL; child = child->next) {
		if ((err = prepare_key(search, child)) != NULL)
			return err;
		if (child->cost > key->cost)
			key->cost = child->cost;
	}
	key->child = sort_keys(key->child);
	return NULL;
}

const struct err *
search_prepare(struct session *s, struct mailbox *mbox,
    struct search_key *root, struct search *search)
{
	const struct search_key *best = NULL;
	const struct err *err;
	uint64_t count, least = UINT64_MAX;

	*search = (struct search){ .s = s, .mbox = mbox, .root = root,
	    .all = true, .now = (int64_t)time(NULL) };
	if (mbox == NULL) {
		search->sel = s->selected;
		search->mbox = s->selected->mbox;
		search->view = &s->selected->view;
	}
	msgfile_init(&search->file, search->mbox);
	if ((err = prepare_key(search, root)) != NULL)
		return err;
	/* A set that all matches are in: only its messages are looked at.
	 * It is no reason then for a first, cheap pass. */
	for (struct search_key *key = root->child; key != NULL;
	    key = key->next) {
		if (key->op != SEARCH_SET || key->negate || key->none)
			continue;
		count = seqset_count(&key->uids);
		if (key->saved != NULL)
			count += seqset_count(key->saved);
		if (count < least) {
			least = count;
			best = key;
		}
	}
	if (best != NULL) {
		search->uids = search_key_uids(s->arena, best);
		search->all = false;
		search->hot--;
	}
	return NULL;
}

static void
free_keys(struct search_key *key)
{
	for (; key != NULL; key = key->next) {
		match_free(key->match);
		key->match = NULL;
		text_answer_clear(&key->answer);
		key->answered = false;
		free_keys(key->child);
	}
}

void
search_done(struct search *search)
{
	free_keys(search->root);
	msgfile_clear(&search->file);
	view_clear(&search->own_view);
}

/* --- Testing --- */

/* The header block of the message: of the file. */
static const struct err *
file_header(struct search *search, const struct message *m, const char **s_r,
    size_t *len_r)
{
	struct part root;
	struct blob parts;
	const struct err *err;

	if ((err = msgfile_parts(&search->file, m, &parts)) != NULL)
		return err;
	if (!parts_find(parts.s, parts.len, NULL, 0, &root, NULL))
		return err_internal("message %u: its parts are damaged: run "
		    "mboxadm check", m->uid);
	*len_r = (size_t)root.header_len;
	return msgfile_range(&search->file, root.header_off, root.header_len,
	    s_r);
}

static bool
test_date(const struct search_key *key, int32_t day)
{
	switch (key->op) {
	case SEARCH_BEFORE:
	case SEARCH_SAVEDBEFORE:
	case SEARCH_SENTBEFORE:
		return day < key->day;
	case SEARCH_ON:
	case SEARCH_SAVEDON:
	case SEARCH_SENTON:
		return day == key->day;
	default:
		return day >= key->day;
	}
}

static const struct err *
test_header(struct search *search, const struct search_key *key,
    const struct message *m, bool *yes_r)
{
	struct header_iter iter;
	struct header_field field;
	const struct err *err;
	const char *s = m->headers.s;
	size_t len = m->headers.len;
	int64_t when;
	int32_t day;

	*yes_r = false;
	/* An empty column: the fields were too large to keep. */
	if ((key->cost != COST_HEADERS || s == NULL || len == 0) &&
	    (err = file_header(search, m, &s, &len)) != NULL)
		return err;
	header_first(&iter, s, len);
	while (!*yes_r && header_next(&iter, &field)) {
		if (!header_is(&field, key->name))
			continue;
		if (key->op != SEARCH_HEADER) {
			*yes_r = sent_date(field.value, field.value_len, &day,
			    &when) && test_date(key, day);
			break;
		}
		*yes_r = key->text_len == 0 ||
		    match_header(key->match, field.value, field.value_len);
	}
	return NULL;
}

/* Ids of a row that an older version stored are made of the file. */
static const struct err *
test_id(struct search *search, const struct search_key *key,
    const struct message *m, bool *yes_r)
{
	const bool email = key->op == SEARCH_EMAILID;
	const unsigned char *id = email ? m->emailid : m->threadid;
	const struct content *content;
	const struct err *err;

	if (id == NULL) {
		if ((err = msgfile_content(&search->file, &content)) != NULL)
			return err;
		id = email ? content->emailid : content->threadid;
	}
	*yes_r = memcmp(id, key->id, OBJECTID_OCTETS) == 0;
	return NULL;
}

/* BODY and TEXT; TEXT looks at the headers of the message and its parts too. */
static const struct err *
test_text(struct search *search, const struct search_key *key,
    const struct message *m, bool *yes_r)
{
	struct msgfile *file = &search->file;
	struct blob parts;
	struct part part;
	const struct err *err;
	const char *s;
	size_t pos = 0;

	*yes_r = key->text_len == 0;
	if (*yes_r)
		return NULL;
	if ((err = session_worked(search->s, m->size)) != NULL ||
	    (err = msgfile_parts(file, m, &parts)) != NULL ||
	    (err = msgfile_open(file)) != NULL)
		return err;
	while (!*yes_r && parts_next(parts.s, parts.len, &pos, &part)) {
		if (key->op == SEARCH_TEXT) {
			err = msgfile_range(file, part.header_off,
			    part.header_len, &s);
			if (err != NULL)
				return err;
			*yes_r = match_header_block(key->match, s,
			    (size_t)part.header_len);
		}
		if (!*yes_r && (err = match_part(key->match, file->fd, &part,
		    yes_r)) != NULL)
			return err;
	}
	return NULL;
}

/* Keys that the narrow columns answer. */
static bool
test_hot(const struct search *search, const struct search_key *key,
    const struct message *m)
{
	switch (key->op) {
	case SEARCH_ALL:
		return true;
	case SEARCH_SET:
		return seqset_has(&key->uids, m->uid) || (key->saved != NULL &&
		    seqset_has(key->saved, m->uid));
	case SEARCH_FLAGS:
	case SEARCH_KEYWORD:
		return (m->flags & key->bits) == key->bits;
	case SEARCH_RECENT:
		return search->sel != NULL ?
		    selected_is_recent(search->sel, m->uid) :
		    m->uid >= search->recent;
	case SEARCH_BEFORE:
	case SEARCH_ON:
	case SEARCH_SINCE:
		return test_date(key, datetime_day(&m->date));
	case SEARCH_SAVEDBEFORE:
	case SEARCH_SAVEDON:
	case SEARCH_SAVEDSINCE:
		return test_date(key, datetime_day(&(struct datetime){
		    .when = m->savedate }));
	case SEARCH_OLDER:
		return m->date.when <= key->when;
	case SEARCH_YOUNGER:
		return m->date.when >= key->when;
	case SEARCH_MODSEQ:
		return m->modseq >= key->modseq;
	case SEARCH_LARGER:
		return m->size > key->size;
	case SEARCH_SMALLER:
		return m->size < key->size;
	default:
		return false;
	}
}

/* A fuzzy text: how well it fits counts, unless it must not be there. */
static const struct err *
test_fuzzy(struct search *search, const struct search_key *key,
    const struct message *m, bool *yes_r)
{
	const struct err *err;
	unsigned int score;

	match_begin(key->match);
	err = key->op == SEARCH_HEADER ? test_header(search, key, m, yes_r) :
	    test_text(search, key, m, yes_r);
	if (err != NULL)
		return err;
	score = *yes_r ? 100 : match_score(key->match);
	*yes_r = score > 0;
	if (*yes_r && !key->negate) {
		search->score_sum += score;
		search->score_n++;
	}
	return NULL;
}

unsigned int
search_score(const struct search *search)
{
	return search->score_n > 0 ? search->score_sum / search->score_n : 100;
}

static const struct err *
test_leaf(struct search *search, const struct search_key *key,
    const struct message *m, bool *yes_r)
{
	*yes_r = false;
	if (key->none)
		return NULL;
	if (key->fuzzy && key->match != NULL)
		return test_fuzzy(search, key, m, yes_r);
	switch (key->op) {
	case SEARCH_SENTBEFORE:
	case SEARCH_SENTON:
	case SEARCH_SENTSINCE:
	case SEARCH_HEADER:
		return test_header(search, key, m, yes_r);
	case SEARCH_EMAILID:
	case SEARCH_THREADID:
		return test_id(search, key, m, yes_r);
	case SEARCH_BODY:
	case SEARCH_TEXT:
		return test_text(search, key, m, yes_r);
	default:
		*yes_r = test_hot(search, key, m);
		return NULL;
	}
}

static const struct err *
test_key(struct search *search, const struct search_key *key,
    const struct message *m, enum search_cost cost,
    enum search_answer *answer_r)
{
	const enum search_answer ends = key->op == SEARCH_OR ? SEARCH_YES :
	    SEARCH_NO;
	enum search_answer answer, child_answer;
	const struct err *err = NULL;
	bool yes = false;

	if (key->op != SEARCH_AND && key->op != SEARCH_OR) {
		answer = search_index_answer(search, key, m->uid);
		if (answer == SEARCH_MAYBE && key->cost > cost) {
			*answer_r = SEARCH_MAYBE;
			return NULL;
		}
		if (answer == SEARCH_MAYBE)
			err = test_leaf(search, key, m, &yes);
		else
			yes = answer == SEARCH_YES;
		*answer_r = yes != key->negate ? SEARCH_YES : SEARCH_NO;
		return err;
	}
	answer = key->op == SEARCH_OR ? SEARCH_NO : SEARCH_YES;
	for (const struct search_key *child = key->child;
	    child != NULL && answer != ends; child = child->next) {
		err = test_key(search, child, m, cost, &child_answer);
		if (err != NULL)
			return err;
		if (child_answer == ends || child_answer == SEARCH_MAYBE)
			answer = child_answer;
	}
	if (key->negate && answer != SEARCH_MAYBE)
		answer = answer == SEARCH_YES ? SEARCH_NO : SEARCH_YES;
	*answer_r = answer;
	return NULL;
}

const struct err *
search_test(struct search *search, const struct message *m,
    enum search_cost cost, enum search_answer *answer_r)
{
	const struct err *err;

	search->score_sum = search->score_n = 0;
	if (cost > COST_HOT)
		msgfile_start(&search->file, m);
	err = test_key(search, search->root, m, cost, answer_r);
	if (err == NULL || err->kind == ERR_IO || err_unavailable(err))
		return err;
	/* RFC 2180 4.3: what is gone is not found. */
	if (err->kind == ERR_INTERNAL && search->damaged++ == 0)
		log_error("user %s, mailbox %s, message %u: %s",
		    search->s->user, mailbox_id(search->mbox), m->uid,
		    err->text);
	*answer_r = SEARCH_NO;
	return NULL;
}
