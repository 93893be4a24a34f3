/* files.h - certificates and keys: which files, and who opens them
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_TLS_FILES_H
#define MSGSTORE_TLS_FILES_H

#include <stdbool.h>
#include <stddef.h>

#include "util/conf.h"
#include "util/err.h"

#define TLS_FILES_MAX		(2 * CONF_LIST_MAX + 1)
#define TLS_FILE_OCTETS		(1024 * 1024)	/* of one file, at most */

/* A file that the configuration names. */
struct tls_file {
	const char	*key;		/* "tls-key": for messages */
	char		*path;
	int		 fd;		/* -1: not open */
};

/*
 * Certificate, key, certificate, key, ..., and the client CA's last when there
 * is one.
 */
struct tls_files {
	struct tls_file	 files[TLS_FILES_MAX];
	size_t		 n;
	size_t		 pairs;		/* of certificate and key */
};

/*
 * The files' names; opens none.  A name without a '/' is one in
 * $CREDENTIALS_DIRECTORY (systemd.exec(5)); where no certificate is configured
 * and the credential tls-certificate is there and not empty, it and tls-key
 * are taken.  ERR_USER when there is no certificate at all, when certificates
 * and keys are not as many, and when a credential is named but none was passed.
 * *files_r is to be closed in any case but an error.
 */
const struct err *tls_files_find(const struct conf *,
    struct tls_files *files_r);
/* Open one to read, closed by exec.  ERR_USER; the text names key and path. */
const struct err *tls_file_open(struct tls_file *);
/* Find and open all: by root, for the process that will not be. */
const struct err *tls_files_open(const struct conf *,
    struct tls_files *files_r);
void tls_files_close(struct tls_files *);

/* Whether there is a certificate to offer TLS with. */
bool tls_configured(const struct conf *);

#endif
