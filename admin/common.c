/* common.c - accounts, mailbox names and dates as the administrator writes them
 * SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <time.h>

#include "admin.h"
#include "store/users.h"
#include "wire/mboxname.h"
#include "wire/respcode.h"

#define SHARED_PREFIX	"shared/"
#define SHARED_ROOT	"."	/* a level that no mailbox can have */

static bool
is_code(const struct err *err, const char *code)
{
	return err != NULL && err->kind == ERR_USER && err->code != NULL &&
	    strcmp(err->code, code) == 0;
}

/* The name as it is stored: those of shared mailboxes are found in any case. */
static const struct err *
shared_spelling(struct admin *a, const char **name)
{
	const struct err *err;
	const char **names;
	size_t n;

	err = shared_list(a->store, a->arena, &names, &n);
	for (size_t i = 0; err == NULL && i < n; i++)
		if (strcasecmp(names[i], *name) == 0)
			*name = names[i];
	return err;
}

/* No directory: of nobody, or of somebody whose mail is not there just now. */
static const struct err *
no_account(struct admin *a, enum account_kind kind, const char *name)
{
	const struct err *err;
	bool exists = true;
	struct user user;

	err = kind == ACCOUNT_SHARED ? shared_exists(a->store, name, &exists) :
	    user_find(a->store, a->arena, name, &user);
	if (err == NULL && exists)
		return err_internal("the directory of %s is missing; run "
		    "'mboxadm check --repair'", name);
	if (err != NULL && !is_code(err, RESP_NONEXISTENT))
		return err;
	return err_user(RESP_NONEXISTENT, "there is no %s '%s'",
	    kind == ACCOUNT_USER ? "user" : "shared mailbox", name);
}

const struct err *
admin_account(struct admin *a, const char *who, struct account **account_r)
{
	size_t len = strlen(SHARED_PREFIX);
	enum account_kind kind = ACCOUNT_USER;
	const struct err *err;
	const char *name;

	if (strncmp(who, SHARED_PREFIX, len) == 0) {
		kind = ACCOUNT_SHARED;
		err = shared_name(a->arena, who + len, &name);
	} else
		err = user_name(a->arena, who, &name);
	/* What cannot be a name is no user either. */
	if (err != NULL && err->kind == ERR_USER)
		a->status_failed = EX_NOUSER;
	if (err == NULL && kind == ACCOUNT_SHARED)
		err = shared_spelling(a, &name);
	if (err != NULL)
		return err;
	err = account_open(a->store, kind, name, account_r);
	if (is_code(err, RESP_NONEXISTENT))
		return no_account(a, kind, name);
	if (err == NULL)
		a->status_missing = EX_DATAERR;
	return err;
}

const struct err *
admin_mailbox_name(struct admin *a, struct account *account, const char *arg,
    const char **name_r)
{
	if (account_kind(account) == ACCOUNT_SHARED &&
	    strcmp(arg, SHARED_ROOT) == 0) {
		*name_r = "";
		return NULL;
	}
	return mboxname_from_utf8(a->arena, arg, a->conf->delimiter, name_r);
}

const char *
admin_mailbox_text(struct admin *a, struct account *account, const char *name)
{
	struct buf b = { 0 };
	const char *text;

	if (account_kind(account) == ACCOUNT_SHARED && name[0] == '\0')
		return SHARED_ROOT;
	mboxname_to_utf8(name, a->conf->delimiter, &b);
	text = arena_memdup(a->arena, b.s, b.len);
	buf_clear(&b);
	return text;
}

const struct err *
admin_mailbox_open(struct admin *a, struct account *account, const char *arg,
    bool create, struct mailbox **mbox_r)
{
	const struct err *err;
	const char *name;

	err = admin_mailbox_name(a, account, arg, &name);
	if (err != NULL)
		return err;
	err = mailbox_open(account, name, mbox_r);
	if (create && (is_code(err, RESP_NONEXISTENT) ||
	    is_code(err, RESP_CANNOT))) {
		err = account_create(account, name, NULL, NULL);
		if (err != NULL && !is_code(err, RESP_ALREADYEXISTS))
			return err;
		err = mailbox_open(account, name, mbox_r);
	}
	if (err == NULL && a->opt[OPT_SUBSCRIBE] != NULL &&
	    account_kind(account) == ACCOUNT_USER) {
		err = account_subscribe(account, name, true);
		if (err != NULL)
			mailbox_close(*mbox_r);
	}
	return err;
}

static const struct err *
one_account(struct admin *a, const char *who,
    const struct err *(*fn)(struct admin *, struct account *, void *),
    void *arg)
{
	struct account *account = NULL;
	const struct err *err;

	err = admin_account(a, who, &account);
	if (err == NULL)
		err = fn(a, account, arg);
	account_close(account);
	return err;
}

void
admin_failed(struct failures *f, const char *where, const struct err *err)
{
	fprintf(stderr, "mboxadm: %s: %s\n", where, err->text);
	if (f->first != NULL)
		return;
	f->copy = *err;
	f->first = &f->copy;
}

/* One of all; nobody misses it when it was removed since they were listed. */
static void
next_account(struct admin *a, const char *who,
    const struct err *(*fn)(struct admin *, struct account *, void *),
    void *arg, struct failures *f)
{
	const struct err *err = one_account(a, who, fn, arg);

	if (err != NULL && !is_code(err, RESP_NONEXISTENT))
		admin_failed(f, who, err);
}

const struct err *
admin_each_account(struct admin *a, const char *who,
    const struct err *(*fn)(struct admin *, struct account *, void *),
    void *arg, struct failures *f)
{
	const struct err *err;
	const char **shared;
	struct user *users;
	size_t n;

	if (who != NULL)
		return one_account(a, who, fn, arg);
	err = user_list(a->store, a->arena, &users, &n);
	if (err != NULL)
		return err;
	for (size_t i = 0; i < n; i++)
		next_account(a, users[i].name, fn, arg, f);
	err = shared_list(a->store, a->arena, &shared, &n);
	if (err != NULL)
		return err;
	for (size_t i = 0; i < n; i++)
		next_account(a, arena_printf(a->arena, SHARED_PREFIX "%s",
		    shared[i]), fn, arg, f);
	return NULL;
}

struct datetime
admin_now(void)
{
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&now, &tm);
	return (struct datetime){ .when = now,
	    .zone = (int)(tm.tm_gmtoff / 60) };
}

const char *
admin_time_text(struct admin *a, int64_t when)
{
	time_t t = (time_t)when;
	char text[40];
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		return "-";
	return arena_strdup(a->arena, text);
}
