/* oauth.h - messages of OAUTHBEARER (RFC 7628 3.1) and XOAUTH2
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_OAUTH_H
#define MSGSTORE_OAUTH_H

#include <stddef.h>

#include "util/arena.h"
#include "util/err.h"

struct oauth_message {
	const char	*user;		/* whom to act as, "" when that is not said */
	const char	*token;		/* RFC 6750 2.1 "b64token", or "" */
};

/*
 * Take a client's message apart, in a: ERR_SYNTAX when it is none.  XOAUTH2 is
 * Google's, "user=NAME^Aauth=Bearer TOKEN^A^A".
 */
const struct err *oauth_bearer_parse(struct arena *a, const char *s,
    size_t len, struct oauth_message *msg_r);
const struct err *oauth_x2_parse(struct arena *a, const char *s, size_t len,
    struct oauth_message *msg_r);

#endif
