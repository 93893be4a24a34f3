/* files.c - certificates and keys: which files, and who opens them
 * SPDX-License-Identifier: ISC */
#include "tls/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/log.h"

#define CREDENTIAL_CERTIFICATE	"tls-certificate"
#define CREDENTIAL_KEY		"tls-key"

static char *
join(const char *dir, const char *name)
{
	char *path;

	if (asprintf(&path, "%s%s%s", dir, *dir != '\0' ? "/" : "", name) == -1)
		fatal("out of memory");
	return path;
}

static const struct err *
add(struct tls_files *files, const char *key, const char *name)
{
	const char *dir = "";

	if (*name != '/') {
		dir = getenv("CREDENTIALS_DIRECTORY");
		if (dir == NULL || *dir == '\0')
			return err_user(NULL, "%s \"%s\" is a credential's name, "
			    "and systemd passed no credentials "
			    "($CREDENTIALS_DIRECTORY is not set)", key, name);
	}
	files->files[files->n++] = (struct tls_file){ key, join(dir, name), -1 };
	return NULL;
}

/* Without configuration: a credential that is there and not empty.  The units
 * name it, and systemd leaves it out when nobody has put it there. */
static bool
credential_given(void)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	struct stat st;
	char *path;
	bool given;

	if (dir == NULL || *dir == '\0')
		return false;
	path = join(dir, CREDENTIAL_CERTIFICATE);
	given = stat(path, &st) == 0 && st.st_size > 0;
	free(path);
	return given;
}

bool
tls_configured(const struct conf *conf)
{
	return conf->tls_certificate.n > 0 || credential_given();
}

static const struct err *
find(const struct conf *conf, struct tls_files *files)
{
	const struct conf_list *certificates = &conf->tls_certificate;
	const struct conf_list *keys = &conf->tls_key;
	const struct err *err = NULL;

	if (certificates->n != keys->n)
		return err_user(NULL, "tls-certificate is set %zu times and "
		    "tls-key %zu times: each certificate needs its key",
		    certificates->n, keys->n);
	if (certificates->n == 0 && !credential_given())
		return err_user(NULL, "no certificate is configured: set "
		    "tls-certificate and tls-key");
	for (size_t i = 0; i < certificates->n && err == NULL; i++) {
		err = add(files, "tls-certificate", certificates->values[i]);
		if (err == NULL)
			err = add(files, "tls-key", keys->values[i]);
	}
	if (certificates->n == 0) {
		err = add(files, "tls-certificate", CREDENTIAL_CERTIFICATE);
		if (err == NULL)
			err = add(files, "tls-key", CREDENTIAL_KEY);
	}
	files->pairs = files->n / 2;
	if (err == NULL && *conf->tls_client_ca != '\0')
		err = add(files, "tls-client-ca", conf->tls_client_ca);
	return err;
}

const struct err *
tls_files_find(const struct conf *conf, struct tls_files *files_r)
{
	struct tls_files files = { .n = 0 };
	const struct err *err;

	err = find(conf, &files);
	if (err != NULL) {
		tls_files_close(&files);
		return err;
	}
	*files_r = files;
	return NULL;
}

const struct err *
tls_file_open(struct tls_file *file)
{
	const char *why = NULL;
	struct stat st;
	int fd;

	/* Without O_NONBLOCK a FIFO would wait for its writer. */
	fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd == -1 || fstat(fd, &st) == -1)
		why = strerror(errno);
	else if (!S_ISREG(st.st_mode))
		why = "not a file";
	else if (st.st_size == 0)
		why = "empty";
	else if (st.st_size > TLS_FILE_OCTETS)
		why = "too large for a certificate or a key";
	if (why != NULL) {
		if (fd != -1)
			close(fd);
		return err_user(NULL, "%s %s: %s", file->key, file->path, why);
	}
	file->fd = fd;
	return NULL;
}

const struct err *
tls_files_open(const struct conf *conf, struct tls_files *files_r)
{
	struct tls_files files;
	const struct err *err;

	err = tls_files_find(conf, &files);
	if (err != NULL)
		return err;
	for (size_t i = 0; i < files.n && err == NULL; i++)
		err = tls_file_open(&files.files[i]);
	if (err != NULL) {
		tls_files_close(&files);
		return err;
	}
	*files_r = files;
	return NULL;
}

void
tls_files_close(struct tls_files *files)
{
	for (size_t i = 0; i < files->n; i++) {
		free(files->files[i].path);
		if (files->files[i].fd != -1)
			close(files->files[i].fd);
	}
	files->n = 0;
}
