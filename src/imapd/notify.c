/* notify.c - what NOTIFY tells: RFC 5465
 * SPDX-License-Identifier: ISC */
#include "imapd/notify.h"

#include <stdlib.h>
#include <string.h>

#include "imapd/capability.h"
#include "imapd/list.h"
#include "imapd/report.h"
#include "imapd/selected.h"
#include "imapd/status.h"
#include "store/watch.h"
#include "util/log.h"
#include "wire/mboxname.h"

#define REST_AFTER_MS	2000	/* without news memory is given back */
#define OWN_MAX		2	/* names that one command changes */

/* An account as it was when it was last looked at. */
struct watched {
	char		*share;		/* its name, or NULL: the user's own */
	struct account	*account;	/* good while notify's stamp is */
	rights_t	 rights;
	uint64_t	 stamp;
	struct arena	*arena;		/* the rows' */
	struct mailbox_row *rows;	/* n of them, by name */
	size_t		 n;
	bool		 wanted;	/* by some filter, now */
};

struct notify {
	struct arena	*arena;		/* of args, once they are kept */
	const struct notify_args *args;
	unsigned int	 selected;	/* events of the selected mailbox */
	bool		 delayed;	/* its expunges wait for a command */
	struct fetch_args *fetch;
	bool		 others;	/* some filter is for other mailboxes */
	bool		 overflown;	/* as if NOTIFY NONE was said */
	struct watched	 accounts[NOTIFY_ACCOUNTS_MAX];
	size_t		 accounts_n;
	uint64_t	 store_stamp;	/* the session's, of accounts */
	uint64_t	 epoch;		/* of notify_dirs() */
	struct arena	*names_arena;
	const char	**names;	/* names_n subscriptions, sorted */
	size_t		 names_n;
	const char	*own[OWN_MAX];
	size_t		 own_n;
	struct watch	*watch;		/* of notify_wait() */
	uint64_t	 watch_epoch;
	const struct selected *watch_selected;
};

/* --- Names and filters --- */

static const char *
full_name(struct session *s, const struct watched *w, const char *name)
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
static unsigned int
wanted(const struct notify *n, const char *full, bool shared)
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
static bool
share_wanted(const struct notify *n, const char *root)
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
static void
tell_name(struct session *s, const struct watched *w, const char *name,
    const char *oldname, unsigned int more)
{
	const struct mailbox_row *row = find_name(w, name);
	struct list_response r = { .name = full_name(s, w, name),
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
			mboxname_to_utf8(full_name(s, w, oldname),
			    s->conf->delimiter, &wire);
		else
			mboxname_to_wire(full_name(s, w, oldname),
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
	const char *full = full_name(s, w, name), *above;

	if ((wanted(n, full, w->share != NULL) & NOTIFY_NAME) == 0 ||
	    is_own(n, full))
		return;
	tell_name(s, w, name, NULL, more);
	if (has_children(w, name))
		*parent = name;		/* those come next, and tell it no more */
	if ((more & LIST_NO_ACCESS) != 0 || (mboxname_parent(name) == 0 &&
	    (w->share == NULL || *name == '\0')))
		return;
	above = arena_memdup(s->arena, name, mboxname_parent(name));
	full = full_name(s, w, above);
	if ((*parent != NULL && strcmp(*parent, above) == 0) ||
	    (wanted(n, full, w->share != NULL) & NOTIFY_NAME) == 0)
		return;
	*parent = above;
	tell_name(s, w, above, NULL, 0);
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
	const char *full = full_name(s, w, row->name);
	const char *before = full_name(s, w, old->name);
	const bool shared = w->share != NULL;

	if (((wanted(n, full, shared) | wanted(n, before, shared)) &
	    NOTIFY_NAME) == 0 || is_own(n, full))
		return;
	tell_name(s, w, row->name, old->name, 0);
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

/* RFC 5465 5.1 to 5.3; old is NULL for a mailbox that is new. */
static void
tell_messages(struct session *s, const struct watched *w,
    const struct mailbox_row *row, const struct mailbox_row *old)
{
	static const struct mailbox_row none = { .uidnext = 1 };
	const char *full = full_name(s, w, row->name);
	const unsigned int events = wanted(s->notify, full, w->share != NULL);
	struct status_items items = { .n = 0 };

	if (row->noselect || (s->selected != NULL &&
	    strcmp(row->id, mailbox_id(s->selected->mbox)) == 0))
		return;
	if (old == NULL)
		old = &none;
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
static void
tell_account(struct session *s, const struct watched *w,
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

static void
watched_clear(struct watched *w)
{
	arena_free(w->arena);
	free(w->share);
	*w = (struct watched){ .share = NULL };
}

/* counted: values must be right, and not only as new as the last commit that
 * was completed. */
static const struct err *
read_rows(struct session *s, struct watched *w, bool counted)
{
	const struct err *err = NULL;

	w->arena = arena_new();
	w->rows = NULL;
	w->n = 0;
	if (w->share != NULL) {
		struct share *share = NULL;

		for (size_t i = 0; i < s->shares_n; i++)
			if (strcmp(s->shares[i].name, w->share) == 0)
				share = &s->shares[i];
		if (share == NULL)
			return NULL;
		err = session_share_account(s, share, &w->account);
	} else
		w->account = s->account;
	if (err != NULL)
		return err;
	/* The stamp first: what comes in between is found at the next look. */
	w->stamp = account_stamp(w->account);
	return account_list(w->account, w->arena, counted, &w->rows, &w->n);
}

/* Read an account again, and tell. */
static void
look_account(struct session *s, struct watched *w)
{
	struct watched was = *w;
	const struct err *err;

	if (w->account != NULL && account_stamp(w->account) == w->stamp)
		return;
	err = read_rows(s, w, false);
	if (err != NULL) {
		/* Damaged, or just deleted: others go on. */
		if (err->kind == ERR_INTERNAL)
			report_error(s, err);
		arena_free(w->arena);
		w->arena = was.arena;
		w->rows = was.rows;
		w->n = was.n;
		return;
	}
	if ((w->rights & RIGHT_READ) != 0)
		tell_account(s, w, &was);
	arena_free(was.arena);
}

/* --- Which accounts --- */

static struct watched *
find_watched(struct notify *n, const char *share)
{
	for (size_t i = 0; i < n->accounts_n; i++)
		if (share == NULL ? n->accounts[i].share == NULL :
		    n->accounts[i].share != NULL &&
		    strcmp(n->accounts[i].share, share) == 0)
			return &n->accounts[i];
	return NULL;
}

/* Adds an account without rows.  False: too many. */
static bool
want(struct notify *n, const char *share, rights_t rights)
{
	struct watched *w = find_watched(n, share);

	if (w == NULL && n->accounts_n == NOTIFY_ACCOUNTS_MAX)
		return false;
	if (w == NULL) {
		w = &n->accounts[n->accounts_n++];
		*w = (struct watched){ .arena = arena_new() };
		if (share != NULL && (w->share = strdup(share)) == NULL)
			fatal("out of memory");
	}
	w->rights = rights;
	w->wanted = true;
	/* Accounts are opened anew when grants have changed. */
	w->account = NULL;
	return true;
}

/* RFC 5465 5.4: who may no longer see it finds it deleted. */
static void
forget(struct session *s, struct watched *w)
{
	struct watched now = { .share = w->share };

	for (size_t i = 0; i < s->shares_n; i++)
		if (w->share != NULL && strcmp(s->shares[i].name,
		    w->share) == 0)
			now.rights = s->shares[i].rights;
	if (w->share != NULL && (now.rights & RIGHT_LOOKUP) == 0)
		tell_account(s, &now, w);
	watched_clear(w);
}

/*
 * What the filters reach now.  False: too many.
 * DEVIATION RFC 5465 5.9: a shared mailbox that was not granted when the session
 * began never comes here, session_refresh() ends the session by BYE.
 */
static bool
choose_accounts(struct session *s)
{
	struct notify *n = s->notify;
	bool fits;
	size_t kept = 0;

	n->epoch++;
	n->store_stamp = s->store_stamp;
	for (size_t i = 0; i < n->accounts_n; i++)
		n->accounts[i].wanted = false;
	fits = !n->others || want(n, NULL, RIGHTS_ALL);
	for (size_t i = 0; fits && n->others && i < s->shares_n; i++) {
		const struct share *share = &s->shares[i];

		if ((share->rights & RIGHT_LOOKUP) != 0 && share_wanted(n,
		    arena_printf(s->arena, "%s%c%s", SHARED_ROOT,
		    MBOXNAME_SEP, share->name)))
			fits = want(n, share->name, share->rights);
	}
	for (size_t i = 0; i < n->accounts_n; i++) {
		if (!n->accounts[i].wanted)
			forget(s, &n->accounts[i]);
		else
			n->accounts[kept++] = n->accounts[i];
	}
	n->accounts_n = kept;
	return fits;
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
	tell_name(s, w != NULL ? w : &nowhere, name, NULL, 0);
}

/* Both lists are sorted; names in one of them alone have changed. */
static void
tell_subscriptions(struct session *s, const char **was, size_t was_n)
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
		events = wanted(n, full, strncmp(full, SHARED_ROOT
		    MBOXNAME_SEP_S, strlen(SHARED_ROOT) + 1) == 0);
		/* "subscribed" was the name before, when it is not now. */
		for (size_t g = 0; order < 0 && g < n->args->n; g++)
			if (n->args->groups[g].filter == NOTIFY_SUBSCRIBED)
				events |= n->args->groups[g].events;
		if ((events & NOTIFY_SUBSCRIPTION) != 0)
			tell_subscription(s, full);
	}
}

/* The old list's arena is the caller's then. */
static const struct err *
read_subscriptions(struct session *s)
{
	struct notify *n = s->notify;
	struct arena *a = arena_new();
	const char **names = NULL;
	const struct err *err;
	size_t names_n = 0;

	err = account_subscriptions(s->account, a, &names, &names_n);
	if (err != NULL) {
		arena_free(a);
		return err;
	}
	n->names_arena = a;
	n->names = names;
	n->names_n = names_n;
	return NULL;
}

/* --- A look --- */

static bool
too_many_rows(const struct notify *n)
{
	size_t rows = 0;

	for (size_t i = 0; i < n->accounts_n; i++)
		rows += n->accounts[i].n;
	return rows > NOTIFY_MAILBOXES_MAX;
}

/* Those of accounts follow: attributes tell whether a name is subscribed. */
static void
look_subscriptions(struct session *s)
{
	struct notify *n = s->notify;
	struct arena *arena = n->names_arena;
	const char **was = n->names;
	const size_t was_n = n->names_n;
	const struct err *err;

	err = read_subscriptions(s);
	if (err != NULL) {
		report_error(s, err);
		return;
	}
	tell_subscriptions(s, was, was_n);
	for (size_t i = 0; i < n->args->n; i++)
		if (n->args->groups[i].filter == NOTIFY_SUBSCRIBED &&
		    (was_n != n->names_n || was_n > 0))
			n->store_stamp = 0;	/* choose again */
	arena_free(arena);
}

/* RFC 5465 5.8 */
static void
overflow(struct session *s)
{
	struct notify *n = s->notify;

	output_adds(s->out, "* OK [" RESP_NOTIFICATIONOVERFLOW "] Too many "
	    "mailboxes, nothing more is told\r\n");
	for (size_t i = 0; i < n->accounts_n; i++)
		watched_clear(&n->accounts[i]);
	n->accounts_n = 0;
	n->selected = 0;
	n->others = false;
	n->overflown = true;
	n->epoch++;
}

static void
look(struct session *s)
{
	struct notify *n = s->notify;
	struct watched *own = find_watched(n, NULL);
	bool fits = true;

	if (own != NULL && (own->account == NULL ||
	    account_stamp(own->account) != own->stamp))
		look_subscriptions(s);
	if (n->store_stamp != s->store_stamp)
		fits = choose_accounts(s);
	for (size_t i = 0; fits && i < n->accounts_n; i++)
		look_account(s, &n->accounts[i]);
	if (!fits || too_many_rows(n))
		overflow(s);
}

const struct err *
notify_accounts(struct session *s)
{
	struct notify *n = s->notify;
	struct arena *arena = s->arena;

	if (n == NULL || !n->others)
		return NULL;
	/* This comes often between two commands, or within IDLE. */
	s->arena = arena_new();
	look(s);
	arena_free(s->arena);
	s->arena = arena;
	n->own_n = 0;
	return NULL;
}

void
notify_own(struct session *s, const char *full)
{
	struct notify *n = s->notify;

	if (n != NULL && n->own_n < OWN_MAX)
		n->own[n->own_n++] = full;
}

/*
 * What this session itself commits is no news to its client.  Exact: others'
 * commits in between leave the row as it was, and are told.
 */
static void
own_commit(void *arg, const char *id, const struct mailbox_state *before,
    const struct mailbox_state *after)
{
	struct session *s = arg;
	struct notify *n = s->notify;

	for (size_t i = 0; n != NULL && i < n->accounts_n; i++) {
		struct watched *w = &n->accounts[i];

		for (size_t k = 0; k < w->n; k++) {
			struct mailbox_row *row = &w->rows[k];

			if (strcmp(row->id, id) != 0 ||
			    row->uidnext != before->uidnext ||
			    row->messages != before->messages ||
			    row->highestmodseq != before->highestmodseq)
				continue;
			row->uidnext = after->uidnext;
			row->messages = after->messages;
			row->unseen = after->unseen;
			row->deleted = after->deleted;
			row->size = after->size;
			row->highestmodseq = after->highestmodseq;
		}
	}
}

/* --- NOTIFY SET --- */

/* RFC 5465 3.1: what does not exist is ignored, and so is what cannot. */
static void
resolve_names(struct session *s, struct notify_args *args)
{
	for (size_t i = 0; i < args->n; i++)
		for (size_t k = 0; k < args->groups[i].n; k++) {
			const char **name = &args->groups[i].names[k];
			const char *full = NULL;

			if (session_name(s, *name, &full) != NULL)
				full = NULL;
			*name = full;
		}
}

/* RFC 5465 3.1: each mailbox that has message events, once. */
static void
tell_first(struct session *s, const struct watched *w)
{
	const bool no_access = (w->rights & RIGHT_READ) == 0;

	for (size_t i = 0; i < w->n; i++) {
		const struct mailbox_row *row = &w->rows[i];
		const char *full = full_name(s, w, row->name);
		const unsigned int events = wanted(s->notify, full,
		    w->share != NULL);
		struct status_items items = { .n = 0 };

		if (events != 0 && no_access)
			tell_name(s, w, row->name, NULL, LIST_NO_ACCESS);
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

static struct notify *
notify_new(const struct notify_args *args)
{
	struct notify *n = calloc(1, sizeof(*n));

	if (n == NULL)
		fatal("out of memory");
	n->args = args;
	for (size_t i = 0; i < args->n; i++) {
		const struct notify_group *g = &args->groups[i];

		if (g->filter != NOTIFY_SELECTED &&
		    g->filter != NOTIFY_SELECTED_DELAYED) {
			n->others |= g->events != 0;
			continue;
		}
		n->selected = g->events;
		n->delayed = g->filter == NOTIFY_SELECTED_DELAYED;
		n->fetch = g->fetch;
	}
	return n;
}

static void
notify_free(struct notify *n)
{
	if (n == NULL)
		return;
	for (size_t i = 0; i < n->accounts_n; i++)
		watched_clear(&n->accounts[i]);
	arena_free(n->names_arena);
	watch_free(n->watch);
	arena_free(n->arena);
	free(n);
}

void
notify_end(struct session *s)
{
	notify_free(s->notify);
	s->notify = NULL;
	mailbox_on_commit(NULL, NULL);
}

static const struct err *
first_look(struct session *s)
{
	struct notify *n = s->notify;
	const struct err *err = NULL;
	bool fits = true;

	if (n->others)
		err = read_subscriptions(s);
	if (err == NULL)
		fits = choose_accounts(s);
	for (size_t i = 0; err == NULL && i < n->accounts_n; i++) {
		struct watched *w = &n->accounts[i];

		arena_free(w->arena);
		err = read_rows(s, w, true);
	}
	if (err == NULL && (!fits || too_many_rows(n)))
		err = err_user(RESP_NOTIFICATIONOVERFLOW,
		    "Too many mailboxes, ask for fewer");
	for (size_t i = 0; err == NULL && i < n->accounts_n; i++)
		tell_first(s, &n->accounts[i]);
	return err;
}

const struct err *
notify_start(struct session *s, struct notify_args *args)
{
	struct notify *old = s->notify;
	const struct err *err;

	resolve_names(s, args);
	s->notify = notify_new(args);
	err = first_look(s);
	if (err != NULL) {
		notify_free(s->notify);
		s->notify = old;
		return err;
	}
	notify_free(old);
	mailbox_on_commit(own_commit, s);
	return NULL;
}

void
notify_keep(struct session *s)
{
	s->notify->arena = s->arena;
	s->arena = arena_new();
}

/* --- The selected mailbox --- */

static bool
is_one_of(const struct cmd *cmd, const char *names)
{
	const size_t len = cmd != NULL ? strlen(cmd->name) : 0;
	const char *found = names;

	while (len > 0 && (found = strstr(found, cmd->name)) != NULL) {
		if ((found == names || found[-1] == ',') &&
		    (found[len] == ',' || found[len] == '\0'))
			return true;
		found += len;
	}
	return false;
}

unsigned int
notify_selected(const struct session *s)
{
	unsigned int events = NOTIFY_MESSAGE_EVENTS;

	if (s->notify != NULL)
		events = s->notify->selected;
	if (is_one_of(s->cmd, "EXPUNGE,UID EXPUNGE,MOVE,UID MOVE,REPLACE,"
	    "UID REPLACE"))
		events |= NOTIFY_NEW | NOTIFY_EXPUNGE;
	return events;
}

/* RFC 5465 5.2: not of what this client adds itself. */
const struct err *
notify_tell(struct session *s, struct fetch_args *args, uint32_t first,
    uint32_t last)
{
	const char *ok_text = s->ok_text;
	const struct err *err;

	if (is_one_of(s->cmd, "APPEND,COPY,UID COPY,MOVE,UID MOVE,REPLACE,"
	    "UID REPLACE"))
		return NULL;
	err = fetch_tell(s, args, first, last);
	s->ok_text = ok_text;
	if (err == NULL || err->kind == ERR_IO)
		return err;
	if (err->kind == ERR_INTERNAL)
		report_error(s, err);
	return NULL;
}

const struct err *
notify_fetch(struct session *s, uint32_t first, uint32_t below)
{
	if (s->notify == NULL || s->notify->fetch == NULL)
		return NULL;
	return notify_tell(s, s->notify->fetch, first, below - 1);
}

/* --- Waiting --- */

unsigned int
notify_dirs(struct session *s, int dirs[NOTIFY_DIRS_MAX])
{
	const struct notify *n = s->notify;
	unsigned int count = 0;

	dirs[count++] = store_fd(s->store);
	if (s->selected != NULL)
		dirs[count++] = mailbox_fd(s->selected->mbox);
	/* After a change of grants they are known at the next look. */
	for (size_t i = 0; n != NULL && n->store_stamp == s->store_stamp &&
	    i < n->accounts_n; i++)
		if (n->accounts[i].account != NULL)
			dirs[count++] = account_fd(n->accounts[i].account);
	return count;
}

uint64_t
notify_epoch(const struct session *s)
{
	return s->notify != NULL ? s->notify->epoch : 0;
}

bool
notify_is_on(const struct session *s)
{
	return s->notify != NULL && !s->notify->overflown &&
	    (s->notify->selected != 0 || s->notify->others);
}

static void
arm(struct session *s)
{
	struct notify *n = s->notify;
	int dirs[NOTIFY_DIRS_MAX];
	unsigned int count;

	if (n->watch != NULL && n->watch_epoch == n->epoch &&
	    n->watch_selected == s->selected)
		return;
	watch_free(n->watch);
	count = notify_dirs(s, dirs);
	n->watch = watch_new(dirs, count, s->conf->inotify);
	n->watch_epoch = n->epoch;
	n->watch_selected = s->selected;
}

/* Between two commands: what the loop does at their ends. */
static const struct err *
look_between(struct session *s)
{
	const struct err *err;
	uint64_t epoch;

	do {
		arm(s);
		/* Forget the wakes, then look: never the other way round. */
		watch_drain(s->notify->watch);
		err = session_refresh(s);
		if (err != NULL && err->kind == ERR_IO)
			return err;
		if (s->notify->selected != 0)
			err = selected_sync(s, !s->notify->delayed);
		if (err != NULL && err->kind == ERR_IO)
			return err;
		if (err != NULL && err->kind == ERR_INTERNAL)
			report_error(s, err);
		epoch = s->notify->epoch;
		notify_accounts(s);
	} while (s->notify->epoch != epoch ||
	    s->notify->watch_selected != s->selected);
	return NULL;
}

const struct err *
notify_wait(struct session *s)
{
	struct notify *n = s->notify;
	bool rested = false, input = false, news;
	const struct err *err;
	int fd, timeout;

	for (;;) {
		uint64_t count = output_count(s->out);

		err = look_between(s);
		if (err != NULL || n->overflown)
			return err;
		rested = rested && output_count(s->out) == count;
		fd = watch_fd(n->watch);
		timeout = watch_timeout(n->watch);
		news = false;
		do {
			if (timeout == -1 && !rested)
				timeout = REST_AFTER_MS;
			/* An error comes again to the parser. */
			if (input_wait(s->in, &fd, fd != -1, timeout, &input,
			    &news) != NULL || input)
				return NULL;
			if (!news && !rested)
				session_rest(s);
			rested = rested || !news;
			timeout = watch_timeout(n->watch);
		} while (!news && timeout == -1);
	}
}
