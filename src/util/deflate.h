/* deflate.h - compression of a connection: RFC 4978
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_DEFLATE_H
#define MSGSTORE_DEFLATE_H

#include "util/io.h"

/*
 * Put the layers of RFC 4978 3 into both directions, now.  A session that does
 * nothing holds of them what the client may still refer to: the last 32 KB at
 * most of what it said, and nothing of what it was told.
 */
void deflate_start(struct input *, struct output *);
/*
 * Take them out: RFC 8437 4.1.  The command just read is the last one that was
 * compressed, and what was added to the output the last answer; that stream
 * gets its proper end.
 */
void deflate_end(struct input *, struct output *);

#endif
