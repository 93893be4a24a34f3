/* cmd-authenticate.c - AUTHENTICATE: RFC 3501 6.2.2, RFC 4959 3
 * SPDX-License-Identifier: ISC */
#include <string.h>

#include "imapd/door.h"
#include "imapd/login.h"
#include "wire/base64.h"
#include "wire/sasl.h"

struct authenticate_args {
	const char	*mechanism;	/* in upper case */
	const char	*initial;	/* the initial response, or NULL */
	size_t		 initial_len;
};

/* RFC 4959 7 "authenticate": its first line. */
static const struct err *
authenticate_parse(struct arena *a, struct parser *p, void **args_r)
{
	struct authenticate_args *args = arena_alloc(a, sizeof(*args));

	if (!parser_sp(p) || !parser_word(p, &args->mechanism))
		return parser_err(p);
	if (parser_opt(p, ' ')) {
		if (!parser_line(p, SASL_LINE_MAX, &args->initial,
		    &args->initial_len))
			return parser_err(p);
	} else if (!parser_crlf(p))
		return parser_err(p);
	*args_r = args;
	return NULL;
}

/* The octets of a line in base64, which is cleared: it may hold a password. */
static const struct err *
response_decode(struct session *s, const char *line, size_t len,
    struct door_text *text_r)
{
	const struct err *err;
	char *octets;
	size_t n;

	err = sasl_decode(s->arena, line, len, &octets, &n);
	/* The parser's copy is in the arena, which is ours to clear. */
	explicit_bzero((char *)(uintptr_t)line, len);
	if (err == NULL)
		*text_r = (struct door_text){ octets, n };
	return err;
}

/* Send a challenge, and read the response to it. */
static const struct err *
challenge(struct session *s, const struct door_text *text,
    struct door_text *response_r)
{
	struct parser *p = &s->parser;
	const struct err *err;
	struct buf b = { 0 };
	const char *line;
	size_t len;

	buf_adds(&b, "+ ");
	base64_encode(text->s, text->len, &b);
	buf_adds(&b, "\r\n");
	output_add(s->out, b.s, b.len);
	buf_clear(&b);
	err = output_flush(s->out);
	if (err != NULL)
		return err;
	p->at_end = false;	/* the command goes on with a line of its own */
	if (!parser_line(p, SASL_LINE_MAX, &line, &len))
		return parser_err(p);
	if (len == 1 && *line == '*')
		return err_syntax("AUTHENTICATE cancelled");
	return response_decode(s, line, len, response_r);
}

/*
 * RFC 9051 6.2.2: the mechanism's last data, when it has some, is one more
 * challenge, whose response is empty.  The user is logged in by then: a client
 * that does not go along can only start anew.
 */
static const struct err *
last_data(struct session *s, const struct door_text *data)
{
	struct door_text response = { 0 };
	const struct err *err;

	if (data->len == 0)
		return NULL;
	err = challenge(s, data, &response);
	if (err != NULL && err->kind == ERR_IO)
		return err;
	if (err == NULL && response.len == 0)
		return NULL;
	s->leave = LEAVE_NOT;
	return session_bye(s, "sasl", "Expected an empty response");
}

/* What a response holds may be a password. */
static const struct err *
ask(struct session *s, struct door_message *msg, struct door_message *reply_r)
{
	const struct err *err = login_ask(s, msg, reply_r);
	struct door_text *text = &msg->texts[msg->type == DOOR_START];

	if (text->len > 0)
		explicit_bzero((char *)(uintptr_t)text->s, text->len);
	return err;
}

static const struct err *
exchange(struct session *s, struct door_message *msg)
{
	struct door_message reply;
	const struct err *err;

	err = ask(s, msg, &reply);
	while (err == NULL && reply.type == DOOR_CONTINUE) {
		*msg = (struct door_message){ .type = DOOR_STEP };
		err = challenge(s, &reply.texts[0], &msg->texts[0]);
		if (err == NULL)
			err = ask(s, msg, &reply);
		else if (err->kind != ERR_IO) {
			msg->type = DOOR_CANCEL;
			(void)door_tell(s, msg);
		}
	}
	return err != NULL ? err : last_data(s, &reply.texts[0]);
}

static const struct err *
authenticate_run(struct session *s, void *v)
{
	struct authenticate_args *args = v;
	struct door_message msg = {
		.type = DOOR_START,
		.numbers = { args->initial != NULL },
		/* Cut off it is the name of none as well. */
		.texts = { { args->mechanism, strnlen(args->mechanism,
		    DOOR_MECHANISM_MAX) } }
	};
	const struct err *err = NULL;

	if (args->initial != NULL)
		err = response_decode(s, args->initial, args->initial_len,
		    &msg.texts[1]);
	return err != NULL ? err : exchange(s, &msg);
}

const struct cmd cmd_authenticate = {
	.name = "AUTHENTICATE",
	.states = ST_NOT_AUTHENTICATED,
	.parse = authenticate_parse,
	.run = authenticate_run,
	.rfc = "RFC 3501 6.2.2",
};
