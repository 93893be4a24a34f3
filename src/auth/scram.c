/* scram.c - SCRAM-SHA-1, SCRAM-SHA-256, and both with PLUS: RFC 5802, RFC 7677
 * SPDX-License-Identifier: ISC
 *
 * libgsasl speaks it; keys, channel bindings and what is told of unknown users
 * come from here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/auth-private.h"
#include "store/credentials.h"
#include "util/gsasl.h"
#include "util/log.h"
#include "wire/base64.h"
#include "wire/respcode.h"

#define SCRAM_MESSAGE_MAX	2048	/* octets of one of the client's */

struct scram {
	const struct gsasl_api *api;
	Gsasl		*gsasl;
	Gsasl_session	*session;
	enum hash	 hash;
	struct user	 user;		/* id -1: none */
	const char	*name;		/* as the client gave it */
	const struct err *err;		/* of the callback */
	bool		 done;		/* the client has only to say so */
};

/* --- What libgsasl asks for --- */

static void
set_base64(struct scram *s, Gsasl_property prop, const void *octets,
    size_t len)
{
	struct buf b = { 0 };

	base64_encode(octets, len, &b);
	s->api->property_set_raw(s->session, prop, b.s, b.len);
	explicit_bzero(b.s, b.len);
	buf_clear(&b);
}

/*
 * Keys that no password has, with a salt that is the same each time: a client
 * cannot tell the user from one who exists.
 */
static const struct err *
dummy_keys(struct auth *auth, const char *name, struct scram_keys *keys)
{
	unsigned char mac[HASH_MAX_OCTETS];
	const struct err *err;

	err = auth_keyed(auth, "salt", name, strlen(name), mac);
	if (err != NULL)
		return err;
	memcpy(keys->salt, mac, sizeof(keys->salt));
	arc4random_buf(keys->stored, sizeof(keys->stored));
	arc4random_buf(keys->server, sizeof(keys->server));
	keys->iterations = SCRAM_ITERATIONS;
	return NULL;
}
_Static_assert(SCRAM_SALT_OCTETS <= HASH_MAX_OCTETS, "a salt from a hash");

static const struct err *
find_keys(struct auth *auth, struct scram *s, struct scram_keys *keys)
{
	struct credentials c = { .password = NULL };
	const struct err *err;
	const char *name = s->name;

	err = auth_find_user(auth, s->name, &s->user);
	if (err == NULL)
		err = credentials_find(auth->store, auth->arena, s->user.id,
		    &c);
	if (err != NULL)
		return err;
	/* In every case of the letters the same. */
	(void)user_name(auth->arena, s->name, &name);
	err = dummy_keys(auth, name, keys);
	if (err == NULL && c.scram.iterations != 0)
		*keys = c.scram;
	else
		s->user.id = -1;
	explicit_bzero(&c.scram, sizeof(c.scram));
	return err;
}

static int
give_keys(struct auth *auth, struct scram *s)
{
	const char *name = s->api->property_fast(s->session, GSASL_AUTHID);
	struct scram_keys keys;
	char number[16];

	if (name == NULL)
		return GSASL_NO_AUTHID;
	s->name = arena_strdup(auth->arena, name);
	auth_claim(auth, s->name);
	s->err = find_keys(auth, s, &keys);
	if (s->err != NULL)
		return GSASL_AUTHENTICATION_ERROR;
	snprintf(number, sizeof(number), "%u", keys.iterations);
	s->api->property_set_raw(s->session, GSASL_SCRAM_ITER, number,
	    strlen(number));
	set_base64(s, GSASL_SCRAM_SALT, keys.salt, sizeof(keys.salt));
	set_base64(s, GSASL_SCRAM_STOREDKEY, keys.stored[s->hash],
	    hash_octets(s->hash));
	set_base64(s, GSASL_SCRAM_SERVERKEY, keys.server[s->hash],
	    hash_octets(s->hash));
	explicit_bzero(&keys, sizeof(keys));
	return GSASL_OK;
}

static int
callback(Gsasl *gsasl, Gsasl_session *session, Gsasl_property prop)
{
	const struct auth_tls *tls;
	struct auth *auth = gsasl_load(NULL)->session_hook_get(session);
	struct scram *s = auth->state;

	(void)gsasl;
	switch (prop) {
	case GSASL_SCRAM_ITER:
	case GSASL_SCRAM_SALT:
		return s->name == NULL ? give_keys(auth, s) :
		    GSASL_NO_CALLBACK;
	case GSASL_CB_TLS_EXPORTER:
		tls = auth->peer->tls;
		if (tls == NULL || tls->exporter_len == 0)
			break;
		set_base64(s, prop, tls->exporter, tls->exporter_len);
		return GSASL_OK;
	default:
		break;
	}
	return GSASL_NO_CALLBACK;
}

/* --- The exchange --- */

static void
scram_end(struct auth *auth)
{
	struct scram *s = auth->state;

	if (s == NULL)
		return;
	if (s->session != NULL)
		s->api->finish(s->session);
	if (s->gsasl != NULL)
		s->api->done(s->gsasl);
	auth->state = NULL;
}

static bool
is_plus(const struct mechanism *m)
{
	return m == &mechanism_scram_sha1_plus ||
	    m == &mechanism_scram_sha256_plus;
}

static bool
has_binding(const struct conf *conf, const struct auth_peer *peer)
{
	(void)conf;
	return peer->tls != NULL && peer->tls->exporter_len > 0;
}

static const struct err *
begin(struct auth *auth)
{
	struct scram *s = arena_alloc(auth->arena, sizeof(*s));
	const char *why = "";
	int rc;

	s->api = gsasl_load(&why);
	if (s->api == NULL)
		return err_internal_code(RESP_UNAVAILABLE,
		    "This mechanism cannot be used now", "%s", why);
	auth->state = s;
	s->hash = auth->mech == &mechanism_scram_sha1 ||
	    auth->mech == &mechanism_scram_sha1_plus ? HASH_SHA1 : HASH_SHA256;
	s->user.id = -1;
	rc = s->api->init(&s->gsasl);
	if (rc == GSASL_OK) {
		s->api->callback_set(s->gsasl, callback);
		rc = s->api->server_start(s->gsasl, auth->mech->name,
		    &s->session);
	}
	if (rc != GSASL_OK)
		return err_internal("libgsasl: %s", s->api->strerror_name(rc));
	s->api->session_hook_set(s->session, auth);
	return NULL;
}

/*
 * RFC 5802 6: a client with "y" can bind to the channel, and believes that we
 * cannot.  When we can, somebody took our PLUS out of the list it read.
 */
static bool
is_downgraded(const struct auth *auth, const char *first, size_t len)
{
	const struct mechanism *plus = auth->mech == &mechanism_scram_sha1 ?
	    &mechanism_scram_sha1_plus : &mechanism_scram_sha256_plus;

	return !is_plus(auth->mech) && len > 0 && *first == 'y' &&
	    auth_offers(auth->conf, auth->peer, plus);
}

static const struct err *
result(struct auth *auth, struct scram *s, int rc)
{
	if (s->err != NULL)
		return s->err;
	if (rc == GSASL_AUTHENTICATION_ERROR)
		return auth_failed(auth, "password");
	if (rc == GSASL_NO_CB_TLS_EXPORTER || rc == GSASL_NO_CB_TLS_UNIQUE)
		return auth_failed(auth, "binding");
	if (rc == GSASL_MECHANISM_PARSE_ERROR ||
	    rc == GSASL_MECHANISM_CALLED_TOO_MANY_TIMES ||
	    rc == GSASL_SASLPREP_ERROR)
		return err_syntax("expected a message of %s",
		    auth->mech->name);
	return err_internal("libgsasl: %s", s->api->strerror_name(rc));
}

/* The proof was right: whom does the client want to be? */
static const struct err *
proved(struct auth *auth, struct scram *s)
{
	const char *authzid;
	const struct err *err;

	/* Nobody can prove to be one who has no keys; but who knows. */
	if (s->user.id == -1)
		return auth_failed(auth, "password");
	authzid = s->api->property_fast(s->session, GSASL_AUTHZID);
	err = auth_check_authzid(auth, authzid != NULL ? authzid : "",
	    s->user.name);
	s->done = err == NULL;
	return err;
}

/* RFC 5802 5: client-first-message and client-final-message; the response to
 * server-final-message is empty. */
static const struct err *
scram_step(struct auth *auth, const char *response, size_t len,
    enum auth_status *status_r, struct buf *challenge)
{
	const struct err *err = NULL;
	struct scram *s = auth->state;
	size_t out_len = 0;
	char *out = NULL;
	int rc;

	if (s != NULL && s->done) {
		if (len > 0)
			return err_syntax("expected an empty response");
		auth_succeed(auth, s->user.name);
		*status_r = AUTH_OK;
		return NULL;
	}
	*status_r = AUTH_CONTINUE;
	if (len == 0 || len > SCRAM_MESSAGE_MAX || memchr(response, '\0', len))
		return err_syntax("expected a message of %s", auth->mech->name);
	if (s == NULL) {
		if (is_downgraded(auth, response, len))
			return auth_failed(auth, "downgrade");
		err = begin(auth);
		s = auth->state;
	} else
		err = auth_attempt(auth, s->name);
	if (err != NULL)
		return err;
	rc = s->api->step(s->session, response, len, &out, &out_len);
	if (rc != GSASL_OK && rc != GSASL_NEEDS_MORE)
		err = result(auth, s, rc);
	else if (out_len > 0)
		buf_add(challenge, out, out_len);
	if (out != NULL)
		s->api->free(out);
	return err == NULL && rc == GSASL_OK ? proved(auth, s) : err;
}

#define SCRAM(words, when)						\
	{ .name = words, .works = when, .step = scram_step, .end = scram_end }
const struct mechanism mechanism_scram_sha1 = SCRAM("SCRAM-SHA-1", NULL);
const struct mechanism mechanism_scram_sha1_plus =
    SCRAM("SCRAM-SHA-1-PLUS", has_binding);
const struct mechanism mechanism_scram_sha256 = SCRAM("SCRAM-SHA-256", NULL);
const struct mechanism mechanism_scram_sha256_plus =
    SCRAM("SCRAM-SHA-256-PLUS", has_binding);
