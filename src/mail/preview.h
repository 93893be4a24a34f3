/* preview.h - the beginning of a message's text: RFC 8970 3.3
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_PREVIEW_H
#define MSGSTORE_PREVIEW_H

#include "mail/mime.h"
#include "util/buf.h"

#define PREVIEW_MAX_CHARACTERS	200

/*
 * Append the preview of the message at s, whose tree is root: UTF-8, at most
 * PREVIEW_MAX_CHARACTERS whole characters, one blank between words, no
 * controls.  Nothing when no text was found.  Time is bounded whatever the
 * message.
 */
void preview_write(const char *s, const struct mime_part *root, struct buf *);

#endif
