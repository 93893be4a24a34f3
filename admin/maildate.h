/* maildate.h - dates of mbox files and of header fields
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_MAILDATE_H
#define MSGSTORE_MAILDATE_H

#include <stdbool.h>
#include <stddef.h>

#include "wire/date.h"

/*
 * Find a date in len octets at s, whatever stands before it: asctime(3) as in
 * "From " lines ("Tue Apr 27 19:02:03 2010", with a zone before or behind the
 * year when there is one) or RFC 5322 3.3 ("27 Apr 2010 19:02:03 +0200"), with
 * or without a day of the week.  Without a zone it is UTC, as the media type
 * application/mbox has it.  False when a month, a day, a time or a year is
 * missing or impossible.
 */
bool maildate_parse(const char *s, size_t len, struct datetime *date_r);

/* "Tue Apr 27 19:02:03 2010", in UTC, with a NUL. */
#define MAILDATE_ASCTIME_SIZE	40
void maildate_asctime(const struct datetime *,
    char out[MAILDATE_ASCTIME_SIZE]);

#endif
