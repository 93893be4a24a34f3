/* test-mime.c - the tree of a message's parts
 * SPDX-License-Identifier: ISC */
#include "mail/mime.h"
#include "mail/params.h"

#include "test.h"

/*
 * The tree as text: "TYPE/SUBTYPE[body]" for leaves, "TYPE/SUBTYPE(...)" for
 * the others.
 */
static void
show(const char *s, const struct mime_part *p, struct buf *out)
{
	buf_addf(out, "%s/%s", p->type, p->subtype);
	if (p->kind == MIME_LEAF) {
		buf_addc(out, '[');
		buf_add(out, s + p->body_off, p->body_len);
		buf_addc(out, ']');
		return;
	}
	buf_addc(out, p->kind == MIME_MESSAGE ? '{' : '(');
	for (const struct mime_part *c = p->child; c != NULL; c = c->next) {
		if (c != p->child)
			buf_addc(out, ' ');
		show(s, c, out);
	}
	buf_addc(out, p->kind == MIME_MESSAGE ? '}' : ')');
}

struct row {
	const char	*in, *want;
};

static void
check_rows(const struct row *rows, size_t n)
{
	struct buf b = { 0 };
	struct arena *a;

	for (size_t i = 0; i < n; i++) {
		TEST_ROW("%s", rows[i].in);
		a = arena_new();
		buf_reset(&b);
		show(rows[i].in, mime_parse(a, rows[i].in,
		    strlen(rows[i].in)), &b);
		CHECK_STR(buf_str(&b), rows[i].want);
		arena_free(a);
	}
	buf_clear(&b);
}

#define TYPE(type)	"Content-Type: " type "\r\n"
#define MIXED(b)	TYPE("multipart/mixed; boundary=" b)

static void
messages_without_parts(void)
{
	static const struct row rows[] = {
		{ "", "TEXT/PLAIN[]" },
		{ "\r\n", "TEXT/PLAIN[]" },
		{ "Subject: a\r\n\r\nhello\r\n", "TEXT/PLAIN[hello\r\n]" },
		{ "Subject: a\n\nhello", "TEXT/PLAIN[hello]" },
		{ "Subject: a", "TEXT/PLAIN[]" },
		{ TYPE("Text/HTML") "\r\n<b>", "TEXT/HTML[<b>]" },
		/* RFC 2045 5.2: what is no type is text. */
		{ TYPE("text") "\r\nx", "TEXT/PLAIN[x]" },
		{ TYPE("") "\r\nx", "TEXT/PLAIN[x]" },
		{ TYPE("/plain") "\r\nx", "TEXT/PLAIN[x]" },
		{ TYPE("image/") "\r\nx", "TEXT/PLAIN[x]" },
		{ TYPE("(a) image (b) / (c) png (d)") "\r\nx",
		    "IMAGE/PNG[x]" },
		/* The first counts. */
		{ TYPE("image/png") TYPE("text/html") "\r\nx",
		    "IMAGE/PNG[x]" },
		{ TYPE("bad") TYPE("text/html") "\r\nx", "TEXT/PLAIN[x]" },
	};

	check_rows(rows, TEST_N(rows));
}

/* RFC 2046 5.1.1 */
static void
boundaries_separate_parts(void)
{
	static const struct row rows[] = {
		{ MIXED("b") "\r\npreamble\r\n--b\r\n\r\none\r\n--b\r\n"
		    TYPE("text/html") "\r\ntwo\r\n\r\n--b--\r\nepilogue\r\n",
		    "MULTIPART/MIXED(TEXT/PLAIN[one] TEXT/HTML[two\r\n])" },
		{ MIXED("b") "\r\n--b\r\n\r\none\r\n--b--",
		    "MULTIPART/MIXED(TEXT/PLAIN[one])" },
		{ MIXED("b") "\n\n--b\n\none\n\n--b\n\ntwo\n--b--\n",
		    "MULTIPART/MIXED(TEXT/PLAIN[one\n] TEXT/PLAIN[two])" },
		/* Blanks behind it are let pass, other octets are not. */
		{ MIXED("b") "\r\n--b \t\r\n\r\none\r\n--bb\r\n--b x\r\n"
		    " --b\r\n--b--  \r\nx",
		    "MULTIPART/MIXED(TEXT/PLAIN[one\r\n--bb\r\n--b x\r\n --b])"
		},
		/* Not closed. */
		{ MIXED("b") "\r\n--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n",
		    "MULTIPART/MIXED(TEXT/PLAIN[one] TEXT/PLAIN[two\r\n])" },
		{ MIXED("b") "\r\n--b\r\n\r\none\r\n--b",
		    "MULTIPART/MIXED(TEXT/PLAIN[one] TEXT/PLAIN[])" },
		/* Nothing counts behind the closing delimiter. */
		{ MIXED("b") "\r\n--b\r\n\r\none\r\n--b--\r\n--b\r\n\r\nx",
		    "MULTIPART/MIXED(TEXT/PLAIN[one])" },
		/* Empty parts, and parts whose header a delimiter ends. */
		{ MIXED("b") "\r\n--b\r\n--b\r\n\r\n--b\r\n"
		    TYPE("text/html") "--b--\r\n", "MULTIPART/MIXED("
		    "TEXT/PLAIN[] TEXT/PLAIN[] TEXT/HTML[])" },
		{ MIXED("b") "\r\n--b\r\n" TYPE("text/html") "\r\n--b--",
		    "MULTIPART/MIXED(TEXT/HTML[])" },
		/* Quoted, with blanks at its end, or beyond 70 octets. */
		{ MIXED("\"a b:= \"") "\r\n--a b:=\r\n\r\none\r\n--a b:=--",
		    "MULTIPART/MIXED(TEXT/PLAIN[one])" },
		{ MIXED("----=_x=y") "\r\n------=_x=y\r\n\r\none\r\n"
		    "------=_x=y--", "MULTIPART/MIXED(TEXT/PLAIN[one])" },
		{ MIXED("01234567890123456789012345678901234567890123456789"
		    "01234567890123456789x") "\r\n--0123456789012345678901234"
		    "567890123456789012345678901234567890123456789x\r\n\r\n1",
		    "MULTIPART/MIXED(TEXT/PLAIN[1])" },
		{ TYPE("multipart/mixed; boundary*0=a; boundary*1=b")
		    "\r\n--ab\r\n\r\none\r\n--ab--",
		    "MULTIPART/MIXED(TEXT/PLAIN[one])" },
		{ TYPE("multipart/mixed; boundary*=us-ascii''a%2Db")
		    "\r\n--a-b\r\n\r\none\r\n--a-b--",
		    "MULTIPART/MIXED(TEXT/PLAIN[one])" },
		/* An encoding on a multipart is nonsense, and common. */
		{ MIXED("b") "Content-Transfer-Encoding: base64\r\n\r\n"
		    "--b\r\n\r\none\r\n--b--",
		    "MULTIPART/MIXED(TEXT/PLAIN[one])" },
	};

	check_rows(rows, TEST_N(rows));
}

/* RFC 2046 5.1.2 */
static void
multiparts_nest(void)
{
	static const struct row rows[] = {
		{ MIXED("a") "\r\n--a\r\n" MIXED("b") "\r\n--b\r\n\r\none\r\n"
		    "--b--\r\nepilogue\r\n--a\r\n\r\ntwo\r\n--a--\r\n",
		    "MULTIPART/MIXED(MULTIPART/MIXED(TEXT/PLAIN[one]) "
		    "TEXT/PLAIN[two])" },
		/* An outer boundary ends the inner part. */
		{ MIXED("a") "\r\n--a\r\n" MIXED("b") "\r\n--b\r\n\r\none\r\n"
		    "--a\r\n\r\ntwo\r\n--b\r\n--a--\r\n",
		    "MULTIPART/MIXED(MULTIPART/MIXED(TEXT/PLAIN[one]) "
		    "TEXT/PLAIN[two\r\n--b])" },
		/* One is the beginning of the other, either way round. */
		{ MIXED("abc") "\r\n--abc\r\n" MIXED("abcd") "\r\n--abcd\r\n"
		    "\r\none\r\n--abcd--\r\n--abc\r\n\r\ntwo\r\n--abc--",
		    "MULTIPART/MIXED(MULTIPART/MIXED(TEXT/PLAIN[one]) "
		    "TEXT/PLAIN[two])" },
		{ MIXED("abcd") "\r\n--abcd\r\n" MIXED("abc") "\r\n--abc\r\n"
		    "\r\none\r\n--abcd\r\n\r\ntwo\r\n--abcd--",
		    "MULTIPART/MIXED(MULTIPART/MIXED(TEXT/PLAIN[one]) "
		    "TEXT/PLAIN[two])" },
		/* The same boundary twice belongs to the inner one. */
		{ MIXED("b") "\r\n--b\r\n" MIXED("b") "\r\n--b\r\n\r\none\r\n"
		    "--b--\r\n--b\r\n\r\ntwo\r\n--b--",
		    "MULTIPART/MIXED(MULTIPART/MIXED(TEXT/PLAIN[one]) "
		    "TEXT/PLAIN[two])" },
	};

	check_rows(rows, TEST_N(rows));
}

static void
messages_nest(void)
{
	static const struct row rows[] = {
		{ TYPE("message/rfc822") "\r\nSubject: x\r\n\r\nhello",
		    "MESSAGE/RFC822{TEXT/PLAIN[hello]}" },
		{ TYPE("message/global") "\r\n" TYPE("text/html") "\r\nhello",
		    "MESSAGE/GLOBAL{TEXT/HTML[hello]}" },
		{ MIXED("a") "\r\n--a\r\n" TYPE("message/rfc822") "\r\n"
		    MIXED("b") "\r\n--b\r\n\r\none\r\n--a\r\n\r\ntwo\r\n--a--",
		    "MULTIPART/MIXED(MESSAGE/RFC822{MULTIPART/MIXED("
		    "TEXT/PLAIN[one])} TEXT/PLAIN[two])" },
		/* RFC 2046 5.1.5 */
		{ TYPE("multipart/digest; boundary=b") "\r\n--b\r\n\r\n"
		    "Subject: x\r\n\r\none\r\n--b\r\n" TYPE("text/plain")
		    "\r\ntwo\r\n--b--", "MULTIPART/DIGEST(MESSAGE/RFC822{"
		    "TEXT/PLAIN[one]} TEXT/PLAIN[two])" },
		/* RFC 2046 5.2.1 forbids it; RFC 2045 6.4 */
		{ TYPE("message/rfc822") "Content-Transfer-Encoding: base64"
		    "\r\n\r\nQQ==", "APPLICATION/OCTET-STREAM[QQ==]" },
		{ TYPE("message/rfc822") "Content-Transfer-Encoding: 8bit"
		    "\r\n\r\n\r\nx", "MESSAGE/RFC822{TEXT/PLAIN[x]}" },
		{ TYPE("message/delivery-status") "\r\nA: b",
		    "MESSAGE/DELIVERY-STATUS[A: b]" },
		{ MIXED("a") "\r\n--a\r\n" TYPE("message/rfc822")
		    "--a\r\n" TYPE("message/rfc822") "\r\n--a--",
		    "MULTIPART/MIXED(MESSAGE/RFC822{TEXT/PLAIN[]} "
		    "MESSAGE/RFC822{TEXT/PLAIN[]})" },
	};

	check_rows(rows, TEST_N(rows));
}

static void
a_multipart_always_has_a_part(void)
{
	static const struct row rows[] = {
		{ MIXED("b") "\r\nno parts\r\n",
		    "MULTIPART/MIXED(TEXT/PLAIN[no parts\r\n])" },
		{ TYPE("multipart/mixed") "\r\n--b\r\n\r\nx",
		    "MULTIPART/MIXED(TEXT/PLAIN[--b\r\n\r\nx])" },
		{ MIXED("\"\"") "\r\n--\r\n\r\nx",
		    "MULTIPART/MIXED(TEXT/PLAIN[--\r\n\r\nx])" },
		{ MIXED("b"), "MULTIPART/MIXED(TEXT/PLAIN[])" },
		{ MIXED("b") "\r\n--b--\r\nx",
		    "MULTIPART/MIXED(TEXT/PLAIN[--b--\r\nx])" },
		{ MIXED("a") "\r\n--a\r\n" MIXED("b") "--a\r\n" MIXED("b")
		    "\r\n--a--\r\nx", "MULTIPART/MIXED(MULTIPART/MIXED("
		    "TEXT/PLAIN[]) MULTIPART/MIXED(TEXT/PLAIN[]))" },
	};

	check_rows(rows, TEST_N(rows));
}

/* A program that made CRLF of each LF did so twice. */
static void
lines_may_end_in_two_carriage_returns(void)
{
	static const char in[] = "Content-Type: multipart/mixed;\r\r\n"
	    "\tboundary=b\r\r\n\r\r\n--b\r\r\n"
	    "Content-Type: text/html\r\r\n\r\r\none\r\r\n--b--\r\r\n";
	static const struct row rows[] = {
		{ in, "MULTIPART/MIXED(TEXT/HTML[one\r])" },
		{ "A: b\r\r\n\r\r\nC: d\r\r\n", "TEXT/PLAIN[C: d\r\r\n]" },
	};

	check_rows(rows, TEST_N(rows));
}

static void
lines_and_offsets_are_counted(void)
{
	static const char in[] = MIXED("b") "\r\n--b\r\n" TYPE("text/plain")
	    "\r\none\r\ntwo\r\n\r\n--b\r\n\r\nthree\r\nfour\n--b--\r\nend\r\n";
	struct arena *a = arena_new();
	const struct mime_part *root = mime_parse(a, in, sizeof(in) - 1);
	const struct mime_part *one = root->child, *two = one->next;
	const char *body = strstr(in, "\r\n\r\n") + 4;

	CHECK_INT(root->header_off, 0);
	CHECK_INT(root->header_len, body - in);
	CHECK_INT(root->body_off, body - in);
	CHECK_INT(root->body_len, strlen(body));
	CHECK_INT(root->body_lines, 12);
	CHECK_INT(one->header_off, root->body_off + 5);
	CHECK_INT(one->header_len, 28);
	CHECK_INT(one->body_off, one->header_off + 28);
	CHECK_INT(one->body_len, strlen("one\r\ntwo\r\n"));
	CHECK_INT(one->body_lines, 2);
	CHECK_INT(two->header_len, 2);
	CHECK_INT(two->body_len, strlen("three\r\nfour"));
	CHECK_INT(two->body_lines, 1);
	CHECK(two->next == NULL && one->parent == root);
	arena_free(a);
}

static void
fields_are_kept(void)
{
	static const char in[] = TYPE("text/plain; charset=utf-8")
	    "Content-ID: <a@b>\r\nContent-ID: second\r\n"
	    "Content-Description: a\r\n b\r\nContent-MD5: 123==\r\n"
	    "Content-Transfer-Encoding: Quoted-Printable (x)\r\n"
	    "Content-Disposition: attachment; filename=\"a \\\"b\\\".txt\"\r\n"
	    "Content-Language: en, (x) de;\r\n"
	    "Content-Location: http://example.com/\r\n\r\n";
	struct arena *a = arena_new();
	const struct mime_part *p = mime_parse(a, in, sizeof(in) - 1);

	CHECK_STR(p->id, "<a@b>");
	CHECK_STR(p->description, "a b");
	CHECK_STR(p->md5, "123==");
	CHECK_STR(p->encoding_name, "QUOTED-PRINTABLE");
	CHECK_INT(p->encoding, MIME_QUOTED_PRINTABLE);
	CHECK_STR(p->disposition, "ATTACHMENT");
	CHECK_INT(p->disposition_params_n, 1);
	CHECK_STR(p->disposition_params[0].name, "FILENAME");
	CHECK_STR(p->disposition_params[0].value, "a \"b\".txt");
	CHECK_INT(p->languages_n, 2);
	CHECK_STR(p->languages[0], "en");
	CHECK_STR(p->languages[1], "de");
	CHECK_STR(p->location, "http://example.com/");
	CHECK_INT(p->params_n, 1);
	CHECK_STR(p->params[0].name, "CHARSET");

	p = mime_parse(a, "", 0);
	CHECK(p->id == NULL && p->description == NULL && p->md5 == NULL &&
	    p->encoding_name == NULL && p->disposition == NULL &&
	    p->languages_n == 0 && p->location == NULL);
	CHECK_INT(p->params_n, 1);
	CHECK_STR(p->params[0].value, "US-ASCII");
	arena_free(a);
}

/* "TYPE(params)DISPOSITION(params)" of what is no type. */
static void
params_are_kept_beside_what_is_no_type(void)
{
	static const struct row rows[] = {
		{ TYPE("text; charset=utf-8"), "TEXT/PLAIN(CHARSET=utf-8)" },
		{ TYPE("; charset=utf-8"), "TEXT/PLAIN(CHARSET=utf-8)" },
		{ TYPE("charset=utf-8"), "TEXT/PLAIN(CHARSET=utf-8)" },
		{ TYPE("pdf; name=a.pdf"), "TEXT/PLAIN(NAME=a.pdf)" },
		{ TYPE("\"a/b\"; name=c"), "TEXT/PLAIN(NAME=c)" },
		{ TYPE("text/; name=c"), "TEXT/PLAIN(NAME=c)" },
		{ TYPE("image/ name=c"), "TEXT/PLAIN(NAME=c)" },
		{ TYPE("text"), "TEXT/PLAIN(CHARSET=US-ASCII)" },
#define DISPOSITION	TYPE("a/b") "Content-Disposition: "
		{ DISPOSITION "\"inline\"; filename=c",
		    "A/B()INLINE(FILENAME=c)" },
		{ DISPOSITION "; filename=c", "A/B()ATTACHMENT(FILENAME=c)" },
		{ DISPOSITION "filename=c", "A/B()ATTACHMENT(FILENAME=c)" },
		{ DISPOSITION "\"inline", "A/B()INLINE()" },
		{ DISPOSITION "", "A/B()" }, { DISPOSITION ";", "A/B()" },
		{ DISPOSITION "\"\"", "A/B()" },
	};
	const struct mime_part *p;
	struct buf b = { 0 };
	struct arena *a = arena_new();

	for (size_t i = 0; i < TEST_N(rows); i++) {
		TEST_ROW("%s", rows[i].in);
		p = mime_parse(a, rows[i].in, strlen(rows[i].in));
		buf_reset(&b);
		buf_addf(&b, "%s/%s(", p->type, p->subtype);
		for (size_t j = 0; j < p->params_n; j++)
			buf_addf(&b, "%s=%s", p->params[j].name,
			    p->params[j].value);
		buf_addf(&b, ")%s", p->disposition == NULL ? "" :
		    p->disposition);
		for (size_t j = 0; j < p->disposition_params_n; j++)
			buf_addf(&b, "(%s=%s)", p->disposition_params[j].name,
			    p->disposition_params[j].value);
		if (p->disposition != NULL && p->disposition_params_n == 0)
			buf_adds(&b, "()");
		CHECK_STR(buf_str(&b), rows[i].want);
	}
	buf_clear(&b);
	arena_free(a);
}

static void
encodings_are_known(void)
{
	static const struct {
		const char		*in;
		enum mime_encoding	 want;
	} table[] = {
		{ "7bit", MIME_IDENTITY }, { "8BIT", MIME_IDENTITY },
		{ "binary", MIME_IDENTITY }, { "Base64", MIME_BASE64 },
		{ "quoted-printable", MIME_QUOTED_PRINTABLE },
		{ "7-bit", MIME_IDENTITY }, { "", MIME_IDENTITY },
		{ "x-uuencode", MIME_UNKNOWN }, { "(a) base64", MIME_BASE64 },
	};
	struct arena *a = arena_new();
	const char *in;

	for (size_t i = 0; i < TEST_N(table); i++) {
		TEST_ROW("%s", table[i].in);
		in = arena_printf(a, "Content-Transfer-Encoding: %s\r\n",
		    table[i].in);
		CHECK_INT(mime_parse(a, in, strlen(in))->encoding,
		    table[i].want);
	}
	arena_free(a);
}

/* "NAME=value" of each, '|' between. */
static void
params_are_parsed(void)
{
	static const struct row rows[] = {
		{ "", "" },
		{ ";", "" },
		{ "; charset=us-ascii (Plain text)", "CHARSET=us-ascii" },
		{ ";a = \"b\\\\c;d\" ; B=c", "A=b\\c;d|B=c" },
		{ "; a=1; A=2", "A=1" },
		{ "; name=my file.pdf; x=y", "NAME=my file.pdf|X=y" },
		{ "; name=\"a\" x=y", "NAME=a|X=y" },
		{ "; name=\"no end; x=y", "NAME=no end; x=y" },
		{ "; novalue; a=; b=\"\"", "A=|B=" },
		{ "; =x; a=b", "A=b" },
		{ "; a=\303\251", "A=\303\251" },
		/* RFC 2231 3 */
		{ "; access-type=URL; URL*0=\"ftp://\"; URL*1=\"cs.utk.edu\"",
		    "ACCESS-TYPE=URL|URL=ftp://cs.utk.edu" },
		{ "; a*1=c; a*0=b; a*3=x", "A=bc|A*3=x" },
		{ "; a*1=c", "A*1=c" },
		/* An encoded section behind one that is not. */
		{ "; a*0=\"b c\"; a*1*=%41", "A*=''b%20c%41" },
		{ "; a*x=c; *=d; a*=e", "A*X=c|*=d|A*=e" },
		/* RFC 2231 4 */
		{ "; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A",
		    "TITLE*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A" },
		/* RFC 2231 4.1 */
		{ "; title*0*=us-ascii'en'This%20is%20even%20more%20;"
		    " title*1*=%2A%2A%2Afun%2A%2A%2A%20; title*2=\"isn't it!\"",
		    "TITLE*=us-ascii'en'This%20is%20even%20more%20"
		    "%2A%2A%2Afun%2A%2A%2A%20isn%27t%20it!" },
		{ "; f=plain; f*=utf-8''x", "F=plain|F*=utf-8''x" },
	};
	struct arena *a = arena_new();
	struct mime_param *params;
	const char *out;
	size_t n;

	for (size_t i = 0; i < TEST_N(rows); i++) {
		TEST_ROW("%s", rows[i].in);
		n = params_parse(a, rows[i].in, &params);
		out = "";
		for (size_t j = 0; j < n; j++)
			out = arena_printf(a, "%s%s%s=%s", out, j > 0 ? "|" :
			    "", params[j].name, params[j].value);
		CHECK_STR(out, rows[i].want);
	}
	n = params_parse(a, "; a=b; c*=x'y'%41%zz%4; d*=%41", &params);
	CHECK_STR(params_get(a, params, n, "A"), "b");
	CHECK_STR(params_get(a, params, n, "C"), "A%zz%4");
	CHECK_STR(params_get(a, params, n, "D"), "A");
	CHECK_STR(params_get(a, params, n, "E"), NULL);
	arena_free(a);
}

static unsigned int
depth_of(const struct mime_part *p, unsigned int *parts)
{
	unsigned int max = 0, d;

	++*parts;
	for (const struct mime_part *c = p->child; c != NULL; c = c->next) {
		d = depth_of(c, parts);
		if (d > max)
			max = d;
	}
	return max + 1;
}

static void
depth_and_number_are_limited(void)
{
	struct buf b = { 0 };
	struct arena *a = arena_new();
	const struct mime_part *root;
	unsigned int parts = 0;

	for (int i = 0; i < 1000; i++)
		buf_adds(&b, TYPE("message/rfc822") "\r\n");
	root = mime_parse(a, b.s, b.len);
	CHECK_INT(depth_of(root, &parts), MIME_DEPTH_MAX + 1);

	buf_reset(&b);
	for (int i = 0; i < 1000; i++)
		buf_addf(&b, MIXED("b%d") "\r\n--b%d\r\n", i, i);
	root = mime_parse(a, b.s, b.len);
	parts = 0;
	CHECK_INT(depth_of(root, &parts), MIME_DEPTH_MAX + 1);

	buf_reset(&b);
	buf_adds(&b, MIXED("b") "\r\n");
	for (int i = 0; i < 10000; i++)
		buf_adds(&b, "--b\r\n\r\nx\r\n");
	buf_adds(&b, "--b--\r\nepilogue");
	root = mime_parse(a, b.s, b.len);
	parts = 0;
	CHECK_INT(depth_of(root, &parts), 2);
	CHECK_INT(parts, MIME_PARTS_MAX);
	buf_clear(&b);
	arena_free(a);
}

/* Megabytes that look like boundaries; by the square this would be minutes. */
static void
hostile_messages_take_linear_time_and_little_memory(void)
{
	static const char *const lines[] = {
		"--", "--b0\r\n", "--b31--\r\n", "\r\n", "x", "--b31 x\r\n",
		"Content-Type: a/b; c=d; e*0=f; e*1=g\r\n",
		"Content-ID: (((((\r\n", "--b31\r\n\r\n",
		"Content-Language:,\r\n", "Content-Disposition:;\n",
		"--b5\r\nContent-Type: multipart/mixed; boundary=b9\r\n\r\n",
		"--b31\r\nContent-Description: 0123456789012345678901234567\r\n",
	};
	struct buf b = { 0 };
	struct arena *a;

	for (size_t i = 0; i < TEST_N(lines); i++) {
		TEST_ROW("%s", lines[i]);
		buf_reset(&b);
		for (int j = 0; j < MIME_DEPTH_MAX; j++)
			buf_addf(&b, MIXED("b%d") "\r\n--b%d\r\n", j, j);
		while (b.len < 4 * 1024 * 1024)
			buf_adds(&b, lines[i]);
		a = arena_new();
		CHECK(mime_parse(a, b.s, b.len) != NULL);
		CHECK(arena_used(a) < 8 * 1024 * 1024);
		arena_free(a);
	}
	buf_reset(&b);
	buf_adds(&b, MIXED("b") "\r\n");
	for (int i = 0; i < 3000; i++) {
		buf_adds(&b, "--b\r\nContent-Description: ");
		for (int j = 0; j < 2000; j++)
			buf_addc(&b, 'x');
		buf_adds(&b, "\r\nContent-Type: x/y");
		for (int j = 0; j < 70; j++)
			buf_addf(&b, "; a%d*0*=\"%%41", j);
		buf_adds(&b, "\r\n\r\n");
	}
	a = arena_new();
	mime_parse(a, b.s, b.len);
	CHECK(arena_used(a) < 32 * 1024 * 1024);
	arena_free(a);
	buf_clear(&b);
}

int
main(void)
{
	TEST(messages_without_parts);
	TEST(boundaries_separate_parts);
	TEST(multiparts_nest);
	TEST(messages_nest);
	TEST(a_multipart_always_has_a_part);
	TEST(lines_may_end_in_two_carriage_returns);
	TEST(lines_and_offsets_are_counted);
	TEST(fields_are_kept);
	TEST(params_are_kept_beside_what_is_no_type);
	TEST(encodings_are_known);
	TEST(params_are_parsed);
	TEST(depth_and_number_are_limited);
	TEST(hostile_messages_take_linear_time_and_little_memory);
	return test_end();
}
