/* progress.h - telling the client that a long command goes on: RFC 9585
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_PROGRESS_H
#define MSGSTORE_PROGRESS_H

#include "imapd/session.h"

/* A command starts: the loop says so. */
void progress_start(struct session *);
/*
 * done of total items were worked on (0: nobody knows how many there are).
 * Says so to the client where progress-interval has passed since the command
 * started or this was said last.  Costs next to nothing and never waits: it may
 * be called under locks, but not between the octets of a response.
 */
void progress_tick(struct session *, uint64_t done, uint64_t total);
/* The same where nothing can be counted. */
void progress_some(struct session *);
/* The same as mailbox_on_progress() wants it; arg is the session. */
void progress_of_mailbox(void *arg, uint64_t done, uint64_t total);

#endif
