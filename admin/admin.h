/* admin.h - what the verbs of mboxadm share
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_ADMIN_H
#define MSGSTORE_ADMIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "out.h"
#include "store/account.h"
#include "store/mailbox.h"
#include "store/store.h"
#include "util/arena.h"
#include "util/conf.h"
#include "util/err.h"

/* Options behind a verb.  Each verb says which it takes. */
enum opt {
	OPT_CONTENTS,
	OPT_COPY,
	OPT_EXPIRES,
	OPT_INCOMPLETE,
	OPT_JSON,
	OPT_KEEP_UIDVALIDITY,
	OPT_MAILBOXES,
	OPT_NO_PASSWORD,
	OPT_PASSWORD_STDIN,
	OPT_REBUILD,
	OPT_RECURSIVE,
	OPT_REPAIR,
	OPT_SENDER,
	OPT_SUBSCRIBE,
	OPT_N
};
#define OPT(o)		(1u << (o))

enum verb_flag {
	VERB_NO_CONF	= 1 << 0,	/* does not read the configuration */
	VERB_NO_STORE	= 1 << 1,	/* works without a store */
	VERB_MAKES_STORE = 1 << 2,	/* the store may be missing */
	VERB_DELIVERS	= 1 << 3,	/* an MTA calls: what may pass is 75 */
	VERB_MENDS	= 1 << 4	/* users.db may be missing */
};

struct admin;

struct verb {
	const char	*words;		/* one or two: "user add"; NULL ends a table */
	const char	*operands;	/* as in a synopsis, options included */
	const char	*help;		/* one line */
	int		 min, max;	/* operands; max -1 is any number */
	unsigned int	 flags;		/* enum verb_flag */
	unsigned int	 opts;		/* OPT(...) */
	/*
	 * Runs as the caller, before privileges are dropped: opens what only
	 * the caller can open, and refuses what is wrong at sight.  May be
	 * NULL.
	 */
	const struct err *(*prepare)(struct admin *);
	/* Runs as the store's owner. */
	const struct err *(*run)(struct admin *);
};

struct admin {
	const struct verb *verb;
	const char	*conf_file;	/* -f, or NULL */
	const char	*store_path;
	struct conf	*conf;		/* NULL: VERB_NO_CONF */
	struct store	*store;		/* NULL: VERB_NO_STORE */
	struct arena	*arena;		/* lives as long as the verb */
	struct out	*out;
	char		**argv;		/* operands */
	int		 argc;
	const char	*opt[OPT_N];	/* NULL: not given; "" without argument */
	/* Exit status for an ERR_USER NONEXISTENT error: EX_NOUSER until the
	 * account is open, EX_DATAERR for the mailboxes in it. */
	int		 status_missing;
	/* Exit status when run() returns an error, or 0: decided by its kind. */
	int		 status_failed;
	/* Exit status when run() returns NULL. */
	int		 status;
	int		 fd;		/* what prepare() opened, or -1 */
	void		*prepared;	/* what else prepare() left for run() */
};

/* Tables of verbs, one of each file. */
extern const struct verb verbs_app_password[], verbs_backup[], verbs_check[],
    verbs_config[], verbs_deliver[], verbs_export[], verbs_grant[], verbs_help[],
    verbs_import[], verbs_index[], verbs_init[], verbs_mailbox[], verbs_purge[],
    verbs_restore[], verbs_shared[], verbs_user[];

/* Verb number i of all, in the order of "mboxadm help"; NULL past the last. */
const struct verb *verb_at(size_t i);

/*
 * open(2) to read, as the caller, or EX_NOINPUT.  Root follows the links that
 * root made, and those of a user to what is the same user's: else a user could
 * have another's mail imported.
 */
const struct err *admin_open(struct admin *, const char *path, int flags,
    int *fd_r);

/* A line on stderr: what the caller may want to know, and no failure. */
void admin_note(const char *, ...) __attribute__((format(printf, 1, 2)));
/* An ERR_SYNTAX error: wrong use of the command line, EX_USAGE. */
const struct err *admin_usage(const char *, ...)
    __attribute__((format(printf, 1, 2)));
/* An error for which the process exits with status. */
const struct err *admin_fail(struct admin *, int status, const char *, ...)
    __attribute__((format(printf, 3, 4)));
/* The same with ": " and strerror(errno) behind it. */
const struct err *admin_fail_errno(struct admin *, int status,
    const char *, ...) __attribute__((format(printf, 3, 4)));

/*
 * Open the account of a user, or of a shared mailbox when who is
 * "shared/NAME".
 */
const struct err *admin_account(struct admin *, const char *who,
    struct account **account_r);
/*
 * The store's name of a mailbox that the caller wrote in plain UTF-8.  In the
 * account of a shared mailbox "." is that mailbox itself.
 */
const struct err *admin_mailbox_name(struct admin *, struct account *,
    const char *arg, const char **name_r);
/* The other way, in the arena. */
const char *admin_mailbox_text(struct admin *, struct account *,
    const char *name);
/* Open a mailbox; create: make it when it is missing, or only a name, and
 * subscribe to it with --subscribe. */
const struct err *admin_mailbox_open(struct admin *, struct account *,
    const char *arg, bool create, struct mailbox **mbox_r);

/* What failed while the rest was done: the first of it, for the exit status. */
struct failures {
	const struct err *first;	/* NULL: nothing; at copy */
	struct err	 copy;
};
/* Tell on stderr what failed, and keep it when it is the first. */
void admin_failed(struct failures *, const char *where, const struct err *);
/*
 * Every account of the store, or the one called who: "alice", "shared/sales".
 * Of all of them one that cannot be opened, or for which fn returns an error,
 * is among the failures; of the one it is the error.
 */
const struct err *admin_each_account(struct admin *, const char *who,
    const struct err *(*fn)(struct admin *, struct account *, void *),
    void *arg, struct failures *);

/*
 * A password from stdin (--password-stdin) or asked for twice on the
 * terminal.  The caller frees it with password_free(), which wipes it.
 */
const struct err *password_read(struct admin *, char **password_r);
void password_free(char *);			/* NULL is fine */

/* The moment in the zone of this machine. */
struct datetime admin_now(void);
/* "2024-02-29T12:00:00Z" in the arena. */
const char *admin_time_text(struct admin *, int64_t when);

#endif
