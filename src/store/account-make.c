/* account-make.c - make and remove whole accounts
 * SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/store-private.h"
#include "util/log.h"

/* What the mailboxes made at the start are for: RFC 6154 2. */
static const char *
usual_special_use(const char *name)
{
	static const struct { const char *name, *use; } usual[] = {
		{ "Drafts", "\\Drafts" }, { "Sent", "\\Sent" },
		{ "Trash", "\\Trash" }, { "Junk", "\\Junk" },
		{ "Archive", "\\Archive" }
	};

	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (strcmp(usual[i].name, name) == 0)
			return usual[i].use;
	return NULL;
}

static const struct err *
account_fill(struct account *account, const char *const *mailboxes, size_t n)
{
	struct arena *a = arena_new();
	const struct err *err;

	err = account_begin(account, true);
	if (err != NULL)
		goto done;
	err = account_insert_mailbox(account, account_root(account), NULL);
	for (size_t i = 0; err == NULL && i < n; i++) {
		err = account_create_in(account, a, mailboxes[i],
		    usual_special_use(mailboxes[i]));
		if (err == NULL)
			err = account_run_name(account,
			    "INSERT INTO subscriptions VALUES (?1) "
			    "ON CONFLICT DO NOTHING", mailboxes[i]);
	}
	if (err == NULL && account->kind == ACCOUNT_USER)
		err = account_run_name(account, "INSERT INTO subscriptions "
		    "VALUES (?1) ON CONFLICT DO NOTHING", "INBOX");
	if (err == NULL && fsync(account->fd) == -1)
		err = err_errno("%s: fsync", account->what);
	err = account_end(account, err);
done:
	arena_free(a);
	return err;
}

/* Where a removed or left-over account's directory goes meanwhile. */
static const struct err *
set_aside(struct store *store, const struct account *account, char *aside,
    size_t size)
{
	char id[MAILBOX_ID_LEN + 1];

	mailbox_new_id(id);
	snprintf(aside, size, "%s/.removed-%s", account_kind_dir(account->kind),
	    id);
	if (renameat(store_fd(store), account->what, store_fd(store),
	    aside) == -1)
		return err_errno("%s", account->what);
	return NULL;
}

const struct err *
account_set_aside(struct store *store, enum account_kind kind,
    const char *name)
{
	struct account *account = account_new(store, kind, name);
	const struct err *err = NULL;
	char aside[64];

	if (faccessat(store_fd(store), account->what, F_OK,
	    AT_SYMLINK_NOFOLLOW) == 0) {
		err = set_aside(store, account, aside, sizeof(aside));
		if (err == NULL)
			log_warning("%s was there without a user; moved to %s",
			    account->what, aside);
	}
	account_close(account);
	return err;
}

const struct err *
account_make(struct store *store, enum account_kind kind, const char *name,
    const char *const *mailboxes, size_t n)
{
	struct account *account = account_new(store, kind, name);
	const struct err *err = account_set_aside(store, kind, name);
	int parent = -1;

	if (err == NULL &&
	    mkdirat(store_fd(store), account->what, 0700) == -1)
		err = err_errno("%s", account->what);
	if (err == NULL &&
	    (account->fd = dir_open(store_fd(store), account->what)) == -1)
		err = err_errno("%s", account->what);
	if (err == NULL)
		err = lock_open(account->fd, account->what, &account->lockfd);
	if (err == NULL)
		err = db_create(account->path, account->fd, &schema_account,
		    store_conf(store));
	if (err == NULL)
		err = db_open(account->path, &schema_account,
		    store_conf(store), account->lockfd, account->what,
		    &account->db);
	if (err == NULL)
		err = account_fill(account, mailboxes, n);
	if (err == NULL &&
	    ((parent = dir_open(store_fd(store),
	    account_kind_dir(kind))) == -1 || fsync(parent) == -1))
		err = err_errno("%s: fsync", account_kind_dir(kind));
	if (parent != -1)
		close(parent);
	if (err != NULL && account->fd != -1)
		dir_remove(store_fd(store), account->what, DIR_LEVELS);
	account_close(account);
	return err;
}

const struct err *
account_aside(struct store *store, enum account_kind kind, const char *name,
    char dir[ACCOUNT_DIR_OCTETS], char aside[ACCOUNT_DIR_OCTETS])
{
	const char *parent = account_kind_dir(kind);
	char id[MAILBOX_ID_LEN + 1];

	mailbox_new_id(id);
	snprintf(aside, ACCOUNT_DIR_OCTETS, "%s/.removed-%s", parent, id);
	if (snprintf(dir, ACCOUNT_DIR_OCTETS, "%s/%s", parent, name) >=
	    ACCOUNT_DIR_OCTETS)
		return err_internal("%s/%s: too long", parent, name);
	if (faccessat(store_fd(store), dir, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return NULL;
	if (errno != ENOENT)
		return err_errno("%s", dir);
	*dir = '\0';
	return NULL;
}

const struct err *
account_remove(struct store *store, enum account_kind kind, const char *name)
{
	struct account *account = account_new(store, kind, name);
	char aside[64];
	const struct err *err;

	err = set_aside(store, account, aside, sizeof(aside));
	account_close(account);
	return err != NULL ? err : dir_remove(store_fd(store), aside,
	    DIR_LEVELS);
}
