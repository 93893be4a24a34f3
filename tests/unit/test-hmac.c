/* test-hmac.c - digests, HMAC and PBKDF2 by their RFCs' vectors
 * SPDX-License-Identifier: ISC */
#include "util/hmac.h"

#include "test.h"

static void
hex(const unsigned char *s, size_t len, char *out)
{
	for (size_t i = 0; i < len; i++)
		snprintf(out + 2 * i, 3, "%02x", s[i]);
}

#define R20(b)	b b b b b b b b b b b b b b b b b b b b
#define R50(b)	R20(b) R20(b) b b b b b b b b b b
#define R131(b)	R50(b) R50(b) R20(b) b b b b b b b b b b b
#define S(s)	(s), sizeof(s) - 1

/* RFC 4231 4: all but the one of an output that is cut. */
static const struct {
	const char	*key;
	size_t		 key_len;
	const char	*data;
	size_t		 len;
	const char	*want;
} vectors256[] = {
	{ S(R20("\x0b")), S("Hi There"),
	  "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
	{ S("Jefe"), S("what do ya want for nothing?"),
	  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
	{ S(R20("\xaa")), S(R50("\xdd")),
	  "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe" },
	{ S("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10"
	    "\x11\x12\x13\x14\x15\x16\x17\x18\x19"), S(R50("\xcd")),
	  "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b" },
	{ S(R131("\xaa")),
	  S("Test Using Larger Than Block-Size Key - Hash Key First"),
	  "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
	{ S(R131("\xaa")),
	  S("This is a test using a larger than block-size key and a larger "
	    "than block-size data. The key needs to be hashed before being "
	    "used by the HMAC algorithm."),
	  "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2" },
};

static void
hmac_sha256_is_as_in_its_vectors(void)
{
	for (size_t i = 0; i < TEST_N(vectors256); i++) {
		unsigned char mac[HASH_MAX_OCTETS];
		char text[2 * HASH_MAX_OCTETS + 1];
		struct hmac h;

		TEST_ROW("%zu", i);
		hmac_init(&h, HASH_SHA256, vectors256[i].key,
		    vectors256[i].key_len);
		hmac_add(&h, vectors256[i].data, vectors256[i].len);
		hmac_end(&h, mac);
		hex(mac, hash_octets(HASH_SHA256), text);
		CHECK_STR(text, vectors256[i].want);
		/* Once more, octet by octet. */
		for (size_t j = 0; j < vectors256[i].len; j++)
			hmac_add(&h, vectors256[i].data + j, 1);
		hmac_end(&h, mac);
		hex(mac, hash_octets(HASH_SHA256), text);
		CHECK_STR(text, vectors256[i].want);
	}
}

static void
hmac_sha1_is_as_in_its_vectors(void)
{
	unsigned char mac[HASH_MAX_OCTETS];
	char text[2 * HASH_MAX_OCTETS + 1];
	struct hmac h;

	hmac_init(&h, HASH_SHA1, S("Jefe"));
	hmac_add(&h, S("what do ya want for nothing?"));
	hmac_end(&h, mac);
	hex(mac, hash_octets(HASH_SHA1), text);
	CHECK_STR(text, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
}

static void
digests_are_right(void)
{
	unsigned char out[HASH_MAX_OCTETS];
	char text[2 * HASH_MAX_OCTETS + 1];

	hash_digest(HASH_SHA1, S("abc"), out);
	hex(out, 20, text);
	CHECK_STR(text, "a9993e364706816aba3e25717850c26c9cd0d89d");
	hash_digest(HASH_SHA256, S("abc"), out);
	hex(out, 32, text);
	CHECK_STR(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410"
	    "ff61f20015ad");
}

static const struct {
	enum hash	 hash;
	const char	*password, *salt;
	unsigned int	 iterations;
	const char	*want;
} derived[] = {
	{ HASH_SHA1, "password", "salt", 1,
	  "0c60c80f961f0e71f3a9b524af6012062fe037a6" },
	{ HASH_SHA1, "password", "salt", 2,
	  "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957" },
	{ HASH_SHA1, "password", "salt", 4096,
	  "4b007901b765489abead49d926f721d065a429c1" },
	{ HASH_SHA256, "password", "salt", 1,
	  "120fb6cffcf8b32c43e7225256c4f837a86548c92ccc35480805987cb70be17b" },
	{ HASH_SHA256, "password", "salt", 4096,
	  "c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a" },
};

static void
pbkdf2_is_as_in_its_vectors(void)
{
	for (size_t i = 0; i < TEST_N(derived); i++) {
		unsigned char out[HASH_MAX_OCTETS];
		char text[2 * HASH_MAX_OCTETS + 1];

		TEST_ROW("%zu", i);
		pbkdf2(derived[i].hash, derived[i].password,
		    strlen(derived[i].password), derived[i].salt,
		    strlen(derived[i].salt), derived[i].iterations, out);
		hex(out, hash_octets(derived[i].hash), text);
		CHECK_STR(text, derived[i].want);
	}
}

int
main(void)
{
	TEST(digests_are_right);
	TEST(hmac_sha1_is_as_in_its_vectors);
	TEST(hmac_sha256_is_as_in_its_vectors);
	TEST(pbkdf2_is_as_in_its_vectors);
	return test_end();
}
