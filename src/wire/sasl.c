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

/* RFC 4616 2 */
const struct err *
sasl_plain_parse(struct arena *a, const char *s, size_t len,
    struct sasl_plain *plain_r)
{
	struct sasl_plain plain = { 0 };
	const char *end;
	size_t n = 0;

	plain.memory_len = BASE64_DECODED_MAX(len) + 1;
	plain.memory = arena_alloc(a, plain.memory_len);
	if (len == 1 && *s == '=')
		len = 0;
	if (!base64_decode(s, len, plain.memory, &n)) {
		explicit_bzero(plain.memory, plain.memory_len);
		return err_syntax("expected base64");
	}
	plain.memory[n] = '\0';
	end = plain.memory + n;
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
