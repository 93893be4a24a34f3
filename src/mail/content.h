/* content.h - all that is stored of a message beside its octets
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_CONTENT_H
#define MSGSTORE_CONTENT_H

#include <stdint.h>

#include "util/buf.h"
#include "util/err.h"

struct content {
	struct buf	envelope;	/* ready to send (envelope.h) */
	struct buf	body;		/* BODY, ready to send */
	struct buf	structure;	/* BODYSTRUCTURE, ready to send */
	struct buf	headers;	/* header_cache() */
	struct buf	parts;		/* parts_pack() */
};

/*
 * Parse the message in the regular file fd, size octets of it, and fill
 * *content, whose buffers are reset first.  Maps the file; memory does not
 * grow with size.  Fails only for I/O.
 */
const struct err *content_make(int fd, uint64_t size, struct content *);
void content_clear(struct content *);

#endif
