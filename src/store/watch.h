/* watch.h - to be woken when a directory's stamp changes
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_WATCH_H
#define MSGSTORE_WATCH_H

#include <stdbool.h>

#include "util/err.h"

struct watch;

/*
 * Watch n directories (descriptors that stay open) for commits, removal and
 * renaming.  inotify where it is to be had and use_inotify is true; else the
 * waiter looks at the stamps each second, and one log line says so.
 * Never fails: out of memory is fatal().
 * Arm the watch, compare the stamps, then wait: never the other way round.
 */
struct watch *watch_new(const int *dirs, unsigned int n, bool use_inotify);
void watch_free(struct watch *);		/* NULL is fine */
/* A descriptor that becomes readable at a change, or -1: poll the stamps. */
int watch_fd(const struct watch *);
/*
 * How long to wait at most before the next look, in milliseconds: 1000, or with
 * inotify 60,000.  A writer that was killed between its commit and the stamp has
 * woken nobody, nor does one on another machine.
 */
int watch_timeout(const struct watch *);
/* Forget what was noticed so far, before looking at the stamps. */
void watch_drain(struct watch *);

#endif
