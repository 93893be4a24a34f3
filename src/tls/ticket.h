/* ticket.h - the key of session tickets, shared by all processes of a store
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_TLS_TICKET_H
#define MSGSTORE_TLS_TICKET_H

#include <stdbool.h>

#include "util/err.h"

#define TICKET_KEY_OCTETS	64
#define TICKET_KEY_SECONDS	(12 * 60 * 60)	/* after which it is replaced */
#define TICKET_FILE		"ticket-key"

/*
 * The key in the directory dirfd (runtime_dir_open()), made when it is missing or
 * older than TICKET_KEY_SECONDS.  A file that is not ours alone, of another size,
 * or of zeros is replaced with a warning in the log: who could write it, or knows
 * the key, could read what tickets protect.  ERR_INTERNAL when there is none to be
 * had.
 */
const struct err *ticket_key(int dirfd, unsigned char key_r[TICKET_KEY_OCTETS]);

#endif
