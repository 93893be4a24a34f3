/* test-parser.c - the streaming parser of IMAP commands
 * SPDX-License-Identifier: ISC
 *
 * Each row is parsed whole, and again with the input broken after every one,
 * two, three and seven octets: the result must be the same. */
#include "wire/parser.h"

#include "wire/flag.h"

#include "test.h"

static struct arena *a;
static unsigned int go_aheads;

static const struct err *
go_ahead(void *arg)
{
	(void)arg;
	go_aheads++;
	return NULL;
}

/* Describes what was parsed in text. */
typedef bool parse_fn(struct parser *, struct buf *);

struct row {
	const char	*in;
	/* What the function describes, then "|" and what is left of the
	 * input; or "!" and the error's text. */
	const char	*want;
};

static const size_t chunks[] = { SIZE_MAX, 1, 2, 3, 7 };

static void
rest_of(struct input *in, struct buf *b)
{
	int c;

	buf_addc(b, '|');
	while ((c = input_getc(in)) != -1)
		buf_addc(b, (char)c);
}

static void
try_octets(parse_fn *fn, const char *s, size_t len, const char *want)
{
	struct buf b = { 0 };
	struct parser p;
	struct input *in;

	for (size_t i = 0; i < TEST_N(chunks); i++) {
		in = input_new_mem(s, len, chunks[i]);
		parser_init(&p, a, in, go_ahead, NULL, 4096);
		buf_reset(&b);
		if (fn(&p, &b))
			rest_of(in, &b);
		else {
			const struct err *err = parser_err(&p);

			buf_reset(&b);
			buf_addf(&b, "%s%s", err->kind == ERR_SYNTAX ? "!" :
			    err->kind == ERR_IO ? "!io " : "!user ", err->text);
			/* A failure sticks. */
			CHECK(!fn(&p, &b) && parser_err(&p) == err);
			CHECK(!parser_opt(&p, ' ') && !parser_crlf(&p));
			CHECK_INT(parser_peek(&p), -1);
			buf_reset(&b);
			buf_addf(&b, "%s%s", err->kind == ERR_SYNTAX ? "!" :
			    err->kind == ERR_IO ? "!io " : "!user ", err->text);
		}
		if (!CHECK_STR(buf_str(&b), want))
			i = TEST_N(chunks);
		input_free(in);
	}
	buf_clear(&b);
	arena_reset(a);
}

static void
try_rows(parse_fn *fn, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		TEST_ROW("%s", rows[i].in);
		try_octets(fn, rows[i].in, strlen(rows[i].in), rows[i].want);
	}
}
#define TRY(fn, rows)	try_rows((fn), (rows), TEST_N(rows))

#define STRING_FN(name, call)						\
	static bool							\
	name(struct parser *p, struct buf *b)				\
	{								\
		const char *s = "untouched";				\
		size_t len = 4711;					\
									\
		(void)len;						\
		if (!(call)) {						\
			CHECK_STR(s, "untouched");			\
			CHECK_INT(len, 4711);				\
			return false;					\
		}							\
		CHECK(len == 4711 || s == NULL || len == strlen(s));	\
		buf_adds(b, s != NULL ? s : "(NULL)");			\
		return true;						\
	}

STRING_FN(tag, parser_tag(p, &s))
STRING_FN(atom, parser_atom(p, &s))
STRING_FN(word, parser_word(p, &s))
STRING_FN(string, parser_string(p, &s, &len))
STRING_FN(astring, parser_astring(p, &s, &len))
STRING_FN(nstring, parser_nstring(p, &s, &len))
STRING_FN(mailbox, parser_mailbox(p, &s))
STRING_FN(list_mailbox, parser_list_mailbox(p, &s))
STRING_FN(line, parser_line(p, 5, &s, &len))

static void
words_are_parsed(void)
{
	static const struct row tags[] = {
		{ "a1 x", "a1| x" }, { "] ", "]| " }, { ".", "!io closed by the client" },
		{ "+ x", "!expected tag" }, { "a+ x", "a|+ x" },
		{ " x", "!expected tag" }, { "* x", "!expected tag" },
		{ "\\a ", "!expected tag" }, { "\r\n", "!expected tag" },
		{ "\xc3\xa9 ", "!expected tag" }, { "\x7f ", "!expected tag" },
	};
	static const struct row atoms[] = {
		{ "abC ", "abC| " }, { "a]", "a|]" }, { "a[b ", "a[b| " },
		{ "a(", "a|(" }, { "a)", "a|)" }, { "a{", "a|{" },
		{ "a%", "a|%" }, { "a*", "a|*" }, { "a\"", "a|\"" },
		{ "a\\", "a|\\" }, { "a\x01", "a|\x01" }, { "a\x80", "a|\x80" },
		{ "\"a\"", "!expected atom" }, { "(", "!expected atom" },
		{ "", "!io closed by the client" },
	};
	static const struct row words[] = {
		{ "body[1]", "BODY|[1]" }, { "rfc822.Size)", "RFC822.SIZE|)" },
		{ "+FLAGS.silent ", "+FLAGS.SILENT| " },
		{ "[", "!expected word" },
	};

	TRY(tag, tags);
	TRY(atom, atoms);
	TRY(word, words);
	TEST_ROW("NUL");
	try_octets(atom, "a\0b ", 4, "a|");
}

static void
a_long_tag_is_refused(void)
{
	char s[TAG_MAX_OCTETS + 2];
	char want[TAG_MAX_OCTETS + 3];

	memset(s, 't', sizeof(s));
	try_octets(tag, s, sizeof(s), "!tag is longer than 256 octets");
	s[TAG_MAX_OCTETS] = ' ';
	memset(want, 't', sizeof(want));
	memcpy(want + TAG_MAX_OCTETS, "| ", 3);
	try_octets(tag, s, TAG_MAX_OCTETS + 1, want);
}

static void
strings_are_parsed(void)
{
	static const struct row strings[] = {
		{ "\"\" ", "| " }, { "\"a b\"x", "a b|x" },
		{ "\"a\\\"b\\\\c\"", "a\"b\\c|" },
		{ "\"Entw\xc3\xbcrfe\" ", "Entw\xc3\xbcrfe| " },
		{ "\"\t\x01\x7f\" ", "\t\x01\x7f| " },
		{ "\"a\\bc\"", "!expected '\"' or '\\' behind '\\' in a string" },
		{ "\"a\r\n", "!expected '\"' at the end of a string" },
		{ "\"a\n", "!expected '\"' at the end of a string" },
		{ "\"a", "!io closed by the client" },
		{ "\"a\\", "!io closed by the client" },
		{ "\"\xff\" ", "!expected UTF-8 in a quoted string" },
		{ "\"\xc3\" ", "!expected UTF-8 in a quoted string" },
		{ "a", "!expected string" }, { "NIL", "!expected string" },
		{ "{3}\r\nabcd", "abc|d" }, { "{0}\r\n ", "| " },
		{ "{3+}\r\nabcd", "abc|d" }, { "{003}\r\nabcd", "abc|d" },
		{ "{3}\na\r\n ", "a\r\n| " }, { "{2}\r\n\xff\xfe ", "\xff\xfe| " },
		{ "{}\r\n", "!expected a literal's size" },
		{ "{+}\r\n", "!expected a literal's size" },
		{ "{-1}\r\n", "!expected a literal's size" },
		{ "{3-}\r\n", "!expected '}'" }, { "{3 }\r\n", "!expected '}'" },
		{ "{3}abc", "!expected end of line behind a literal's size" },
		{ "{3}\rabc", "!expected end of line behind a literal's size" },
		{ "{3}\r\nab", "!io closed by the client" },
		{ "{4092}\r\n", "!literal of 4092 octets is too long, the whole "
		    "command may have 4096" },
		{ "{99999999999999999999}\r\n", "!literal of "
		    "9223372036854775807 octets is too long, the whole "
		    "command may have 4096" },
	};
	static const struct row astrings[] = {
		{ "a]b ", "a]b| " }, { "\"a b\"", "a b|" },
		{ "{1}\r\n\"\r\n", "\"|\r\n" }, { "NIL ", "NIL| " },
		{ " ", "!expected atom or string" },
		{ "*", "!expected atom or string" },
		{ "\\x", "!expected atom or string" },
		{ "a\xc3\xa9 ", "a|\xc3\xa9 " },
	};
	static const struct row nstrings[] = {
		{ "nil)", "(NULL)|)" }, { "NIL ", "(NULL)| " },
		{ "\"NIL\"", "NIL|" }, { "{3}\r\nNIL", "NIL|" },
		{ "NILL ", "!expected string or NIL" },
		{ "a ", "!expected string or NIL" },
	};

	TRY(string, strings);
	TRY(astring, astrings);
	TRY(nstring, nstrings);
	TEST_ROW("NUL");
	try_octets(string, "\"a\0\"", 4,
	    "!expected '\"' at the end of a string");
	try_octets(string, "{3}\r\na\0b", 8, "!expected a literal without NUL");
}

static void
mailboxes_are_parsed(void)
{
	static const struct row names[] = {
		{ "INBOX\r\n", "INBOX|\r\n" }, { "shared\\sales ", "shared\\sales| " },
		{ "\"shared\\\\sales\" ", "shared\\sales| " },
		{ "a/b.c ", "a/b.c| " }, { "a* ", "a|* " },
		{ "{5}\r\na b%*\r\n", "a b%*|\r\n" },
		{ "% ", "!expected mailbox name" },
	};
	static const struct row patterns[] = {
		{ "%\r\n", "%|\r\n" }, { "a\\%*] ", "a\\%*]| " },
		{ "\"\" ", "| " }, { "\"*\" ", "*| " }, { "(", "!expected mailbox pattern" },
	};

	TRY(mailbox, names);
	TRY(list_mailbox, patterns);
}

static bool
number(struct parser *p, struct buf *b)
{
	uint32_t n;

	if (!parser_number(p, &n))
		return false;
	buf_addf(b, "%u", n);
	return true;
}

static bool
nz_number(struct parser *p, struct buf *b)
{
	uint32_t n;

	if (!parser_nz_number(p, &n))
		return false;
	buf_addf(b, "%u", n);
	return true;
}

static bool
number64(struct parser *p, struct buf *b)
{
	uint64_t n;

	if (!parser_number64(p, &n))
		return false;
	buf_addf(b, "%llu", (unsigned long long)n);
	return true;
}

static bool
seqset(struct parser *p, struct buf *b)
{
	struct seqset set;

	if (!parser_seqset(p, &set))
		return false;
	for (size_t i = 0; i < set.n; i++)
		buf_addf(b, "%s%u:%u", i > 0 ? "," : "", set.ranges[i].first,
		    set.ranges[i].last);
	return true;
}

static bool
partial(struct parser *p, struct buf *b)
{
	struct partial part;
	const char *minus;

	if (!parser_partial(p, &part))
		return false;
	minus = part.last ? "-" : "";
	buf_addf(b, "%s%u:%s%u", minus, part.a, minus, part.b);
	return true;
}

static void
numbers_are_parsed(void)
{
	static const struct row numbers[] = {
		{ "0 ", "0| " }, { "007x", "7|x" },
		{ "4294967295 ", "4294967295| " },
		{ "4294967296 ", "!expected number up to 4294967295" },
		{ "99999999999999999999999", "!expected number up to 4294967295" },
		{ "-1", "!expected number" }, { "", "!io closed by the client" },
	};
	static const struct row nz_numbers[] = {
		{ "1 ", "1| " }, { "4294967295.", "4294967295|." },
		{ "0 ", "!expected number from 1" },
		{ "01 ", "!expected number from 1" },
	};
	static const struct row big_numbers[] = {
		{ "9223372036854775807 ", "9223372036854775807| " },
		{ "9223372036854775808 ", "!expected number up to "
		    "9223372036854775807" },
	};
	static const struct row sets[] = {
		{ "1,3:2,* ", "1:1,2:3,4294967295:4294967295| " },
		{ "1* ", "!expected sequence-set like 1:3,7,9:*" },
		{ "1, ", "!expected sequence-set like 1:3,7,9:*" },
		{ "01 ", "!expected sequence-set like 1:3,7,9:*" },
		{ "1a ", "1:1|a " },
		/* RFC 9051 9 "sequence-set": "$" is the last thing in it. */
		{ "$ ", "0:0| " }, { "1,3:* $", "1:1,3:4294967295| $" },
		{ "1,3:2,$ ", "1:1,2:3,0:0| " },
		{ "$1 ", "!expected sequence-set like 1:3,7,9:*" },
		{ "$,1 ", "!expected sequence-set like 1:3,7,9:*" },
		{ "1$ ", "!expected ',' before '$'" },
		{ "$$ ", "!expected ',' before '$'" },
		{ "1:$ ", "!expected ',' before '$'" },
		{ ",$ ", "!expected sequence-set like 1:3,7,9:*" },
		{ "1,,$ ", "!expected sequence-set like 1:3,7,9:*" },
	};
	/* RFC 9394 4 "partial-range" */
	static const struct row partials[] = {
		{ "1:500)", "1:500|)" }, { "500:400 ", "500:400| " },
		{ "-1:-100 ", "-1:-100| " }, { "-5:-5 ", "-5:-5| " },
		{ "1 ", "!expected ':'" }, { "0:1 ", "!expected number from 1" },
		{ "1:0 ", "!expected number from 1" },
		{ "1:* ", "!expected number from 1" },
		{ "1:-2 ", "!expected number from 1" },
		{ "-1:2 ", "!expected '-'" }, { "-0:-1 ", "!expected number from 1" },
		{ "--1:-2 ", "!expected number from 1" }, { "1,2 ", "!expected ':'" },
	};

	TRY(number, numbers);
	TRY(nz_number, nz_numbers);
	TRY(number64, big_numbers);
	TRY(seqset, sets);
	TRY(partial, partials);
}

static bool
flags_with(struct parser *p, bool bare_ok, struct buf *b)
{
	struct parser_flags flags;

	if (!parser_flags(p, bare_ok, &flags))
		return false;
	buf_addf(b, "%llx", (unsigned long long)flags.system);
	for (size_t i = 0; i < flags.n; i++)
		buf_addf(b, " %s", flags.keywords[i]);
	return true;
}

static bool
flag_list(struct parser *p, struct buf *b)
{
	return flags_with(p, false, b);
}

static bool
bare_flags(struct parser *p, struct buf *b)
{
	return flags_with(p, true, b);
}

static void
flags_are_parsed(void)
{
	static const char unknown[] = "!expected \\Answered, \\Flagged, "
	    "\\Deleted, \\Seen, \\Draft or a keyword";
	static const struct row lists[] = {
		{ "()x", "0|x" }, { "(\\seen \\DELETED) ", "c| " },
		{ "($Junk a $junk \\Draft A)", "10 $Junk a|" },
		{ "(\\Seen \\Seen)", "8|" }, { "(\\Recent)", unknown },
		{ "(\\Foo)", unknown }, { "(\\*)", "!expected atom" },
		{ "(\\)", "!expected atom" }, { "( \\Seen)", "!expected flag" },
		{ "(\\Seen )", "!expected flag" }, { "(\\Seen", "!io closed by the client" },
		{ "(a  b)", "!expected flag" }, { "(a\tb)", "!expected ')'" },
		{ "\\Seen ", "!expected '(' and flags" },
		{ "(\"a\")", "!expected flag" },
	};
	static const struct row bare[] = {
		{ "\\Seen \\Deleted\r\n", "c|\r\n" }, { "a\r\n", "0 a|\r\n" },
		{ "(\\Seen)\r\n", "8|\r\n" }, { "()\r\n", "0|\r\n" },
		{ "\r\n", "!expected flag" }, { "\\Seen \r\n", "!expected flag" },
	};
	struct buf b = { 0 };

	TRY(flag_list, lists);
	TRY(bare_flags, bare);
	TEST_ROW("limits");
	buf_addc(&b, '(');
	for (size_t i = 0; i < FLAG_KEYWORD_MAX_OCTETS + 1; i++)
		buf_addc(&b, 'k');
	buf_addc(&b, ')');
	try_octets(flag_list, b.s, b.len,
	    "!keyword is longer than 100 octets");
	buf_reset(&b);
	for (unsigned int i = 0; i <= FLAG_KEYWORDS_MAX; i++)
		buf_addf(&b, "%ck%u", i > 0 ? ' ' : '(', i);
	buf_addc(&b, ')');
	try_octets(flag_list, b.s, b.len,
	    "!user a mailbox has at most 58 keywords");
	buf_clear(&b);
}

static bool
date(struct parser *p, struct buf *b)
{
	int32_t day;

	if (!parser_date(p, &day))
		return false;
	buf_addf(b, "%d", (int)day);
	return true;
}

static bool
date_time(struct parser *p, struct buf *b)
{
	struct datetime dt;

	if (!parser_date_time(p, &dt))
		return false;
	buf_addf(b, "%lld %d", (long long)dt.when, dt.zone);
	return true;
}

static void
dates_are_parsed(void)
{
	static const char bad_date[] = "!expected date like 1-Feb-1994";
	static const char bad_time[] =
	    "!expected date-time like \"17-Jul-1996 02:44:25 -0700\"";
	static const struct row dates[] = {
		{ "1-Feb-1994 ", "8797| " }, { "\"1-Feb-1994\")", "8797|)" },
		{ "01-feb-1994)", "8797|)" }, { "01-Feb-19944)", "8797|4)" },
		{ "\"1-Feb-1994 ", "!expected '\"'" }, { "\"\"", bad_date },
		{ "30-Feb-1994 ", bad_date }, { "1-Feb-94 ", bad_date },
		{ "\" 1-Feb-1994\"", bad_date }, { " ", bad_date },
	};
	static const struct row times[] = {
		{ "\"17-Jul-1996 02:44:25 -0700\" ", "837596665 -420| " },
		{ "\" 1-Jan-1970 00:00:00 +0000\" ", "0 0| " },
		{ "\"1-Jan-1970 00:00:00 +0000\" ", bad_time },
		{ "\"17-Jul-1996 02:44:25 -07000\"", "!expected '\"'" },
		{ "\"\"", bad_time }, { "\"17-Jul-1996\r\n", bad_time },
		{ "17-Jul-1996 02:44:25 -0700 ", "!expected '\"'" },
	};
	/* Nothing may follow eleven octets, so the end does not matter. */
	static const struct row cut[] = {
		{ "01-Feb-1994", "8797|" },
		{ "1-Feb-1994", "!io closed by the client" },
	};

	TRY(date, dates);
	TRY(date_time, times);
	TRY(date, cut);
}

static void
a_line_is_taken_as_it_is(void)
{
	static const struct row lines[] = {
		{ "DONE\r\nx", "DONE|x" }, { "DONE\nx", "DONE|x" },
		{ "\r\nx", "|x" }, { "12345\r\n", "12345|" }, { "12345\n", "12345|" },
		{ "123456\r\n", "!line is longer than 5 octets" },
		{ "12345\r6\n", "!line is longer than 5 octets" },
		{ "a\rb\r\n", "a\rb|" }, { "\xff \"\r\n", "\xff \"|" },
		{ "x\r", "!io closed by the client" },
	};

	TRY(line, lines);
	try_octets(line, "a\0\r\n", 4, "!expected a line without NUL");
}

static bool
crlf(struct parser *p, struct buf *b)
{
	(void)b;
	return parser_crlf(p);
}

static bool
spaces(struct parser *p, struct buf *b)
{
	(void)b;
	return parser_sp(p) && parser_char(p, '(') && !parser_opt(p, ' ') &&
	    parser_opt(p, ')');
}

static void
punctuation_is_parsed(void)
{
	static const struct row ends[] = {
		{ "\r\nx", "|x" }, { "\nx", "|x" }, { "\rx", "!expected end of line" },
		{ " \r\n", "!expected end of line" }, { "\r", "!io closed by the client" },
		{ "\r\r\n", "!expected end of line" },
	};
	static const struct row others[] = {
		{ " ()x", "|x" }, { "\t()", "!expected space" },
		{ "(", "!expected space" }, { " )", "!expected '('" },
	};

	TRY(crlf, ends);
	TRY(spaces, others);
}

static void
a_command_is_limited(void)
{
	struct input *in = input_new_mem("abcdef\r\nnext", 12, 1);
	struct parser p;
	const char *s;

	parser_init(&p, a, in, go_ahead, NULL, 6);
	CHECK(parser_atom(&p, &s) && parser_crlf(&p));
	input_free(in);

	in = input_new_mem("abcdef\r\nnext", 12, 1);
	parser_init(&p, a, in, go_ahead, NULL, 5);
	CHECK(!parser_atom(&p, &s));
	CHECK_STR(parser_err(&p)->text, "command is longer than 5 octets");
	CHECK(parser_skip(&p, 0));
	CHECK_INT(input_getc(in), 'n');
	input_free(in);
}

static void
a_literal_is_read_by_the_caller(void)
{
	static const char octets[] = "{5}\r\na\0c\r\n \r\n";
	struct input *in = input_new_mem(octets, sizeof(octets) - 1, 2);
	bool nonsync, ok;
	struct parser p;
	uint64_t size;
	char s[10];
	size_t n = 0, got;

	go_aheads = 0;
	parser_init(&p, a, in, go_ahead, NULL, 16);
	CHECK(parser_literal_head(&p, &size, &nonsync));
	CHECK(size == 5 && !nonsync && go_aheads == 0);
	CHECK(parser_literal_go(&p));
	CHECK_INT(go_aheads, 1);
	while ((got = parser_literal_read(&p, s + n, sizeof(s) - n, &ok)) > 0)
		n += got;
	CHECK(ok);
	CHECK_MEM(s, n, "a\0c\r\n", 5);
	CHECK(parser_sp(&p) && parser_crlf(&p) && p.at_end);
	input_free(in);

	in = input_new_mem("{5+}\r\nabc", 9, 9);
	parser_init(&p, a, in, go_ahead, NULL, 16);
	CHECK(parser_literal_head(&p, &size, &nonsync) && nonsync);
	CHECK(parser_literal_go(&p) && go_aheads == 1);
	CHECK_INT(parser_literal_read(&p, s, 10, &ok), 3);
	CHECK(ok);
	CHECK_INT(parser_literal_read(&p, s, 10, &ok), 0);
	CHECK(!ok && parser_err(&p)->kind == ERR_IO);
	input_free(in);
	arena_reset(a);
}

/* RFC 7888 5: what is refused is skipped all the same. */
static void
a_literal_without_waiting_is_limited(void)
{
	static const struct {
		enum parser_nonsync allowed;
		size_t		 len;
		bool		 plus, ok;
		const char	*code;
	} table[] = {
		{ PARSER_NONSYNC_ANY, 5000, true, true, NULL },
		{ PARSER_NONSYNC_SHORT, 4096, true, true, NULL },
		{ PARSER_NONSYNC_SHORT, 4097, true, false, "TOOBIG" },
		{ PARSER_NONSYNC_SHORT, 5000, false, true, NULL },
		{ PARSER_NONSYNC_NONE, 0, true, false, NULL },
		{ PARSER_NONSYNC_NONE, 3, true, false, NULL },
		{ PARSER_NONSYNC_NONE, 3, false, true, NULL },
	};

	for (size_t i = 0; i < TEST_N(table); i++) {
		char octets[6000];
		struct parser p;
		struct input *in;
		const char *s;
		size_t n, got;

		TEST_ROW("%zu", i);
		n = (size_t)snprintf(octets, sizeof(octets), "{%zu%s}\r\n",
		    table[i].len, table[i].plus ? "+" : "");
		memset(octets + n, 'x', table[i].len);
		n += table[i].len;
		memcpy(octets + n, "\r\nB", 3);
		in = input_new_mem(octets, n + 3, 7);
		parser_init(&p, a, in, go_ahead, NULL, 8192);
		p.nonsync = table[i].allowed;
		CHECK_INT(parser_string(&p, &s, &got), table[i].ok);
		if (!table[i].ok) {
			const char *code = parser_err(&p)->code;

			CHECK_INT(parser_err(&p)->kind, ERR_SYNTAX);
			CHECK(table[i].code == NULL ? code == NULL :
			    code != NULL && strcmp(code, table[i].code) == 0);
		}
		CHECK(parser_skip(&p, 8192));
		CHECK_INT(input_getc(in), 'B');
		input_free(in);
		arena_reset(a);
	}
}

static const struct err *
refuse_to_go(void *arg)
{
	return arg;
}

static void
a_go_ahead_that_cannot_be_sent_ends_it(void)
{
	const struct err gone = { .kind = ERR_IO, .text = "gone" };
	struct input *in = input_new_mem("{1}\r\nx", 6, 9);
	struct parser p;
	const char *s;

	parser_init(&p, a, in, refuse_to_go, (void *)(uintptr_t)&gone, 99);
	CHECK(!parser_string(&p, &s, NULL));
	CHECK(parser_err(&p) == &gone);
	input_free(in);
}

/* "X" SP astring CRLF: what is skipped after it fails. */
static bool
command(struct parser *p)
{
	const char *s;

	return parser_char(p, 'X') && parser_sp(p) &&
	    parser_astring(p, &s, NULL) && parser_crlf(p);
}

static void
the_next_command_is_found(void)
{
	static const struct {
		const char	*in;
		uint64_t	 max;
		const char	*rest;	/* NULL: it cannot be found */
	} table[] = {
		{ "Y\r\nnext", 0, "next" }, { "Y\nnext", 0, "next" },
		{ "\r\nnext", 0, "next" }, { "X a b\r\nnext", 0, "next" },
		{ "Y", 0, NULL }, { "", 0, NULL },
		/* A synchronizing literal is not sent when nobody asks. */
		{ "Y {5}\r\nnext", 99, "next" }, { "X {999}\r\nnext", 99, "next" },
		{ "X {99999999999999999999}\r\nnext", 99, "next" },
		/* A non-synchronizing one is on its way: RFC 7888 3. */
		{ "Y {5+}\r\nab\r\ncd\r\nnext", 99, "next" },
		{ "Y {5+}\nab\r\ncd\nnext", 99, "next" },
		{ "Y {5+}\r\nab\r\nc {2+}\r\nab\r\nnext", 99, "next" },
		{ "Y {0+}\r\n\r\nnext", 0, "next" },
		{ "Y {00000005+}\r\nabcde\r\nnext", 5, "next" },
		{ "Y {5+}\r\nabcde\r\nnext", 5, "next" },
		{ "Y {6+}\r\nabcde\r\nnext", 5, NULL },
		{ "Y {3+}\r\nabc{3+}\r\nabc\r\nnext", 5, NULL },
		{ "Y {3+}\r\nabc{2+}\r\nab\r\nnext", 5, "next" },
		{ "Y {99999999999999999999+}\r\nabc", UINT64_MAX - 1, NULL },
		{ "Y {5+}\r\nab", 99, NULL }, { "Y {5+}", 99, NULL },
		{ "X {999+}\r\nab", 99, NULL },
		{ "X {100+}\r\n0123456789012345678901234567890123456789012345678"
		    "901234567890123456789012345678901234567890123456789 {2+}"
		    "\r\nab\r\nnext", 102, "next" },
		/* Octets that were consumed already count as well. */
		{ "X \"{5+}\r\nabcde\r\nnext", 99, "next" },
		{ "X \"{5+}\nabcde\r\nnext", 99, "next" },
		{ "X \"\\{5+}\r\nabcde\r\nnext", 99, "next" },
		{ "X {5+}x\r\nnext", 99, "next" }, { "X {5+}\rx\r\nnext", 99, "next" },
		{ "X {5+x{3+}\r\nabc\r\nnext", 99, "next" },
		{ "X {5+{3+}\r\nabc\r\nnext", 99, "next" },
		{ "X {{5+}\r\nabcde\r\nnext", 99, "next" },
		{ "X a{5+}\r\nabcde\r\nnext", 99, "next" },
		/* What looks like one and is none. */
		{ "Y {5+} \r\nnext", 99, "next" }, { "Y {+}\r\nnext", 99, "next" },
		{ "Y {5 +}\r\nnext", 99, "next" }, { "Y {5++}\r\nnext", 99, "next" },
		{ "Y 5+}\r\nnext", 99, "next" }, { "Y {5-}\r\nnext", 99, "next" },
		{ "Y {5+}\r\r\nnext", 99, "next" },
		/* The failure is behind a literal that was read. */
		{ "X {3+}\r\nabc {5+}\r\nabcde\r\nnext", 99, "next" },
		{ "X {3}\r\nabc x\r\nnext", 99, "next" },
	};
	struct parser p;
	struct input *in;
	struct buf b = { 0 };
	bool found;

	for (size_t i = 0; i < TEST_N(table); i++)
		for (size_t j = 0; j < TEST_N(chunks); j++) {
			TEST_ROW("%s", table[i].in);
			in = input_new_mem(table[i].in, strlen(table[i].in),
			    chunks[j]);
			parser_init(&p, a, in, go_ahead, NULL, 90);
			CHECK(!command(&p));
			found = parser_skip(&p, table[i].max);
			CHECK_INT(found, table[i].rest != NULL);
			if (found && table[i].rest != NULL) {
				buf_reset(&b);
				rest_of(in, &b);
				CHECK_STR(buf_str(&b) + 1, table[i].rest);
			}
			input_free(in);
			arena_reset(a);
		}
	buf_clear(&b);
}

static void
a_literal_with_a_nul_is_skipped_whole(void)
{
	static const char octets[] = "X {3}\r\na\0b \r\nnext";
	struct input *in = input_new_mem(octets, sizeof(octets) - 1, 3);
	struct parser p;

	parser_init(&p, a, in, go_ahead, NULL, 90);
	CHECK(!command(&p));
	CHECK(parser_skip(&p, 0));
	CHECK_INT(input_getc(in), 'n');
	input_free(in);
	/* At the end of a command there is nothing to skip. */
	in = input_new_mem("X a\r\nnext", 9, 3);
	parser_init(&p, a, in, go_ahead, NULL, 90);
	CHECK(command(&p) && parser_skip(&p, 0));
	CHECK_INT(input_getc(in), 'n');
	input_free(in);
}

static void
a_line_without_end_is_given_up(void)
{
	size_t len = 9 * COMMAND_MAX_OCTETS;
	char *s = malloc(len);
	struct parser p;
	struct input *in;

	if (!CHECK(s != NULL))
		return;
	memset(s, 'x', len);
	in = input_new_mem(s, len, 4096);
	parser_init(&p, a, in, go_ahead, NULL, COMMAND_MAX_OCTETS);
	CHECK(!command(&p) && !parser_skip(&p, UINT64_MAX));
	CHECK(input_count(in) < len);
	input_free(in);
	free(s);
	arena_reset(a);
}

static void
the_first_failure_stays(void)
{
	struct input *in = input_new_mem("a b", 3, 3);
	struct parser p;
	const char *s;

	parser_init(&p, a, in, NULL, NULL, 90);
	CHECK(parser_atom(&p, &s));
	CHECK(!parser_expected(&p, "one"));
	CHECK(!parser_expected(&p, "two") && !parser_sp(&p));
	CHECK_STR(parser_err(&p)->text, "expected one");
	CHECK_INT(parser_err(&p)->kind, ERR_SYNTAX);
	input_free(in);
}

static void
the_octets_of_an_atom_are_those_of_the_rfc(void)
{
	for (int c = -1; c < 256; c++) {
		bool atom_char = c > 0x20 && c < 0x7f &&
		    strchr("(){%*\"\\]", c) == NULL;

		TEST_ROW("%d", c);
		CHECK_INT(parser_is_atom_char(c), atom_char);
		CHECK_INT(parser_is_astring_char(c), atom_char || c == ']');
		CHECK_INT(parser_is_list_char(c), atom_char || c == ']' ||
		    c == '%' || c == '*');
	}
}

int
main(void)
{
	a = arena_new();
	TEST(words_are_parsed);
	TEST(a_long_tag_is_refused);
	TEST(strings_are_parsed);
	TEST(mailboxes_are_parsed);
	TEST(numbers_are_parsed);
	TEST(flags_are_parsed);
	TEST(dates_are_parsed);
	TEST(a_line_is_taken_as_it_is);
	TEST(punctuation_is_parsed);
	TEST(a_command_is_limited);
	TEST(a_literal_is_read_by_the_caller);
	TEST(a_literal_without_waiting_is_limited);
	TEST(a_go_ahead_that_cannot_be_sent_ends_it);
	TEST(the_next_command_is_found);
	TEST(a_literal_with_a_nul_is_skipped_whole);
	TEST(a_line_without_end_is_given_up);
	TEST(the_first_failure_stays);
	TEST(the_octets_of_an_atom_are_those_of_the_rfc);
	arena_free(a);
	return test_end();
}
