/* main.c - imapd-tls: terminates TLS for one connection, knows no IMAP
 * SPDX-License-Identifier: ISC */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "store/runtime.h"
#include "tls/cert.h"
#include "tls/confine.h"
#include "tls/files.h"
#include "tls/peer.h"
#include "tls/relay.h"
#include "tls/ticket.h"
#include "util/conf.h"
#include "util/hangup.h"
#include "util/io.h"
#include "util/log.h"
#include "util/privs.h"

#define CLIENT_FD	0
#define SESSION_FD	1
#define HIGH_FD		100	/* where files wait, out of the way */
#define NOBODY		65534

struct options {
	const char	*store, *conf, *address, *files;
	int		 client, session;
	bool		 check;
};

static const char usage_text[] =
    "usage: imapd-tls --check [-s STORE] [-f FILE]\n"
    "imapd starts imapd-tls for each connection that wants TLS.\n";

static void __attribute__((noreturn))
usage(void)
{
	fputs(usage_text, stderr);
	exit(EX_USAGE);
}

static int
fd_number(const char *s)
{
	const char *error;
	long long n = strtonum(s, 0, INT32_MAX, &error);

	if (error != NULL || fcntl((int)n, F_GETFD) == -1)
		usage();
	return (int)n;
}

static struct options
parse_options(int argc, char **argv)
{
	struct options o = { .client = -1, .session = -1, .address = "-" };

	for (int i = 1; i < argc; i++) {
		const char *arg = argv[i];

		if (strcmp(arg, "--check") == 0) {
			o.check = true;
			continue;
		}
		if (strcmp(arg, "-V") == 0) {
			printf("imapd-tls (%s) %s\n", PACKAGE_NAME,
			    PACKAGE_VERSION);
			exit(EX_OK);
		}
		if (++i == argc)
			usage();
		if (strcmp(arg, "-s") == 0)
			o.store = argv[i];
		else if (strcmp(arg, "-f") == 0)
			o.conf = argv[i];
		else if (strcmp(arg, "--address") == 0)
			o.address = argv[i];
		else if (strcmp(arg, "--files") == 0)
			o.files = argv[i];
		else if (strcmp(arg, "--client") == 0)
			o.client = fd_number(argv[i]);
		else if (strcmp(arg, "--session") == 0)
			o.session = fd_number(argv[i]);
		else
			usage();
	}
	if (!o.check && (o.client == -1 || o.session == -1))
		usage();
	return o;
}

/* --- Descriptors --- */

static int
move_high(int fd)
{
	int high = fcntl(fd, F_DUPFD_CLOEXEC, HIGH_FD);

	if (high == -1)
		fatal("no descriptor: %s", strerror(errno));
	return high;
}

/* "5,6,7" into high descriptors; returns how many. */
static size_t
files_take(const char *list, int fds[TLS_FILES_MAX])
{
	char copy[TLS_FILES_MAX * 12], *s = copy, *number;
	size_t n = 0;

	if (strlcpy(copy, list, sizeof(copy)) >= sizeof(copy))
		usage();
	while ((number = strsep(&s, ",")) != NULL) {
		if (n == TLS_FILES_MAX)
			usage();
		fds[n++] = move_high(fd_number(number));
	}
	return n;
}

/*
 * The client becomes CLIENT_FD, the session SESSION_FD, standard error stays,
 * the files go high, and what else was inherited is closed: in the end the
 * numbers in use have no gap.
 */
static void
arrange(const struct options *o, const int *files, size_t n)
{
	int client = move_high(o->client), session = move_high(o->session);
	int high = HIGH_FD;

	if (dup2(client, CLIENT_FD) == -1 || dup2(session, SESSION_FD) == -1)
		fatal("dup2: %s", strerror(errno));
	close(client);
	close(session);
	close_range(STDERR_FILENO + 1, HIGH_FD - 1, 0);
	/* They are in ascending order: close what is between and behind. */
	for (size_t i = 0; i < n; i++) {
		if (files[i] > high)
			close_range((unsigned int)high,
			    (unsigned int)files[i] - 1, 0);
		high = files[i] + 1;
	}
	close_range((unsigned int)high, ~0U, 0);
}

static bool
is_socket(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

/* --- Certificates --- */

static unsigned int problems;

/* On the way to a session: into the log. */
static void
problem_log(bool fatally, const struct err *err)
{
	if (fatally)
		log_error("TLS: %s", err->text);
	else
		log_warning("TLS: %s", err->text);
}

/* For --check: a line each. */
static void
problem_print(bool fatally, const struct err *err)
{
	(void)fatally;
	problems++;
	printf("%s\n", err->text);
}

/* The files that the configuration names: the n that root opened, or none. */
static const struct err *
files_get(const struct conf *conf, const int *fds, size_t n,
    struct tls_files *files_r)
{
	const struct err *err;

	if (n == 0)
		return tls_files_open(conf, files_r);
	err = tls_files_find(conf, files_r);
	if (err != NULL)
		return err;
	if (n != files_r->n) {
		tls_files_close(files_r);
		return err_user(NULL, "the configuration changed meanwhile");
	}
	for (size_t i = 0; i < n; i++)
		files_r->files[i].fd = fds[i];
	return NULL;
}

/* Shared by all processes, or for nobody: tickets spare time and no more. */
static bool
tickets_get(const struct conf *conf, const char *store, unsigned char *key)
{
	const struct err *err;
	int dirfd;

	err = runtime_dir_open(conf, store, &dirfd);
	if (err == NULL) {
		err = ticket_key(dirfd, key);
		close(dirfd);
	}
	if (err != NULL)
		log_warning("TLS: no session can be resumed: %s", err->text);
	return err == NULL;
}

/* --- mboxadm config check --- */

/* Of a store that is not there yet nobody is the owner. */
static void
become_owner(const char *store)
{
	const struct err *err;

	if (access(store, F_OK) == 0 || geteuid() != 0) {
		err = geteuid() == 0 ? privs_become_owner(store) : NULL;
		if (err != NULL)
			problem_print(true, err);
		if (err == NULL)
			return;
	}
	if (setgroups(0, NULL) == -1 ||
	    setresgid(NOBODY, NOBODY, NOBODY) == -1 ||
	    setresuid(NOBODY, NOBODY, NOBODY) == -1)
		fatal("cannot become nobody: %s", strerror(errno));
}

static int
check(const struct options *o)
{
	struct tls_files files;
	struct conf *conf = NULL;
	const struct err *err;
	bool open = true;

	err = conf_load(o->conf, &conf);
	if (err == NULL)
		err = tls_files_find(conf, &files);
	if (err != NULL) {
		problem_print(true, err);
		conf_free(conf);
		return EX_CONFIG;
	}
	for (size_t i = 0; i < files.n; i++) {
		err = tls_file_open(&files.files[i]);
		if (err != NULL) {
			problem_print(true, err);
			open = false;
		}
	}
	become_owner(conf_store_path(o->store));
	err = peer_check_priority(conf->tls_priority);
	if (err != NULL)
		problem_print(true, err);
	if (open)
		certs_free(certs_read(&files, true, problem_print));
	tls_files_close(&files);
	conf_free(conf);
	return problems > 0 ? EX_CONFIG : EX_OK;
}

/* --- A connection --- */

static ssize_t
session_read(void *arg, void *buf, size_t size)
{
	ssize_t n;

	(void)arg;
	n = recv(SESSION_FD, buf, size, MSG_DONTWAIT);
	if (n == -1)
		return errno == EAGAIN || errno == EINTR ? RELAY_AGAIN :
		    RELAY_FAILED;
	return n;
}

static ssize_t
session_write(void *arg, const void *buf, size_t len)
{
	ssize_t n;

	(void)arg;
	n = send(SESSION_FD, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n == -1)
		return errno == EAGAIN || errno == EINTR ||
		    errno == ENOBUFS ? RELAY_AGAIN : RELAY_FAILED;
	return n;
}

static int
session_shut(void *arg)
{
	(void)arg;
	return shutdown(SESSION_FD, SHUT_WR) == 0 ? 0 : RELAY_FAILED;
}

static void
relay(struct peer *peer, const char *address, unsigned int timeout)
{
	const struct relay_end session = { .fd = SESSION_FD,
	    .read = session_read, .write = session_write,
	    .shut = session_shut };
	struct relay_end client = peer_end(peer);
	struct relay *r = relay_new(&client, &session, timeout);
	enum relay_state state;

	relay_rest(r);		/* what the handshake needed */
	state = relay_run(r);
	relay_free(r);
	if (state == RELAY_CLIENT_STUCK)
		log_info("TLS ended address=%s: the client took nothing for "
		    "%u s", address, timeout);
	else if (peer_why(peer) != NULL)
		log_info("TLS ended address=%s: %s", address, peer_why(peer));
	else if (peer_truncated(peer))
		log_info("TLS ended address=%s: closed without saying so",
		    address);
	/* First let imapd know: it has nothing to wait for. */
	close(SESSION_FD);
	if (state == RELAY_DONE || peer_why(peer) != NULL)
		hangup(CLIENT_FD, true);
}

/* What is flushed leaves at once: several records make one packet here. */
static void
no_delay(void)
{
	int on = 1;

	/* One that fails says that this is no TCP socket, and that is fine. */
	(void)setsockopt(CLIENT_FD, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/* From the certificates to the peer, inside the sandbox.  NULL: it was logged. */
static struct peer *
prepare(const struct options *o, const struct conf *conf, struct certs **certs_r)
{
	unsigned char key[TICKET_KEY_OCTETS];
	struct certs *certs = NULL;
	struct peer *peer = NULL;
	struct tls_files files;
	const struct err *err;
	int fds[TLS_FILES_MAX];
	size_t n;
	bool tickets;

	n = o->files != NULL ? files_take(o->files, fds) : 0;
	arrange(o, fds, n);
	no_delay();
	log_connect();
	err = files_get(conf, fds, n, &files);
	/* The files may be root's; nothing else is done as root. */
	if (err == NULL && geteuid() == 0)
		err = privs_become_owner(conf_store_path(o->store));
	if (err != NULL) {
		log_error("TLS: %s", err->text);
		return NULL;
	}
	tickets = tickets_get(conf, conf_store_path(o->store), key);
	certs = certs_read(&files, false, problem_log);
	tls_files_close(&files);
	if (certs != NULL)
		err = peer_new(CLIENT_FD, certs, conf->tls_priority,
		    tickets ? key : NULL, &peer);
	explicit_bzero(key, sizeof(key));
	if (certs != NULL && err == NULL)
		err = confine_relay(conf->sandbox);
	if (err != NULL)
		log_error("TLS: %s", err->text);
	if (certs == NULL || err != NULL) {
		peer_free(peer);
		certs_free(certs);
		return NULL;
	}
	*certs_r = certs;
	return peer;
}

static int
serve(const struct options *o)
{
	struct conf *conf = NULL;
	struct certs *certs;
	struct tls_info info;
	const struct err *err;
	unsigned int login_timeout, write_timeout;
	struct peer *peer;

	if (!is_socket(o->client) || !is_socket(o->session)) {
		log_error("TLS: the client is not at a socket");
		return EX_USAGE;
	}
	err = conf_load(o->conf, &conf);
	if (err != NULL) {
		log_error("TLS: %s", err->text);
		return EX_CONFIG;
	}
	login_timeout = conf->login_timeout;
	write_timeout = conf->write_timeout;
	peer = prepare(o, conf, &certs);
	conf_free(conf);
	if (peer == NULL)
		return EX_CONFIG;
	err = peer_handshake(peer, SESSION_FD, login_timeout, &info);
	certs_free(certs);
	if (err != NULL)
		log_info("TLS handshake failed address=%s: %s", o->address,
		    err->text);
	if (err != NULL || send(SESSION_FD, &info, sizeof(info),
	    MSG_NOSIGNAL) != sizeof(info)) {
		close(SESSION_FD);
		hangup(CLIENT_FD, true);
	} else
		relay(peer, o->address, write_timeout);
	peer_free(peer);
	return EX_OK;
}

int
main(int argc, char **argv)
{
	struct options o;

	io_hold_stdio();
	log_open("imapd-tls");
	umask(077);
	o = parse_options(argc, argv);
	/* It ends with its session, which hears of these too and may have
	 * something to say. */
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	return o.check ? check(&o) : serve(&o);
}
