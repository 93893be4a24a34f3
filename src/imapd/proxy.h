/* proxy.h - a client that comes through a proxy
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_IMAPD_PROXY_H
#define MSGSTORE_IMAPD_PROXY_H

#include "imapd/client.h"
#include "util/conf.h"
#include "util/err.h"

/*
 * Read the header of the PROXY protocol from the socket fd, and not one octet more.
 * *peer is the socket's other end before, and the client behind the proxy after.
 * ERR_USER when the other end is none of "proxy-trusted" or what comes is no
 * header, ERR_IO when it does not come within login-timeout.
 */
const struct err *proxy_accept(int fd, const struct conf *, struct peer *peer);

#endif
