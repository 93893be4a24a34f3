/* fetch.h - what FETCH asks for: RFC 3501 6.4.5, 9 "fetch-att"
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_FETCH_H
#define MSGSTORE_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "imapd/msgfile.h"
#include "mail/mime.h"
#include "store/mailbox.h"
#include "util/io.h"
#include "wire/parser.h"
#include "wire/partial.h"

struct session;

#define FETCH_ITEMS_MAX		1000	/* data items of one command */
#define FETCH_FIELDS_MAX	1000	/* names in all HEADER.FIELDS lists together */
#define FETCH_PATH_MAX		64	/* numbers of one section-part */

enum fetch_kind {
	FETCH_UID,
	FETCH_FLAGS,
	FETCH_MODSEQ,		/* RFC 7162 3.1.4.2 */
	FETCH_INTERNALDATE,
	FETCH_SAVEDATE,		/* RFC 8514 4.2 */
	FETCH_SIZE,
	FETCH_ENVELOPE,
	FETCH_BODY,
	FETCH_STRUCTURE,
	FETCH_EMAILID,
	FETCH_THREADID,
	FETCH_PREVIEW,
	FETCH_SECTION,
	FETCH_BINARY,
	FETCH_BINARY_SIZE
};

enum section {
	SECTION_ALL,		/* BODY[], BODY[1.2] */
	SECTION_HEADER,
	SECTION_FIELDS,
	SECTION_FIELDS_NOT,
	SECTION_TEXT,
	SECTION_MIME
};

struct fetch_item {
	struct fetch_item *next;
	enum fetch_kind	 kind;
	const char	*label;		/* as the response names it */
	size_t		 label_len;
	bool		 lazy;		/* of FETCH_PREVIEW: RFC 8970 4.1 */
	/* Of FETCH_SECTION, path and partial of the other two as well. */
	enum section	 section;
	uint32_t	*path;		/* path_n numbers */
	size_t		 path_n;
	const char	**fields;	/* fields_n names */
	size_t		 fields_n;
	bool		 cached;	/* the headers column has them all */
	bool		 partial;
	uint32_t	 offset, count;	/* of partial */
};

struct fetch_args {
	struct seqset	 set;
	struct fetch_item *items;	/* in the client's order */
	size_t		 items_n;
	size_t		 fields_n;	/* of all items */
	unsigned int	 want;		/* enum scan_want */
	bool		 sets_seen;	/* one of them is not a PEEK */
	unsigned int	 kinds;		/* bits 1 << enum fetch_kind */
	bool		 has_body;	/* not headers alone */
	bool		 preview_now;	/* PREVIEW without LAZY */
	/* Modifiers: RFC 4466 2.4. */
	bool		 has_since, vanished, has_partial;
	uint64_t	 since;		/* RFC 7162 3.1.4.1 */
	struct partial	 partial;	/* RFC 9394 3.3 */
};

/* RFC 3501 9 "fetch", behind the name. */
const struct err *fetch_parse(struct arena *, struct parser *, void **args_r);

/*
 * "section-spec" alone, as a URL has it: RFC 5092 11 "enc-section".  Fills *item,
 * without a partial; false when it is none.
 */
bool fetch_parse_section(struct arena *, const char *spec,
    struct fetch_item *item);
/* "(" fetch-att *(SP fetch-att) ")": RFC 5465 8. */
bool fetch_parse_list(struct arena *, struct parser *, struct fetch_args **);
struct fetch_args *fetch_copy(struct arena *, const struct fetch_args *);
/* Send FETCH responses, with UID, of the selected mailbox's messages from UID
 * first to last. */
const struct err *fetch_tell(struct session *, struct fetch_args *,
    uint32_t first, uint32_t last);

/* A section of one message, found but not yet sent. */
#define SECTION_RUNS	8
struct section_out {
	bool		 nil;		/* there is no such part */
	uint64_t	 len;		/* octets to send */
	uint64_t	 off;		/* of them, in the file or the fields */
	uint64_t	 header_off, header_len; /* fields come from here, ... */
	bool		 cached;	/* ... or from the headers column */
	bool		 fields;
	/* Where the first fields are that were found, neighbours as one; more
	 * than SECTION_RUNS when they are not all here. */
	struct {
		size_t	 at, len;
	}		 runs[SECTION_RUNS];
	unsigned int	 runs_n;
	/* Of FETCH_BINARY: the octets before they are decoded. */
	enum mime_encoding encoding;
	uint64_t	 coded_off, coded_len;
	bool		 has_nul;
};

/* Find what item asks for in m; opens the file only when it has to. */
const struct err *section_find(const struct fetch_item *,
    const struct message *m, struct msgfile *, struct section_out *);
/*
 * The same for FETCH_BINARY and FETCH_BINARY_SIZE: len becomes that of the
 * decoded octets.  ERR_USER UNKNOWN-CTE when nobody knows how to decode them.
 */
const struct err *binary_find(const struct fetch_item *,
    const struct message *m, struct msgfile *, struct section_out *);
/* Send what binary_find() found, as "nstring" or "literal8"; fails like
 * section_send(). */
const struct err *binary_send(const struct section_out *,
    const struct message *m, struct msgfile *, struct output *);

/* The pieces of the header fields that section_find() found. */
const struct err *section_pieces(const struct fetch_item *,
    const struct section_out *, const struct message *m, struct msgfile *,
    void (*fn)(void *, const char *, size_t), void *arg);
/*
 * Send it as "nstring".  An error leaves the output in the middle of a
 * response: the connection cannot go on, it is ERR_IO.
 */
const struct err *section_send(const struct fetch_item *,
    const struct section_out *, const struct message *m, struct msgfile *,
    struct output *);

#endif
