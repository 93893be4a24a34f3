/* store.h - for fuzzers that work on a whole store: its log, and copies of it
 * SPDX-License-Identifier: ISC
 *
 * The functions of util/log.h are here in place of util/log.c.  One source file
 * of a program includes this. */
#ifndef MSGSTORE_FUZZ_STORE_H
#define MSGSTORE_FUZZ_STORE_H

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "imapd/session.h"
#include "store/mailbox.h"
#include "store/store-private.h"
#include "util/log.h"

#define LEVELS	8	/* of directories in a store */

/* Whether an error that is logged is a mistake: nothing is wrong with the machine
 * or the store. */
static bool log_error_aborts = true;

/* --- The log: in place of util/log.c --- */

void
log_open(const char *name)
{
	(void)name;
}

void
log_redirect(void (*fn)(int priority, const char *line))
{
	(void)fn;
}

void
log_relay(int priority, const char *line)
{
	(void)priority;
	(void)line;
}

void
log_info(const char *fmt, ...)
{
	(void)fmt;
}

void
log_warning(const char *fmt, ...)
{
	(void)fmt;
}

static void __attribute__((noreturn, format(printf, 1, 0)))
die(const char *fmt, va_list ap)
{
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	abort();
}

void
log_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (log_error_aborts)
		die(fmt, ap);
	va_end(ap);
}

void
fatal(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	die(fmt, ap);
}

static void
must(const struct err *err)
{
	if (err != NULL)
		fatal("%s", err->text);
}

/* --- The store --- */

static const char letter[] = "Date: Mon, 7 Feb 1994 21:52:25 -0800\r\n"
    "From: Ann <ann@example.org>\r\nTo: \"B. B.\" <bob@example.org>, a:;\r\n"
    "Subject: =?utf-8?q?caf=C3=A9?=\r\nMessage-ID: <1@example.org>\r\n\r\n"
    "One, two.\r\n";
static const char parts[] = "From: bob@example.org\r\nSubject: parts\r\n"
    "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nplain\r\n"
    "--x\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nbody\r\n"
    "--x\r\nContent-Type: text/html; charset=iso-8859-1\r\n"
    "Content-Transfer-Encoding: quoted-printable\r\n"
    "Content-Disposition: attachment; filename=a.html\r\n\r\n<b>=E9</b>\r\n"
    "--x--\r\n";

static void
put(struct account *account, const char *name, const char *text)
{
	const struct datetime date = { .when = 760686745, .zone = -480 };
	struct mailbox *mbox = NULL;
	struct upload *up = NULL;
	uint32_t uid;

	must(mailbox_open(account, name, &mbox));
	must(upload_new(mbox, &up));
	must(upload_write(up, text, strlen(text)));
	upload_set(up, 0, &date);
	must(upload_finish(up));
	must(mailbox_append(mbox, &up, 1, &uid));
	upload_free(up);
	mailbox_close(mbox);
}

/* A new directory, in memory where there is such. */
static char *
scratch_new(const char *name)
{
	const char *tmp = getenv("TMPDIR");
	char *dir;

	if (tmp == NULL)
		tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	assert(asprintf(&dir, "%s/%s-XXXXXX", tmp, name) > 0);
	assert(strlen(dir) < 400 && mkdtemp(dir) != NULL);
	return dir;
}

static void
copy_file(int from, int to, const char *name, mode_t mode)
{
	int in = openat(from, name, O_RDONLY | O_CLOEXEC);
	int out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	    mode);
	char s[65536];
	ssize_t n;

	assert(in != -1 && out != -1);
	while ((n = read(in, s, sizeof(s))) > 0)
		assert(write(out, s, (size_t)n) == n);
	assert(n == 0);
	close(in);
	close(out);
}

static void
copy_tree(int from_dir, const char *from_name, int to_dir, const char *to_name,
    unsigned int levels)
{
	int from, to;
	struct dirent *entry;
	struct stat st;
	DIR *d;

	assert(levels > 0 && mkdirat(to_dir, to_name, 0700) == 0);
	from = openat(from_dir, from_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	to = openat(to_dir, to_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert(from != -1 && to != -1 && (d = fdopendir(from)) != NULL);
	while ((entry = readdir(d)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		assert(fstatat(from, entry->d_name, &st,
		    AT_SYMLINK_NOFOLLOW) == 0);
		if (S_ISDIR(st.st_mode))
			copy_tree(from, entry->d_name, to, entry->d_name,
			    levels - 1);
		else
			copy_file(from, to, entry->d_name, st.st_mode);
	}
	closedir(d);
	close(to);
}

/* --- A store for each input --- */

static char *dir;		/* holds "template" and "store" */
static struct conf *conf;

static void
clean_up(void)
{
	must(dir_remove(AT_FDCWD, dir, LEVELS + 2));
	conf_free(conf);
	free(dir);
}

/* Once: the template, which fill() makes at path. */
static void
store_set_up(const char *name, void (*fill)(const char *path))
{
	char path[512];

	dir = scratch_new(name);
	must(conf_load("/dev/null", &conf));
	snprintf(path, sizeof(path), "%s/template", dir);
	fill(path);
	atexit(clean_up);
}

/* A fresh copy of the template; path is where. */
static void
store_again(char path[512])
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert(fd != -1);
	must(dir_remove(fd, "store", LEVELS));
	copy_tree(fd, "template", fd, "store", LEVELS);
	close(fd);
	snprintf(path, 512, "%s/store", dir);
}

/* A session of alice that says this, in chunks of so many octets; what was answered
 * is added to out.  An error is one of her login. */
static const struct err *
store_talk(struct store *store, const void *data, size_t size, size_t chunk,
    struct buf *out)
{
	const struct peer peer = { .address = "-", .local = true };
	struct session *s = session_new(conf, store, &peer, -1, -1);
	const struct err *err;

	input_free(s->in);
	output_free(s->out);
	s->in = input_new_mem(data, size, chunk);
	s->out = output_new_mem(out);
	err = session_login(s, "alice");
	if (err == NULL) {
		session_greet(s);
		session_run(s);
	}
	session_free(s);
	return err;
}

#endif
