/* auth-private.h - what the files of src/auth/ share
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_AUTH_PRIVATE_H
#define MSGSTORE_AUTH_PRIVATE_H

#include "auth/auth.h"
#include "auth/guess.h"
#include "store/credentials.h"
#include "store/users.h"
#include "util/arena.h"
#include "util/hmac.h"

#define CLAIMED_OCTETS	256	/* of a name that a client gave; more is cut */

struct mechanism;

/* Derive from the store's secret what each is for. */
#define KEYED_OCTETS	32

struct auth {
	struct store	*store;
	const struct conf *conf;
	const struct auth_peer *peer;
	struct arena	*arena;		/* an attempt's: reset before each */
	const struct mechanism *mech;	/* of the exchange that runs, or NULL */
	void		*state;		/* the mechanism's, in the arena */
	unsigned int	 steps;		/* responses so far */
	const char	*method;
	const char	*reason;
	char		 claimed[CLAIMED_OCTETS];
	char		 user[USER_NAME_MAX + 1];
	int		 dirfd;		/* runtime directory; -1: not open */
	bool		 dir_failed;	/* and will not be */
	unsigned char	 secret[SECRET_OCTETS];
	bool		 has_secret;
	struct guess_keys keys;		/* of the attempt that runs */
	bool		 attempted;	/* keys are counted */
};

/*
 * A mechanism.  step gets the client's response; of one where the server speaks
 * first (server_first), NULL at the start.  It returns NULL with *status_r and
 * challenge set, or an error.
 */
struct mechanism {
	const char	*name;
	bool		 cleartext;	/* the password crosses the wire */
	bool		 server_first;
	/* Whether it can work for this peer; NULL: for every one. */
	bool		(*works)(const struct conf *, const struct auth_peer *);
	const struct err *(*step)(struct auth *, const char *, size_t,
	    enum auth_status *status_r, struct buf *challenge);
	void		(*end)(struct auth *);	/* NULL: nothing to free */
};

extern const struct mechanism mechanism_external, mechanism_login,
    mechanism_oauthbearer, mechanism_plain, mechanism_scram_sha1,
    mechanism_scram_sha1_plus, mechanism_scram_sha256,
    mechanism_scram_sha256_plus, mechanism_xoauth2;

/* Whether CAPABILITY names it to this peer. */
bool auth_offers(const struct conf *, const struct auth_peer *,
    const struct mechanism *);

/* Begin to check somebody: remembers the name for the log. */
void auth_claim(struct auth *, const char *user);
/* A refusal with the reason; the text and code are the same for all. */
const struct err *auth_failed(struct auth *, const char *reason);
/* Another refusal. */
const struct err *auth_refuse(struct auth *, const char *reason,
    const char *code, const char *text);
/* The user is known: name in its canonical form. */
void auth_succeed(struct auth *, const char *name);

/*
 * Before anything is compared: counts the attempt (guess.h), waits as long as
 * that says, or refuses.  user is "" when it is not known before.
 */
const struct err *auth_attempt(struct auth *, const char *user);
/* A user without credentials, id -1, when there is none of the name. */
const struct err *auth_find_user(struct auth *, const char *name,
    struct user *user_r);
/* Begin a keyed hash, with a key for each purpose; and a whole one. */
const struct err *auth_hmac(struct auth *, const char *purpose, struct hmac *);
const struct err *auth_keyed(struct auth *, const char *purpose,
    const void *data, size_t len, unsigned char out[KEYED_OCTETS]);
/* The runtime directory, or -1 when there is none; the log was told. */
int auth_dir(struct auth *);

/*
 * Check a user's password.  authzid is whom to act as, "" for the user: nobody
 * may act as another (RFC 4616 2).
 */
const struct err *auth_check_password(struct auth *, const char *authzid,
    const char *user, const char *password);
/* RFC 5530 3: AUTHORIZATIONFAILED is told only to one who is proved to be
 * user. */
const struct err *auth_check_authzid(struct auth *, const char *authzid,
    const char *user);

#endif
