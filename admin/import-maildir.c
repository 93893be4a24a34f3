/* import-maildir.c - messages of a Maildir: flags, keywords, dates, folders
 * SPDX-License-Identifier: ISC */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "import.h"
#include "lines.h"
#include "wire/mboxname.h"

#define LETTERS_MAX	26	/* keywords: a to z */

struct target {
	struct import	*im;
	struct account	*account;
	const char	*mailbox;	/* of the top, as the caller wrote it */
	bool		 skip;		/* this folder has no mailbox */
	char		 folder[MAILDIR_NAME_SIZE];
	char		 keywords[LETTERS_MAX][FLAG_KEYWORD_MAX_OCTETS + 1];
	uint64_t	 done;		/* of the folder's messages */
};

/* "0 $Forwarded": a line for each letter. */
static const struct err *
read_keywords(struct target *t, int fd)
{
	struct lines *lines = lines_new(fd);
	const struct err *err;
	struct line line;
	bool more;

	while ((err = lines_next(lines, &line, &more)) == NULL && more) {
		char text[FLAG_KEYWORD_MAX_OCTETS + 8];
		char name[FLAG_KEYWORD_MAX_OCTETS + 1];
		unsigned int letter;

		if (line.len >= sizeof(text))
			continue;
		memcpy(text, line.s, line.len);
		text[line.len] = '\0';
		if (sscanf(text, "%2u %100s", &letter, name) == 2 &&
		    letter < LETTERS_MAX)
			strlcpy(t->keywords[letter], name,
			    sizeof(t->keywords[letter]));
	}
	lines_free(lines);
	return err;
}

static const struct err *
letter_to_flag(struct target *t, char c, uint64_t *flags)
{
	switch (c) {
	case 'D':
		*flags |= FLAG_DRAFT;
		break;
	case 'F':
		*flags |= FLAG_FLAGGED;
		break;
	case 'P':
		return import_keyword(t->im, "$Forwarded", flags);
	case 'R':
		*flags |= FLAG_ANSWERED;
		break;
	case 'S':
		*flags |= FLAG_SEEN;
		break;
	case 'T':
		*flags |= FLAG_DELETED;
		break;
	default:
		if (c >= 'a' && c <= 'z' && t->keywords[c - 'a'][0] != '\0')
			return import_keyword(t->im, t->keywords[c - 'a'],
			    flags);
	}
	return NULL;
}

static const struct err *
name_to_flags(struct target *t, const char *name, uint64_t *flags)
{
	const char *info = strstr(name, ":2,");
	const struct err *err = NULL;

	*flags = 0;
	if (info == NULL)
		return NULL;
	for (info += 3; err == NULL && *info != '\0' && *info != ','; info++)
		err = letter_to_flag(t, *info, flags);
	return err;
}

static struct datetime
file_date(const struct stat *st)
{
	struct tm tm = { 0 };

	localtime_r(&st->st_mtime, &tm);
	return (struct datetime){ .when = st->st_mtime,
	    .zone = (int)(tm.tm_gmtoff / 60) };
}

static const struct err *
copy_file(struct feed *f, int fd)
{
	const struct err *err = NULL;
	char buf[16384];
	ssize_t n;

	while (err == NULL && (n = read(fd, buf, sizeof(buf))) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_errno("read");
		err = feed_octets(f, buf, (size_t)n);
	}
	return err;
}

static const struct err *
take_message(struct target *t, const struct maildir_item *item, int fd)
{
	struct feed feed = { 0 };
	struct upload *up = NULL;
	const struct err *err;
	struct datetime date;
	struct stat st;
	uint64_t flags = 0;

	if (fd == -1 || fstat(fd, &st) == -1 || st.st_size == 0) {
		import_damaged(t->im, "%s is empty", item->name);
		return NULL;
	}
	if (st.st_size > IMPORT_MESSAGE_MAX) {
		import_damaged(t->im, "%s is too large", item->name);
		return NULL;
	}
	date = file_date(&st);
	if (item->kind == MAILDIR_CUR) {
		err = name_to_flags(t, item->name, &flags);
		if (err != NULL)
			return err;
	}
	err = feed_open(&feed, t->im->mbox, IMPORT_MESSAGE_MAX);
	if (err == NULL) {
		upload_sync_late(feed.up);
		err = copy_file(&feed, fd);
	}
	if (err == NULL && feed_too_big(&feed))
		import_damaged(t->im, "%s is too large", item->name);
	else if (err == NULL)
		err = feed_finish(&feed, &up);
	feed_close(&feed);
	if (err != NULL || up == NULL)
		return err;
	return import_message(t->im, up, flags, &date);
}

/*
 * The mailbox of a folder: ".A.B" is A below the top, and B below A; names are
 * in modified UTF-7, as the IMAP servers that make such folders write them.
 */
static const struct err *
folder_mailbox(struct target *t, const char *folder, const char **name_r)
{
	struct admin *a = t->im->a;
	const struct err *err;
	struct buf b = { 0 };
	const char *name;

	*name_r = t->mailbox;
	if (folder[0] == '\0')
		return NULL;
	err = mboxname_from_wire(a->arena, folder + 1, '.', &name);
	if (err != NULL)
		return err;
	/* The top of a shared account is written "." and holds all others. */
	if (account_kind(t->account) == ACCOUNT_USER ||
	    strcmp(t->mailbox, ".") != 0) {
		buf_adds(&b, t->mailbox);
		buf_addc(&b, a->conf->delimiter);
	}
	mboxname_to_utf8(name, a->conf->delimiter, &b);
	*name_r = arena_memdup(a->arena, b.s, b.len);
	buf_clear(&b);
	return NULL;
}

static const struct err *
take_folder(struct target *t, const struct maildir_item *item)
{
	struct mailbox *mbox = NULL;
	const struct err *err;
	const char *name;

	strlcpy(t->folder, item->name, sizeof(t->folder));
	memset(t->keywords, 0, sizeof(t->keywords));
	progress_hide(&t->im->progress);
	progress_begin(&t->im->progress, item->count);
	t->done = 0;
	err = folder_mailbox(t, item->name, &name);
	if (err == NULL)
		err = admin_mailbox_open(t->im->a, t->account, name, true,
		    &mbox);
	t->skip = err != NULL && err->kind == ERR_USER &&
	    item->name[0] != '\0';
	if (t->skip) {
		import_damaged(t->im, "folder %s with all in it: %s",
		    item->name, err->text);
		return NULL;
	}
	return err != NULL ? err : import_mailbox(t->im, mbox);
}

static const struct err *
take_item(struct target *t, const struct maildir_item *item, int fd)
{
	const struct err *err = NULL;

	switch (item->kind) {
	case MAILDIR_FOLDER:
		return take_folder(t, item);
	case MAILDIR_KEYWORDS:
		return fd == -1 ? NULL : read_keywords(t, fd);
	case MAILDIR_NEW:
	case MAILDIR_CUR:
		if (!t->skip)
			err = take_message(t, item, fd);
		progress_show(&t->im->progress, ++t->done,
		    t->im->imported + t->im->n);
		break;
	case MAILDIR_UNREADABLE:
		if (!t->skip)
			import_damaged(t->im, "%s: %s", item->name,
			    strerror(item->error));
		break;
	case MAILDIR_NOT:
		if (item->name[0] == '\0')
			return admin_fail(t->im->a, EX_NOINPUT,
			    "no Maildir, it has no cur that can be read: %s",
			    strerror(item->error));
		import_damaged(t->im, "folder %s: %s", item->name,
		    strerror(item->error));
		break;
	case MAILDIR_END:
		break;
	}
	return err;
}

const struct err *
import_maildir(struct import *im, struct maildir *maildir,
    struct account *account, const char *mailbox)
{
	struct target t = { .im = im, .account = account, .mailbox = mailbox };
	const struct err *err;
	struct maildir_item item;
	int fd;

	do {
		err = maildir_next(maildir, &item, &fd);
		if (err != NULL)
			return err;
		err = take_item(&t, &item, fd);
		if (fd != -1)
			close(fd);
	} while (err == NULL && item.kind != MAILDIR_END);
	return err != NULL ? err : import_commit(im);
}
