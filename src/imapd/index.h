/* index.h - a session keeps search.db of the selected mailbox up to date
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_INDEX_H
#define MSGSTORE_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "imapd/session.h"

/* Whether a mailbox is to have a search.db: by whose it is. */
bool index_is_on(const struct session *, const struct mailbox *);
/* A search looked at messages from UID upto on, up to below uidnext, as search.db
 * does not know them: so many that the session is to note them. */
void index_wanted(struct session *, uint32_t upto, uint32_t uidnext);
/* While the client sends nothing: note some messages.  False when there are none
 * (left). */
bool index_step(struct session *);

#endif
