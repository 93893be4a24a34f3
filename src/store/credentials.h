/* credentials.h - what users prove with who they are: auth.db
 * SPDX-License-Identifier: ISC
 *
 * Apart from users.db, which a session goes on reading after login: nobody needs
 * auth.db then.  Users are known here by struct user's id, which a renaming does
 * not change, and which no other user gets again.  The lock of users.db is the
 * lock of auth.db too. */
#ifndef MSGSTORE_CREDENTIALS_H
#define MSGSTORE_CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store.h"
#include "util/arena.h"
#include "util/err.h"
#include "util/hmac.h"

#define SECRET_OCTETS		32
#define SCRAM_SALT_OCTETS	16
#define SCRAM_ITERATIONS	10000

/* RFC 5802 3: what a server keeps; of both hashes, from one salt. */
struct scram_keys {
	unsigned int	iterations;	/* 0: there are no keys */
	unsigned char	salt[SCRAM_SALT_OCTETS];
	unsigned char	stored[HASH_N][HASH_MAX_OCTETS];
	unsigned char	server[HASH_N][HASH_MAX_OCTETS];
};

struct credentials {
	const char	*password;	/* crypt(5), or NULL: none */
	struct scram_keys scram;
};

/* No row is no credential, and no error.  Strings live in the arena. */
const struct err *credentials_find(struct store *, struct arena *, int64_t id,
    struct credentials *credentials_r);
/* Keep keys that were made from the password whose hash is still the same. */
const struct err *credentials_set_scram(struct store *, int64_t id,
    const char *hash, const struct scram_keys *);
/* Random octets of this store, which are made at the first call. */
const struct err *credentials_secret(struct store *,
    unsigned char secret_r[SECRET_OCTETS]);
/* Those of the store, or the backup, in dir; it is not changed.  False in *yes_r
 * when it has none. */
const struct err *credentials_secret_in(const char *dir,
    unsigned char secret_r[SECRET_OCTETS], bool *yes_r);
/* Closes auth.db and gives its memory back, until it is needed again. */
void credentials_close(struct store *);

/*
 * Whether the password has the hash.  NULL is no hash: false, after the time
 * that a hash takes.
 */
bool password_matches(const char *password, const char *hash);
/*
 * RFC 5802 3, with the salt and the count in keys.  False when the password
 * is none that SASLprep lets pass (RFC 5802 2.2), or cannot be prepared here.
 */
bool scram_keys_derive(const char *password, struct scram_keys *keys);
/* The same with a fresh salt. */
bool scram_keys_make(const char *password, struct scram_keys *keys_r);

/* --- App passwords: random ones for one program each --- */

#define APP_LABEL_MAX		64	/* octets */

struct app_password {
	const char	*label;
	int64_t		 created;	/* seconds since 1970 */
	int64_t		 used;		/* the day's first second; 0: never */
	int64_t		 expires;	/* 0: never */
};

#define APP_PASSWORD_OCTETS	30	/* "abcde-fghij-...", its NUL included */

/* A random one, of 125 bits. */
void app_password_make(char out[APP_PASSWORD_OCTETS]);
/*
 * The hash of one; the case of letters, blanks and '-' do not matter.  False when
 * it can be none.
 */
bool app_password_hash(const char *password, unsigned char hash[32]);
/*
 * ERR_USER ALREADYEXISTS when the label is taken, CANNOT when it is none: 1 to
 * APP_LABEL_MAX octets of UTF-8 without controls.
 */
const struct err *app_password_add(struct store *, const char *user,
    const char *label, const unsigned char hash[32], int64_t expires);
/* ERR_USER NONEXISTENT when there is none. */
const struct err *app_password_remove(struct store *, const char *user,
    const char *label);
/* By label. */
const struct err *app_password_list(struct store *, struct arena *, int64_t id,
    struct app_password **list_r, size_t *n_r);
const struct err *app_password_find(struct store *, struct arena *, int64_t id,
    const unsigned char hash[32], bool *found_r, struct app_password *);
/* Note that it was used; writes once a day at most. */
const struct err *app_password_used(struct store *, int64_t id,
    const struct app_password *);

#endif
