/* msgfile.h - one message's file, opened and read only when it is needed
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_MSGFILE_H
#define MSGSTORE_MSGFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mail/content.h"
#include "store/mailbox.h"
#include "util/buf.h"
#include "util/err.h"

struct msgfile {
	struct mailbox	*mbox;
	uint32_t	 uid;
	uint64_t	 size;
	int		 fd;		/* -1 until msgfile_open() */
	bool		 made;		/* content is this message's */
	struct content	 content;
	/* The octets that msgfile_range() gave last. */
	const char	*range;		/* NULL: none */
	uint64_t	 range_off, range_len;
	struct buf	 buf;
	void		*map;		/* NULL: range is in buf */
	size_t		 map_len;
};

void msgfile_init(struct msgfile *, struct mailbox *);
void msgfile_clear(struct msgfile *);
/* Turn to another message.  Opens nothing. */
void msgfile_start(struct msgfile *, const struct message *);

/*
 * Open the file, when it is not; ->fd is open until the next message.  A file
 * whose size is not the row's is ERR_INTERNAL: no octet of it is promised then.
 * ERR_USER EXPUNGEISSUED when it is gone with the message.
 */
const struct err *msgfile_open(struct msgfile *);
/* What is stored beside a message, made anew from its file. */
const struct err *msgfile_content(struct msgfile *,
    const struct content **content_r);
/*
 * len octets from off on in memory, until the next call for other octets or
 * another message.  Large ranges are mapped, not read.
 */
const struct err *msgfile_range(struct msgfile *, uint64_t off, uint64_t len,
    const char **s_r);
/* The parts of m: from its row, or made anew. */
const struct err *msgfile_parts(struct msgfile *, const struct message *m,
    struct blob *parts_r);

#endif
