/* err.h - the one error type: four kinds, answered in one place
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_ERR_H
#define MSGSTORE_ERR_H

#include <stdbool.h>

enum err_kind {
	ERR_SYNTAX,	/* the client's grammar is wrong: BAD */
	ERR_USER,	/* valid but refused; text is for the client: NO [code] */
	ERR_INTERNAL,	/* ours; text is for the log only: NO [SERVERBUG] */
	ERR_IO		/* the connection is gone: no reply, exit */
};

#define ERR_TEXT_MAX	512	/* octets of text, the final NUL included */

struct err {
	enum err_kind	kind;
	const char	*code;	/* response code (respcode.h), or NULL for none */
	/*
	 * For ERR_INTERNAL: what the client is told instead of text, a
	 * constant.  NULL for the other kinds.
	 */
	const char	*client;
	char		text[ERR_TEXT_MAX];
};

/*
 * Each makes an error and returns it, never NULL.  The error lives until
 * ERR_RING more have been made; nobody frees it.  Text longer than
 * ERR_TEXT_MAX is cut.  code must be a constant.  Octets that are not
 * printable are replaced by '?', so that text fits a response line and a log.
 */
#define ERR_RING	8
const struct err *err_syntax(const char *, ...)
    __attribute__((format(printf, 1, 2)));
/* The same with a response code. */
const struct err *err_syntax_code(const char *code, const char *, ...)
    __attribute__((format(printf, 2, 3)));
const struct err *err_user(const char *code, const char *, ...)
    __attribute__((format(printf, 2, 3)));
const struct err *err_internal(const char *, ...)
    __attribute__((format(printf, 1, 2)));
const struct err *err_io(const char *, ...)
    __attribute__((format(printf, 1, 2)));

/*
 * An ERR_INTERNAL whose text ends in ": " and strerror(errno).  The code is
 * UNAVAILABLE for what may pass (ENOSPC, ENOMEM, EMFILE, ENFILE, EIO, EROFS),
 * OVERQUOTA for EDQUOT (RFC 5530 3), else SERVERBUG.
 */
const struct err *err_errno(const char *, ...)
    __attribute__((format(printf, 1, 2)));

/*
 * An ERR_INTERNAL with another code and text for the client, both constants.
 */
const struct err *err_internal_code(const char *code, const char *client,
    const char *, ...) __attribute__((format(printf, 3, 4)));

/* Whether it is an ERR_INTERNAL that tells nothing of what was to be read: there
 * was no memory or descriptor for it, or the disk failed (RFC 5530 3). */
bool err_unavailable(const struct err *);

#endif
