/* params.h - values of MIME fields: RFC 2045 5.1, RFC 2231
 * SPDX-License-Identifier: ISC
 *
 * Works on values as header_unfold() gives them.  Reads what senders meant
 * where the grammar is broken: unquoted values with blanks in them, missing
 * semicolons, quotes and comments without an end. */
#ifndef MSGSTORE_PARAMS_H
#define MSGSTORE_PARAMS_H

#include <stddef.h>

#include "mail/mime.h"
#include "util/arena.h"

/* Go over blanks and comments (RFC 5322 3.2.2). */
void value_skip(const char **s);
/* The token at *s (RFC 2045 5.1) in upper case, or NULL when there is none;
 * goes behind it. */
const char *value_token(struct arena *, const char **s);

/*
 * The parameters of a value, s being behind its type; at most MIME_PARAMS_MAX.
 * Names are in upper case, and the first of the same name counts.
 * Continuations (RFC 2231 3) become one parameter.  One with a character set
 * (RFC 2231 4) keeps the star behind its name.
 * DEVIATION RFC 9051 7.5.2: its value stays encoded, charset'language'percent,
 * which is what mail clients know how to read in a body structure.  Decoded, no
 * client could tell it from a value in which a quote and a percent sign mean
 * themselves.
 */
size_t params_parse(struct arena *, const char *s, struct mime_param **params_r);

/* The value of the parameter called name (upper case), else of NAME* with the
 * percent encoding undone, else NULL. */
const char *params_get(struct arena *, const struct mime_param *, size_t n,
    const char *name);

#endif
