/* table.h - small files of a fixed size that the processes of a store share
 * SPDX-License-Identifier: ISC
 *
 * In the runtime directory (store/runtime.h).  A table has sets, each of which is
 * read and written as one.  Whatever was in the file is read as it is: who uses a
 * set must cope with anything, as with zeros, which a new file has. */
#ifndef MSGSTORE_TABLE_H
#define MSGSTORE_TABLE_H

#include <stddef.h>

#include "util/err.h"

/* Opens the file, which is made on need, and takes its lock (waits). */
const struct err *table_open(int dirfd, const char *name, size_t size,
    int *fd_r);
void table_close(int fd);
const struct err *table_read(int fd, size_t at, void *set, size_t len);
const struct err *table_write(int fd, size_t at, const void *set, size_t len);

#endif
