/* test-preview.c - the text of HTML, and the preview of messages
 * SPDX-License-Identifier: ISC */
#include "mail/preview.h"

#include "mail/html.h"
#include "test.h"

/* html_feed() in pieces of so many octets. */
static void
html(const char *in, size_t piece, struct buf *out)
{
	struct html h = { 0 };
	size_t len = strlen(in), n;
	char *copy;

	buf_reset(out);
	for (size_t pos = 0; pos < len; pos += n) {
		n = piece < len - pos ? piece : len - pos;
		/* Of exactly this size, for the sanitizer. */
		copy = malloc(n);
		memcpy(copy, in + pos, n);
		html_feed(&h, copy, n, false, out);
		free(copy);
	}
	html_feed(&h, NULL, 0, true, out);
}

static const struct {
	const char	*in, *want;
} texts[] = {
	{ "", "" },
	{ "plain", "plain" },
	{ "<p>one</p><p>two</p>", " one  two " },
	{ "one<br>two<BR/>three", "one two three" },
	{ "w<b>or</b>d w<I class='x'>or</I>d <span>s</span>", "word word s" },
	{ "<a href=\"x>y\">link</a>", "link" },
	{ "<a href='x>y' title=it's>link</a>", "link" },
	{ "<p title = \"a>b\">x", " x" },
	{ "<p \">x", " x" },
	{ "a < b && c > d", "a < b && c > d" },
	{ "1<2 </ x>", "1<2 </ x>" },
	{ "<", "<" },
	{ "a</", "a</" },
	{ "a<b", "a" },
	{ "&lt;b&gt; &amp;amp; &quot;&apos;", "<b> &amp; \"'" },
	{ "&Uuml;ber &uuml; &szlig; &euro;", "\303\234ber \303\274 \303\237 "
	    "\342\202\254" },
	{ "&AElig;&yuml;&zwnj;&AMP", "\303\206\303\277\342\200\214&AMP" },
	{ "&nbsp;&#160;&#xA0;", "\302\240\302\240\302\240" },
	{ "&#8217; &#x2019; &#X2019;", "\342\200\231 \342\200\231 "
	    "\342\200\231" },
	{ "&#146;&#150;", "\342\200\231\342\200\223" },
	{ "&#0; &#x110000; &#xd800; &#; &#x; &#99999999999999999999;",
	    "&#0 &#x110000 &#xd800 &# &#x &#99999999999999999999" },
	{ "&amp &unknown; &", "& &unknown &" },
	{ "AT&T &copy", "AT&T \302\251" },
	{ "&aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa;",
	    "&aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa;" },
	{ "<head><title>no</title><meta x></head>yes", " yes" },
	{ "<head><title>no</title><body>yes", " yes" },
	{ "<style>p > a { x: '<' }</style>yes", " yes" },
	{ "<style><!-- p { } --></style>yes", " yes" },
	{ "<script>if (a<b && c>'</p>') x();</script>yes", " yes" },
	{ "<head><script>if (a<b==\"</head>yes", " " },
	{ "<head><script>if (a<b=='x')</script></head>yes", " yes" },
	{ "a<!-- no <b> > -- x -->b", "ab" },
	{ "a<!---->b<!-->c<!--->d", "abcd" },
	{ "a<!DOCTYPE html>b<?xml x?>c<![if !mso]>d<![endif]>", "abcd" },
	{ "<!--[if mso]><p>no<![endif]-->yes", "yes" },
	{ "<!-- never ends", "" },
	{ "<textarea>no</textarea><select><option>no</select>yes", "  yes" },
	{ "<o:p></o:p>x<custom-tag>y", "x y" },
	{ "<pppppppppppppppppppppppppppppppppppppppppppppppp>x", " x" },
};

static void
tags_go_and_text_stays(void)
{
	static const size_t pieces[] = { 1, 2, 3, 7, 100000 };
	struct buf b = { 0 };

	for (size_t i = 0; i < TEST_N(texts); i++)
		for (size_t j = 0; j < TEST_N(pieces); j++) {
			TEST_ROW("%s by %zu", texts[i].in, pieces[j]);
			html(texts[i].in, pieces[j], &b);
			CHECK_STR(buf_str(&b), texts[i].want);
		}
	buf_clear(&b);
}

/* --- Messages --- */

static void
preview(const char *message, struct buf *out)
{
	struct arena *a = arena_new();

	buf_reset(out);
	preview_write(message, mime_parse(a, message, strlen(message)), out);
	buf_str(out);
	arena_free(a);
}

#define PLAIN	"Content-Type: text/plain; charset=utf-8\r\n"
#define HTML	"Content-Type: text/html; charset=utf-8\r\n"
#define MIXED	"Content-Type: multipart/mixed; boundary=x\r\n\r\n"
#define ALTERNATIVE "Content-Type: multipart/alternative; boundary=x\r\n\r\n"

static const struct {
	const char	*message, *want;
} messages[] = {
	{ "Subject: x\r\n\r\nHello  world,\r\n\r\n\thow are\r\n you?\r\n",
	    "Hello world, how are you?" },
	{ "Subject: x\r\n\r\n", "" },
	{ "", "" },
	{ "Subject: x", "" },
	{ "\r\n \r\n\t\r\n", "" },
	/* A signature; quotes */
	{ "\r\nText\r\n-- \r\nSignature\r\n", "Text" },
	{ "\r\n-- \r\nSignature\r\n", "" },
	{ "\r\n--\r\nno signature --- \r\n- item\r\n-x\r\n",
	    "-- no signature --- - item -x" },
	{ "\r\nJoe wrote:\r\n> quoted\r\n>> more\r\n\r\nanswer > all\r\n",
	    "Joe wrote: answer > all" },
	{ "\r\n> only\r\n> quotes\r\n", "> only > quotes" },
	{ "\r\n    indented\r\n", "indented" },
	/* Encodings and sets */
	{ PLAIN "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
	    "caf=C3=A9 soft=\r\nbreak\r\n", "caf\303\251 softbreak" },
	{ "Content-Type: text/plain; charset=iso-8859-1\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n\r\nna=EFve",
	    "na\303\257ve" },
	{ "Content-Type: text/plain; charset=koi8-r\r\n"
	    "Content-Transfer-Encoding: base64\r\n\r\n8NLJ18XU\r\n",
	    "\320\237\321\200\320\270\320\262\320\265\321\202" },
	{ PLAIN "\r\n\377 bad\r\n", "\357\277\275 bad" },
	/* What is not to be seen */
	{ PLAIN "\r\na\001b\033[0m\177\302\205c\342\200\256d\357\273\277e"
	    "\302\240\342\200\213f", "ab[0m cde f" },
	{ HTML "\r\nText&nbsp;&zwnj;&nbsp;&zwnj;&#847; &shy;end",
	    "Text end" },
	{ PLAIN "\r\n\360\237\221\250\342\200\215\360\237\221\251",
	    "\360\237\221\250\342\200\215\360\237\221\251" },
	/* HTML */
	{ HTML "\r\n<html><head><style>b{}</style></head><body><p>Hi "
	    "<b>you</b></p><p>there</p></body></html>", "Hi you there" },
	{ HTML "Content-Transfer-Encoding: base64\r\n\r\n"
	    "PHA+Jmx0O29rJmd0OzwvcD4=\r\n", "<ok>" },
	{ "Content-Type: text/html\r\n\r\n<meta charset=\"windows-1251\">"
	    "\317\360\350\342\345\362",
	    "\320\237\321\200\320\270\320\262\320\265\321\202" },
	{ "Content-Type: text/html\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
	    "<meta content=3D\"text/html; charset=3Dkoi8-r\">=F0=D2",
	    "\320\237\321\200" },
	/* Which part */
	{ ALTERNATIVE "--x\r\n" PLAIN "\r\nplain\r\n--x\r\n" HTML
	    "\r\n<p>html\r\n--x--\r\n", "plain" },
	{ ALTERNATIVE "--x\r\n" PLAIN "\r\n  \r\n--x\r\n" HTML
	    "\r\n<p>html\r\n--x--\r\n", "html" },
	{ MIXED "--x\r\nContent-Type: image/png\r\n\r\nPNG\r\n--x\r\n" PLAIN
	    "\r\nbehind\r\n--x--\r\n", "behind" },
	{ MIXED "--x\r\n" PLAIN "Content-Disposition: attachment\r\n\r\nno\r\n"
	    "--x\r\n" PLAIN "\r\nyes\r\n--x--\r\n", "yes" },
	{ MIXED "--x\r\nContent-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\n"
	    "--x--\r\n", "" },
	{ "Content-Type: image/png\r\n\r\nPNG", "" },
	{ MIXED "--x\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\n"
	    "\r\ninner text\r\n--x--\r\n", "inner text" },
	{ "Content-Type: multipart/encrypted; boundary=x\r\n\r\n--x\r\n"
	    "Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n"
	    "--x--\r\n", "" },
	{ "\r\n-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA\r\n", "" },
};

static void
previews_are_what_people_read(void)
{
	struct buf b = { 0 };

	for (size_t i = 0; i < TEST_N(messages); i++) {
		TEST_ROW("%s", messages[i].message);
		preview(messages[i].message, &b);
		CHECK_STR(b.s, messages[i].want);
	}
	buf_clear(&b);
}

/* A message of one line that is unit n times. */
static void
preview_of(const char *head, const char *unit, size_t n, struct buf *out)
{
	struct buf message = { 0 };

	buf_adds(&message, head);
	while (n-- > 0)
		buf_adds(&message, unit);
	preview(buf_str(&message), out);
	buf_clear(&message);
}

/* RFC 8970 3.3: whole characters, of as many octets as there are. */
static void
previews_have_200_characters(void)
{
	struct buf b = { 0 };

	preview_of(PLAIN "\r\n", "x", 199, &b);
	CHECK_INT(b.len, 199);
	preview_of(PLAIN "\r\n", "x", 201, &b);
	CHECK_INT(b.len, 200);
	preview_of(PLAIN "\r\n", "\360\237\230\200", 5000, &b);
	CHECK_INT(b.len, 800);
	preview_of(PLAIN "\r\n", "a \r\n", 5000, &b);
	CHECK_INT(b.len, 199);		/* and no blank at the end */
	preview_of(HTML "\r\n", "<p>a", 5000, &b);
	CHECK_INT(b.len, 199);
	buf_clear(&b);
}

static void
what_never_ends_is_left(void)
{
	struct buf b = { 0 };

	preview_of(PLAIN "\r\n", " \r\n", 1000000, &b);
	CHECK_INT(b.len, 0);
	preview_of(HTML "\r\n<style>", "p { color: red }\r\n", 100000, &b);
	CHECK_INT(b.len, 0);
	preview_of(HTML "\r\n", "<p ", 500000, &b);
	CHECK_INT(b.len, 0);
	buf_clear(&b);
}

int
main(void)
{
	TEST(tags_go_and_text_stays);
	TEST(previews_are_what_people_read);
	TEST(previews_have_200_characters);
	TEST(what_never_ends_is_left);
	return test_end();
}
