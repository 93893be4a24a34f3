/* door.h - the process that talks to a client before login
 * SPDX-License-Identifier: ISC
 *
 * It can open nothing: no file, no socket, no program.  What it must know, and
 * what it finds out, goes through the socket to its monitor (monitor.h). */
#ifndef MSGSTORE_DOOR_H
#define MSGSTORE_DOOR_H

#include <stdbool.h>

#include "imapd/client.h"
#include "imapd/doormsg.h"
#include "imapd/session.h"

/*
 * Be the door of a session whose client, greeted, is on standard input and output;
 * the monitor is on channel.  Keeps no other descriptor.  Ends when the client
 * has logged in, wants TLS, or leaves.
 */
void door_main(struct session *, int channel) __attribute__((noreturn));

/* Put a session down for the process at the other end of fd: a DOOR_OVER. */
void door_hand_over(struct session *, int fd);
/* What such a message says; lives as long as it. */
struct session_start door_start(const struct door_message *);

/*
 * Ask the monitor, and wait.  A DOOR_REFUSED is the error it says; reply_r is
 * DOOR_OK or DOOR_CONTINUE, its text in the command's arena.
 */
const struct err *door_ask(struct session *, const struct door_message *,
    struct door_message *reply_r);
/* Tell it something that has no answer. */
const struct err *door_tell(struct session *, const struct door_message *);

#endif
