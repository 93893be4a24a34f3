/* capability.h - the list of capabilities
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_CAPABILITY_H
#define MSGSTORE_CAPABILITY_H

#include <stdbool.h>

#include "imapd/session.h"

/* "CAPABILITY IMAP4rev1 ...", what the session's state offers (RFC 3501 9
 * "capability-data"), in the command's arena. */
const char *capability_data(const struct session *);

/* Whether every capability that cmd belongs to is turned off: the command is
 * not known then. */
bool capability_disables(const struct session *, const struct cmd *);
/* Whether word is turned off, for all or for the user. */
bool capability_off(const struct session *, const char *word);
/* Whether CAPABILITY lists word, in any case, in the session's state. */
bool capability_offered(const struct session *, const char *word);

/* The largest message that APPEND takes, as APPENDLIMIT says it: RFC 7889. */
uint64_t capability_append_limit(const struct session *);

/* RFC 8474 4: an objectid made of a mailbox's id. */
#define MAILBOXID_FORMAT	"F%s"

#endif
