/* rights.c - rights on a mailbox: RFC 4314 2.1
 * SPDX-License-Identifier: ISC */
#include "store/rights.h"

#include <stddef.h>
#include <string.h>

#define RIGHTS_READ	(RIGHT_LOOKUP | RIGHT_READ | RIGHT_SEEN)
#define RIGHTS_WRITE	(RIGHTS_READ | RIGHT_WRITE | RIGHT_INSERT |	\
			 RIGHT_POST | RIGHT_DELETE | RIGHT_EXPUNGE)

static rights_t
rights_letter(char c)
{
	const char *at;

	/* RFC 4314 2.1.1: the letters of the older RFC 2086. */
	if (c == 'c')
		return RIGHT_CREATE | RIGHT_DELETE_MAILBOX;
	if (c == 'd')
		return RIGHT_DELETE_MAILBOX | RIGHT_DELETE | RIGHT_EXPUNGE;
	if (c == '\0' || (at = strchr(RIGHTS_LETTERS, c)) == NULL)
		return 0;
	return 1u << (at - RIGHTS_LETTERS);
}

bool
rights_parse(const char *s, rights_t *rights_r)
{
	rights_t rights = 0, one;

	if (strcmp(s, "read") == 0)
		rights = RIGHTS_READ;
	else if (strcmp(s, "write") == 0)
		rights = RIGHTS_WRITE;
	else if (strcmp(s, "full") == 0)
		rights = RIGHTS_FULL;
	else for (; *s != '\0'; s++) {
		if ((one = rights_letter(*s)) == 0)
			return false;
		rights |= one;
	}
	if (rights == 0)
		return false;
	*rights_r = rights;
	return true;
}

void
rights_format(rights_t rights, char out[RIGHTS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; RIGHTS_LETTERS[i] != '\0'; i++)
		if (rights & (1u << i))
			out[n++] = RIGHTS_LETTERS[i];
	out[n] = '\0';
}
