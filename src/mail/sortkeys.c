/* sortkeys.c - what SORT and THREAD ask of a message
 * SPDX-License-Identifier: ISC */
#include "mail/sortkeys.h"

#include <endian.h>
#include <string.h>

#include "mail/charset.h"
#include "mail/decode.h"
#include "mail/envelope.h"
#include "mail/header.h"
#include "mail/sentdate.h"
#include "mail/subject.h"

#define VERSION		1
#define FLAG_REPLY	1
#define FLAG_DATED	2
#define ADDRESSES_OCTETS 8192	/* of all fields of a name, for the first address */

/* --- Message IDs --- */

/* FNV-1a, with its bits mixed at the end. */
#define HASH_START	UINT64_C(0xcbf29ce484222325)

static uint64_t
hash_add(uint64_t h, unsigned char c)
{
	return (h ^ c) * UINT64_C(0x100000001b3);
}

static uint64_t
hash_end(uint64_t h)
{
	h = (h ^ h >> 33) * UINT64_C(0xff51afd7ed558ccd);
	h = (h ^ h >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	h ^= h >> 33;
	return h != 0 ? h : 1;
}

uint64_t
sortkeys_hash(const char *s, size_t len)
{
	uint64_t h = HASH_START;

	for (size_t i = 0; i < len; i++)
		h = hash_add(h, (unsigned char)s[i]);
	return hash_end(h);
}

/*
 * The next valid message ID (RFC 5322 3.6.4) at or behind *s, as a number; 0 when
 * there is none.  Quotes, folds and blanks do not count (RFC 5256 3).
 */
static uint64_t
next_id(const char **s, const char *end)
{
	const char *p = *s;
	uint64_t h = HASH_START;
	bool inside = false, quoted = false, at = false;

	for (; p < end; p++) {
		if (*p == '<' && !quoted) {
			inside = true;
			at = false;
			h = HASH_START;
		} else if (!inside || *p == '\r' || *p == '\n')
			continue;
		else if (*p == '>' && !quoted) {
			inside = false;
			if (at)
				break;
		} else if (*p == '"')
			quoted = !quoted;
		else if (quoted && *p == '\\' && p + 1 < end)
			h = hash_add(h, (unsigned char)*++p);
		else if (quoted || (*p != ' ' && *p != '\t')) {
			at = at || (*p == '@' && !quoted);
			h = hash_add(h, (unsigned char)*p);
		}
	}
	*s = p < end ? p + 1 : end;
	return p < end ? hash_end(h) : 0;
}

static void
take_references(const struct header_field *f, struct sortkeys *k)
{
	const char *s = f->value, *end = s + f->value_len;
	uint64_t id;

	while ((id = next_id(&s, end)) != 0) {
		if (k->refs_n == SORTKEYS_REFS_MAX) {
			memmove(k->refs + 1, k->refs + 2,
			    (SORTKEYS_REFS_MAX - 2) * sizeof(k->refs[0]));
			k->refs_n--;
		}
		k->refs[k->refs_n++] = id;
	}
}

/* --- Packing --- */

static void
put_number(struct buf *b, uint64_t n, unsigned int octets)
{
	for (unsigned int i = 0; i < octets; i++)
		buf_addc(b, (char)(n >> (8 * i)));
}

static uint64_t
get_number(const char *s, unsigned int octets)
{
	uint64_t n = 0;

	memcpy(&n, s, octets);
	return le64toh(n);
}

/* Cut where a character begins. */
static void
put_text(struct buf *b, const char *s, size_t len)
{
	if (len > SORTKEYS_TEXT_MAX)
		for (len = SORTKEYS_TEXT_MAX; len > SORTKEYS_TEXT_MAX - 4 &&
		    (s[len] & 0xc0) == 0x80; )
			len--;
	put_number(b, len, 2);
	if (len > 0)
		buf_add(b, s, len);
}

/* RFC 5957 3 */
static void
put_display(struct buf *b, const struct address *addr)
{
	struct buf text = { 0 };

	if (addr != NULL && addr->name != NULL)
		header_decode(addr->name, strlen(addr->name), &text);
	if (text.len == 0 && addr != NULL && addr->mailbox != NULL) {
		buf_adds(&text, addr->mailbox);
		if (addr->host != NULL) {
			buf_addc(&text, '@');
			buf_adds(&text, addr->host);
		}
	}
	put_text(b, text.s, text.len);
	buf_clear(&text);
}

static void
put_mailbox(struct buf *b, const struct address *addr)
{
	const char *s = addr != NULL && addr->mailbox != NULL ?
	    addr->mailbox : "";

	put_text(b, s, strlen(s));
}

/* Of the fields with one name. */
struct addressee {
	const struct address *first;	/* NULL: none was met so far */
	size_t		 looked_at;	/* octets without one; each takes memory */
};

/* The first address of a field, unless one was met before. */
static void
take_address(struct arena *a, const struct header_field *f,
    struct addressee *to)
{
	struct address *list;
	size_t len = f->value_len;

	if (len > ADDRESSES_OCTETS - to->looked_at)
		len = ADDRESSES_OCTETS - to->looked_at;
	if (to->first != NULL || len == 0)
		return;
	to->looked_at += len;
	if (address_parse(a, f->value, len, &list) > 0)
		to->first = &list[0];
}

struct fields {
	struct header_field subject, date, references, in_reply_to, id;
	struct addressee from, to, cc;
	bool		 from_met;	/* the first From counts, empty or not */
};

static void
take_first(const struct header_field *f, struct header_field *first)
{
	if (first->name == NULL)
		*first = *f;
}

static void
take_fields(struct arena *a, const char *header, size_t len,
    struct fields *fields)
{
	struct header_iter it;
	struct header_field f;

	header_first(&it, header, len);
	while (header_next(&it, &f)) {
		if (header_is(&f, "Subject"))
			take_first(&f, &fields->subject);
		else if (header_is(&f, "Date"))
			take_first(&f, &fields->date);
		else if (header_is(&f, "References"))
			take_first(&f, &fields->references);
		else if (header_is(&f, "In-Reply-To"))
			take_first(&f, &fields->in_reply_to);
		else if (header_is(&f, "Message-ID"))
			take_first(&f, &fields->id);
		else if (header_is(&f, "From") && !fields->from_met) {
			fields->from_met = true;
			take_address(a, &f, &fields->from);
		} else if (header_is(&f, "To"))
			take_address(a, &f, &fields->to);
		else if (header_is(&f, "Cc"))
			take_address(a, &f, &fields->cc);
	}
}

static void
take_ids(const struct fields *fields, struct sortkeys *k)
{
	const char *s;

	if (fields->id.name != NULL) {
		s = fields->id.value;
		k->id = next_id(&s, s + fields->id.value_len);
	}
	if (fields->references.name != NULL)
		take_references(&fields->references, k);
	if (k->refs_n > 0 || fields->in_reply_to.name == NULL)
		return;
	s = fields->in_reply_to.value;
	k->refs[0] = next_id(&s, s + fields->in_reply_to.value_len);
	k->refs_n = k->refs[0] != 0;
}

void
sortkeys_make(struct arena *a, const char *header, size_t len, struct buf *b)
{
	struct fields fields = { .from_met = false };
	struct sortkeys k = { .id = 0 };
	struct buf subject = { 0 };
	int32_t day;

	take_fields(a, header, len, &fields);
	take_ids(&fields, &k);
	if (fields.date.name != NULL)
		k.dated = sent_date(fields.date.value, fields.date.value_len,
		    &day, &k.sent);
	if (fields.subject.name != NULL)
		base_subject(fields.subject.value, fields.subject.value_len,
		    &subject, &k.reply);
	buf_addc(b, VERSION);
	buf_addc(b, (char)((k.reply ? FLAG_REPLY : 0) |
	    (k.dated ? FLAG_DATED : 0)));
	put_number(b, (uint64_t)k.sent, 8);
	put_text(b, subject.s, subject.len);
	put_mailbox(b, fields.from.first);
	put_mailbox(b, fields.to.first);
	put_mailbox(b, fields.cc.first);
	put_display(b, fields.from.first);
	put_display(b, fields.to.first);
	put_number(b, k.id, 8);
	for (unsigned int i = 0; i < k.refs_n; i++)
		put_number(b, k.refs[i], 8);
	buf_clear(&subject);
}

bool
sortkeys_unpack(const char *s, size_t len, struct sortkeys *k)
{
	const char *end;
	size_t n;

	if (len < 10 || s[0] != VERSION)
		return false;
	end = s + len;
	k->reply = s[1] & FLAG_REPLY;
	k->dated = s[1] & FLAG_DATED;
	k->sent = (int64_t)get_number(s + 2, 8);
	s += 10;
	for (int i = 0; i < SORTKEY_TEXTS; i++) {
		if (end - s < 2)
			return false;
		n = (size_t)get_number(s, 2);
		s += 2;
		if (n > SORTKEYS_TEXT_MAX || n > (size_t)(end - s))
			return false;
		k->texts[i].s = s;
		k->texts[i].len = n;
		s += n;
	}
	n = (size_t)(end - s);
	if (n < 8 || n % 8 != 0 || n / 8 - 1 > SORTKEYS_REFS_MAX)
		return false;
	k->id = get_number(s, 8);
	k->refs_n = (unsigned int)(n / 8 - 1);
	for (unsigned int i = 0; i < k->refs_n; i++)
		k->refs[i] = get_number(s + 8 + 8 * i, 8);
	return true;
}
