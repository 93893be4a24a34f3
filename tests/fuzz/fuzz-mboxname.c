/* fuzz-mboxname.c - names to the store and back, and patterns
 * SPDX-License-Identifier: ISC
 *
 * The first octet chooses the delimiter; a NUL ends the name, what is behind
 * is a pattern. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/mboxname.h"
#include "wire/utf7.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_name(const char *name)
{
	if (strlen(name) == 0 || strlen(name) > MBOXNAME_MAX_OCTETS ||
	    !utf8_valid(name, strlen(name)) || name[0] == MBOXNAME_SEP ||
	    name[strlen(name) - 1] == MBOXNAME_SEP)
		abort();
	for (const char *p = name; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 && *p != MBOXNAME_SEP)
			abort();
}

/* A name that was taken leaves in a form that is taken for the same name. */
static void
check_back(struct arena *a, const char *name, char delimiter, bool wire)
{
	const char *again = NULL;
	struct buf b = { 0 };

	check_name(name);
	if (wire)
		mboxname_to_wire(name, delimiter, &b);
	else
		mboxname_to_utf8(name, delimiter, &b);
	if ((wire ? mboxname_from_wire(a, buf_str(&b), delimiter, &again) :
	    mboxname_from_utf8(a, buf_str(&b), delimiter, &again)) != NULL)
		abort();
	if (strcmp(again, name) != 0)
		abort();
	if (wire && (!mboxname_match(b.s, b.s, delimiter) &&
	    strpbrk(b.s, "*%") == NULL))
		abort();
	buf_clear(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	const char *text, *pattern, *name;
	char delimiter;

	if (size < 1)
		goto done;
	delimiter = "\\/."[data[0] % 3];
	text = arena_memdup(a, data + 1, size - 1);
	pattern = text + strlen(text);
	if (pattern < text + size - 1)
		pattern++;
	if (mboxname_from_wire(a, text, delimiter, &name) == NULL)
		check_back(a, name, delimiter, true);
	if (mboxname_from_utf8(a, text, delimiter, &name) == NULL)
		check_back(a, name, delimiter, false);
	if (strlen(text) < 2000 && strlen(pattern) < 2000) {
		mboxname_match(text, pattern, delimiter);
		mboxname_match_below(text, pattern, delimiter);
	}
done:
	arena_free(a);
	return 0;
}
