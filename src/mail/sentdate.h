/* sentdate.h - the Date: field: RFC 5322 3.3, 4.3
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_SENTDATE_H
#define MSGSTORE_SENTDATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Read a "date-time", obsolete forms too, and some that are none but are met:
 * asctime(3)'s, "2-Nov-2026", one digit for minutes.  *day_r: its date as written,
 * in days since 1970 (RFC 9051 6.4.4); *when_r: its moment in seconds since 1970,
 * with a zone that is not valid taken for UTC and a time that is not valid for
 * 00:00:00 (RFC 5256 2.2).  False when there is no valid date.
 */
bool sent_date(const char *s, size_t len, int32_t *day_r, int64_t *when_r);

#endif
