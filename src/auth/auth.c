/* auth.c - who the client is: the calls from outside
 * SPDX-License-Identifier: ISC */
#include "auth/auth.h"

#include <arpa/inet.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "auth/auth-private.h"
#include "store/db.h"
#include "store/runtime.h"
#include "util/gsasl.h"
#include "util/log.h"
#include "wire/respcode.h"

#define STEPS_MAX	10	/* responses in one exchange */

/* In the order of preference, which is the order of CAPABILITY. */
static const struct mechanism *const mechanisms[] = {
	&mechanism_scram_sha256_plus, &mechanism_scram_sha1_plus,
	&mechanism_scram_sha256, &mechanism_scram_sha1,
	&mechanism_external, &mechanism_oauthbearer, &mechanism_xoauth2,
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
	return auth_cleartext_allowed(conf, peer) &&
	    (conf_words_hold(conf->auth_mechanisms, "PLAIN") ||
	    conf_words_hold(conf->auth_mechanisms, "LOGIN"));
}

/* Whether the administrator wants it, whoever the peer is. */
static bool
wanted(const struct conf *conf, const struct mechanism *m)
{
	char word[40] = "AUTH=";

	strlcat(word, m->name, sizeof(word));
	return conf_words_hold(conf->auth_mechanisms, m->name) &&
	    !conf_words_hold(conf->capabilities_off, word);
}

static bool
works(const struct conf *conf, const struct auth_peer *peer,
    const struct mechanism *m)
{
	return wanted(conf, m) && (m->works == NULL || m->works(conf, peer));
}

bool
auth_offers(const struct conf *conf, const struct auth_peer *peer,
    const struct mechanism *m)
{
	return works(conf, peer, m) &&
	    (!m->cleartext || auth_cleartext_allowed(conf, peer));
}

void
auth_mechanisms(const struct conf *conf, const struct auth_peer *peer,
    struct buf *b)
{
	for (size_t i = 0; i < MECHANISMS; i++)
		if (auth_offers(conf, peer, mechanisms[i]))
			buf_addf(b, " AUTH=%s", mechanisms[i]->name);
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
	auth->dirfd = -1;
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
	gsasl_unload();
	credentials_close(auth->store);
	if (auth->dirfd != -1)
		close(auth->dirfd);
	explicit_bzero(auth->secret, sizeof(auth->secret));
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

const struct err *
auth_find_user(struct auth *auth, const char *name, struct user *user_r)
{
	const struct err *err;

	*user_r = (struct user){ .name = "", .id = -1 };
	err = user_find(auth->store, auth->arena, name, user_r);
	return err != NULL && err->kind == ERR_USER ? NULL : err;
}

/* --- What the processes of a store share --- */

int
auth_dir(struct auth *auth)
{
	const struct err *err;

	if (auth->dirfd != -1 || auth->dir_failed)
		return auth->dirfd;
	err = runtime_dir_open(auth->conf, store_path(auth->store),
	    &auth->dirfd);
	if (err != NULL) {
		auth->dir_failed = true;
		log_warning("failed logins are not counted: %s", err->text);
	}
	return auth->dirfd;
}

static const struct err *
secret_need(struct auth *auth)
{
	const struct err *err;

	if (auth->has_secret)
		return NULL;
	err = credentials_secret(auth->store, auth->secret);
	auth->has_secret = err == NULL;
	return err;
}

void
auth_prepare(struct auth *auth)
{
	(void)secret_need(auth);
}

const struct err *
auth_hmac(struct auth *auth, const char *purpose, struct hmac *h)
{
	unsigned char key[HASH_MAX_OCTETS];
	const struct err *err = secret_need(auth);

	if (err != NULL)
		return err;
	hmac_init(h, HASH_SHA256, auth->secret, sizeof(auth->secret));
	hmac_add(h, purpose, strlen(purpose));
	hmac_end(h, key);
	hmac_init(h, HASH_SHA256, key, sizeof(key));
	explicit_bzero(key, sizeof(key));
	return NULL;
}

const struct err *
auth_keyed(struct auth *auth, const char *purpose, const void *data,
    size_t len, unsigned char out[KEYED_OCTETS])
{
	const struct err *err;
	struct hmac h;

	err = auth_hmac(auth, purpose, &h);
	if (err != NULL)
		return err;
	hmac_add(&h, data, len);
	hmac_end(&h, out);
	explicit_bzero(&h, sizeof(h));
	return NULL;
}

/* --- Guessing --- */

/* Never 0, which is none. */
static const struct err *
guess_key(struct auth *auth, const char *text, uint64_t *key_r)
{
	unsigned char mac[KEYED_OCTETS];
	const struct err *err;

	err = auth_keyed(auth, "guess", text, strlen(text), mac);
	if (err != NULL)
		return err;
	memcpy(key_r, mac, sizeof(*key_r));
	*key_r |= 1;
	return NULL;
}

/* Who has one IPv6 address has all of its /64. */
static const char *
network(struct auth *auth)
{
	const char *address = auth->peer->address;
	struct in6_addr a6;

	if (auth->peer->local)
		return "local";
	if (inet_pton(AF_INET6, address, &a6) != 1)
		return address;
	memset(&a6.s6_addr[8], 0, 8);
	return arena_printf(auth->arena, "%llx/64",
	    (unsigned long long)be64toh(*(uint64_t *)(void *)a6.s6_addr));
}

static const struct err *
guess_keys(struct auth *auth, const char *user, struct guess_keys *keys)
{
	const struct err *err = NULL;
	const char *net = network(auth), *name = user;
	struct arena *a = auth->arena;

	*keys = (struct guess_keys){ 0 };
	/* In every case of the letters the same. */
	(void)user_name(a, user, &name);
	if (*user != '\0')
		err = guess_key(auth, arena_printf(a, "user %s", name),
		    &keys->user);
	if (err == NULL && *user != '\0')
		err = guess_key(auth, arena_printf(a, "pair %s %s", net, name),
		    &keys->pair);
	if (err == NULL && !auth->peer->local)
		err = guess_key(auth, arena_printf(a, "address %s", net),
		    &keys->address);
	return err;
}

/* A signal ends the wait. */
static void
wait_ms(unsigned int ms)
{
	struct timespec ts = { .tv_sec = ms / 1000,
	    .tv_nsec = (long)(ms % 1000) * 1000000 };

	if (ms > 0)
		(void)nanosleep(&ts, NULL);
}

const struct err *
auth_attempt(struct auth *auth, const char *user)
{
	const struct guess_limits limits = {
		.failures = auth->conf->login_failures,
		.delay = auth->conf->login_delay
	};
	unsigned int delay = 0;
	bool refused = false;
	const struct err *err;
	int dirfd = auth_dir(auth);

	if (dirfd == -1)
		return NULL;
	err = guess_keys(auth, user, &auth->keys);
	if (err != NULL)
		return err;
	err = guess_attempt(dirfd, &auth->keys, &limits, now_seconds(), &delay,
	    &refused);
	/* Who cannot count lets go on. */
	if (err != NULL)
		log_warning("failed logins are not counted: %s", err->text);
	auth->attempted = err == NULL && !refused;
	wait_ms(delay);
	return refused ? auth_refuse(auth, "guessing", RESP_LIMIT,
	    "Too many failed logins, try again later") : NULL;
}

void
auth_succeed(struct auth *auth, const char *name)
{
	const struct err *err = NULL;

	strlcpy(auth->user, name, sizeof(auth->user));
	/* Where the name was not known before, it is now. */
	if (auth->attempted && auth->keys.user == 0)
		err = guess_keys(auth, name, &auth->keys);
	if (auth->attempted && err == NULL)
		err = guess_good(auth_dir(auth), &auth->keys, now_seconds());
	if (err != NULL)
		log_warning("failed logins are not counted: %s", err->text);
	auth->attempted = false;
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
	auth->attempted = false;
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
