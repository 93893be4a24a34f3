/* oauth.c - messages of OAUTHBEARER (RFC 7628 3.1) and XOAUTH2
 * SPDX-License-Identifier: ISC */
#include "wire/oauth.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define SEP	'\1'	/* RFC 7628 3.1 "kvsep" */

static const struct err *
no_message(void)
{
	return err_syntax("expected a message with a bearer token");
}

/* RFC 6750 2.1: a token has no other characters, so no line ends either. */
static bool
is_token(const char *s)
{
	size_t len = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrst"
	    "uvwxyz0123456789-._~+/");

	return len > 0 && s[len + strspn(s + len, "=")] == '\0';
}

/* "Bearer TOKEN": RFC 7628 3.1 "auth" */
static const char *
bearer(char *value)
{
	if (strncasecmp(value, "Bearer ", 7) != 0)
		return NULL;
	value += 7;
	value += strspn(value, " ");
	return is_token(value) ? value : NULL;
}

/* RFC 7628 3.1 "key"; "value": all that is printable, blanks and line ends */
static bool
is_pair(const char *s)
{
	size_t n = 0;

	while (isalpha((unsigned char)s[n]))
		n++;
	if (n == 0 || s[n] != '=')
		return false;
	for (s += n + 1; *s != '\0'; s++)
		if ((*s < ' ' && strchr("\t\r\n", *s) == NULL) || *s > '~')
			return false;
	return true;
}

/*
 * Pairs, each with a SEP behind it, and one more at the end.  Stores the values
 * of auth and user (where that may be); no pair may come twice.
 */
static bool
pairs_parse(char *s, const char *end, struct oauth_message *msg, bool x2)
{
	while (s < end && *s != SEP) {
		char *sep = memchr(s, SEP, (size_t)(end - s));

		if (sep == NULL)
			return false;
		*sep = '\0';
		if (x2 && strncmp(s, "user=", 5) == 0) {
			if (*msg->user != '\0')
				return false;
			msg->user = s + 5;
		} else if (!is_pair(s)) {
			return false;
		} else if (strncasecmp(s, "auth=", 5) == 0) {
			if (*msg->token != '\0' || s[5] == '\0')
				return false;
			msg->token = bearer(s + 5);
			if (msg->token == NULL)
				return false;
		}
		s = sep + 1;
	}
	return s + 1 == end;
}

/* RFC 5801 4 "saslname": "=2C" is a comma, "=3D" an equals sign. */
static bool
saslname_decode(char *s)
{
	char *out = s;

	for (; *s != '\0'; s++) {
		if (*s != '=') {
			*out++ = *s;
			continue;
		}
		if (strncmp(s, "=2C", 3) != 0 && strncmp(s, "=3D", 3) != 0)
			return false;
		*out++ = s[1] == '2' ? ',' : '=';
		s += 2;
	}
	*out = '\0';
	return true;
}

/* RFC 7628 3.1 "gs2-header": no channel binding is defined for it. */
static char *
header_parse(char *s, struct oauth_message *msg)
{
	char *comma;

	if ((*s != 'n' && *s != 'y') || s[1] != ',')
		return NULL;
	s += 2;
	comma = strchr(s, ',');
	if (comma == NULL)
		return NULL;
	*comma = '\0';
	if (comma > s) {
		if (strncmp(s, "a=", 2) != 0 || s[2] == '\0' ||
		    !saslname_decode(s + 2))
			return NULL;
		msg->user = s + 2;
	}
	return comma[1] == SEP ? comma + 2 : NULL;
}

const struct err *
oauth_bearer_parse(struct arena *a, const char *s, size_t len,
    struct oauth_message *msg_r)
{
	struct oauth_message msg = { "", "" };
	char *copy = arena_memdup(a, s, len), *pairs;

	if (strlen(copy) != len)
		return no_message();
	pairs = header_parse(copy, &msg);
	if (pairs == NULL || !pairs_parse(pairs, copy + len, &msg, false))
		return no_message();
	*msg_r = msg;
	return NULL;
}

const struct err *
oauth_x2_parse(struct arena *a, const char *s, size_t len,
    struct oauth_message *msg_r)
{
	struct oauth_message msg = { "", "" };
	char *copy = arena_memdup(a, s, len);

	if (strlen(copy) != len || strncmp(copy, "user=", 5) != 0 ||
	    !pairs_parse(copy, copy + len, &msg, true) || *msg.token == '\0')
		return no_message();
	*msg_r = msg;
	return NULL;
}
