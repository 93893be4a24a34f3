/* report.h - the log lines of a session
 * SPDX-License-Identifier: ISC
 *
 * Their form is fixed, scripts and fail2ban read them:
 *
 *	login user=NAME address=ADDR method=METHOD [tls=PROTOCOL]
 *	logout user=NAME address=ADDR reason=unauthenticate
 *	login failed user=NAME address=ADDR reason=REASON
 *	end user=NAME address=ADDR reason=REASON time=SECONDS in=OCTETS
 *	    out=OCTETS commands=N messages=N		(one line)
 *	error user=NAME address=ADDR command=NAME: TEXT
 *
 * METHOD is LOGIN, PREAUTH or a mechanism of SASL.  REASON is one word: of a failed
 * login password (unknown users too), guessing (too many failures, nothing was
 * compared), expired, certificate, token, binding, downgrade, protocol, account,
 * authorization, cleartext, sessions; of an end logout, closed, timeout,
 * terminated, or what session_bye() was given.  NAME is "-" where there is none.
 * A value never holds a blank: what a client gave for a name has '?' for blanks
 * and all that is not printable, and is cut. */
#ifndef MSGSTORE_REPORT_H
#define MSGSTORE_REPORT_H

#include "imapd/session.h"

void report_login(const struct session *, const char *method);
void report_unauthenticate(const struct session *);
void report_login_failed(const char *address, const char *user,
    const char *reason);
void report_error(const struct session *, const struct err *);
void report_end(const struct session *);

#endif
