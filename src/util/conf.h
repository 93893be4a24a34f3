/* conf.h - msgstore.conf(5)
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_CONF_H
#define MSGSTORE_CONF_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "util/err.h"

enum conf_cleartext { CLEARTEXT_NO, CLEARTEXT_YES, CLEARTEXT_LOOPBACK };
enum conf_journal { JOURNAL_WAL, JOURNAL_ROLLBACK };
enum conf_sandbox { SANDBOX_NO, SANDBOX_YES, SANDBOX_REQUIRED };

#define CONF_LIST_MAX	16

/* The values of a key that may be given several times, in their order. */
struct conf_list {
	char		*values[CONF_LIST_MAX];
	size_t		 n;
};

/* Every key's value.  Durations are in seconds, sizes in octets. */
struct conf {
	char		 delimiter;		/* '\\', '/' or '.' */
	enum conf_cleartext cleartext_login;
	unsigned int	 autologout;
	unsigned int	 autologout_idle;	/* 0: as autologout */
	unsigned int	 login_timeout;
	unsigned int	 write_timeout;
	uint64_t	 message_size_limit;
	unsigned int	 expunge_retention;
	unsigned int	 tombstone_retention;
	uint32_t	 message_limit;		/* of one command; 0: none */
	uint32_t	 save_limit;		/* the same of COPY and APPEND */
	unsigned int	 progress_interval;
	enum conf_journal journal;
	bool		 search_index;
	bool		 inotify;
	enum conf_sandbox sandbox;
	bool		 unauthenticate;
	char		*proxy_trusted;		/* networks: net.h */
	char		*auth_mechanisms;	/* words with one space between */
	char		*oauth_helper;		/* absolute path, or "" */
	unsigned int	 login_cache;		/* 0: none */
	unsigned int	 login_delay;		/* 0: none */
	uint32_t	 login_failures;	/* 0: any number */
	uint32_t	 max_sessions_per_user;	/* 0: any number */
	char		*capabilities_off;	/* words with one space between */
	char		*administrator;		/* whom to ask, e.g. "postmaster" */
	char		*runtime_directory;	/* absolute path, or "" */
	/* Files: an absolute path, or the name of one in systemd's directory
	 * for credentials.  Keys belong to certificates in pairs. */
	struct conf_list tls_certificate, tls_key;
	char		*tls_client_ca;		/* the same, or "" */
	char		*tls_priority;		/* GnuTLS's */
};

/*
 * Read the configuration: file when not NULL, else $MSGSTORE_CONF, else
 * /etc/msgstore.conf, which alone may be missing (all defaults then).  An
 * unknown key or a bad value is an ERR_USER error whose text names file, line
 * and the valid choices.  The caller frees *conf_r with conf_free().
 */
const struct err *conf_load(const char *file, struct conf **conf_r);
void conf_free(struct conf *);		/* NULL is fine */

/*
 * Words of capabilities, with blanks between, as one string with one space
 * between, in *words_r, which is freed when it is not NULL; the caller frees it.
 * False when one of them cannot be a capability.
 */
bool conf_words(const char *, char **words_r);

/* Print every key with its value as "key = value" lines (json: one object). */
void conf_show(const struct conf *, FILE *, bool json);

/* "30s", "12h", "90d": seconds, 1 at least. */
bool conf_duration(const char *, unsigned int *seconds_r);
/* Whether word, in any case, is one of words (or NULL), which have one space
 * between. */
bool conf_words_hold(const char *words, const char *word);

/* The file that conf_load(file, ...) would read. */
const char *conf_path(const char *file);
/* The store: arg when not NULL, else $MSGSTORE, else /var/lib/msgstore. */
const char *conf_store_path(const char *arg);

#endif
