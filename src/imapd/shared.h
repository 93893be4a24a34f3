/* shared.h - names in the shared namespace that IMAP cannot change
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_IMAPD_SHARED_H
#define MSGSTORE_IMAPD_SHARED_H

#include "imapd/session.h"

/* Whether place is "shared" or a shared mailbox's root, which mboxadm makes
 * and removes: ERR_USER CANNOT says so. */
const struct err *shared_fixed(const struct place *);

/*
 * session_place() for a name that is to be made.  Names of the first two levels
 * of the shared namespace, and what is below a shared mailbox that may not be
 * seen, are all refused with the same ERR_USER CANNOT: it does not tell which
 * shared mailboxes there are.
 */
const struct err *shared_new_place(struct session *, const char *wire,
    struct place *place_r);

#endif
