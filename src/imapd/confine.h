/* confine.h - a session keeps only what its user may reach
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_CONFINE_H
#define MSGSTORE_CONFINE_H

#include "imapd/session.h"

/*
 * After login: from here on the process reaches its user's account and the shared
 * mailboxes granted now, reads users.db (of grants that change) and the C
 * library's directory, and can start nothing and connect to nothing.
 * msgstore.conf(5) "sandbox".
 */
const struct err *session_confine(struct session *);
/*
 * Whether all shared mailboxes that are granted now are in its reach: true for a
 * session that is not confined.
 */
bool confine_reaches(const struct session *);

#endif
