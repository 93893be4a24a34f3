/* helper.h - the program that knows whose a token is
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_HELPER_H
#define MSGSTORE_HELPER_H

#include <stdbool.h>

#include "auth/auth.h"
#include "util/arena.h"

#define HELPER_TIME_S		10	/* that it may take in all */
#define HELPER_NAME_MAX		256	/* octets that it may say */

/*
 * Run the program path (no shell, no arguments, a clean environment) with the
 * token and a line end on its standard input.  *user_r is the line that it
 * wrote, when it exited with 0, or NULL: it does not know the token.  ERR_USER
 * UNAVAILABLE when it took too long, was killed, or exited with EX_TEMPFAIL;
 * CONTACTADMIN when it cannot be run at all.
 */
const struct err *helper_ask(struct arena *, const char *path,
    const struct auth_peer *, const char *mechanism, const char *token,
    const char **user_r);

#endif
