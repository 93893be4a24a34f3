/* header.c - header fields
 * SPDX-License-Identifier: ISC */
#include "mail/header.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/*
 * In lower case and sorted by octets.  These are what mail clients list in
 * BODY.PEEK[HEADER.FIELDS (...)] when they fill or synchronize a mailbox.  Not
 * Received and DKIM-Signature: they are large and rarely asked for.
 */
static const char *const cached[] = {
	"authentication-results",
	"auto-submitted",
	"autocrypt",
	"bcc",
	"cc",
	"content-class",
	"content-description",
	"content-disposition",
	"content-id",
	"content-language",
	"content-transfer-encoding",
	"content-type",
	"date",
	"delivered-to",
	"disposition-notification-to",
	"envelope-to",
	"errors-to",
	"followup-to",
	"from",
	"importance",
	"in-reply-to",
	"keywords",
	"lines",
	"list-archive",
	"list-help",
	"list-id",
	"list-owner",
	"list-post",
	"list-subscribe",
	"list-unsubscribe",
	"list-unsubscribe-post",
	"mail-followup-to",
	"mail-reply-to",
	"message-id",
	"mime-version",
	"newsgroups",
	"organization",
	"precedence",
	"priority",
	"references",
	"reply-to",
	"resent-bcc",
	"resent-cc",
	"resent-date",
	"resent-from",
	"resent-message-id",
	"resent-sender",
	"resent-to",
	"return-path",
	"return-receipt-to",
	"sender",
	"sensitivity",
	"status",
	"subject",
	"thread-index",
	"thread-topic",
	"to",
	"user-agent",
	"x-draft-info",
	"x-identity-key",
	"x-label",
	"x-list",
	"x-mailer",
	"x-mozilla-draft-info",
	"x-mozilla-keys",
	"x-mozilla-status",
	"x-mozilla-status2",
	"x-msmail-priority",
	"x-original-to",
	"x-priority",
	"x-spam",
	"x-spam-flag",
	"x-spam-level",
	"x-spam-score",
	"x-spam-status",
	"x-status",
	"x-uid",
	"x-uniform-type-identifier",
	"x-universally-unique-identifier",
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The octets of the line at s with its end; all of it when it has none. */
static size_t
line_length(const char *s, const char *end)
{
	const char *lf = memchr(s, '\n', (size_t)(end - s));

	return (size_t)((lf == NULL ? end : lf + 1) - s);
}

bool
header_line_is_empty(const char *s, size_t len)
{
	size_t crs = 0;

	if (len > HEADER_EMPTY_MAX)
		return false;
	while (crs < len && s[crs] == '\r')
		crs++;
	return crs + 1 == len && s[crs] == '\n';
}

size_t
header_length(const char *s, size_t len)
{
	const char *p = s, *end;
	size_t n;

	if (len == 0)
		return 0;
	end = s + len;
	while (p < end) {
		n = line_length(p, end);
		p += n;
		if (header_line_is_empty(p - n, n))
			break;
	}
	return (size_t)(p - s);
}

void
header_first(struct header_iter *it, const char *s, size_t len)
{
	it->s = s;
	/* An empty buffer is NULL, to which nothing may be added. */
	it->end = len == 0 ? s : s + len;
}

static void
field_split(struct header_field *f, size_t first_line)
{
	const char *end = f->raw + f->raw_len, *colon;

	if (end > f->raw && end[-1] == '\n')
		end--;
	if (end > f->raw && end[-1] == '\r')
		end--;
	f->name = f->raw;
	f->name_len = 0;
	f->value = f->raw;
	colon = memchr(f->raw, ':', first_line);
	/* A line that starts with a blank continues nothing: it has no name. */
	if (colon != NULL && !is_blank(f->raw[0])) {
		f->value = colon + 1;
		while (colon > f->raw && is_blank(colon[-1]))
			colon--;
		f->name_len = (size_t)(colon - f->raw);
	}
	f->value_len = end > f->value ? (size_t)(end - f->value) : 0;
}

bool
header_next(struct header_iter *it, struct header_field *f)
{
	const char *p = it->s;
	size_t first;

	if (p >= it->end)
		return false;
	first = line_length(p, it->end);
	if (header_line_is_empty(p, first))
		return false;
	p += first;
	while (p < it->end && is_blank(*p))
		p += line_length(p, it->end);
	f->raw = it->s;
	f->raw_len = (size_t)(p - it->s);
	field_split(f, first);
	it->s = p;
	return true;
}

bool
header_is(const struct header_field *f, const char *name)
{
	return strlen(name) == f->name_len &&
	    strncasecmp(f->name, name, f->name_len) == 0;
}

char *
header_unfold(struct arena *a, const struct header_field *f, size_t max)
{
	const char *s = f->value, *end = s + f->value_len;
	size_t n = 0;
	char *out;

	while (s < end && (is_blank(*s) || *s == '\r' || *s == '\n'))
		s++;
	while (end > s && (is_blank(end[-1]) || end[-1] == '\r' ||
	    end[-1] == '\n'))
		end--;
	out = arena_alloc(a, ((size_t)(end - s) < max ? (size_t)(end - s) :
	    max) + 1);
	for (; s < end && n < max; s++) {
		/* A line's end inside a value always precedes a blank. */
		if (*s == '\r' && s[1] == '\n')
			continue;
		if (*s != '\n')
			out[n++] = *s == '\0' ? '?' : *s;
		else while (n > 0 && out[n - 1] == '\r')
			n--;
	}
	out[n] = '\0';
	return out;
}

static bool
name_in(const struct header_field *f, const char *const *names, size_t n)
{
	/* The first letters tell most of them apart. */
	for (size_t i = 0; i < n; i++)
		if (f->name_len > 0 &&
		    ((names[i][0] ^ f->name[0]) & ~0x20) == 0 &&
		    header_is(f, names[i]))
			return true;
	return false;
}

size_t
header_filter(const char *s, size_t len, const char *const *names, size_t n,
    bool not, void (*fn)(void *, const char *, size_t), void *arg)
{
	struct header_iter it;
	struct header_field f;
	size_t total = 0, empty;

	header_first(&it, s, len);
	while (header_next(&it, &f)) {
		if (name_in(&f, names, n) == not)
			continue;
		total += f.raw_len;
		if (fn != NULL)
			fn(arg, f.raw, f.raw_len);
	}
	if (it.s < it.end) {
		empty = line_length(it.s, it.end);
		total += empty;
		if (fn != NULL)
			fn(arg, it.s, empty);
	}
	return total;
}

struct name_key {
	const char	*s;
	size_t		 len;
};

static int
name_cmp(const void *key, const void *elem)
{
	const struct name_key *k = key;
	const char *name = *(const char *const *)elem;
	int c = strncasecmp(k->s, name, k->len);

	return c != 0 ? c : name[k->len] == '\0' ? 0 : -1;
}

static bool
name_is_cached(const char *s, size_t len)
{
	struct name_key key = { s, len };

	return len > 0 && memchr(s, '\0', len) == NULL &&
	    bsearch(&key, cached, sizeof(cached) / sizeof(cached[0]),
	    sizeof(cached[0]), name_cmp) != NULL;
}

bool
header_is_cached(const char *name)
{
	return name_is_cached(name, strlen(name));
}

void
header_cache(const char *s, size_t len, struct buf *out)
{
	struct header_iter it;
	struct header_field f;
	size_t start = out->len;

	header_first(&it, s, len);
	while (header_next(&it, &f)) {
		if (!name_is_cached(f.name, f.name_len))
			continue;
		if (f.raw_len > HEADER_CACHE_MAX - (out->len - start)) {
			out->len = start;
			return;
		}
		buf_add(out, f.raw, f.raw_len);
	}
	if (it.s < it.end)
		buf_add(out, it.s, line_length(it.s, it.end));
}
