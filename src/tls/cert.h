/* cert.h - certificates and keys, read and looked at
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_TLS_CERT_H
#define MSGSTORE_TLS_CERT_H

#include <gnutls/gnutls.h>
#include <stdbool.h>

#include "tls/files.h"
#include "tls/tlsinfo.h"

/* What is needed of a certificate after its handshake. */
struct cert {
	gnutls_x509_crt_t leaf;
	unsigned char	end_point[TLS_END_POINT_OCTETS];	/* RFC 5929 4.1 */
	size_t		 end_point_len;		/* 0: not defined */
	size_t		 group;
};

/*
 * Certificates for the same name, which differ in the kind of key, are one group:
 * the client's algorithms choose among them.  Among groups its server name
 * chooses, for which GnuTLS's choice comes too late: a group is what it calls
 * credentials.
 */
struct certs {
	gnutls_certificate_credentials_t group[CONF_LIST_MAX];
	size_t		 groups;
	struct cert	 cert[CONF_LIST_MAX];	/* the first's group is the default */
	size_t		 n;
	bool		 client_ca;
	bool		 prove;		/* while they are read */
	unsigned char	 digest[32];	/* SHA-256 of all certificates */
};

/*
 * Read what files (all open) hold.  Each thing that is wrong is told by
 * problem(); what is only bad, as a certificate that has expired, with fatal
 * false.  prove: have each key sign something, and each certificate verify it, rather
 * than compare what both say of the key.  Returns NULL when something was fatal,
 * else the certificates.
 */
struct certs *certs_read(const struct tls_files *files, bool prove,
    void (*problem)(bool fatal, const struct err *err));
/* Keys are wiped.  NULL is fine. */
void certs_free(struct certs *);

/* What the client gets that asks for name, "" when for none. */
gnutls_certificate_credentials_t certs_choose(const struct certs *,
    const char *name);
/* The end point of the certificate whose DER this is, or of the one that a
 * client gets that asks for name when that is beyond doubt; NULL for none. */
const struct cert *certs_by_der(const struct certs *,
    const gnutls_datum_t *der);
const struct cert *certs_by_name(const struct certs *, const char *name);

#endif
