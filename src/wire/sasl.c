/* sasl.c - messages of SASL mechanisms
 * SPDX-License-Identifier: ISC */
#include "wire/sasl.h"

#include <string.h>

#include "wire/base64.h"

static const struct err *
plain_error(char *memory, size_t len)
{
	explicit_bzero(memory, len);
	return err_syntax("expected three strings with NUL between them in "
	    "PLAIN's response");
}

const struct err *
sasl_decode(struct arena *a, const char *s, size_t len, char **octets_r,
    size_t *len_r)
{
	char *octets = arena_alloc(a, BASE64_DECODED_MAX(len) + 1);
	size_t n = 0;

	if (len == 1 && *s == '=')
		len = 0;
	if (!base64_decode(s, len, octets, &n)) {
		explicit_bzero(octets, BASE64_DECODED_MAX(len) + 1);
		return err_syntax("expected base64");
	}
	octets[n] = '\0';
	*octets_r = octets;
	*len_r = n;
	return NULL;
}

/* RFC 4616 2 */
const struct err *
sasl_plain_parse(struct arena *a, const char *s, size_t len,
    struct sasl_plain *plain_r)
{
	struct sasl_plain plain = { 0 };
	const char *end;

	plain.memory_len = len + 1;
	plain.memory = arena_memdup(a, s, len);
	end = plain.memory + len;
	plain.authzid = plain.memory;
	plain.authcid = plain.authzid + strlen(plain.authzid) + 1;
	if (plain.authcid > end)
		return plain_error(plain.memory, plain.memory_len);
	plain.password = plain.authcid + strlen(plain.authcid) + 1;
	/* RFC 4616 2: neither of the two may be empty, and no NUL follows. */
	if (plain.password > end || *plain.authcid == '\0' ||
	    *plain.password == '\0' ||
	    plain.password + strlen(plain.password) != end)
		return plain_error(plain.memory, plain.memory_len);
	*plain_r = plain;
	return NULL;
}
