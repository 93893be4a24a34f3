/* db.h - SQLite as the store uses it: schemas, the writer lock, statements
 * SPDX-License-Identifier: ISC
 *
 * Every writer of a database holds an exclusive flock(2) on the lock file
 * beside it, from before BEGIN until after COMMIT.  Waiting is fair, and a
 * checkpoint (which a commit runs, or db_settle()) can never race another commit.
 * Closing never checkpoints. */
#ifndef MSGSTORE_DB_H
#define MSGSTORE_DB_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/conf.h"
#include "util/err.h"

struct db;

/*
 * Octets of the largest value and of the largest row that is read or written; what
 * is larger is damage.  The largest honest row is that of a message's content:
 * envelope, body structure with and without extensions, sort keys, which are
 * bounded by what mail/envelope.c, mail/mime.c and mail/bodystructure.c keep of
 * the most hostile header to a few megabytes each.
 */
#define DB_VALUE_MAX	16777216
#define DB_VALUE_MAX_S	"16777216"

struct db_schema {
	const char	*file;		/* "messages.db" */
	int32_t		 application_id; /* in the file's header: file(1) tells */
	/* steps[i] brings version i to i + 1, in a transaction of its own;
	 * ended by NULL. */
	const char *const *steps;
	/*
	 * Called before steps[prepare_at] in a database that holds something
	 * (not in a new one), under the lock and in the transaction: what
	 * must be safe elsewhere first.  NULL: nothing.
	 */
	int		 prepare_at;
	const struct err *(*prepare)(struct db *, const char *dir,
	    const struct conf *);
	/*
	 * A rollback journal, whatever the configuration says of others: for what
	 * each login opens and few ever write.  The first to open a database
	 * in WAL mode makes the index of its log anew.
	 */
	bool		 rollback;
};

extern const struct db_schema schema_users, schema_auth, schema_account,
    schema_messages, schema_search;

/*
 * Make the database dir/schema->file, whole or not at all: under another name
 * first, then renamed.  A file that is there is replaced.  The caller holds the
 * lock of dir, and dirfd is open on dir.
 */
const struct err *db_create(const char *dir, int dirfd,
    const struct db_schema *, const struct conf *);

/* Whether it has a rollback journal, so that who reads keeps writers waiting. */
bool db_has_journal(struct db *);

/* Whether no transaction is open, not even one that reads. */
bool db_idle(struct db *);

/*
 * Open the database.  what names it in errors ("users/alice").  A version
 * that is too new, a file that is no database or has no schema are
 * ERR_INTERNAL with what to do; lockfd is the lock file, for migrations, or -1
 * when the caller holds the lock.
 */
const struct err *db_open(const char *dir, const struct db_schema *,
    const struct conf *, int lockfd, const char *what, struct db **db_r);
void db_close(struct db *);		/* NULL is fine */
/*
 * Gives all back but the knowledge of what was open: memory, descriptors, locks.
 * No statement is in use.  What uses the database next wakes it, and may so fail
 * like db_open(); db_wake() does that and no more.
 */
void db_rest(struct db *);
const struct err *db_wake(struct db *);
/* Whether this process has any database open. */
bool db_any_open(void);
/* When none is open, give back what SQLite has for itself. */
void db_rest_all(void);
/* The connection of one that is awake. */
sqlite3 *db_sqlite(struct db *);

/*
 * A statement from the cache: sql must be a string constant.  Give it back by
 * db_done(), which resets it and forgets its parameters.
 */
const struct err *db_prepare(struct db *, const char *sql, sqlite3_stmt **);
void db_done(sqlite3_stmt *);		/* NULL is fine */
/*
 * A statement of one's own, whatever its text, which another may be in use with;
 * preparing it is spared where it is one of the last that were given back.  The
 * database stays open meanwhile.  NULL is fine for db_give().
 */
const struct err *db_take(struct db *, const char *sql, sqlite3_stmt **);
void db_give(struct db *, sqlite3_stmt *);
/* Step: *row_r tells whether there is a row. */
const struct err *db_step(struct db *, sqlite3_stmt *, bool *row_r);
/* Step a statement that gives no row, and give it back in any case. */
const struct err *db_run(struct db *, sqlite3_stmt *);
/* The number that constant SQL without parameters gives; 0 without a row. */
const struct err *db_number(struct db *, const char *sql, int64_t *n_r);
/* Run constant SQL whose n parameters are numbers. */
const struct err *db_run_numbers(struct db *, const char *sql,
    const int64_t *numbers, int n);
/* A function that our own statements may call by name, and no schema may: there
 * is one at most in a database.  */
const struct err *db_function(struct db *, const char *name,
    void (*fn)(sqlite3_context *, int, sqlite3_value **));
/*
 * SQL: whether there is a NUL in a column's text.  No name is so: what reads it sees
 * what stands before the NUL, and finds no row by that.
 */
#define DB_HAS_NUL(column)	"(instr(CAST(" column " AS BLOB), x'00') > 0)"
/* Run constant SQL without parameters. */
const struct err *db_exec(struct db *, const char *sql);

/*
 * A write transaction: durable commits wait for the disk.  The caller holds the
 * lock.  db_rollback() never fails.
 */
const struct err *db_begin(struct db *, bool durable);
const struct err *db_commit(struct db *);
void db_rollback(struct db *);
/*
 * Under the lock, in no transaction: who was killed while it waited for the disk may
 * have left a commit in the log that nobody sees, but that the next to make the
 * log's index would.  It is overwritten, durably: before what is right by what is
 * seen alone is done outside of the database.
 */
const struct err *db_overwrite(struct db *);
/* Commit when err is NULL, else roll back; returns err or what went wrong. */
const struct err *db_end(struct db *, const struct err *err);
/*
 * Before the database is closed: carry a log that grew by commits made here over
 * into the file, so that who opens it next has little to read.  Without the
 * lock; does nothing when another has it, who will do it.  NULL is fine.
 */
void db_settle(struct db *, int lockfd);
/*
 * The same between two commands, where it is only worth it when the log is large:
 * whether it is, and do it.  A commit leaves that for later once; where it was not
 * done, the next commit does it.  NULL is fine.
 */
bool db_untidy(const struct db *);
void db_tidy(struct db *, int lockfd);
/* db_settle() for who has kept other writers away by a lock of its own. */
void db_settle_alone(struct db *);
/* A read transaction: statements in between see one state. */
const struct err *db_begin_read(struct db *);
void db_end_read(struct db *);

/* The error of the last call on this database, as ours. */
const struct err *db_error(struct db *, const char *doing);
/* Whether an error of the last call means a damaged file. */
bool db_damaged(struct db *);

/*
 * The pages as they are at one moment, in dir/file, which is made anew, complete
 * without a log, and not on the disk yet.  A copy that is not sound is an error.
 * Where the database has a rollback journal writers are kept waiting: they wait
 * their turn for the lock, lockfd, or -1 when the caller holds it.
 */
const struct err *db_snapshot(struct db *, int lockfd, const char *dir,
    int dirfd, const char *file);
/* For a database that nobody else has, and that is synchronised later. */
const struct err *db_careless(struct db *);
/*
 * Keep a copy beside the database, for a repair: after a commit of what is
 * nowhere else, under the lock.  Failing is no error, and is logged.
 */
#define DB_COPY_END	".copy"
void db_keep_copy(struct db *, int dirfd, const struct db_schema *);
/* Open that copy; NULL in *db_r when there is none that can be used. */
const struct err *db_open_copy(const char *dir, int dirfd,
    const struct db_schema *, struct db **db_r);

/*
 * Look into a database that may be anything: what db_open() would refuse, and then
 * SQLite's integrity_check and foreign_key_check, then its tables.  For DB_DAMAGED
 * and DB_NEWER text tells what was found.  An error means that nobody can know: the
 * disk does not answer, descriptors are used up.
 */
enum db_health { DB_GOOD, DB_MISSING, DB_DAMAGED, DB_NEWER };
const struct err *db_health(const char *dir, int dirfd,
    const struct db_schema *, const char *what, enum db_health *health_r,
    char *text, size_t size);
/*
 * For db_health(): whether the tables, their columns and the indexes are those
 * of this version of the schema, with no view or trigger beside them.
 */
const struct err *db_shape_same(struct db *, const struct db_schema *,
    int version, bool *same_r);
/* Open dir/file whatever is in it, to save what can be read. */
const struct err *db_open_any(const char *dir, const char *file,
    struct db **db_r);

/* The lock file of a directory, created when missing. */
const struct err *lock_open(int dirfd, const char *what, int *fd_r);
const struct err *lock_take(int fd);	/* waits */
bool lock_try(int fd);			/* false: another has it */
void lock_drop(int fd);

/* Set a directory's timestamp, so that watchers wake: after each commit. */
void stamp_touch(int dirfd);
/* The timestamp as one number. */
uint64_t stamp_get(int dirfd);

/* Seconds since 1970. */
int64_t now_seconds(void);

#endif
