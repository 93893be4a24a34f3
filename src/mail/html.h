/* html.h - the text of an HTML body, for previews
 * SPDX-License-Identifier: ISC
 *
 * No parser of HTML: tags go, what no one reads (style, script, head, comments)
 * goes with them, character references become characters.  Any octets give
 * some text; memory is constant. */
#ifndef MSGSTORE_HTML_H
#define MSGSTORE_HTML_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buf.h"

#define HTML_NAME_MAX	32	/* octets of a tag's name or a reference */

/* A plain value; { 0 } is the start of a text. */
struct html {
	int		 state;
	char		 name[HTML_NAME_MAX];	/* of a tag, in lower case */
	size_t		 name_len;
	bool		 closing;		/* it began with "</" */
	char		 quote;			/* of an attribute's value */
	unsigned int	 dashes;		/* in a row, in a comment */
	const char	*skip, *raw;		/* until these tags are closed */
};

/*
 * Append the text of len octets of UTF-8 at s to out.  Tags that break a line
 * give a space; blanks are not put together.  end: no more come.
 */
void html_feed(struct html *, const char *s, size_t len, bool end,
    struct buf *out);

#endif
