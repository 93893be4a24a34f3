/* io-private.h - what input.c and output.c share
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_IO_PRIVATE_H
#define MSGSTORE_IO_PRIVATE_H

#include "util/io.h"

enum io_target { IO_MEM, IO_SOCKET, IO_PIPE, IO_TTY, IO_OTHER };
/* What a descriptor leads to. */
enum io_target io_target(int fd);

/* poll(2)'s timeout until the monotonic time when; 0 is for ever. */
int io_ms_until(int64_t when);

#endif
