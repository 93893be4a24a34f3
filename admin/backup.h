/* backup.h - what the verbs backup and restore share
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_ADMIN_BACKUP_H
#define MSGSTORE_ADMIN_BACKUP_H

#include "admin.h"
#include "progress.h"
#include "store/backup.h"

/* One run: what the store is asked for, and what it tells meanwhile. */
struct backup_run {
	struct admin		*a;
	struct progress		 progress;
	struct backup_options	 options;
	struct backup_result	 result;
};

/* With the options of the command line; the result is printed at the end, and the
 * exit status says when something is missing.  err is passed on. */
void backup_run_begin(struct backup_run *, struct admin *);
const struct err *backup_run_end(struct backup_run *, const struct err *err);

/*
 * As the caller: make a directory that is missing.  When root makes it, it is for
 * the owner of the one called like.
 */
const struct err *backup_make_place(struct admin *, const char *path,
    const char *like);

#endif
