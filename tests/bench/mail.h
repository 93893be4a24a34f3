/* mail.h - the benchmark's mail: message n is the same whenever it is made
 * SPDX-License-Identifier: ISC
 *
 * Who knows the seed and a message's number knows the message, and so what each
 * command must answer: nothing needs to be remembered of what was sent. */
#ifndef MSGSTORE_BENCH_MAIL_H
#define MSGSTORE_BENCH_MAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "util/buf.h"

/* What the rows search for; in no message but those that facts tell. */
#define NEEDLE_SUBJECT	"quasar"
#define NEEDLE_BODY	"zephyrin"
#define NEEDLE_TEXT	"obsidianit"
#define NEEDLE_HEADER	"tk-77"
#define NEEDLE_FIELD	"X-Ticket"

#define MAIL_SEEN	0x01
#define MAIL_ANSWERED	0x02
#define MAIL_FLAGGED	0x04
#define MAIL_FORWARDED	0x08	/* the keyword $Forwarded */
#define MAIL_LABEL	0x10	/* the keyword $Label1 */

/* What is known of a message without making it. */
struct mail_facts {
	uint32_t n;
	uint32_t thread;	/* the number of its thread's first message */
	uint32_t parent;	/* that it answers; 0: none */
	unsigned flags;		/* MAIL_* */
	time_t	 date;		/* of the Date field */
	time_t	 arrived;	/* INTERNALDATE */
	bool	 in_subject, in_body, in_text, in_header;	/* needles */
	bool	 ascii;		/* its base subject is */
	char	 base[120];	/* the base subject (RFC 5256 2.1), in UTF-8 */
	char	 id[80];	/* Message-ID, with its brackets */
};

struct mail {
	struct mail_facts facts;
	struct buf octets;
	size_t	 header_len;	/* the header with the empty line behind it */
	struct buf subject;	/* the field's body as ENVELOPE has it, ended by NUL */
	const char *subtype;	/* of its Content-Type */
	struct buf text, part;	/* the generator's own */
};

void mail_facts(uint64_t seed, uint32_t n, struct mail_facts *);
/* *m starts as { 0 } and may be used for one message after the other. */
void mail_make(uint64_t seed, uint32_t n, struct mail *m);
void mail_clear(struct mail *);

/* "(\Seen ...)" and "01-Jan-2020 10:11:12 +0000", as APPEND takes them. */
void mail_flags(unsigned flags, struct buf *);
void mail_date_time(time_t, char *s, size_t size);

/* A short message, for rows that append. */
void mail_small(uint32_t n, struct buf *);

/* Those of the header's fields whose names are in the list "FROM TO", with the empty
 * line: what BODY[HEADER.FIELDS] answers. */
void mail_fields(const struct mail *, const char *names, struct buf *);

#endif
