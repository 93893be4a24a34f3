/* bodystructure.h - BODY and BODYSTRUCTURE: RFC 9051 7.5.2
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_BODYSTRUCTURE_H
#define MSGSTORE_BODYSTRUCTURE_H

#include <stdbool.h>

#include "mail/mime.h"
#include "util/arena.h"
#include "util/buf.h"

/*
 * Append the structure of the tree at root, ready to send; with extension data
 * when extended (BODYSTRUCTURE), without for BODY.  s is the message that was
 * parsed (for the envelopes of nested messages).
 */
void bodystructure_write(struct arena *a, const char *s,
    const struct mime_part *root, bool extended, struct buf *);

#endif
