/* log.h - where the administrator reads what happened
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_LOG_H
#define MSGSTORE_LOG_H

/*
 * Open the log of the program called name (a constant).  Lines go to stderr
 * when that is a terminal, or the journal (then each starts with an
 * sd-daemon(3) priority); else to syslog, facility mail.  Before log_open()
 * lines go to stderr.  MSGSTORE_LOG=stderr in the environment forces stderr.
 */
void log_open(const char *name);
/* Connect to syslog anew, for a process that has closed its descriptors and may
 * open nothing later. */
void log_connect(void);

/*
 * Give each line to fn instead, with its syslog(3) priority: for a process that
 * has no log of its own.
 */
void log_redirect(void (*fn)(int priority, const char *line));
/* A line with its priority, as it was given to such a function. */
void log_relay(int priority, const char *line);

/*
 * One line each, no newline in fmt.  Octets that are not printable are
 * replaced by '?', so that no client can forge a line.  Never pass a password
 * or a message's content.
 */
void log_info(const char *, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *, ...) __attribute__((format(printf, 1, 2)));

/*
 * For broken invariants, out of memory and a broken trusted peer, never for
 * what a client sent: logs and exits with EX_SOFTWARE, or the status that
 * fatal_exit_status() set.
 */
void fatal(const char *, ...)
    __attribute__((format(printf, 1, 2), noreturn));
void fatal_exit_status(int);

#endif
