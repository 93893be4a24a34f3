/* search-index.c - texts that are looked for, answered by search.db
 * SPDX-License-Identifier: ISC */
#include "imapd/search.h"

#include "imapd/index.h"

/* Ranges with up to so many UIDs between are walked as one: a row is read in less
 * time than a range is begun. */
#define RANGE_GAP	16
/* Octets that the answers of all keys may take; the keys behind them are held
 * against the messages. */
#define ANSWERS_MAX	((size_t)16 * 1024 * 1024)

static bool
is_text(const struct search_key *key)
{
	if (key->fuzzy || key->none)
		return false;
	/* The empty text is in every field, but not all have the field. */
	return key->op == SEARCH_HEADER || ((key->op == SEARCH_BODY ||
	    key->op == SEARCH_TEXT) && key->text_len > 0);
}

static bool
has_text(const struct search_key *key)
{
	for (; key != NULL; key = key->next)
		if (is_text(key) || has_text(key->child))
			return true;
	return false;
}

static bool
find(struct textindex *ix, unsigned int scopes, const struct search_key *key,
    struct text_answer *answer)
{
	struct buf mapped = { 0 };
	bool found;

	casemap(key->text, key->text_len, &mapped);
	found = textindex_find(ix, scopes, mapped.s, mapped.len, answer);
	buf_clear(&mapped);
	return found;
}

/* Who are sure to hold the text may hold what is asked for. */
static void
doubt(struct text_answer *a)
{
	uidmap_or(&a->maybe, &a->sure);
	uidmap_clear(&a->sure);
}

/* Who have the field, and the text in some field. */
static bool
find_in_field(struct textindex *ix, const struct search_key *key,
    struct text_answer *answer)
{
	struct text_answer field;
	bool found, text;

	found = textindex_find_field(ix, key->name, &field);
	text = find(ix, TEXT_SCOPE(TEXT_HEADERS), key, answer);
	doubt(answer);
	if (found && text)
		uidmap_and(&answer->maybe, &field.maybe);
	if (found && !text) {
		*answer = field;
		return true;
	}
	text_answer_clear(&field);
	return text;
}

static void
answer_key(struct search *search, struct textindex *ix, struct search_key *key,
    uint64_t messages)
{
	struct text_answer *answer = &key->answer;
	unsigned int scopes = TEXT_SCOPE(TEXT_BODY);

	if (key->op == SEARCH_TEXT)
		scopes |= TEXT_SCOPE(TEXT_HEADERS);
	if (key->op == SEARCH_HEADER)
		scopes = TEXT_SCOPE(text_scope(key->name));
	if (scopes == TEXT_SCOPE(TEXT_HEADERS))
		key->answered = find_in_field(ix, key, answer);
	else
		key->answered = find(ix, scopes, key, answer);
	/* Other collations find less than i;unicode-casemap does. */
	if (search->s->collation != COLLATION_UNICODE_CASEMAP)
		doubt(answer);
	/* To look at a header costs little: nothing is saved by few. */
	if (key->cost == COST_HEADERS &&
	    uidmap_count(&answer->maybe) > messages / 2) {
		key->answered = false;
		text_answer_clear(answer);
	}
	search->indexed |= key->answered;
	if (key->answered)
		search->index_octets += uidmap_octets(&answer->sure) +
		    uidmap_octets(&answer->maybe);
}

/* Recursion is bounded by the parser: NESTING_MAX. */
static void
answer_keys(struct search *search, struct textindex *ix,
    struct search_key *key, uint64_t messages)
{
	for (; key != NULL; key = key->next) {
		if (is_text(key) && search->index_octets < ANSWERS_MAX)
			answer_key(search, ix, key, messages);
		answer_keys(search, ix, key->child, messages);
	}
}

/* Only messages that a key of the outer AND does not rule out are looked at. */
static void
narrow(struct search *search, const struct search_key *key)
{
	struct seqset_builder b = { 0 };
	struct uidmap map = { 0 };
	struct seqset set, all;

	uidmap_or(&map, &key->answer.sure);
	uidmap_or(&map, &key->answer.maybe);
	uidmap_build(&map, RANGE_GAP, &b);
	seqset_add_range(&b, search->index_upto + 1, UINT32_MAX);
	set = seqset_built(&b);
	all = (struct seqset){ &(struct seqrange){ 1, UINT32_MAX }, 1 };
	search->uids = seqset_intersect(search->s->arena,
	    search->all ? &all : &search->uids, &set);
	search->all = false;
	uidmap_clear(&map);
	seqset_builder_clear(&b);
}

void
search_use_index(struct search *search)
{
	struct session *s = search->s;
	struct mailbox_state state;
	struct textindex *ix;
	uint64_t messages;

	if (!has_text(search->root) || !index_is_on(s, search->mbox) ||
	    mailbox_state(search->mbox, &state) != NULL)
		return;
	messages = state.messages;
	if (!search->all && seqset_count(&search->uids) < messages)
		messages = seqset_count(&search->uids);
	if (messages < TEXTINDEX_LEAST)
		return;
	textindex_open(search->mbox, &ix);
	if (ix != NULL) {
		search->index_upto = textindex_upto(ix);
		answer_keys(search, ix, search->root, state.messages);
		textindex_close(ix);
	}
	for (const struct search_key *key = search->root->child; key != NULL;
	    key = key->next)
		if (key->answered && !key->negate)
			narrow(search, key);
	if (search->sel != NULL)
		index_wanted(s, search->index_upto, state.uidnext);
}

enum search_answer
search_index_answer(const struct search *search, const struct search_key *key,
    uint32_t uid)
{
	if (!key->answered || uid > search->index_upto ||
	    uidmap_has(&key->answer.maybe, uid))
		return SEARCH_MAYBE;
	return uidmap_has(&key->answer.sure, uid) ? SEARCH_YES : SEARCH_NO;
}
