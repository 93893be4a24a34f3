/* hmac.h - digests, HMAC (RFC 2104) and PBKDF2 (RFC 2898) with SHA-1 and SHA-256
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_HMAC_H
#define MSGSTORE_HMAC_H

#include <sha1.h>
#include <sha2.h>
#include <stdbool.h>
#include <stddef.h>

enum hash { HASH_SHA1, HASH_SHA256 };
#define HASH_N		2
#define HASH_MAX_OCTETS	32

size_t hash_octets(enum hash);		/* 20, 32 */
/* out has room for hash_octets(). */
void hash_digest(enum hash, const void *, size_t len, unsigned char *out);

/* In a time that does not tell where the first difference is. */
bool octets_same(const void *, const void *, size_t len);

/* A plain value that holds a key: explicit_bzero(3) it after use. */
struct hmac {
	enum hash	hash;
	union hmac_state {
		SHA1_CTX	sha1;
		SHA2_CTX	sha2;
	} inner, outer, now;
};

void hmac_init(struct hmac *, enum hash, const void *key, size_t len);
void hmac_add(struct hmac *, const void *, size_t len);
/* Writes hash_octets() to out, and begins anew with the same key. */
void hmac_end(struct hmac *, unsigned char *out);

/* The first block of PBKDF2, which RFC 5802 2.2 calls Hi(). */
void pbkdf2(enum hash, const void *password, size_t password_len,
    const void *salt, size_t salt_len, unsigned int iterations,
    unsigned char *out);

#endif
