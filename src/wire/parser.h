/* parser.h - a streaming parser of IMAP commands: RFC 9051 9, RFC 3501 9
 * SPDX-License-Identifier: ISC
 *
 * Every function but parser_peek() and parser_opt() either consumes what it is
 * named for and returns true, or returns false and remembers the first thing
 * that was expected.  After a failure all of them return false: chains of &&
 * need no more care.  Results live in the parser's arena, are NUL terminated
 * and hold no NUL; results are untouched on failure. */
#ifndef MSGSTORE_PARSER_H
#define MSGSTORE_PARSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/arena.h"
#include "util/err.h"
#include "util/io.h"
#include "wire/date.h"
#include "wire/partial.h"
#include "wire/seqset.h"

#define COMMAND_MAX_OCTETS	(1024 * 1024)	/* a command without APPEND's message */
#define COMMAND_LOGIN_MAX_OCTETS 16384		/* the same before login */
#define TAG_MAX_OCTETS		256
#define NESTING_MAX		64		/* parentheses in SEARCH and the like */

#define LITERAL_MINUS_OCTETS	4096		/* RFC 7888 5 */

/* Non-synchronizing literals: LITERAL+, LITERAL- (longer ones fail, with the
 * code TOOBIG), or neither. */
enum parser_nonsync {
	PARSER_NONSYNC_ANY, PARSER_NONSYNC_SHORT, PARSER_NONSYNC_NONE
};

struct parser {
	struct arena	*arena;
	struct input	*in;
	/* Sends "+ ..." and flushes, for a synchronizing literal. */
	const struct err *(*go_ahead)(void *);
	void		*go_ahead_arg;
	size_t		 max_octets;	/* of the whole command */
	enum parser_nonsync nonsync;	/* PARSER_NONSYNC_ANY at first */
	size_t		 used;		/* octets of it so far */
	const struct err *err;		/* the first failure */
	bool		 at_end;	/* its CRLF was consumed */
	uint64_t	 skip_literal;	/* a literal's octets that are on their way */
	/* For parser.c alone. */
	uint64_t	 literal_size;	/* of the head read last */
	unsigned int	 tail;		/* of the line, when it may be "{42+}" */
	uint64_t	 tail_size;
};

void parser_init(struct parser *, struct arena *, struct input *,
    const struct err *(*go_ahead)(void *), void *arg, size_t max_octets);

/* The first failure, never NULL after a false; ERR_IO when the input ended. */
const struct err *parser_err(struct parser *);
/* Make the parser fail with an ERR_SYNTAX saying "expected WHAT"; returns
 * false. */
bool parser_expected(struct parser *, const char *what);

/* The next octet or -1, not consumed. */
int parser_peek(struct parser *);
/* Consume the next octet when it is c; no failure when it is not. */
bool parser_opt(struct parser *, char c);
bool parser_char(struct parser *, char c);
bool parser_sp(struct parser *);
/* CRLF; a bare LF is taken for it. */
bool parser_crlf(struct parser *);

bool parser_tag(struct parser *, const char **);
bool parser_atom(struct parser *, const char **);
/* An atom in upper case: a command's name, a search key, a fetch item.  Stops
 * before '[', so that "BODY[" gives "BODY". */
bool parser_word(struct parser *, const char **);
/* "string": quoted or literal.  Quoted strings may hold UTF-8 (RFC 9051 9).
 * len_r may be NULL.  Literals send the go-ahead when they need it. */
bool parser_string(struct parser *, const char **, size_t *len_r);
bool parser_astring(struct parser *, const char **, size_t *len_r);
bool parser_nstring(struct parser *, const char **, size_t *len_r);	/* NIL: NULL */
/* A mailbox name as the client wrote it; '\' is allowed in unquoted names. */
bool parser_mailbox(struct parser *, const char **);
bool parser_list_mailbox(struct parser *, const char **);
bool parser_number(struct parser *, uint32_t *);
bool parser_nz_number(struct parser *, uint32_t *);
bool parser_number64(struct parser *, uint64_t *);
/* With "$" for what a search saved: seqset_names_saved(). */
bool parser_seqset(struct parser *, struct seqset *);
bool parser_partial(struct parser *, struct partial *);

/* "flag-list" with parentheses, or (bare_ok) "flag *(SP flag)" as STORE takes. */
struct parser_flags {
	uint64_t	  system;	/* flag.h */
	const char	**keywords;	/* n of them, as written, no doubles */
	size_t		  n;
};
/* \Recent and unknown \Flags are failures, and keywords over
 * FLAG_KEYWORD_MAX_OCTETS; more than FLAG_KEYWORDS_MAX keywords are an ERR_USER
 * with LIMIT. */
bool parser_flags(struct parser *, bool bare_ok, struct parser_flags *);
bool parser_date(struct parser *, int32_t *day_r);	/* quoted or not */
bool parser_date_time(struct parser *, struct datetime *);

/*
 * The head of a literal, "{42}" CRLF or "{42+}" CRLF.  Nothing is sent: the
 * caller decides by the size, then either calls parser_literal_go() and reads
 * exactly size octets by parser_literal_read(), or fails.
 * A failure after a non-synchronizing head makes parser_skip() drop its octets.
 */
bool parser_literal_head(struct parser *, uint64_t *size_r, bool *nonsync_r);
bool parser_literal_go(struct parser *);
/* Up to size octets of the literal; 0 at its end (false in *ok_r when the
 * input ended before).  Not counted against max_octets. */
size_t parser_literal_read(struct parser *, void *, size_t size, bool *ok_r);

/* The rest of the line as it is, through CRLF but without it in the result: for
 * AUTHENTICATE and DONE, also behind a parser_crlf(). */
bool parser_line(struct parser *, size_t max, const char **, size_t *len_r);

/*
 * After a failure: read up to the end of the command, so that the next one
 * starts clean: the rest of the line, and any non-synchronizing literal on it
 * with what follows (RFC 7888 4).  Constant memory.  False when the input
 * ended, more than max octets of literals would have to be dropped, or the
 * line goes on for 8 MiB: the session can only be ended then.
 */
bool parser_skip(struct parser *, uint64_t max);

/* RFC 9051 9: which octets an atom, an astring, a list-mailbox may hold. */
bool parser_is_atom_char(int c);
bool parser_is_astring_char(int c);
bool parser_is_list_char(int c);

#endif
