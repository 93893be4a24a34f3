/* mime-json.h - what the two programs share that tell of messages
 * SPDX-License-Identifier: ISC
 *
 * Both read messages from standard input, each after a line with its number of
 * octets, and print a line of JSON for each.  An octet is a character from 0 to
 * 255 there, whatever it is of: what is compared are octets. */
#ifndef MSGSTORE_MIME_JSON_H
#define MSGSTORE_MIME_JSON_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static inline void
json_octets(const char *s, size_t len)
{
	putchar('"');
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c < ' ' || c > '~' || c == '"' || c == '\\')
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

/* The next message, to be freed; NULL at the end of input. */
static inline char *
next_message(size_t *len_r)
{
	char line[32], *s, *end;
	size_t len;

	if (fgets(line, sizeof(line), stdin) == NULL)
		return NULL;
	len = strtoul(line, &end, 10);
	s = malloc(len + 1);
	if (*end != '\n' || s == NULL || fread(s, 1, len, stdin) != len) {
		fputs("the input is no message\n", stderr);
		exit(1);
	}
	*len_r = len;
	return s;
}

#endif
