/* content.h - all that is stored of a message beside its octets
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_CONTENT_H
#define MSGSTORE_CONTENT_H

#include <stdint.h>

#include "mail/objectid.h"
#include "util/buf.h"
#include "util/err.h"

struct content {
	struct buf	envelope;	/* ready to send (envelope.h) */
	struct buf	body;		/* BODY, ready to send */
	struct buf	structure;	/* BODYSTRUCTURE, ready to send */
	struct buf	headers;	/* header_cache() */
	struct buf	parts;		/* parts_pack() */
	struct buf	preview;	/* preview_write() */
	struct buf	sortkeys;	/* sortkeys_make() */
	unsigned char	emailid[OBJECTID_OCTETS], threadid[OBJECTID_OCTETS];
};

/*
 * Parse the message in the regular file fd, size octets of it, and fill
 * *content, whose buffers are reset first.  Maps the file; memory does not
 * grow with size.  emailid is that of the octets, where the caller knows it,
 * or NULL.  Fails only for I/O.
 */
const struct err *content_make(int fd, uint64_t size,
    const unsigned char *emailid, struct content *);
void content_clear(struct content *);

#endif
