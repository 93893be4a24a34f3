/* fill.c - the same mail into each server's mailbox, by MULTIAPPEND
 * SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "bench.h"
#include "folders.h"

#define BATCH		100	/* messages of one APPEND: servers have limits */

/* RFC 3502 */
static bool
batch(struct bench *b, struct conn *c, uint32_t first, uint32_t last,
    struct measure *m)
{
	struct mail mail = { 0 };
	char date[64];
	bool ok = true;

	buf_addf(&c->out, "a%u APPEND INBOX", ++c->tag);
	for (uint32_t n = first; n <= last && ok; n++) {
		mail_make(b->seed, n, &mail);
		mail_date_time(mail.facts.arrived, date, sizeof(date));
		buf_addc(&c->out, ' ');
		mail_flags(mail.facts.flags, &c->out);
		buf_addf(&c->out, " \"%s\" {%zu+}\r\n", date, mail.octets.len);
		buf_add(&c->out, mail.octets.s, mail.octets.len);
	}
	mail_clear(&mail);
	buf_adds(&c->out, "\r\n");
	/* Making mail is no server's time. */
	measure_go(m);
	ok = conn_flush(c) && conn_wait(c, NULL, NULL);
	measure_pause(m);
	return ok;
}

bool
fill(struct bench *b, struct peer *p, struct conn *c, uint32_t first,
    uint32_t last)
{
	struct measure m;

	b->row = "multiappend";
	measure_begin(&m, p);
	for (uint32_t n = first; n <= last; n += BATCH)
		if (!batch(b, c, n, last - n < BATCH ? last : n + BATCH - 1, &m))
			return false;
	measure_end(b, p, &m, last - first + 1);
	return true;
}

/* Small mailboxes below each other, some mail in each. */
bool
fill_folders(struct bench *b, struct peer *p, struct conn *c)
{
	struct buf note = { 0 };
	char name[64];
	bool ok = session_login(b, p, c, USER_FOLDERS, false);

	for (unsigned i = 0; i < b->folders && ok; i++) {
		folder_name(i, name, sizeof(name));
		ok = conn_do(c, NULL, NULL, "CREATE \"%s\"", name);
		if (!ok)
			break;
		buf_addf(&c->out, "a%u APPEND \"%s\"", ++c->tag, name);
		for (unsigned n = 0; n < folder_messages(i); n++) {
			buf_reset(&note);
			mail_small(n, &note);
			buf_addf(&c->out, " %s{%zu+}\r\n", n % 2 == 0 ?
			    "(\\Seen) " : "", note.len);
			buf_add(&c->out, note.s, note.len);
		}
		buf_adds(&c->out, "\r\n");
		ok = conn_flush(c) && conn_wait(c, NULL, NULL);
	}
	buf_clear(&note);
	return ok && session_end(c);
}
