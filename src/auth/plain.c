/* plain.c - LOGIN, PLAIN, AUTH=LOGIN: the password itself
 * SPDX-License-Identifier: ISC */
#include <string.h>

#include "auth/auth-private.h"
#include "auth/cache.h"
#include "store/credentials.h"
#include "store/db.h"
#include "util/log.h"
#include "wire/respcode.h"
#include "wire/sasl.h"

const struct err *
auth_check_authzid(struct auth *auth, const char *authzid, const char *user)
{
	const char *name;

	if (*authzid == '\0' ||
	    (user_name(auth->arena, authzid, &name) == NULL &&
	    strcmp(name, user) == 0))
		return NULL;
	return auth_refuse(auth, "authorization", RESP_AUTHORIZATIONFAILED,
	    "You may not act as another user");
}

/* A store of before has no keys: they can be made only now. */
static void
add_scram(struct auth *auth, const struct user *user,
    const struct credentials *c, const char *password)
{
	struct scram_keys keys;

	if (c->scram.iterations != 0)
		return;
	/* A login does not fail because of this. */
	if (scram_keys_make(password, &keys))
		(void)credentials_set_scram(auth->store, user->id, c->password,
		    &keys);
	explicit_bzero(&keys, sizeof(keys));
}

/* What the cache knows a right password by.  A hash that changes makes another
 * one of it. */
static const struct err *
cache_mac(struct auth *auth, const struct user *user, const char *password,
    const char *hash, unsigned char mac[CACHE_MAC_OCTETS])
{
	const struct err *err;
	struct hmac h;

	err = auth_hmac(auth, "login", &h);
	if (err != NULL)
		return err;
	hmac_add(&h, user->name, strlen(user->name) + 1);
	hmac_add(&h, password, strlen(password) + 1);
	hmac_add(&h, hash != NULL ? hash : "", hash != NULL ? strlen(hash) : 0);
	hmac_end(&h, mac);
	explicit_bzero(&h, sizeof(h));
	return NULL;
}
_Static_assert(CACHE_MAC_OCTETS == HASH_MAX_OCTETS, "a MAC of SHA-256");

/* Whether the password is right, by the cache, else by its hash. */
static const struct err *
compare(struct auth *auth, const struct user *user, const char *password,
    const char *hash, bool *ok_r)
{
	unsigned int lifetime = auth->conf->login_cache;
	int dirfd = lifetime > 0 ? auth_dir(auth) : -1;
	unsigned char mac[CACHE_MAC_OCTETS];
	const struct err *err = NULL, *cache_err = NULL;
	bool cached = false;

	if (dirfd != -1) {
		err = cache_mac(auth, user, password, hash, mac);
		if (err != NULL)
			return err;
		cache_err = cache_find(dirfd, mac, now_seconds(), lifetime,
		    &cached);
	}
	*ok_r = hash != NULL && cached;
	if (!*ok_r) {
		*ok_r = password_matches(password, hash);
		if (*ok_r && dirfd != -1 && cache_err == NULL)
			cache_err = cache_add(dirfd, mac, now_seconds(),
			    lifetime);
	}
	if (cache_err != NULL)
		log_warning("logins are not cached: %s", cache_err->text);
	return NULL;
}

/*
 * An app password, which a fast hash is enough for: nobody guesses it.  Expired
 * is told to one who knows it (RFC 5530 3).
 */
static const struct err *
compare_app(struct auth *auth, const struct user *user, const char *password,
    bool *ok_r)
{
	unsigned char hash[HASH_MAX_OCTETS];
	const struct err *err;
	struct app_password app;

	if (!app_password_hash(password, hash))
		return NULL;
	err = app_password_find(auth->store, auth->arena, user->id, hash, ok_r,
	    &app);
	if (err != NULL || !*ok_r)
		return err;
	if (app.expires != 0 && app.expires <= now_seconds()) {
		*ok_r = false;
		return auth_refuse(auth, "expired", RESP_EXPIRED,
		    "This app password has expired");
	}
	err = app_password_used(auth->store, user->id, &app);
	if (err != NULL)
		log_warning("app password of %s: %s", user->name, err->text);
	return NULL;
}

static const struct err *
verify(struct auth *auth, const char *name, const char *password,
    struct user *user_r, bool *ok_r)
{
	struct credentials c = { .password = NULL };
	const struct err *err;

	if (strlen(password) > PASSWORD_MAX_OCTETS)
		password = "";
	err = auth_find_user(auth, name, user_r);
	/* An unknown user's are looked up too: it takes as long. */
	if (err == NULL)
		err = compare_app(auth, user_r, password, ok_r);
	if (err != NULL || *ok_r)
		return err;
	err = credentials_find(auth->store, auth->arena, user_r->id,
		    &c);
	if (err == NULL)
		err = compare(auth, user_r, password, c.password, ok_r);
	if (err != NULL)
		return err;
	*ok_r = *ok_r && *password != '\0';
	if (*ok_r)
		add_scram(auth, user_r, &c, password);
	explicit_bzero(&c.scram, sizeof(c.scram));
	return NULL;
}

const struct err *
auth_check_password(struct auth *auth, const char *authzid, const char *name,
    const char *password)
{
	const struct err *err;
	struct user user;
	bool ok = false;

	auth_claim(auth, name);
	err = auth_attempt(auth, name);
	if (err == NULL)
		err = verify(auth, name, password, &user, &ok);
	if (err != NULL)
		return err;
	if (!ok)
		return auth_failed(auth, "password");
	err = auth_check_authzid(auth, authzid, user.name);
	if (err == NULL)
		auth_succeed(auth, user.name);
	return err;
}

/* RFC 4616 2 */
static const struct err *
plain_step(struct auth *auth, const char *response, size_t len,
    enum auth_status *status_r, struct buf *challenge)
{
	const struct err *err;
	struct sasl_plain plain;

	(void)challenge;
	err = sasl_plain_parse(auth->arena, response, len, &plain);
	if (err != NULL)
		return err;
	err = auth_check_password(auth, plain.authzid, plain.authcid,
	    plain.password);
	explicit_bzero(plain.memory, plain.memory_len);
	*status_r = AUTH_OK;
	return err;
}

const struct mechanism mechanism_plain = {
	.name = "PLAIN",
	.cleartext = true,
	.step = plain_step
};

/* draft-murchison-sasl-login: the words are what clients wait for. */
static const struct err *
login_step(struct auth *auth, const char *response, size_t len,
    enum auth_status *status_r, struct buf *challenge)
{
	const struct err *err;
	char *text;

	*status_r = AUTH_CONTINUE;
	if (response == NULL) {
		buf_adds(challenge, "Username:");
		return NULL;
	}
	text = arena_memdup(auth->arena, response, len);
	if (strlen(text) != len)
		return err_syntax("a NUL in LOGIN's response");
	if (auth->state == NULL) {
		auth->state = text;
		buf_adds(challenge, "Password:");
		return NULL;
	}
	err = auth_check_password(auth, "", auth->state, text);
	explicit_bzero(text, len);
	*status_r = AUTH_OK;
	return err;
}

const struct mechanism mechanism_login = {
	.name = "LOGIN",
	.cleartext = true,
	.server_first = true,
	.step = login_step
};
