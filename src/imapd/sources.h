/* sources.h - which mailboxes a search looks into: RFC 7377 2.2, RFC 5465 6
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_SOURCES_H
#define MSGSTORE_SOURCES_H

#include "imapd/session.h"

enum source_kind {
	SOURCE_SELECTED, SOURCE_INBOXES, SOURCE_PERSONAL, SOURCE_SUBSCRIBED,
	SOURCE_SUBTREE, SOURCE_SUBTREE_ONE, SOURCE_MAILBOXES
};

struct source {
	struct source	*next;
	enum source_kind kind;
	const char	**names;	/* as the client wrote them */
	size_t		 n;
};

#define SOURCE_NAMES_MAX	1000	/* in one command */

/* RFC 7377 4 "esearch-source-opts" behind "IN": SP "(" ... ")". */
bool sources_parse(struct arena *, struct parser *, struct source **list_r);
/* Whether the selected mailbox is named, and whether anything else is. */
bool sources_selected(const struct source *, bool *others_r);

/*
 * The names of the mailboxes that the sources mean, in the store's form, each
 * once and in order, without the selected one as such.  They may be gone again,
 * but the user has the rights that a search needs (RFC 7377 2.2).
 */
const struct err *sources_names(struct session *, const struct source *,
    const char ***names_r, size_t *n_r);

#endif
