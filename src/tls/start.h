/* start.h - TLS for a connection: starts imapd-tls
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_TLS_START_H
#define MSGSTORE_TLS_START_H

#include <stdbool.h>

#include "tls/files.h"
#include "tls/tlsinfo.h"
#include "util/conf.h"
#include "util/err.h"

/*
 * Start imapd-tls for the client at the socket client_fd and wait for its
 * handshake, timeout seconds at most, and no more when a signal has come and
 * stop() says so.  store and conf_file are the -s and -f of
 * the caller, or NULL.  files: what root opened for it, or NULL: it opens them
 * itself.  address is for its log lines.
 *
 * From then on the client speaks through *session_fd_r, a socket that the
 * caller owns, closed by exec; it must let go of client_fd.  ERR_IO when the
 * handshake failed, of which the log knows, ERR_INTERNAL when imapd-tls could
 * not be started; the connection is of no more use in both cases.
 */
const struct err *tls_start(const char *store, const char *conf_file,
    const struct tls_files *files, int client_fd, const char *address,
    unsigned int timeout, bool (*stop)(void), int *session_fd_r,
    struct tls_info *info_r);

#endif
