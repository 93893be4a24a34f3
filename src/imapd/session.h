/* session.h - one client's session
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_SESSION_H
#define MSGSTORE_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "imapd/client.h"
#include "imapd/cmd.h"
#include "imapd/enabled.h"
#include "mail/match.h"
#include "store/account.h"
#include "store/mailbox.h"
#include "store/rights.h"
#include "store/store.h"
#include "store/users.h"
#include "util/arena.h"
#include "util/conf.h"
#include "util/io.h"
#include "wire/parser.h"
#include "wire/reply.h"
#include "wire/respcode.h"

struct selected;	/* selected.h */
struct notify;		/* notify.h */

/* A shared mailbox that was granted to the user. */
struct share {
	char		*name;
	rights_t	 rights;
	struct account	*account;	/* NULL until it is first needed */
};

/* Why one process leaves the connection to another. */
enum leave {
	LEAVE_NOT,
	LEAVE_LOGGED_IN,	/* the door: the session says the tagged OK */
	LEAVE_TLS,		/* the door: imapd-tls comes, and another door */
	LEAVE_UNAUTHENTICATED	/* the session: the next user comes */
};

struct session {
	const struct conf *conf;
	struct store	*store;
	struct input	*in;
	struct output	*out;
	struct arena	*arena;		/* the command's: reset after each */
	struct parser	 parser;	/* the command's */
	enum cmd_state	 state;
	const char	*tag;		/* the command's */
	const struct cmd *cmd;
	const char	*ok_text;	/* of the tagged OK; see session_ok() */
	bool		 modseq_sent;	/* by the command, see condstore.h */
	bool		 highest_due;	/* HIGHESTMODSEQ, with the tagged reply */
	int64_t		 progress_due;	/* when progress.h speaks next */
	const char	*limit_code;	/* limit.h cut the command; or NULL */
	bool		 no_expunge;	/* the command names numbers: none is told */
	struct peer	 peer;		/* the client */
	int		 door;		/* before login: to the monitor; else -1 */
	int		 keeper;	/* to the process that lets the next user in,
					 * or -1 */

	int		 slot;		/* auth_slot_take(); -1: none */

	/* After login. */
	char		*user;		/* its name */
	int64_t		 user_created;	/* tells it from a later one of its name */
	char		*capabilities_off; /* the user's, as in conf.h */
	unsigned int	 may;		/* MAY_...: personal mailboxes */
	struct account	*account;	/* personal */
	struct share	*shares;	/* shares_n of them, by name */
	size_t		 shares_n;
	unsigned int	 enabled;	/* ENABLED_...: what ENABLE turned on */
	uint64_t	 store_stamp;	/* when user and shares were read */

	enum collation	 collation;	/* COMPARATOR: RFC 5255 4.7 */
	struct selected	*selected;	/* NULL when no mailbox is */
	struct mailbox	*appended;	/* of account, where messages went last; or NULL */
	struct notify	*notify;	/* NULL until NOTIFY is first used */
	bool		 search_index;	/* of personal mailboxes: index.h */
	bool		 index_behind;	/* index_step() has something to do */
	bool		 index_failed;	/* it could not */
	bool		 compressed;	/* RFC 4978 */
	bool		 logout;	/* the loop ends after this command */
	bool		 confined;	/* confine.h */
	/* Of the directories of shared mailboxes that a confined session reaches. */
	ino_t		*reach;
	size_t		 reach_n;
	enum leave	 leave;		/* so it does, and another process goes on */
	const char	*bye;		/* why, for the log; NULL: the client left */

	/* For the loop, which ends a session that only makes mistakes. */
	unsigned int	 syntax_errors;	/* in a row */
	unsigned int	 asked;		/* messages to the monitor */
	uint64_t	 worked;	/* octets: session_worked() */
	unsigned int	 login_failures;

	/* For the log line at the end. */
	uint64_t	 commands, messages_out;
	int64_t		 started;	/* monotonic seconds */
};

/*
 * A session with peer on two descriptors, which it does not own, in the not
 * authenticated state.  Opens nothing, sends nothing.  conf and store must
 * outlive it.  A door's has no store.
 */
struct session *session_new(const struct conf *, struct store *,
    const struct peer *, int in, int out);

/* Where a session begins: a plain value. */
struct session_start {
	bool		 greet;		/* the client has heard nothing yet */
	/* What another process's session has done and read. */
	uint64_t	 in, out;	/* octets */
	uint64_t	 commands;
	unsigned int	 login_failures;
	const char	*unread;	/* octets that were read and not used */
	size_t		 unread_len;	/* INPUT_BUFFER at most */
};
/* Flush, and say where the session stopped; octets is where unread is. */
struct session_start session_put_down(struct session *,
    char octets[INPUT_BUFFER]);
/* Go on from there, in a session that has read nothing. */
void session_take_up(struct session *, const struct session_start *);
void session_free(struct session *);		/* NULL is fine */

/* Give back the memory, and the databases, that can be had again: before a long
 * wait, with the output flushed. */
void session_rest(struct session *);
/*
 * A command has read, decoded or searched so many octets, which may bring nothing
 * to write for long: ERR_IO when its client is found to be gone.  Not between the
 * octets of a response.
 */
const struct err *session_worked(struct session *, uint64_t octets);
/* Whether the last command left something to do that its client need not wait for;
 * and do that, with the output flushed. */
bool session_untidy(const struct session *);
void session_tidy(struct session *);
/* Whether it holds no more than a session that waits should. */
bool session_rested(const struct session *);

/* Add "* BYE text" to the output and remember why for the log's last line:
 * reason is a constant of one word.  Returns an ERR_IO error, which ends the
 * session. */
const struct err *session_bye(struct session *, const char *reason,
    const char *, ...) __attribute__((format(printf, 3, 4)));

/* The text behind "TAG OK ", with its response code: "[READ-ONLY] Done".
 * Lives in the command's arena. */
void session_ok(struct session *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

/* Keep a descriptor until the user is logged out: one of auth_slot_take(), or
 * -1.  The one before it is closed. */
void session_hold(struct session *, int fd);
/*
 * Log in as user, who was verified: opens the account, reads the grants.
 * ERR_USER when the user does not exist (any more).
 */
const struct err *session_login(struct session *, const char *user);
/*
 * Undo session_login(), and all that the client has done since: what stays is the
 * connection, and how often a login failed.  RFC 8437 4.1: whatever is kept
 * in a session for its user is reset here.
 */
void session_unauthenticate(struct session *);
/*
 * Read the user and the grants again when the store's stamp changed.  A
 * revoked right counts from here on: a selected mailbox whose read right is
 * gone is closed (with "* OK [CLOSED]" and NO for the command: ERR_USER), a
 * user who is gone ends the session (ERR_IO after "* BYE").  The loop calls it
 * before each command, IDLE at each wake.
 */
const struct err *session_refresh(struct session *);

/* Whether some shared mailbox may be seen. */
bool session_has_shares(const struct session *);
/* The shared mailbox's account, opened when it is not open yet. */
const struct err *session_share_account(struct session *, struct share *,
    struct account **account_r);

/* The store's form of what the client wrote, with the first level "shared" in
 * any case as SHARED_ROOT.  Asks for no right and looks nothing up. */
const struct err *session_name(struct session *, const char *wire,
    const char **full_r);

/* Whether such a name, or a pattern of names, is UTF-8; modified UTF-7 it is
 * else. */
bool session_name_is_utf8(const struct session *, const char *wire);

/* A mailbox's name, resolved to the account that holds it. */
struct place {
	struct account	*account;	/* NULL: the name "shared" itself */
	const char	*name;		/* in the account */
	const char	*full;		/* in the store's form, as the user sees it */
	rights_t	 rights;	/* the user's; personal: from may */
	bool		 shared;
};
/*
 * Resolve what the client wrote.  A shared mailbox that is not granted with
 * RIGHT_LOOKUP is ERR_USER NONEXISTENT with the same words as one that does
 * not exist.  Does not look whether the mailbox exists in its account.
 */
const struct err *session_place(struct session *, const char *wire,
    struct place *place_r);
/* The same for a name in UTF-8, whatever the wire's form is now. */
const struct err *session_place_utf8(struct session *, const char *utf8,
    struct place *place_r);
/* The same of a name in the store's form. */
const struct err *session_place_full(struct session *, const char *full,
    struct place *place_r);
/*
 * NULL when place's rights hold all of need; else ERR_USER NOPERM naming what is
 * missing and whom to ask (conf's administrator).
 */
const struct err *session_need(struct session *, const struct place *,
    rights_t need);
/* Open the mailbox at place.  ERR_USER with NONEXISTENT, or TRYCREATE when
 * trycreate is true (RFC 3501 6.3.11, 6.4.7). */
const struct err *session_open(struct session *, const struct place *,
    bool trycreate, struct mailbox **mbox_r);
/*
 * The same for what messages go to by APPEND, COPY, MOVE or REPLACE, which trycreate
 * fits.  Opening a database that no other session has open reads its whole
 * write-ahead log, and closing it carries that over: more than an append costs.
 * So the mailbox where messages went last stays open until the session rests.
 */
const struct err *session_open_appended(struct session *, const struct place *,
    struct mailbox **mbox_r);
/* Takes mbox over after a command that went well, instead of mailbox_close(). */
void session_keep_appended(struct session *, struct mailbox *mbox);

#define SHARED_ROOT	"shared"	/* the first level of shared names */

/* Greet (by PREAUTH when the session is logged in already). */
void session_greet(struct session *);
/* Send the tagged OK of the command that logged the client in at the door. */
void session_resume(struct session *, const char *tag);
/* Say BYE, if nobody has, and the log's last line. */
void session_end(struct session *);
/*
 * Run until the session ends, and say so in the log; or until s->leave, without a
 * word.  Replies to everything.
 */
void session_run(struct session *);

#endif
