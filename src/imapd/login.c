/* login.c - checks who the client is
 * SPDX-License-Identifier: ISC */
#include "imapd/login.h"

#include <string.h>

#include "imapd/capability.h"
#include "imapd/report.h"

bool
login_allowed(const struct session *s)
{
	switch (s->conf->cleartext_login) {
	case CLEARTEXT_YES:
		return true;
	case CLEARTEXT_LOOPBACK:
		return s->local;
	case CLEARTEXT_NO:
		break;
	}
	return false;
}

const struct err *
login_refused(struct session *s)
{
	s->login_failures++;
	report_login_failed(s, "", "cleartext");
	return err_user(RESP_PRIVACYREQUIRED,
	    "A password is not taken over a connection without TLS");
}

static const struct err *
login_failed(struct session *s, const char *user, const char *reason)
{
	s->login_failures++;
	report_login_failed(s, user, reason);
	return err_user(RESP_AUTHENTICATIONFAILED, "Authentication failed");
}

/* RFC 4616 2: whom to act as, when that is said at all.  RFC 5530 3: told only
 * to one who knows the password. */
static const struct err *
check_authzid(struct session *s, const char *authzid, const char *user)
{
	const char *name;

	if (*authzid == '\0' ||
	    (user_name(s->arena, authzid, &name) == NULL &&
	    strcmp(name, user) == 0))
		return NULL;
	s->login_failures++;
	report_login_failed(s, user, "authorization");
	return err_user(RESP_AUTHORIZATIONFAILED,
	    "You may not act as another user");
}

const struct err *
login_password(struct session *s, const char *method, const char *authzid,
    const char *user, const char *password)
{
	const struct err *err;
	struct user found = { 0 };
	bool ok = false;

	err = user_verify(s->store, s->arena, user, password, &ok, &found);
	if (err != NULL && err->kind != ERR_USER)
		return err;
	if (err != NULL || !ok)
		return login_failed(s, user, "password");
	err = check_authzid(s, authzid, found.name);
	if (err != NULL)
		return err;
	err = session_login(s, found.name);
	if (err != NULL && err->kind == ERR_USER)
		return login_failed(s, user, "account");
	if (err != NULL)
		return err;
	report_login(s, method);
	/* RFC 3501 6.2.3: saves the client a CAPABILITY command. */
	session_ok(s, "[%s] Logged in", capability_data(s));
	return NULL;
}
