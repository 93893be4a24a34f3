/* capability.c - the list of capabilities
 * SPDX-License-Identifier: ISC */
#include "imapd/capability.h"

#include <string.h>
#include <strings.h>

#include "imapd/login.h"

static bool
cleartext_refused(const struct session *s)
{
	return !login_allowed(s);
}

/*
 * What is offered in which state.  What is of use only after login is listed
 * before it too: some clients (Python's imaplib is one) ask once, at the start.
 */
static const struct capability {
	const char	 *word;
	unsigned int	  states;
	bool		(*when)(const struct session *);	/* NULL: always */
	const struct cmd *cmd;	/* that turning it off disables */
	bool		  fixed;	/* cannot be turned off */
} capabilities[] = {
	{ "IMAP4rev1", ST_ANY, NULL, NULL, true },
	{ "LITERAL+", ST_ANY, NULL, NULL, false },
	{ "SASL-IR", ST_NOT_AUTHENTICATED, NULL, NULL, false },
	/* RFC 3501 7.2.1: how a client learns not to send its password. */
	{ "LOGINDISABLED", ST_NOT_AUTHENTICATED, cleartext_refused, NULL,
	    true },
	{ "AUTH=PLAIN", ST_NOT_AUTHENTICATED, login_allowed, NULL, false },
	{ "ENABLE", ST_ANY, NULL, &cmd_enable, false },
	{ "ID", ST_ANY, NULL, &cmd_id, false },
	{ "IDLE", ST_ANY, NULL, &cmd_idle, false },
	{ "NAMESPACE", ST_ANY, NULL, &cmd_namespace, false },
	{ "CHILDREN", ST_ANY, NULL, NULL, false },
	{ "UNSELECT", ST_ANY, NULL, &cmd_unselect, false },
	{ "UIDPLUS", ST_ANY, NULL, &cmd_uid_expunge, false },
};
#define CAPABILITIES	(sizeof(capabilities) / sizeof(capabilities[0]))

/* s: words with one space between. */
static bool
words_hold(const char *s, const char *word)
{
	size_t len = strlen(word);

	while (s != NULL && *s != '\0') {
		size_t n = strcspn(s, " ");

		if (n == len && strncasecmp(s, word, n) == 0)
			return true;
		s += n;
		s += strspn(s, " ");
	}
	return false;
}

bool
capability_off(const struct session *s, const char *word)
{
	return words_hold(s->conf->capabilities_off, word);
}

static bool
offered(const struct session *s, const struct capability *c)
{
	return (c->states & s->state) != 0 && (c->when == NULL || c->when(s)) &&
	    (c->fixed || !capability_off(s, c->word));
}

bool
capability_offered(const struct session *s, const char *word)
{
	for (size_t i = 0; i < CAPABILITIES; i++)
		if (strcasecmp(capabilities[i].word, word) == 0)
			return offered(s, &capabilities[i]);
	return false;
}

const char *
capability_data(const struct session *s)
{
	const char *data = "CAPABILITY";

	for (size_t i = 0; i < CAPABILITIES; i++) {
		const struct capability *c = &capabilities[i];

		if (offered(s, c))
			data = arena_printf(s->arena, "%s %s", data, c->word);
	}
	return data;
}

bool
capability_disables(const struct session *s, const struct cmd *cmd)
{
	for (size_t i = 0; i < CAPABILITIES; i++)
		if (capabilities[i].cmd == cmd && !capabilities[i].fixed)
			return capability_off(s, capabilities[i].word);
	return false;
}
