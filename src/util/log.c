/* log.c - where the administrator reads what happened
 * SPDX-License-Identifier: ISC */
#include "util/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define LOG_LINE_MAX	1024	/* octets of one line */

static enum { TO_STDERR, TO_JOURNAL, TO_SYSLOG } target = TO_STDERR;
static void (*redirected)(int priority, const char *line);
static const char *program = "msgstore";
static int fatal_status = EX_SOFTWARE;

/* systemd.exec(5) "JOURNAL_STREAM": device and inode of stderr's stream. */
static bool
stderr_is_journal(void)
{
	const char *s = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	return s != NULL && sscanf(s, "%llu:%llu", &dev, &ino) == 2 &&
	    fstat(STDERR_FILENO, &st) == 0 &&
	    (unsigned long long)st.st_dev == dev &&
	    (unsigned long long)st.st_ino == ino;
}

void
log_open(const char *name)
{
	const char *force = getenv("MSGSTORE_LOG");

	program = name;
	if (stderr_is_journal())
		target = TO_JOURNAL;
	else if ((force != NULL && strcmp(force, "stderr") == 0) ||
	    isatty(STDERR_FILENO))
		target = TO_STDERR;
	else {
		target = TO_SYSLOG;
		/* At once: in a sandbox no socket can be made any more. */
		openlog(name, LOG_PID | LOG_NDELAY, LOG_MAIL);
	}
}

static void
write_line(int priority, const char *line)
{
	switch (target) {
	case TO_STDERR:
		dprintf(STDERR_FILENO, "%s: %s\n", program, line);
		break;
	case TO_JOURNAL:
		dprintf(STDERR_FILENO, "<%d>%s\n", priority, line);
		break;
	case TO_SYSLOG:
		syslog(priority, "%s", line);
		break;
	}
}

void
log_connect(void)
{
	tzset();	/* syslog(3) writes the local time */
	if (target != TO_SYSLOG)
		return;
	closelog();
	openlog(program, LOG_PID | LOG_NDELAY, LOG_MAIL);
}

__attribute__((format(printf, 2, 0))) static void
log_line(int priority, const char *fmt, va_list ap)
{
	char line[LOG_LINE_MAX];

	vsnprintf(line, sizeof(line), fmt, ap);
	for (char *p = line; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || (unsigned char)*p > 0x7e)
			*p = '?';
	if (redirected != NULL)
		redirected(priority, line);
	else
		write_line(priority, line);
}

void
log_redirect(void (*fn)(int priority, const char *line))
{
	redirected = fn;
}

#define LOG_BODY(priority) do {						\
	va_list ap;							\
									\
	va_start(ap, fmt);						\
	log_line(priority, fmt, ap);					\
	va_end(ap);							\
} while (0)

void
log_info(const char *fmt, ...)
{
	LOG_BODY(LOG_INFO);
}

void
log_warning(const char *fmt, ...)
{
	LOG_BODY(LOG_WARNING);
}

void
log_error(const char *fmt, ...)
{
	LOG_BODY(LOG_ERR);
}

static void __attribute__((format(printf, 2, 3)))
log_priority(int priority, const char *fmt, ...)
{
	LOG_BODY(priority);
}

void
log_relay(int priority, const char *line)
{
	log_priority(priority, "%s", line);
}

void
fatal(const char *fmt, ...)
{
	LOG_BODY(LOG_CRIT);
	_exit(fatal_status);
}

void
fatal_exit_status(int status)
{
	fatal_status = status;
}
