/* sqlheap.h - the memory of SQLite, apart from all other
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_SQLHEAP_H
#define MSGSTORE_SQLHEAP_H

/*
 * Have SQLite take its memory from here, before it is initialized.  In malloc(3)'s
 * heap what SQLite frees lies between what stays, and what a thread's cache keeps of
 * it is never given back: a session that waits would keep three times what it
 * needs.  For one thread.  Does nothing with AddressSanitizer, which is to see each
 * allocation.
 */
void sqlheap_config(void);
/* Give all to the kernel, when nothing of it is in use. */
void sqlheap_rest(void);

#endif
