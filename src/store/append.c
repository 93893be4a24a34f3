/* append.c - messages on their way in
 * SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mail/binary.h"
#include "mail/content.h"
#include "store/mailbox-private.h"
#include "util/log.h"

struct upload {
	struct mailbox	*mbox;
	int		 fd;
	char		 tmp_name[TMP_NAME_OCTETS];	/* "": unnamed */
	uint64_t	 size, flags;
	char		**keywords;	/* keywords_n of them */
	size_t		 keywords_n;
	struct datetime	 date;
	bool		 finished, sync_late;
	struct objectid_hash hash;	/* of what was written */
	struct content	 content;
};

const struct err *
upload_new(struct mailbox *m, struct upload **up_r)
{
	struct upload *up = calloc(1, sizeof(*up));
	const struct err *err;

	if (up == NULL)
		fatal("out of memory");
	up->mbox = m;
	up->date.when = now_seconds();
	objectid_begin(&up->hash);
	/* Some file systems make files in a directory that is no more: tmpfs. */
	if (mailbox_gone(m))
		err = mailbox_deleted();
	else
		err = place_new(m, up->tmp_name, &up->fd);
	if (err != NULL) {
		free(up);
		return mailbox_err(m, err);
	}
	*up_r = up;
	return NULL;
}

void
upload_free(struct upload *up)
{
	if (up == NULL)
		return;
	if (up->tmp_name[0] != '\0')
		unlinkat(up->mbox->fd, up->tmp_name, 0);
	close(up->fd);
	content_clear(&up->content);
	for (size_t i = 0; i < up->keywords_n; i++)
		free(up->keywords[i]);
	free(up->keywords);
	free(up);
}

const struct err *
upload_write(struct upload *up, const void *data, size_t len)
{
	const char *s = data;

	objectid_add(&up->hash, data, len);
	while (len > 0) {
		ssize_t n = write(up->fd, s, len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_errno("%s: writing a message",
			    up->mbox->what);
		s += n;
		len -= (size_t)n;
		up->size += (uint64_t)n;
	}
	return NULL;
}

uint64_t
upload_size(const struct upload *up)
{
	return up->size;
}

/* The file's time is the INTERNALDATE: a repair reads it there. */
static void
upload_set_time(const struct upload *up)
{
	struct timespec ts[2] = { { .tv_nsec = UTIME_OMIT },
	    { .tv_sec = (time_t)up->date.when } };

	if (futimens(up->fd, ts) == -1)
		log_warning("%s: a message's time cannot be set: %s",
		    up->mbox->what, strerror(errno));
}

void
upload_set(struct upload *up, uint64_t flags, const struct datetime *date)
{
	up->flags = flags;
	if (date != NULL)
		up->date = *date;
	if (up->finished)
		upload_set_time(up);
}

void
upload_keywords(struct upload *up, const char *const *names, size_t n)
{
	if (n == 0)
		return;
	up->keywords = calloc(n, sizeof(*up->keywords));
	if (up->keywords == NULL)
		fatal("out of memory");
	for (size_t i = 0; i < n; i++) {
		up->keywords[i] = strdup(names[i]);
		if (up->keywords[i] == NULL)
			fatal("out of memory");
	}
	up->keywords_n = n;
}

static const struct err *
encoded_piece(void *arg, const char *s, size_t len)
{
	return upload_write(arg, s, len);
}

const struct err *
upload_encode(struct upload **up_r)
{
	struct upload *up = *up_r, *encoded = NULL;
	const struct err *err;
	char *s;

	s = mmap(NULL, (size_t)up->size, PROT_READ, MAP_PRIVATE, up->fd, 0);
	if (s == MAP_FAILED)
		return err_errno("%s: mmap of a message", up->mbox->what);
	err = upload_new(up->mbox, &encoded);
	if (err == NULL)
		err = binary_encode(s, (size_t)up->size, encoded_piece,
		    encoded);
	munmap(s, (size_t)up->size);
	if (err != NULL) {
		upload_free(encoded);
		return err;
	}
	upload_free(up);
	*up_r = encoded;
	return NULL;
}

size_t
upload_memory(const struct upload *up)
{
	const struct content *c = &up->content;

	return sizeof(*up) + c->envelope.size + c->body.size +
	    c->structure.size + c->headers.size + c->parts.size +
	    c->preview.size + up->keywords_n * (FLAG_KEYWORD_MAX_OCTETS + 32);
}

void
upload_sync_late(struct upload *up)
{
	up->sync_late = true;
}

const struct err *
upload_finish(struct upload *up)
{
	unsigned char emailid[OBJECTID_OCTETS];
	const struct err *err;

	objectid_end(&up->hash, emailid);
	err = content_make(up->fd, up->size, emailid, &up->content);
	if (err != NULL)
		return err;
	upload_set_time(up);
	/*
	 * A hint, for several messages of one APPEND: when all of them have their
	 * blocks and are on their way, uploads_sync() waits for one commit of the
	 * file system's journal and not for one each.
	 */
	if (!up->sync_late)
		(void)sync_file_range(up->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	up->finished = true;
	return NULL;
}

const struct err *
uploads_sync(struct upload *const *ups, size_t n)
{
	bool late = false;

	for (size_t i = 0; i < n; i++) {
		late |= ups[i]->sync_late;
		if (!ups[i]->sync_late && fdatasync(ups[i]->fd) == -1)
			return err_errno("%s: fdatasync", ups[i]->mbox->what);
	}
	if (late && syncfs(ups[0]->fd) == -1)
		return err_errno("%s: syncfs", ups[0]->mbox->what);
	return NULL;
}

void
message_bind(sqlite3_stmt *stmt, const struct message *msg)
{
	sqlite3_bind_int64(stmt, 1, msg->uid);
	sqlite3_bind_int64(stmt, 2, (int64_t)msg->flags);
	sqlite3_bind_int64(stmt, 3, (int64_t)msg->modseq);
	sqlite3_bind_int64(stmt, 4, msg->date.when);
	sqlite3_bind_int(stmt, 5, msg->date.zone);
	sqlite3_bind_int64(stmt, 6, msg->savedate);
	sqlite3_bind_int64(stmt, 7, (int64_t)msg->size);
}

const struct err *
insert_message(struct db *db, const struct message *msg)
{
	const struct err *err;
	sqlite3_stmt *stmt;

	err = db_prepare(db, "INSERT INTO messages(" MESSAGE_COLUMNS ") "
	    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)", &stmt);
	if (err != NULL)
		return err;
	message_bind(stmt, msg);
	return db_run(db, stmt);
}

/* The bits of the upload's keywords, which are made when they are missing. */
static const struct err *
append_keywords(struct writer *w, const struct upload *up, uint64_t *mask_r)
{
	const char *const *names = (const char *const *)up->keywords;
	const struct err *err;

	*mask_r = 0;
	if (up->keywords_n == 0)
		return NULL;
	err = keywords_create(w->mbox, names, up->keywords_n);
	return err != NULL ? err : mailbox_keyword_mask(w->mbox, names,
	    up->keywords_n, false, mask_r);
}

const struct err *
writer_append(struct writer *w, struct upload *up, uint32_t *uid_r)
{
	struct message msg = { .flags = up->flags, .date = up->date,
	    .size = up->size, .savedate = now_seconds(),
	    .modseq = w->state.highestmodseq };
	struct blob blobs[COLUMNS];
	const struct err *err;
	uint64_t keywords;

	if (!up->finished)
		fatal("an upload is appended before it is finished");
	content_blobs(&up->content, blobs);
	err = append_keywords(w, up, &keywords);
	msg.flags |= keywords;
	if (err == NULL)
		err = writer_next_uid(w, &msg.uid);
	if (err == NULL)
		err = insert_message(w->mbox->db, &msg);
	if (err == NULL)
		err = insert_content(w->mbox->db, msg.uid, blobs);
	/* The row first: what has a row is no orphan, and is not replaced. */
	if (err == NULL)
		err = place_fd(w->mbox, up->fd, up->tmp_name, msg.uid);
	if (err != NULL)
		return err;
	w->placed = msg.uid + 1;
	state_count(&w->state, &msg, 1);
	*uid_r = msg.uid;
	return NULL;
}

void
unplace(struct writer *w)
{
	char name[UID_NAME_OCTETS];

	for (uint32_t uid = w->before.uidnext; uid < w->placed; uid++) {
		uid_name(uid, name);
		unlinkat(w->mbox->fd, name, 0);
	}
}

const struct err *
mailbox_append(struct mailbox *m, struct upload *const *ups, size_t n,
    uint32_t *first_uid_r)
{
	const struct err *err;
	uint32_t uid, keywords;
	struct writer w;

	err = uploads_sync(ups, n);
	if (err == NULL)
		err = writer_begin(&w, m, true);
	if (err != NULL)
		return err;
	w.state.highestmodseq++;
	for (size_t i = 0; err == NULL && i < n; i++)
		err = writer_append(&w, ups[i], &uid);
	/* The names before the rows: a row without its file cannot be. */
	if (err == NULL && fsync(m->fd) == -1)
		err = err_errno("%s: fsync", m->what);
	keywords = w.before.keywords;
	if (err != NULL) {
		unplace(&w);
		writer_abort(&w);
	} else
		err = writer_commit(&w);
	if (err != NULL)
		keywords_forget(m, keywords);
	else
		*first_uid_r = w.before.uidnext;
	return err;
}
