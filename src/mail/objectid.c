/* objectid.c - EMAILID and THREADID
 * SPDX-License-Identifier: ISC */
#include "mail/objectid.h"

#include <stdint.h>
#include <string.h>

#include "mail/header.h"

/* Octets of a field in which its first message-id is looked for. */
#define FIELD_MAX	4096
/* Fields without one that are looked at: each takes memory. */
#define WITHOUT_MAX	64

/* RFC 4648 6, in lower case */
static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";

void
objectid_begin(struct objectid_hash *h)
{
	SHA512Init(&h->ctx);
}

void
objectid_add(struct objectid_hash *h, const void *s, size_t len)
{
	SHA512Update(&h->ctx, s, len);
}

void
objectid_end(struct objectid_hash *h, unsigned char id[OBJECTID_OCTETS])
{
	unsigned char digest[SHA512_DIGEST_LENGTH];

	SHA512Final(digest, &h->ctx);
	memcpy(id, digest, OBJECTID_OCTETS);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/*
 * What is in the first angle brackets (RFC 5322 3.6.4), else the first word,
 * for those who write none.  Blanks that a fold left within are none of it.
 * 0: there is none.
 */
static size_t
first_id(char *s)
{
	char *open = strchr(s, '<'), *from, *end;
	size_t n = 0;

	end = open != NULL ? strchr(open, '>') : NULL;
	from = end != NULL ? open + 1 : s;
	while (end == NULL && is_blank(*from))
		from++;
	if (end == NULL)
		end = from + strcspn(from, " \t\r\n,;<>");
	for (char *p = from; p < end; p++)
		if (!is_blank(*p))
			s[n++] = *p;
	return n;
}

void
objectid_thread(struct arena *a, const char *header, size_t len,
    const unsigned char email[OBJECTID_OCTETS],
    unsigned char id[OBJECTID_OCTETS])
{
	static const char *const names[] = { "References", "In-Reply-To",
	    "Message-ID" };
	struct objectid_hash h;
	struct header_field field;
	struct header_iter it;
	size_t best = sizeof(names) / sizeof(names[0]), best_n = 0, n;
	unsigned int without = 0;
	char *best_s = NULL, *s;

	header_first(&it, header, len);
	while (best > 0 && without < WITHOUT_MAX && header_next(&it, &field)) {
		for (size_t i = 0; i < best; i++) {
			if (!header_is(&field, names[i]))
				continue;
			s = header_unfold(a, &field, FIELD_MAX);
			if ((n = first_id(s)) == 0) {
				without++;
				break;
			}
			best = i;
			best_s = s;
			best_n = n;
		}
	}
	if (best_n == 0) {
		memcpy(id, email, OBJECTID_OCTETS);
		return;
	}
	objectid_begin(&h);
	objectid_add(&h, best_s, best_n);
	objectid_end(&h, id);
}

void
objectid_format(enum objectid_kind kind, const unsigned char id[OBJECTID_OCTETS],
    char out[OBJECTID_LEN + 1])
{
	uint64_t bits;

	*out++ = (char)kind;
	for (size_t i = 0; i < OBJECTID_OCTETS; i += 5) {
		bits = (uint64_t)id[i] << 32 | (uint64_t)id[i + 1] << 24 |
		    (uint64_t)id[i + 2] << 16 | (uint64_t)id[i + 3] << 8 |
		    id[i + 4];
		for (int shift = 35; shift >= 0; shift -= 5)
			*out++ = digits[bits >> shift & 31];
	}
	*out = '\0';
}

bool
objectid_parse(enum objectid_kind kind, const char *s, size_t len,
    unsigned char id[OBJECTID_OCTETS])
{
	unsigned char bytes[OBJECTID_OCTETS];
	uint64_t bits = 0;
	const char *digit;

	if (len != OBJECTID_LEN || s[0] != (char)kind)
		return false;
	for (size_t i = 1; i < len; i++) {
		if (s[i] == '\0' || (digit = strchr(digits, s[i])) == NULL)
			return false;
		bits = bits << 5 | (uint64_t)(digit - digits);
		if (i % 8 != 0)
			continue;
		for (size_t k = 0; k < 5; k++)
			bytes[i / 8 * 5 - 1 - k] =
			    (unsigned char)(bits >> (8 * k));
	}
	memcpy(id, bytes, sizeof(bytes));
	return true;
}
