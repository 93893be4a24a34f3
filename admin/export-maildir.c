/* export-maildir.c - write messages as a Maildir
 * SPDX-License-Identifier: ISC */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <unistd.h>

#include "export.h"
#include "lines.h"

#define LETTERS_MAX	26	/* keywords: a to z */

struct target {
	int	dirfd;
	int	letters[FLAG_KEYWORDS_MAX];	/* of a keyword; 0: none */
	char	host[64];
};

/* Letters for the first 26 keywords; $Forwarded has one of its own. */
static const struct err *
write_keywords(struct export *ex, struct target *t)
{
	int fd, letter = 0;
	FILE *f;

	for (size_t i = 0; i < ex->keywords_n; i++) {
		if (strcasecmp(ex->keywords[i], "$Forwarded") == 0)
			t->letters[i] = 'P';
		else if (letter < LETTERS_MAX)
			t->letters[i] = 'a' + letter++;
		else
			admin_note("a Maildir has %d keywords at most: %s is "
			    "left out", LETTERS_MAX, ex->keywords[i]);
	}
	if (letter == 0)
		return NULL;
	fd = openat(t->dirfd, "dovecot-keywords", O_WRONLY | O_CREAT | O_EXCL |
	    O_CLOEXEC, 0600);
	f = fd == -1 ? NULL : fdopen(fd, "w");
	if (f == NULL)
		return admin_fail_errno(ex->a, EX_CANTCREAT,
		    "dovecot-keywords");
	for (size_t i = 0; i < ex->keywords_n; i++)
		if (t->letters[i] >= 'a')
			fprintf(f, "%d %s\n", t->letters[i] - 'a',
			    ex->keywords[i]);
	if (fclose(f) == EOF)
		return admin_fail_errno(ex->a, EX_IOERR, "dovecot-keywords");
	return NULL;
}

/* Letters in ASCII order, as the format asks. */
static void
flag_letters(const struct export *ex, const struct target *t, uint64_t flags,
    char *out)
{
	bool passed = false;

	for (size_t i = 0; i < ex->keywords_n; i++)
		passed |= t->letters[i] == 'P' &&
		    (flags >> (FLAG_KEYWORD_FIRST + i) & 1) != 0;
	if (flags & FLAG_DRAFT)
		*out++ = 'D';
	if (flags & FLAG_FLAGGED)
		*out++ = 'F';
	if (passed)
		*out++ = 'P';
	if (flags & FLAG_ANSWERED)
		*out++ = 'R';
	if (flags & FLAG_SEEN)
		*out++ = 'S';
	if (flags & FLAG_DELETED)
		*out++ = 'T';
	for (size_t i = 0; i < ex->keywords_n; i++)
		if (t->letters[i] >= 'a' &&
		    (flags >> (FLAG_KEYWORD_FIRST + i) & 1) != 0)
			*out++ = (char)t->letters[i];
	*out = '\0';
}

/* CRLF becomes LF, which is what readers of a Maildir look for. */
static const struct err *
copy_message(struct export *ex, int fd, FILE *f)
{
	struct lines *lines = lines_new(fd);
	const struct err *err;
	struct line line;
	bool more;

	while ((err = lines_next(lines, &line, &more)) == NULL && more) {
		size_t text = line_text(&line);

		fwrite(line.s, 1, text, f);
		if (text < line.len)
			fputc('\n', f);
	}
	lines_free(lines);
	if (err == NULL && (fflush(f) == EOF || ferror(f)))
		return admin_fail_errno(ex->a, EX_IOERR, "write");
	return err;
}

/* Written in tmp and renamed: a file in cur is a whole one. */
static const struct err *
write_message(struct export *ex, const struct message *msg, int fd, void *arg)
{
	struct target *t = arg;
	char tmp[160], cur[240], letters[8 + LETTERS_MAX];
	struct timespec times[2] = { { .tv_sec = (time_t)msg->date.when },
	    { .tv_sec = (time_t)msg->date.when } };
	const struct err *err;
	FILE *f;
	int out;

	/* The UID first: by name they sort as they lie in the mailbox. */
	snprintf(tmp, sizeof(tmp), "tmp/%010" PRIu32 ".V%" PRIu32 ".%s",
	    msg->uid, mailbox_uidvalidity(ex->mbox), t->host);
	flag_letters(ex, t, msg->flags, letters);
	snprintf(cur, sizeof(cur), "cur/%s:2,%s", tmp + 4, letters);
	out = openat(t->dirfd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	    0600);
	f = out == -1 ? NULL : fdopen(out, "w");
	if (f == NULL) {
		err = admin_fail_errno(ex->a, EX_CANTCREAT, "%s", tmp);
		if (out != -1)
			close(out);
		return err;
	}
	err = copy_message(ex, fd, f);
	if (err == NULL && futimens(out, times) == -1)
		err = admin_fail_errno(ex->a, EX_IOERR, "%s", tmp);
	if (fclose(f) == EOF && err == NULL)
		err = admin_fail_errno(ex->a, EX_IOERR, "%s", tmp);
	if (err == NULL && renameat(t->dirfd, tmp, t->dirfd, cur) == -1)
		err = admin_fail_errno(ex->a, EX_CANTCREAT, "%s", cur);
	return err;
}

const struct err *
export_maildir(struct export *ex, int dirfd)
{
	struct target t = { .dirfd = dirfd };
	const struct err *err;

	if (gethostname(t.host, sizeof(t.host)) == -1)
		strlcpy(t.host, "localhost", sizeof(t.host));
	t.host[sizeof(t.host) - 1] = '\0';
	for (char *p = t.host; *p != '\0'; p++)
		if (*p == '/' || *p == ':' || (unsigned char)*p <= ' ')
			*p = '_';
	err = write_keywords(ex, &t);
	return err != NULL ? err : export_each(ex, write_message, &t);
}
