/* login.h - checks who the client is
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_LOGIN_H
#define MSGSTORE_LOGIN_H

#include <stdbool.h>

#include "imapd/session.h"

/* Whether a password may be sent as it is: msgstore.conf(5) "cleartext-login". */
bool login_allowed(const struct session *);
/* ERR_USER PRIVACYREQUIRED, with a log line. */
const struct err *login_refused(struct session *);

/*
 * Check a password and log the user in.  method is for the log.  authzid is
 * whom to act as, "" for the user itself; nobody may act as another.  Every
 * reason to refuse is the same ERR_USER AUTHENTICATIONFAILED, after the same
 * time.  Tells the log, and the tagged OK the capabilities.
 */
const struct err *login_password(struct session *, const char *method,
    const char *authzid, const char *user, const char *password);

#endif
