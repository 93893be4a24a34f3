/* guess.h - counts failed logins, to slow down who guesses passwords
 * SPDX-License-Identifier: ISC
 *
 * Failures are counted for each user's name, whether there is such a user or not,
 * and for each address.  Who fails is answered later and later, then not at
 * all, until nothing more has failed for GUESS_FORGET_S.  An address from which
 * the user has logged in within GUESS_GOOD_S has a count of its own for that
 * user, which a login resets: what fails elsewhere does not lock it out.
 *
 * The counts are in a table of a fixed size in the runtime directory, under
 * keyed hashes.  When a set is full, what has the least to tell gives way. */
#ifndef MSGSTORE_GUESS_H
#define MSGSTORE_GUESS_H

#include <stdbool.h>
#include <stdint.h>

#include "util/err.h"

#define GUESS_FORGET_S	(15 * 60)
#define GUESS_GOOD_S	(7 * 86400)
#define GUESS_FREE	3	/* so many answers come at once */
#define GUESS_STEP_MS	500	/* then so much later, and twice as much each */

#define GUESS_FILE	"login-failures"
#define GUESS_WAYS	8
#define GUESS_SETS	2048

struct guess_entry {
	uint64_t	key;		/* 0: nothing */
	uint32_t	failed;		/* the last time, seconds since 1970 */
	uint32_t	good;		/* likewise; of pairs */
	uint32_t	count;		/* of failures */
	uint32_t	unused;
};

/* Keyed hashes, never 0 but for address: there is none. */
struct guess_keys {
	uint64_t	user, address, pair;
};

struct guess_limits {
	unsigned int	failures;	/* then refuse; 0: never */
	unsigned int	delay;		/* seconds at most */
};

/*
 * Somebody tries to log in: counts that as a failure, unless it is refused.
 * *delay_r is in milliseconds.
 */
const struct err *guess_attempt(int dirfd, const struct guess_keys *,
    const struct guess_limits *, int64_t now, unsigned int *delay_r,
    bool *refused_r);
/* It was no failure. */
const struct err *guess_good(int dirfd, const struct guess_keys *,
    int64_t now);

#endif
