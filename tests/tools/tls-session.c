/* tls-session.c - for tests: what imapd does with imapd-tls, without IMAP
 * SPDX-License-Identifier: ISC
 *
 * usage: tls-session FILE MODE [OCTETS]
 *
 * Started like imapd, the client at descriptor 0: as root it opens the files and
 * becomes the store's owner.  Has imapd-tls shake hands,
 * writes what it was told to FILE, and then
 *
 *	echo	sends back what comes, up to its end, and then "end"
 *	line	sends back one line, and then "end"
 *	send	sends so many octets, and ends
 *	hang	sends so many octets, then nothing up to the client's end,
 *		and reads nothing
 */
#include <endian.h>
#include <err.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tls/start.h"
#include "util/log.h"
#include "util/privs.h"

#define CHUNK	65536

static void
hex(FILE *f, const char *key, const unsigned char *s, size_t len)
{
	fprintf(f, "%s=", key);
	for (size_t i = 0; i < len; i++)
		fprintf(f, "%02X", s[i]);
	putc('\n', f);
}

static void
info_write(const char *path, const struct tls_info *info)
{
	char new[1024];
	FILE *f;

	snprintf(new, sizeof(new), "%s.new", path);
	f = fopen(new, "w");
	if (f == NULL)
		err(1, "%s", new);
	fprintf(f, "protocol=%s\ncipher=%s\nresumed=%u\nserver=%s\n"
	    "verified=%u\nname=%s\n", info->protocol, info->cipher,
	    info->resumed, info->server_name, info->client_verified,
	    info->client_name);
	for (uint32_t i = 0; i < info->client_emails; i++)
		fprintf(f, "email=%s\n", info->client_email[i]);
	hex(f, "exporter", info->exporter, info->exporter_len);
	hex(f, "end_point", info->end_point, info->end_point_len);
	if (fclose(f) != 0 || rename(new, path) == -1)
		err(1, "%s", path);
}

/* False: the other side has gone. */
static bool
put(int fd, const char *s, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, s, len, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		s += n;
		len -= (size_t)n;
	}
	return true;
}

static void
echo(int fd, bool line)
{
	static char buf[CHUNK];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		if (!put(fd, buf, (size_t)n))
			return;
		if (line && buf[n - 1] == '\n')
			break;
	}
	put(fd, "end\n", 4);
}

/* Numbers of 8 octets, big endian, each one more than the one before: an octet
 * that is lost shows. */
static void
send_octets(int fd, unsigned long long n)
{
	static uint64_t buf[CHUNK / 8];

	for (unsigned long long done = 0; done < n; done += sizeof(buf)) {
		size_t len = sizeof(buf);

		for (size_t i = 0; i < CHUNK / 8; i++)
			buf[i] = htobe64(done / 8 + i);
		if (n - done < len)
			len = (size_t)(n - done);
		if (!put(fd, (const char *)buf, len))
			return;
	}
}

/* What root alone may read, opened before root is left behind. */
static struct tls_files *
files_open(void)
{
	static struct tls_files files;
	const struct err *error;
	struct conf *conf;

	if (geteuid() != 0)
		return NULL;
	error = conf_load(NULL, &conf);
	if (error != NULL)
		errx(1, "%s", error->text);
	error = tls_files_open(conf, &files);
	conf_free(conf);
	if (error == NULL)
		error = privs_become_owner(conf_store_path(NULL));
	if (error != NULL) {
		log_error("TLS: %s", error->text);
		exit(78);
	}
	return &files;
}

static bool
never(void)
{
	return false;
}

int
main(int argc, char **argv)
{
	unsigned long long octets = 0;
	const struct err *error;
	struct tls_files *files;
	struct tls_info info;
	int fd;

	if (argc < 3)
		errx(64, "usage: tls-session FILE MODE [OCTETS]");
	if (argc > 3)
		octets = strtoull(argv[3], NULL, 10);
	log_open("tls-session");
	files = files_open();
	error = tls_start(NULL, NULL, files, STDIN_FILENO, "192.0.2.1", 20, never,
	    &fd, &info);
	if (files != NULL)
		tls_files_close(files);
	if (error != NULL)
		errx(1, "%s", error->text);
	info_write(argv[1], &info);
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	if (strcmp(argv[2], "echo") == 0 || strcmp(argv[2], "line") == 0)
		echo(fd, strcmp(argv[2], "line") == 0);
	else
		send_octets(fd, octets);
	if (strcmp(argv[2], "hang") == 0) {
		struct pollfd pfd = { .fd = fd, .events = POLLRDHUP };

		poll(&pfd, 1, -1);
	}
	return 0;
}
