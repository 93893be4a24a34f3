/* export.h - a mailbox's messages in other formats
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_EXPORT_H
#define MSGSTORE_EXPORT_H

#include <stdio.h>

#include "admin.h"
#include "progress.h"

struct export {
	struct admin	*a;
	struct mailbox	*mbox;
	uint32_t	 uidnext;	/* at the start: what comes later stays */
	/* Names of keywords: [i] is bit FLAG_KEYWORD_FIRST + i. */
	char		 keywords[FLAG_KEYWORDS_MAX][FLAG_KEYWORD_MAX_OCTETS + 1];
	size_t		 keywords_n;
	uint64_t	 exported;
	struct progress	 progress;
};

/* Calls fn for each message that was there at the start, its file open at its begin. */
const struct err *export_each(struct export *, const struct err *(*fn)(
    struct export *, const struct message *, int fd, void *), void *arg);

/* As mboxrd (every "From " behind any number of '>' gets one more), with
 * Status, X-Status and X-Keywords at the top of each message. */
const struct err *export_mbox(struct export *, FILE *);
/* Into the directory dirfd, which has cur and tmp. */
const struct err *export_maildir(struct export *, int dirfd);

#endif
