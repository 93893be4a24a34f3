/* test-auth.c - SCRAM with a channel binding, EXTERNAL: what needs TLS
 * SPDX-License-Identifier: ISC */
#include <err.h>
#include <stdlib.h>
#include <unistd.h>

#include "auth/auth.h"
#include "store/credentials.h"
#include "store/users.h"
#include "util/hmac.h"
#include "wire/base64.h"

#include "test.h"

static char dir[] = "/tmp/test-auth.XXXXXX";
static struct store *store;
static struct conf *conf;

static const unsigned char exporter[] = "0123456789abcdef0123456789abcdef";

/* RFC 7677 3, RFC 5802 5: their examples, by what is stored of a password. */
static const struct {
	enum hash	 hash;
	const char	*salt, *auth_message, *proof, *signature;
} examples[] = {
	{ HASH_SHA256, "W22ZaJ0SNY7soEsUEjb6gQ==",
	  "n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCA"
	  "fuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfw"
	  "EbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
	  "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
	  "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=" },
	{ HASH_SHA1, "QSXCR+Q6sek8bf92",
	  "n=user,r=fyko+d2lbbFgONRv9qkxdawL,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHY"
	  "JY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096,c=biws,r=fyko+d2lbbFgONRv9qkx"
	  "dawL3rfcNHYJY1ZVvWVs7j",
	  "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", "rmF9pqV8S7suAoZWja4dJRkFsKQ=" },
};

/* The proof that a client makes from the password, and what the server says. */
static void
prove(enum hash hash, const char *password, const void *salt, size_t salt_len,
    unsigned int iterations, const char *message, struct buf *proof,
    struct buf *signature)
{
	unsigned char salted[32], client[32], stored[32], sig[32], server[32];
	size_t n = hash_octets(hash);
	struct hmac h;

	pbkdf2(hash, password, strlen(password), salt, salt_len, iterations,
	    salted);
	hmac_init(&h, hash, salted, n);
	hmac_add(&h, "Client Key", 10);
	hmac_end(&h, client);
	hmac_add(&h, "Server Key", 10);
	hmac_end(&h, server);
	hash_digest(hash, client, n, stored);
	hmac_init(&h, hash, stored, n);
	hmac_add(&h, message, strlen(message));
	hmac_end(&h, sig);
	for (size_t i = 0; i < n; i++)
		sig[i] ^= client[i];
	base64_encode((char *)sig, n, proof);
	hmac_init(&h, hash, server, n);
	hmac_add(&h, message, strlen(message));
	hmac_end(&h, sig);
	base64_encode((char *)sig, n, signature);
}

static void
proofs_are_as_in_the_examples(void)
{
	for (size_t i = 0; i < TEST_N(examples); i++) {
		struct buf proof = { 0 }, signature = { 0 };
		char salt[32];
		size_t n = 0;

		TEST_ROW("%zu", i);
		CHECK(base64_decode(examples[i].salt,
		    strlen(examples[i].salt), salt, &n));
		prove(examples[i].hash, "pencil", salt, n, 4096,
		    examples[i].auth_message, &proof, &signature);
		CHECK_STR(buf_str(&proof), examples[i].proof);
		CHECK_STR(buf_str(&signature), examples[i].signature);
		buf_clear(&proof);
		buf_clear(&signature);
	}
}

/* The keys that are kept check the proof of the same example. */
static void
stored_keys_fit_the_proof(void)
{
	struct scram_keys keys = { .iterations = 4096 };
	unsigned char proof[48], sig[32], stored[32];
	size_t n = 0;
	struct hmac h;

	/* The salt of RFC 7677's example has the length of ours. */
	CHECK(base64_decode(examples[0].salt, strlen(examples[0].salt),
	    (char *)keys.salt, &n));
	CHECK_INT(n, sizeof(keys.salt));
	CHECK(scram_keys_derive("pencil", &keys));
	CHECK(base64_decode(examples[0].proof, strlen(examples[0].proof),
	    (char *)proof, &n));
	hmac_init(&h, HASH_SHA256, keys.stored[HASH_SHA256], 32);
	hmac_add(&h, examples[0].auth_message,
	    strlen(examples[0].auth_message));
	hmac_end(&h, sig);
	for (size_t i = 0; i < 32; i++)
		sig[i] ^= proof[i];
	hash_digest(HASH_SHA256, sig, 32, stored);
	CHECK_MEM((char *)stored, 32, (char *)keys.stored[HASH_SHA256], 32);
}

/* --- Exchanges --- */

/* One of SCRAM-SHA-256's; returns "OK user", or the code of the error. */
static const char *
scram(const struct auth_peer *peer, const char *mechanism, const char *gs2,
    const void *binding, size_t binding_len, const char *password)
{
	struct auth *auth = auth_new(store, conf, peer);
	struct buf c = { 0 }, cb = { 0 }, cb64 = { 0 }, first = { 0 },
	    message = { 0 }, final = { 0 }, proof = { 0 }, sig = { 0 };
	enum auth_status status = AUTH_CONTINUE;
	static char result[100];
	char salt[64], nonce[128] = "", salt64[64] = "";
	const struct err *err;
	unsigned int i = 0;
	size_t n = 0;

	buf_addf(&first, "%sn=alice,r=nonce", gs2);
	err = auth_start(auth, mechanism, first.s, first.len, &status, &c);
	if (err != NULL)
		goto done;
	buf_str(&c);
	CHECK_INT(sscanf(c.s, "r=%127[^,],s=%63[^,],i=%u", nonce, salt64, &i),
	    3);
	CHECK(base64_decode(salt64, strlen(salt64), salt, &n));
	buf_adds(&cb, gs2);
	buf_add(&cb, binding, binding_len);
	base64_encode(cb.s, cb.len, &cb64);
	buf_addf(&final, "c=%s,r=%s", buf_str(&cb64), nonce);
	buf_addf(&message, "n=alice,r=nonce,%s,%s", c.s, buf_str(&final));
	prove(HASH_SHA256, password, salt, n, i, buf_str(&message), &proof,
	    &sig);
	buf_addf(&final, ",p=%s", buf_str(&proof));
	err = auth_step(auth, final.s, final.len, &status, &c);
	if (err != NULL)
		goto done;
	CHECK_INT(status, AUTH_CONTINUE);
	CHECK_STR(buf_str(&c) + 2, buf_str(&sig));
	err = auth_step(auth, "", 0, &status, &c);
	if (err == NULL)
		CHECK_INT(status, AUTH_OK);
done:
	if (err == NULL)
		snprintf(result, sizeof(result), "OK %s", auth_user(auth));
	else
		snprintf(result, sizeof(result), "%s %s",
		    err->code != NULL ? err->code : "-", auth_reason(auth));
	auth_free(auth);
	for (struct buf *b[] = { &c, &cb, &cb64, &first, &message, &final,
	    &proof, &sig }, **p = b; p < b + 8; p++)
		buf_clear(*p);
	return result;
}

static void
a_channel_binding_must_be_the_channels(void)
{
	static const struct auth_tls tls = { .exporter = exporter,
	    .exporter_len = 32 };
	const struct auth_peer with = { .address = "192.0.2.1",
	    .secure = true, .tls = &tls };
	const struct auth_peer without = { .address = "192.0.2.1",
	    .secure = true };
	unsigned char other[32] = "x";

	CHECK_STR(scram(&with, "SCRAM-SHA-256-PLUS", "p=tls-exporter,,",
	    exporter, 32, "secret"), "OK alice");
	CHECK_STR(scram(&with, "SCRAM-SHA-256-PLUS", "p=tls-exporter,,",
	    exporter, 32, "wrong"), "AUTHENTICATIONFAILED password");
	/* Somebody in between has other channels at both sides. */
	CHECK_STR(scram(&with, "SCRAM-SHA-256-PLUS", "p=tls-exporter,,",
	    other, 32, "secret"), "AUTHENTICATIONFAILED password");
	/* RFC 5802 6: it is bound, or not PLUS; and what is not known. */
	CHECK(strncmp(scram(&with, "SCRAM-SHA-256-PLUS", "n,,", "", 0,
	    "secret"), "OK", 2) != 0);
	CHECK(strncmp(scram(&with, "SCRAM-SHA-256", "p=tls-exporter,,",
	    exporter, 32, "secret"), "OK", 2) != 0);
	CHECK(strncmp(scram(&with, "SCRAM-SHA-256-PLUS", "p=tls-unique,,",
	    exporter, 32, "secret"), "OK", 2) != 0);
	/* Without TLS 1.3 there is none. */
	CHECK_STR(scram(&without, "SCRAM-SHA-256-PLUS", "p=tls-exporter,,",
	    exporter, 32, "secret"), "CANNOT -");
	CHECK_STR(scram(&without, "SCRAM-SHA-256", "n,,", "", 0, "secret"),
	    "OK alice");
}

static void
a_downgrade_is_refused(void)
{
	static const struct auth_tls tls = { .exporter = exporter,
	    .exporter_len = 32 };
	const struct auth_peer with = { .address = "192.0.2.1",
	    .secure = true, .tls = &tls };
	const struct auth_peer without = { .address = "192.0.2.1",
	    .secure = true };

	CHECK_STR(scram(&with, "SCRAM-SHA-256", "y,,", "", 0, "secret"),
	    "AUTHENTICATIONFAILED downgrade");
	CHECK_STR(scram(&with, "SCRAM-SHA-256", "n,,", "", 0, "secret"),
	    "OK alice");
	CHECK_STR(scram(&without, "SCRAM-SHA-256", "y,,", "", 0, "secret"),
	    "OK alice");
}

static const char *
external(const struct auth_peer *peer, const char *authzid)
{
	struct auth *auth = auth_new(store, conf, peer);
	enum auth_status status = AUTH_CONTINUE;
	static char result[100];
	struct buf c = { 0 };
	const struct err *err;

	/* Once without an initial response. */
	err = auth_start(auth, "EXTERNAL", NULL, 0, &status, &c);
	if (err == NULL) {
		CHECK_INT(status, AUTH_CONTINUE);
		CHECK_INT(c.len, 0);
		err = auth_step(auth, authzid, strlen(authzid), &status, &c);
	}
	if (err == NULL)
		snprintf(result, sizeof(result), "OK %s", auth_user(auth));
	else
		snprintf(result, sizeof(result), "%s %s",
		    err->code != NULL ? err->code : "-", auth_reason(auth));
	auth_free(auth);
	buf_clear(&c);
	return result;
}

static void
a_certificate_names_a_user(void)
{
	static const char *const names[] = { "someone@example.org", "Alice",
	    "bob", "Ann Other" };
	static const char *const none[] = { "mallory@example.org", "../x" };
	const struct auth_tls tls = { .names = names, .names_n = 4 };
	const struct auth_tls others = { .names = none, .names_n = 2 };
	const struct auth_peer with = { .address = "-", .secure = true,
	    .tls = &tls };
	const struct auth_peer unknown = { .address = "-", .secure = true,
	    .tls = &others };
	const struct auth_peer without = { .address = "-", .secure = true };
	struct buf b = { 0 };

	CHECK_STR(external(&with, ""), "OK alice");
	CHECK_STR(external(&with, "alice"), "OK alice");
	CHECK_STR(external(&with, "BOB"), "OK bob");
	CHECK_STR(external(&with, "carol"), "AUTHORIZATIONFAILED authorization");
	CHECK_STR(external(&with, "../x"), "AUTHORIZATIONFAILED authorization");
	CHECK_STR(external(&unknown, ""), "AUTHENTICATIONFAILED certificate");
	CHECK_STR(external(&unknown, "alice"),
	    "AUTHENTICATIONFAILED certificate");
	CHECK_STR(external(&without, ""), "CANNOT -");
	auth_mechanisms(conf, &with, &b);
	CHECK(strstr(buf_str(&b), " AUTH=EXTERNAL") != NULL);
	buf_reset(&b);
	auth_mechanisms(conf, &without, &b);
	CHECK(strstr(buf_str(&b), "EXTERNAL") == NULL);
	buf_clear(&b);
}

static void
mechanisms_are_in_order(void)
{
	static const struct auth_tls tls = { .exporter = exporter,
	    .exporter_len = 32 };
	const struct auth_peer peer = { .address = "-", .secure = true,
	    .tls = &tls };
	struct buf b = { 0 };

	auth_mechanisms(conf, &peer, &b);
	CHECK_STR(buf_str(&b), " AUTH=SCRAM-SHA-256-PLUS AUTH=SCRAM-SHA-1-PLUS "
	    "AUTH=SCRAM-SHA-256 AUTH=SCRAM-SHA-1 AUTH=PLAIN");
	buf_clear(&b);
}

int
main(void)
{
	static const char *const users[] = { "alice", "bob", "carol" };
	char conf_file[sizeof(dir) + 16], path[sizeof(dir) + 16];
	const struct err *error;
	char command[sizeof(dir) + 16];
	FILE *f;

	if (mkdtemp(dir) == NULL)
		err(1, "%s", dir);
	snprintf(conf_file, sizeof(conf_file), "%s/conf", dir);
	snprintf(path, sizeof(path), "%s/store", dir);
	f = fopen(conf_file, "w");
	if (f == NULL)
		err(1, "%s", conf_file);
	fputs("login-delay = 0\nlogin-failures = 0\n", f);
	fclose(f);
	error = conf_load(conf_file, &conf);
	if (error == NULL)
		error = store_init(path, conf);
	if (error == NULL)
		error = store_open(path, conf, &store);
	for (size_t i = 0; error == NULL && i < TEST_N(users); i++)
		error = user_add(store, users[i], "secret", NULL, 0);
	if (error != NULL)
		errx(1, "%s", error->text);
	TEST(proofs_are_as_in_the_examples);
	TEST(stored_keys_fit_the_proof);
	TEST(a_channel_binding_must_be_the_channels);
	TEST(a_downgrade_is_refused);
	TEST(a_certificate_names_a_user);
	TEST(mechanisms_are_in_order);
	store_close(store);
	conf_free(conf);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	if (system(command) != 0)
		warnx("%s", command);
	return test_end();
}
