/* progress.h - a bar on a terminal while much is done
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_PROGRESS_H
#define MSGSTORE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* A plain value; nothing is drawn when stderr is no terminal. */
struct progress {
	bool		 on;
	uint64_t	 total;		/* 0: not known */
	int64_t		 drawn;		/* when, in milliseconds */
};

void progress_begin(struct progress *, uint64_t total);
/* done of total, and how many messages that are. */
void progress_show(struct progress *, uint64_t done, uint64_t messages);
/* Erase the bar: before any other line. */
void progress_hide(struct progress *);

#endif
