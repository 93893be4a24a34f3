/* runtime.h - files that sessions share and that nobody misses after a reboot
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_RUNTIME_H
#define MSGSTORE_RUNTIME_H

#include "util/conf.h"
#include "util/err.h"

/*
 * Open the directory for such files of the store at store_path:
 *
 *	DIR/DEVICE-INODE	where conf's runtime-directory is DIR
 *	/run/msgstore/DEVICE-INODE	where /run/msgstore can be used
 *	STORE/run		else
 *
 * DEVICE and INODE are those of the store's directory, in hexadecimal.  The
 * last level is made when it is missing.  It belongs to the process's
 * effective uid, its mode is 0700: another is refused, for who can write there
 * can forge what the sessions believe.  A DIR or /run/msgstore that
 * belongs to somebody else or that others may write to is refused, DIR with an
 * error, /run/msgstore by going on to STORE/run.
 *
 * The result is an O_DIRECTORY descriptor that is closed by exec; the files in
 * it have modes of 0600.  Errors are ERR_INTERNAL.
 */
const struct err *runtime_dir_open(const struct conf *, const char *store_path,
    int *fd_r);

#endif
