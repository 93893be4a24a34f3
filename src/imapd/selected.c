/* selected.c - the selected mailbox, and what the client was told of it
 * SPDX-License-Identifier: ISC */
#include "imapd/selected.h"
#include "imapd/notify.h"

#include <stdlib.h>
#include <string.h>

#include "imapd/capability.h"
#include "imapd/condstore.h"
#include "imapd/context.h"
#include "util/log.h"
#include "wire/mboxname.h"

#define CHANGES_AT_ONCE	1024	/* flag changes that are held in memory */

/* What the rights of RFC 4314 4 allow to change with STORE, and to give to a
 * message with APPEND and COPY. */
uint64_t
rights_flag_mask(rights_t rights)
{
	uint64_t mask = 0;

	if (rights & RIGHT_SEEN)
		mask |= FLAG_SEEN;
	if (rights & RIGHT_DELETE)
		mask |= FLAG_DELETED;
	if (rights & RIGHT_WRITE)
		mask |= ~(FLAG_SEEN | FLAG_DELETED);
	return mask;
}

uint64_t
selected_may_change(const struct selected *sel)
{
	return sel->readonly ? 0 : rights_flag_mask(sel->rights);
}

const struct err *
selected_need(struct session *s, rights_t need)
{
	const struct place place = {
		.account = mailbox_account(s->selected->mbox),
		.name = s->selected->name,
		.full = s->selected->name,
		.rights = s->selected->rights,
		.shared = s->selected->shared
	};

	return session_need(s, &place, need);
}

bool
selected_is_recent(const struct selected *sel, uint32_t uid)
{
	struct seqset set;

	if (sel->recent.n == 0)
		return false;
	set = seqset_built(&sel->recent);
	return seqset_has(&set, uid);
}

/* How many of a sorted set's UIDs are recent; the set is of messages that are
 * there. */
static uint32_t
recent_among(const struct selected *sel, const struct seqset *uids)
{
	uint32_t n = 0;

	if (sel->recent.n == 0)
		return 0;
	for (size_t i = 0; i < uids->n; i++)
		for (uint32_t uid = uids->ranges[i].first;; uid++) {
			n += selected_is_recent(sel, uid);
			if (uid == uids->ranges[i].last)
				break;
		}
	return n;
}

static void
tell_number(struct session *s, uint32_t n, const char *what)
{
	output_add(s->out, "* ", 2);
	reply_number(s->out, n);
	output_adds(s->out, what);
	output_add(s->out, "\r\n", 2);
}

/* RFC 9051 E: IMAP4rev2 knows no \Recent.  Such a session takes it from others all
 * the same: it is the first to be told. */
static bool
knows_recent(const struct session *s)
{
	return !session_enabled(s, ENABLED_IMAP4REV2);
}

static void
tell_recent(struct session *s)
{
	if (knows_recent(s))
		tell_number(s, s->selected->recent_exists, " RECENT");
}

/* --- FLAGS --- */

const struct err *
selected_tell_flags(struct session *s)
{
	struct selected *sel = s->selected;
	const uint64_t may = selected_may_change(sel);
	const char *const *names;
	const struct err *err;
	size_t n, shown;

	if ((err = mailbox_keywords(sel->mbox, &names, &n)) != NULL)
		return err;
	output_adds(s->out, "* FLAGS ");
	reply_flags(s->out, UINT64_MAX, false, names, n);
	output_adds(s->out, "\r\n* OK [PERMANENTFLAGS (");
	shown = 0;
	for (unsigned int bit = 0; bit < FLAG_KEYWORD_FIRST + n; bit++) {
		if ((may >> bit & 1) == 0)
			continue;
		if (shown++ > 0)
			output_add(s->out, " ", 1);
		output_adds(s->out, bit < FLAG_KEYWORD_FIRST ?
		    flag_system_name(bit) : names[bit - FLAG_KEYWORD_FIRST]);
	}
	/* "\*": new keywords can be made (RFC 3501 7.1). */
	if ((may & FLAG_ANSWERED) && n < FLAG_KEYWORDS_MAX)
		output_adds(s->out, shown > 0 ? " \\*" : "\\*");
	output_adds(s->out, may != 0 ? ")] Limited by rights only\r\n" :
	    ")] No flag can be changed\r\n");
	sel->told_keywords = (uint32_t)n;
	return NULL;
}

const struct err *
selected_tell_keywords(struct session *s)
{
	struct selected *sel = s->selected;
	const char *const *names;
	const struct err *err;
	size_t n;

	if ((err = mailbox_keywords(sel->mbox, &names, &n)) != NULL)
		return err;
	return n == sel->told_keywords ? NULL : selected_tell_flags(s);
}

/* --- The view --- */

/*
 * The told watermarks name one moment of the mailbox, so the fill is exact
 * however many commits came since.
 */
static void
append_range(struct view *view, uint32_t first, uint32_t last)
{
	struct seqrange r = { first, last };

	if (first <= last)
		view_append(view, &(struct seqset){ &r, 1 });
}

/*
 * Fill the view with all UIDs but those of tombstones: where few messages went
 * that takes time by their number, not by the mailbox's.  Leaves the view empty
 * when the tombstones do not account for every UID that is missing.
 */
static const struct err *
fill_by_holes(struct selected *sel, uint32_t holes)
{
	struct seqset_builder b = { 0 };
	uint32_t next = 1;
	const struct err *err;
	struct seqset gone;
	bool known = true;

	if (holes > 0)
		err = mailbox_expunged(sel->mbox, 0, sel->told_expunge,
		    sel->told_uidnext, &b, &known);
	else
		err = NULL;
	gone = seqset_built(&b);
	if (err == NULL && known && seqset_count(&gone) == holes) {
		for (size_t i = 0; i < gone.n; i++) {
			append_range(&sel->view, next,
			    gone.ranges[i].first - 1);
			next = gone.ranges[i].last + 1;
		}
		append_range(&sel->view, next, sel->told_uidnext - 1);
		sel->filled = true;
	}
	seqset_builder_clear(&b);
	return err;
}

/* What the client was told cannot be found out any more. */
static const struct err *
fill_failed(struct session *s)
{
	struct selected *sel = s->selected;
	struct mailbox_state state;
	const struct err *err;

	if ((err = mailbox_state(sel->mbox, &state)) != NULL)
		return err;
	if (sel->told_expunge < state.purgedmodseq)
		return session_bye(s, "outdated", "What was expunged here "
		    "meanwhile is forgotten, select the mailbox again");
	return err_internal("mailbox %s has %u messages where its counter says "
	    "%u: run mboxadm check --repair", mailbox_id(sel->mbox),
	    sel->view.count, sel->told_exists);
}

const struct err *
selected_fill(struct session *s)
{
	struct selected *sel = s->selected;
	const uint32_t holes = sel->told_uidnext - 1 - sel->told_exists;
	struct seqset_builder b = { 0 };
	const struct err *err = NULL;
	struct seqset set;

	if (!sel->filled && holes <= sel->told_exists / 4)
		err = fill_by_holes(sel, holes);
	if (sel->filled || err != NULL)
		return err;
	err = mailbox_uids(sel->mbox, 1, sel->told_uidnext, sel->told_expunge,
	    &b);
	if (err == NULL) {
		set = seqset_built(&b);
		view_append(&sel->view, &set);
		if (sel->view.count != sel->told_exists)
			err = fill_failed(s);
	}
	seqset_builder_clear(&b);
	if (err != NULL)
		view_clear(&sel->view);
	else
		sel->filled = true;
	return err;
}

uint32_t
selected_seq(const struct selected *sel, uint32_t uid, size_t *hint)
{
	const struct view_range *r = sel->view.ranges;
	const size_t n = sel->view.n;
	size_t i = *hint;
	uint32_t count;

	if (i >= n || uid < r[i].uid)
		return view_seq(&sel->view, uid);
	for (unsigned int step = 0; i + 1 < n && r[i + 1].uid <= uid; i++)
		if (step++ == 16) {	/* a jump: search instead */
			return view_seq(&sel->view, uid);
		}
	*hint = i;
	count = (i + 1 < n ? r[i + 1].seq : sel->view.count + 1) - r[i].seq;
	return uid - r[i].uid < count ? r[i].seq + (uid - r[i].uid) : 0;
}

/* RFC 3501 9 "seq-number": a number beyond the messages is answered with BAD,
 * and so is "*" in an empty mailbox. */
static const struct err *
check_numbers(const struct seqset *set, uint32_t largest)
{
	for (size_t i = 0; i < set->n; i++) {
		const uint32_t first = set->ranges[i].first;
		const uint32_t last = set->ranges[i].last;

		if (largest == 0)
			return err_syntax("The mailbox has no messages");
		if ((first > largest && first != SEQSET_STAR) ||
		    (last > largest && last != SEQSET_STAR))
			return err_syntax("No such message, the last is %u",
			    largest);
	}
	return NULL;
}

const struct err *
selected_may_save(const struct session *s)
{
	return capability_off(s, "SEARCHRES") &&
	    !session_enabled(s, ENABLED_IMAP4REV2) ?
	    err_syntax("SEARCHRES is turned off") : NULL;
}

/* A copy of set, resolved and without "$", when all that is in it may be
 * named. */
static const struct err *
resolve(struct session *s, const struct seqset *set, bool is_uid,
    struct seqset *known_r)
{
	struct selected *sel = s->selected;
	const struct err *err;
	struct seqset plain = *set;
	uint32_t largest = sel->told_exists;

	if (seqset_names_saved(set) && (err = selected_may_save(s)) != NULL)
		return err;
	if (seqset_names_saved(set))
		plain = seqset_without_saved(s->arena, set);
	if (!is_uid && (err = check_numbers(&plain, largest)) != NULL)
		return err;
	if ((err = selected_fill(s)) != NULL)
		return err;
	if (is_uid && (largest = view_last_uid(&sel->view)) == 0)
		largest = sel->told_uidnext;
	*known_r = seqset_resolve(s->arena, &plain, largest);
	return NULL;
}

/* RFC 9051 6.4.4.1: "$" stands for messages, whatever names them. */
static void
add_saved(struct session *s, const struct seqset *set, struct seqset *uids)
{
	struct seqset saved;

	if (!seqset_names_saved(set))
		return;
	saved = seqset_built(&s->selected->saved);
	*uids = uids->n == 0 ? saved : seqset_union(s->arena, uids, &saved);
}

const struct err *
selected_uids(struct session *s, const struct seqset *set, bool is_uid,
    struct seqset *uids_r)
{
	const struct view *view = &s->selected->view;
	const struct err *err;
	struct seqset known;

	if ((err = resolve(s, set, is_uid, &known)) != NULL)
		return err;
	if (!is_uid)
		known = view_uids(view, s->arena, &known);
	add_saved(s, set, &known);
	*uids_r = is_uid || seqset_names_saved(set) ?
	    view_known(view, s->arena, &known) : known;
	return NULL;
}

/* --- What is new --- */

static void
tell_expunge(void *arg, uint32_t seq)
{
	tell_number(arg, seq, " EXPUNGE");
}

/* The UIDs of the view that are gone. */
static const struct err *
find_expunged(struct session *s, struct seqset *gone_r)
{
	struct selected *sel = s->selected;
	struct seqset_builder b = { 0 };
	const struct err *err;
	struct seqset set;
	bool known;

	/* May hold what went after the state that is told of: that is told now,
	 * and the next look finds it out of the view. */
	err = mailbox_expunged(sel->mbox, sel->told_expunge, INT64_MAX,
	    sel->told_uidnext, &b, &known);
	if (err == NULL && !known)
		err = mailbox_uids(sel->mbox, 1, sel->told_uidnext, INT64_MAX,
		    &b);
	if (err == NULL) {
		set = seqset_built(&b);
		*gone_r = known ? view_known(&sel->view, s->arena, &set) :
		    view_others(&sel->view, s->arena, &set);
	}
	seqset_builder_clear(&b);
	return err;
}

/* state is a moment at or behind the one that told_expunge names. */
static const struct err *
sync_expunges(struct session *s, const struct mailbox_state *state)
{
	struct selected *sel = s->selected;
	const bool vanished = vanished_on(s);
	const struct err *err;
	struct seqset gone;

	if ((err = find_expunged(s, &gone)) != NULL)
		return err;
	sel->recent_exists -= recent_among(sel, &gone);
	contexts_expunge(s, &gone);
	/* RFC 7162 3.2.10.2: only of what the client was told. */
	if (vanished)
		vanished_send(s, &gone, false);
	view_expunge(&sel->view, &gone, vanished ? NULL : tell_expunge, s);
	sel->told_exists -= (uint32_t)seqset_count(&gone);
	sel->told_expunge = state->highestmodseq;
	sel->expunge_waits = false;
	s->highest_due |= condstore_on(s);
	return NULL;
}

/* Messages below state's uidnext that the client does not know of. */
static const struct err *
sync_new(struct session *s, const struct mailbox_state *state)
{
	struct selected *sel = s->selected;
	struct seqset_builder b = { 0 };
	const struct err *err;
	struct seqset set;
	uint32_t exists, first = UINT32_MAX;

	err = mailbox_recent(sel->mbox, !sel->readonly, state->uidnext,
	    &first);
	/* Those expunged later than state still count as of state. */
	if (err == NULL)
		err = mailbox_uids(sel->mbox, sel->told_uidnext,
		    state->uidnext, state->highestmodseq, &b);
	if (err != NULL)
		goto done;
	set = seqset_built(&b);
	if (sel->filled) {
		view_append(&sel->view, &set);
		exists = sel->view.count;
	} else
		exists = state->messages;
	for (size_t i = 0; i < set.n && knows_recent(s); i++)
		for (uint32_t uid = set.ranges[i].first;; uid++) {
			if (uid >= first) {
				seqset_add(&sel->recent, uid);
				sel->recent_exists++;
			}
			if (uid == set.ranges[i].last)
				break;
		}
	sel->told_uidnext = state->uidnext;
	sel->told_exists = exists;
	if (set.n > 0) {
		tell_number(s, exists, " EXISTS");
		tell_recent(s);
	}
done:
	seqset_builder_clear(&b);
	return err;
}

void
selected_tell_change(struct session *s, const struct change *change,
    bool flags, uint32_t seq, const char *const *names, size_t n)
{
	const struct selected *sel = s->selected;

	fetch_head(s, seq, change->uid);
	/* RFC 3501 6.4.8: what a UID command causes carries the UID; RFC 7162
	 * 3.2.4, RFC 9051 7.5.2, RFC 5465 5.1: so does all once CONDSTORE,
	 * IMAP4rev2 or NOTIFY is on. */
	if (!session_enabled(s, ENABLED_UIDONLY) && (condstore_on(s) ||
	    session_enabled(s, ENABLED_IMAP4REV2) || s->notify != NULL ||
	    (s->cmd != NULL && strncmp(s->cmd->name, "UID ", 4) == 0))) {
		output_adds(s->out, "UID ");
		reply_number(s->out, change->uid);
		output_add(s->out, " ", 1);
	}
	if (condstore_on(s)) {
		condstore_send(s, change->modseq);
		output_add(s->out, flags ? " " : "", flags);
	}
	if (flags) {
		output_adds(s->out, "FLAGS ");
		reply_flags(s->out, change->flags,
		    selected_is_recent(sel, change->uid), names, n);
	}
	output_add(s->out, ")\r\n", 3);
}

/*
 * Flags of messages that the client knew before this look.  In pieces: no
 * statement is open while the output drains.
 */
static const struct err *
sync_flags(struct session *s, uint32_t below)
{
	struct selected *sel = s->selected;
	struct change *changes;
	const char *const *names;
	const struct err *err;
	uint32_t first = 1, seq;
	size_t n, names_n, hint = 0;

	changes = reallocarray(NULL, CHANGES_AT_ONCE, sizeof(*changes));
	if (changes == NULL)
		fatal("out of memory");
	do {
		err = mailbox_changes(sel->mbox, sel->told_modseq,
		    sel->own_modseq, first, below, changes, CHANGES_AT_ONCE,
		    &n);
		if (err == NULL && n > 0)
			err = selected_fill(s);
		if (err == NULL && n > 0)
			err = selected_tell_keywords(s);
		if (err == NULL && n > 0)
			err = mailbox_keywords(sel->mbox, &names, &names_n);
		for (size_t i = 0; err == NULL && i < n; i++) {
			seq = selected_seq(sel, changes[i].uid, &hint);
			if (seq > 0)
				selected_tell_change(s, &changes[i], true, seq,
				    names, names_n);
			first = changes[i].uid + 1;
		}
	} while (err == NULL && n == CHANGES_AT_ONCE);
	free(changes);
	return err;
}

/* Whether nothing was committed but what this session did last. */
static bool
all_own(const struct selected *sel, const struct mailbox_state *state)
{
	return state->highestmodseq == sel->own_modseq &&
	    sel->own_modseq == sel->told_modseq + 1;
}

/*
 * RFC 7162 3.2: flags that the client does not want to hear of (RFC 5465 3.1) are
 * for it to find by the mod-sequence that it takes for its highest.
 */
static const struct err *
leave_out_flags(struct selected *sel, uint32_t below)
{
	const struct err *err;
	struct change change;
	size_t n = 0;

	if (sel->left_out)
		return NULL;
	err = mailbox_changes(sel->mbox, sel->told_modseq, sel->own_modseq, 1,
	    below, &change, 1, &n);
	if (err == NULL && n > 0) {
		sel->left_out = true;
		sel->whole_modseq = sel->told_modseq;
	}
	return err;
}

static const struct err *
tell_flags(struct session *s, const struct mailbox_state *state,
    uint32_t below)
{
	struct selected *sel = s->selected;

	if (state->highestmodseq <= sel->told_modseq || all_own(sel, state))
		return NULL;
	return (notify_selected(s) & NOTIFY_FLAGS) != 0 ? sync_flags(s, below) :
	    leave_out_flags(sel, below);
}

static const struct err *
sync_state(struct session *s, const struct mailbox_state *state, bool expunge)
{
	struct selected *sel = s->selected;
	const bool pending = state->expungemodseq > sel->told_expunge;
	const uint32_t below = sel->told_uidnext;
	const struct err *err = NULL;

	if (state->keywords != sel->told_keywords)
		err = selected_tell_keywords(s);
	/*
	 * While an expunge waits the watermarks name no one moment once new
	 * messages are told: from here on the view alone knows.
	 */
	if (err == NULL && pending)
		err = selected_fill(s);
	if (err != NULL)
		return err;
	if (pending && expunge)
		err = sync_expunges(s, state);
	else if (pending)
		sel->expunge_waits = true;
	else
		sel->told_expunge = state->highestmodseq;
	if (err == NULL && state->uidnext > sel->told_uidnext)
		err = sync_new(s, state);
	if (err == NULL)
		err = tell_flags(s, state, below);
	if (err == NULL && state->highestmodseq > sel->told_modseq)
		err = contexts_update(s, sel->told_modseq, below);
	if (err == NULL)
		sel->told_modseq = state->highestmodseq;
	return err;
}

/*
 * RFC 3501 6.3.5: RENAME gives INBOX's messages to another name.  A session that
 * stayed with them would wait for new mail in vain.
 */
static const struct err *
check_inbox(struct session *s)
{
	const struct selected *sel = s->selected;
	const struct err *err;
	struct mailbox_row row;
	struct arena *a;

	if (sel->shared || strcmp(sel->name, "INBOX") != 0)
		return NULL;
	a = arena_new();	/* IDLE comes here often within one command */
	err = account_find(s->account, a, sel->name, &row);
	arena_free(a);
	if (err == NULL && strcmp(row.id, mailbox_id(sel->mbox)) != 0)
		err = session_bye(s, "mailbox-gone", "INBOX was renamed");
	return err;
}

bool
selected_stale(const struct selected *sel)
{
	/* In this order, see mailbox_at_work(). */
	return mailbox_at_work(sel->mbox) ||
	    mailbox_stamp(sel->mbox) != sel->stamp;
}

/* Only whether there would be something to tell. */
static const struct err *
sync_nothing(struct session *s)
{
	struct selected *sel = s->selected;
	struct mailbox_state state;
	const struct err *err = NULL;

	if (s->modseq_sent && !sel->behind && selected_stale(sel)) {
		err = mailbox_state(sel->mbox, &state);
		sel->behind = err == NULL && !all_own(sel, &state) &&
		    state.highestmodseq > sel->told_modseq;
	}
	sel->own_modseq = 0;
	return err;
}

const struct err *
selected_sync(struct session *s, bool expunge)
{
	struct selected *sel = s->selected;
	struct mailbox_state state;
	const struct err *err;
	uint64_t stamp;
	uint32_t first;
	bool at_work;

	if (sel == NULL)
		return NULL;
	/* RFC 5465 3.1: what the client does not want it is not told. */
	if (notify_selected(s) == 0)
		return sync_nothing(s);
	first = sel->told_uidnext;
	/* The stamp first: a commit after it changes it again. */
	at_work = mailbox_at_work(sel->mbox);
	stamp = mailbox_stamp(sel->mbox);
	if (!at_work && stamp == sel->stamp && !(expunge && sel->expunge_waits)) {
		sel->own_modseq = 0;
		return NULL;
	}
	if (mailbox_gone(sel->mbox))
		return session_bye(s, "mailbox-gone",
		    "The selected mailbox was deleted");
	err = check_inbox(s);
	if (err == NULL)
		err = mailbox_state(sel->mbox, &state);
	if (err == NULL)
		err = sync_state(s, &state, expunge);
	sel->own_modseq = 0;
	if (err == NULL) {
		sel->stamp = stamp;
		sel->behind = false;
	}
	if (err == NULL && sel->told_uidnext > first)
		err = notify_fetch(s, first, sel->told_uidnext);
	if (err == NULL)
		seqset_builder_clear(&sel->added);
	return err;
}

/* --- Its name --- */

/* A full name in s, as session_place() makes them. */
static char *
full_name(const struct selected *sel, const char *name)
{
	const char *sep = *name == '\0' ? "" : MBOXNAME_SEP_S;
	char *full = NULL;

	if (!sel->shared)
		full = strdup(name);
	else if (asprintf(&full, SHARED_ROOT MBOXNAME_SEP_S "%s%s%s",
	    sel->share, sep, name) == -1)
		full = NULL;
	if (full == NULL)
		fatal("out of memory");
	return full;
}

const char *
selected_name(struct session *s)
{
	struct selected *sel = s->selected;
	struct arena *a;
	const char *name;

	/* That INBOX was renamed is found out by check_inbox(). */
	if (!sel->shared && strcmp(sel->name, "INBOX") == 0)
		return sel->name;
	a = arena_new();
	if (mailbox_name(sel->mbox, a, &name) == NULL) {
		free(sel->name);
		sel->name = full_name(sel, name);
	}
	arena_free(a);
	return sel->name;
}

/* --- SELECT and away --- */

/* All from the first unclaimed UID on is recent; only their number is asked
 * for, and that only where it does not follow. */
static const struct err *
open_recent(const struct session *s, struct selected *sel,
    const struct mailbox_state *state)
{
	struct seqset_builder b = { 0 };
	const struct err *err;
	struct seqset set;
	uint32_t first;

	/* EXAMINE leaves \Recent to the next session (RFC 3501 6.3.2). */
	err = mailbox_recent(sel->mbox, !sel->readonly, state->uidnext,
	    &first);
	if (err != NULL || first >= state->uidnext || !knows_recent(s))
		return err;
	if (first <= 1) {
		sel->recent_exists = state->messages;
	} else if (state->messages == state->uidnext - 1) {
		sel->recent_exists = state->uidnext - first;
	} else {
		err = mailbox_uids(sel->mbox, first, state->uidnext,
		    state->highestmodseq, &b);
		set = seqset_built(&b);
		sel->recent_exists = (uint32_t)seqset_count(&set);
		seqset_builder_clear(&b);
	}
	seqset_add(&sel->recent, first);
	sel->recent.ranges[0].last = state->uidnext - 1;
	return err;
}

static const struct err *
tell_selected(struct session *s, uint32_t unseen)
{
	const struct selected *sel = s->selected;
	const struct err *err;

	if ((err = selected_tell_flags(s)) != NULL)
		return err;
	tell_number(s, sel->told_exists, " EXISTS");
	tell_recent(s);
	/*
	 * DEVIATION RFC 3501 6.3.1: left out where counting up to it would take
	 * time by the mailbox's size; clients then search for it.
	 */
	if (unseen > 0 && !session_enabled(s, ENABLED_UIDONLY))
		output_addf(s->out, "* OK [UNSEEN %u] First unseen message\r\n",
		    unseen);
	output_addf(s->out, "* OK [UIDVALIDITY %u] UIDs are valid\r\n",
	    mailbox_uidvalidity(sel->mbox));
	output_addf(s->out, "* OK [UIDNEXT %u] Predicted next UID\r\n",
	    sel->told_uidnext);
	condstore_tell_highest(s);	/* RFC 7162 3.1.2.1 */
	return NULL;
}

static void
selected_free(struct selected *sel, bool with_mailbox)
{
	if (with_mailbox)
		mailbox_close(sel->mbox);
	view_clear(&sel->view);
	seqset_builder_clear(&sel->recent);
	seqset_builder_clear(&sel->added);
	seqset_builder_clear(&sel->saved);
	contexts_free(sel->contexts);
	free(sel->name);
	free(sel->share);
	free(sel);
}

static struct selected *
selected_new(const struct place *place, struct mailbox *mbox, bool readonly)
{
	static uint64_t serial;
	struct selected *sel = calloc(1, sizeof(*sel));

	if (sel == NULL || (sel->name = strdup(place->full)) == NULL)
		fatal("out of memory");
	if (place->shared &&
	    (sel->share = strdup(account_name(place->account))) == NULL)
		fatal("out of memory");
	sel->serial = ++serial;
	sel->mbox = mbox;
	sel->rights = place->rights;
	sel->shared = place->shared;
	sel->readonly = readonly;
	return sel;
}

const struct err *
selected_open(struct session *s, const struct place *place,
    struct mailbox *mbox, bool readonly)
{
	struct selected *sel = selected_new(place, mbox, readonly);
	struct mailbox_state state;
	const struct err *err;
	uint32_t unseen = 0;

	sel->stamp = mailbox_stamp(mbox);
	err = mailbox_state(mbox, &state);
	if (err == NULL) {
		sel->told_uidnext = state.uidnext;
		sel->told_exists = state.messages;
		sel->told_modseq = sel->told_expunge = state.highestmodseq;
		err = open_recent(s, sel, &state);
	}
	/* RFC 9051 E: nor does it know UNSEEN here. */
	if (err == NULL && knows_recent(s))
		err = mailbox_first_unseen(mbox, state.uidnext, &unseen);
	if (err == NULL) {
		if (unseen > sel->told_exists)	/* others expunge */
			unseen = 0;
		s->selected = sel;
		s->state = ST_SELECTED;
		err = tell_selected(s, unseen);
	}
	if (err != NULL) {
		s->selected = NULL;
		s->state = ST_AUTHENTICATED;
		selected_free(sel, false);
	}
	return err;
}

void
selected_close(struct session *s)
{
	if (s->selected == NULL)
		return;
	selected_free(s->selected, true);
	s->selected = NULL;
	s->state = ST_AUTHENTICATED;
}
