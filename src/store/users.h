/* users.h - users, shared mailboxes and grants: users.db
 * SPDX-License-Identifier: ISC
 *
 * Names of users are lower case on storage ([a-z0-9] first, then
 * [a-z0-9._@+-], USER_NAME_MAX); any case is taken.  Names of shared mailboxes
 * are NFC UTF-8 of one level without '/', '\', controls, and not starting with
 * '.' or '-'; they are unique without regard to ASCII case.
 * Each function takes what locks it needs and commits durably. */
#ifndef MSGSTORE_USERS_H
#define MSGSTORE_USERS_H

#include <stdbool.h>
#include <stdint.h>

#include "store/rights.h"
#include "store/store.h"
#include "util/arena.h"
#include "util/err.h"

#define USER_NAME_MAX		64	/* octets */
#define SHARED_NAME_MAX		128	/* octets */
#define PASSWORD_MAX_OCTETS	511	/* crypt(3) takes no more */

/* What a user may do to personal mailboxes. */
#define MAY_CREATE	1u
#define MAY_RENAME	2u
#define MAY_DELETE	4u
#define MAY_ALL		7u

/* What a user's setting says: as in msgstore.conf(5), or not. */
enum user_choice { USER_DEFAULT = -1, USER_NO, USER_YES };

struct user {
	const char	*name;
	unsigned int	 may;
	int64_t		 id;		/* the same as long as the user exists */
	int64_t		 created;	/* seconds since 1970 */
	const char	*capabilities_off;	/* as in conf.h; never NULL */
	enum user_choice search_index;
};

/*
 * Lower-cases a user's name into a; ERR_USER when it cannot be one.
 * shared_name() likewise normalises a shared mailbox's.
 */
const struct err *user_name(struct arena *, const char *, const char **name_r);
const struct err *shared_name(struct arena *, const char *, const char **name_r);

/*
 * Add a user and the account's directory.  password NULL: cannot log in with
 * one.  mailboxes: n names in the store's form, made beside INBOX and subscribed;
 * Drafts, Sent, Trash, Junk and Archive get their special use (RFC 6154 2).
 * ERR_USER ALREADYEXISTS when the name is taken.
 */
const struct err *user_add(struct store *, const char *name,
    const char *password, const char *const *mailboxes, size_t n);
const struct err *user_set_password(struct store *, const char *name,
    const char *password);		/* NULL: none */
const struct err *user_set_may(struct store *, const char *name,
    unsigned int may);
/* words: of conf_words().  Sessions that run keep what they have. */
const struct err *user_set_capabilities_off(struct store *, const char *name,
    const char *words);
/* Whether the user's mailboxes have a search.db; the same. */
const struct err *user_set_search_index(struct store *, const char *name,
    enum user_choice);
bool user_search_index(const struct user *, const struct conf *);
/* The directory is renamed too; the user's running sessions end. */
const struct err *user_rename(struct store *, const char *from,
    const char *to);
/* Removes the user and all mail of it; running sessions end. */
const struct err *user_delete(struct store *, const char *name);

/* ERR_USER NONEXISTENT when there is no such user.  Strings live in the arena. */
const struct err *user_find(struct store *, struct arena *, const char *name,
    struct user *user_r);
/* All users by name. */
const struct err *user_list(struct store *, struct arena *,
    struct user **users_r, size_t *n_r);

const struct err *shared_add(struct store *, const char *name);
const struct err *shared_delete(struct store *, const char *name);
const struct err *shared_exists(struct store *, const char *name, bool *yes_r);
const struct err *shared_list(struct store *, struct arena *,
    const char ***names_r, size_t *n_r);

struct grant {
	const char	*shared, *user;
	rights_t	 rights;
};
/* Set (not add to) a user's rights on a shared mailbox. */
const struct err *grant_set(struct store *, const char *shared,
    const char *user, rights_t);
const struct err *grant_remove(struct store *, const char *shared,
    const char *user);			/* none there: no error */
/* Grants of one shared mailbox, of one user, or (both NULL) all; sorted by
 * shared, then user. */
const struct err *grant_list(struct store *, struct arena *,
    const char *shared, const char *user, struct grant **grants_r, size_t *n_r);

#endif
