/* confine.h - imapd-tls gives up what the relay does not need
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_TLS_CONFINE_H
#define MSGSTORE_TLS_CONFINE_H

#include "util/conf.h"
#include "util/err.h"

/*
 * After this the process can read from and write to the descriptors that are
 * open, and nothing else: no file, no socket, no program, no process.
 */
const struct err *confine_relay(enum conf_sandbox);

#endif
