/* db.c - SQLite as the store uses it
 * SPDX-License-Identifier: ISC */
#include "store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/sqlheap.h"
#include "util/log.h"

#define STATEMENTS_MAX	80		/* kept prepared per database */
#define SPARES		4		/* the same, of db_take() */
#define PATH_OCTETS	4096
#define BUSY_MS		20000		/* a recovery by another process */
#define LOG_FRAMES_REST	64		/* pages that the log may have at rest */
#define LOG_FRAMES_MAX	1024		/* when its writer goes on: 4 MB */

struct statement {
	const char	*sql;		/* the constant's address is the key */
	sqlite3_stmt	*stmt;
};

struct db {
	sqlite3		*sql;		/* NULL: it sleeps, db_wake() opens it */
	char		*what;		/* "users/alice/messages.db" */
	char		*path;
	const struct db_schema *schema;	/* NULL: it never sleeps */
	const struct conf *conf;
	struct statement statements[STATEMENTS_MAX];
	size_t		 statements_n;
	sqlite3_stmt	*spares[SPARES];	/* given back; NULL: none */
	unsigned int	 spare;			/* where the next one goes */
	bool		 function;	/* db_function() was called */
	int		 durable;	/* as PRAGMA synchronous is now; -1 unknown */
	int		 log_frames;	/* after the last commit made here */
};

static bool set_up;
static unsigned int connections;	/* of all databases */

static void
db_setup(void)
{
	if (set_up)
		return;
	set_up = true;
	/* One thread, small heaps: a process serves one connection. */
	sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	sqlheap_config();
	sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 512, 40);
	if (sqlite3_initialize() != SQLITE_OK)
		fatal("sqlite3_initialize failed");
}

bool
db_damaged(struct db *db)
{
	int code = db->sql != NULL ? sqlite3_errcode(db->sql) : SQLITE_OK;

	/* TOOBIG: none of ours is, DB_VALUE_MAX. */
	return code == SQLITE_CORRUPT || code == SQLITE_NOTADB ||
	    code == SQLITE_FORMAT || code == SQLITE_TOOBIG;
}

const struct err *
db_error(struct db *db, const char *doing)
{
	int code = sqlite3_errcode(db->sql);

	switch (code) {
	case SQLITE_FULL:
		errno = ENOSPC;
		return err_errno("%s: %s", db->what, doing);
	case SQLITE_NOMEM:
		errno = ENOMEM;
		return err_errno("%s: %s", db->what, doing);
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
		errno = sqlite3_system_errno(db->sql);
		if (errno == 0)
			errno = EIO;
		return err_errno("%s: %s: %s", db->what, doing,
		    sqlite3_errmsg(db->sql));
	case SQLITE_BUSY:
		return err_internal_code("INUSE", "In use, try again later",
		    "%s: %s: %s", db->what, doing, sqlite3_errmsg(db->sql));
	default:
		if (db_damaged(db))
			return err_internal("%s is damaged (%s: %s); run "
			    "'mboxadm check --repair'", db->what, doing,
			    sqlite3_errmsg(db->sql));
		return err_internal("%s: %s: %s", db->what, doing,
		    sqlite3_errmsg(db->sql));
	}
}

sqlite3 *
db_sqlite(struct db *db)
{
	return db->sql;
}

const struct err *
db_exec(struct db *db, const char *sql)
{
	const struct err *err = db_wake(db);

	if (err != NULL)
		return err;
	if (sqlite3_exec(db->sql, sql, NULL, NULL, NULL) != SQLITE_OK)
		return db_error(db, sql);
	return NULL;
}

/* Runs "PRAGMA ..." and stores its first column. */
static const struct err *
pragma_text(struct db *db, const char *sql, char *out, size_t size)
{
	sqlite3_stmt *stmt;

	*out = '\0';
	if (sqlite3_prepare_v2(db->sql, sql, -1, &stmt, NULL) != SQLITE_OK)
		return db_error(db, sql);
	if (sqlite3_step(stmt) == SQLITE_ROW &&
	    sqlite3_column_text(stmt, 0) != NULL)
		strlcpy(out, (const char *)sqlite3_column_text(stmt, 0), size);
	if (sqlite3_finalize(stmt) != SQLITE_OK)
		return db_error(db, sql);
	return NULL;
}

/* A commit that changes a page, and nothing. */
static const struct err *
write_nothing(struct db *db, bool durable)
{
	char version[16], sql[64];
	const struct err *err;

	err = pragma_text(db, "PRAGMA user_version", version, sizeof(version));
	if (err != NULL)
		return err;
	snprintf(sql, sizeof(sql), "PRAGMA user_version=%s", version);
	err = db_begin(db, durable);
	if (err == NULL)
		err = db_exec(db, sql);
	if (err == NULL)
		err = db_exec(db, "COMMIT");
	db_rollback(db);
	return err;
}

/*
 * Under the lock.  The log begins anew only when all of it has been carried over and
 * its index says so; SQLite's own checkpoint leaves it at that, and the index goes
 * with the last process that has the database open.  Writers that come one by one
 * would then make the log grow for ever, and each would read all of it to make the
 * index.  Readers in the middle of it are not waited for: another time will do it.
 * True when the log is empty.
 */
static bool
log_renew(struct db *db)
{
	int frames = -1;

	sqlite3_busy_timeout(db->sql, 0);
	(void)sqlite3_wal_checkpoint_v2(db->sql, "main",
	    SQLITE_CHECKPOINT_TRUNCATE, &frames, NULL);
	sqlite3_busy_timeout(db->sql, BUSY_MS);
	db->log_frames = 0;
	return frames == 0;
}

/*
 * After a commit, with the frames that are in the log now.  Carrying it over takes
 * two syncs, many times what the change of a flag takes: a writer that goes on does
 * it seldom, by db_tidy() when its client has the answer, and leaves a small log
 * behind by db_settle().  One that never gets there does it here.
 */
static int
log_grew(void *arg, sqlite3 *sql, const char *name, int frames)
{
	struct db *db = arg;
	const bool again = db_untidy(db);

	(void)sql;
	(void)name;
	db->log_frames = frames;
	if (again && db_untidy(db))
		(void)log_renew(db);
	return SQLITE_OK;
}

/*
 * Unless another has the lock, who will do it.  The first commit into an empty log
 * syncs the log's header and, in a new process, its directory, even where it waits
 * for no disk otherwise: it is made here, where no client waits for it.
 */
static void
log_carry(struct db *db, int lockfd)
{
	if (!lock_try(lockfd))
		return;
	if (log_renew(db))
		(void)write_nothing(db, false);
	lock_drop(lockfd);
}

void
db_settle(struct db *db, int lockfd)
{
	if (db != NULL && db->sql != NULL && db->log_frames >= LOG_FRAMES_REST)
		log_carry(db, lockfd);
}

void
db_settle_alone(struct db *db)
{
	if (db->log_frames >= LOG_FRAMES_REST)
		(void)log_renew(db);
}

bool
db_untidy(const struct db *db)
{
	return db != NULL && db->sql != NULL &&
	    db->log_frames >= LOG_FRAMES_MAX;
}

void
db_tidy(struct db *db, int lockfd)
{
	if (db_untidy(db))
		log_carry(db, lockfd);
}

/* Nothing in the file is trusted: no triggers, views or functions from it. */
/*
 * What no statement and no honest row needs: a database may be anybody's, and SQLite
 * would read a value of a gigabyte into memory.
 */
static void
set_limits(sqlite3 *sql)
{
	static const struct { int what, most; } limits[] = {
		{ SQLITE_LIMIT_LENGTH, DB_VALUE_MAX },
		{ SQLITE_LIMIT_SQL_LENGTH, 65536 },	/* the schema's too */
		{ SQLITE_LIMIT_COLUMN, 64 },
		{ SQLITE_LIMIT_EXPR_DEPTH, 100 },
		{ SQLITE_LIMIT_COMPOUND_SELECT, 20 },
		{ SQLITE_LIMIT_FUNCTION_ARG, 16 },
		{ SQLITE_LIMIT_ATTACHED, 1 },		/* VACUUM INTO has one */
		{ SQLITE_LIMIT_VARIABLE_NUMBER, 64 },
		{ SQLITE_LIMIT_WORKER_THREADS, 0 }
	};

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		sqlite3_limit(sql, limits[i].what, limits[i].most);
}

static void
db_harden(struct db *db)
{
	sqlite3 *sql = db->sql;
	static const struct { int op, on; } ops[] = {
		{ SQLITE_DBCONFIG_DEFENSIVE, 1 },
		{ SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
		{ SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 },
		{ SQLITE_DBCONFIG_ENABLE_VIEW, 0 },
		{ SQLITE_DBCONFIG_DQS_DDL, 0 },
		{ SQLITE_DBCONFIG_DQS_DML, 0 },
		{ SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1 },
		{ SQLITE_DBCONFIG_ENABLE_FKEY, 1 }
	};
	int keep = 1;

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		sqlite3_db_config(sql, ops[i].op, ops[i].on, NULL);
	set_limits(sql);
	sqlite3_file_control(sql, NULL, SQLITE_FCNTL_PERSIST_WAL, &keep);
	sqlite3_wal_hook(sql, log_grew, db);
	sqlite3_busy_timeout(sql, BUSY_MS);
}

static struct db *
db_new(const char *path, const char *what)
{
	struct db *db;

	db_setup();
	db = calloc(1, sizeof(*db));
	if (db == NULL || (db->what = strdup(what)) == NULL ||
	    (db->path = strdup(path)) == NULL)
		fatal("out of memory");
	db->durable = -1;
	return db;
}

static const struct err *
db_connect(struct db *db, int flags)
{
	int code = sqlite3_open_v2(db->path, &db->sql, flags |
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

	if (db->sql == NULL)
		fatal("out of memory");
	connections++;
	if (code != SQLITE_OK)
		return db_error(db, "open");
	db_harden(db);
	if (sqlite3_exec(db->sql, "PRAGMA mmap_size=0; PRAGMA cache_size=-1024;"
	    " PRAGMA cell_size_check=1; PRAGMA journal_size_limit=4194304;"
	    /* A sandbox has no /var/tmp, and none of this belongs there. */
	    " PRAGMA temp_store=MEMORY",
	    NULL, NULL, NULL) != SQLITE_OK)
		return db_error(db, "open");
	return NULL;
}

static const struct err *
db_open_path(const char *path, int flags, const char *what, struct db **db_r)
{
	struct db *db = db_new(path, what);
	const struct err *err = db_connect(db, flags);

	if (err != NULL) {
		db_close(db);
		return err;
	}
	*db_r = db;
	return NULL;
}

static int
steps_count(const struct db_schema *schema)
{
	int n = 0;

	while (schema->steps[n] != NULL)
		n++;
	return n;
}

/* Bring the schema from version to version to, in one transaction.  dir is NULL
 * for a new database. */
static const struct err *
db_migrate(struct db *db, const struct db_schema *schema, int version, int to,
    const char *dir, const struct conf *conf)
{
	const struct err *err;
	char sql[128];

	err = db_begin(db, true);
	if (err != NULL)
		return err;
	for (; err == NULL && version < to; version++) {
		if (dir != NULL && schema->prepare != NULL &&
		    version == schema->prepare_at)
			err = schema->prepare(db, dir, conf);
		if (err == NULL)
			err = db_exec(db, schema->steps[version]);
	}
	snprintf(sql, sizeof(sql), "PRAGMA user_version=%d; "
	    "PRAGMA application_id=%d", to, (int)schema->application_id);
	if (err == NULL)
		err = db_exec(db, sql);
	return db_end(db, err);
}

/* Step by step.  What one removed is not in the log any more when the next has
 * been taken. */
static const struct err *
db_upgrade(struct db *db, const struct db_schema *schema, int to,
    const char *dir, const struct conf *conf)
{
	char text[16];
	const struct err *err;
	int version;

	do {
		err = pragma_text(db, "PRAGMA user_version", text,
		    sizeof(text));
		version = atoi(text);
		if (err != NULL || version >= to)
			return err;
		err = pragma_text(db, "PRAGMA wal_checkpoint(TRUNCATE)", text,
		    sizeof(text));
		if (err == NULL)
			err = db_migrate(db, schema, version, version + 1, dir,
			    conf);
	} while (err == NULL);
	return err;
}

static bool
wants_wal(const struct db_schema *schema, const struct conf *conf)
{
	return conf->journal == JOURNAL_WAL && !schema->rollback;
}

bool
db_has_journal(struct db *db)
{
	char mode[16];

	return pragma_text(db, "PRAGMA journal_mode", mode, sizeof(mode)) ==
	    NULL && strcmp(mode, "wal") != 0;
}

/* The mode is read back: SQLite answers with the one it kept. */
static const struct err *
db_set_journal(struct db *db, const struct db_schema *schema,
    const struct conf *conf)
{
	bool wal = wants_wal(schema, conf);
	const struct err *err;
	char mode[16];

	/* A database of before, which others have open: another time, then. */
	if (schema->rollback)
		sqlite3_busy_timeout(db->sql, 0);
	err = pragma_text(db, wal ? "PRAGMA journal_mode=WAL" :
	    "PRAGMA journal_mode=TRUNCATE", mode, sizeof(mode));
	sqlite3_busy_timeout(db->sql, BUSY_MS);
	if (schema->rollback && strcmp(mode, "truncate") != 0)
		return NULL;
	if (err == NULL && strcmp(mode, wal ? "wal" : "truncate") != 0)
		err = err_internal("%s: journal mode is %s, not %s (see "
		    "'journal' in msgstore.conf)", db->what, mode,
		    wal ? "wal" : "truncate");
	return err;
}

const struct err *
db_create(const char *dir, int dirfd, const struct db_schema *schema,
    const struct conf *conf)
{
	static const char *const ends[] = { "", "-wal", "-shm", "-journal" };
	char path[PATH_OCTETS], name[64], new[64];
	const struct err *err;
	struct db *db = NULL;

	snprintf(new, sizeof(new), "%s.new", schema->file);
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, new) >=
	    sizeof(path))
		return err_internal("%s: path too long", dir);
	for (size_t i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "%s%s", new, ends[i]);
		if (unlinkat(dirfd, name, 0) == -1 && errno != ENOENT)
			return err_errno("%s/%s", dir, name);
		snprintf(name, sizeof(name), "%s%s", schema->file, ends[i]);
		if (i > 0 && unlinkat(dirfd, name, 0) == -1 && errno != ENOENT)
			return err_errno("%s/%s", dir, name);
	}
	err = db_open_path(path, SQLITE_OPEN_CREATE, path, &db);
	/* Still with a rollback journal: the file alone is then complete. */
	if (err == NULL)
		err = db_migrate(db, schema, 0, steps_count(schema), NULL,
		    conf);
	db_close(db);
	if (err == NULL && renameat(dirfd, new, dirfd, schema->file) == -1)
		err = err_errno("%s: rename", path);
	if (err == NULL && fsync(dirfd) == -1)
		err = err_errno("%s: fsync", dir);
	if (err != NULL) {
		unlinkat(dirfd, new, 0);
		return err;
	}
	snprintf(path, sizeof(path), "%s/%s", dir, schema->file);
	err = db_open_path(path, 0, path, &db);
	if (err != NULL)
		return err;
	err = db_set_journal(db, schema, conf);
	db_close(db);
	return err;
}

/* What the file is, and whether it is as this msgstore keeps it. */
static const struct err *
db_look(struct db *db, const struct db_schema *schema, const struct conf *conf,
    bool *current_r)
{
	char mode[16], version[16], id[16];
	const struct err *err;
	int steps = steps_count(schema), v;

	err = pragma_text(db, "PRAGMA user_version", version, sizeof(version));
	if (err == NULL)
		err = pragma_text(db, "PRAGMA application_id", id, sizeof(id));
	if (err == NULL)
		err = pragma_text(db, "PRAGMA journal_mode", mode, sizeof(mode));
	if (err != NULL)
		return err;
	v = atoi(version);
	if (v < 1 || atoi(id) != schema->application_id)
		return err_internal("%s is no %s of msgstore; run "
		    "'mboxadm check --repair'", db->what, schema->file);
	if (v > steps)
		return err_internal("%s was written by a newer msgstore "
		    "(version %d, this one knows %d); upgrade", db->what, v,
		    steps);
	*current_r = v == steps &&
	    (strcmp(mode, "wal") == 0) == wants_wal(schema, conf);
	return NULL;
}

/* Check what the file is, and bring it up to date under the lock. */
static const struct err *
db_verify(struct db *db, const struct db_schema *schema, const char *dir,
    const struct conf *conf, int lockfd)
{
	const struct err *err;
	bool current;

	err = db_look(db, schema, conf, &current);
	if (err != NULL || current)
		return err;
	if (lockfd != -1 && (err = lock_take(lockfd)) != NULL)
		return err;
	err = db_upgrade(db, schema, steps_count(schema), dir, conf);
	if (err == NULL)
		err = db_set_journal(db, schema, conf);
	if (lockfd != -1)
		lock_drop(lockfd);
	return err;
}

const struct err *
db_open(const char *dir, const struct db_schema *schema,
    const struct conf *conf, int lockfd, const char *what, struct db **db_r)
{
	char path[PATH_OCTETS], name[PATH_OCTETS];
	const struct err *err;
	struct db *db = NULL;

	snprintf(name, sizeof(name), "%s/%s", what, schema->file);
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, schema->file) >=
	    sizeof(path))
		return err_internal("%s: path too long", dir);
	err = db_open_path(path, 0, name, &db);
	if (err != NULL)
		return err;
	err = db_verify(db, schema, dir, conf, lockfd);
	if (err != NULL) {
		db_close(db);
		return err;
	}
	db->schema = schema;
	db->conf = conf;
	*db_r = db;
	return NULL;
}

static void
db_disconnect(struct db *db)
{
	if (db->sql == NULL)
		return;
	for (size_t i = 0; i < db->statements_n; i++)
		sqlite3_finalize(db->statements[i].stmt);
	db->statements_n = 0;
	for (size_t i = 0; i < SPARES; i++) {
		sqlite3_finalize(db->spares[i]);
		db->spares[i] = NULL;
	}
	db->durable = -1;
	db->function = false;
	db->log_frames = 0;
	if (sqlite3_close(db->sql) != SQLITE_OK)
		fatal("%s: closed with an open statement", db->what);
	db->sql = NULL;
	connections--;
}

void
db_close(struct db *db)
{
	if (db == NULL)
		return;
	db_disconnect(db);
	free(db->path);
	free(db->what);
	free(db);
}

void
db_rest(struct db *db)
{
	if (db->schema != NULL)
		db_disconnect(db);
}

/*
 * Whoever changed the file's version or its journal meanwhile did so under the
 * lock, which may be held here: then a new session has to look into it.
 */
const struct err *
db_wake(struct db *db)
{
	const struct err *err;
	bool current = true;

	if (db->sql != NULL)
		return NULL;
	err = db_connect(db, 0);
	if (err == NULL)
		err = db_look(db, db->schema, db->conf, &current);
	if (err == NULL && !current)
		err = err_internal("%s is not what it was when it was opened",
		    db->what);
	if (err != NULL)
		db_disconnect(db);
	return err;
}

bool
db_any_open(void)
{
	return connections > 0;
}

void
db_rest_all(void)
{
	if (!set_up || connections > 0)
		return;
	sqlite3_shutdown();
	set_up = false;
	sqlheap_rest();
}

const struct err *
db_prepare(struct db *db, const char *sql, sqlite3_stmt **stmt_r)
{
	const struct err *err = db_wake(db);
	sqlite3_stmt *stmt;

	if (err != NULL)
		return err;
	for (size_t i = 0; i < db->statements_n; i++) {
		if (db->statements[i].sql == sql) {
			*stmt_r = db->statements[i].stmt;
			return NULL;
		}
	}
	if (sqlite3_prepare_v3(db->sql, sql, -1, SQLITE_PREPARE_PERSISTENT,
	    &stmt, NULL) != SQLITE_OK)
		return db_error(db, "prepare");
	if (db->statements_n == STATEMENTS_MAX)
		fatal("%s: more than %d statements", db->what, STATEMENTS_MAX);
	db->statements[db->statements_n].sql = sql;
	db->statements[db->statements_n++].stmt = stmt;
	*stmt_r = stmt;
	return NULL;
}

const struct err *
db_take(struct db *db, const char *sql, sqlite3_stmt **stmt_r)
{
	const struct err *err = db_wake(db);

	if (err != NULL)
		return err;
	for (size_t i = 0; i < SPARES; i++) {
		if (db->spares[i] != NULL &&
		    strcmp(sqlite3_sql(db->spares[i]), sql) == 0) {
			*stmt_r = db->spares[i];
			db->spares[i] = NULL;
			return NULL;
		}
	}
	if (sqlite3_prepare_v3(db->sql, sql, -1, SQLITE_PREPARE_PERSISTENT,
	    stmt_r, NULL) != SQLITE_OK)
		return db_error(db, "prepare");
	return NULL;
}

void
db_give(struct db *db, sqlite3_stmt *stmt)
{
	sqlite3_stmt **spare;

	if (stmt == NULL)
		return;
	db_done(stmt);
	spare = &db->spares[db->spare++ % SPARES];
	sqlite3_finalize(*spare);
	*spare = stmt;
}

void
db_done(sqlite3_stmt *stmt)
{
	if (stmt == NULL)
		return;
	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
}

const struct err *
db_step(struct db *db, sqlite3_stmt *stmt, bool *row_r)
{
	int code = sqlite3_step(stmt);

	if (code != SQLITE_ROW && code != SQLITE_DONE)
		return db_error(db, "step");
	*row_r = code == SQLITE_ROW;
	return NULL;
}

const struct err *
db_function(struct db *db, const char *name,
    void (*fn)(sqlite3_context *, int, sqlite3_value **))
{
	const struct err *err = db_wake(db);

	if (err != NULL)
		return err;
	if (!db->function && sqlite3_create_function(db->sql, name, -1,
	    SQLITE_UTF8 | SQLITE_DIRECTONLY, NULL, fn, NULL, NULL) != SQLITE_OK)
		return db_error(db, name);
	db->function = true;
	return NULL;
}

const struct err *
db_run(struct db *db, sqlite3_stmt *stmt)
{
	const struct err *err;
	bool row;

	err = db_step(db, stmt, &row);
	db_done(stmt);
	return err;
}

static const struct err *
run_sql(struct db *db, const char *sql)
{
	const struct err *err;
	sqlite3_stmt *stmt;

	err = db_prepare(db, sql, &stmt);
	return err != NULL ? err : db_run(db, stmt);
}

static const struct err *
begin(struct db *db, bool durable)
{
	const struct err *err = NULL;

	/* EXTRA, for a rollback journal: who finds it there again after a crash of
	 * the machine takes back what was answered.  In a log it is FULL. */
	if (db->durable != (int)durable) {
		err = db_exec(db, durable ? "PRAGMA synchronous=EXTRA" :
		    "PRAGMA synchronous=NORMAL");
		if (err == NULL)
			db->durable = durable;
	}
	if (err == NULL)
		err = run_sql(db, "BEGIN IMMEDIATE");
	return err;
}

/* No statement is in use that would go with the connection. */
static bool
may_reopen(const struct db *db)
{
	if (db->sql == NULL || db->schema == NULL)
		return false;
	for (size_t i = 0; i < db->statements_n; i++)
		if (sqlite3_stmt_busy(db->statements[i].stmt))
			return false;
	return true;
}

/*
 * Where the file or the index of its log could not be opened for writing, as a disk
 * was full or read-only, SQLite opens it for reading alone and stays with that: the
 * first begins no more than to read, the second fails.
 */
const struct err *
db_begin(struct db *db, bool durable)
{
	const struct err *err;

	if (db->sql != NULL && sqlite3_db_readonly(db->sql, "main") == 1 &&
	    may_reopen(db))
		db_disconnect(db);
	err = begin(db, durable);
	if (err == NULL || db->sql == NULL ||
	    sqlite3_errcode(db->sql) != SQLITE_READONLY || !may_reopen(db))
		return err;
	db_disconnect(db);
	return begin(db, durable);
}

const struct err *
db_overwrite(struct db *db)
{
	const struct err *err = db_wake(db);

	return err != NULL ? err : write_nothing(db, true);
}

/*
 * A commit that was written into the log, and whose sync failed, was refused, but
 * is whole there: who makes the index of the log anew would find it.  The next
 * commit is written over it: one that waits for no disk.  What is left behind it
 * follows no checksum any more.
 */
static void
log_overwrite(struct db *db)
{
	if (write_nothing(db, false) != NULL)
		log_error("%s: a change that was refused may come back", db->what);
}

/*
 * A commit with a rollback journal is done when the journal is gone.  Behind that its
 * directory is synchronised, and the lock goes down to that of a reader.
 */
static bool
is_done(struct db *db)
{
	int code = sqlite3_extended_errcode(db->sql);

	return code == SQLITE_IOERR_DIR_FSYNC || code == SQLITE_IOERR_RDLOCK ||
	    code == SQLITE_IOERR_UNLOCK;
}

const struct err *
db_commit(struct db *db)
{
	const struct err *err = run_sql(db, "COMMIT");

	if (err == NULL)
		return NULL;
	if (is_done(db)) {
		log_warning("%s", err->text);
		return NULL;
	}
	db_rollback(db);
	log_overwrite(db);
	return err;
}

const struct err *
db_end(struct db *db, const struct err *err)
{
	if (err == NULL)
		return db_commit(db);
	db_rollback(db);
	return err;
}

void
db_rollback(struct db *db)
{
	if (db->sql != NULL && !sqlite3_get_autocommit(db->sql))
		sqlite3_exec(db->sql, "ROLLBACK", NULL, NULL, NULL);
}

bool
db_idle(struct db *db)
{
	return sqlite3_txn_state(db->sql, NULL) == SQLITE_TXN_NONE;
}

const struct err *
db_begin_read(struct db *db)
{
	return run_sql(db, "BEGIN");
}

void
db_end_read(struct db *db)
{
	db_rollback(db);
}

/* --- Looking into what may be damaged --- */

/* The schema's version as the file tells it, or DB_DAMAGED, DB_NEWER. */
static const struct err *
health_version(struct db *db, const struct db_schema *schema,
    enum db_health *health_r, char *text, size_t size)
{
	char version[16], id[16];
	const struct err *err;

	err = pragma_text(db, "PRAGMA user_version", version, sizeof(version));
	if (err == NULL)
		err = pragma_text(db, "PRAGMA application_id", id, sizeof(id));
	if (err != NULL)
		return err;
	*health_r = DB_GOOD;
	if (atoi(version) < 1 || atoi(id) != schema->application_id) {
		*health_r = DB_DAMAGED;
		snprintf(text, size, "it is no %s", schema->file);
	} else if (atoi(version) > steps_count(schema)) {
		*health_r = DB_NEWER;
		snprintf(text, size, "a newer msgstore wrote it (version %s)",
		    version);
	}
	return NULL;
}

static const struct err *
health_integrity(struct db *db, enum db_health *health_r, char *text,
    size_t size)
{
	const struct err *err;
	char key[8];

	err = pragma_text(db, "PRAGMA integrity_check(1)", text, size);
	if (err != NULL)
		return err;
	if (strcmp(text, "ok") != 0) {
		*health_r = DB_DAMAGED;
		return NULL;
	}
	err = pragma_text(db, "PRAGMA foreign_key_check", key, sizeof(key));
	if (err == NULL && key[0] != '\0') {
		*health_r = DB_DAMAGED;
		snprintf(text, size, "a row of table %s refers to none", key);
	}
	return err;
}

/* A table that is missing is no damage to SQLite. */
static const struct err *
health_tables(struct db *db, const struct db_schema *schema,
    enum db_health *health_r, char *text, size_t size)
{
	const struct err *err;
	char version[16];
	bool same;

	err = pragma_text(db, "PRAGMA user_version", version, sizeof(version));
	if (err == NULL)
		err = db_shape_same(db, schema, atoi(version), &same);
	if (err == NULL && !same) {
		*health_r = DB_DAMAGED;
		snprintf(text, size, "its tables are not those of a %s",
		    schema->file);
	}
	return err;
}

const struct err *
db_health(const char *dir, int dirfd, const struct db_schema *schema,
    const char *what, enum db_health *health_r, char *text, size_t size)
{
	char path[PATH_OCTETS], name[PATH_OCTETS];
	const struct err *err;
	struct stat st;
	struct db *db;

	*health_r = DB_MISSING;
	if (fstatat(dirfd, schema->file, &st, 0) == -1)
		return errno == ENOENT ? NULL : err_errno("%s/%s", what,
		    schema->file);
	if (!S_ISREG(st.st_mode)) {
		*health_r = DB_DAMAGED;
		snprintf(text, size, "it is no regular file");
		return NULL;
	}
	snprintf(name, sizeof(name), "%s/%s", what, schema->file);
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, schema->file) >=
	    sizeof(path))
		return err_internal("%s: path too long", dir);
	*health_r = DB_GOOD;
	db = db_new(path, name);
	err = db_connect(db, 0);
	if (err == NULL)
		err = health_version(db, schema, health_r, text, size);
	if (err == NULL && *health_r == DB_GOOD)
		err = health_integrity(db, health_r, text, size);
	if (err == NULL && *health_r == DB_GOOD)
		err = health_tables(db, schema, health_r, text, size);
	if (err != NULL && db_damaged(db)) {
		*health_r = DB_DAMAGED;
		strlcpy(text, sqlite3_errmsg(db->sql), size);
		err = NULL;
	}
	db_close(db);
	return err;
}

const struct err *
db_open_any(const char *dir, const char *file, struct db **db_r)
{
	char path[PATH_OCTETS];

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, file) >=
	    sizeof(path))
		return err_internal("%s: path too long", dir);
	return db_open_path(path, 0, path, db_r);
}
