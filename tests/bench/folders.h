/* folders.h - the many small mailboxes of the user "folders"
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_BENCH_FOLDERS_H
#define MSGSTORE_BENCH_FOLDERS_H

#include <stddef.h>

void folder_name(unsigned i, char *name, size_t size);
unsigned folder_messages(unsigned i);	/* every other one is \Seen, from the first */

#endif
