/* gsasl.h - libgsasl, loaded when it is first needed
 * SPDX-License-Identifier: ISC
 *
 * Few sessions need it, and none after login: it is no dependency that the
 * program starts with. */
#ifndef MSGSTORE_GSASL_H
#define MSGSTORE_GSASL_H

#include <gsasl.h>

/* The functions in use, by their names without "gsasl_". */
struct gsasl_api {
	__typeof__(gsasl_init)			*init;
	__typeof__(gsasl_done)			*done;
	__typeof__(gsasl_callback_set)		*callback_set;
	__typeof__(gsasl_server_start)		*server_start;
	__typeof__(gsasl_session_hook_set)	*session_hook_set;
	__typeof__(gsasl_session_hook_get)	*session_hook_get;
	__typeof__(gsasl_property_set_raw)	*property_set_raw;
	__typeof__(gsasl_property_fast)		*property_fast;
	__typeof__(gsasl_step)			*step;
	__typeof__(gsasl_finish)		*finish;
	__typeof__(gsasl_saslprep)		*saslprep;
	__typeof__(gsasl_free)			*free;
	__typeof__(gsasl_strerror_name)		*strerror_name;
};

/* NULL when it cannot be loaded: *why_r tells, until the next call. */
const struct gsasl_api *gsasl_load(const char **why_r);
void gsasl_unload(void);		/* when not loaded: nothing */

/* RFC 4013's form of a password, for free(3); NULL when it has none. */
char *gsasl_prepare(const char *);

#endif
