/* fuzz-oauth.c - what is taken of a token's message is clean
 * SPDX-License-Identifier: ISC */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/oauth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
try(const uint8_t *data, size_t size, const struct err *(*parse)(
    struct arena *, const char *, size_t, struct oauth_message *))
{
	struct arena *a = arena_new();
	struct oauth_message msg = { NULL, NULL };

	if (parse(a, (const char *)data, size, &msg) == NULL) {
		if (strlen(msg.user) > size || strlen(msg.token) > size)
			abort();
		for (const char *p = msg.token; *p != '\0'; p++)
			if (*p <= ' ' || *p > '~')
				abort();
	} else if (msg.user != NULL)
		abort();
	arena_free(a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try(data, size, oauth_bearer_parse);
	try(data, size, oauth_x2_parse);
	return 0;
}
