/* place.c - mailbox names, and who may do what there
 * SPDX-License-Identifier: ISC */
#include <string.h>
#include <strings.h>

#include "imapd/session.h"
#include "wire/mboxname.h"

/* The same words whether a shared mailbox does not exist or is not granted:
 * nobody learns of one that is hidden. */
static const struct err *
no_such_mailbox(void)
{
	return err_user(RESP_NONEXISTENT, "No such mailbox");
}

bool
session_has_shares(const struct session *s)
{
	for (size_t i = 0; i < s->shares_n; i++)
		if ((s->shares[i].rights & RIGHT_LOOKUP) != 0)
			return true;
	return false;
}

const struct err *
session_share_account(struct session *s, struct share *share,
    struct account **account_r)
{
	const struct err *err = NULL;

	if (share->account == NULL)
		err = account_open(s->store, ACCOUNT_SHARED, share->name,
		    &share->account);
	if (err != NULL)
		return err->kind == ERR_USER ? no_such_mailbox() : err;
	*account_r = share->account;
	return NULL;
}

/*
 * RFC 9051 5.1; RFC 9755 3: what the client says in UTF-8 is taken from all, and
 * from who enabled it nothing else.
 */
bool
session_name_is_utf8(const struct session *s, const char *wire)
{
	if (output_utf8(s->out))
		return true;
	for (; *wire != '\0'; wire++)
		if ((*wire & 0x80) != 0)
			return true;
	return false;
}

/* The first level of shared names in the one form that it has. */
static const char *
shared_canonical(struct session *s, const char *name)
{
	size_t len = strcspn(name, MBOXNAME_SEP_S);

	if (len == strlen(SHARED_ROOT) &&
	    strncasecmp(name, SHARED_ROOT, len) == 0)
		return arena_printf(s->arena, "%s%s", SHARED_ROOT, name + len);
	return name;
}

const struct err *
session_name(struct session *s, const char *wire, const char **full_r)
{
	const struct err *err;
	const char *name;

	if (session_name_is_utf8(s, wire))
		err = mboxname_from_utf8(s->arena, wire, s->conf->delimiter,
		    &name);
	else
		err = mboxname_from_wire(s->arena, wire, s->conf->delimiter,
		    &name);
	if (err == NULL)
		*full_r = shared_canonical(s, name);
	return err;
}

/* What is behind "shared": NULL for a personal name, "" for the root itself. */
static const char *
below_shared(const char *full)
{
	size_t len = strlen(SHARED_ROOT);

	if (strncmp(full, SHARED_ROOT, len) != 0)
		return NULL;
	if (full[len] == MBOXNAME_SEP)
		return full + len + 1;
	return full[len] == '\0' ? full + len : NULL;
}

/* RFC 4314 2.1 */
static rights_t
personal_rights(const struct session *s)
{
	rights_t rights = RIGHTS_ALL & ~(RIGHT_CREATE | RIGHT_DELETE_MAILBOX);

	if ((s->may & MAY_CREATE) != 0)
		rights |= RIGHT_CREATE;
	if ((s->may & MAY_DELETE) != 0)
		rights |= RIGHT_DELETE_MAILBOX;
	return rights;
}

static const struct err *
shared_place(struct session *s, const char *rest, struct place *place)
{
	const struct err *err;
	size_t len = strcspn(rest, MBOXNAME_SEP_S);

	for (size_t i = 0; i < s->shares_n; i++) {
		struct share *share = &s->shares[i];

		if (strlen(share->name) != len ||
		    strncmp(share->name, rest, len) != 0 ||
		    (share->rights & RIGHT_LOOKUP) == 0)
			continue;
		err = session_share_account(s, share, &place->account);
		if (err != NULL)
			return err;
		place->rights = share->rights;
		place->name = rest[len] != '\0' ? rest + len + 1 : "";
		return NULL;
	}
	return no_such_mailbox();
}

const struct err *
session_place_full(struct session *s, const char *full, struct place *place_r)
{
	const struct err *err;
	struct place place = { .full = full };
	const char *rest;

	rest = below_shared(place.full);
	place.shared = rest != NULL;
	if (rest == NULL) {
		place.account = s->account;
		place.name = place.full;
		place.rights = personal_rights(s);
	} else if (*rest == '\0') {
		place.name = "";
		place.rights = RIGHT_LOOKUP;
	} else {
		err = shared_place(s, rest, &place);
		if (err != NULL)
			return err;
	}
	*place_r = place;
	return NULL;
}

const struct err *
session_place(struct session *s, const char *wire, struct place *place_r)
{
	const struct err *err;
	const char *full;

	err = session_name(s, wire, &full);
	return err != NULL ? err : session_place_full(s, full, place_r);
}

const struct err *
session_place_utf8(struct session *s, const char *utf8, struct place *place_r)
{
	const struct err *err;
	const char *name;

	err = mboxname_from_utf8(s->arena, utf8, s->conf->delimiter, &name);
	return err != NULL ? err : session_place_full(s,
	    shared_canonical(s, name), place_r);
}

/* The first of the missing rights names what is refused. */
static const struct {
	rights_t	 right;
	const char	*what;
} refusals[] = {
	{ RIGHT_LOOKUP, "see this mailbox" },
	{ RIGHT_READ, "read this mailbox" },
	{ RIGHT_CREATE, "create mailboxes here" },
	{ RIGHT_DELETE_MAILBOX, "delete or rename this mailbox" },
	{ RIGHT_INSERT, "add messages to this mailbox" },
	{ RIGHT_EXPUNGE, "expunge messages from this mailbox" },
	{ RIGHT_DELETE, "delete messages in this mailbox" },
	{ RIGHT_WRITE, "change flags in this mailbox" },
	{ RIGHT_SEEN, "change \\Seen in this mailbox" },
	{ RIGHT_POST, "send mail to this mailbox" },
	{ RIGHT_ADMIN, "change who may use this mailbox" },
};

/* "shared" has no messages of its own; who sees no mailbox below it has no
 * such name. */
static const struct err *
shared_root(const struct session *s)
{
	if (!session_has_shares(s))
		return no_such_mailbox();
	return err_user(RESP_CANNOT,
	    "%s is not a mailbox, it only holds shared ones", SHARED_ROOT);
}

const struct err *
session_need(struct session *s, const struct place *place, rights_t need)
{
	rights_t missing = need & ~place->rights;

	if (missing == 0)
		return NULL;
	if (place->account == NULL)
		return shared_root(s);
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if ((missing & refusals[i].right) != 0)
			return err_user(RESP_NOPERM, "You may not %s; ask %s",
			    refusals[i].what, s->conf->administrator);
	return err_user(RESP_NOPERM, "You may not do this; ask %s",
	    s->conf->administrator);
}

static const struct err *
open_again(struct session *s, const struct place *place, bool trycreate,
    struct mailbox *held, struct mailbox **mbox_r)
{
	const struct err *err;

	if (place->account == NULL)
		return shared_root(s);
	err = mailbox_open_again(place->account, place->name, held, mbox_r);
	if (err == NULL || err->kind != ERR_USER || err->code == NULL ||
	    strcmp(err->code, RESP_NONEXISTENT) != 0)
		return err;
	/* RFC 3501 6.3.11: not when it is certain that CREATE would fail. */
	if (trycreate && (place->rights & RIGHT_CREATE) != 0 &&
	    *place->name != '\0')
		return err_user(RESP_TRYCREATE, "No such mailbox");
	return no_such_mailbox();
}

const struct err *
session_open(struct session *s, const struct place *place, bool trycreate,
    struct mailbox **mbox_r)
{
	return open_again(s, place, trycreate, NULL, mbox_r);
}

const struct err *
session_open_appended(struct session *s, const struct place *place,
    struct mailbox **mbox_r)
{
	struct mailbox *held = NULL;

	if (place->account == s->account) {
		held = s->appended;
		s->appended = NULL;
	}
	return open_again(s, place, true, held, mbox_r);
}

void
session_keep_appended(struct session *s, struct mailbox *mbox)
{
	/* A shared one's account may be closed at any time. */
	if (mailbox_account(mbox) != s->account) {
		mailbox_close(mbox);
		return;
	}
	mailbox_close(s->appended);
	s->appended = mbox;
}
