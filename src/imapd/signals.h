/* signals.h - being told to end
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_SIGNALS_H
#define MSGSTORE_SIGNALS_H

#include <stdbool.h>

/*
 * SIGTERM and SIGHUP make the session's input end: what runs is finished and
 * answered, a message that is half uploaded is dropped, and the loop says BYE
 * as it does for each end.  So nothing is ever written in the middle of a
 * response.  SIGPIPE is ignored.
 */
void signals_init(void);
/* Keep the /dev/null that this takes at fd from now on: for a process that closes
 * all but a few descriptors. */
void signals_move_null(int fd);
/* Whether one of them came. */
bool signals_stop(void);

#endif
