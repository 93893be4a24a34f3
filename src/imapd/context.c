/* context.c - searches whose results are kept up to date
 * SPDX-License-Identifier: ISC
 *
 * What a message is sorted by never changes: those that stay keep their order, and
 * an update is what goes and what comes. */
#include "imapd/context.h"
#include "imapd/fetch.h"
#include "imapd/notify.h"

#include <stdlib.h>
#include <string.h>

#include "mail/objectid.h"
#include "util/log.h"

#define CHANGES_AT_ONCE	1024

struct context {
	struct context	*next;
	struct arena	*arena;		/* of the tag and the keys */
	const char	*tag;
	struct search_key *root;
	struct fetch_args *fetch;	/* of new messages, or NULL */
	bool		 is_uid, where, sorted;
	enum collation	 collation;	/* of when it was made */
	struct sort_program program;
	struct seqset_builder uids;	/* the results ... */
	uint32_t	*order;		/* ... in order, when sorted */
	size_t		 n;
};

/* --- Keys that outlive their command --- */

static struct seqset
copy_set(struct arena *a, const struct seqset *set)
{
	struct seqset copy = { .n = set->n };

	copy.ranges = arena_array(a, set->n, sizeof(*copy.ranges));
	if (set->n > 0)
		memcpy(copy.ranges, set->ranges,
		    set->n * sizeof(*copy.ranges));
	return copy;
}

/* RFC 5267 4.3: message numbers, and "$", mean what they did when the command
 * came. */
static void
copy_key_set(struct arena *a, const struct search_key *key,
    struct search_key *copy)
{
	const bool fixed = !key->set_is_uid || seqset_names_saved(&key->set);
	struct seqset uids;

	copy->set_is_uid = true;
	if (fixed && key->none)
		copy->op = SEARCH_NONE;
	else {
		uids = fixed ? search_key_uids(a, key) : key->set;
		copy->set = copy_set(a, &uids);
	}
}

/* Recursion is bounded by the parser: NESTING_MAX.  What takes too much room, as
 * "$" in each of many keys may, is not copied to its end. */
static struct search_key *
copy_keys(struct arena *a, const struct search_key *key)
{
	struct search_key *first = NULL, **tail = &first, *copy;

	for (; key != NULL && arena_used(a) <= CONTEXT_OCTETS_MAX;
	    key = key->next) {
		copy = arena_alloc(a, sizeof(*copy));
		*copy = *key;
		copy->next = NULL;
		copy->match = NULL;
		copy->uids = (struct seqset){ .n = 0 };
		copy->saved = NULL;
		copy->child = copy_keys(a, key->child);
		if (key->op == SEARCH_SET)
			copy_key_set(a, key, copy);
		if (key->name != NULL)
			copy->name = arena_strdup(a, key->name);
		if (key->text != NULL)
			copy->text = arena_memdup(a, key->text, key->text_len);
		if (key->id != NULL)
			copy->id = (unsigned char *)arena_memdup(a, key->id,
			    OBJECTID_OCTETS);
		*tail = copy;
		tail = &copy->next;
	}
	return first;
}

/* --- Making and ending --- */

static void
context_free(struct context *c)
{
	seqset_builder_clear(&c->uids);
	free(c->order);
	arena_free(c->arena);
	free(c);
}

void
contexts_free(struct context *c)
{
	struct context *next;

	for (; c != NULL; c = next) {
		next = c->next;
		context_free(c);
	}
}

static struct context **
find_tag(struct selected *sel, const char *tag)
{
	struct context **at = &sel->contexts;

	while (*at != NULL && strcmp((*at)->tag, tag) != 0)
		at = &(*at)->next;
	return at;
}

const struct err *
context_check(const struct session *s, const struct search_return *ret)
{
	if ((ret->opts & RETURN_UPDATE) == 0)
		return NULL;
	if (s->selected == NULL)
		return err_syntax("UPDATE is for the selected mailbox");
	return *find_tag(s->selected, s->tag) == NULL ? NULL :
	    err_syntax("Tag reuse");
}

void
context_cancel(struct session *s, const char *tag)
{
	struct context **at = find_tag(s->selected, tag), *c = *at;

	if (c == NULL)
		return;
	*at = c->next;
	context_free(c);
}

static void
set_uids(struct context *c, const struct seqset *uids)
{
	seqset_builder_clear(&c->uids);
	for (size_t i = 0; i < uids->n; i++)
		seqset_add_range(&c->uids, uids->ranges[i].first,
		    uids->ranges[i].last);
}

static void
set_order(struct context *c, const uint32_t *order, size_t n)
{
	free(c->order);
	c->n = n;
	c->order = calloc(n > 0 ? n : 1, sizeof(*order));
	if (c->order == NULL)
		fatal("out of memory");
	if (n > 0)
		memcpy(c->order, order, n * sizeof(*order));
}

static void
refuse(struct session *s)
{
	output_adds(s->out, "* NO [NOUPDATE ");
	reply_string(s->out, s->tag, strlen(s->tag));
	output_adds(s->out, "] Too many contexts\r\n");
}

void
context_add(struct session *s, const struct search_return *ret,
    const struct context_of *of, const struct found *found)
{
	struct context *c, **tail = &s->selected->contexts;
	const struct seqset uids = seqset_built(&found->uids);
	size_t n = 0;

	if ((ret->opts & RETURN_UPDATE) == 0)
		return;
	for (; *tail != NULL; tail = &(*tail)->next)
		n++;
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		fatal("out of memory");
	c->arena = arena_new();
	/* Scores are not kept. */
	if (n < CONTEXTS_MAX && (of->program == NULL ||
	    !sort_has(of->program, SORT_RELEVANCY)))
		c->root = copy_keys(c->arena, of->root);
	if (ret->fetch != NULL) {
		c->fetch = fetch_copy(c->arena, ret->fetch);
		notify_hear(s);
	}
	if (c->root == NULL || arena_used(c->arena) > CONTEXT_OCTETS_MAX) {
		context_free(c);
		refuse(s);
		return;
	}
	c->tag = arena_strdup(c->arena, s->tag);
	c->is_uid = of->is_uid;
	c->where = of->where;
	c->collation = s->collation;
	c->sorted = of->program != NULL;
	set_uids(c, &uids);
	if (c->sorted) {
		c->program = *of->program;
		set_order(c, of->order, of->n);
	}
	*tail = c;
}

/* --- Telling --- */

static void
tell_head(struct session *s, const struct context *c)
{
	output_adds(s->out, "* ESEARCH (TAG ");
	reply_string(s->out, c->tag, strlen(c->tag));
	/* RFC 7377 2.1 */
	if (c->where) {
		output_adds(s->out, " MAILBOX ");
		reply_mailbox(s->out, selected_name(s), s->conf->delimiter);
		output_addf(s->out, " UIDVALIDITY %u",
		    mailbox_uidvalidity(s->selected->mbox));
	}
	output_adds(s->out, c->is_uid ? ") UID" : ")");
}

static uint32_t
number_of(const struct session *s, const struct context *c, uint32_t uid)
{
	return c->is_uid ? uid : view_seq(&s->selected->view, uid);
}

static void
tell_set(struct session *s, const struct context *c, const char *what,
    const struct seqset *uids)
{
	struct seqset set = *uids;

	if (!c->is_uid)
		set = view_seqs(&s->selected->view, s->arena, uids);
	if (set.n == 0)
		return;
	tell_head(s, c);
	output_addf(s->out, " %s (0 ", what);
	reply_seqset(s->out, &set);
	output_adds(s->out, ")\r\n");
}

/* " POSITION SET", for neighbours i to below end of an order. */
static void
tell_run(struct session *s, const struct context *c, const uint32_t *order,
    size_t i, size_t end, bool *begun, const char *what)
{
	if (!*begun) {
		tell_head(s, c);
		output_addf(s->out, " %s (", what);
	} else
		output_add(s->out, " ", 1);
	*begun = true;
	reply_number(s->out, i + 1);
	output_add(s->out, " ", 1);
	for (size_t k = i; k < end; k++) {
		if (k > i)
			output_add(s->out, ",", 1);
		reply_number(s->out, number_of(s, c, order[k]));
	}
}

/* The last ones first: no position depends on another. */
static void
tell_removed(struct session *s, const struct context *c,
    const struct seqset *gone)
{
	bool begun = false;
	size_t start;

	for (size_t end = c->n; end > 0; end = start) {
		start = end - 1;
		if (!seqset_has(gone, c->order[start]))
			continue;
		while (start > 0 && seqset_has(gone, c->order[start - 1]))
			start--;
		tell_run(s, c, c->order, start, end, &begun, "REMOVEFROM");
	}
	if (begun)
		output_adds(s->out, ")\r\n");
}

/* The first ones first: each goes where it is when all are in. */
static void
tell_added(struct session *s, const struct context *c, const uint32_t *order,
    size_t n, const struct seqset *new)
{
	bool begun = false;
	size_t end;

	for (size_t i = 0; i < n; i = end) {
		end = i + 1;
		if (!seqset_has(new, order[i]))
			continue;
		while (end < n && seqset_has(new, order[end]))
			end++;
		tell_run(s, c, order, i, end, &begun, "ADDTO");
	}
	if (begun)
		output_adds(s->out, ")\r\n");
}

/* --- Updating --- */

/* Numbers of a that are in b, or (in false) are not. */
static struct seqset
pick(struct arena *a, const struct seqset *x, const struct seqset *y, bool in)
{
	struct seqset_builder b = { 0 };
	struct seqset set, copy;

	for (size_t i = 0; i < x->n; i++)
		for (uint32_t uid = x->ranges[i].first;; uid++) {
			if (seqset_has(y, uid) == in)
				seqset_add(&b, uid);
			if (uid == x->ranges[i].last)
				break;
		}
	set = seqset_built(&b);
	copy = copy_set(a, &set);
	seqset_builder_clear(&b);
	return copy;
}

static void
remove_gone(struct session *s, struct context *c, const struct seqset *gone)
{
	const struct seqset uids = seqset_built(&c->uids);
	struct seqset rest;
	size_t n = 0;

	if (c->sorted)
		tell_removed(s, c, gone);
	else
		tell_set(s, c, "REMOVEFROM", gone);
	for (size_t i = 0; i < c->n; i++)
		if (!seqset_has(gone, c->order[i]))
			c->order[n++] = c->order[i];
	c->n = n;
	rest = pick(s->arena, &uids, gone, false);
	set_uids(c, &rest);
}

/* A set of numbers in any order. */
static struct seqset
set_of(struct arena *a, const uint32_t *numbers, size_t n)
{
	struct seqset set = { .n = 0 };

	set.ranges = arena_array(a, n, sizeof(*set.ranges));
	for (; set.n < n; set.n++)
		set.ranges[set.n] = (struct seqrange){ numbers[set.n],
		    numbers[set.n] };
	return seqset_resolve(a, &set, 0);
}

/*
 * The order that was found, with what is missing there put back where the client
 * has it: expunged messages, of which it has yet to be told.
 */
static void
keep_missing(struct session *s, const struct context *c, uint32_t **order,
    size_t *n)
{
	const struct seqset was = set_of(s->arena, c->order, c->n);
	const struct seqset is = set_of(s->arena, *order, *n);
	uint32_t *all = calloc(c->n + *n + 1, sizeof(*all));
	size_t old = 0, kept = 0;

	if (all == NULL)
		fatal("out of memory");
	for (size_t i = 0; i <= *n; i++) {
		const bool end = i == *n;

		if (!end && !seqset_has(&was, (*order)[i])) {
			all[kept++] = (*order)[i];
			continue;
		}
		for (; old < c->n && (end || c->order[old] != (*order)[i]);
		    old++)
			if (!seqset_has(&is, c->order[old]))
				all[kept++] = c->order[old];
		old += old < c->n;
		if (!end)
			all[kept++] = (*order)[i];
	}
	free(*order);
	*order = all;
	*n = kept;
}

static const struct err *
add_new(struct session *s, struct context *c, const struct seqset *new)
{
	const struct seqset uids = seqset_built(&c->uids);
	struct seqset all = seqset_union(s->arena, &uids, new);
	struct found found = { 0 };
	const struct err *err;
	uint32_t *order = NULL;
	size_t n = 0;

	if (!c->sorted) {
		set_uids(c, &all);
		tell_set(s, c, "ADDTO", new);
		return NULL;
	}
	found.uids = (struct seqset_builder){ .ranges = all.ranges,
	    .n = all.n };
	found.count = seqset_count(&all);
	err = sort_found(s, s->selected->mbox, &c->program, &found, &order, &n);
	if (err == NULL && n < found.count)
		keep_missing(s, c, &order, &n);
	if (err == NULL) {
		set_uids(c, &all);
		tell_added(s, c, order, n, new);
		set_order(c, order, n);
	}
	free(order);
	return err;
}

/* RFC 5465 7: before ADDTO, and only of messages that have just come. */
static const struct err *
tell_fetch(struct session *s, struct context *c, const struct seqset *new,
    uint32_t first_new)
{
	const struct err *err = NULL;

	for (size_t i = 0; c->fetch != NULL && err == NULL && i < new->n; i++) {
		const struct seqrange *r = &new->ranges[i];

		if (r->last >= first_new)
			err = notify_tell(s, c->fetch, r->first > first_new ?
			    r->first : first_new, r->last);
	}
	return err;
}

/* What became of messages that are new or changed. */
static const struct err *
update_one(struct session *s, struct context *c, const struct seqset *changed,
    uint32_t first_new)
{
	const struct seqset uids = seqset_built(&c->uids);
	struct seqset before, now, gone, new;
	struct found found = { 0 };
	const struct err *err;

	err = search_find_among(s, c->root, changed, &found);
	if (err == NULL) {
		now = seqset_built(&found.uids);
		before = pick(s->arena, changed, &uids, true);
		gone = pick(s->arena, &before, &now, false);
		new = pick(s->arena, &now, &before, false);
		if (gone.n > 0)
			remove_gone(s, c, &gone);
		if (new.n > 0)
			err = tell_fetch(s, c, &new, first_new);
		if (err == NULL && new.n > 0)
			err = add_new(s, c, &new);
	}
	found_clear(&found);
	return err;
}

static const struct err *
find_changed(struct session *s, uint64_t modseq, struct seqset_builder *b)
{
	struct selected *sel = s->selected;
	struct change *changes;
	const struct err *err;
	uint32_t first = 1;
	size_t n;

	changes = reallocarray(NULL, CHANGES_AT_ONCE, sizeof(*changes));
	if (changes == NULL)
		fatal("out of memory");
	do {
		err = mailbox_changes(sel->mbox, modseq, 0, first,
		    sel->told_uidnext, changes, CHANGES_AT_ONCE, &n);
		for (size_t i = 0; err == NULL && i < n; i++) {
			seqset_add(b, changes[i].uid);
			first = changes[i].uid + 1;
		}
	} while (err == NULL && n == CHANGES_AT_ONCE);
	free(changes);
	return err;
}

/*
 * IDLE comes here often within one command: what is made here is not kept in
 * that command's arena.
 */
const struct err *
contexts_update(struct session *s, uint64_t modseq, uint32_t first_new)
{
	struct seqset_builder b = { 0 };
	struct arena *command = s->arena;
	const enum collation collation = s->collation;
	const struct err *err;
	struct seqset changed;

	if (s->selected->contexts == NULL)
		return NULL;
	s->arena = arena_new();
	err = find_changed(s, modseq, &b);
	changed = seqset_built(&b);
	for (struct context *c = s->selected->contexts; err == NULL &&
	    c != NULL && changed.n > 0; c = c->next) {
		s->collation = c->collation;
		err = update_one(s, c, &changed, first_new);
	}
	s->collation = collation;
	seqset_builder_clear(&b);
	arena_free(s->arena);
	s->arena = command;
	return err;
}

void
contexts_expunge(struct session *s, const struct seqset *gone)
{
	struct arena *command = s->arena;
	struct seqset uids, here;

	if (s->selected->contexts == NULL)
		return;
	s->arena = arena_new();
	for (struct context *c = s->selected->contexts; c != NULL;
	    c = c->next) {
		uids = seqset_built(&c->uids);
		here = pick(s->arena, gone, &uids, true);
		if (here.n > 0)
			remove_gone(s, c, &here);
	}
	arena_free(s->arena);
	s->arena = command;
}
