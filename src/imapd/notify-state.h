/* notify-state.h - what a session's NOTIFY knows, and what tells of it: RFC 5465
 * SPDX-License-Identifier: ISC
 *
 * For notify.c, which looks, and notify-tell.c, which compares and tells. */
#ifndef MSGSTORE_NOTIFY_STATE_H
#define MSGSTORE_NOTIFY_STATE_H

#include "imapd/notify.h"

#define NOTIFY_OWN_MAX	2	/* names that one command changes */

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
	bool		 failed;	/* it could not be read, as was logged */
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
	const char	*own[NOTIFY_OWN_MAX];
	size_t		 own_n;
	struct watch	*watch;		/* of notify_wait() */
	uint64_t	 watch_epoch;
	uint64_t	 watch_selected;	/* its serial; 0: none */
};

/* The name of an account's mailbox as the user knows it, in the command's arena;
 * "" is a shared mailbox itself. */
const char *notify_full_name(struct session *, const struct watched *,
    const char *name);
/* The events that are wanted of the mailbox called full. */
unsigned int notify_wanted(const struct notify *, const char *full,
    bool shared);
/* Whether some filter may match a mailbox of the shared one at root. */
bool notify_share_wanted(const struct notify *, const char *root);

/*
 * Send LIST for a mailbox as it is now, with all attributes and those of more
 * (RFC 5465 5.4, 5.5); oldname is the one it had before, or NULL.
 */
void notify_tell_name(struct session *, const struct watched *,
    const char *name, const char *oldname, unsigned int more);
/* Tell the state of an account, as NOTIFY SET answers: RFC 5465 3.1. */
void notify_tell_first(struct session *, const struct watched *);
/* Tell how an account, as it is now, differs from what it was. */
void notify_tell_account(struct session *, const struct watched *,
    const struct watched *was);
/* Tell which subscriptions differ from the was_n sorted names of before. */
void notify_tell_subscriptions(struct session *, const char **was,
    size_t was_n);

#endif
