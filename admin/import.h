/* import.h - messages of other formats on their way into a mailbox
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_IMPORT_H
#define MSGSTORE_IMPORT_H

#include "admin.h"
#include "progress.h"

/* Appended by one commit: what a commit costs is shared. */
#define IMPORT_BATCH	250
/* Octets of a message: RFC822.SIZE is a 32-bit number, RFC 3501 9 "number". */
#define IMPORT_MESSAGE_MAX	UINT32_MAX

struct import {
	struct admin	*a;
	struct mailbox	*mbox;		/* NULL: import_mailbox() comes first */
	struct upload	*ups[IMPORT_BATCH];
	size_t		 n;
	uint64_t	 imported, damaged;
	struct progress	 progress;
	/* Keywords of mbox that were met, and their bits. */
	struct {
		char	*name;
		uint64_t mask;
	}		 keywords[FLAG_KEYWORDS_MAX];
	size_t		 keywords_n;
	bool		 keywords_full;	/* said so */
};

/* Go on with this mailbox, which the import owns from now on. */
const struct err *import_mailbox(struct import *, struct mailbox *);
/* Add the bit of a keyword to *flags; none when it cannot be one. */
const struct err *import_keyword(struct import *, const char *name,
    uint64_t *flags);
/* Takes the finished upload. */
const struct err *import_message(struct import *, struct upload *,
    uint64_t flags, const struct datetime *);
const struct err *import_commit(struct import *);
/* A message that is left out: told on stderr and counted. */
void import_damaged(struct import *, const char *, ...)
    __attribute__((format(printf, 2, 3)));
/* Print what was done, and free. */
void import_end(struct import *);

/* Read the mbox file fd, called file in what is told. */
const struct err *import_mbox(struct import *, int fd, const char *file);

/*
 * A Maildir is read by a process of its own, which opens its files as the
 * Maildir's owner: the store's owner may not, and root does no work.
 * maildir_open() starts it, before privileges are dropped.
 */
struct maildir;
const struct err *maildir_open(struct admin *, const char *path,
    bool recursive, struct maildir **maildir_r);
void maildir_close(struct maildir *);		/* NULL is fine */

enum maildir_kind {
	MAILDIR_FOLDER,		/* name ".A.B", or "" for the directory given */
	MAILDIR_KEYWORDS,	/* fd is the folder's dovecot-keywords */
	MAILDIR_NEW,		/* fd is a message in new/ */
	MAILDIR_CUR,		/* fd is a message in cur/ */
	MAILDIR_UNREADABLE,	/* name cannot be read: error is errno's */
	MAILDIR_NOT,		/* no Maildir: error is errno's */
	MAILDIR_END
};
#define MAILDIR_NAME_SIZE	256

struct maildir_item {
	enum maildir_kind kind;
	int		 error;
	uint64_t	 count;		/* MAILDIR_FOLDER: messages in it */
	char		 name[MAILDIR_NAME_SIZE];
};

/* What is next; *fd_r is the caller's, or -1. */
const struct err *maildir_next(struct maildir *, struct maildir_item *,
    int *fd_r);

/* Read all of a Maildir into account, mailbox being its top. */
const struct err *import_maildir(struct import *, struct maildir *,
    struct account *, const char *mailbox);

#endif
