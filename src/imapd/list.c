/* list.c - patterns of LIST and LSUB, and their responses
 * SPDX-License-Identifier: ISC */
#include "imapd/list.h"

#include <string.h>

#include "imapd/capability.h"
#include "imapd/report.h"
#include "wire/mboxname.h"
#include "wire/utf7.h"

/* --- Patterns --- */

/* A name without wildcards finds the mailbox that SELECT would, though the
 * client may compose characters in another way (NFC). */
static void
normalise(struct session *s, struct list_pattern *p)
{
	const char delimiter = s->conf->delimiter;
	struct buf wire = { 0 };
	const char *name;
	size_t len = strlen(p->text);

	if (strpbrk(p->text, "*%") != NULL ||
	    p->text[len - 1] == delimiter ||
	    session_name(s, p->text, &name) != NULL)
		return;
	if (p->utf8)
		mboxname_to_utf8(name, delimiter, &wire);
	else
		mboxname_to_wire(name, delimiter, &wire);
	p->text = arena_memdup(s->arena, wire.s, wire.len);
	buf_clear(&wire);
}

/*
 * The reference is simply put before the pattern: names here are not rooted, so
 * nothing in the pattern could override the reference, and RFC 3501 6.3.8 calls
 * that the normal form then.  False: it can match nothing.
 */
static bool
make_pattern(struct session *s, const char *reference, const char *pattern,
    struct list_pattern *p)
{
	if (*pattern == '\0' ||
	    strlen(reference) + strlen(pattern) > LIST_PATTERN_OCTETS)
		return false;
	p->text = arena_printf(s->arena, "%s%s", reference, pattern);
	p->utf8 = session_name_is_utf8(s, p->text);
	if (p->utf8)
		p->text = mboxname_nfc(s->arena, p->text);
	if (p->text == NULL)
		return false;
	normalise(s, p);
	return true;
}

/* RFC 9051 6.3.9: a pattern that is not accepted is silently ignored. */
void
list_patterns(struct session *s, const struct list_args *args,
    struct list_patterns *set_r)
{
	struct list_pattern *p;

	p = arena_array(s->arena, args->n, sizeof(*p));
	*set_r = (struct list_patterns){ .patterns = p };
	for (size_t i = 0; i < args->n; i++)
		if (make_pattern(s, args->reference, args->patterns[i],
		    &p[set_r->n]))
			set_r->n++;
}

/* name in the form that p is compared with. */
static const char *
form(struct session *s, struct list_patterns *set,
    const struct list_pattern *p, const char *name)
{
	struct buf *b = p->utf8 ? &set->utf8 : &set->utf7;

	if (b->len == 0 && p->utf8)
		mboxname_to_utf8(name, s->conf->delimiter, b);
	else if (b->len == 0)
		mboxname_to_wire(name, s->conf->delimiter, b);
	return buf_str(b);
}

bool
list_matches(struct session *s, struct list_patterns *set, const char *name)
{
	buf_reset(&set->utf8);
	buf_reset(&set->utf7);
	for (size_t i = 0; i < set->n; i++)
		if (mboxname_match(form(s, set, &set->patterns[i], name),
		    set->patterns[i].text, s->conf->delimiter))
			return true;
	return false;
}

bool
list_matches_tree(struct session *s, struct list_patterns *set,
    const char *name)
{
	if (list_matches(s, set, name))
		return true;
	for (size_t i = 0; i < set->n; i++)
		if (mboxname_match_below(form(s, set, &set->patterns[i], name),
		    set->patterns[i].text, s->conf->delimiter))
			return true;
	return false;
}

void
list_patterns_clear(struct list_patterns *set)
{
	buf_clear(&set->utf8);
	buf_clear(&set->utf7);
}

/* --- Responses --- */

static const struct {
	unsigned int	 bit;
	const char	*name;
} attributes[] = {
	{ LIST_NONEXISTENT, "\\NonExistent" },
	{ LIST_NOSELECT, "\\Noselect" },
	{ LIST_HAS_CHILDREN, "\\HasChildren" },
	{ LIST_HAS_NO_CHILDREN, "\\HasNoChildren" },
	{ LIST_SUBSCRIBED, "\\Subscribed" },
	{ LIST_NO_ACCESS, "\\NoAccess" },
};

static void
write_attributes(struct session *s, const struct list_response *r)
{
	const char *sep = "";

	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
		if ((r->attributes & attributes[i].bit) != 0) {
			output_adds(s->out, sep);
			output_adds(s->out, attributes[i].name);
			sep = " ";
		}
	if (r->special_use != NULL) {
		output_adds(s->out, sep);
		output_adds(s->out, r->special_use);
	}
}

/* RFC 9051 7.3.1; RFC 3501 7.2.2 */
void
list_write(struct session *s, const char *what, const struct list_response *r)
{
	output_addf(s->out, "* %s (", what);
	write_attributes(s, r);
	output_add(s->out, ") ", 2);
	reply_delimiter(s->out, s->conf->delimiter);
	output_add(s->out, " ", 1);
	reply_mailbox(s->out, r->name, s->conf->delimiter);
	if (r->childinfo)
		output_adds(s->out, " (\"CHILDINFO\" (\"SUBSCRIBED\"))");
	if (r->oldname != NULL) {
		output_adds(s->out, " (\"OLDNAME\" (");
		reply_astring(s->out, r->oldname, strlen(r->oldname));
		output_add(s->out, "))", 2);
	}
	output_add(s->out, "\r\n", 2);
}

void
list_write_delimiter(struct session *s, const char *what)
{
	output_addf(s->out, "* %s (\\Noselect) ", what);
	reply_delimiter(s->out, s->conf->delimiter);
	output_adds(s->out, " \"\"\r\n");
}

static const struct err *
find_response(struct session *s, const struct place *place,
    struct list_response *r)
{
	const struct err *err;
	struct mailbox_row row;
	bool children, subscribed;

	err = account_find(place->account, s->arena, place->name, &row);
	if (err == NULL)
		err = account_has_children(place->account, place->name,
		    &children);
	if (err == NULL)
		err = account_subscribed(s->account, place->full, &subscribed);
	if (err != NULL)
		return err;
	if (capability_offered(s, "CHILDREN"))
		r->attributes = children ? LIST_HAS_CHILDREN :
		    LIST_HAS_NO_CHILDREN;
	if (row.noselect)
		r->attributes |= LIST_NOSELECT;
	if (subscribed)
		r->attributes |= LIST_SUBSCRIBED;
	/* RFC 6154 2: another's special use is not this user's. */
	if (!place->shared && capability_offered(s, "SPECIAL-USE"))
		r->special_use = row.special_use;
	return NULL;
}

void
list_tell(struct session *s, const struct place *place, const char *oldname)
{
	struct list_response r = { .name = place->full, .oldname = oldname };
	const struct err *err = find_response(s, place, &r);

	if (err == NULL)
		list_write(s, "LIST", &r);
	else if (err->kind != ERR_USER)
		report_error(s, err);
}

/* RFC 9051 6.3.4: a delimiter at the end is no part of the name. */
bool
list_is_oldname(struct session *s, const char *wire, const char *full)
{
	struct buf b = { 0 };
	size_t len = strlen(wire);
	bool differs;

	if (!session_enabled(s, ENABLED_IMAP4REV2))
		return false;
	if (len > 1 && wire[len - 1] == s->conf->delimiter)
		len--;
	mboxname_to_utf8(full, s->conf->delimiter, &b);
	differs = b.len != len || memcmp(b.s, wire, len) != 0;
	buf_clear(&b);
	return differs;
}
