/* main.c - mboxadm: one verb on a store
 * SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "admin.h"
#include "util/io.h"
#include "util/log.h"
#include "util/privs.h"
#include "wire/respcode.h"

static const struct verb *const families[] = {
	verbs_init, verbs_user, verbs_app_password, verbs_shared, verbs_grant,
	verbs_mailbox, verbs_deliver, verbs_import, verbs_export, verbs_check,
	verbs_purge, verbs_backup, verbs_restore, verbs_index, verbs_config,
	verbs_help
};
#define FAMILIES_N	(sizeof(families) / sizeof(families[0]))

static const struct option verb_options[] = {
	{ "contents", no_argument, NULL, OPT_CONTENTS },
	{ "copy", no_argument, NULL, OPT_COPY },
	{ "expires", required_argument, NULL, OPT_EXPIRES },
	{ "incomplete", no_argument, NULL, OPT_INCOMPLETE },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "keep-uidvalidity", no_argument, NULL, OPT_KEEP_UIDVALIDITY },
	{ "mailboxes", required_argument, NULL, OPT_MAILBOXES },
	{ "no-password", no_argument, NULL, OPT_NO_PASSWORD },
	{ "password-stdin", no_argument, NULL, OPT_PASSWORD_STDIN },
	{ "rebuild", no_argument, NULL, OPT_REBUILD },
	{ "recursive", no_argument, NULL, OPT_RECURSIVE },
	{ "repair", no_argument, NULL, OPT_REPAIR },
	{ "subscribe", no_argument, NULL, OPT_SUBSCRIBE },
	{ NULL, 0, NULL, 0 }
};

const struct verb *
verb_at(size_t i)
{
	for (size_t f = 0; f < FAMILIES_N; f++)
		for (const struct verb *v = families[f]; v->words != NULL; v++)
			if (i-- == 0)
				return v;
	return NULL;
}

static int
usage(void)
{
	fputs("usage: mboxadm [-s STORE] [-f FILE] VERB ...\n"
	    "\"mboxadm help\" lists the verbs.\n", stderr);
	return EX_USAGE;
}

static int
verb_usage(const struct verb *v)
{
	fprintf(stderr, "usage: mboxadm %s%s%s\n", v->words,
	    v->operands[0] != '\0' ? " " : "", v->operands);
	return EX_USAGE;
}

/* Whether argv begins with the words of v; stores how many there are. */
static bool
verb_is(const struct verb *v, char **argv, int argc, int *words_r)
{
	const char *space = strchr(v->words, ' ');

	if (space == NULL) {
		*words_r = 1;
		return strcmp(argv[0], v->words) == 0;
	}
	*words_r = 2;
	return argc > 1 && strlen(argv[0]) == (size_t)(space - v->words) &&
	    strncmp(argv[0], v->words, strlen(argv[0])) == 0 &&
	    strcmp(argv[1], space + 1) == 0;
}

/* What is there for a first word alone: "user" gives all of its verbs. */
static int
verb_unknown(char **argv, int argc)
{
	const struct verb *v;
	size_t len = strlen(argv[0]);
	bool some = false;

	for (size_t i = 0; (v = verb_at(i)) != NULL; i++) {
		if (strncmp(v->words, argv[0], len) != 0 ||
		    v->words[len] != ' ')
			continue;
		if (!some && argc > 1)
			fprintf(stderr, "mboxadm: no verb \"%s %s\"\n",
			    argv[0], argv[1]);
		some = true;
		verb_usage(v);
	}
	if (some)
		return EX_USAGE;
	fprintf(stderr, "mboxadm: no verb \"%s\"\n", argv[0]);
	return usage();
}

/* The name of a long option for a message. */
static const char *
option_name(int c)
{
	const struct option *o = verb_options;

	while (o->name != NULL && o->val != c)
		o++;
	return o->name != NULL ? o->name : "such option";
}

/* Options and operands behind the verb.  False: usage was printed. */
static bool
verb_parse(struct admin *a, int argc, char **argv)
{
	const char *shorts = a->verb->opts & OPT(OPT_SENDER) ? "f:" : "";
	int c;

	/* Options may be behind operands, whatever the environment says. */
	unsetenv("POSIXLY_CORRECT");
	optind = 0;	/* start afresh, behind the verb's last word */
	while ((c = getopt_long(argc, argv, shorts, verb_options,
	    NULL)) != -1) {
		if (c == 'f')
			c = OPT_SENDER;
		if (c == '?' || c >= OPT_N)
			return false;
		if ((a->verb->opts & OPT(c)) == 0) {
			fprintf(stderr, "mboxadm: %s takes no --%s\n",
			    a->verb->words, option_name(c));
			return false;
		}
		a->opt[c] = optarg != NULL ? optarg : "";
	}
	a->argc = argc - optind;
	a->argv = argv + optind;
	return a->argc >= a->verb->min &&
	    (a->verb->max == -1 || a->argc <= a->verb->max);
}

static void __attribute__((format(printf, 2, 0)))
complain(const char *word, const char *fmt, va_list ap)
{
	fprintf(stderr, "mboxadm: %s", word);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

void
admin_note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain("note: ", fmt, ap);
	va_end(ap);
}

const struct err *
admin_usage(const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_syntax("%s", text);
}

const struct err *
admin_fail(struct admin *a, int status, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	a->status_failed = status;
	return err_user(NULL, "%s", text);
}

const struct err *
admin_fail_errno(struct admin *a, int status, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	int saved = errno;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	a->status_failed = status;
	return err_user(NULL, "%s: %s", text, strerror(saved));
}

/* sysexits(3) of an error. */
static int
exit_status(const struct admin *a, const struct err *err)
{
	const char *code = err->code != NULL ? err->code : "";

	if (a->status_failed != 0)
		return a->status_failed;
	switch (err->kind) {
	case ERR_SYNTAX:
		return EX_USAGE;
	case ERR_USER:
		if (strcmp(code, RESP_NONEXISTENT) == 0)
			return a->status_missing;
		return strcmp(code, RESP_NOPERM) == 0 ? EX_NOPERM : EX_DATAERR;
	case ERR_INTERNAL:
		if ((a->verb->flags & VERB_DELIVERS) != 0 ||
		    strcmp(code, RESP_UNAVAILABLE) == 0 ||
		    strcmp(code, RESP_OVERQUOTA) == 0)
			return EX_TEMPFAIL;
		return EX_SOFTWARE;
	case ERR_IO:
		break;
	}
	return (a->verb->flags & VERB_DELIVERS) != 0 ? EX_TEMPFAIL : EX_IOERR;
}

/* Leave root behind and open the store. */
static const struct err *
enter_store(struct admin *a)
{
	bool delivers = (a->verb->flags & VERB_DELIVERS) != 0;
	const struct err *err;
	struct stat st;

	if ((a->verb->flags & VERB_NO_STORE) != 0)
		return NULL;
	if (stat(a->store_path, &st) == -1 &&
	    ((a->verb->flags & VERB_MAKES_STORE) == 0 || errno != ENOENT))
		return admin_fail_errno(a, delivers ? EX_TEMPFAIL :
		    EX_UNAVAILABLE, "store %s", a->store_path);
	if ((a->verb->flags & VERB_MAKES_STORE) != 0)
		return NULL;
	err = privs_become_owner(a->store_path);
	if (err != NULL) {
		a->status_failed = delivers ? EX_TEMPFAIL : EX_NOPERM;
		return err;
	}
	err = (a->verb->flags & VERB_MENDS) != 0 ?
	    store_open_damaged(a->store_path, a->conf, &a->store) :
	    store_open(a->store_path, a->conf, &a->store);
	if (err != NULL && err->kind == ERR_USER)
		a->status_failed = delivers ? EX_TEMPFAIL : EX_UNAVAILABLE;
	return err;
}

static const struct err *
perform(struct admin *a)
{
	const struct err *err;

	if ((a->verb->flags & VERB_NO_CONF) == 0) {
		err = conf_load(a->conf_file, &a->conf);
		if (err != NULL) {
			/* A slip of the administrator's must not bounce mail. */
			if ((a->verb->flags & VERB_DELIVERS) != 0)
				a->status_failed = EX_TEMPFAIL;
			else if (err->kind == ERR_USER)
				a->status_failed = EX_CONFIG;
			return err;
		}
	}
	if (a->verb->prepare != NULL) {
		err = a->verb->prepare(a);
		if (err != NULL)
			return err;
	}
	err = enter_store(a);
	if (err != NULL)
		return err;
	err = a->verb->run(a);
	if (err != NULL)
		return err;
	if (fflush(stdout) == EOF || ferror(stdout))
		return admin_fail_errno(a, EX_IOERR, "standard output");
	return NULL;
}

static int
run_verb(struct admin *a)
{
	const struct err *err;
	int status = 0;

	a->arena = arena_new();
	a->out = out_new(stdout, a->opt[OPT_JSON] != NULL);
	err = perform(a);
	if (err != NULL) {
		status = exit_status(a, err);
		fflush(stdout);
		fprintf(stderr, "mboxadm: %s\n", err->text);
		if (status == EX_USAGE)
			verb_usage(a->verb);
	} else
		status = a->status;
	store_close(a->store);
	conf_free(a->conf);
	out_free(a->out);
	arena_free(a->arena);
	if (a->fd != -1)
		close(a->fd);
	return status;
}

int
main(int argc, char **argv)
{
	struct admin a = { .status_missing = EX_NOUSER, .fd = -1 };
	static char *help[] = { NULL };
	const char *store = NULL;
	int c, words = 0;

	io_hold_stdio();
	umask(077);
	tzset();
	while ((c = getopt(argc, argv, "+s:f:hV")) != -1)
		switch (c) {
		case 's':
			store = optarg;
			break;
		case 'f':
			a.conf_file = optarg;
			break;
		case 'h':
			a.verb = verbs_help;
			a.argv = help;
			return run_verb(&a);
		case 'V':
			puts("mboxadm (msgstore) " PACKAGE_VERSION);
			return 0;
		default:
			return usage();
		}
	argc -= optind;
	argv += optind;
	if (argc == 0)
		return usage();
	a.store_path = conf_store_path(store);
	for (size_t i = 0; (a.verb = verb_at(i)) != NULL; i++)
		if (verb_is(a.verb, argv, argc, &words))
			break;
	if (a.verb == NULL)
		return verb_unknown(argv, argc);
	/* getopt(3) takes the verb's last word for the program's name. */
	argv[words - 1] = (char[]){ "mboxadm" };
	if (!verb_parse(&a, argc - words + 1, argv + words - 1))
		return verb_usage(a.verb);
	log_open("mboxadm");
	if ((a.verb->flags & VERB_DELIVERS) != 0)
		fatal_exit_status(EX_TEMPFAIL);
	return run_verb(&a);
}
