/* doormsg.h - what a door and its monitor say to each other
 * SPDX-License-Identifier: ISC
 *
 * The door is the process that talks to a client before login (door.h), the
 * monitor the one that can check a password (monitor.h).  Each message has a type,
 * and as many numbers and texts as the type's row in the table says, no more and
 * no less.  One packet is one message. */
#ifndef MSGSTORE_DOORMSG_H
#define MSGSTORE_DOORMSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/arena.h"
#include "util/err.h"

#define DOOR_TEXTS	2
#define DOOR_NUMBERS	4
#define DOOR_TEXT_MAX	12288	/* octets of one text */
#define DOOR_LOGIN_MAX	1024	/* of a user's name or password in DOOR_LOGIN */
#define DOOR_MECHANISM_MAX 64
#define DOOR_PACKET_MAX	(DOOR_TEXTS * DOOR_TEXT_MAX + 64)

enum door_type {
	/* From the door. */
	DOOR_LOGIN = 1,	/* user, password: answered */
	DOOR_START,	/* mechanism, initial response; whether there is one:
			 * answered */
	DOOR_STEP,	/* response: answered */
	DOOR_CANCEL,	/* the exchange is over */
	DOOR_LOG,	/* a line; its priority */
	DOOR_TLS,	/* the client was told to start TLS; failed logins; the
			 * door ends */
	DOOR_OVER,	/* the command's tag, octets that were read beyond it;
			 * octets in and out, commands, failed logins; the
			 * door ends */
	/* From the monitor. */
	DOOR_OK,	/* the mechanism's last data: logged in */
	DOOR_CONTINUE,	/* challenge */
	DOOR_REFUSED,	/* response code or "", text; an enum err_kind */
	DOOR_TYPES
};

struct door_text {
	const char	*s;	/* may hold NULs; one follows in any case */
	size_t		 len;
};

struct door_message {
	enum door_type	 type;
	uint64_t	 numbers[DOOR_NUMBERS];
	struct door_text texts[DOOR_TEXTS];
};

/*
 * Read a packet of len octets.  Texts point into copies in the arena.  False when
 * it is not exactly what its type must be, or a type that the other side says.
 */
bool door_decode(struct arena *, const void *packet, size_t len,
    bool from_door, struct door_message *msg_r);
/* Write a message to a packet of DOOR_PACKET_MAX octets; returns its length, or
 * 0 when a text is too long. */
size_t door_encode(const struct door_message *, void *packet);

/*
 * Over the socket fd (SOCK_SEQPACKET).  Receiving waits until ms milliseconds are
 * over, -1 for ever.  ERR_IO when the other side is gone; ERR_INTERNAL for a
 * packet that is no message of the other side, or the end of the time.
 */
const struct err *door_send(int fd, const struct door_message *);
const struct err *door_receive(int fd, struct arena *, bool from_door, int ms,
    struct door_message *msg_r);

#endif
