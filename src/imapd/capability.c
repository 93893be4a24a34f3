/* capability.c - the list of capabilities
 * SPDX-License-Identifier: ISC */
#include "imapd/capability.h"

#include <strings.h>

#include "imapd/limit.h"
#include "imapd/login.h"

static bool
literal_plus_is_off(const struct session *s)
{
	return capability_off(s, "LITERAL+");
}

/* RFC 7889 5: a number of 32 bits. */
uint64_t
capability_append_limit(const struct session *s)
{
	return s->conf->message_size_limit < UINT32_MAX ?
	    s->conf->message_size_limit : UINT32_MAX;
}

/* RFC 9738 3 */
static uint64_t
message_limit(const struct session *s)
{
	return s->conf->message_limit;
}

static bool
has_message_limit(const struct session *s)
{
	return s->conf->message_limit > 0;
}

static uint64_t
save_limit(const struct session *s)
{
	return s->conf->save_limit;
}

static bool
has_save_limit(const struct session *s)
{
	return limit_messages(s) == 0 && s->conf->save_limit > 0;
}

static bool
may_start_tls(const struct session *s)
{
	return s->peer.starttls;
}

static bool
may_unauthenticate(const struct session *s)
{
	return s->conf->unauthenticate;
}

#define CAPABILITY_CMDS	6

/*
 * What is offered in which state.  What is of use only after login is listed
 * before it too: some clients (Python's imaplib is one) ask once, at the start.
 * Every word is in msgstore-capabilities(7) too.
 */
static const struct capability {
	const char	 *word;
	unsigned int	  states;	/* 0: any */
	bool		(*when)(const struct session *);	/* NULL: always */
	/* Told behind '=' when there is one: "APPENDLIMIT=100". */
	uint64_t	(*value)(const struct session *);
	/* Words that this is the beginning of: adds them all. */
	void		(*words)(const struct session *, struct buf *);
	/* Known while one of the capabilities that list it is not off. */
	const struct cmd *cmds[CAPABILITY_CMDS];
	bool		  fixed;	/* cannot be turned off */
} capabilities[] = {
	{ .word = "IMAP4rev1", .fixed = true },
	{ .word = "IMAP4rev2" },
	{ .word = "LITERAL+" },
	/* RFC 7888 5: never both. */
	{ .word = "CONTEXT=SEARCH", .cmds = { &cmd_cancelupdate } },
	{ .word = "CONTEXT=SORT", .cmds = { &cmd_cancelupdate } },
	{ .word = "I18NLEVEL=1" },
	{ .word = "I18NLEVEL=2", .cmds = { &cmd_comparator } },
	{ .word = "LITERAL-", .when = literal_plus_is_off },
	{ .word = "SASL-IR", .states = ST_NOT_AUTHENTICATED },
	/* RFC 3501 7.2.1: how a client learns not to send its password. */
	{ .word = "LOGINDISABLED", .states = ST_NOT_AUTHENTICATED,
	    .when = login_disabled, .fixed = true },
	{ .word = "AUTH=", .states = ST_NOT_AUTHENTICATED,
	    .words = login_mechanisms, .fixed = true },
	{ .word = "APPENDLIMIT", .value = capability_append_limit },
	{ .word = "BINARY" },
	{ .word = "CATENATE" },
	{ .word = "CHILDREN" },
	{ .word = "COMPRESS=DEFLATE", .cmds = { &cmd_compress } },
	{ .word = "CONDSTORE" },
	{ .word = "CREATE-SPECIAL-USE" },
	{ .word = "ENABLE", .cmds = { &cmd_enable } },
	{ .word = "ESEARCH" },
	{ .word = "ESORT" },
	{ .word = "ID", .cmds = { &cmd_id } },
	{ .word = "IDLE", .cmds = { &cmd_idle } },
	{ .word = "INPROGRESS" },
	{ .word = "LIST-EXTENDED" },
	{ .word = "LIST-STATUS" },
	{ .word = "MESSAGELIMIT", .when = has_message_limit,
	    .value = message_limit },
	{ .word = "MOVE", .cmds = { &cmd_move, &cmd_uid_move } },
	{ .word = "MULTIAPPEND" },
	{ .word = "MULTISEARCH", .cmds = { &cmd_esearch } },
	{ .word = "NAMESPACE", .cmds = { &cmd_namespace } },
	{ .word = "NOTIFY", .cmds = { &cmd_notify } },
	{ .word = "OBJECTID" },
	{ .word = "PARTIAL" },
	{ .word = "PREVIEW" },
	{ .word = "QRESYNC" },
	{ .word = "REPLACE", .cmds = { &cmd_replace, &cmd_uid_replace } },
	{ .word = "SAVEDATE" },
	{ .word = "SAVELIMIT", .when = has_save_limit, .value = save_limit },
	{ .word = "SEARCH=FUZZY" },
	{ .word = "SEARCHRES" },
	{ .word = "SORT", .cmds = { &cmd_sort, &cmd_uid_sort } },
	{ .word = "SORT=DISPLAY" },
	{ .word = "SPECIAL-USE" },
	{ .word = "STARTTLS", .states = ST_NOT_AUTHENTICATED,
	    .when = may_start_tls, .cmds = { &cmd_starttls } },
	{ .word = "STATUS=SIZE" },
	{ .word = "THREAD=ORDEREDSUBJECT",
	    .cmds = { &cmd_thread, &cmd_uid_thread } },
	{ .word = "THREAD=REFERENCES",
	    .cmds = { &cmd_thread, &cmd_uid_thread } },
	{ .word = "THREAD=REFS",
	    .cmds = { &cmd_thread, &cmd_uid_thread } },
	{ .word = "UIDBATCHES", .cmds = { &cmd_uidbatches } },
	{ .word = "UIDONLY" },
	{ .word = "UIDPLUS", .cmds = { &cmd_uid_expunge } },
	{ .word = "UNAUTHENTICATE", .when = may_unauthenticate,
	    .cmds = { &cmd_unauthenticate } },
	{ .word = "UNSELECT", .cmds = { &cmd_unselect } },
	{ .word = "URL-PARTIAL" },
	{ .word = "UTF8=ACCEPT" },
	{ .word = "WITHIN" },
};
#define CAPABILITIES	(sizeof(capabilities) / sizeof(capabilities[0]))

bool
capability_off(const struct session *s, const char *word)
{
	return conf_words_hold(s->conf->capabilities_off, word) ||
	    conf_words_hold(s->capabilities_off, word);
}

static bool
offered(const struct session *s, const struct capability *c)
{
	return (c->states == 0 || (c->states & s->state) != 0) &&
	    (c->when == NULL || c->when(s)) &&
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
	struct buf data = { 0 };
	const char *copy;

	buf_adds(&data, "CAPABILITY");
	for (size_t i = 0; i < CAPABILITIES; i++) {
		const struct capability *c = &capabilities[i];

		if (!offered(s, c))
			continue;
		if (c->words != NULL) {
			c->words(s, &data);
			continue;
		}
		buf_addf(&data, " %s", c->word);
		if (c->value != NULL)
			buf_addf(&data, "=%llu",
			    (unsigned long long)c->value(s));
	}
	copy = arena_memdup(s->arena, data.s, data.len);
	buf_clear(&data);
	return copy;
}

static bool
lists(const struct capability *c, const struct cmd *cmd)
{
	for (size_t i = 0; i < CAPABILITY_CMDS && c->cmds[i] != NULL; i++)
		if (c->cmds[i] == cmd)
			return true;
	return false;
}

bool
capability_disables(const struct session *s, const struct cmd *cmd)
{
	bool listed = false;

	for (size_t i = 0; i < CAPABILITIES; i++) {
		if (!lists(&capabilities[i], cmd))
			continue;
		if (!capability_off(s, capabilities[i].word) &&
		    (capabilities[i].when == NULL || capabilities[i].when(s)))
			return false;
		listed = true;
	}
	return listed;
}
