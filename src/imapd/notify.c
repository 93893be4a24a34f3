/* notify.c - when NOTIFY looks for changes: RFC 5465
 * SPDX-License-Identifier: ISC */
#include "imapd/notify.h"

#include <stdlib.h>
#include <string.h>

#include "imapd/notify-state.h"
#include "imapd/report.h"
#include "imapd/selected.h"
#include "store/watch.h"
#include "util/log.h"
#include "wire/mboxname.h"

#define REST_AFTER_MS	2000	/* without news memory is given back */

/* --- Reading --- */

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

/* Damaged, or just deleted: others go on.  It is read again at each look, and said
 * once. */
static void
failed(struct session *s, struct watched *w, const struct err *err)
{
	if (err->kind == ERR_INTERNAL && !w->failed)
		report_error(s, err);
	w->failed = true;
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
		failed(s, w, err);
		arena_free(w->arena);
		w->arena = was.arena;
		w->rows = was.rows;
		w->n = was.n;
		w->stamp = was.stamp;
		return;
	}
	w->failed = false;
	if ((w->rights & RIGHT_READ) != 0)
		notify_tell_account(s, w, &was);
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
		notify_tell_account(s, &now, w);
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

		if ((share->rights & RIGHT_LOOKUP) != 0 &&
		    notify_share_wanted(n, arena_printf(s->arena, "%s%c%s",
		    SHARED_ROOT, MBOXNAME_SEP, share->name)))
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

/* Those of accounts follow: attributes tell whether a name is subscribed.  False
 * when they cannot be read: then the user's own account waits too. */
static bool
look_subscriptions(struct session *s, struct watched *own)
{
	struct notify *n = s->notify;
	struct arena *arena = n->names_arena;
	const char **was = n->names;
	const size_t was_n = n->names_n;
	const struct err *err;

	err = read_subscriptions(s);
	if (err != NULL) {
		failed(s, own, err);
		return false;
	}
	notify_tell_subscriptions(s, was, was_n);
	for (size_t i = 0; i < n->args->n; i++)
		if (n->args->groups[i].filter == NOTIFY_SUBSCRIBED &&
		    (was_n != n->names_n || was_n > 0))
			n->store_stamp = 0;	/* choose again */
	arena_free(arena);
	return true;
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
	bool fits = true, ok = true;

	if (own != NULL && (own->account == NULL ||
	    account_stamp(own->account) != own->stamp))
		ok = look_subscriptions(s, own);
	if (n->store_stamp != s->store_stamp)
		fits = choose_accounts(s);
	for (size_t i = 0; fits && i < n->accounts_n; i++)
		if (ok || n->accounts[i].share != NULL)
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

	if (n != NULL && n->own_n < NOTIFY_OWN_MAX)
		n->own[n->own_n++] = full;
}

/* UIDs that this session itself gave in the selected mailbox. */
static void
own_messages(struct selected *sel, const char *id,
    const struct mailbox_state *before, const struct mailbox_state *after)
{
	struct seqset_builder *b;

	if (sel == NULL || after->uidnext <= before->uidnext ||
	    strcmp(id, mailbox_id(sel->mbox)) != 0)
		return;
	b = &sel->added;
	if (b->n == 0 || b->ranges[b->n - 1].last < before->uidnext)
		seqset_add_range(b, before->uidnext, after->uidnext - 1);
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

	own_messages(s->selected, id, before, after);
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

void
notify_hear(struct session *s)
{
	mailbox_on_commit(own_commit, s);
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
		notify_tell_first(s, &n->accounts[i]);
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
	notify_hear(s);
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

static const struct err *
tell_range(struct session *s, struct fetch_args *args, uint32_t first,
    uint32_t last)
{
	const char *ok_text = s->ok_text;
	const struct err *err;

	err = fetch_tell(s, args, first, last);
	s->ok_text = ok_text;
	if (err == NULL || err->kind == ERR_IO)
		return err;
	if (err->kind == ERR_INTERNAL)
		report_error(s, err);
	return NULL;
}

/* RFC 5465 5.2: not of what this client adds itself, but of what others add while
 * it does. */
const struct err *
notify_tell(struct session *s, struct fetch_args *args, uint32_t first,
    uint32_t last)
{
	const struct seqset own = seqset_built(&s->selected->added);
	const struct err *err = NULL;

	for (size_t i = 0; err == NULL && first <= last && i <= own.n; i++) {
		const bool more = i < own.n && own.ranges[i].first <= last;
		const uint32_t end = more ? own.ranges[i].first - 1 : last;

		if (first <= end)
			err = tell_range(s, args, first, end);
		if (!more)
			break;
		if (own.ranges[i].last >= first)
			first = own.ranges[i].last + 1;
	}
	return err;
}

/* IDLE comes here often within one command, as contexts_update() does. */
const struct err *
notify_fetch(struct session *s, uint32_t first, uint32_t below)
{
	struct arena *command = s->arena;
	const struct err *err;

	if (s->notify == NULL || s->notify->fetch == NULL)
		return NULL;
	s->arena = arena_new();
	err = notify_tell(s, s->notify->fetch, first, below - 1);
	arena_free(s->arena);
	s->arena = command;
	return err;
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

/* Not its address, which the next one may have again. */
static uint64_t
selected_serial(const struct session *s)
{
	return s->selected != NULL ? s->selected->serial : 0;
}

static void
arm(struct session *s)
{
	struct notify *n = s->notify;
	int dirs[NOTIFY_DIRS_MAX];
	unsigned int count;

	if (n->watch != NULL && n->watch_epoch == n->epoch &&
	    n->watch_selected == selected_serial(s))
		return;
	watch_free(n->watch);
	count = notify_dirs(s, dirs);
	n->watch = watch_new(dirs, count, s->conf->inotify);
	n->watch_epoch = n->epoch;
	n->watch_selected = selected_serial(s);
}

/* Between two commands: what the loop does at their ends. */
static const struct err *
look_between(struct session *s)
{
	const struct err *err;
	uint64_t epoch;

	do {
		arena_reset(s->arena);
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
	    s->notify->watch_selected != selected_serial(s));
	return NULL;
}

const struct err *
notify_wait(struct session *s)
{
	struct notify *n = s->notify;
	bool rested = false, input = false, news;
	const struct err *err;
	int fd, timeout, look;

	for (;;) {
		uint64_t count = output_count(s->out);

		err = look_between(s);
		if (err != NULL || n->overflown)
			return err;
		rested = rested && output_count(s->out) == count &&
		    session_rested(s);
		fd = watch_fd(n->watch);
		look = watch_timeout(n->watch);
		news = false;
		while (!news && look > 0) {
			timeout = !rested && look > REST_AFTER_MS ?
			    REST_AFTER_MS : look;
			/* An error comes again to the parser. */
			if (input_wait(s->in, &fd, fd != -1, timeout, &input,
			    &news) != NULL || input)
				return NULL;
			if (!news && !rested)
				session_rest(s);
			rested = rested || !news;
			look -= timeout;
		}
	}
}
