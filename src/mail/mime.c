/* mime.c - the tree of a message's parts
 * SPDX-License-Identifier: ISC
 *
 * One pass over the lines.  A line that begins with "--" is compared with the
 * boundaries of the multiparts around it, at most MIME_DEPTH_MAX: outer ones
 * end inner parts too (RFC 2046 5.1.2). */
#include "mail/mime.h"

#include <string.h>
#include <strings.h>

#include "mail/header.h"
#include "mail/params.h"

/*
 * Octets of field values kept of one message.  Beyond it each is cut at
 * VALUE_SHORT: two thousand parts with long values must not fill the memory.
 */
#define VALUES_MAX	(1024 * 1024)
#define VALUE_SHORT	256
#define LANGUAGES_MAX	16
/* Content- fields that are looked at: one that says nothing takes memory too. */
#define FIELDS_MAX	(16 * MIME_PARTS_MAX)

struct level {
	const char	*boundary;
	size_t		 len;
};

struct reader {
	struct arena	*arena;
	const char	*s;
	size_t		 len;
	size_t		 pos;		/* at a line's start, or at len */
	uint64_t	 lines;		/* line ends before pos */
	struct level	 levels[MIME_DEPTH_MAX];
	unsigned int	 open;		/* levels in use, outer first */
	unsigned int	 parts;
	unsigned int	 fields;	/* of those with a Content- name */
	size_t		 values;	/* octets of field values kept */
};

/* Where a part's content ended, and why. */
struct stop {
	int		 level;		/* whose boundary, -1: the message's end */
	bool		 closing;
	size_t		 end;		/* of the content */
	uint64_t	 lines;		/* line ends before end */
};

static struct stop read_entity(struct reader *, struct mime_part *,
    unsigned int depth);

static size_t
line_length(const struct reader *r)
{
	const char *p = r->s + r->pos;
	const char *lf = memchr(p, '\n', r->len - r->pos);

	return lf == NULL ? r->len - r->pos : (size_t)(lf - p) + 1;
}

static void
skip_line(struct reader *r, size_t len)
{
	r->pos += len;
	r->lines += r->s[r->pos - 1] == '\n';
}

/*
 * RFC 2046 5.1.1.  The whole line must be the boundary, blanks behind it apart,
 * so that "--abcd" is not taken for boundary "abc" when both are open.
 */
static bool
is_delimiter(const struct reader *r, size_t len, struct stop *stop)
{
	const char *line = r->s + r->pos;
	const struct level *l;

	if (r->open == 0 || len < 3 || line[0] != '-' || line[1] != '-')
		return false;
	while (len > 2 && strchr(" \t\r\n", line[len - 1]) != NULL &&
	    line[len - 1] != '\0')
		len--;
	line += 2;
	len -= 2;
	for (int i = (int)r->open - 1; i >= 0; i--) {
		l = &r->levels[i];
		stop->level = i;
		stop->closing = len == l->len + 2 && line[len - 1] == '-' &&
		    line[len - 2] == '-';
		if (!stop->closing && (len != l->len ||
		    r->parts >= MIME_PARTS_MAX))
			continue;
		if (memcmp(line, l->boundary, l->len) == 0)
			return true;
	}
	return false;
}

/* The content ended before the delimiter at pos, to which the line end before
 * it belongs; go behind the delimiter. */
static void
stop_here(struct reader *r, size_t len, struct stop *stop)
{
	stop->end = r->pos;
	stop->lines = r->lines;
	if (stop->end > 0 && r->s[stop->end - 1] == '\n') {
		stop->end--;
		stop->lines--;
		if (stop->end > 0 && r->s[stop->end - 1] == '\r')
			stop->end--;
	}
	skip_line(r, len);
}

/* Go on to behind the next delimiter of any open boundary, or to the end. */
static struct stop
scan(struct reader *r)
{
	struct stop stop = { .level = -1 };
	size_t len;

	while (r->pos < r->len) {
		len = line_length(r);
		if (is_delimiter(r, len, &stop)) {
			stop_here(r, len, &stop);
			return stop;
		}
		skip_line(r, len);
	}
	return (struct stop){ .level = -1, .end = r->len, .lines = r->lines };
}

/*
 * The header, through its empty line; *lines_r becomes the line ends before
 * the body.  True when a delimiter ended it: the part has no body.
 */
static bool
read_header(struct reader *r, struct mime_part *part, struct stop *stop,
    uint64_t *lines_r)
{
	bool ended = false, empty = false;
	size_t len;

	part->header_off = r->pos;
	while (!empty && r->pos < r->len) {
		len = line_length(r);
		ended = is_delimiter(r, len, stop);
		if (ended)
			break;
		skip_line(r, len);
		empty = header_line_is_empty(r->s + r->pos - len, len);
	}
	part->body_off = r->pos;
	part->header_len = part->body_off - part->header_off;
	*lines_r = r->lines;
	if (ended)
		stop_here(r, len, stop);
	return ended;
}

static char *
field_value(struct reader *r, const struct header_field *f)
{
	char *s = header_unfold(r->arena, f, r->values < VALUES_MAX ?
	    MIME_VALUE_MAX : VALUE_SHORT);

	r->values += strlen(s);
	return s;
}

static void
set_type(struct mime_part *part, const char *type, const char *subtype)
{
	part->type = type;
	part->subtype = subtype;
}

/* RFC 2045 5.2: what a part is that does not say, or cannot be understood. */
static void
set_text(struct mime_part *part)
{
	static struct mime_param us_ascii = { "CHARSET", "US-ASCII" };

	set_type(part, "TEXT", "PLAIN");
	part->params = &us_ascii;
	part->params_n = 1;
}

/*
 * What cannot be understood is text, RFC 2045 5.2 says, but the parameters beside it
 * are kept: "text; charset=utf-8" and "pdf; name=a.pdf" are met.
 */
static void
read_type(struct reader *r, struct mime_part *part, const char *s)
{
	const char *type, *subtype = NULL, *start = s;
	struct mime_param *params;
	size_t n;

	type = value_token(r->arena, &s);
	value_skip(&s);
	if (type != NULL && *s == '/') {
		s++;
		subtype = value_token(r->arena, &s);
		value_skip(&s);
		/* "multipart/ boundary=x" */
		if (*s == '=')
			subtype = NULL;
	}
	if (subtype == NULL) {
		set_text(part);
		n = params_parse(r->arena, start, &params);
		if (n > 0) {
			part->params = params;
			part->params_n = n;
		}
		return;
	}
	set_type(part, type, subtype);
	part->params_n = params_parse(r->arena, s, &part->params);
}

static void
read_encoding(struct reader *r, struct mime_part *part, const char *s)
{
	const char *name = value_token(r->arena, &s);

	if (name == NULL)
		return;
	part->encoding_name = name;
	if (strcmp(name, "BASE64") == 0)
		part->encoding = MIME_BASE64;
	else if (strcmp(name, "QUOTED-PRINTABLE") == 0)
		part->encoding = MIME_QUOTED_PRINTABLE;
	/* "7BIT", "8BIT", and what senders made of them: "7-bit", "8bits". */
	else if (name[0] == '7' || name[0] == '8' ||
	    strcmp(name, "BINARY") == 0)
		part->encoding = MIME_IDENTITY;
	else
		part->encoding = MIME_UNKNOWN;
}

/*
 * RFC 2183 2.  Some write the type in quotes, others forget it: what tells a file's
 * name only is an attachment, as unknown types are (RFC 2183 2.8).
 */
static void
read_disposition(struct reader *r, struct mime_part *part, const char *s)
{
	const char *type, *start;

	value_skip(&s);
	if (*s == '"')
		s++;
	start = s;
	type = value_token(r->arena, &s);
	value_skip(&s);
	if (*s == '=') {
		type = NULL;
		s = start;
	}
	if (*s == '"')
		s++;
	part->disposition_params_n = params_parse(r->arena, s,
	    &part->disposition_params);
	if (type == NULL && part->disposition_params_n > 0)
		type = "ATTACHMENT";
	part->disposition = type;
}

/* Tags with commas between them. */
static void
read_languages(struct reader *r, struct mime_part *part, const char *s)
{
	size_t n = 0, len;

	part->languages = arena_array(r->arena, LANGUAGES_MAX,
	    sizeof(*part->languages));
	while (n < LANGUAGES_MAX) {
		value_skip(&s);
		len = strcspn(s, ",; \t\r\n(");
		if (len > 0)
			part->languages[n++] = arena_memdup(r->arena, s, len);
		s += len;
		value_skip(&s);
		if (*s == '\0')
			break;
		if (*s == ',' || *s == ';')
			s++;
	}
	part->languages_n = n;
}

/* Of fields with the same name the first counts. */
static void
read_field(struct reader *r, struct mime_part *part,
    const struct header_field *f)
{
	if (header_is(f, "Content-Type")) {
		if (part->type == NULL)
			read_type(r, part, field_value(r, f));
	} else if (header_is(f, "Content-Transfer-Encoding")) {
		if (part->encoding_name == NULL)
			read_encoding(r, part, field_value(r, f));
	} else if (header_is(f, "Content-ID")) {
		if (part->id == NULL)
			part->id = field_value(r, f);
	} else if (header_is(f, "Content-Description")) {
		if (part->description == NULL)
			part->description = field_value(r, f);
	} else if (header_is(f, "Content-MD5")) {
		if (part->md5 == NULL)
			part->md5 = field_value(r, f);
	} else if (header_is(f, "Content-Disposition")) {
		if (part->disposition == NULL)
			read_disposition(r, part, field_value(r, f));
	} else if (header_is(f, "Content-Language")) {
		if (part->languages_n == 0)
			read_languages(r, part, field_value(r, f));
	} else if (header_is(f, "Content-Location")) {
		if (part->location == NULL)
			part->location = field_value(r, f);
	}
}

static bool
is_message_type(const struct mime_part *part)
{
	return strcmp(part->type, "MESSAGE") == 0 &&
	    (strcmp(part->subtype, "RFC822") == 0 ||
	    strcmp(part->subtype, "GLOBAL") == 0);
}

/*
 * What the part is, by its type.  A multipart is read whatever encoding it
 * claims: senders write nonsense there.  A message that is encoded, which RFC
 * 2046 5.2.1 forbids, must not be called MESSAGE RFC822 in a body structure
 * without telling what is inside; RFC 2045 6.4 makes it octets.
 */
static void
set_kind(const struct reader *r, struct mime_part *part, unsigned int depth)
{
	bool multipart = strcmp(part->type, "MULTIPART") == 0;

	if (!multipart && !is_message_type(part))
		return;
	if (!multipart && part->encoding != MIME_IDENTITY) {
		set_type(part, "APPLICATION", "OCTET-STREAM");
	} else if (depth >= MIME_DEPTH_MAX || r->parts >= MIME_PARTS_MAX) {
		set_text(part);
	} else {
		part->kind = multipart ? MIME_MULTIPART : MIME_MESSAGE;
		if (multipart)
			part->encoding = MIME_IDENTITY;
	}
}

static void
read_fields(struct reader *r, struct mime_part *part, unsigned int depth)
{
	const struct mime_part *parent = part->parent;
	struct header_iter it;
	struct header_field f;

	header_first(&it, r->s + part->header_off, part->header_len);
	while (header_next(&it, &f))
		if (f.name_len > 8 &&
		    strncasecmp(f.name, "Content-", 8) == 0 &&
		    r->fields++ < FIELDS_MAX)
			read_field(r, part, &f);
	if (part->type == NULL) {
		/* RFC 2046 5.1.5 */
		if (parent != NULL && parent->kind == MIME_MULTIPART &&
		    strcmp(parent->subtype, "DIGEST") == 0)
			set_type(part, "MESSAGE", "RFC822");
		else
			set_text(part);
	}
	set_kind(r, part, depth);
}

static struct mime_part *
add_part(struct reader *r, struct mime_part *parent, struct mime_part *last)
{
	struct mime_part *part = arena_alloc(r->arena, sizeof(*part));

	r->parts++;
	part->parent = parent;
	if (last != NULL)
		last->next = part;
	else if (parent != NULL)
		parent->child = part;
	return part;
}

/*
 * A multipart without any part: no boundary, or none of it to be found.  The
 * grammar wants one (RFC 9051 9 "body-type-mpart"), so all of it is shown as
 * one text.
 */
static void
add_whole(struct reader *r, struct mime_part *part, const struct stop *stop,
    uint64_t lines)
{
	struct mime_part *child = add_part(r, part, NULL);

	set_text(child);
	child->header_off = child->body_off = part->body_off;
	if (stop->end > part->body_off) {
		child->body_len = stop->end - part->body_off;
		child->body_lines = stop->lines - lines;
	}
}

static struct stop
read_multipart(struct reader *r, struct mime_part *part, unsigned int depth)
{
	struct level *level = &r->levels[r->open];
	struct mime_part *child = NULL;
	uint64_t lines = r->lines;
	int mine = (int)r->open;
	struct stop stop;

	level->boundary = params_get(r->arena, part->params, part->params_n,
	    "BOUNDARY");
	level->len = level->boundary == NULL ? 0 : strlen(level->boundary);
	while (level->len > 0 && strchr(" \t",
	    level->boundary[level->len - 1]) != NULL)
		level->len--;
	if (level->len > 0)
		r->open++;
	stop = scan(r);
	if (level->len > 0) {
		while (stop.level == mine && !stop.closing) {
			child = add_part(r, part, child);
			stop = read_entity(r, child, depth + 1);
		}
		r->open--;
		/* What follows the last delimiter is nobody's. */
		if (stop.level == mine)
			stop = scan(r);
	}
	if (child == NULL)
		add_whole(r, part, &stop, lines);
	return stop;
}

/* What a part has whose header was ended by a delimiter: nothing. */
static void
no_body(struct reader *r, struct mime_part *part)
{
	struct mime_part *child;

	if (part->kind == MIME_LEAF)
		return;
	child = add_part(r, part, NULL);
	set_text(child);
	child->header_off = child->body_off = part->body_off;
}

/* Read one part, or the message; returns what ended it. */
static struct stop
read_entity(struct reader *r, struct mime_part *part, unsigned int depth)
{
	struct stop stop = { .level = -1 };
	uint64_t lines;
	bool ended = read_header(r, part, &stop, &lines);

	read_fields(r, part, depth);
	if (ended)
		no_body(r, part);
	else if (part->kind == MIME_MULTIPART)
		stop = read_multipart(r, part, depth);
	else if (part->kind == MIME_MESSAGE)
		stop = read_entity(r, add_part(r, part, NULL), depth + 1);
	else
		stop = scan(r);
	/* The line end before a delimiter may be that of our own header. */
	if (stop.end < part->body_off) {
		stop.end = part->body_off;
		stop.lines = lines;
	}
	part->body_len = stop.end - part->body_off;
	part->body_lines = stop.lines - lines;
	return stop;
}

struct mime_part *
mime_parse(struct arena *a, const char *s, size_t len)
{
	struct reader r = { .arena = a, .s = s, .len = len };
	struct mime_part *root = add_part(&r, NULL, NULL);

	read_entity(&r, root, 0);
	return root;
}
