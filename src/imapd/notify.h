/* notify.h - NOTIFY: what the client wants to hear of: RFC 5465
 * SPDX-License-Identifier: ISC
 *
 * The session keeps the rows of account.db that it saw last, of each account
 * that some filter reaches, and tells what has changed when the account's
 * directory has a new stamp. */
#ifndef MSGSTORE_NOTIFY_H
#define MSGSTORE_NOTIFY_H

#include <stdbool.h>
#include <stddef.h>

#include "imapd/fetch.h"
#include "imapd/session.h"

#define NOTIFY_GROUPS_MAX	100	/* in one command */
#define NOTIFY_NAMES_MAX	1000	/* of mailboxes in them */
#define NOTIFY_ACCOUNTS_MAX	32	/* shared mailboxes, and the user's own */
#define NOTIFY_MAILBOXES_MAX	20000	/* in these accounts together */

enum notify_event {
	NOTIFY_NEW		= 1 << 0,
	NOTIFY_EXPUNGE		= 1 << 1,
	NOTIFY_FLAGS		= 1 << 2,
	NOTIFY_NAME		= 1 << 3,
	NOTIFY_SUBSCRIPTION	= 1 << 4,
	NOTIFY_MESSAGE_EVENTS	= NOTIFY_NEW | NOTIFY_EXPUNGE | NOTIFY_FLAGS
};

enum notify_filter {
	NOTIFY_SELECTED, NOTIFY_SELECTED_DELAYED, NOTIFY_PERSONAL,
	NOTIFY_SUBSCRIBED, NOTIFY_SUBTREE, NOTIFY_MAILBOXES
};

struct notify_group {
	enum notify_filter filter;
	const char	**names;	/* n of them, as written; then in the
					 * store's form, NULL for no name */
	size_t		 n;
	unsigned int	 events;
	struct fetch_args *fetch;	/* of MessageNew, or NULL */
};

struct notify_args {
	bool		 none;		/* NOTIFY NONE */
	bool		 status;	/* STATUS was said */
	bool		 bad_event;	/* one that is not supported */
	bool		 too_many;	/* groups, or names */
	struct notify_group *groups;	/* n of them */
	size_t		 n;
};

/* RFC 5465 8 "notify" */
const struct err *notify_parse(struct arena *, struct parser *, void **args_r);

/*
 * From now on tell what args says, which live in the command's arena: call
 * notify_keep() behind the tagged reply.  Sends what NOTIFY SET answers with.
 */
const struct err *notify_start(struct session *, struct notify_args *);
void notify_keep(struct session *);
void notify_end(struct session *);	/* as if it had never been said */

/* Which events of the selected mailbox are told: all of them without NOTIFY, and
 * to a command that expunges itself. */
unsigned int notify_selected(const struct session *);
/* Messages from UID first to below below were told as EXISTS: send of them what
 * was asked for with MessageNew. */
const struct err *notify_fetch(struct session *, uint32_t first,
    uint32_t below);

/* From now on know what this session itself adds to the selected mailbox. */
void notify_hear(struct session *);
/* The same as notify_fetch() by other arguments: RFC 5465 7. */
const struct err *notify_tell(struct session *, struct fetch_args *,
    uint32_t first, uint32_t last);

/* The session itself makes, deletes, renames or subscribes what goes by this
 * name, in the command's arena: the client need not be told. */
void notify_own(struct session *, const char *full);

/* Tell what is new in the accounts.  Only ERR_IO is returned. */
const struct err *notify_accounts(struct session *);

/* The descriptors of what these depend on, for a watch. */
#define NOTIFY_DIRS_MAX		(NOTIFY_ACCOUNTS_MAX + 2)
unsigned int notify_dirs(struct session *, int dirs[NOTIFY_DIRS_MAX]);
/* A number that changes when notify_dirs() would give others. */
uint64_t notify_epoch(const struct session *);

/*
 * Wait for the next command, and tell meanwhile what may be told.  For the
 * loop, in place of input_wait().  Only what ends the session is returned.
 */
bool notify_is_on(const struct session *);
const struct err *notify_wait(struct session *);

#endif
