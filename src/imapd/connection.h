/* connection.h - what the processes of a connection share
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_CONNECTION_H
#define MSGSTORE_CONNECTION_H

#include "auth/auth.h"
#include "imapd/client.h"
#include "store/store.h"
#include "tls/files.h"
#include "tls/tlsinfo.h"
#include "util/conf.h"
#include "util/err.h"

/* The client is on standard input and output. */
struct connection {
	const struct conf *conf;
	struct store	*store;
	const char	*store_arg, *conf_arg;	/* -s and -f, or NULL */
	struct peer	 peer;
	struct tls_files *files;	/* that root opened for imapd-tls, or NULL */
	/* What peer.tls points to, once there is TLS. */
	struct tls_info	 info;
	struct auth_tls	 tls;
	const char	*tls_names[TLS_EMAILS_MAX + 1];
};

/*
 * Put TLS between the client and this process: standard input and output lead to
 * imapd-tls afterwards, the peer is secure.  Errors are those of tls_start().
 */
const struct err *connection_start_tls(struct connection *);
/* Let go of the certificates' descriptors: TLS will not be started any more. */
void connection_close_files(struct connection *);

#endif
