/* subject.h - the base subject that SORT and THREAD compare: RFC 5256 2.1
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_SUBJECT_H
#define MSGSTORE_SUBJECT_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buf.h"

#define SUBJECT_MAX	4096	/* octets of a subject that are looked at */

/*
 * Append the base subject of a Subject: field's value, raw, as UTF-8.
 * *reply_r: something was removed that marks a reply or a forward (RFC 5256 3).
 * What is behind SUBJECT_MAX octets does not count.
 */
void base_subject(const char *value, size_t len, struct buf *, bool *reply_r);

#endif
