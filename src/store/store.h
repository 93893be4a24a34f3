/* store.h - a store: a directory that holds everything (msgstore(7))
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_STORE_H
#define MSGSTORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "util/conf.h"
#include "util/err.h"

struct store;

/*
 * Make a store in path, which is created when it is missing and must be empty
 * otherwise.  A store that is there already is left as it is: no error.
 */
const struct err *store_init(const char *path, const struct conf *);

/*
 * Open the store at path; opens no database.  conf must outlive the store.
 * ERR_USER when there is no store, with what to do about it.
 */
const struct err *store_open(const char *path, const struct conf *conf,
    struct store **store_r);
/* The same, of a store that may have lost its users.db: for a check. */
const struct err *store_open_damaged(const char *path, const struct conf *,
    struct store **store_r);
void store_close(struct store *);		/* NULL is fine */

const struct conf *store_conf(const struct store *);
const char *store_path(const struct store *);

/*
 * A number that changes with each commit to users.db: when it is the same as
 * before, no user, right or grant has changed.  Costs one fstat(2).
 */
uint64_t store_stamp(const struct store *);
/* Closes users.db until it is needed again: before a long wait. */
void store_rest(struct store *);
/* Whether any of the store's databases is open, the mailboxes' included. */
bool store_awake(const struct store *);
/* Read now what is read only once and lies outside the store: before a process
 * loses its right to read it. */
void store_read_ahead(void);
/* The store's directory, for a watch on that stamp (watch.h). */
int store_fd(const struct store *);

#endif
