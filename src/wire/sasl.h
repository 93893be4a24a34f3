/* sasl.h - messages of SASL mechanisms
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_SASL_H
#define MSGSTORE_SASL_H

#include <stddef.h>

#include "util/arena.h"
#include "util/err.h"

/* A client's response line in base64, long enough for three times 512 octets
 * (RFC 4616 2 asks for 255 of each). */
#define SASL_LINE_MAX	2056

struct sasl_plain {
	const char	*authzid;	/* whom to act as; "" for authcid */
	const char	*authcid;	/* whose password it is */
	const char	*password;
	/* All three lie in here, for explicit_bzero(3) after use. */
	char		*memory;
	size_t		 memory_len;
};

/*
 * Decode the base64 of a PLAIN message (RFC 4616 2) in a.  "=" alone is an empty
 * one (RFC 4959 3).  ERR_SYNTAX when it is not base64, or not such a message.
 */
const struct err *sasl_plain_parse(struct arena *a, const char *s, size_t len,
    struct sasl_plain *plain_r);

#endif
