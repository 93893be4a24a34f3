/* privs.h - never work as uid 0
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_PRIVS_H
#define MSGSTORE_PRIVS_H

#include "util/err.h"

/*
 * When the process is root, become the owner of the directory at path: its
 * uid, its gid and no supplementary groups but the owner's own.  A directory
 * owned by root is refused; where only its group is root's, the owner's own
 * group is taken.  When the process is not root but its uid is not the
 * owner's, that is an error too.  Errors are ERR_USER and say what to do.
 */
const struct err *privs_become_owner(const char *path);

#endif
