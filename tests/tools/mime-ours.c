/* mime-ours.c - what src/mail says of messages, for tests/lib/mime-differ.py
 * SPDX-License-Identifier: ISC */
#include <string.h>

#include "mail/decode.h"
#include "mail/envelope.h"
#include "mail/header.h"
#include "mail/mime.h"
#include "mail/sentdate.h"
#include "mime-json.h"
#include "util/arena.h"
#include "util/buf.h"

#define FIELD_MAX	(128 * 1024)	/* octets */

static void
put_string(const char *key, const char *s)
{
	printf(",\"%s\":", key);
	if (s == NULL)
		fputs("null", stdout);
	else
		json_octets(s, strlen(s));
}

static void
put_decoded(const char *key, const char *s)
{
	struct buf out = { 0 };

	if (s != NULL)
		header_decode(s, strlen(s), &out);
	put_string(key, s == NULL ? NULL : buf_str(&out));
	buf_clear(&out);
}

static void
put_params(const char *key, const struct mime_param *params, size_t n)
{
	printf(",\"%s\":[", key);
	for (size_t i = 0; i < n; i++) {
		printf("%s[", i > 0 ? "," : "");
		json_octets(params[i].name, strlen(params[i].name));
		putchar(',');
		json_octets(params[i].value, strlen(params[i].value));
		putchar(']');
	}
	putchar(']');
}

static void
put_content(const char *s, const struct mime_part *part)
{
	struct decoder *d = decoder_new_octets(part->encoding);
	struct buf out = { 0 };

	decoder_feed(d, s + part->body_off, part->body_len, true, &out);
	fputs(",\"content\":", stdout);
	json_octets(out.s, out.len);
	decoder_free(d);
	buf_clear(&out);
}

static bool
find_field(const char *header, size_t len, const char *name,
    struct header_field *f)
{
	struct header_iter it;

	header_first(&it, header, len);
	while (header_next(&it, f))
		if (header_is(f, name))
			return true;
	return false;
}

/* Each as [name, mailbox, host]; decoded, as a user sees them. */
static void
put_addresses(struct arena *a, const char *key, const struct header_field *f)
{
	struct address *list;
	size_t n = address_parse(a, f->value, f->value_len < FIELD_MAX ?
	    f->value_len : FIELD_MAX, &list);

	printf(",\"%s\":[", key);
	for (size_t i = 0; i < n; i++) {
		printf("%s{\"a\":0", i > 0 ? "," : "");
		put_decoded("name", list[i].name);
		put_string("adl", list[i].adl);
		put_string("mailbox", list[i].mailbox);
		put_string("host", list[i].host);
		putchar('}');
	}
	putchar(']');
}

/* What is in the header of a message. */
static void
put_envelope(struct arena *a, const char *s, size_t len)
{
	struct header_field f;
	int32_t day;
	int64_t when;
	const char *value;

	if (find_field(s, len, "Subject", &f))
		put_decoded("subject", header_unfold(a, &f, FIELD_MAX));
	if (find_field(s, len, "Date", &f)) {
		value = header_unfold(a, &f, FIELD_MAX);
		if (sent_date(value, strlen(value), &day, &when))
			printf(",\"date\":%lld", (long long)when);
	}
	if (find_field(s, len, "From", &f))
		put_addresses(a, "from", &f);
	if (find_field(s, len, "To", &f))
		put_addresses(a, "to", &f);
}

static void
put_part(struct arena *a, const char *s, const struct mime_part *part)
{
	printf("{\"type\":\"%s/%s\"", part->type, part->subtype);
	put_params("params", part->params, part->params_n);
	put_string("disposition", part->disposition);
	put_params("dparams", part->disposition_params,
	    part->disposition_params_n);
	put_string("id", part->id);
	put_string("language", part->languages_n > 0 ? part->languages[0] :
	    NULL);
	put_string("encoding", part->encoding_name);
	printf(",\"header\":[%llu,%llu],\"body\":[%llu,%llu],\"lines\":%llu",
	    (unsigned long long)part->header_off,
	    (unsigned long long)part->header_len,
	    (unsigned long long)part->body_off,
	    (unsigned long long)part->body_len,
	    (unsigned long long)part->body_lines);
	if (part->parent == NULL || part->parent->kind == MIME_MESSAGE)
		put_envelope(a, s + part->header_off, part->header_len);
	if (part->kind == MIME_LEAF)
		put_content(s, part);
	fputs(",\"parts\":[", stdout);
	for (const struct mime_part *p = part->child; p != NULL; p = p->next) {
		if (p != part->child)
			putchar(',');
		put_part(a, s, p);
	}
	fputs("]}", stdout);
}

int
main(void)
{
	struct arena *a;
	size_t len;
	char *s;

	while ((s = next_message(&len)) != NULL) {
		a = arena_new();
		put_part(a, s, mime_parse(a, s, len));
		putchar('\n');
		fflush(stdout);
		arena_free(a);
		free(s);
	}
	return 0;
}
