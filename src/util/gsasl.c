/* gsasl.c - libgsasl, loaded when it is first needed
 * SPDX-License-Identifier: ISC */
#include "util/gsasl.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "util/log.h"

#define LIBRARY	"libgsasl.so.18"

static void *library;
static struct gsasl_api api;

#define AT(name)	{ "gsasl_" #name, offsetof(struct gsasl_api, name) }
static const struct {
	const char	*name;
	size_t		 at;
} functions[] = {
	AT(init), AT(done), AT(callback_set), AT(server_start),
	AT(session_hook_set), AT(session_hook_get), AT(property_set_raw),
	AT(property_fast), AT(step), AT(finish), AT(saslprep), AT(free),
	AT(strerror_name)
};
#define FUNCTIONS	(sizeof(functions) / sizeof(functions[0]))

const struct gsasl_api *
gsasl_load(const char **why_r)
{
	if (library != NULL)
		return &api;
	library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (library == NULL) {
		*why_r = dlerror();
		return NULL;
	}
	for (size_t i = 0; i < FUNCTIONS; i++) {
		void *at = dlsym(library, functions[i].name);

		if (at == NULL) {
			*why_r = dlerror();
			gsasl_unload();
			return NULL;
		}
		memcpy((char *)&api + functions[i].at, &at, sizeof(at));
	}
	return &api;
}

void
gsasl_unload(void)
{
	if (library != NULL)
		dlclose(library);
	library = NULL;
}

char *
gsasl_prepare(const char *password)
{
	const struct gsasl_api *g;
	const char *why;
	char *out = NULL, *copy = NULL;
	bool loaded = library != NULL;

	g = gsasl_load(&why);
	if (g == NULL) {
		log_error("%s", why);
		return NULL;
	}
	/* RFC 5802 2.2: what is not assigned is not let pass. */
	if (g->saslprep(password, 0, &out, NULL) == GSASL_OK) {
		copy = strdup(out);
		if (copy == NULL)
			fatal("out of memory");
		explicit_bzero(out, strlen(out));
		g->free(out);
	}
	if (!loaded)
		gsasl_unload();
	return copy;
}
