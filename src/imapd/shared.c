/* shared.c - names in the shared namespace that IMAP cannot change
 * SPDX-License-Identifier: ISC */
#include "imapd/shared.h"

#include <string.h>

static const struct err *
refuse(void)
{
	return err_user(RESP_CANNOT,
	    "The administrator makes, renames and deletes what is directly "
	    "below %s (with mboxadm)", SHARED_ROOT);
}

const struct err *
shared_fixed(const struct place *place)
{
	return place->shared && *place->name == '\0' ? refuse() : NULL;
}

const struct err *
shared_new_place(struct session *s, const char *wire, struct place *place_r)
{
	const struct err *err;
	struct place place;

	err = session_place(s, wire, &place);
	if (err != NULL && err->kind == ERR_USER && err->code != NULL &&
	    strcmp(err->code, RESP_NONEXISTENT) == 0)
		return refuse();
	if (err == NULL)
		err = shared_fixed(&place);
	if (err == NULL)
		*place_r = place;
	return err;
}
