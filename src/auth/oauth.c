/* oauth.c - OAUTHBEARER (RFC 7628) and XOAUTH2: a token that a helper knows
 * SPDX-License-Identifier: ISC */
#include <string.h>

#include "auth/auth-private.h"
#include "auth/helper.h"
#include "wire/oauth.h"

static bool
has_helper(const struct conf *conf, const struct auth_peer *peer)
{
	(void)peer;
	return *conf->oauth_helper != '\0';
}

/* RFC 7628 3.2.2; the words that clients of XOAUTH2 know. */
static const char bearer_error[] = "{\"status\":\"invalid_token\"}";
static const char x2_error[] = "{\"status\":\"401\",\"schemes\":\"bearer\"}";

/*
 * RFC 7628 3.2.3: the client hears why as a challenge, to which it says nothing
 * of use, and is refused then.
 */
static const struct err *
tell_error(struct auth *auth, enum auth_status *status_r,
    struct buf *challenge)
{
	auth->state = arena_alloc(auth->arena, 1);
	buf_adds(challenge, auth->mech == &mechanism_xoauth2 ? x2_error :
	    bearer_error);
	*status_r = AUTH_CONTINUE;
	return NULL;
}

/* The name that the helper said must be a user's. */
static const struct err *
accept(struct auth *auth, const struct oauth_message *msg, const char *name,
    enum auth_status *status_r, struct buf *challenge)
{
	const struct err *err;
	struct user user;

	err = auth_find_user(auth, name, &user);
	if (err != NULL)
		return err;
	auth_claim(auth, name);
	if (user.id == -1)
		return tell_error(auth, status_r, challenge);
	err = auth_check_authzid(auth, msg->user, user.name);
	if (err != NULL)
		return err;
	auth_succeed(auth, user.name);
	*status_r = AUTH_OK;
	return NULL;
}

static const struct err *
oauth_step(struct auth *auth, const char *response, size_t len,
    enum auth_status *status_r, struct buf *challenge)
{
	struct oauth_message msg;
	const struct err *err;
	const char *name;

	if (auth->state != NULL)
		return auth_failed(auth, "token");
	err = auth->mech == &mechanism_xoauth2 ?
	    oauth_x2_parse(auth->arena, response, len, &msg) :
	    oauth_bearer_parse(auth->arena, response, len, &msg);
	if (err != NULL)
		return err;
	auth_claim(auth, msg.user);
	err = auth_attempt(auth, msg.user);
	if (err != NULL)
		return err;
	if (*msg.token == '\0')
		return tell_error(auth, status_r, challenge);
	err = helper_ask(auth->arena, auth->conf->oauth_helper, auth->peer,
	    auth->mech->name, msg.token, &name);
	if (err != NULL) {
		auth->reason = "helper";
		return err;
	}
	return name != NULL ? accept(auth, &msg, name, status_r, challenge) :
	    tell_error(auth, status_r, challenge);
}

/* A token is as good as a password to who reads it: RFC 7628 3.  */
const struct mechanism mechanism_oauthbearer = {
	.name = "OAUTHBEARER",
	.cleartext = true,
	.works = has_helper,
	.step = oauth_step
};

const struct mechanism mechanism_xoauth2 = {
	.name = "XOAUTH2",
	.cleartext = true,
	.works = has_helper,
	.step = oauth_step
};
