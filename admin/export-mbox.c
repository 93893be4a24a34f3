/* export-mbox.c - write messages as an mbox file
 * SPDX-License-Identifier: ISC */
#include <errno.h>
#include <string.h>
#include <sysexits.h>

#include "export.h"
#include "lines.h"
#include "maildate.h"

/* The address of a Return-Path field without its angle brackets. */
static void
sender_from(const struct line *line, char *sender, size_t size)
{
	const char *s = memchr(line->s, '<', line->len);
	const char *end = s == NULL ? NULL : memchr(s, '>',
	    line->len - (size_t)(s - line->s));
	size_t len;

	if (end == NULL)
		return;
	len = (size_t)(end - ++s);
	if (len == 0 || len >= size)
		return;
	/* One word: the date is behind the first blank. */
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] <= ' ' || s[i] == 0x7f)
			return;
	memcpy(sender, s, len);
	sender[len] = '\0';
}

/* The three fields that import takes off again. */
static void
write_own_fields(const struct export *ex, const struct message *msg, FILE *f)
{
	fprintf(f, "Status: %sO\n", msg->flags & FLAG_SEEN ? "R" : "");
	fprintf(f, "X-Status: %s%s%s%s\n",
	    msg->flags & FLAG_ANSWERED ? "A" : "",
	    msg->flags & FLAG_FLAGGED ? "F" : "",
	    msg->flags & FLAG_DELETED ? "D" : "",
	    msg->flags & FLAG_DRAFT ? "T" : "");
	fputs("X-Keywords:", f);
	for (size_t i = 0; i < ex->keywords_n; i++)
		if (msg->flags >> (FLAG_KEYWORD_FIRST + i) & 1)
			fprintf(f, " %s", ex->keywords[i]);
	fputc('\n', f);
}

static void
write_line(const struct line *line, FILE *f)
{
	size_t n = 0, len = line->len, text = line_text(line);

	while (n < len && line->s[n] == '>')
		n++;
	if (line->begins && len - n >= 5 && memcmp(line->s + n, "From ",
	    5) == 0)
		fputc('>', f);
	fwrite(line->s, 1, text, f);
	if (text < len)
		fputc('\n', f);
}

/* Who sent it, when the message tells: its first field, as delivery puts it. */
static void
write_begin(struct export *ex, const struct message *msg,
    const struct line *first, FILE *f)
{
	char sender[256] = "MAILER-DAEMON", date[MAILDATE_ASCTIME_SIZE];

	if (line_is_field(first, "Return-Path"))
		sender_from(first, sender, sizeof(sender));
	maildate_asctime(&msg->date, date);
	fprintf(f, "From %s %s\n", sender, date);
	write_own_fields(ex, msg, f);
}

static const struct err *
write_message(struct export *ex, const struct message *msg, int fd, void *arg)
{
	struct lines *lines = lines_new(fd);
	const struct err *err;
	FILE *f = arg;
	struct line line = { .s = "" };
	bool more, first = true;
	char last = '\n';

	while ((err = lines_next(lines, &line, &more)) == NULL && more) {
		if (first)
			write_begin(ex, msg, &line, f);
		first = false;
		write_line(&line, f);
		last = line.s[line.len - 1];
	}
	lines_free(lines);
	if (err == NULL && first)
		write_begin(ex, msg, &line, f);
	fputs(last == '\n' ? "\n" : "\n\n", f);
	if (err == NULL && ferror(f))
		return admin_fail_errno(ex->a, EX_IOERR, "write");
	return err;
}

const struct err *
export_mbox(struct export *ex, FILE *f)
{
	const struct err *err = export_each(ex, write_message, f);

	if (err == NULL && fflush(f) == EOF)
		return admin_fail_errno(ex->a, EX_IOERR, "write");
	return err;
}
