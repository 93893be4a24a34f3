/* password.c - passwords from a terminal or a pipe, never from arguments
 * SPDX-License-Identifier: ISC */
#include <errno.h>
#include <readpassphrase.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "admin.h"
#include "store/users.h"
#include "util/log.h"

#define LINE_SIZE	(PASSWORD_MAX_OCTETS + 2)	/* one too many, and NUL */

/* Octet by octet past stdio, whose buffer would keep a copy. */
static const struct err *
read_line(struct admin *a, char *line, size_t size)
{
	bool cut = false;
	size_t len = 0;
	ssize_t n;
	char c = '\0';

	for (;;) {
		n = read(STDIN_FILENO, &c, 1);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return admin_fail_errno(a, EX_IOERR, "standard input");
		if (n == 0 || c == '\n')
			break;
		if (c == '\0')
			return admin_fail(a, EX_DATAERR,
			    "the password holds a NUL octet");
		cut = len == size - 1;
		if (!cut)
			line[len++] = c;
	}
	/* A file of another system: nobody could type the CR. */
	if (c == '\n' && !cut && len > 0 && line[len - 1] == '\r')
		len--;
	line[len] = '\0';
	return NULL;
}

static const struct err *
ask(struct admin *a, char *line, size_t size)
{
	char again[LINE_SIZE];
	const struct err *err = NULL;

	if (readpassphrase("Password: ", line, size, RPP_REQUIRE_TTY) == NULL ||
	    readpassphrase("Once more: ", again, sizeof(again),
	    RPP_REQUIRE_TTY) == NULL)
		err = errno == ENOTTY || errno == ENXIO || errno == ENOENT ?
		    admin_usage("no terminal to ask for the password: "
		    "use --password-stdin") :
		    admin_fail_errno(a, EX_IOERR, "terminal");
	else if (strcmp(line, again) != 0)
		err = admin_fail(a, EX_DATAERR, "the passwords differ");
	explicit_bzero(again, sizeof(again));
	return err;
}

const struct err *
password_read(struct admin *a, char **password_r)
{
	char *line = calloc(1, LINE_SIZE);
	const struct err *err;

	if (line == NULL)
		fatal("out of memory");
	if (a->opt[OPT_PASSWORD_STDIN] != NULL)
		err = read_line(a, line, LINE_SIZE);
	else
		err = ask(a, line, LINE_SIZE);
	if (err == NULL && line[0] == '\0')
		err = admin_fail(a, EX_DATAERR, "the password is empty");
	if (err == NULL && strlen(line) > PASSWORD_MAX_OCTETS)
		err = admin_fail(a, EX_DATAERR,
		    "the password has more than %d octets",
		    PASSWORD_MAX_OCTETS);
	if (err != NULL) {
		freezero(line, LINE_SIZE);
		return err;
	}
	*password_r = line;
	return NULL;
}

void
password_free(char *password)
{
	freezero(password, password != NULL ? LINE_SIZE : 0);
}
