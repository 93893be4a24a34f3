/* out.c - what verbs print: plain lines for people and scripts, or JSON
 * SPDX-License-Identifier: ISC */
#include "out.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "util/log.h"

#define OUT_DEPTH_MAX	4	/* lists and records in each other */

enum level_kind { LEVEL_LIST, LEVEL_RECORD };

struct level {
	enum level_kind	kind;
	bool		row;	/* LEVEL_LIST: a row is begun */
	bool		some;	/* something is in the innermost [] or {} */
};

struct out {
	FILE		*f;
	bool		 json;
	struct level	 levels[OUT_DEPTH_MAX];
	unsigned int	 depth;
};

struct out *
out_new(FILE *f, bool json)
{
	struct out *o = calloc(1, sizeof(*o));

	if (o == NULL)
		fatal("out of memory");
	o->f = f;
	o->json = json;
	return o;
}

void
out_free(struct out *o)
{
	free(o);
}

bool
out_is_json(const struct out *o)
{
	return o->json;
}

static struct level *
top(struct out *o)
{
	if (o->depth == 0)
		fatal("output outside of a list or a record");
	return &o->levels[o->depth - 1];
}

static void
push(struct out *o, enum level_kind kind)
{
	if (o->depth == OUT_DEPTH_MAX)
		fatal("output nested too deeply");
	o->levels[o->depth++] = (struct level){ .kind = kind };
	if (o->json)
		fputc(kind == LEVEL_LIST ? '[' : '{', o->f);
}

/* One string with its quotes. */
static void
json_string(FILE *f, const char *s)
{
	size_t len = strlen(s);

	fputc('"', f);
	while (len > 0) {
		utf8proc_int32_t cp;
		utf8proc_ssize_t n = utf8proc_iterate((const uint8_t *)s,
		    (utf8proc_ssize_t)len, &cp);

		if (n <= 0) {
			fputs("\xef\xbf\xbd", f);
			n = 1;
		} else if (cp == '"' || cp == '\\')
			fprintf(f, "\\%c", (char)cp);
		else if (cp < 0x20 || cp == 0x7f)
			fprintf(f, "\\u%04x", (unsigned int)cp);
		else
			fwrite(s, 1, (size_t)n, f);
		s += n;
		len -= (size_t)n;
	}
	fputc('"', f);
}

/* What goes before a field's value. */
static void
field(struct out *o, const char *key)
{
	struct level *l = top(o);

	if (o->json) {
		if (l->some)
			fputs(", ", o->f);
		json_string(o->f, key);
		fputs(": ", o->f);
	} else if (l->kind == LEVEL_RECORD)
		fprintf(o->f, "%s\t", key);
	else if (l->some)
		fputc('\t', o->f);
	l->some = true;
}

static void
field_end(struct out *o)
{
	if (!o->json && top(o)->kind == LEVEL_RECORD)
		fputc('\n', o->f);
}

static void
row_end(struct out *o)
{
	if (top(o)->row)
		fputc(o->json ? '}' : '\n', o->f);
}

void
out_list(struct out *o)
{
	push(o, LEVEL_LIST);
}

void
out_row(struct out *o)
{
	struct level *l = top(o);

	row_end(o);
	if (o->json)
		fputs(l->row ? ",\n{" : "\n{", o->f);
	l->row = true;
	l->some = false;
}

void
out_record(struct out *o)
{
	push(o, LEVEL_RECORD);
}

void
out_rows(struct out *o, const char *key)
{
	if (o->json)
		field(o, key);
	push(o, LEVEL_LIST);
}

void
out_end(struct out *o)
{
	struct level *l = top(o);

	if (l->kind == LEVEL_LIST)
		row_end(o);
	if (o->json)
		fputc(l->kind == LEVEL_LIST ? ']' : '}', o->f);
	if (--o->depth == 0 && o->json)
		fputc('\n', o->f);
}

/* A tab or a line end in a name would make another field or row of it. */
static void
plain_string(FILE *f, const char *s)
{
	for (; *s != '\0'; s++)
		fputc((unsigned char)*s < 0x20 || *s == 0x7f ? '?' : *s, f);
}

void
out_str(struct out *o, const char *key, const char *text)
{
	field(o, key);
	if (!o->json)
		plain_string(o->f, text == NULL ? "-" : text);
	else if (text == NULL)
		fputs("null", o->f);
	else
		json_string(o->f, text);
	field_end(o);
}

void
out_uint(struct out *o, const char *key, uint64_t n)
{
	field(o, key);
	fprintf(o->f, "%" PRIu64, n);
	field_end(o);
}

void
out_bool(struct out *o, const char *key, bool yes)
{
	field(o, key);
	if (o->json)
		fputs(yes ? "true" : "false", o->f);
	else
		fputs(yes ? "yes" : "no", o->f);
	field_end(o);
}

void
out_strs(struct out *o, const char *key, const char *const *list, size_t n)
{
	field(o, key);
	if (o->json)
		fputc('[', o->f);
	else if (n == 0)
		fputc('-', o->f);
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			fputs(o->json ? ", " : ",", o->f);
		if (o->json)
			json_string(o->f, list[i]);
		else
			plain_string(o->f, list[i]);
	}
	if (o->json)
		fputc(']', o->f);
	field_end(o);
}
