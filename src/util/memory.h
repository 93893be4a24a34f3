/* memory.h - gives back what a process does not need while it waits
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_MEMORY_H
#define MSGSTORE_MEMORY_H

/* Memory that was freed, and the stack that was used once, go to the kernel. */
void memory_rest(void);

#endif
