/* main.c - imapd: one IMAP session on standard input and output
 * SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "imapd/client.h"
#include "imapd/connection.h"
#include "imapd/proxy.h"
#include "imapd/serve.h"
#include "imapd/signals.h"
#include "util/hangup.h"
#include "util/io.h"
#include "util/log.h"
#include "util/privs.h"
#include "util/sandbox.h"

struct options {
	const char	*store, *conf, *preauth;
	bool		 proxy, tls;
};

/*
 * Before the greeting, RFC 3501 7.1.5: the client is told that it is not its
 * fault, the log is told what it is.  Standard error may be the client's
 * socket (xinetd): only the log knows whether it may be written to.
 */
static void __attribute__((noreturn, format(printf, 2, 3)))
fail(int status, const char *fmt, ...)
{
	static const char bye[] =
	    "* BYE [UNAVAILABLE] The server cannot serve you now\r\n";
	char text[ERR_TEXT_MAX];
	va_list ap;
	ssize_t n;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_error("%s", text);
	n = write(STDOUT_FILENO, bye, sizeof(bye) - 1);
	(void)n;	/* nobody is left to tell */
	hangup(STDOUT_FILENO, true);
	exit(status);
}

static void __attribute__((noreturn))
fail_err(int status, const struct err *err)
{
	fail(err->kind == ERR_INTERNAL ? EX_TEMPFAIL : status, "%s", err->text);
}

static void __attribute__((noreturn))
print_version(void)
{
	printf("imapd (%s) %s\n", PACKAGE_NAME, PACKAGE_VERSION);
	exit(EX_OK);
}

/* getopt(3) writes to standard error, or misses "--preauth": by hand. */
static struct options
parse_options(int argc, char **argv)
{
	struct options o = { 0 };

	for (int i = 1; i < argc; i++) {
		const char **value_r = NULL;

		if (strcmp(argv[i], "-V") == 0)
			print_version();
		if (strcmp(argv[i], "--proxy") == 0) {
			o.proxy = true;
			continue;
		}
		if (strcmp(argv[i], "--tls") == 0) {
			o.tls = true;
			continue;
		}
		if (strcmp(argv[i], "-s") == 0)
			value_r = &o.store;
		else if (strcmp(argv[i], "-f") == 0)
			value_r = &o.conf;
		else if (strcmp(argv[i], "--preauth") == 0)
			value_r = &o.preauth;
		if (value_r == NULL || i + 1 == argc)
			fail(EX_USAGE, "%s %s; usage: imapd [-s STORE] "
			    "[-f FILE] [--preauth USER] [--proxy] [--tls] "
			    "[-V]",
			    value_r == NULL ? "unknown argument" :
			    "no value for", argv[i]);
		*value_r = argv[++i];
	}
	return o;
}

/* --preauth asks for no password: root's and the store owner's privilege. */
static void
check_preauth(uid_t started_as, const char *path)
{
	struct stat st;

	if (stat(path, &st) == -1)
		fail(EX_NOINPUT, "cannot look at the store %s: %m", path);
	if (started_as != 0 && started_as != st.st_uid)
		fail(EX_NOPERM, "--preauth is for root and the owner of %s",
		    path);
}

/* Whoever is no proxy gets no answer: it may believe to speak to another. */
static void
meet_proxy(const struct conf *conf, struct peer *peer)
{
	const struct err *err = proxy_accept(STDIN_FILENO, conf, peer);

	if (err == NULL)
		return;
	log_info("proxy failed address=%s: %s", peer->address, err->text);
	exit(err->kind == ERR_IO ? EX_OK : EX_PROTOCOL);
}

/* Before root's rights are given up: a key may be for root alone. */
static struct tls_files *
open_files(const struct conf *conf)
{
	const struct err *err;
	struct tls_files *files;

	if (getuid() != 0 || !tls_configured(conf))
		return NULL;
	files = malloc(sizeof(*files));
	if (files == NULL)
		fatal("out of memory");
	err = tls_files_open(conf, files);
	if (err == NULL)
		return files;
	/* Without TLS the rest works: the log says why there is none. */
	log_error("%s", err->text);
	free(files);
	return NULL;
}

/* Whatever stands between the client and the greeting. */
static void
meet(struct connection *c, const struct options *o)
{
	const struct err *err;

	client_socket_options(STDOUT_FILENO);
	client_peer(STDIN_FILENO, &c->peer);
	if (o->proxy)
		meet_proxy(c->conf, &c->peer);
	c->peer.starttls = !c->peer.secure && client_is_socket(STDIN_FILENO) &&
	    tls_configured(c->conf);
	if (!o->tls)
		return;
	err = connection_start_tls(c);
	if (err == NULL)
		return;
	/* A handshake that failed is told by imapd-tls; no greeting in clear. */
	if (err->kind != ERR_IO)
		log_error("address=%s: %s", c->peer.address, err->text);
	exit(err->kind == ERR_IO ? EX_OK : EX_CONFIG);
}

int
main(int argc, char **argv)
{
	uid_t started_as = getuid();
	struct connection c = { 0 };
	const struct err *err;
	struct options o;
	struct conf *conf = NULL;
	const char *path;

	io_hold_stdio();
	log_open("imapd");
	signals_init();
	umask(077);
	o = parse_options(argc, argv);
	err = conf_load(o.conf, &conf);
	if (err != NULL)
		fail_err(EX_CONFIG, err);
	if (conf->sandbox == SANDBOX_REQUIRED && !sandbox_supported())
		fail(EX_CONFIG, "this kernel lacks Landlock or seccomp, and the "
		    "configuration says \"sandbox = required\"");
	path = conf_store_path(o.store);
	c.conf = conf;
	c.store_arg = o.store;
	c.conf_arg = o.conf;
	c.files = open_files(conf);
	err = privs_become_owner(path);
	if (err != NULL)
		fail_err(EX_NOPERM, err);
	if (o.preauth != NULL)
		check_preauth(started_as, path);
	err = store_open(path, conf, &c.store);
	if (err != NULL)
		fail_err(EX_NOINPUT, err);
	meet(&c, &o);
	err = serve(&c, o.preauth);
	if (err != NULL)
		fail_err(EX_NOUSER, err);
	connection_close_files(&c);
	store_close(c.store);
	conf_free(conf);
	return EX_OK;
}
