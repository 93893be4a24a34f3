/* cmd-config.c - mboxadm config ...
 * SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "admin.h"
#include "tls/files.h"
#include "util/buf.h"
#include "util/log.h"
#include "util/program.h"

#define PROBLEMS_MAX	64		/* lines that are passed on */
#define TLS_PROGRAM	"imapd-tls"

/* Runs imapd-tls, which alone knows of certificates, with its output in fd. */
static const struct err *
tls_spawn(struct admin *a, int fd, pid_t *pid_r)
{
	char path[PROGRAM_PATH_OCTETS];
	const char *args[] = { TLS_PROGRAM, "--check", "-s", a->store_path,
	    "-f", conf_path(a->conf_file), NULL };
	char *argv[sizeof(args) / sizeof(args[0])];
	posix_spawn_file_actions_t actions;
	int error;

	/* Without a file that was named there is none, and -f would want it. */
	if (access(args[5], F_OK) == -1)
		args[4] = NULL;
	memcpy(argv, args, sizeof(argv));
	program_path(TLS_PROGRAM, path);
	if (posix_spawn_file_actions_init(&actions) != 0 ||
	    posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO) != 0)
		fatal("out of memory");
	error = posix_spawn(pid_r, path, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	errno = error;
	return error == 0 ? NULL :
	    admin_fail_errno(a, EX_OSFILE, "cannot start %s", path);
}

/* All that was written to the pipe, as lines in the arena. */
static size_t
lines_read(struct admin *a, int fd, const char **lines)
{
	size_t n = 0, size = 0;
	char *line = NULL;
	FILE *f = fdopen(fd, "r");
	ssize_t len;

	if (f == NULL)
		fatal("out of memory");
	while ((len = getline(&line, &size, f)) > 0) {
		if (line[len - 1] == '\n')
			line[len - 1] = '\0';
		if (n < PROBLEMS_MAX)
			lines[n++] = arena_strdup(a->arena, line);
	}
	free(line);
	fclose(f);
	return n;
}

/* What is wrong with certificates and keys. */
static const struct err *
tls_problems(struct admin *a, const char **lines, size_t *n_r)
{
	const struct err *err;
	int fds[2], status;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) == -1)
		return err_errno("pipe");
	err = tls_spawn(a, fds[1], &pid);
	close(fds[1]);
	if (err != NULL) {
		close(fds[0]);
		return err;
	}
	*n_r = lines_read(a, fds[0], lines);
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return err_errno("waitpid");
	if (!WIFEXITED(status) || (WEXITSTATUS(status) != EX_OK) != (*n_r > 0))
		return admin_fail(a, EX_SOFTWARE, "%s --check failed",
		    TLS_PROGRAM);
	return NULL;
}

static bool
names_credential(const struct conf *conf)
{
	const struct conf_list *lists[] = { &conf->tls_certificate,
	    &conf->tls_key };

	for (int i = 0; i < 2; i++)
		for (size_t j = 0; j < lists[i]->n; j++)
			if (*lists[i]->values[j] != '/')
				return true;
	return *conf->tls_client_ca != '\0' && *conf->tls_client_ca != '/';
}

/* The configuration was read before; certificates are left. */
static const struct err *
config_check_run(struct admin *a)
{
	const char *problems[PROBLEMS_MAX], *tls = "no certificate is configured";
	const struct err *err = NULL;
	size_t n = 0;

	if (!tls_configured(a->conf) && a->conf->tls_key.n == 0)
		;
	else if (names_credential(a->conf) &&
	    getenv("CREDENTIALS_DIRECTORY") == NULL)
		tls = "credentials of systemd: cannot be looked at from here";
	else {
		err = tls_problems(a, problems, &n);
		tls = n == 0 ? "good" : "problems";
	}
	if (err != NULL)
		return err;
	out_record(a->out);
	out_str(a->out, "file", conf_path(a->conf_file));
	out_bool(a->out, "good", n == 0);
	out_str(a->out, "tls", tls);
	out_rows(a->out, "problems");
	for (size_t i = 0; i < n; i++) {
		out_row(a->out);
		out_str(a->out, "text", problems[i]);
	}
	out_end(a->out);
	out_end(a->out);
	if (n > 0)
		a->status = EX_CONFIG;
	return NULL;
}

static const struct err *
config_show_run(struct admin *a)
{
	conf_show(a->conf, stdout, a->opt[OPT_JSON] != NULL);
	return NULL;
}

const struct verb verbs_config[] = {
	{ .words = "config check", .operands = "[--json]",
	  .help = "read the configuration and tell what is wrong in it",
	  .flags = VERB_NO_STORE, .opts = OPT(OPT_JSON),
	  .run = config_check_run },
	{ .words = "config show", .operands = "[--json]",
	  .help = "print every setting",
	  .flags = VERB_NO_STORE, .opts = OPT(OPT_JSON),
	  .run = config_show_run },
	{ .words = NULL }
};
