/* err.c - the one error type
 * SPDX-License-Identifier: ISC */
#include "util/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static struct err ring[ERR_RING];
static unsigned int ring_next;

__attribute__((format(printf, 4, 0))) static struct err *
err_make(enum err_kind kind, const char *code, const char *client,
    const char *fmt, va_list ap)
{
	struct err e = { .kind = kind, .code = code, .client = client };
	struct err *slot;

	/* The arguments may point into a slot: format first, then store. */
	vsnprintf(e.text, sizeof(e.text), fmt, ap);
	for (char *p = e.text; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || (unsigned char)*p > 0x7e)
			*p = '?';
	slot = &ring[ring_next++ % ERR_RING];
	*slot = e;
	return slot;
}

#define ERR_BODY(kind, code, client) do {				\
	const struct err *e;						\
	va_list ap;							\
									\
	va_start(ap, fmt);						\
	e = err_make(kind, code, client, fmt, ap);			\
	va_end(ap);							\
	return e;							\
} while (0)

static const char client_bug[] = "Internal error, see the server's log";

const struct err *
err_syntax(const char *fmt, ...)
{
	ERR_BODY(ERR_SYNTAX, NULL, NULL);
}

const struct err *
err_syntax_code(const char *code, const char *fmt, ...)
{
	ERR_BODY(ERR_SYNTAX, code, NULL);
}

const struct err *
err_user(const char *code, const char *fmt, ...)
{
	ERR_BODY(ERR_USER, code, NULL);
}

const struct err *
err_internal(const char *fmt, ...)
{
	ERR_BODY(ERR_INTERNAL, "SERVERBUG", client_bug);
}

const struct err *
err_io(const char *fmt, ...)
{
	ERR_BODY(ERR_IO, NULL, NULL);
}

const struct err *
err_internal_code(const char *code, const char *client, const char *fmt, ...)
{
	ERR_BODY(ERR_INTERNAL, code, client);
}

/* RFC 5530 3: UNAVAILABLE is a failure that may pass, OVERQUOTA is a quota's. */
static const char *
errno_code(int num, const char **client_r)
{
	switch (num) {
	case EDQUOT:
		*client_r = "Over quota";
		return "OVERQUOTA";
	case ENOSPC:
		*client_r = "The server's disk is full, nothing was changed";
		return "UNAVAILABLE";
	case ENOMEM:
	case EMFILE:
	case ENFILE:
	case EIO:
	case EROFS:
		*client_r = "The server cannot do this now, try again later";
		return "UNAVAILABLE";
	default:
		*client_r = client_bug;
		return "SERVERBUG";
	}
}

const struct err *
err_errno(const char *fmt, ...)
{
	int num = errno;
	const char *client, *code = errno_code(num, &client);
	char text[ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_internal_code(code, client, "%s: %s", text, strerror(num));
}

bool
err_unavailable(const struct err *err)
{
	return err->kind == ERR_INTERNAL && err->code != NULL &&
	    strcmp(err->code, "UNAVAILABLE") == 0;
}
