/* notify-tell.c - how NOTIFY tells what has changed: RFC 5465
 * SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "imapd/capability.h"
#include "imapd/list.h"
#include "imapd/notify-state.h"
#include "imapd/selected.h"
#include "imapd/status.h"
#include "wire/mboxname.h"

/* --- Names and filters --- */

const char *
notify_full_name(struct session *s, const struct watched *w, const char *name)
{
	if (w->share == NULL)
		return name;
	return arena_printf(s->arena, *name == '\0' ? "%s%c%s" : "%s%c%s%c%s",
	    SHARED_ROOT, MBOXNAME_SEP, w->share, MBOXNAME_SEP, name);
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool
subscribed(const struct notify *n, const char *full)
{
	return n->names_n > 0 && bsearch(&full, n->names, n->names_n,
	    sizeof(*n->names), compare_names) != NULL;
}

static bool
group_matches(const struct notify *n, const struct notify_group *g,
    const char *full, bool shared)
{
	if (g->filter == NOTIFY_PERSONAL)
		return !shared;
	if (g->filter == NOTIFY_SUBSCRIBED)
		return subscribed(n, full);
	for (size_t i = 0; i < g->n; i++)
		if (g->names[i] != NULL && (strcmp(g->names[i], full) == 0 ||
		    (g->filter == NOTIFY_SUBTREE &&
		    mboxname_is_below(full, g->names[i]))))
			return true;
	return false;
}

/* The events that are wanted of the mailbox called full. */
unsigned int
notify_wanted(const struct notify *n, const char *full, bool shared)
{
	unsigned int events = 0;

	for (size_t i = 0; i < n->args->n; i++)
		if (group_matches(n, &n->args->groups[i], full, shared))
			events |= n->args->groups[i].events;
	return events;
}

static bool
reaches(const char *name, bool tree, const char *root)
{
	return strcmp(name, root) == 0 || mboxname_is_below(name, root) ||
	    (tree && mboxname_is_below(root, name));
}

/* Whether some filter may match a mailbox of the shared one at root. */
bool
notify_share_wanted(const struct notify *n, const char *root)
{
	for (size_t i = 0; i < n->args->n; i++) {
		const struct notify_group *g = &n->args->groups[i];

		for (size_t k = 0; k < g->n; k++)
			if (g->names[k] != NULL && reaches(g->names[k],
			    g->filter == NOTIFY_SUBTREE, root))
				return true;
		for (size_t k = 0; g->filter == NOTIFY_SUBSCRIBED &&
		    k < n->names_n; k++)
			if (reaches(n->names[k], false, root))
				return true;
	}
	return false;
}

/* --- Rows --- */

static int
compare_ids(const void *a, const void *b)
{
	const struct mailbox_row *const *x = a, *const *y = b;

	return strcmp((*x)->id, (*y)->id);
}

/* The rows in the order of their ids. */
static const struct mailbox_row **
by_id(struct arena *a, const struct mailbox_row *rows, size_t n)
{
	const struct mailbox_row **sorted = arena_array(a, n, sizeof(*sorted));

	for (size_t i = 0; i < n; i++)
		sorted[i] = &rows[i];
	qsort(sorted, n, sizeof(*sorted), compare_ids);
	return sorted;
}

static const struct mailbox_row *
find_id(const struct mailbox_row **sorted, size_t n,
    const struct mailbox_row *row)
{
	const struct mailbox_row **found;

	if (n == 0)
		return NULL;
	found = bsearch(&row, sorted, n, sizeof(*sorted), compare_ids);
	return found != NULL ? *found : NULL;
}

static int
compare_row_names(const void *a, const void *b)
{
	const struct mailbox_row *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static const struct mailbox_row *
find_name(const struct watched *w, const char *name)
{
	const struct mailbox_row key = { .name = name };

	return w->n == 0 ? NULL : bsearch(&key, w->rows, w->n,
	    sizeof(*w->rows), compare_row_names);
}

static bool
has_children(const struct watched *w, const char *name)
{
	const struct mailbox_row *row = find_name(w, name);

	if (*name == '\0')
		return w->n > 1;
	return row != NULL && row + 1 < w->rows + w->n &&
	    mboxname_is_below(row[1].name, name);
}

/* --- LIST --- */

/* RFC 5465 5: what this client did itself. */
static bool
is_own(const struct notify *n, const char *full)
{
	for (size_t i = 0; i < n->own_n; i++)
		if (strcmp(n->own[i], full) == 0 ||
		    mboxname_is_below(n->own[i], full) ||
		    mboxname_is_below(full, n->own[i]))
			return true;
	return false;
}

/* RFC 5465 5.4, 5.5: the name as it is now, with all attributes. */
void
notify_tell_name(struct session *s, const struct watched *w, const char *name,
    const char *oldname, unsigned int more)
{
	const struct mailbox_row *row = find_name(w, name);
	struct list_response r = { .name = notify_full_name(s, w, name),
	    .attributes = more };
	struct buf wire = { 0 };

	if (row == NULL || row->noselect || (w->rights & RIGHT_LOOKUP) == 0)
		r.attributes |= LIST_NONEXISTENT;
	if (row != NULL)
		r.attributes |= has_children(w, name) ? LIST_HAS_CHILDREN :
		    LIST_HAS_NO_CHILDREN;
	if (row != NULL && w->share == NULL)
		r.special_use = row->special_use;
	if (subscribed(s->notify, r.name))
		r.attributes |= LIST_SUBSCRIBED;
	if (oldname != NULL) {
		if (session_enabled(s, ENABLED_UTF8) ||
		    session_enabled(s, ENABLED_IMAP4REV2))
			mboxname_to_utf8(notify_full_name(s, w, oldname),
			    s->conf->delimiter, &wire);
		else
			mboxname_to_wire(notify_full_name(s, w, oldname),
			    s->conf->delimiter, &wire);
		r.oldname = buf_str(&wire);
	}
	list_write(s, "LIST", &r);
	buf_clear(&wire);
}

/* Created, deleted, or no longer only a name: with the direct parent, which may
 * have got its first child or lost its last. */
static void
tell_made(struct session *s, const struct watched *w, const char *name,
    const char **parent, unsigned int more)
{
	const struct notify *n = s->notify;
	const char *full = notify_full_name(s, w, name), *above;

	if ((notify_wanted(n, full, w->share != NULL) & NOTIFY_NAME) == 0 ||
	    is_own(n, full))
		return;
	notify_tell_name(s, w, name, NULL, more);
	if (has_children(w, name))
		*parent = name;		/* those come next, and tell it no more */
	if ((more & LIST_NO_ACCESS) != 0 || (mboxname_parent(name) == 0 &&
	    (w->share == NULL || *name == '\0')))
		return;
	above = arena_memdup(s->arena, name, mboxname_parent(name));
	full = notify_full_name(s, w, above);
	if ((*parent != NULL && strcmp(*parent, above) == 0) ||
	    (notify_wanted(n, full, w->share != NULL) & NOTIFY_NAME) == 0)
		return;
	*parent = above;
	notify_tell_name(s, w, above, NULL, 0);
}

/* RFC 5465 5.4: children that only went along are not told. */
static bool
went_along(struct session *s, const struct watched *w,
    const struct mailbox_row **olds, size_t olds_n,
    const struct mailbox_row *row, const struct mailbox_row *old)
{
	const size_t len = mboxname_parent(row->name);
	const size_t old_len = mboxname_parent(old->name);
	const struct mailbox_row *above, *before;

	if (len == 0 || old_len == 0)
		return false;
	above = find_name(w, arena_memdup(s->arena, row->name, len));
	before = above != NULL ? find_id(olds, olds_n, above) : NULL;
	return before != NULL && strcmp(before->name, above->name) != 0 &&
	    strlen(before->name) == old_len &&
	    strncmp(before->name, old->name, old_len) == 0;
}

static void
tell_renamed(struct session *s, const struct watched *w,
    const struct mailbox_row *row, const struct mailbox_row *old)
{
	const struct notify *n = s->notify;
	const char *full = notify_full_name(s, w, row->name);
	const char *before = notify_full_name(s, w, old->name);
	const bool shared = w->share != NULL;

	if (((notify_wanted(n, full, shared) |
	    notify_wanted(n, before, shared)) & NOTIFY_NAME) == 0 ||
	    is_own(n, full))
		return;
	notify_tell_name(s, w, row->name, old->name, 0);
}

/* --- STATUS --- */

static void
add_item(struct status_items *items, enum status_item item)
{
	items->items[items->n++] = item;
}

static void
tell_status(struct session *s, const char *full,
    const struct mailbox_row *row, const struct status_items *items)
{
	const struct place place = { .full = full };

	/* Fails only for RECENT. */
	(void)status_tell(s, items, &place, row);
}

static bool
same_messages(const struct mailbox_row *a, const struct mailbox_row *b)
{
	return a->uidvalidity == b->uidvalidity && a->uidnext == b->uidnext &&
	    a->messages == b->messages && a->unseen == b->unseen &&
	    a->highestmodseq == b->highestmodseq;
}

/* RFC 5465 5.1 to 5.3; old is NULL for a mailbox that is new. */
static void
tell_messages(struct session *s, const struct watched *w,
    const struct mailbox_row *row, const struct mailbox_row *old)
{
	static const struct mailbox_row none = { .uidnext = 1 };
	struct status_items items = { .n = 0 };
	unsigned int events;
	const char *full;

	/* Most are as they were: what is wanted of them need not be known. */
	if (row->noselect || (old != NULL && same_messages(row, old)) ||
	    (s->selected != NULL &&
	    strcmp(row->id, mailbox_id(s->selected->mbox)) == 0))
		return;
	if (old == NULL)
		old = &none;
	full = notify_full_name(s, w, row->name);
	events = notify_wanted(s->notify, full, w->share != NULL);
	add_item(&items, STATUS_UIDVALIDITY);
	if ((events & NOTIFY_NEW) != 0 && (row->messages != old->messages ||
	    row->uidnext != old->uidnext ||
	    (old != &none && row->uidvalidity != old->uidvalidity))) {
		add_item(&items, STATUS_UIDNEXT);
		add_item(&items, STATUS_MESSAGES);
	}
	if ((events & NOTIFY_FLAGS) != 0 && row->unseen != old->unseen)
		add_item(&items, STATUS_UNSEEN);
	if (session_enabled(s, ENABLED_CONDSTORE) && (items.n > 1 ||
	    ((events & NOTIFY_FLAGS) != 0 && old != &none &&
	    row->highestmodseq != old->highestmodseq)))
		add_item(&items, STATUS_HIGHESTMODSEQ);
	if (items.n > 1)
		tell_status(s, full, row, &items);
}

/* RFC 5465 3.1: each mailbox that has message events, once. */
void
notify_tell_first(struct session *s, const struct watched *w)
{
	const bool no_access = (w->rights & RIGHT_READ) == 0;

	for (size_t i = 0; i < w->n; i++) {
		const struct mailbox_row *row = &w->rows[i];
		const char *full = notify_full_name(s, w, row->name);
		const unsigned int events = notify_wanted(s->notify, full,
		    w->share != NULL);
		struct status_items items = { .n = 0 };

		if (events != 0 && no_access)
			notify_tell_name(s, w, row->name, NULL, LIST_NO_ACCESS);
		if ((events & NOTIFY_MESSAGE_EVENTS) == 0 || no_access ||
		    !s->notify->args->status || row->noselect ||
		    (s->selected != NULL && strcmp(row->id,
		    mailbox_id(s->selected->mbox)) == 0))
			continue;
		add_item(&items, STATUS_UIDVALIDITY);
		add_item(&items, STATUS_UIDNEXT);
		add_item(&items, STATUS_MESSAGES);
		if ((events & NOTIFY_FLAGS) != 0) {
			add_item(&items, STATUS_UNSEEN);
			if (capability_offered(s, "CONDSTORE"))
				add_item(&items, STATUS_HIGHESTMODSEQ);
		}
		tell_status(s, full, row, &items);
	}
}

/* --- What has changed --- */

static void
tell_row(struct session *s, const struct watched *w,
    const struct mailbox_row **olds, const struct watched *was,
    const struct mailbox_row *row, const char **parent)
{
	const struct mailbox_row *old = find_id(olds, was->n, row);
	const bool inbox = w->share == NULL && strcmp(row->name, "INBOX") == 0;

	if (old == NULL) {
		/* RFC 5465 5.4: INBOX was renamed, and made anew. */
		if (!inbox)
			tell_made(s, w, row->name, parent, 0);
		old = find_name(was, row->name);
	} else if (strcmp(old->name, row->name) != 0) {
		if (!went_along(s, w, olds, was->n, row, old))
			tell_renamed(s, w, row, old);
	} else if (old->noselect != row->noselect)
		tell_made(s, w, row->name, parent, 0);
	tell_messages(s, w, row, old);
}

/* w as it is now, was as it was before. */
void
notify_tell_account(struct session *s, const struct watched *w,
    const struct watched *was)
{
	const struct mailbox_row **olds, **news;
	const char *parent = NULL;
	/* RFC 5465 5.9: access was lost, which is not that they are gone. */
	const unsigned int lost = (w->rights & RIGHT_LOOKUP) == 0 ?
	    LIST_NO_ACCESS : 0;

	olds = by_id(s->arena, was->rows, was->n);
	news = by_id(s->arena, w->rows, w->n);
	for (size_t i = 0; i < was->n; i++)
		if (find_id(news, w->n, &was->rows[i]) == NULL &&
		    (find_name(w, was->rows[i].name) == NULL || lost != 0))
			tell_made(s, w, was->rows[i].name, &parent, lost);
	for (size_t i = 0; i < w->n; i++)
		tell_row(s, w, olds, was, &w->rows[i], &parent);
}

/* --- Subscriptions --- */

static void
tell_subscription(struct session *s, const char *full)
{
	const struct notify *n = s->notify;
	const size_t len = strlen(SHARED_ROOT MBOXNAME_SEP_S);
	const bool shared = strncmp(full, SHARED_ROOT MBOXNAME_SEP_S, len) == 0;
	const struct watched *w = NULL;
	const char *name = full;
	static const struct watched nowhere = { .rights = 0 };

	if (is_own(n, full))
		return;
	for (size_t i = 0; i < n->accounts_n; i++) {
		const struct watched *x = &n->accounts[i];
		size_t share = x->share != NULL ? strlen(x->share) : 0;

		if (!shared && x->share == NULL)
			w = x;
		else if (shared && x->share != NULL &&
		    strncmp(full + len, x->share, share) == 0 &&
		    (full[len + share] == '\0' ||
		    full[len + share] == MBOXNAME_SEP)) {
			w = x;
			name = full + len + share + (full[len + share] != '\0');
		}
	}
	notify_tell_name(s, w != NULL ? w : &nowhere, name, NULL, 0);
}

/* Both lists are sorted; names in one of them alone have changed. */
void
notify_tell_subscriptions(struct session *s, const char **was, size_t was_n)
{
	struct notify *n = s->notify;
	const char **now = n->names;
	const size_t now_n = n->names_n;
	size_t i = 0, k = 0;

	while (i < was_n || k < now_n) {
		int order = i == was_n ? 1 : k == now_n ? -1 :
		    strcmp(was[i], now[k]);
		const char *full = order < 0 ? was[i] : now[k];
		unsigned int events;

		i += order <= 0;
		k += order >= 0;
		if (order == 0)
			continue;
		events = notify_wanted(n, full, strncmp(full, SHARED_ROOT
		    MBOXNAME_SEP_S, strlen(SHARED_ROOT) + 1) == 0);
		/* "subscribed" was the name before, when it is not now. */
		for (size_t g = 0; order < 0 && g < n->args->n; g++)
			if (n->args->groups[g].filter == NOTIFY_SUBSCRIBED)
				events |= n->args->groups[g].events;
		if ((events & NOTIFY_SUBSCRIPTION) != 0)
			tell_subscription(s, full);
	}
}
