/* mail.c - the benchmark's mail: headers, threads, MIME structures, encodings
 * SPDX-License-Identifier: ISC
 *
 * Sizes and kinds follow what an office's mailbox holds: most messages are some
 * kilobytes of text, a third has an HTML side, a sixth carries files that are most
 * of the octets.  Threads lie within 64 messages that follow each other. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "mail.h"

#define THREAD_SPAN	64
#define REFERENCES_MAX	8
/* 2012-01-01: a million messages later it is still before today, and no server takes
 * today's date for one of tomorrow's. */
#define EPOCH		1325376000
#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

enum purpose { P_PARENT = 1, P_TOPIC, P_FACTS, P_PEOPLE, P_BODY, P_HEADER };

static const char *const words[] = {
	"the", "and", "to", "of", "a", "we", "is", "for", "in", "that", "you",
	"it", "on", "with", "this", "be", "are", "have", "will", "not", "from",
	"please", "can", "as", "by", "an", "your", "there", "but", "or", "if",
	"meeting", "report", "budget", "project", "review", "draft", "invoice",
	"contract", "delivery", "server", "patch", "release", "schedule",
	"question", "update", "customer", "order", "office", "travel", "team",
	"training", "backup", "network", "printer", "password", "archive",
	"library", "kernel", "driver", "signature", "certificate", "address",
	"quarter", "figures", "payment", "account", "transfer", "supplier",
	"warehouse", "shipment", "proposal", "minutes", "agenda", "workshop",
	"conference", "abstract", "chapter", "paper", "appendix", "table",
	"measurement", "results", "sample", "laboratory", "equipment", "safety",
	"holiday", "replacement", "interview", "candidate", "position",
	"department", "building", "parking", "kitchen", "window", "repair",
	"electric", "water", "garden", "summer", "winter", "monday", "tuesday",
	"morning", "afternoon", "tomorrow", "yesterday", "deadline", "urgent",
	"important", "attached", "enclosed", "following", "regarding", "sincerely",
	"greetings", "thanks", "welcome", "unfortunately", "however", "therefore",
	"approximately", "development", "documentation", "configuration",
	"installation", "migration", "performance", "availability", "maintenance",
};
static const char *const wide_words[] = {	/* not ASCII */
	"für", "über", "Grüße", "Münster", "Straße", "möglich", "nächste",
	"Übersicht", "café", "naïve", "señor", "déjà", "élève", "Ångström",
};
static const char *const topics[] = {
	"Agenda", "Backup", "Budget", "Build failure", "Contract", "Delivery",
	"Draft", "Figures", "Holiday plan", "Interview", "Invoice", "Kick-off",
	"Maintenance", "Minutes", "Newsletter", "Order", "Parking", "Patch",
	"Proposal", "Question", "Release", "Report", "Review", "Schedule",
	"Security update", "Shipment", "Survey", "Ticket", "Training", "Travel",
	"Welcome", "Workshop",
};
static const char *const first_names[] = {
	"Alice", "Bob", "Carol", "David", "Erika", "Frank", "Grace", "Heinz",
	"Ingrid", "Jack", "Karin", "Lars", "Maria", "Niels", "Olga", "Paul",
	"Jürgen", "Renée", "Søren", "Zoë",
};
static const char *const last_names[] = {
	"Smith", "Miller", "Jones", "Brown", "Schmidt", "Weber", "Fischer",
	"Nielsen", "Larsson", "Garcia", "Rossi", "Dubois", "Novak", "Kowalski",
	"Müller", "Jäger",
};
static const char *const hosts[] = {
	"example.org", "example.com", "mail.example.net", "lists.example.org",
	"uni.example.edu", "office.example.com",
};
static const char *const lists[] = {
	"announce", "devel", "users", "staff", "commits", "security",
};
static const char *const prefixes[] = { "Re: ", "Re: ", "Re: ", "RE: ", "Fwd: " };

/* --- Numbers that look random: SplitMix64, one stream a message and purpose --- */

struct rng {
	uint64_t state;
};

static uint64_t
rng_next(struct rng *r)
{
	uint64_t z = (r->state += 0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static struct rng
rng_for(uint64_t seed, uint32_t n, enum purpose purpose)
{
	struct rng r = { seed * 0xd1342543de82ef95 + ((uint64_t)n << 8) +
	    purpose };

	r.state = rng_next(&r);
	return r;
}

static unsigned
rng_below(struct rng *r, size_t n)
{
	return (unsigned)((rng_next(r) >> 32) * n >> 32);
}

static bool
rng_chance(struct rng *r, unsigned percent)
{
	return rng_below(r, 100) < percent;
}

#define PICK(r, a)	((a)[rng_below((r), COUNT(a))])

/* --- Facts --- */

static uint32_t
parent_of(uint64_t seed, uint32_t n)
{
	struct rng r = rng_for(seed, n, P_PARENT);
	uint32_t place = (n - 1) % THREAD_SPAN;

	if (place == 0 || rng_chance(&r, 45))
		return 0;
	/* A recent message is answered more often than an old one. */
	return n - 1 - rng_below(&r, rng_below(&r, place) + 1);
}

static void
id_of(uint64_t seed, uint32_t n, char *id, size_t size)
{
	struct rng r = rng_for(seed, n, P_PEOPLE);
	unsigned long long random = rng_next(&r);

	snprintf(id, size, "<%llx.%u@%s>", random, n, PICK(&r, hosts));
}

/* The thread's number makes its subject its own: equal subjects would join threads. */
static void
topic_of(uint64_t seed, struct mail_facts *f)
{
	struct rng r = rng_for(seed, f->thread, P_TOPIC);
	const char *topic = PICK(&r, topics), *word;

	f->in_subject = rng_below(&r, 1000) < 10;
	f->ascii = f->in_subject || !rng_chance(&r, 12);
	word = f->in_subject ? "Quasars" :
	    f->ascii ? PICK(&r, words) : PICK(&r, wide_words);
	snprintf(f->base, sizeof(f->base), "%s %u: %s", topic, f->thread, word);
}

void
mail_facts(uint64_t seed, uint32_t n, struct mail_facts *f)
{
	static const unsigned percent[] = { 80, 15, 4, 3, 5 };
	struct rng r = rng_for(seed, n, P_FACTS);
	uint32_t up;

	f->n = n;
	f->parent = parent_of(seed, n);
	f->thread = n;
	while ((up = parent_of(seed, f->thread)) != 0)
		f->thread = up;
	topic_of(seed, f);
	id_of(seed, n, f->id, sizeof(f->id));
	f->date = EPOCH + (time_t)n * 420 + rng_below(&r, 2 * 86400);
	f->arrived = f->date + rng_below(&r, 90);
	f->flags = 0;
	for (unsigned i = 0; i < COUNT(percent); i++)
		if (rng_chance(&r, percent[i]))
			f->flags |= 1u << i;
	f->in_body = rng_below(&r, 1000) < 5;
	f->in_text = rng_below(&r, 1000) < 5;
	f->in_header = rng_below(&r, 1000) < 5;
}

void
mail_flags(unsigned flags, struct buf *b)
{
	static const char *const names[] = { "\\Seen", "\\Answered",
	    "\\Flagged", "$Forwarded", "$Label1" };
	const char *gap = "";

	buf_addc(b, '(');
	for (unsigned i = 0; i < COUNT(names); i++)
		if (flags & (1u << i)) {
			buf_adds(b, gap);
			buf_adds(b, names[i]);
			gap = " ";
		}
	buf_addc(b, ')');
}

void
mail_date_time(time_t t, char *s, size_t size)
{
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(s, size, "%d-%b-%Y %H:%M:%S +0000", &tm);
}

/* --- Encodings --- */

static const char base64[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void
add_base64(struct buf *b, const unsigned char *s, size_t len, size_t line)
{
	size_t column = 0;

	for (size_t i = 0; i < len; i += 3) {
		uint32_t v = (uint32_t)s[i] << 16;
		char *out = buf_room(b, 6);

		if (i + 1 < len)
			v |= (uint32_t)s[i + 1] << 8;
		if (i + 2 < len)
			v |= s[i + 2];
		out[0] = base64[v >> 18];
		out[1] = base64[v >> 12 & 63];
		out[2] = i + 1 < len ? base64[v >> 6 & 63] : '=';
		out[3] = i + 2 < len ? base64[v & 63] : '=';
		b->len += 4;
		column += 4;
		if (line != 0 && column >= line) {
			buf_add(b, "\r\n", 2);
			column = 0;
		}
	}
	if (line != 0 && column > 0)
		buf_add(b, "\r\n", 2);
}

static void
add_quoted_printable(struct buf *b, const unsigned char *s, size_t len)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t column = 0;

	for (size_t i = 0; i < len; i++) {
		if (s[i] == '\r' && i + 1 < len && s[i + 1] == '\n') {
			buf_add(b, "\r\n", 2);
			column = 0;
			i++;
			continue;
		}
		if (column >= 72) {
			buf_add(b, "=\r\n", 3);
			column = 0;
		}
		if (s[i] >= 127 || s[i] == '=' || s[i] < 32 ||
		    (s[i] == ' ' && i + 1 < len && s[i + 1] == '\r')) {
			buf_addc(b, '=');
			buf_addc(b, hex[s[i] >> 4]);
			buf_addc(b, hex[s[i] & 15]);
			column += 3;
		} else {
			buf_addc(b, (char)s[i]);
			column++;
		}
	}
}

/* Of wide_words: all of them can be written in ISO 8859-1. */
static void
to_latin1(struct buf *b)
{
	size_t out = 0;

	for (size_t i = 0; i < b->len; i++) {
		unsigned char c = (unsigned char)b->s[i];

		if (c >= 0xc0 && i + 1 < b->len)
			c = (unsigned char)(c << 6 | (b->s[++i] & 0x3f));
		b->s[out++] = (char)c;
	}
	b->len = out;
}

/* RFC 2047 "encoded-word" where it must be; "B" or "Q" */
static void
add_word(struct buf *b, const char *s, bool q)
{
	bool ascii = true;

	for (const char *p = s; *p != '\0'; p++)
		if ((unsigned char)*p >= 128)
			ascii = false;
	if (ascii) {
		buf_adds(b, s);
		return;
	}
	if (!q) {
		buf_adds(b, "=?UTF-8?B?");
		add_base64(b, (const unsigned char *)s, strlen(s), 0);
		buf_adds(b, "?=");
		return;
	}
	buf_adds(b, "=?utf-8?Q?");
	for (const char *p = s; *p != '\0'; p++)
		if (isalnum((unsigned char)*p))
			buf_addc(b, *p);
		else if (*p == ' ')
			buf_addc(b, '_');
		else
			buf_addf(b, "=%02X", (unsigned char)*p);
	buf_adds(b, "?=");
}

/* --- The header --- */

static void
add_address(struct buf *b, struct rng *r)
{
	unsigned user = rng_below(r, 500);

	buf_addf(b, "user%u@%s", user, PICK(r, hosts));
}

static void
add_person(struct buf *b, struct rng *r)
{
	const char *first = PICK(r, first_names);
	char name[80];

	if (rng_chance(r, 20)) {
		add_address(b, r);
		return;
	}
	snprintf(name, sizeof(name), "%s %s", first, PICK(r, last_names));
	add_word(b, name, rng_chance(r, 50));
	buf_adds(b, " <");
	add_address(b, r);
	buf_addc(b, '>');
}

static void
add_people(struct buf *b, struct rng *r, const char *field, unsigned count)
{
	buf_addf(b, "%s: ", field);
	for (unsigned i = 0; i < count; i++) {
		if (i > 0)
			buf_adds(b, ",\r\n\t");
		add_person(b, r);
	}
	buf_adds(b, "\r\n");
}

static void
add_date(struct buf *b, time_t t, int zone)
{
	struct tm tm;
	char s[64];

	t += zone * 60;
	gmtime_r(&t, &tm);
	strftime(s, sizeof(s), "%a, %d %b %Y %H:%M:%S", &tm);
	buf_addf(b, "%s %c%02d%02d", s, zone < 0 ? '-' : '+',
	    (zone < 0 ? -zone : zone) / 60, (zone < 0 ? -zone : zone) % 60);
}

static void
add_hop(struct buf *b, struct rng *r, time_t t)
{
	unsigned from = rng_below(r, 9), by = rng_below(r, 9);
	const char *from_host = PICK(r, hosts), *by_host = PICK(r, hosts);
	unsigned long long random = rng_next(r);

	buf_addf(b, "Received: from mx%u.%s (mx%u.%s [192.0.2.%u])\r\n"
	    "\tby mail%u.%s (Postfix) with ESMTPS id %012llX\r\n"
	    "\tfor <me@example.org>; ", from, from_host, from, from_host,
	    from + 1, by, by_host, random >> 16);
	add_date(b, t, 0);
	buf_adds(b, "\r\n");
}

static void
add_trace(struct buf *b, struct rng *r, const struct mail_facts *f)
{
	unsigned hops = 1 + rng_below(r, 4);

	buf_adds(b, "Return-Path: <");
	add_address(b, r);
	buf_adds(b, ">\r\n");
	for (unsigned i = 0; i < hops; i++)
		add_hop(b, r, f->arrived - (time_t)i);
	if (rng_chance(r, 60)) {
		unsigned char signature[256];

		for (size_t i = 0; i < sizeof(signature); i++)
			signature[i] = (unsigned char)rng_next(r);
		buf_adds(b, "DKIM-Signature: v=1; a=rsa-sha256; "
		    "c=relaxed/relaxed; d=example.org; s=mail;\r\n"
		    "\th=from:to:subject:date:message-id; bh=");
		add_base64(b, signature, 32, 0);
		buf_adds(b, ";\r\n\tb=");
		for (size_t i = 0; i < sizeof(signature); i += 48) {
			if (i > 0)
				buf_adds(b, "\r\n\t ");
			add_base64(b, signature + i,
			    sizeof(signature) - i < 48 ?
			    sizeof(signature) - i : 48, 0);
		}
		buf_adds(b, "\r\n");
	}
}

/* The thread's list and topic, this message's "Re:". */
static void
make_subject(uint64_t seed, struct mail *m)
{
	struct rng own = rng_for(seed, m->facts.n, P_HEADER);
	struct rng r = rng_for(seed, m->facts.thread, P_HEADER);
	bool q = rng_chance(&r, 50);

	buf_reset(&m->subject);
	if (m->facts.parent != 0)
		buf_adds(&m->subject, PICK(&own, prefixes));
	if (rng_chance(&r, 30))
		buf_addf(&m->subject, "[%s] ", PICK(&r, lists));
	add_word(&m->subject, m->facts.base, q);
	buf_str(&m->subject);
}

static void
add_references(struct buf *b, uint64_t seed, const struct mail_facts *f)
{
	uint32_t chain[REFERENCES_MAX], n = f->parent;
	unsigned count = 0;
	char id[80];

	if (n == 0)
		return;
	id_of(seed, n, id, sizeof(id));
	buf_addf(b, "In-Reply-To: %s\r\nReferences:", id);
	for (; n != 0 && count < REFERENCES_MAX; n = parent_of(seed, n))
		chain[count++] = n;
	/* Clients shorten a long list in its middle: the first one stays. */
	if (n != 0)
		chain[count - 1] = f->thread;
	while (count > 0) {
		id_of(seed, chain[--count], id, sizeof(id));
		buf_addf(b, " %s%s", id, count > 0 ? "\r\n" : "");
	}
	buf_adds(b, "\r\n");
}

static void
add_header(struct mail *m, uint64_t seed, struct rng *r)
{
	static const int zones[] = { 0, 60, 120, -300, -480, 330, 540 };
	struct mail_facts *f = &m->facts;
	struct buf *b = &m->octets;

	add_trace(b, r, f);
	add_people(b, r, "From", 1);
	add_people(b, r, "To", 1 + (rng_chance(r, 25) ? rng_below(r, 6) : 0));
	if (rng_chance(r, 20))
		add_people(b, r, "Cc", 1 + rng_below(r, 4));
	buf_addf(b, "Subject: %s\r\nDate: ", m->subject.s);
	add_date(b, f->date, PICK(r, zones));
	buf_addf(b, "\r\nMessage-ID: %s\r\n", f->id);
	add_references(b, seed, f);
	if (rng_chance(r, 40)) {
		const char *list = PICK(r, lists);

		buf_addf(b, "List-Id: %s <%s.lists.example.org>\r\n"
		    "List-Unsubscribe: <mailto:%s-leave@lists.example.org>\r\n"
		    "Precedence: list\r\n", list, list, list);
	}
	if (f->in_header || rng_chance(r, 5))
		buf_addf(b, NEEDLE_FIELD ": %s%u\r\n",
		    f->in_header ? "TK-77" : "TK-1", rng_below(r, 10000));
	buf_addf(b, "User-Agent: Courier/%u%s\r\n", 60 + rng_below(r, 60),
	    f->in_text && f->n % 2 == 0 ? " (Obsidianite)" : "");
	buf_adds(b, "MIME-Version: 1.0\r\n");
}

/* --- The body --- */

static void
add_text(struct mail *m, struct rng *r, bool wide)
{
	struct buf *b = &m->text;
	unsigned count = 30 + rng_below(r, rng_chance(r, 7) ? 3000 : 320);
	unsigned body = m->facts.in_body ? rng_below(r, count) : UINT32_MAX;
	unsigned text = m->facts.in_text && m->facts.n % 2 != 0 ?
	    rng_below(r, count) : UINT32_MAX;
	bool quoted = false;
	size_t column = 0;

	buf_reset(b);
	for (unsigned i = 0; i < count; i++) {
		/* The product of two prefers the list's first words. */
		const char *w = words[rng_below(r,
		    rng_below(r, COUNT(words)) + 1)];

		if (i == body)
			w = "preZephyrine's";
		else if (i == text)
			w = "OBSIDIANITES";
		else if (wide && rng_chance(r, 4))
			w = PICK(r, wide_words);
		if (column > 0)
			buf_addc(b, ' ');
		buf_adds(b, w);
		column += strlen(w) + 1;
		if (column >= 66) {
			if (rng_chance(r, 12)) {
				buf_adds(b, ".\r\n");
				quoted = m->facts.parent != 0 &&
				    rng_chance(r, 50);
			}
			buf_adds(b, quoted ? "\r\n> " : "\r\n");
			column = 0;
		}
	}
	buf_adds(b, ".\r\n");
}

static void
add_html_of(struct buf *html, const struct buf *text)
{
	buf_reset(html);
	buf_adds(html, "<!DOCTYPE html>\r\n<html><head><meta charset=\"utf-8\">"
	    "<style type=\"text/css\">\r\nbody { font-family: Helvetica, Arial, "
	    "sans-serif; font-size: 14px; color: #222; }\r\n.quote { margin-left: "
	    "1em; border-left: 2px solid #888; padding-left: 1em; }\r\n"
	    "</style></head>\r\n<body>\r\n<p class=\"first\">");
	for (size_t i = 0; i < text->len; i++)
		if (text->s[i] == '>')
			buf_adds(html, "&gt;");
		else if (text->s[i] == '\r' && i + 3 < text->len &&
		    text->s[i + 2] == '\r') {
			buf_adds(html, "</p>\r\n<p style=\"margin: 0\">");
			i += 3;
		} else {
			buf_addc(html, text->s[i]);
		}
	buf_adds(html, "</p>\r\n<table width=\"100%\"><tr><td bgcolor=\"#eeeeee\">"
	    "--<br>sent with care</td></tr></table>\r\n</body></html>\r\n");
}

/* A text part with its fields, in one of the usual encodings. */
static void
add_text_part(struct buf *b, struct rng *r, struct buf *text, bool wide,
    const char *subtype)
{
	const unsigned char *s;

	if (!wide) {
		buf_addf(b, "Content-Type: text/%s; charset=us-ascii\r\n"
		    "Content-Transfer-Encoding: 7bit\r\n\r\n", subtype);
		buf_add(b, text->s, text->len);
		return;
	}
	switch (rng_below(r, 8)) {
	case 0:
		buf_addf(b, "Content-Type: text/%s; charset=\"utf-8\"\r\n"
		    "Content-Transfer-Encoding: base64\r\n\r\n", subtype);
		s = (const unsigned char *)text->s;
		add_base64(b, s, text->len, 76);
		break;
	case 1:
	case 2:
		buf_addf(b, "Content-Type: text/%s; charset=UTF-8; "
		    "format=flowed\r\nContent-Transfer-Encoding: 8bit\r\n\r\n",
		    subtype);
		buf_add(b, text->s, text->len);
		break;
	case 3:
	case 4:
		to_latin1(text);
		buf_addf(b, "Content-Type: text/%s;\r\n charset=\"iso-8859-1\""
		    "\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n",
		    subtype);
		s = (const unsigned char *)text->s;
		add_quoted_printable(b, s, text->len);
		break;
	default:
		buf_addf(b, "Content-Type: text/%s; charset=utf-8\r\n"
		    "Content-Transfer-Encoding: quoted-printable\r\n\r\n",
		    subtype);
		s = (const unsigned char *)text->s;
		add_quoted_printable(b, s, text->len);
		break;
	}
}

static void
add_alternative(struct mail *m, struct rng *r, const char *boundary, bool wide)
{
	struct buf *b = &m->octets;

	buf_addf(b, "Content-Type: multipart/alternative;\r\n\tboundary=\"%s\""
	    "\r\n\r\n--%s\r\n", boundary, boundary);
	add_html_of(&m->part, &m->text);
	add_text_part(b, r, &m->text, wide, "plain");
	buf_addf(b, "\r\n--%s\r\n", boundary);
	add_text_part(b, r, &m->part, wide, "html");
	buf_addf(b, "\r\n--%s--\r\n", boundary);
}

static void
add_attachment(struct mail *m, struct rng *r)
{
	static const char *const types[][2] = {
		{ "application/pdf", "pdf" }, { "image/jpeg", "jpg" },
		{ "application/octet-stream", "docx" }, { "image/png", "png" },
	};
	const char *const *type = types[rng_below(r, COUNT(types))];
	size_t len = (size_t)1024 << rng_below(r, 6);
	unsigned n = rng_below(r, 1000);

	len += rng_below(r, len);
	buf_reset(&m->part);
	for (size_t i = 0; i < len; i += 8) {
		uint64_t v = rng_next(r);

		buf_add(&m->part, &v, sizeof(v));
	}
	buf_addf(&m->octets, "Content-Type: %s; name=\"%s-%u.%s\"\r\n"
	    "Content-Transfer-Encoding: base64\r\nContent-Disposition: "
	    "attachment;\r\n\tfilename=\"%s-%u.%s\"\r\n\r\n", type[0],
	    words[40 + n % 60], n, type[1], words[40 + n % 60], n, type[1]);
	add_base64(&m->octets, (const unsigned char *)m->part.s, m->part.len,
	    76);
}

static void
add_mixed(struct mail *m, struct rng *r, unsigned kind, bool wide)
{
	struct buf *b = &m->octets;
	char outer[64], inner[64];
	unsigned long long random = rng_next(r);

	snprintf(outer, sizeof(outer), "=_outer_%llx", random);
	snprintf(inner, sizeof(inner), "=_inner_%llx", random);
	buf_addf(b, "Content-Type: multipart/mixed; boundary=\"%s\"\r\n\r\n"
	    "This is a message of several parts.\r\n--%s\r\n", outer, outer);
	if (kind == 0)
		add_alternative(m, r, inner, wide);
	else
		add_text_part(b, r, &m->text, wide, "plain");
	if (kind == 1) {
		buf_addf(b, "\r\n--%s\r\nContent-Type: message/rfc822\r\n\r\n",
		    outer);
		add_people(b, r, "From", 1);
		add_people(b, r, "To", 2);
		buf_addf(b, "Subject: %s\r\nDate: ", PICK(r, topics));
		add_date(b, m->facts.date - 4000, 60);
		buf_addf(b, "\r\nMessage-ID: <%llx@example.org>\r\n"
		    "Content-Type: text/plain; charset=utf-8\r\n\r\n"
		    "What was said before.\r\n",
		    random);
	} else {
		unsigned count = 1 + rng_below(r, 2);

		while (count-- > 0) {
			buf_addf(b, "\r\n--%s\r\n", outer);
			add_attachment(m, r);
		}
	}
	buf_addf(b, "\r\n--%s--\r\n", outer);
}

void
mail_make(uint64_t seed, uint32_t n, struct mail *m)
{
	struct rng people, r = rng_for(seed, n, P_BODY);
	unsigned kind = rng_below(&r, 100);
	bool wide = rng_chance(&r, 60);
	const char *end;
	char boundary[64];

	mail_facts(seed, n, &m->facts);
	people = rng_for(seed, n, P_HEADER);
	buf_reset(&m->octets);
	make_subject(seed, m);
	add_header(m, seed, &people);
	add_text(m, &r, wide);
	if (kind < 44) {
		m->subtype = "plain";
		add_text_part(&m->octets, &r, &m->text, wide, m->subtype);
	} else if (kind < 48) {
		m->subtype = "html";
		add_html_of(&m->part, &m->text);
		add_text_part(&m->octets, &r, &m->part, wide, m->subtype);
	} else if (kind < 84) {
		snprintf(boundary, sizeof(boundary), "----=_%llx",
		    (unsigned long long)rng_next(&r));
		m->subtype = "alternative";
		add_alternative(m, &r, boundary, wide);
	} else {
		m->subtype = "mixed";
		add_mixed(m, &r, kind < 87 ? 1 : kind % 2 * 2, wide);
	}
	end = memmem(m->octets.s, m->octets.len, "\r\n\r\n", 4);
	m->header_len = (size_t)(end - m->octets.s) + 4;
}

void
mail_clear(struct mail *m)
{
	buf_clear(&m->octets);
	buf_clear(&m->subject);
	buf_clear(&m->text);
	buf_clear(&m->part);
}

void
mail_small(uint32_t n, struct buf *b)
{
	buf_addf(b, "From: Alice <alice@example.org>\r\n"
	    "To: bob@example.org\r\nSubject: note %u\r\n"
	    "Date: Wed, 01 Jan 2020 10:00:00 +0000\r\n"
	    "Message-ID: <note.%u@example.org>\r\nMIME-Version: 1.0\r\n"
	    "Content-Type: text/plain; charset=us-ascii\r\n\r\n", n, n);
	for (unsigned i = 0; i < 40; i++)
		buf_addf(b, "This is line %u of a short note that says little."
		    "\r\n", i);
}

/* --- What servers answer --- */

static bool
named(const char *names, const char *field, size_t len)
{
	for (const char *p = names; *p != '\0';) {
		size_t n = strcspn(p, " ");

		if (n == len && strncasecmp(p, field, len) == 0)
			return true;
		p += n;
		p += strspn(p, " ");
	}
	return false;
}

void
mail_fields(const struct mail *m, const char *names, struct buf *b)
{
	const char *p = m->octets.s, *end = p + m->header_len - 2;
	bool wanted = false;

	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		const char *colon = memchr(p, ':', (size_t)(end - p));

		if (*p != ' ' && *p != '\t')
			wanted = colon != NULL &&
			    named(names, p, (size_t)(colon - p));
		if (wanted)
			buf_add(b, p, (size_t)(nl + 1 - p));
		p = nl + 1;
	}
	buf_adds(b, "\r\n");
}
