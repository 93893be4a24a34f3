/* auth.c - who the client is: the calls from outside
 * SPDX-License-Identifier: ISC */
#include "auth/auth.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "auth/auth-private.h"
#include "store/credentials.h"
#include "util/log.h"
#include "wire/respcode.h"

#define STEPS_MAX	10	/* responses in one exchange */

/* In the order of preference, which is the order of CAPABILITY. */
static const struct mechanism *const mechanisms[] = {
	&mechanism_plain, &mechanism_login
};
#define MECHANISMS	(sizeof(mechanisms) / sizeof(mechanisms[0]))

/* --- What works --- */

bool
auth_cleartext_allowed(const struct conf *conf, const struct auth_peer *peer)
{
	if (peer->secure)
		return true;
	switch (conf->cleartext_login) {
	case CLEARTEXT_YES:
		return true;
	case CLEARTEXT_LOOPBACK:
		return peer->local;
	case CLEARTEXT_NO:
		break;
	}
	return false;
}

bool
auth_login_allowed(const struct conf *conf, const struct auth_peer *peer)
{
	return auth_cleartext_allowed(conf, peer);
}

/* Whether the administrator wants it, whoever the peer is. */
static bool
wanted(const struct conf *conf, const struct mechanism *m)
{
	char word[40] = "AUTH=";

	strlcat(word, m->name, sizeof(word));
	return m != &mechanism_login &&
	    !conf_words_hold(conf->capabilities_off, word);
}

static bool
works(const struct conf *conf, const struct auth_peer *peer,
    const struct mechanism *m)
{
	return wanted(conf, m) && (m->works == NULL || m->works(conf, peer));
}

void
auth_mechanisms(const struct conf *conf, const struct auth_peer *peer,
    struct buf *b)
{
	for (size_t i = 0; i < MECHANISMS; i++) {
		const struct mechanism *m = mechanisms[i];

		if (works(conf, peer, m) && (!m->cleartext ||
		    auth_cleartext_allowed(conf, peer)))
			buf_addf(b, " AUTH=%s", m->name);
	}
}

/* --- Life --- */

struct auth *
auth_new(struct store *store, const struct conf *conf,
    const struct auth_peer *peer)
{
	struct auth *auth = calloc(1, sizeof(*auth));

	if (auth == NULL)
		fatal("out of memory");
	auth->store = store;
	auth->conf = conf;
	auth->peer = peer;
	auth->arena = arena_new();
	auth->method = "-";
	auth->reason = "-";
	return auth;
}

void
auth_cancel(struct auth *auth)
{
	if (auth->mech != NULL && auth->mech->end != NULL)
		auth->mech->end(auth);
	auth->mech = NULL;
	auth->state = NULL;
	arena_reset(auth->arena);
}

void
auth_free(struct auth *auth)
{
	if (auth == NULL)
		return;
	auth_cancel(auth);
	credentials_close(auth->store);
	arena_free(auth->arena);
	free(auth);
}

const char *
auth_user(const struct auth *auth)
{
	return auth->user;
}

const char *
auth_method(const struct auth *auth)
{
	return auth->method;
}

const char *
auth_reason(const struct auth *auth)
{
	return auth->reason;
}

const char *
auth_claimed(const struct auth *auth)
{
	return auth->claimed;
}

/* --- What the mechanisms call --- */

void
auth_claim(struct auth *auth, const char *user)
{
	strlcpy(auth->claimed, user, sizeof(auth->claimed));
}

const struct err *
auth_refuse(struct auth *auth, const char *reason, const char *code,
    const char *text)
{
	auth->reason = reason;
	return err_user(code, "%s", text);
}

const struct err *
auth_failed(struct auth *auth, const char *reason)
{
	return auth_refuse(auth, reason, RESP_AUTHENTICATIONFAILED,
	    "Authentication failed");
}

void
auth_succeed(struct auth *auth, const char *name)
{
	strlcpy(auth->user, name, sizeof(auth->user));
}

/* --- Attempts --- */

static void
begin(struct auth *auth, const char *method)
{
	auth_cancel(auth);
	auth->method = method;
	auth->reason = "-";
	auth->claimed[0] = '\0';
	auth->user[0] = '\0';
	auth->steps = 0;
}

static const struct err *
needs_privacy(struct auth *auth)
{
	return auth_refuse(auth, "cleartext", RESP_PRIVACYREQUIRED,
	    "A password is not taken over a connection without TLS");
}

const struct err *
auth_login(struct auth *auth, const char *user, const char *password)
{
	const struct err *err;

	begin(auth, "LOGIN");
	if (!auth_login_allowed(auth->conf, auth->peer))
		return needs_privacy(auth);
	err = auth_check_password(auth, "", user, password);
	auth_cancel(auth);
	return err;
}

static const struct mechanism *
find(const struct auth *auth, const char *name)
{
	for (size_t i = 0; i < MECHANISMS; i++)
		if (strcasecmp(mechanisms[i]->name, name) == 0)
			return works(auth->conf, auth->peer, mechanisms[i]) ?
			    mechanisms[i] : NULL;
	return NULL;
}

const struct err *
auth_start(struct auth *auth, const char *name, const char *initial,
    size_t len, enum auth_status *status_r, struct buf *challenge)
{
	const struct mechanism *m = find(auth, name);

	begin(auth, m != NULL ? m->name : "-");
	/* Nothing was tried, so the log has no line of it. */
	if (m == NULL)
		return err_user(RESP_CANNOT, "There is no such mechanism here");
	if (m->cleartext && !auth_cleartext_allowed(auth->conf, auth->peer))
		return needs_privacy(auth);
	auth->mech = m;
	buf_reset(challenge);
	*status_r = AUTH_CONTINUE;
	if (initial != NULL)
		return auth_step(auth, initial, len, status_r, challenge);
	/* RFC 4959 3: an empty challenge where the client speaks first. */
	return m->server_first ? m->step(auth, NULL, 0, status_r, challenge) :
	    NULL;
}

const struct err *
auth_step(struct auth *auth, const char *response, size_t len,
    enum auth_status *status_r, struct buf *challenge)
{
	const struct err *err;

	if (auth->mech == NULL)
		return err_internal("auth_step: no exchange");
	buf_reset(challenge);
	if (++auth->steps > STEPS_MAX)
		err = auth_failed(auth, "protocol");
	else
		err = auth->mech->step(auth, response, len, status_r,
		    challenge);
	if (err != NULL || *status_r == AUTH_OK)
		auth_cancel(auth);
	return err;
}
