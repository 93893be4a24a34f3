/* sasl.h - messages of SASL mechanisms
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_SASL_H
#define MSGSTORE_SASL_H

#include <stddef.h>

#include "util/arena.h"
#include "util/err.h"

/* A client's response line in base64, long enough for the tokens of RFC 7628,
 * which may carry a whole list of claims. */
#define SASL_LINE_MAX	12288

/*
 * Decode a response line in a; a NUL, not counted, is behind it.  "=" alone is
 * an empty one (RFC 4959 3).  ERR_SYNTAX when it is not base64.
 */
const struct err *sasl_decode(struct arena *a, const char *s, size_t len,
    char **octets_r, size_t *len_r);

struct sasl_plain {
	const char	*authzid;	/* whom to act as; "" for authcid */
	const char	*authcid;	/* whose password it is */
	const char	*password;
	/* All three lie in here, for explicit_bzero(3) after use. */
	char		*memory;
	size_t		 memory_len;
};

/* Take a PLAIN message (RFC 4616 2) apart, in a; ERR_SYNTAX when it is none. */
const struct err *sasl_plain_parse(struct arena *a, const char *s, size_t len,
    struct sasl_plain *plain_r);

#endif
