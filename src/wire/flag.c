/* flag.c - system flags
 * SPDX-License-Identifier: ISC */
#include "wire/flag.h"

#include <string.h>
#include <strings.h>

#include "wire/parser.h"

static const char *const names[FLAG_KEYWORD_FIRST] = {
	"\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft"
};

uint64_t
flag_system(const char *name)
{
	for (unsigned int bit = 0; bit < FLAG_KEYWORD_FIRST; bit++)
		if (strcasecmp(name, names[bit]) == 0)
			return UINT64_C(1) << bit;
	return 0;
}

const char *
flag_system_name(unsigned int bit)
{
	return names[bit];
}

/* RFC 9051 9 "flag-keyword" */
bool
flag_keyword_valid(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > FLAG_KEYWORD_MAX_OCTETS)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!parser_is_atom_char((unsigned char)name[i]))
			return false;
	return true;
}
