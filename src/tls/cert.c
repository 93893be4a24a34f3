/* cert.c - certificates and keys, read and looked at
 * SPDX-License-Identifier: ISC */
#include "tls/cert.h"

#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "util/log.h"

#define CHAIN_MAX	16	/* certificates in a file */
#define KEY_ID_OCTETS	32	/* SHA-256 */

typedef void (*problem_fn)(bool fatal, const struct err *err);

static void
datum_wipe(gnutls_datum_t *d)
{
	if (d->data != NULL)
		explicit_bzero(d->data, d->size);
	free(d->data);
	*d = (gnutls_datum_t){ NULL, 0 };
}

/* All of a file that is open; its offset may be anywhere. */
static const struct err *
file_read(const struct tls_file *file, gnutls_datum_t *d_r)
{
	gnutls_datum_t d = { NULL, 0 };
	struct stat st;
	ssize_t n = 0;

	if (fstat(file->fd, &st) == -1 || st.st_size > TLS_FILE_OCTETS)
		return err_user(NULL, "%s %s: cannot be read", file->key,
		    file->path);
	d.data = malloc((size_t)st.st_size + 1);
	if (d.data == NULL)
		fatal("out of memory");
	while (d.size < st.st_size && (n = pread(file->fd, d.data + d.size,
	    (size_t)st.st_size - d.size, d.size)) > 0)
		d.size += (unsigned int)n;
	if (n == -1) {
		const struct err *err = err_user(NULL, "%s %s: %s", file->key,
		    file->path, strerror(errno));

		datum_wipe(&d);
		return err;
	}
	d.data[d.size] = '\0';	/* GnuTLS looks for PEM as in a string */
	*d_r = d;
	return NULL;
}

/* --- What is wrong with a certificate --- */

static void
time_text(time_t when, char *s, size_t size)
{
	struct tm tm;

	if (gmtime_r(&when, &tm) == NULL ||
	    strftime(s, size, "%Y-%m-%d %H:%M UTC", &tm) == 0)
		strlcpy(s, "?", size);
}

static void
check_times(const struct tls_file *file, gnutls_x509_crt_t crt, bool leaf,
    problem_fn problem)
{
	time_t now = time(NULL), from = gnutls_x509_crt_get_activation_time(crt);
	time_t until = gnutls_x509_crt_get_expiration_time(crt);
	const char *what = leaf ? "" : "an issuer in the chain ";
	char when[32];

	if (from != (time_t)-1 && now < from) {
		time_text(from, when, sizeof(when));
		problem(false, err_user(NULL, "%s %s: %sis not valid before %s",
		    file->key, file->path, what, when));
	}
	if (until != (time_t)-1 && now > until) {
		time_text(until, when, sizeof(when));
		problem(false, err_user(NULL, "%s %s: %shas expired on %s",
		    file->key, file->path, what, when));
	}
}

static void
check_mode(const struct tls_file *file, problem_fn problem)
{
	struct stat st;

	if (fstat(file->fd, &st) == 0 && (st.st_mode & S_IROTH) != 0)
		problem(false, err_user(NULL, "%s %s: everybody can read it: "
		    "chmod o-r", file->key, file->path));
}

static const struct err *
chain_read(const struct tls_file *file, const gnutls_datum_t *pem,
    gnutls_x509_crt_t *chain, unsigned int *n_r)
{
	unsigned int n = CHAIN_MAX;
	int ret;

	ret = gnutls_x509_crt_list_import(chain, &n, pem, GNUTLS_X509_FMT_PEM,
	    GNUTLS_X509_CRT_LIST_IMPORT_FAIL_IF_EXCEED);
	if (ret == GNUTLS_E_BASE64_UNEXPECTED_HEADER_ERROR ||
	    ret == GNUTLS_E_NO_CERTIFICATE_FOUND)
		return err_user(NULL, "%s %s: there is no certificate in PEM "
		    "format in it", file->key, file->path);
	if (ret == GNUTLS_E_SHORT_MEMORY_BUFFER)
		return err_user(NULL, "%s %s: more than %d certificates",
		    file->key, file->path, CHAIN_MAX);
	if (ret < 0)
		return err_user(NULL, "%s %s: no good certificate: %s",
		    file->key, file->path, gnutls_strerror(ret));
	*n_r = n;
	return NULL;
}

static const struct err *
key_read(const struct tls_file *file, const gnutls_datum_t *pem,
    gnutls_x509_privkey_t *key_r)
{
	gnutls_x509_privkey_t key;
	int ret;

	if (gnutls_x509_privkey_init(&key) < 0)
		fatal("out of memory");
	ret = gnutls_x509_privkey_import2(key, pem, GNUTLS_X509_FMT_PEM, NULL, 0);
	if (ret >= 0) {
		*key_r = key;
		return NULL;
	}
	gnutls_x509_privkey_deinit(key);
	if (ret == GNUTLS_E_DECRYPTION_FAILED)
		return err_user(NULL, "%s %s: the key has a passphrase, which "
		    "nobody is there to enter: store it without", file->key,
		    file->path);
	if (ret == GNUTLS_E_BASE64_UNEXPECTED_HEADER_ERROR ||
	    ret == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
		return err_user(NULL, "%s %s: there is no private key in PEM "
		    "format in it", file->key, file->path);
	return err_user(NULL, "%s %s: no good private key: %s", file->key,
	    file->path, gnutls_strerror(ret));
}

/* --- Reading --- */

/* RFC 5929 4.1: the hash of the certificate's signature, but SHA-256 where that
 * is a weak one; not defined without a hash (Ed25519). */
static void
end_point_set(struct cert *cert, const gnutls_datum_t *der)
{
	int algorithm = gnutls_x509_crt_get_signature_algorithm(cert->leaf);
	gnutls_digest_algorithm_t hash = GNUTLS_DIG_UNKNOWN;
	unsigned int len;

	if (algorithm >= 0)
		hash = gnutls_sign_get_hash_algorithm(
		    (gnutls_sign_algorithm_t)algorithm);
	if (hash == GNUTLS_DIG_MD5 || hash == GNUTLS_DIG_SHA1)
		hash = GNUTLS_DIG_SHA256;
	len = hash != GNUTLS_DIG_UNKNOWN ? gnutls_hash_get_len(hash) : 0;
	if (len == 0 || len > sizeof(cert->end_point) ||
	    gnutls_hash_fast(hash, der->data, der->size, cert->end_point) < 0)
		return;
	cert->end_point_len = len;
}

static void
digest_add(struct certs *certs, const gnutls_datum_t *der)
{
	unsigned char both[2 * sizeof(certs->digest)];

	memcpy(both, certs->digest, sizeof(certs->digest));
	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, der->data, der->size,
	    both + sizeof(certs->digest)) < 0 ||
	    gnutls_hash_fast(GNUTLS_DIG_SHA256, both, sizeof(both),
	    certs->digest) < 0)
		fatal("SHA-256 does not work");
}

/* The leaf is certs' from here on. */
static void
cert_add(struct certs *certs, gnutls_x509_crt_t leaf, size_t group)
{
	struct cert *cert = &certs->cert[certs->n++];
	gnutls_datum_t der;

	cert->leaf = leaf;
	cert->group = group;
	if (gnutls_x509_crt_export2(leaf, GNUTLS_X509_FMT_DER, &der) < 0)
		fatal("a certificate cannot be exported");
	end_point_set(cert, &der);
	digest_add(certs, &der);
	gnutls_free(der.data);
}

/* The first name of a certificate; "" when it has none. */
static void
first_name(gnutls_x509_crt_t crt, char name[TLS_NAME_MAX])
{
	size_t size;
	int type = 0;

	for (unsigned int i = 0; type >= 0; i++) {
		size = TLS_NAME_MAX;
		type = gnutls_x509_crt_get_subject_alt_name(crt, i, name, &size,
		    NULL);
		if (type == GNUTLS_SAN_DNSNAME)
			return;
		if (type == GNUTLS_E_SHORT_MEMORY_BUFFER)
			type = 0;
	}
	size = TLS_NAME_MAX;
	if (gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0,
	    name, &size) < 0)
		name[0] = '\0';
}

/* The group of a certificate for the same name, or a new one. */
static size_t
group_for(struct certs *certs, gnutls_x509_crt_t leaf)
{
	char name[TLS_NAME_MAX];

	for (size_t i = 0; i < certs->n; i++) {
		first_name(certs->cert[i].leaf, name);
		if (name[0] != '\0' &&
		    gnutls_x509_crt_check_hostname(leaf, name) != 0)
			return certs->cert[i].group;
	}
	if (gnutls_certificate_allocate_credentials(
	    &certs->group[certs->groups]) < 0)
		fatal("out of memory");
	return certs->groups++;
}

/* By their public halves. */
static bool
belong_together(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key)
{
	unsigned char of_crt[KEY_ID_OCTETS], of_key[KEY_ID_OCTETS];
	size_t crt_size = sizeof(of_crt), key_size = sizeof(of_key);

	return gnutls_x509_crt_get_key_id(crt, GNUTLS_KEYID_USE_SHA256, of_crt,
	    &crt_size) >= 0 &&
	    gnutls_x509_privkey_get_key_id(key, GNUTLS_KEYID_USE_SHA256, of_key,
	    &key_size) >= 0 &&
	    crt_size == key_size && memcmp(of_crt, of_key, crt_size) == 0;
}

/*
 * Puts a chain and its key into the credentials, where the key belongs to it.
 * GnuTLS would sign something and verify that, which takes as long as a handshake;
 * who looks at the files for their own sake has it do that, and so has whoever has
 * a key that does not seem to be the certificate's.
 */
static const struct err *
pair_set(struct certs *certs, const struct tls_file *files,
    gnutls_x509_crt_t *chain, unsigned int n, gnutls_x509_privkey_t key)
{
	size_t group = group_for(certs, chain[0]);
	int ret;

	gnutls_certificate_set_flags(certs->group[group],
	    !certs->prove && belong_together(chain[0], key) ?
	    GNUTLS_CERTIFICATE_SKIP_KEY_CERT_MATCH : 0);
	ret = gnutls_certificate_set_x509_key(certs->group[group], chain,
	    (int)n, key);
	if (ret >= 0) {
		cert_add(certs, chain[0], group);
		return NULL;
	}
	if (ret == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
		return err_user(NULL, "tls-key %s does not belong to "
		    "tls-certificate %s", files[1].path, files[0].path);
	return err_user(NULL, "tls-certificate %s: %s", files[0].path,
	    gnutls_strerror(ret));
}

static bool
pair_use(struct certs *certs, const struct tls_file *files,
    const gnutls_datum_t *pem, problem_fn problem)
{
	gnutls_x509_crt_t chain[CHAIN_MAX];
	gnutls_x509_privkey_t key = NULL;
	const struct err *err, *key_err;
	unsigned int n = 0;

	err = chain_read(&files[0], &pem[0], chain, &n);
	if (err != NULL)
		problem(true, err);
	key_err = key_read(&files[1], &pem[1], &key);
	if (key_err != NULL)
		problem(true, key_err);
	for (unsigned int i = 0; i < n; i++)
		check_times(&files[0], chain[i], i == 0, problem);
	if (err == NULL && key_err == NULL) {
		err = pair_set(certs, files, chain, n, key);
		if (err != NULL)
			problem(true, err);
	}
	for (unsigned int i = err == NULL && key_err == NULL; i < n; i++)
		gnutls_x509_crt_deinit(chain[i]);
	if (key != NULL)
		gnutls_x509_privkey_deinit(key);
	return err == NULL && key_err == NULL;
}

static bool
pair_read(struct certs *certs, const struct tls_file *files, problem_fn problem)
{
	gnutls_datum_t pem[2] = { { NULL, 0 }, { NULL, 0 } };
	bool ok = true;

	for (int i = 0; i < 2; i++) {
		const struct err *err = file_read(&files[i], &pem[i]);

		if (err != NULL) {
			problem(true, err);
			ok = false;
		}
	}
	check_mode(&files[1], problem);
	ok = ok && pair_use(certs, files, pem, problem);
	datum_wipe(&pem[0]);
	datum_wipe(&pem[1]);
	return ok;
}

static bool
client_ca_read(struct certs *certs, const struct tls_file *file,
    problem_fn problem)
{
	gnutls_datum_t pem = { NULL, 0 };
	const struct err *err;

	err = file_read(file, &pem);
	for (size_t i = 0; i < certs->groups && err == NULL; i++) {
		if (gnutls_certificate_set_x509_trust_mem(certs->group[i], &pem,
		    GNUTLS_X509_FMT_PEM) <= 0)
			err = err_user(NULL, "%s %s: there is no certificate in "
			    "PEM format in it", file->key, file->path);
	}
	datum_wipe(&pem);
	certs->client_ca = err == NULL;
	if (err != NULL)
		problem(true, err);
	return err == NULL;
}

struct certs *
certs_read(const struct tls_files *files, bool prove, problem_fn problem)
{
	struct certs *certs = calloc(1, sizeof(*certs));
	bool ok = true;

	if (certs == NULL)
		fatal("out of memory");
	certs->prove = prove;
	for (size_t i = 0; i < files->pairs; i++)
		if (!pair_read(certs, &files->files[2 * i], problem))
			ok = false;
	for (size_t i = 2 * files->pairs; i < files->n; i++)
		if (!client_ca_read(certs, &files->files[i], problem))
			ok = false;
	if (!ok) {
		certs_free(certs);
		return NULL;
	}
	return certs;
}

void
certs_free(struct certs *certs)
{
	if (certs == NULL)
		return;
	for (size_t i = 0; i < certs->n; i++)
		gnutls_x509_crt_deinit(certs->cert[i].leaf);
	for (size_t i = 0; i < certs->groups; i++)
		gnutls_certificate_free_credentials(certs->group[i]);
	free(certs);
}

gnutls_certificate_credentials_t
certs_choose(const struct certs *certs, const char *name)
{
	for (size_t i = 0; i < certs->n && *name != '\0'; i++)
		if (gnutls_x509_crt_check_hostname(certs->cert[i].leaf,
		    name) != 0)
			return certs->group[certs->cert[i].group];
	return certs->group[0];
}

const struct cert *
certs_by_der(const struct certs *certs, const gnutls_datum_t *der)
{
	for (size_t i = 0; i < certs->n; i++)
		if (gnutls_x509_crt_equals2(certs->cert[i].leaf, der) != 0)
			return &certs->cert[i];
	return NULL;
}

const struct cert *
certs_by_name(const struct certs *certs, const char *name)
{
	gnutls_certificate_credentials_t group = certs_choose(certs, name);
	const struct cert *found = NULL;

	for (size_t i = 0; i < certs->n; i++) {
		if (certs->group[certs->cert[i].group] != group)
			continue;
		if (found != NULL)
			return NULL;	/* one of several: which? */
		found = &certs->cert[i];
	}
	return found;
}
