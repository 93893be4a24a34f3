/* external.c - EXTERNAL: a certificate that TLS has verified (RFC 4422 A)
 * SPDX-License-Identifier: ISC */
#include <string.h>

#include "auth/auth-private.h"
#include "wire/respcode.h"

static bool
has_certificate(const struct conf *conf, const struct auth_peer *peer)
{
	(void)conf;
	return peer->tls != NULL && peer->tls->names_n > 0;
}

/* The first user that the certificate names; of these the one of authzid, when
 * that is not empty. */
static const struct err *
find(struct auth *auth, const char *authzid, struct user *user_r,
    bool *other_r)
{
	const struct auth_tls *tls = auth->peer->tls;
	const char *want = NULL;

	if (*authzid != '\0' &&
	    user_name(auth->arena, authzid, &want) != NULL)
		want = "";
	*other_r = false;
	for (size_t i = 0; i < tls->names_n; i++) {
		const struct err *err;

		err = auth_find_user(auth, tls->names[i], user_r);
		if (err != NULL)
			return err;
		if (user_r->id == -1)
			continue;
		if (want == NULL || strcmp(want, user_r->name) == 0)
			return NULL;
		*other_r = true;
	}
	user_r->id = -1;
	return NULL;
}

static const struct err *
external_step(struct auth *auth, const char *response, size_t len,
    enum auth_status *status_r, struct buf *challenge)
{
	const char *authzid = arena_memdup(auth->arena, response, len);
	const struct err *err;
	struct user user;
	bool other;

	(void)challenge;
	if (strlen(authzid) != len)
		return err_syntax("a NUL in EXTERNAL's response");
	auth_claim(auth, *authzid != '\0' ? authzid :
	    auth->peer->tls->names[0]);
	err = auth_attempt(auth, authzid);
	if (err == NULL)
		err = find(auth, authzid, &user, &other);
	if (err != NULL)
		return err;
	if (user.id == -1 && other)
		return auth_refuse(auth, "authorization",
		    RESP_AUTHORIZATIONFAILED,
		    "You may not act as another user");
	if (user.id == -1)
		return auth_failed(auth, "certificate");
	auth_succeed(auth, user.name);
	*status_r = AUTH_OK;
	return NULL;
}

const struct mechanism mechanism_external = {
	.name = "EXTERNAL",
	.works = has_certificate,
	.step = external_step
};
