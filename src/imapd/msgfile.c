/* msgfile.c - one message's file, opened and read only when it is needed
 * SPDX-License-Identifier: ISC */
#include "imapd/msgfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wire/respcode.h"

#define RANGE_READ_MAX	65536	/* octets that are read, not mapped */

void
msgfile_init(struct msgfile *mf, struct mailbox *mbox)
{
	*mf = (struct msgfile){ .mbox = mbox, .fd = -1 };
}

static void
drop_range(struct msgfile *mf)
{
	if (mf->map != NULL)
		munmap(mf->map, mf->map_len);
	mf->map = NULL;
	mf->range = NULL;
}

static void
close_file(struct msgfile *mf)
{
	drop_range(mf);
	if (mf->fd != -1)
		close(mf->fd);
	mf->fd = -1;
	mf->made = false;
}

void
msgfile_clear(struct msgfile *mf)
{
	close_file(mf);
	content_clear(&mf->content);
	buf_clear(&mf->buf);
}

void
msgfile_start(struct msgfile *mf, const struct message *m)
{
	close_file(mf);
	mf->uid = m->uid;
	mf->size = m->size;
}

static const struct err *
damaged(const struct msgfile *mf, const char *what)
{
	return err_internal_code(RESP_CORRUPTION, "A message is damaged",
	    "mailbox %s, message %u: %s: run mboxadm check",
	    mailbox_id(mf->mbox), mf->uid, what);
}

const struct err *
msgfile_open(struct msgfile *mf)
{
	const struct err *err;
	struct stat st;

	if (mf->fd != -1)
		return NULL;
	err = mailbox_message_fd(mf->mbox, mf->uid, &mf->fd);
	if (err != NULL) {
		mf->fd = -1;
		return err;
	}
	if (fstat(mf->fd, &st) == -1)
		err = err_errno("fstat message %u", mf->uid);
	else if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != mf->size)
		err = damaged(mf, "the file's size is not the row's");
	if (err != NULL)
		close_file(mf);
	return err;
}

const struct err *
msgfile_content(struct msgfile *mf, const struct content **content_r)
{
	const struct err *err;

	if (!mf->made) {
		if ((err = msgfile_open(mf)) != NULL ||
		    (err = content_make(mf->fd, mf->size, NULL,
		    &mf->content)) != NULL)
			return err;
		mf->made = true;
	}
	*content_r = &mf->content;
	return NULL;
}

const struct err *
msgfile_parts(struct msgfile *mf, const struct message *m,
    struct blob *parts_r)
{
	const struct content *content;
	const struct err *err;

	if (m->parts.s != NULL && m->parts.len > 0) {
		*parts_r = m->parts;
		return NULL;
	}
	if ((err = msgfile_content(mf, &content)) != NULL)
		return err;
	*parts_r = (struct blob){ content->parts.s, content->parts.len };
	return NULL;
}

static const struct err *
read_range(struct msgfile *mf, uint64_t off, size_t len)
{
	ssize_t n;

	buf_reset(&mf->buf);
	buf_room(&mf->buf, len > 0 ? len : 1);
	while (mf->buf.len < len) {
		n = pread(mf->fd, mf->buf.s + mf->buf.len, len - mf->buf.len,
		    (off_t)(off + mf->buf.len));
		if (n == 0)
			return damaged(mf, "the file became shorter");
		if (n > 0)
			mf->buf.len += (size_t)n;
		else if (errno != EINTR)
			return err_errno("read message %u", mf->uid);
	}
	mf->range = mf->buf.s;
	return NULL;
}

static const struct err *
map_range(struct msgfile *mf, uint64_t off, size_t len)
{
	const uint64_t skip = off % (uint64_t)sysconf(_SC_PAGESIZE);
	void *map;

	map = mmap(NULL, len + skip, PROT_READ, MAP_PRIVATE, mf->fd,
	    (off_t)(off - skip));
	if (map == MAP_FAILED)
		return err_errno("mmap message %u", mf->uid);
	mf->map = map;
	mf->map_len = len + skip;
	mf->range = (const char *)map + skip;
	return NULL;
}

const struct err *
msgfile_range(struct msgfile *mf, uint64_t off, uint64_t len,
    const char **s_r)
{
	const struct err *err;

	if (mf->range == NULL || mf->range_off != off ||
	    mf->range_len != len) {
		drop_range(mf);
		if (off > mf->size || len > mf->size - off)
			return damaged(mf, "a part lies beyond its end");
		if ((err = msgfile_open(mf)) != NULL)
			return err;
		err = len > RANGE_READ_MAX ? map_range(mf, off, (size_t)len) :
		    read_range(mf, off, (size_t)len);
		if (err != NULL)
			return err;
		mf->range_off = off;
		mf->range_len = len;
	}
	*s_r = mf->range;
	return NULL;
}
