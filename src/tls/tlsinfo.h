/* tlsinfo.h - what imapd-tls tells imapd of a connection
 * SPDX-License-Identifier: ISC
 *
 * The first octets on the descriptor of the session, once the handshake is
 * done.  Both programs are of one build; the reader checks all the same. */
#ifndef MSGSTORE_TLSINFO_H
#define MSGSTORE_TLSINFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TLS_INFO_MAGIC		0x4d54534cu
#define TLS_INFO_VERSION	1
#define TLS_NAME_MAX		256	/* octets of a name, the final NUL included */
#define TLS_EMAILS_MAX		4
#define TLS_EXPORTER_OCTETS	32
#define TLS_END_POINT_OCTETS	64

/* Texts are printable US-ASCII without blanks; "" is none.  The common name is
 * UTF-8 without control characters. */
struct tls_info {
	uint32_t	magic, version;
	char		protocol[16];		/* "TLS1.3" */
	char		cipher[64];		/* "AES-128-GCM" */
	/* RFC 9266 2; 0 when the handshake gave no unique secret. */
	uint32_t	exporter_len;
	unsigned char	exporter[TLS_EXPORTER_OCTETS];
	/* RFC 5929 4.1; 0 when it is not defined for the certificate. */
	uint32_t	end_point_len;
	unsigned char	end_point[TLS_END_POINT_OCTETS];
	uint32_t	resumed;		/* 1: by a ticket */
	char		server_name[TLS_NAME_MAX];	/* as the client asked */
	/* The client's certificate, when it sent one, verified against
	 * tls-client-ca: its common name and its first e-mail addresses. */
	uint32_t	client_verified;	/* 1: it did */
	char		client_name[TLS_NAME_MAX];
	uint32_t	client_emails;
	char		client_email[TLS_EMAILS_MAX][TLS_NAME_MAX];
};

/* Whether what came from the other program is what it should be: known
 * version, lengths in range, texts ended and clean. */
bool tls_info_valid(const struct tls_info *);
/* Whether s is ended within size octets, and all printable US-ASCII without
 * blanks. */
bool tls_text_clean(const char *s, size_t size);
/* The same for UTF-8 without control characters. */
bool tls_name_clean(const char *s, size_t size);

#endif
