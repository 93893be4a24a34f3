/* db-copy.c - a whole copy of a database under another name
 * SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/store-private.h"
#include "util/log.h"

const struct err *
db_copy_to(struct db *db, const char *path)
{
	sqlite3 *sql = db_sqlite(db);
	const struct err *err = NULL;
	sqlite3_stmt *stmt;

	/* Reads every row: of a damaged database there is no copy. */
	if (sqlite3_prepare_v2(sql, "VACUUM INTO ?1", -1, &stmt, NULL) !=
	    SQLITE_OK)
		return db_error(db, "copy");
	sqlite3_bind_text(stmt, 1, path, -1, SQLITE_STATIC);
	if (sqlite3_step(stmt) != SQLITE_DONE)
		err = db_error(db, path);
	sqlite3_finalize(stmt);
	return err;
}

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
