/* append-read.c - octets of a message that a client sends: RFC 3501 6.3.11
 * SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "imapd/append.h"
#include "imapd/capability.h"
#include "imapd/selected.h"
#include "util/log.h"

#define PIECE_OCTETS	65536	/* of the message that are in memory at once */

static const struct err *
room(const struct session *s, uint64_t before, uint64_t size)
{
	const uint64_t max = s->conf->message_size_limit;

	/* RFC 4469 4.2, RFC 7888 4 */
	if (size > max || before > max - size)
		return err_user(RESP_TOOBIG,
		    "A message may have at most %llu octets",
		    (unsigned long long)max);
	return NULL;
}

const struct err *
incoming_room(const struct incoming *in, uint64_t size)
{
	return room(in->s, in->size, size);
}

const struct err *
incoming_write(struct incoming *in, const char *s, size_t len)
{
	in->has_nul |= memchr(s, '\0', len) != NULL;
	in->size += len;
	return upload_write(in->up, s, len);
}

/* --- Literals --- */

/* The literal whose head was read, through its last octet. */
static const struct err *
read_literal(struct incoming *in, uint64_t size, bool nul_ok)
{
	struct session *s = in->s;
	const struct err *err;
	uint64_t since_clock = 0;
	const size_t max = size < PIECE_OCTETS ? (size_t)size : PIECE_OCTETS;
	char *piece;
	size_t n;
	bool ok;

	if ((err = incoming_room(in, size)) != NULL)
		return err;
	if (!parser_literal_go(&s->parser))
		return parser_err(&s->parser);
	piece = malloc(max > 0 ? max : 1);
	if (piece == NULL)
		fatal("out of memory");
	while (err == NULL &&
	    (n = parser_literal_read(&s->parser, piece, max, &ok)) > 0) {
		if (!nul_ok && memchr(piece, '\0', n) != NULL)
			err = err_user(RESP_CANNOT, "A NUL octet may only be "
			    "in a literal8");
		else
			err = incoming_write(in, piece, n);
		/* A long upload is no idle client, a trickle is. */
		if ((since_clock += n) >= PIECE_OCTETS) {
			input_deadline(s->in, s->conf->autologout);
			since_clock = 0;
		}
	}
	free(piece);
	if (err == NULL && !ok)
		err = parser_err(&s->parser);
	return err;
}

static const struct err *
not_enabled(void)
{
	return err_syntax("UTF8: ENABLE UTF8=ACCEPT first");
}

/* RFC 6855 4 "utf8-literal", behind its literal's head */
static const struct err *
read_utf8(struct incoming *in, uint64_t size)
{
	const struct err *err = read_literal(in, size, true);

	if (err == NULL && !parser_char(&in->s->parser, ')'))
		err = parser_err(&in->s->parser);
	return err;
}

/* --- CATENATE: RFC 4469 5 --- */

static const struct err *
read_utf8_part(struct incoming *in)
{
	struct parser *p = &in->s->parser;
	uint64_t size;
	bool nonsync;

	if (!session_enabled(in->s, ENABLED_UTF8))
		return not_enabled();
	if (!parser_char(p, '(') || !parser_char(p, '~') ||
	    !parser_literal_head(p, &size, &nonsync))
		return parser_err(p);
	return read_utf8(in, size);
}

static const struct err *
read_part(struct incoming *in)
{
	struct parser *p = &in->s->parser;
	const char *word, *url;
	uint64_t size;
	bool nonsync;
	size_t len;

	if (!parser_word(p, &word) || !parser_sp(p))
		return parser_err(p);
	if (strcmp(word, "TEXT") == 0) {
		if (!parser_literal_head(p, &size, &nonsync))
			return parser_err(p);
		return read_literal(in, size, false);
	}
	if (strcmp(word, "URL") == 0) {
		if (!parser_astring(p, &url, &len))
			return parser_err(p);
		return incoming_url(in, url, len);
	}
	if (strcmp(word, "UTF8") == 0)
		return read_utf8_part(in);
	parser_expected(p, "TEXT or URL");
	return parser_err(p);
}

static const struct err *
read_catenate(struct incoming *in)
{
	struct parser *p = &in->s->parser;
	const struct err *err;

	do {
		if ((err = read_part(in)) != NULL)
			return err;
	} while (parser_opt(p, ' '));
	return parser_char(p, ')') ? NULL : parser_err(p);
}

/* --- A whole message --- */

static const struct err *
read_data(struct incoming *in, const struct append_message *m)
{
	switch (m->data) {
	case APPEND_CATENATE:
		return read_catenate(in);
	case APPEND_UTF8:
		return read_utf8(in, m->size);
	default:
		return read_literal(in, m->size, m->data == APPEND_LITERAL8);
	}
}

const struct err *
append_check(const struct session *s, const struct append_message *m)
{
	static const char *const words[] = {
		[APPEND_LITERAL8] = "BINARY",
		[APPEND_UTF8] = "UTF8=ACCEPT",
		[APPEND_CATENATE] = "CATENATE"
	};

	if (words[m->data] != NULL && capability_off(s, words[m->data]))
		return err_syntax("%s is turned off", words[m->data]);
	if (m->data == APPEND_UTF8 && !session_enabled(s, ENABLED_UTF8))
		return not_enabled();
	if (m->data == APPEND_CATENATE)
		return NULL;
	/* RFC 3502 6.3.11: a client that gives up sends an empty literal. */
	if (m->size == 0)
		return err_user(RESP_CANNOT, "A message cannot be empty");
	return room(s, 0, m->size);
}

static struct datetime
now(void)
{
	const time_t when = time(NULL);
	struct datetime dt = { .when = when };
	struct tm tm;

	if (localtime_r(&when, &tm) != NULL)
		dt.zone = (int)(tm.tm_gmtoff / 60);
	return dt;
}

/* The flags that the rights allow to give: RFC 4314 4. */
static void
set_attributes(struct upload *up, const struct append_message *m,
    const struct place *place)
{
	struct datetime date = m->has_date ? m->date : now();

	upload_set(up, m->flags.system & rights_flag_mask(place->rights),
	    &date);
	if ((place->rights & RIGHT_WRITE) != 0)
		upload_keywords(up, m->flags.keywords, m->flags.n);
}

/*
 * DEVIATION RFC 9755 4: 8-bit octets in headers are taken from clients that did
 * not ENABLE UTF8=ACCEPT as well, as they always were.
 */
static const struct err *
finish(struct incoming *in, const struct append_message *m,
    const struct place *place)
{
	const struct err *err;

	if (in->size == 0)
		return err_user(RESP_CANNOT, "A message cannot be empty");
	if (in->has_nul) {
		if ((err = upload_encode(&in->up)) != NULL)
			return err;
		in->size = 0;
		err = incoming_room(in, upload_size(in->up));
		if (err != NULL)
			return err;
	}
	set_attributes(in->up, m, place);
	return upload_finish(in->up);
}

const struct err *
append_read(struct session *s, const struct append_message *m,
    const struct place *place, struct mailbox *mbox, struct upload **up_r)
{
	struct incoming in = { .s = s };
	const struct err *err;

	if ((err = append_check(s, m)) != NULL ||
	    (err = upload_new(mbox, &in.up)) != NULL)
		return err;
	err = read_data(&in, m);
	if (err == NULL)
		err = finish(&in, m, place);
	mailbox_close(in.source);
	if (err != NULL)
		upload_free(in.up);
	else
		*up_r = in.up;
	return err;
}
