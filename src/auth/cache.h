/* cache.h - remembers that a password was right, which takes long to find out
 * SPDX-License-Identifier: ISC
 *
 * A table in the runtime directory of keyed hashes over user, password and the
 * stored hash (auth.c): what is in it tells nobody a password, and says
 * nothing of a password that was changed. */
#ifndef MSGSTORE_CACHE_H
#define MSGSTORE_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "util/err.h"

#define CACHE_FILE	"login-cache"
#define CACHE_MAC_OCTETS 32
#define CACHE_WAYS	4
#define CACHE_SETS	256

struct cache_entry {
	unsigned char	mac[CACHE_MAC_OCTETS];
	int64_t		until;		/* seconds since 1970 */
};

/* lifetime: seconds that an entry may live at most. */
const struct err *cache_find(int dirfd, const unsigned char *mac, int64_t now,
    unsigned int lifetime, bool *found_r);
const struct err *cache_add(int dirfd, const unsigned char *mac, int64_t now,
    unsigned int lifetime);

#endif
