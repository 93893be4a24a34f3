/* peer.c - the client's end of the connection: a TLS session of GnuTLS
 * SPDX-License-Identifier: ISC
 *
 * GnuTLS reads from and writes to buffers here: several records leave with one
 * system call, and it never has to do half a record twice. */
#include "tls/peer.h"

#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/log.h"

#define IN_OCTETS	(32 * 1024)	/* read from the socket at once */
#define OUT_OCTETS	(64 * 1024)	/* put aside before writing says no */
#define RECORD_OCTETS	16384
#define WARNINGS_MAX	8		/* alerts that are none, in a handshake */

/* GnuTLS is given octets, and leaves octets, without waiting. */
struct queue {
	unsigned char	*buf;		/* NULL: not allocated */
	size_t		 pos, len, size;
};

struct peer {
	int		 fd;
	gnutls_session_t session;
	const struct certs *certs;
	struct queue	 in, out;
	bool		 ended;		/* the socket did */
	bool		 truncated;	/* and TLS knew nothing of it */
	char		 why[128];	/* it failed */
};

/* --- Octets --- */

static ssize_t
pull(gnutls_transport_ptr_t arg, void *data, size_t size)
{
	struct peer *p = arg;
	struct queue *q = &p->in;
	ssize_t n;

	if (q->len == 0) {
		if (q->buf == NULL && (q->buf = malloc(IN_OCTETS)) == NULL)
			fatal("out of memory");
		n = recv(p->fd, q->buf, IN_OCTETS, MSG_DONTWAIT);
		if (n <= 0) {
			/* GnuTLS would not write any more after an end that
			 * was not announced. */
			p->ended = n == 0;
			gnutls_transport_set_errno(p->session,
			    n == 0 ? EAGAIN : errno);
			return -1;
		}
		q->pos = 0;
		q->len = (size_t)n;
	}
	if (size > q->len)
		size = q->len;
	memcpy(data, q->buf + q->pos, size);
	q->pos += size;
	q->len -= size;
	return (ssize_t)size;
}

/* Takes all: who writes asks first whether there is room. */
static ssize_t
push(gnutls_transport_ptr_t arg, const void *data, size_t len)
{
	struct peer *p = arg;
	struct queue *q = &p->out;

	if (q->len == 0)
		q->pos = 0;
	if (q->size - q->pos - q->len < len) {
		size_t size = q->len + len;

		if (size < OUT_OCTETS)
			size = OUT_OCTETS;
		if (q->pos > 0 && q->len > 0)
			memmove(q->buf, q->buf + q->pos, q->len);
		q->pos = 0;
		if (size > q->size) {
			q->buf = realloc(q->buf, size);
			if (q->buf == NULL)
				fatal("out of memory");
			q->size = size;
		}
	}
	memcpy(q->buf + q->pos + q->len, data, len);
	q->len += len;
	return (ssize_t)len;
}

static void
failed(struct peer *p, const char *why)
{
	if (p->why[0] == '\0')
		strlcpy(p->why, why, sizeof(p->why));
}

static ssize_t
peer_flush(void *arg)
{
	struct peer *p = arg;
	struct queue *q = &p->out;
	ssize_t n;

	while (q->len > 0) {
		n = send(p->fd, q->buf + q->pos, q->len,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && (errno == EAGAIN || errno == ENOBUFS))
			break;
		if (n == -1)
			return RELAY_FAILED;
		q->pos += (size_t)n;
		q->len -= (size_t)n;
	}
	return (ssize_t)q->len;
}

static bool
peer_pending(void *arg)
{
	const struct peer *p = arg;

	return p->in.len > 0 || gnutls_record_check_pending(p->session) > 0;
}

static void
queue_rest(struct queue *q)
{
	if (q->len > 0)
		return;
	free(q->buf);
	*q = (struct queue){ NULL, 0, 0, 0 };
}

static void
peer_rest(void *arg)
{
	struct peer *p = arg;

	queue_rest(&p->in);
	queue_rest(&p->out);
}

/* --- Records --- */

/* What an error of GnuTLS means. */
static const char *
error_text(const struct peer *p, int ret)
{
	const char *alert;

	if (ret == GNUTLS_E_FATAL_ALERT_RECEIVED ||
	    ret == GNUTLS_E_WARNING_ALERT_RECEIVED) {
		alert = gnutls_alert_get_name(gnutls_alert_get(p->session));
		return alert != NULL ? alert : "alert received";
	}
	return gnutls_strerror(ret);
}

static ssize_t
peer_read(void *arg, void *buf, size_t size)
{
	struct peer *p = arg;
	ssize_t n;

	do
		n = gnutls_record_recv(p->session, buf, size);
	while (n == GNUTLS_E_INTERRUPTED ||
	    n == GNUTLS_E_WARNING_ALERT_RECEIVED);
	if (n >= 0)
		return n;
	if (n == GNUTLS_E_AGAIN) {
		/* What was cut off is no whole command: it is answered so far. */
		p->truncated = p->ended;
		return p->ended ? 0 : RELAY_AGAIN;
	}
	/* The network's doing, and not worth a word. */
	if (n == GNUTLS_E_PULL_ERROR)
		return RELAY_FAILED;
	if (n == GNUTLS_E_REHANDSHAKE) {
		failed(p, "renegotiation");
		gnutls_alert_send(p->session, GNUTLS_AL_FATAL,
		    GNUTLS_A_NO_RENEGOTIATION);
	} else {
		failed(p, error_text(p, (int)n));
		gnutls_alert_send_appropriate(p->session, (int)n);
	}
	peer_flush(p);
	return RELAY_FAILED;
}

static ssize_t
peer_write(void *arg, const void *buf, size_t len)
{
	struct peer *p = arg;
	size_t done = 0;
	ssize_t n;

	while (done < len) {
		if (p->out.len + RECORD_OCTETS > OUT_OCTETS) {
			if (peer_flush(p) < 0)
				return RELAY_FAILED;
			if (p->out.len + RECORD_OCTETS > OUT_OCTETS)
				break;
		}
		n = gnutls_record_send(p->session, (const char *)buf + done,
		    len - done < RECORD_OCTETS ? len - done : RECORD_OCTETS);
		if (n <= 0) {
			failed(p, error_text(p, (int)n));
			return RELAY_FAILED;
		}
		done += (size_t)n;
	}
	return done > 0 ? (ssize_t)done : RELAY_AGAIN;
}

static int
peer_shut(void *arg)
{
	struct peer *p = arg;

	return gnutls_bye(p->session, GNUTLS_SHUT_WR) < 0 ? RELAY_FAILED : 0;
}

struct relay_end
peer_end(struct peer *p)
{
	return (struct relay_end){ .arg = p, .fd = p->fd, .read = peer_read,
	    .write = peer_write, .flush = peer_flush, .shut = peer_shut,
	    .pending = peer_pending, .rest = peer_rest };
}

const char *
peer_why(const struct peer *p)
{
	return p->why[0] != '\0' ? p->why : NULL;
}

bool
peer_truncated(const struct peer *p)
{
	return p->truncated;
}

/* --- A session --- */

/* s of len octets, when it has no NUL, is clean and fits. */
static void
copy_clean(char out[TLS_NAME_MAX], const void *s, size_t len,
    bool (*clean)(const char *, size_t))
{
	char copy[TLS_NAME_MAX];

	if (len >= sizeof(copy) || memchr(s, '\0', len) != NULL)
		return;
	memcpy(copy, s, len);
	copy[len] = '\0';
	if (clean(copy, sizeof(copy)))
		memcpy(out, copy, len + 1);
}

/* "" when the client named none, or something strange. */
static void
server_name(gnutls_session_t session, char out[TLS_NAME_MAX])
{
	char name[TLS_NAME_MAX];
	size_t size = sizeof(name);
	unsigned int type;

	out[0] = '\0';
	if (gnutls_server_name_get(session, name, &size, &type, 0) == 0 &&
	    type == GNUTLS_NAME_DNS)
		copy_clean(out, name, strnlen(name, size), tls_text_clean);
}

/* RFC 6066 3: the name that the client asks for chooses the certificate. */
static int
client_hello(gnutls_session_t session)
{
	struct peer *p = gnutls_session_get_ptr(session);
	char name[TLS_NAME_MAX];

	server_name(session, name);
	return gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE,
	    certs_choose(p->certs, name));
}

/* A certificate that was sent must be good: to send none is up to the client. */
static int
client_verify(gnutls_session_t session)
{
	gnutls_typed_vdata_st purpose = { .type = GNUTLS_DT_KEY_PURPOSE_OID,
	    .data = (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT };
	unsigned int n = 0, status = 0;

	if (gnutls_certificate_get_peers(session, &n) == NULL || n == 0)
		return 0;
	if (gnutls_certificate_verify_peers(session, &purpose, 1,
	    &status) < 0 || status != 0)
		return GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR;
	return 0;
}

const struct err *
peer_check_priority(const char *priority)
{
	gnutls_priority_t p;
	const char *at = NULL;

	if (gnutls_priority_init2(&p, priority, &at, 0) < 0)
		return err_user(NULL, "tls-priority is not understood from "
		    "\"%s\" on", at != NULL ? at : priority);
	gnutls_priority_deinit(p);
	return NULL;
}

/* RFC 7301 3.2: a client that wants other protocols only is refused. */
static int
protocols_set(gnutls_session_t session)
{
	static unsigned char imap[] = "imap";
	gnutls_datum_t name = { imap, sizeof(imap) - 1 };

	return gnutls_alpn_set_protocols(session, &name, 1,
	    GNUTLS_ALPN_MANDATORY);
}

/*
 * A session is resumed with the certificates only that it was made with: what
 * the client took for the server's, and is bound to (RFC 5929 4), is the same.
 */
static int
tickets_set(struct peer *p, const unsigned char *key)
{
	unsigned char derived[TICKET_KEY_OCTETS];
	gnutls_datum_t d = { derived, sizeof(derived) };
	int ret;

	if (key == NULL)
		return 0;
	_Static_assert(sizeof(derived) == 64, "HMAC-SHA-512 gives 64 octets");
	ret = gnutls_hmac_fast(GNUTLS_MAC_SHA512, key, TICKET_KEY_OCTETS,
	    p->certs->digest, sizeof(p->certs->digest), derived);
	if (ret >= 0)
		ret = gnutls_session_ticket_enable_server(p->session, &d);
	explicit_bzero(derived, sizeof(derived));
	return ret;
}

const struct err *
peer_new(int fd, const struct certs *certs, const char *priority,
    const unsigned char *key, struct peer **peer_r)
{
	unsigned int flags = GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL;
	struct peer *p = calloc(1, sizeof(*p));
	int ret;

	if (p == NULL || gnutls_init(&p->session,
	    flags | (key == NULL ? GNUTLS_NO_TICKETS : 0)) < 0)
		fatal("out of memory");
	p->fd = fd;
	p->certs = certs;
	gnutls_session_set_ptr(p->session, p);
	gnutls_handshake_set_post_client_hello_function(p->session,
	    client_hello);
	gnutls_transport_set_ptr(p->session, p);
	gnutls_transport_set_pull_function(p->session, pull);
	gnutls_transport_set_push_function(p->session, push);
	ret = gnutls_priority_set_direct(p->session, priority, NULL);
	if (ret >= 0)
		ret = gnutls_credentials_set(p->session, GNUTLS_CRD_CERTIFICATE,
		    certs->group[0]);
	if (ret >= 0)
		ret = protocols_set(p->session);
	if (ret >= 0)
		ret = tickets_set(p, key);
	if (ret < 0) {
		peer_free(p);
		return err_user(NULL, "TLS cannot be set up: %s",
		    gnutls_strerror(ret));
	}
	if (certs->client_ca) {
		gnutls_certificate_server_set_request(p->session,
		    GNUTLS_CERT_REQUEST);
		for (size_t i = 0; i < certs->groups; i++)
			gnutls_certificate_set_verify_function(certs->group[i],
			    client_verify);
	}
	*peer_r = p;
	return NULL;
}

void
peer_free(struct peer *p)
{
	if (p == NULL)
		return;
	gnutls_deinit(p->session);
	free(p->in.buf);
	free(p->out.buf);
	free(p);
}

/* --- What was agreed on --- */

static void
client_names(gnutls_x509_crt_t crt, struct tls_info *info)
{
	char name[TLS_NAME_MAX];
	size_t size = sizeof(name);
	unsigned int type;
	int ret = 0;

	if (gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0,
	    name, &size) == 0)
		copy_clean(info->client_name, name, size, tls_name_clean);
	for (unsigned int i = 0; i < 64 && ret >= 0 &&
	    info->client_emails < TLS_EMAILS_MAX; i++) {
		char *email = info->client_email[info->client_emails];

		size = sizeof(name);
		ret = gnutls_x509_crt_get_subject_alt_name2(crt, i, name, &size,
		    &type, NULL);
		if (ret == GNUTLS_E_SHORT_MEMORY_BUFFER) {
			ret = 0;
			continue;
		}
		if (ret < 0 || type != GNUTLS_SAN_RFC822NAME)
			continue;
		copy_clean(email, name, size, tls_text_clean);
		if (strchr(email, '@') != NULL)
			info->client_emails++;
		else
			email[0] = '\0';
	}
}

/* False: it came with a ticket, and is not good (any more). */
static bool
client_info(struct peer *p, struct tls_info *info)
{
	const gnutls_datum_t *der;
	gnutls_x509_crt_t crt;
	unsigned int n = 0;

	if (!p->certs->client_ca)
		return true;
	der = gnutls_certificate_get_peers(p->session, &n);
	if (der == NULL || n == 0)
		return true;
	if (gnutls_session_is_resumed(p->session) != 0 &&
	    client_verify(p->session) != 0)
		return false;
	if (gnutls_x509_crt_init(&crt) < 0)
		fatal("out of memory");
	if (gnutls_x509_crt_import(crt, der, GNUTLS_X509_FMT_DER) == 0) {
		info->client_verified = 1;
		client_names(crt, info);
	}
	gnutls_x509_crt_deinit(crt);
	return true;
}

/* RFC 9266 2: a context of no octets, which TLS 1.2 tells from no context; and
 * a secret that no other session has. */
static void
exporter_info(struct peer *p, struct tls_info *info)
{
	static const char label[] = "EXPORTER-Channel-Binding";

	if (gnutls_protocol_get_version(p->session) < GNUTLS_TLS1_3 &&
	    gnutls_session_ext_master_secret_status(p->session) == 0)
		return;
	if (gnutls_prf_rfc5705(p->session, sizeof(label) - 1, label, 0, "",
	    sizeof(info->exporter), (char *)info->exporter) == 0)
		info->exporter_len = sizeof(info->exporter);
}

static void
end_point_info(struct peer *p, struct tls_info *info)
{
	const gnutls_datum_t *der = gnutls_certificate_get_ours(p->session);
	const struct cert *cert;

	if (info->resumed == 0 && der != NULL)
		cert = certs_by_der(p->certs, der);
	else
		cert = certs_by_name(p->certs, info->server_name);
	if (cert == NULL)
		return;
	memcpy(info->end_point, cert->end_point, cert->end_point_len);
	info->end_point_len = (uint32_t)cert->end_point_len;
}

static bool
info_fill(struct peer *p, struct tls_info *info)
{
	const char *protocol, *cipher;

	protocol = gnutls_protocol_get_name(
	    gnutls_protocol_get_version(p->session));
	cipher = gnutls_cipher_get_name(gnutls_cipher_get(p->session));
	*info = (struct tls_info){ .magic = TLS_INFO_MAGIC,
	    .version = TLS_INFO_VERSION };
	strlcpy(info->protocol, protocol != NULL ? protocol : "-",
	    sizeof(info->protocol));
	strlcpy(info->cipher, cipher != NULL ? cipher : "-",
	    sizeof(info->cipher));
	info->resumed = gnutls_session_is_resumed(p->session) != 0;
	server_name(p->session, info->server_name);
	exporter_info(p, info);
	end_point_info(p, info);
	return client_info(p, info);
}

/* --- The handshake --- */

/* Wait for the client's turn. */
static const struct err *
handshake_wait(struct peer *p, int other, int64_t end)
{
	struct pollfd pfds[2] = { { .fd = p->fd, .events = POLLIN },
	    { .fd = other } };
	int64_t left = end - clock_ms();
	int n;

	if (p->out.len > 0)
		pfds[0].events |= POLLOUT;
	n = left > 0 ? poll(pfds, 2, (int)left) : 0;
	if (n == -1 && errno != EINTR)
		fatal("poll: %s", strerror(errno));
	if (n == 0)
		return err_io("the client took too long");
	if (n > 0 && (pfds[1].revents & (POLLHUP | POLLERR)) != 0)
		return err_io("the session ended");
	return NULL;
}

static const struct err *
handshake_failed(struct peer *p, int ret)
{
	const struct err *err;

	if (ret == GNUTLS_E_PULL_ERROR)
		return err_io("closed by the client");
	err = err_io("%s", error_text(p, ret));
	gnutls_alert_send_appropriate(p->session, ret);
	peer_flush(p);
	return err;
}

const struct err *
peer_handshake(struct peer *p, int other, unsigned int seconds,
    struct tls_info *info_r)
{
	int64_t end = clock_ms() + (int64_t)seconds * 1000;
	unsigned int warnings = 0;
	const struct err *err;
	int ret;

	while ((ret = gnutls_handshake(p->session)) != 0) {
		if (gnutls_error_is_fatal(ret) || (ret != GNUTLS_E_AGAIN &&
		    ret != GNUTLS_E_INTERRUPTED && ++warnings > WARNINGS_MAX))
			return handshake_failed(p, ret);
		if (peer_flush(p) < 0 || p->ended)
			return err_io("closed by the client");
		if (ret != GNUTLS_E_AGAIN)
			continue;
		err = handshake_wait(p, other, end);
		if (err != NULL)
			return err;
	}
	if (peer_flush(p) < 0)
		return err_io("closed by the client");
	if (!info_fill(p, info_r))
		return handshake_failed(p,
		    GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR);
	gnutls_credentials_clear(p->session);
	p->certs = NULL;
	return NULL;
}
