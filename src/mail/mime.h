/* mime.h - the tree of a message's parts: RFC 2045, RFC 2046
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_MIME_H
#define MSGSTORE_MIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/arena.h"
#include "util/buf.h"

/* What goes beyond is treated as text without structure. */
#define MIME_DEPTH_MAX		32	/* multiparts and messages in each other */
#define MIME_PARTS_MAX		2000	/* parts of one message */
#define MIME_PARAMS_MAX		64	/* of one field */
#define MIME_VALUE_MAX		8192	/* octets of one field's value or parameter */

enum mime_kind { MIME_LEAF, MIME_MULTIPART, MIME_MESSAGE };
enum mime_encoding { MIME_IDENTITY, MIME_BASE64, MIME_QUOTED_PRINTABLE,
	MIME_UNKNOWN };

struct mime_param {
	const char	*name, *value;	/* RFC 2231 continuations put together */
};

struct mime_part {
	struct mime_part *parent, *next, *child;
	enum mime_kind	  kind;
	enum mime_encoding encoding;
	/* In octets from the message's start. */
	uint64_t	  header_off, header_len;	/* with the empty line */
	uint64_t	  body_off, body_len;
	uint64_t	  body_lines;
	/* As bodystructure wants them; NULL where the field is missing. */
	const char	 *type, *subtype;	/* defaults filled in */
	struct mime_param *params;
	size_t		  params_n;
	const char	 *id, *description, *encoding_name, *md5;
	const char	 *disposition;
	struct mime_param *disposition_params;
	size_t		  disposition_params_n;
	const char	**languages;
	size_t		  languages_n;
	const char	 *location;
};

/*
 * Parse the message of len octets at s, which must stay while the tree is
 * used.  The tree lives in a.  Any octets give a tree; time is linear in len,
 * memory bounded by the limits above whatever the message.
 */
struct mime_part *mime_parse(struct arena *a, const char *s, size_t len);

#endif
