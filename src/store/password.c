/* password.c - hashes of passwords: yescrypt by crypt(3), and SCRAM's keys
 * SPDX-License-Identifier: ISC */
#include <crypt.h>
#include <stdlib.h>
#include <string.h>

#include "store/credentials.h"
#include "store/users-private.h"
#include "store/users.h"
#include "util/gsasl.h"
#include "util/log.h"
#include "wire/respcode.h"

/*
 * The yescrypt hash of a random password: what an unknown user's attempt is
 * checked against, so that it takes as long.
 */
#define DUMMY_HASH	"$y$j9T$AJz0lUYefiHXHub3PMyYu.$"			\
			"XxkyxdYYWW2uL.MPD87BOlzq4IROSDN8/Pj.mhZWRD1"

const struct err *
password_hash(const char *password, char *out)
{
	const struct err *err = NULL;
	struct crypt_data *data;
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];
	const char *hash;

	if (strlen(password) > PASSWORD_MAX_OCTETS || password[0] == '\0')
		return err_user(RESP_CANNOT, "a password has 1 to %d octets",
		    PASSWORD_MAX_OCTETS);
	data = calloc(1, sizeof(*data));
	if (data == NULL)
		fatal("out of memory");
	if (crypt_gensalt_rn("$y$", 0, NULL, 0, setting,
	    (int)sizeof(setting)) == NULL)
		err = err_errno("crypt_gensalt");
	else if ((hash = crypt_rn(password, setting, data,
	    (int)sizeof(*data))) == NULL)
		err = err_errno("crypt");
	else
		strlcpy(out, hash, CRYPT_OUTPUT_SIZE);
	freezero(data, sizeof(*data));
	return err;
}

bool
password_matches(const char *password, const char *stored)
{
	struct crypt_data *data = calloc(1, sizeof(*data));
	const char *setting = stored != NULL ? stored : DUMMY_HASH;
	const char *hash;
	bool ok;

	if (data == NULL)
		fatal("out of memory");
	hash = crypt_rn(password, setting, data, (int)sizeof(*data));
	ok = stored != NULL && hash != NULL &&
	    strlen(hash) == strlen(stored) &&
	    octets_same(hash, stored, strlen(stored));
	freezero(data, sizeof(*data));
	return ok;
}

/* RFC 5802 3 */
static void
derive(const char *password, enum hash hash, struct scram_keys *keys)
{
	unsigned char salted[HASH_MAX_OCTETS], client[HASH_MAX_OCTETS];
	struct hmac h;

	pbkdf2(hash, password, strlen(password), keys->salt,
	    sizeof(keys->salt), keys->iterations, salted);
	hmac_init(&h, hash, salted, hash_octets(hash));
	hmac_add(&h, "Client Key", 10);
	hmac_end(&h, client);
	hash_digest(hash, client, hash_octets(hash), keys->stored[hash]);
	hmac_add(&h, "Server Key", 10);
	hmac_end(&h, keys->server[hash]);
	explicit_bzero(salted, sizeof(salted));
	explicit_bzero(client, sizeof(client));
	explicit_bzero(&h, sizeof(h));
}

bool
scram_keys_derive(const char *password, struct scram_keys *keys)
{
	char *prepared = NULL;

	/* RFC 5802 2.2: SASLprep changes nothing in US-ASCII. */
	for (const char *p = password; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
		if ((unsigned char)*p > 0x7f && prepared == NULL) {
			prepared = gsasl_prepare(password);
			if (prepared == NULL)
				return false;
		}
	}
	for (int hash = 0; hash < HASH_N; hash++)
		derive(prepared != NULL ? prepared : password,
		    (enum hash)hash, keys);
	freezero(prepared, prepared != NULL ? strlen(prepared) : 0);
	return true;
}

bool
scram_keys_make(const char *password, struct scram_keys *keys_r)
{
	struct scram_keys keys = { .iterations = SCRAM_ITERATIONS };
	bool made;

	arc4random_buf(keys.salt, sizeof(keys.salt));
	made = scram_keys_derive(password, &keys);
	if (made)
		*keys_r = keys;
	explicit_bzero(&keys, sizeof(keys));
	return made;
}
