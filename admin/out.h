/* out.h - what verbs print: plain lines for people and scripts, or JSON
 * SPDX-License-Identifier: ISC
 *
 * A verb prints one list or one record.  Plain: a row of a list is a line with
 * a tab between fields; a field of a record is a line "key", tab, value.  Missing
 * values are "-" and empty lists too.  JSON: an array of objects, or an object.
 * A record may hold one list of rows, whose lines look the same as any row's. */
#ifndef MSGSTORE_OUT_H
#define MSGSTORE_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct out;

struct out *out_new(FILE *, bool json);
void out_free(struct out *);			/* NULL is fine */
bool out_is_json(const struct out *);

void out_list(struct out *);			/* begin a list */
void out_row(struct out *);			/* begin its next row */
void out_record(struct out *);			/* begin a record */
void out_rows(struct out *, const char *key);	/* begin a list in a record */
void out_end(struct out *);			/* end what began last */

/* Text is UTF-8; what is not becomes U+FFFD in JSON. */
void out_str(struct out *, const char *key, const char *text);	/* or NULL */
void out_uint(struct out *, const char *key, uint64_t);
void out_bool(struct out *, const char *key, bool);
/* n strings: with a comma between them, or an array. */
void out_strs(struct out *, const char *key, const char *const *, size_t n);

#endif
