/* reply.h - writes the data of IMAP responses: RFC 9051 9
 * SPDX-License-Identifier: ISC
 *
 * All write to an output, which remembers the first failure. */
#ifndef MSGSTORE_REPLY_H
#define MSGSTORE_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"
#include "util/io.h"
#include "wire/date.h"
#include "wire/seqset.h"

/* "string": quoted when it is short 7-bit text, or UTF-8 that the client takes
 * so (output_utf8()), else a literal. */
void reply_string(struct output *, const char *s, size_t len);
/* The same into a buffer, for what is stored ready to send. */
void reply_string_buf(struct buf *, const char *s, size_t len);
/* NIL when s is NULL. */
void reply_nstring(struct output *, const char *s, size_t len);
void reply_nstring_buf(struct buf *, const char *s, size_t len);
/* "astring": an atom where it can be one, else a string. */
void reply_astring(struct output *, const char *s, size_t len);
/* A mailbox's name in the store's form, as UTF-8 or modified UTF-7, as the client
 * takes it: every name leaves through here. */
void reply_mailbox(struct output *, const char *name, char delimiter);
/* The delimiter as LIST and NAMESPACE write it: "\\" or "/". */
void reply_delimiter(struct output *, char delimiter);
/*
 * "(\Answered $Junk)" with \Recent when recent.  keywords[i] is the name of
 * bit FLAG_KEYWORD_FIRST + i; bits from n on are left out.
 */
void reply_flags(struct output *, uint64_t flags, bool recent,
    const char *const *keywords, size_t n);
void reply_seqset(struct output *, const struct seqset *);
void reply_datetime(struct output *, const struct datetime *);	/* quoted */
/* Decimal, faster than output_addf(). */
void reply_number(struct output *, uint64_t);

#endif
