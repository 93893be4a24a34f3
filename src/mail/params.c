/* params.c - values of MIME fields
 * SPDX-License-Identifier: ISC */
#include "mail/params.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define SECTION_NONE	(-1)		/* no continuation */
#define SECTION_MAX	MIME_PARAMS_MAX

/* A parameter as it is written: NAME*SECTION*=VALUE. */
struct raw {
	const char	*written;	/* all of the name, upper case */
	const char	*name;		/* without what begins at the star */
	int		 section;
	bool		 encoded;	/* the name ends in a star */
	bool		 done;
	const char	*value;
};

/* RFC 2045 5.1 "token"; 8-bit octets are none. */
static bool
is_token(unsigned char c)
{
	return c > ' ' && c < 0x7f && strchr("()<>@,;:\\\"/[]?=", c) == NULL;
}

static char *
dup_upper(struct arena *a, const char *s, size_t len)
{
	char *out = arena_memdup(a, s, len);

	for (size_t i = 0; i < len; i++)
		if (out[i] >= 'a' && out[i] <= 'z')
			out[i] -= 'a' - 'A';
	return out;
}

void
value_skip(const char **sp)
{
	const char *s = *sp;
	size_t depth = 0;

	for (; *s != '\0'; s++) {
		if (*s == '(')
			depth++;
		else if (*s == ')' && depth > 0)
			depth--;
		else if (*s == '\\' && depth > 0 && s[1] != '\0')
			s++;
		else if (depth == 0 && strchr(" \t\r\n", *s) == NULL)
			break;
	}
	*sp = s;
}

const char *
value_token(struct arena *a, const char **sp)
{
	const char *s;
	size_t n = 0;

	value_skip(sp);
	s = *sp;
	while (is_token((unsigned char)s[n]))
		n++;
	*sp = s + n;
	return n == 0 ? NULL : dup_upper(a, s, n);
}

static const char *
quoted_value(struct arena *a, const char **sp)
{
	const char *s = *sp + 1, *end = s;
	char *out;
	size_t n = 0;

	while (*end != '\0' && *end != '"')
		end += *end == '\\' && end[1] != '\0' ? 2 : 1;
	out = arena_alloc(a, (size_t)(end - s) + 1);
	for (; s < end; s++) {
		if (*s == '\\' && s[1] != '\0')
			s++;
		out[n++] = *s;
	}
	*sp = *end == '"' ? end + 1 : end;
	return out;
}

/*
 * Up to the next semicolon: "name=my file.pdf" is common.  A comment behind a
 * blank is none of it (RFC 2045 5.1 has an example).
 */
static const char *
plain_value(struct arena *a, const char **sp)
{
	const char *s = *sp;
	size_t n = 0, len;

	while (s[n] != '\0' && s[n] != ';' && !(s[n] == '(' && n > 0 &&
	    (s[n - 1] == ' ' || s[n - 1] == '\t')))
		n++;
	*sp = s + n;
	for (len = n; len > 0 && strchr(" \t\r\n", s[len - 1]) != NULL; )
		len--;
	return arena_memdup(a, s, len);
}

/* Take NAME*0*, NAME*0, NAME* and NAME apart: RFC 2231 7. */
static void
split_name(struct arena *a, struct raw *r)
{
	size_t len = strlen(r->written);
	const char *star, *p;
	int n = 0;

	r->section = SECTION_NONE;
	if (len > 1 && r->written[len - 1] == '*') {
		r->encoded = true;
		len--;
	}
	star = memchr(r->written, '*', len);
	if (star != NULL && star > r->written) {
		for (p = star + 1; p < r->written + len && *p >= '0' &&
		    *p <= '9' && n < SECTION_MAX; p++)
			n = n * 10 + (*p - '0');
		if (p > star + 1 && p == r->written + len && n < SECTION_MAX) {
			r->section = n;
			len = (size_t)(star - r->written);
		}
	}
	r->name = arena_memdup(a, r->written, len);
}

/* The next parameter; false at the end. */
static bool
raw_next(struct arena *a, const char **sp, struct raw *r)
{
	*r = (struct raw){ 0 };
	for (;;) {
		value_skip(sp);
		if (**sp == '\0')
			return false;
		r->written = value_token(a, sp);
		if (r->written == NULL) {
			(*sp)++;
			continue;
		}
		value_skip(sp);
		if (**sp != '=')
			continue;
		(*sp)++;
		*sp += strspn(*sp, " \t\r\n");
		r->value = **sp == '"' ? quoted_value(a, sp) :
		    plain_value(a, sp);
		split_name(a, r);
		return true;
	}
}

static struct raw *
find_section(struct raw *raws, size_t n, const char *name, int section)
{
	for (size_t i = 0; i < n; i++)
		if (raws[i].section == section && !raws[i].done &&
		    strcmp(raws[i].name, name) == 0)
			return &raws[i];
	return NULL;
}

/* RFC 2231 7 "attribute-char" */
static bool
is_attribute_char(unsigned char c)
{
	return is_token(c) && c != '*' && c != '\'' && c != '%';
}

/* Append a section; one without encoding among encoded ones is encoded, so
 * that all of the value can be read alike. */
static char *
add_section(char *p, const struct raw *r, bool encode)
{
	static const char hex[] = "0123456789ABCDEF";

	for (const char *s = r->value; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (!encode || r->encoded || is_attribute_char(c)) {
			*p++ = *s;
			continue;
		}
		*p++ = '%';
		*p++ = hex[c >> 4];
		*p++ = hex[c & 15];
	}
	return p;
}

/*
 * Put the sections of a name together, from 0 up to the first gap.  The first one
 * tells the character set (RFC 2231 4.1); where it is not encoded and another is,
 * the set is left empty, as it may be.
 */
static struct mime_param
join(struct arena *a, struct raw *raws, size_t n, struct raw *first)
{
	bool encoded = false;
	const char *name = first->name;
	size_t size = sizeof("''");
	struct raw *sections[SECTION_MAX], *r = first;
	int count = 0;
	char *value, *p;

	while (r != NULL && count < SECTION_MAX) {
		r->done = true;
		encoded |= r->encoded;
		size += strlen(r->value) * (r->encoded ? 1 : 3);
		sections[count++] = r;
		r = find_section(raws, n, name, count);
	}
	p = value = arena_alloc(a, size);
	if (encoded && !first->encoded)
		p = stpcpy(p, "''");
	for (int i = 0; i < count; i++)
		p = add_section(p, sections[i], encoded);
	return (struct mime_param){
		.name = encoded ? arena_printf(a, "%s*", name) : name,
		.value = value
	};
}

static bool
has_param(const struct mime_param *params, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(params[i].name, name) == 0)
			return true;
	return false;
}

size_t
params_parse(struct arena *a, const char *s, struct mime_param **params_r)
{
	struct raw raws[MIME_PARAMS_MAX], *first;
	struct mime_param *params, param;
	size_t n = 0, out = 0;

	while (n < MIME_PARAMS_MAX && raw_next(a, &s, &raws[n]))
		n++;
	params = arena_array(a, n, sizeof(*params));
	for (size_t i = 0; i < n; i++) {
		if (raws[i].done)
			continue;
		first = raws[i].section == SECTION_NONE ? NULL :
		    find_section(raws, n, raws[i].name, 0);
		if (first != NULL)
			param = join(a, raws, n, first);
		else
			param = (struct mime_param){ raws[i].written,
			    raws[i].value };
		if (!has_param(params, out, param.name))
			params[out++] = param;
	}
	*params_r = params;
	return out;
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static const char *
percent_decode(struct arena *a, const char *s)
{
	char *out = arena_alloc(a, strlen(s) + 1);
	size_t n = 0;
	int hi, lo;

	for (; *s != '\0'; s++) {
		hi = lo = -1;
		if (*s == '%' && (hi = hex_value(s[1])) >= 0)
			lo = hex_value(s[2]);
		if (lo >= 0) {
			out[n++] = hi == 0 && lo == 0 ? '?' :
			    (char)(hi << 4 | lo);
			s += 2;
		} else
			out[n++] = *s;
	}
	return out;
}

const char *
params_get(struct arena *a, const struct mime_param *params, size_t n,
    const char *name)
{
	size_t len = strlen(name);
	const char *value = NULL, *quote;

	for (size_t i = 0; i < n; i++) {
		if (strncmp(params[i].name, name, len) != 0)
			continue;
		if (params[i].name[len] == '\0')
			return params[i].value;
		if (strcmp(params[i].name + len, "*") == 0)
			value = params[i].value;
	}
	if (value == NULL)
		return NULL;
	if ((quote = strchr(value, '\'')) != NULL &&
	    (quote = strchr(quote + 1, '\'')) != NULL)
		value = quote + 1;
	return percent_decode(a, value);
}
