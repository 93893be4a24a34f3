/* parser.c - a streaming parser of IMAP commands
 * SPDX-License-Identifier: ISC */
#include "wire/parser.h"

#include <string.h>
#include <strings.h>

#include "wire/flag.h"
#include "wire/respcode.h"
#include "wire/utf7.h"

/* Octets of lines, literals apart, that parser_skip() drops before it gives
 * up: who sends more is not going to end the line. */
#define SKIP_LINES_MAX	(8 * COMMAND_MAX_OCTETS)
#define NUMBER64_MAX	((uint64_t)INT64_MAX)	/* RFC 9051 9 "number64" */

/* How much of "{42+}" CRLF the octets read last are: parser.tail. */
enum tail { TAIL_NONE, TAIL_OPEN, TAIL_DIGITS, TAIL_PLUS, TAIL_CLOSE, TAIL_CR };

/* RFC 9051 9: what each octet may be part of. */
enum {
	C_ATOM	= 1 << 0,	/* ATOM-CHAR */
	C_RESP	= 1 << 1,	/* resp-specials */
	C_WILD	= 1 << 2,	/* list-wildcards */
	C_SLASH	= 1 << 3,	/* '\', for mailbox names */
	C_OPEN	= 1 << 4,	/* '[', where parser_word() stops */
	C_PLUS	= 1 << 5,	/* '+', not in a tag */
	C_DIGIT	= 1 << 6,
	C_SET	= 1 << 7	/* "*:,$", with digits: sequence-set */
};

static unsigned char
char_class(int c)
{
	if (c <= ' ' || c >= 0x7f)
		return 0;
	switch (c) {
	case '(': case ')': case '{': case '"':
		return 0;
	case ']':
		return C_RESP;
	case '%':
		return C_WILD;
	case '*':
		return C_WILD | C_SET;
	case '\\':
		return C_SLASH;
	case '[':
		return C_ATOM | C_OPEN;
	case '+':
		return C_ATOM | C_PLUS;
	case ':': case ',': case '$':
		return C_ATOM | C_SET;
	default:
		return c >= '0' && c <= '9' ? C_ATOM | C_DIGIT : C_ATOM;
	}
}

bool
parser_is_atom_char(int c)
{
	return char_class(c) & C_ATOM;
}

bool
parser_is_astring_char(int c)
{
	return char_class(c) & (C_ATOM | C_RESP);
}

bool
parser_is_list_char(int c)
{
	return char_class(c) & (C_ATOM | C_RESP | C_WILD);
}

void
parser_init(struct parser *p, struct arena *a, struct input *in,
    const struct err *(*go_ahead)(void *), void *arg, size_t max_octets)
{
	*p = (struct parser){ .arena = a, .in = in, .go_ahead = go_ahead,
	    .go_ahead_arg = arg, .max_octets = max_octets };
}

static bool
fail(struct parser *p, const struct err *err)
{
	if (p->err == NULL)
		p->err = err;
	return false;
}

static bool
fail_input(struct parser *p)
{
	const struct err *err = input_error(p->in);

	return fail(p, err != NULL ? err : err_io("closed by the client"));
}

const struct err *
parser_err(struct parser *p)
{
	if (p->err == NULL)
		parser_expected(p, "something else");
	return p->err;
}

bool
parser_expected(struct parser *p, const char *what)
{
	if (p->err != NULL)
		return false;
	return fail(p, err_syntax("expected %s", what));
}

int
parser_peek(struct parser *p)
{
	int c;

	if (p->err != NULL)
		return -1;
	c = input_peek(p->in);
	if (c == -1)
		fail_input(p);
	return c;
}

/*
 * RFC 7888 3: the end of every line that was received is checked for the head
 * of a non-synchronizing literal, whatever the octets were taken for.
 */
static void
tail_step(struct parser *p, int c)
{
	enum tail next = TAIL_NONE;

	if (c == '{') {
		next = TAIL_OPEN;
		p->tail_size = 0;
	} else if (c >= '0' && c <= '9' &&
	    (p->tail == TAIL_OPEN || p->tail == TAIL_DIGITS)) {
		next = TAIL_DIGITS;
		if (p->tail_size > (NUMBER64_MAX - 9) / 10)
			p->tail_size = NUMBER64_MAX;
		else
			p->tail_size = p->tail_size * 10 + (uint64_t)(c - '0');
	} else if (c == '+' && p->tail == TAIL_DIGITS)
		next = TAIL_PLUS;
	else if (c == '}' && p->tail == TAIL_PLUS)
		next = TAIL_CLOSE;
	else if (c == '\r' && p->tail == TAIL_CLOSE)
		next = TAIL_CR;
	p->tail = next;
}

/* Consume the octet that parser_peek() gave. */
static bool
take(struct parser *p)
{
	int c = input_getc(p->in);

	if (c == '{' || p->tail != TAIL_NONE)
		tail_step(p, c);
	/* A line's end always fits, or what comes next would be skipped. */
	if (++p->used > p->max_octets && c != '\n' && c != '\r')
		return fail(p, err_syntax("command is longer than %zu octets",
		    p->max_octets));
	return true;
}

bool
parser_opt(struct parser *p, char c)
{
	return parser_peek(p) == (unsigned char)c && take(p);
}

bool
parser_char(struct parser *p, char c)
{
	char what[] = { '\'', c, '\'', '\0' };

	return parser_opt(p, c) || parser_expected(p, what);
}

bool
parser_sp(struct parser *p)
{
	return parser_opt(p, ' ') || parser_expected(p, "space");
}

bool
parser_crlf(struct parser *p)
{
	parser_opt(p, '\r');
	if (!parser_opt(p, '\n'))
		return parser_expected(p, "end of line");
	p->at_end = true;
	p->tail = TAIL_NONE;
	return true;
}

/* Octets that become a result in the arena. */
struct text {
	char	*s;
	size_t	 len, size;
};

static void
text_add(struct parser *p, struct text *t, int c)
{
	char *s;

	/* Room for the NUL too. */
	if (t->len + 1 >= t->size) {
		t->size = t->size > 0 ? t->size * 2 : 64;
		s = arena_alloc(p->arena, t->size);
		if (t->len > 0)
			memcpy(s, t->s, t->len);
		t->s = s;
	}
	t->s[t->len++] = (char)c;
	t->s[t->len] = '\0';
}

/* At least one octet of a class in mask and none in but; max of them. */
static bool
run(struct parser *p, unsigned int mask, unsigned int but, size_t max,
    const char *what, struct text *t)
{
	unsigned char class;
	int c;

	*t = (struct text){ 0 };
	while ((c = parser_peek(p)) != -1) {
		class = char_class(c);
		if ((class & mask) == 0 || (class & but) != 0)
			break;
		if (t->len == max)
			return fail(p, err_syntax("%s is longer than %zu "
			    "octets", what, max));
		if (!take(p))
			return false;
		text_add(p, t, c);
	}
	if (p->err != NULL)
		return false;
	return t->len > 0 || parser_expected(p, what);
}

static bool
run_string(struct parser *p, unsigned int mask, unsigned int but,
    const char *what, const char **s_r, size_t *len_r)
{
	struct text t;

	if (!run(p, mask, but, SIZE_MAX, what, &t))
		return false;
	*s_r = t.s;
	if (len_r != NULL)
		*len_r = t.len;
	return true;
}

bool
parser_tag(struct parser *p, const char **s_r)
{
	struct text t;

	if (!run(p, C_ATOM | C_RESP, C_PLUS, TAG_MAX_OCTETS, "tag", &t))
		return false;
	*s_r = t.s;
	return true;
}

bool
parser_atom(struct parser *p, const char **s_r)
{
	return run_string(p, C_ATOM, 0, "atom", s_r, NULL);
}

bool
parser_word(struct parser *p, const char **s_r)
{
	struct text t;

	if (!run(p, C_ATOM, C_OPEN, SIZE_MAX, "word", &t))
		return false;
	for (char *s = t.s; *s != '\0'; s++)
		if (*s >= 'a' && *s <= 'z')
			*s = (char)(*s - 'a' + 'A');
	*s_r = t.s;
	return true;
}

/* RFC 9051 9 "quoted" */
static bool
quoted(struct parser *p, const char **s_r, size_t *len_r)
{
	struct text t = { 0 };
	int c;

	text_add(p, &t, 0);
	t.len = 0;
	if (!parser_char(p, '"'))
		return false;
	while ((c = parser_peek(p)) != '"') {
		if (c == -1)
			return false;
		if (c == '\0' || c == '\r' || c == '\n')
			return parser_expected(p, "'\"' at the end of a string");
		if (!take(p))
			return false;
		if (c == '\\') {
			c = parser_peek(p);
			if (c != '"' && c != '\\')
				return parser_expected(p,
				    "'\"' or '\\' behind '\\' in a string");
			if (!take(p))
				return false;
		}
		text_add(p, &t, c);
	}
	if (!take(p))
		return false;
	t.s[t.len] = '\0';
	if (!utf8_valid(t.s, t.len))
		return parser_expected(p, "UTF-8 in a quoted string");
	*s_r = t.s;
	if (len_r != NULL)
		*len_r = t.len;
	return true;
}

/* RFC 9051 9 "number" and its like; what is not followed by a digit any more. */
static bool
digits(struct parser *p, bool nz, uint64_t max, const char *what,
    uint64_t *n_r)
{
	uint64_t n = 0;
	int c = parser_peek(p);

	if (c < (nz ? '1' : '0') || c > '9')
		return parser_expected(p, what);
	for (; c >= '0' && c <= '9'; c = parser_peek(p)) {
		if (n > (max - (uint64_t)(c - '0')) / 10)
			return fail(p, err_syntax("expected %s up to %llu",
			    what, (unsigned long long)max));
		if (!take(p))
			return false;
		n = n * 10 + (uint64_t)(c - '0');
	}
	if (p->err != NULL)
		return false;
	*n_r = n;
	return true;
}

bool
parser_number(struct parser *p, uint32_t *n_r)
{
	uint64_t n;

	if (!digits(p, false, UINT32_MAX, "number", &n))
		return false;
	*n_r = (uint32_t)n;
	return true;
}

bool
parser_nz_number(struct parser *p, uint32_t *n_r)
{
	uint64_t n;

	if (!digits(p, true, UINT32_MAX, "number from 1", &n))
		return false;
	*n_r = (uint32_t)n;
	return true;
}

bool
parser_number64(struct parser *p, uint64_t *n_r)
{
	return digits(p, false, NUMBER64_MAX, "number", n_r);
}

/*
 * RFC 9051 9 "literal".  The number was counted by tail_step(), which stops at
 * NUMBER64_MAX: no caller takes so much.
 */
bool
parser_literal_head(struct parser *p, uint64_t *size_r, bool *nonsync_r)
{
	bool nonsync;
	uint64_t size;
	int c;

	if (!parser_char(p, '{'))
		return false;
	c = parser_peek(p);
	if (c < '0' || c > '9')
		return parser_expected(p, "a literal's size");
	for (; c >= '0' && c <= '9'; c = parser_peek(p))
		if (!take(p))
			return false;
	size = p->tail_size;
	nonsync = parser_opt(p, '+');
	if (!parser_char(p, '}'))
		return false;
	parser_opt(p, '\r');
	if (!parser_opt(p, '\n'))
		return parser_expected(p, "end of line behind a literal's size");
	p->tail = TAIL_NONE;
	p->literal_size = size;
	/* Unless it is told to go ahead the client sends a new command next. */
	p->at_end = !nonsync;
	if (nonsync)
		p->skip_literal = size;
	if (nonsync && p->nonsync == PARSER_NONSYNC_NONE)
		return parser_expected(p, "'}' behind a literal's size");
	if (nonsync && p->nonsync == PARSER_NONSYNC_SHORT &&
	    size > LITERAL_MINUS_OCTETS)
		return fail(p, err_syntax_code(RESP_TOOBIG,
		    "a literal that does not wait for the server may have %d "
		    "octets", LITERAL_MINUS_OCTETS));
	*size_r = size;
	*nonsync_r = nonsync;
	return true;
}

bool
parser_literal_go(struct parser *p)
{
	const struct err *err;

	if (p->err != NULL)
		return false;
	if (!p->at_end)
		return true;
	p->at_end = false;
	p->skip_literal = p->literal_size;
	if (p->go_ahead == NULL)
		return true;
	err = p->go_ahead(p->go_ahead_arg);
	return err == NULL || fail(p, err);
}

size_t
parser_literal_read(struct parser *p, void *s, size_t size, bool *ok_r)
{
	size_t n;

	*ok_r = p->err == NULL;
	if (p->err != NULL || p->skip_literal == 0 || size == 0)
		return 0;
	if (size > p->skip_literal)
		size = (size_t)p->skip_literal;
	n = input_read(p->in, s, size);
	p->skip_literal -= n;
	if (n == 0)
		*ok_r = fail_input(p);
	return n;
}

static bool
literal_string(struct parser *p, const char **s_r, size_t *len_r)
{
	size_t done = 0, n;
	bool nonsync, ok;
	uint64_t size;
	char *s;

	if (!parser_literal_head(p, &size, &nonsync))
		return false;
	if (p->used > p->max_octets || size > p->max_octets - p->used)
		return fail(p, err_syntax("literal of %llu octets is too long, "
		    "the whole command may have %zu",
		    (unsigned long long)size, p->max_octets));
	if (!parser_literal_go(p))
		return false;
	s = arena_alloc(p->arena, (size_t)size + 1);
	while ((n = parser_literal_read(p, s + done, (size_t)size - done,
	    &ok)) > 0)
		done += n;
	if (!ok)
		return false;
	if (memchr(s, '\0', done) != NULL)
		return parser_expected(p, "a literal without NUL");
	p->used += done;
	*s_r = s;
	if (len_r != NULL)
		*len_r = done;
	return true;
}

static bool
at_string(struct parser *p)
{
	int c = parser_peek(p);

	return c == '"' || c == '{';
}

bool
parser_string(struct parser *p, const char **s_r, size_t *len_r)
{
	switch (parser_peek(p)) {
	case '"':
		return quoted(p, s_r, len_r);
	case '{':
		return literal_string(p, s_r, len_r);
	default:
		return parser_expected(p, "string");
	}
}

bool
parser_astring(struct parser *p, const char **s_r, size_t *len_r)
{
	if (at_string(p))
		return parser_string(p, s_r, len_r);
	return run_string(p, C_ATOM | C_RESP, 0, "atom or string", s_r, len_r);
}

bool
parser_nstring(struct parser *p, const char **s_r, size_t *len_r)
{
	struct text t;

	if (at_string(p))
		return parser_string(p, s_r, len_r);
	if (!run(p, C_ATOM, 0, SIZE_MAX, "string or NIL", &t))
		return false;
	if (strcasecmp(t.s, "NIL") != 0)
		return parser_expected(p, "string or NIL");
	*s_r = NULL;
	if (len_r != NULL)
		*len_r = 0;
	return true;
}

/* DEVIATION RFC 9051 9: clients type the delimiter '\' without quotes. */
bool
parser_mailbox(struct parser *p, const char **s_r)
{
	if (at_string(p))
		return parser_string(p, s_r, NULL);
	return run_string(p, C_ATOM | C_RESP | C_SLASH, 0, "mailbox name", s_r,
	    NULL);
}

bool
parser_list_mailbox(struct parser *p, const char **s_r)
{
	if (at_string(p))
		return parser_string(p, s_r, NULL);
	return run_string(p, C_ATOM | C_RESP | C_WILD | C_SLASH, 0,
	    "mailbox pattern", s_r, NULL);
}

/* RFC 9051 9 "sequence-set": "$" is the last thing in it, if it is there. */
static const struct err *
seqset_with_saved(struct parser *p, const struct text *t,
    struct seqset *set_r)
{
	struct seqset set = { .n = 0 }, all = { .n = 0 };
	const struct err *err = NULL;

	if (t->len > 1 && t->s[t->len - 2] != ',')
		return err_syntax("expected ',' before '$'");
	if (t->len > 1)
		err = seqset_parse(p->arena, t->s, t->len - 2, &set);
	if (err != NULL)
		return err;
	all.n = set.n + 1;
	all.ranges = arena_array(p->arena, all.n, sizeof(*all.ranges));
	if (set.n > 0)
		memcpy(all.ranges, set.ranges, set.n * sizeof(*set.ranges));
	all.ranges[set.n] = (struct seqrange){ SEQSET_SAVED, SEQSET_SAVED };
	*set_r = all;
	return NULL;
}

bool
parser_seqset(struct parser *p, struct seqset *set_r)
{
	const struct err *err;
	struct text t;

	if (!run(p, C_DIGIT | C_SET, 0, SIZE_MAX,
	    "sequence-set like 1:3,7,9:*", &t))
		return false;
	err = t.s[t.len - 1] == '$' ? seqset_with_saved(p, &t, set_r) :
	    seqset_parse(p->arena, t.s, t.len, set_r);
	return err == NULL || fail(p, err);
}

/* RFC 9394 4 "partial-range" */
bool
parser_partial(struct parser *p, struct partial *partial_r)
{
	struct partial partial = { .last = parser_opt(p, '-') };

	if (!parser_nz_number(p, &partial.a) || !parser_char(p, ':') ||
	    (partial.last && !parser_char(p, '-')) ||
	    !parser_nz_number(p, &partial.b))
		return false;
	*partial_r = partial;
	return true;
}

/* A keyword that is new joins flags->keywords, which has room for all. */
static bool
keyword_add(struct parser *p, struct parser_flags *flags, const char *name)
{
	if (strlen(name) > FLAG_KEYWORD_MAX_OCTETS)
		return fail(p, err_syntax("keyword is longer than %d octets",
		    FLAG_KEYWORD_MAX_OCTETS));
	for (size_t i = 0; i < flags->n; i++)
		if (strcasecmp(flags->keywords[i], name) == 0)
			return true;
	if (flags->n == FLAG_KEYWORDS_MAX)
		return fail(p, err_user(RESP_LIMIT, "a mailbox has at most %d "
		    "keywords", FLAG_KEYWORDS_MAX));
	flags->keywords[flags->n++] = name;
	return true;
}

/* RFC 9051 9 "flag" */
static bool
one_flag(struct parser *p, struct parser_flags *flags)
{
	const char *name;
	uint64_t bit;

	if (parser_peek(p) != '\\')
		return run_string(p, C_ATOM, 0, "flag", &name, NULL) &&
		    keyword_add(p, flags, name);
	if (!take(p) || !parser_atom(p, &name))
		return false;
	bit = flag_system(arena_printf(p->arena, "\\%s", name));
	if (bit == 0)
		return parser_expected(p, "\\Answered, \\Flagged, \\Deleted, "
		    "\\Seen, \\Draft or a keyword");
	flags->system |= bit;
	return true;
}

bool
parser_flags(struct parser *p, bool bare_ok, struct parser_flags *flags_r)
{
	struct parser_flags flags = { 0 };
	bool list = parser_opt(p, '(');

	if (!list && !bare_ok)
		return parser_expected(p, "'(' and flags");
	flags.keywords = arena_array(p->arena, FLAG_KEYWORDS_MAX,
	    sizeof(*flags.keywords));
	if (!list || parser_peek(p) != ')') {
		do {
			if (!one_flag(p, &flags))
				return false;
		} while (parser_opt(p, ' '));
	}
	if ((list && !parser_char(p, ')')) || p->err != NULL)
		return false;
	*flags_r = flags;
	return true;
}

/* RFC 9051 9 "date" */
bool
parser_date(struct parser *p, int32_t *day_r)
{
	static const char what[] = "date like 1-Feb-1994";
	bool in_quotes = parser_opt(p, '"');
	char s[11];
	size_t len = 0;
	int32_t day;
	int c;

	while (len < sizeof(s) && (char_class(c = parser_peek(p)) & C_ATOM)) {
		if (!take(p))
			return false;
		s[len++] = (char)c;
	}
	if (!date_parse(s, len, &day))
		return parser_expected(p, what);
	if (in_quotes && !parser_char(p, '"'))
		return false;
	if (p->err != NULL)
		return false;
	*day_r = day;
	return true;
}

/* RFC 9051 9 "date-time" */
bool
parser_date_time(struct parser *p, struct datetime *dt_r)
{
	char s[DATE_TIME_LEN];
	struct datetime dt;
	size_t len = 0;
	int c;

	if (!parser_char(p, '"'))
		return false;
	while (len < sizeof(s) && (c = parser_peek(p)) >= ' ' && c < 0x7f &&
	    c != '"') {
		if (!take(p))
			return false;
		s[len++] = (char)c;
	}
	if (!datetime_parse(s, len, &dt))
		return parser_expected(p,
		    "date-time like \"17-Jul-1996 02:44:25 -0700\"");
	if (!parser_char(p, '"'))
		return false;
	*dt_r = dt;
	return true;
}

bool
parser_line(struct parser *p, size_t max, const char **s_r, size_t *len_r)
{
	struct text t = { 0 };
	int c;

	p->at_end = false;
	text_add(p, &t, 0);
	t.len = 0;
	while ((c = parser_peek(p)) != '\n') {
		if (c == -1)
			return false;
		if (c == '\0')
			return parser_expected(p, "a line without NUL");
		if (t.len > max || (t.len == max && c != '\r'))
			return fail(p, err_syntax("line is longer than %zu "
			    "octets", max));
		if (!take(p))
			return false;
		text_add(p, &t, c);
	}
	if (!parser_crlf(p))
		return false;
	if (t.len > 0 && t.s[t.len - 1] == '\r')
		t.len--;
	t.s[t.len] = '\0';
	*s_r = t.s;
	if (len_r != NULL)
		*len_r = t.len;
	return true;
}

static bool
skip_octets(struct parser *p)
{
	char s[4096];
	size_t n;

	while (p->skip_literal > 0) {
		n = input_read(p->in, s, p->skip_literal < sizeof(s) ?
		    (size_t)p->skip_literal : sizeof(s));
		if (n == 0)
			return false;
		p->skip_literal -= n;
	}
	return true;
}

bool
parser_skip(struct parser *p, uint64_t max)
{
	uint64_t line = 0;
	int c;

	while (!p->at_end) {
		if (p->skip_literal > max)
			return false;
		max -= p->skip_literal;
		if (!skip_octets(p))
			return false;
		while ((c = input_getc(p->in)) != '\n') {
			if (c == -1 || ++line > SKIP_LINES_MAX)
				return false;
			if (c == '{' || p->tail != TAIL_NONE)
				tail_step(p, c);
		}
		if (p->tail == TAIL_CLOSE || p->tail == TAIL_CR)
			p->skip_literal = p->tail_size;
		else
			p->at_end = true;
		p->tail = TAIL_NONE;
	}
	return true;
}
