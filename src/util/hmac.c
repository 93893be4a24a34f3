/* hmac.c - digests, HMAC (RFC 2104) and PBKDF2 (RFC 2898)
 * SPDX-License-Identifier: ISC */
#include "util/hmac.h"

#include <stdint.h>
#include <string.h>

#define BLOCK_OCTETS	64	/* of both hashes */
_Static_assert(SHA1_BLOCK_LENGTH == BLOCK_OCTETS &&
    SHA256_BLOCK_LENGTH == BLOCK_OCTETS, "both have one size of block");

size_t
hash_octets(enum hash hash)
{
	return hash == HASH_SHA1 ? SHA1_DIGEST_LENGTH : SHA256_DIGEST_LENGTH;
}

bool
octets_same(const void *x, const void *y, size_t len)
{
	const unsigned char *a = x, *b = y;
	unsigned char differ = 0;

	for (size_t i = 0; i < len; i++)
		differ |= a[i] ^ b[i];
	return differ == 0;
}

static void
state_init(union hmac_state *s, enum hash hash)
{
	if (hash == HASH_SHA1)
		SHA1Init(&s->sha1);
	else
		SHA256Init(&s->sha2);
}

static void
state_add(union hmac_state *s, enum hash hash, const void *data, size_t len)
{
	if (hash == HASH_SHA1)
		SHA1Update(&s->sha1, data, len);
	else
		SHA256Update(&s->sha2, data, len);
}

static void
state_end(union hmac_state *s, enum hash hash, unsigned char *out)
{
	if (hash == HASH_SHA1)
		SHA1Final(out, &s->sha1);
	else
		SHA256Final(out, &s->sha2);
}

void
hash_digest(enum hash hash, const void *data, size_t len, unsigned char *out)
{
	union hmac_state s;

	state_init(&s, hash);
	state_add(&s, hash, data, len);
	state_end(&s, hash, out);
	explicit_bzero(&s, sizeof(s));
}

void
hmac_init(struct hmac *h, enum hash hash, const void *key, size_t len)
{
	unsigned char block[BLOCK_OCTETS] = { 0 };

	h->hash = hash;
	if (len > sizeof(block))
		hash_digest(hash, key, len, block);
	else if (len > 0)
		memcpy(block, key, len);
	for (size_t i = 0; i < sizeof(block); i++)
		block[i] ^= 0x36;
	state_init(&h->inner, hash);
	state_add(&h->inner, hash, block, sizeof(block));
	for (size_t i = 0; i < sizeof(block); i++)
		block[i] ^= 0x36 ^ 0x5c;
	state_init(&h->outer, hash);
	state_add(&h->outer, hash, block, sizeof(block));
	explicit_bzero(block, sizeof(block));
	h->now = h->inner;
}

void
hmac_add(struct hmac *h, const void *data, size_t len)
{
	state_add(&h->now, h->hash, data, len);
}

void
hmac_end(struct hmac *h, unsigned char *out)
{
	state_end(&h->now, h->hash, out);
	h->now = h->outer;
	state_add(&h->now, h->hash, out, hash_octets(h->hash));
	state_end(&h->now, h->hash, out);
	h->now = h->inner;
}

void
pbkdf2(enum hash hash, const void *password, size_t password_len,
    const void *salt, size_t salt_len, unsigned int iterations,
    unsigned char *out)
{
	static const unsigned char first[] = { 0, 0, 0, 1 };
	unsigned char u[HASH_MAX_OCTETS];
	size_t n = hash_octets(hash);
	struct hmac h;

	hmac_init(&h, hash, password, password_len);
	hmac_add(&h, salt, salt_len);
	hmac_add(&h, first, sizeof(first));
	hmac_end(&h, u);
	memcpy(out, u, n);
	for (unsigned int i = 1; i < iterations; i++) {
		hmac_add(&h, u, n);
		hmac_end(&h, u);
		for (size_t j = 0; j < n; j++)
			out[j] ^= u[j];
	}
	explicit_bzero(u, sizeof(u));
	explicit_bzero(&h, sizeof(h));
}
