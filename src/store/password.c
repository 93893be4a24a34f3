/* password.c - hashes of passwords: yescrypt by crypt(3)
 * SPDX-License-Identifier: ISC */
#include <crypt.h>
#include <stdlib.h>
#include <string.h>

#include "store/users-private.h"
#include "store/users.h"
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

/* In a time that does not tell where the first difference is. */
static bool
same_octets(const char *x, const char *y, size_t len)
{
	unsigned char differ = 0;

	for (size_t i = 0; i < len; i++)
		differ |= (unsigned char)(x[i] ^ y[i]);
	return differ == 0;
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
	    same_octets(hash, stored, strlen(stored));
	freezero(data, sizeof(*data));
	return ok;
}
