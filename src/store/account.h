/* account.h - the mailboxes of one user or one shared mailbox: account.db
 * SPDX-License-Identifier: ISC
 *
 * Names are in the store's form (mboxname.h).  A user's account has INBOX; a
 * shared mailbox's account has its own root under the name "" and children
 * below it as top level names. */
#ifndef MSGSTORE_ACCOUNT_H
#define MSGSTORE_ACCOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store.h"
#include "util/arena.h"
#include "util/err.h"

#define MAILBOX_ID_LEN	16	/* hexadecimal digits, unique in the world */

struct stat;	/* sys/stat.h */

enum account_kind { ACCOUNT_USER, ACCOUNT_SHARED };

struct account;

struct mailbox_row {
	char		 id[MAILBOX_ID_LEN + 1];
	const char	*name;
	const char	*special_use;	/* "\\Drafts \\Sent", or NULL */
	bool		 noselect;	/* a name only: RFC 3501 6.3.4 */
	bool		 counted;	/* the counters below are right */
	uint32_t	 uidvalidity;
	/* Right at the moment of the call. */
	uint32_t	 uidnext, messages, unseen, deleted;
	uint64_t	 size, highestmodseq;
};

/* ERR_USER NONEXISTENT when the account is not there. */
const struct err *account_open(struct store *, enum account_kind,
    const char *name, struct account **account_r);
/* The account's directory by O_PATH, or what fstat(2) says of it; -1 with errno. */
int account_open_dir(struct store *, enum account_kind, const char *name);
int account_stat_dir(struct store *, enum account_kind, const char *name,
    struct stat *);
void account_close(struct account *);		/* NULL is fine */
enum account_kind account_kind(const struct account *);
const char *account_name(const struct account *);
/*
 * A number that changes with each commit, those of its mailboxes included once
 * their counters are here; and the directory, for a watch on it (watch.h).
 */
uint64_t account_stamp(const struct account *);
int account_fd(const struct account *);
/* Gives back the memory that can be had again: before a long wait. */
void account_rest(struct account *);

/* ERR_USER NONEXISTENT when there is no such name. */
const struct err *account_find(struct account *, struct arena *,
    const char *name, struct mailbox_row *row_r);
/* All rows, parents before children (octet order with the separator lowest).
 * counters = false: the counters may be behind, and nothing else is opened. */
const struct err *account_list(struct account *, struct arena *, bool counters,
    struct mailbox_row **rows_r, size_t *n_r);
/* Make a listed row counted: opens the mailbox, when it is not. */
const struct err *account_count_row(struct account *, struct mailbox_row *);
/* Whether there are mailboxes below name. */
const struct err *account_has_children(struct account *, const char *name,
    bool *yes_r);

/*
 * Create name, and the superior names it needs, as mailboxes.  A name that is
 * \Noselect becomes a mailbox.  special_use: attributes of RFC 6154 2 with one
 * space between, or NULL; no other mailbox has one of them afterwards.
 * ERR_USER ALREADYEXISTS, LIMIT.
 */
#define ACCOUNT_MAILBOXES_MAX	100000
const struct err *account_create(struct account *, const char *name,
    const char *special_use, struct mailbox_row *row_r); /* row_r may be NULL */
/*
 * RFC 3501 6.3.4: a mailbox with children becomes \Noselect; a \Noselect one
 * with children is refused (HASCHILDREN); superior names that are only names
 * go with their last child.  INBOX and a shared root are refused (CANNOT).
 */
const struct err *account_delete(struct account *, const char *name);
/* The tree below goes along; superior names of to are made.  RENAME INBOX gives
 * its messages to the new name and leaves INBOX empty (RFC 3501 6.3.5). */
const struct err *account_rename(struct account *, const char *from,
    const char *to);
/* A tree that moves to another account (a shared one) is refused by imapd. */

/* Names are kept as given, mailboxes or not (RFC 3501 6.3.6); those of shared
 * mailboxes begin with "shared" MBOXNAME_SEP.  ERR_USER LIMIT. */
#define ACCOUNT_SUBSCRIPTIONS_MAX 100000
const struct err *account_subscribe(struct account *, const char *name,
    bool subscribe);
const struct err *account_subscribed(struct account *, const char *name,
    bool *yes_r);
const struct err *account_subscriptions(struct account *, struct arena *,
    const char ***names_r, size_t *n_r);	/* sorted */

/*
 * Remove deleted mailboxes' directories whose retention is over.  *n_r is how
 * many.
 */
const struct err *account_purge(struct account *, uint32_t *n_r);

#endif
