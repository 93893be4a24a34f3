/* session.c - one client's session
 * SPDX-License-Identifier: ISC */
#include "imapd/session.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "imapd/confine.h"
#include "imapd/progress.h"
#include "imapd/report.h"
#include "imapd/notify.h"
#include "imapd/selected.h"
#include "imapd/signals.h"
#include "util/log.h"
#include "util/memory.h"

#define WORK_OCTETS	(16 * 1024 * 1024)	/* before the client is looked for */

struct session *
session_new(const struct conf *conf, struct store *store,
    const struct peer *peer, int in, int out)
{
	struct session *s = calloc(1, sizeof(*s));
	struct timespec ts;

	if (s == NULL)
		fatal("out of memory");
	clock_gettime(CLOCK_MONOTONIC, &ts);
	s->started = (int64_t)ts.tv_sec;
	s->conf = conf;
	s->store = store;
	s->in = input_new(in);
	s->out = output_new(out);
	s->arena = arena_new();
	s->slot = -1;
	s->state = ST_NOT_AUTHENTICATED;
	s->peer = *peer;
	s->door = s->keeper = -1;
	return s;
}

struct session_start
session_put_down(struct session *s, char octets[INPUT_BUFFER])
{
	size_t len = input_buffered(s->in);
	struct session_start at = {
		.in = input_count(s->in), .commands = s->commands,
		.login_failures = s->login_failures,
		.unread = octets, .unread_len = len
	};

	if (len > 0)
		input_read(s->in, octets, len);
	/* A client that is gone is noticed by whoever takes it up. */
	(void)output_flush(s->out);
	at.out = output_count(s->out);
	return at;
}

void
session_take_up(struct session *s, const struct session_start *at)
{
	input_resume(s->in, at->in, at->unread, at->unread_len);
	output_resume(s->out, at->out);
	s->commands = at->commands;
	s->login_failures = at->login_failures;
}

static void
shares_free(struct share *shares, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		account_close(shares[i].account);
		free(shares[i].name);
	}
	free(shares);
}

void
session_free(struct session *s)
{
	if (s == NULL)
		return;
	notify_end(s);
	selected_close(s);
	shares_free(s->shares, s->shares_n);
	mailbox_close(s->appended);
	account_close(s->account);
	session_hold(s, -1);
	free(s->user);
	free(s->capabilities_off);
	free(s->reach);
	arena_free(s->arena);
	output_free(s->out);
	input_free(s->in);
	free(s);
}

void
session_hold(struct session *s, int fd)
{
	if (s->slot != -1)
		close(s->slot);
	s->slot = fd;
}

void
session_rest(struct session *s)
{
	mailbox_close(s->appended);
	s->appended = NULL;
	if (s->selected != NULL)
		mailbox_rest(s->selected->mbox);
	if (s->account != NULL)
		account_rest(s->account);
	for (size_t i = 0; i < s->shares_n; i++)
		if (s->shares[i].account != NULL)
			account_rest(s->shares[i].account);
	store_rest(s->store);
	input_rest(s->in);
	output_rest(s->out);
	memory_rest();
}

const struct err *
session_worked(struct session *s, uint64_t octets)
{
	s->worked += octets;
	if (s->worked < WORK_OCTETS)
		return NULL;
	s->worked = 0;
	if (signals_stop())
		return err_io("the server is being stopped");
	/* What it is sent tells whether it is there. */
	progress_some(s);
	return output_alive(s->out);
}

bool
session_untidy(const struct session *s)
{
	return mailbox_untidy(s->appended) ||
	    (s->selected != NULL && mailbox_untidy(s->selected->mbox));
}

void
session_tidy(struct session *s)
{
	mailbox_tidy(s->appended);
	if (s->selected != NULL)
		mailbox_tidy(s->selected->mbox);
}

bool
session_rested(const struct session *s)
{
	return !store_awake(s->store);
}

const struct err *
session_bye(struct session *s, const char *reason, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	output_addf(s->out, "* BYE %s\r\n", text);
	s->bye = reason;
	return err_io("%s", text);
}

void
session_ok(struct session *s, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	char *all;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (len < 0)
		fatal("vsnprintf: bad format");
	if ((size_t)len < sizeof(text)) {
		s->ok_text = arena_strdup(s->arena, text);
		return;
	}
	/* COPYUID can be long. */
	all = arena_alloc(s->arena, (size_t)len + 1);
	va_start(ap, fmt);
	vsnprintf(all, (size_t)len + 1, fmt, ap);
	va_end(ap);
	s->ok_text = all;
}

/* --- User and grants --- */

static char *
copy_string(const char *str)
{
	char *copy = strdup(str);

	if (copy == NULL)
		fatal("out of memory");
	return copy;
}

/* The shared mailboxes that are granted to the user now; no account is open. */
static const struct err *
shares_read(struct session *s, struct arena *a, const char *user,
    struct share **shares_r, size_t *n_r)
{
	const struct err *err;
	struct grant *grants = NULL;
	struct share *shares;
	size_t n = 0;

	err = grant_list(s->store, a, NULL, user, &grants, &n);
	if (err != NULL)
		return err;
	shares = calloc(n > 0 ? n : 1, sizeof(*shares));
	if (shares == NULL)
		fatal("out of memory");
	for (size_t i = 0; i < n; i++) {
		shares[i].name = copy_string(grants[i].shared);
		shares[i].rights = grants[i].rights;
	}
	*shares_r = shares;
	*n_r = n;
	return NULL;
}

const struct err *
session_login(struct session *s, const char *name)
{
	const struct err *err;
	struct user user = { 0 };
	struct account *account = NULL;
	uint64_t stamp;

	/* Before reading: a change in between is seen at the next command. */
	stamp = store_stamp(s->store);
	err = user_find(s->store, s->arena, name, &user);
	if (err != NULL)
		return err;
	err = account_open(s->store, ACCOUNT_USER, user.name, &account);
	if (err != NULL)
		return err;
	err = shares_read(s, s->arena, user.name, &s->shares, &s->shares_n);
	if (err != NULL) {
		account_close(account);
		return err;
	}
	s->user = copy_string(user.name);
	s->capabilities_off = copy_string(user.capabilities_off);
	s->user_created = user.created;
	s->may = user.may;
	s->search_index = user_search_index(&user, s->conf);
	s->account = account;
	s->store_stamp = stamp;
	s->state = ST_AUTHENTICATED;
	return NULL;
}

void
session_unauthenticate(struct session *s)
{
	report_unauthenticate(s);
	notify_end(s);
	selected_close(s);
	s->leave = LEAVE_UNAUTHENTICATED;
}

static struct share *
share_named(struct share *shares, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(shares[i].name, name) == 0)
			return &shares[i];
	return NULL;
}

/*
 * Put the new list in the old one's place.  The account of the selected mailbox
 * stays open, even when it is no longer granted: *kept_r is it then.  Others
 * are opened again when they are needed; a shared mailbox that was deleted and
 * made anew is another one.
 */
static void
shares_replace(struct session *s, struct share *shares, size_t n,
    struct account **kept_r)
{
	struct share *old = s->shares, *old_sel = NULL, *new_sel;

	*kept_r = NULL;
	if (s->selected != NULL && s->selected->shared)
		old_sel = share_named(old, s->shares_n, s->selected->share);
	if (old_sel != NULL) {
		new_sel = share_named(shares, n, old_sel->name);
		if (new_sel != NULL)
			new_sel->account = old_sel->account;
		else
			*kept_r = old_sel->account;
		old_sel->account = NULL;
	}
	shares_free(old, s->shares_n);
	s->shares = shares;
	s->shares_n = n;
}

/* What is still allowed in the selected mailbox, when it is a shared one. */
static const struct err *
selected_refresh(struct session *s)
{
	struct selected *sel = s->selected;
	const struct share *share;
	uint64_t may;

	if (sel == NULL || !sel->shared)
		return NULL;
	may = selected_may_change(sel);
	share = share_named(s->shares, s->shares_n, sel->share);
	sel->rights = share != NULL ? share->rights : 0;
	/* RFC 4314 5.1.1: what may be changed now is told. */
	if ((sel->rights & RIGHT_READ) != 0)
		return selected_may_change(sel) != may ?
		    selected_tell_flags(s) : NULL;
	selected_close(s);
	output_adds(s->out, "* OK [CLOSED] You may no longer read this mailbox\r\n");
	return err_user(RESP_NOPERM,
	    "You may no longer read the mailbox that was selected; ask %s",
	    s->conf->administrator);
}

const struct err *
session_refresh(struct session *s)
{
	const struct err *err;
	struct account *kept = NULL;
	struct share *shares = NULL;
	struct user user = { 0 };
	struct arena *a;
	uint64_t stamp;
	size_t n = 0;

	if (s->state == ST_NOT_AUTHENTICATED)
		return NULL;
	stamp = store_stamp(s->store);
	if (stamp == s->store_stamp)
		return NULL;
	/* IDLE comes here often within one command: not in its arena. */
	a = arena_new();
	err = user_find(s->store, a, s->user, &user);
	if ((err != NULL && err->kind == ERR_USER) ||
	    (err == NULL && user.created != s->user_created))
		err = session_bye(s, "user-gone", "There is no user %s any more",
		    s->user);
	if (err == NULL)
		err = shares_read(s, a, s->user, &shares, &n);
	if (err == NULL) {
		s->may = user.may;
		s->store_stamp = stamp;
		shares_replace(s, shares, n, &kept);
		err = confine_reaches(s) ? selected_refresh(s) :
		    session_bye(s, "granted", "A mailbox was shared with you: "
		    "log in again to see it");
		account_close(kept);
	}
	arena_free(a);
	return err;
}
