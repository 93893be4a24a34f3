/* db-copy.c - whole copies of a database
 * SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/store-private.h"
#include "util/log.h"

/* A good copy must not give way to one of damaged pages. */
static const struct err *
is_sound(struct db *db)
{
	const struct err *err;
	const char *text;
	sqlite3_stmt *stmt;
	bool row;

	err = db_prepare(db, "PRAGMA quick_check(1)", &stmt);
	if (err != NULL)
		return err;
	err = db_step(db, stmt, &row);
	text = err == NULL && row ?
	    (const char *)sqlite3_column_text(stmt, 0) : NULL;
	if (err == NULL && (text == NULL || strcmp(text, "ok") != 0))
		err = err_internal("it is damaged (%s); run 'mboxadm check "
		    "--repair'", text != NULL ? text : "no answer");
	db_done(stmt);
	return err;
}

static const struct err *
write_all(int fd, const unsigned char *s, size_t len)
{
	ssize_t n;

	for (; len > 0; s += n, len -= (size_t)n) {
		n = write(fd, s, len);
		if (n == -1 && errno == EINTR)
			n = 0;
		if (n == -1)
			return err_errno("write");
	}
	return NULL;
}

/* The header's two numbers of the format: 2 is a write-ahead log, 1 is none. */
#define FORMAT_WRITE	18
#define FORMAT_READ	19
#define HEADER_OCTETS	100

/*
 * The pages as they are read: with the log's, and without waiting for the disk.
 * A power failure may leave nothing under the name, but the database itself.
 */
static const struct err *
write_image(struct db *db, int dirfd, const char *name)
{
	const struct err *err = NULL;
	sqlite3_int64 size = 0;
	unsigned char *image;
	int fd;

	image = sqlite3_serialize(db_sqlite(db), "main", &size, 0);
	if (image == NULL || size < HEADER_OCTETS) {
		sqlite3_free(image);
		return err_internal("it cannot be read");
	}
	image[FORMAT_WRITE] = image[FORMAT_READ] = 1;
	fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW |
	    O_CLOEXEC, 0600);
	err = fd == -1 ? err_errno("%s", name) :
	    write_all(fd, image, (size_t)size);
	sqlite3_free(image);
	if (fd != -1 && close(fd) == -1 && err == NULL)
		err = err_errno("%s", name);
	return err;
}

/* --- A snapshot --- */

const struct err *
db_careless(struct db *db)
{
	return db_exec(db, "PRAGMA synchronous=OFF; "
	    "PRAGMA journal_mode=MEMORY");
}

/* Another session's lock is waited for; a page that cannot be read ends it. */
static const struct err *
copy_pages(struct db *from, struct db *to)
{
	const struct err *err = db_wake(from);
	sqlite3_backup *backup;
	int code;

	if (err != NULL)
		return err;
	backup = sqlite3_backup_init(db_sqlite(to), "main", db_sqlite(from),
	    "main");
	if (backup == NULL)
		return db_error(to, "copy");
	do
		code = sqlite3_backup_step(backup, -1);
	while (code == SQLITE_OK);
	/* The error is in both, as far as it is of both. */
	if (sqlite3_backup_finish(backup) == SQLITE_OK && code == SQLITE_DONE)
		return NULL;
	return sqlite3_errcode(db_sqlite(from)) != SQLITE_OK ?
	    db_error(from, "copy") : db_error(to, "copy");
}

/* The pages came with what the header says of a log, which is not there. */
static const struct err *
without_log(int fd, const char *file)
{
	static const unsigned char format[2] = { 1, 1 };

	if (pwrite(fd, format, sizeof(format), FORMAT_WRITE) !=
	    (ssize_t)sizeof(format))
		return err_errno("%s", file);
	return NULL;
}
_Static_assert(FORMAT_READ == FORMAT_WRITE + 1, "both are written at once");

static const struct err *
snapshot_sound(const char *dir, const char *file)
{
	const struct err *err;
	struct db *db = NULL;

	err = db_open_any(dir, file, &db);
	if (err == NULL)
		err = is_sound(db);
	db_close(db);
	return err;
}

const struct err *
db_snapshot(struct db *from, int lockfd, const char *dir, int dirfd,
    const char *file)
{
	const struct err *err = NULL;
	struct db *to = NULL;
	bool waits;
	int fd;

	if (unlinkat(dirfd, file, 0) == -1 && errno != ENOENT)
		return err_errno("%s/%s", dir, file);
	fd = openat(dirfd, file, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW |
	    O_CLOEXEC, 0600);
	if (fd == -1)
		return err_errno("%s/%s", dir, file);
	err = db_open_any(dir, file, &to);
	if (err == NULL)
		err = db_careless(to);
	waits = err == NULL && lockfd != -1 && db_has_journal(from);
	if (waits && (err = lock_take(lockfd)) != NULL)
		waits = false;
	if (err == NULL)
		err = copy_pages(from, to);
	if (waits)
		lock_drop(lockfd);
	db_close(to);
	if (err == NULL)
		err = without_log(fd, file);
	close(fd);
	if (err == NULL)
		err = snapshot_sound(dir, file);
	if (err != NULL)
		unlinkat(dirfd, file, 0);
	return err;
}

/* --- A copy for a repair --- */

void
db_keep_copy(struct db *db, int dirfd, const struct db_schema *schema)
{
	const struct err *err;
	char name[64], new[72];

	snprintf(name, sizeof(name), "%s" DB_COPY_END, schema->file);
	snprintf(new, sizeof(new), "%s.new", name);
	err = is_sound(db);
	if (err == NULL)
		err = write_image(db, dirfd, new);
	/*
	 * To replace a file makes ext4 write it at once, which takes longer than
	 * all the rest; db_open_copy() knows both names.
	 */
	if (err == NULL)
		unlinkat(dirfd, name, 0);
	if (err == NULL && renameat(dirfd, new, dirfd, name) == -1)
		err = err_errno("%s: rename", name);
	if (err == NULL)
		return;
	/* What was to be done is done; the copy is for another day. */
	log_warning("no copy of %s is kept: %s", schema->file, err->text);
	unlinkat(dirfd, new, 0);
}

const struct err *
db_open_copy(const char *dir, int dirfd, const struct db_schema *schema,
    struct db **db_r)
{
	static const char *const ends[] = { DB_COPY_END, DB_COPY_END ".new" };
	struct db_schema copy = *schema;
	enum db_health health;
	char name[64], text[8];
	const struct err *err;

	*db_r = NULL;
	copy.file = name;
	for (size_t i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "%s%s", schema->file, ends[i]);
		err = db_health(dir, dirfd, &copy, dir, &health, text,
		    sizeof(text));
		if (err != NULL || health == DB_GOOD)
			break;
	}
	return err == NULL && health == DB_GOOD ?
	    db_open_any(dir, name, db_r) : err;
}
