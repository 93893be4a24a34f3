#!/usr/bin/env bats
# fetch.bats - FETCH: every item, with exact octets
# SPDX-License-Identifier: ISC
load ../lib/imap

# RFC 3501 8
crlf HELLO <<'EOM'
Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)
From: Terry Gray <gray@cac.washington.edu>
Subject: IMAP4rev1 WG mtg summary and minutes
To: imap@cac.washington.edu
cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>
Message-Id: <B27397-0100000@cac.washington.edu>
MIME-Version: 1.0
Content-Type: TEXT/PLAIN; CHARSET=US-ASCII

Hello.
EOM
HELLO_HEADER=${HELLO%"Hello.$CRLF"}

# Parts 1 text, 2 application, 3 message/rfc822 that holds a multipart
# (3.1 text, 3.2 message/rfc822 with 3.2.1 text), 4 multipart (4.1, 4.2).
crlf NEST <<'EOM'
From: a@example.org
Subject: nested
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="outer"

preamble
--outer
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable
X-Part: one

part one =E2=82=AC
--outer
Content-Type: application/octet-stream; name="b.bin"
Content-Disposition: attachment; filename="b.bin"; size=4
Content-Transfer-Encoding: base64

AAECAw==
--outer
Content-Type: message/rfc822

From: b@example.org
To: c@example.org
Subject: inner
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=inner

--inner

part three one
--inner
Content-Type: message/rfc822

Subject: innermost
X-Deep: yes

deep text
--inner--
--outer
Content-Type: multipart/parallel; boundary="four"
Content-Language: de, en
Content-Location: http://example.org/x

--four
Content-Type: text/html

<p>four one</p>
--four
Content-Type: image/gif
Content-ID: <gif@example.org>
Content-Description: a picture
Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==

GIF89a
--four--

--outer--
epilogue
EOM

setup() {
	imap_setup
	imap_start a
	append a INBOX "$HELLO" '' '17-Jul-1996 02:44:25 -0700'
	append a INBOX "$NEST"
	imap_ok a 's1 SELECT INBOX'
	imap_ok a 's2 CLOSE'
	imap_ok a 's3 SELECT INBOX'
}

# part NAME TEXT: one section's octets, the line ends as CRLF.
section() {
	local seq=$1 name=$2 text
	crlf text
	text=${text%"$CRLF"}
	imap_ok a "sec FETCH $seq BODY.PEEK[$name]"
	expect_item "BODY[$name]" "$text"
}

@test "FETCH: the dialogue of RFC 3501 8" {
	imap a 'a1 FETCH 1 FULL'
	expect '~INTERNALDATE "17-Jul-1996 02:44:25 -0700"'
	expect "~RFC822\.SIZE ${#HELLO}"
	expect_flags 1
	expect_item ENVELOPE '("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)" "IMAP4rev1 WG mtg summary and minutes" (("Terry Gray" NIL "gray" "cac.washington.edu")) (("Terry Gray" NIL "gray" "cac.washington.edu")) (("Terry Gray" NIL "gray" "cac.washington.edu")) ((NIL NIL "imap" "cac.washington.edu")) ((NIL NIL "minutes" "CNRI.Reston.VA.US")("John Klensin" NIL "KLENSIN" "MIT.EDU")) NIL NIL "<B27397-0100000@cac.washington.edu>")'
	expect_item BODY '("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 8 1)'
	imap a 'a2 FETCH 1 BODY[HEADER]'
	expect_item 'BODY[HEADER]' "$HELLO_HEADER"
}

@test "FETCH: macros ALL and FAST (RFC 3501 6.4.5)" {
	imap_ok a 'a1 FETCH 1 ALL'
	expect '~FLAGS'
	expect '~INTERNALDATE'
	expect '~RFC822\.SIZE'
	expect '~ENVELOPE'
	refute BODY
	imap_ok a 'a2 FETCH 1 FAST'
	expect '~FLAGS'
	refute ENVELOPE
	imap a 'a3 FETCH 1 (FAST UID)'
	expect_only 'a3 BAD'
}

@test "FETCH: UID, in any case of the item's name" {
	imap_ok a 'a1 FETCH 1:2 uid'
	expect_only '=* 1 FETCH (UID 1)' '=* 2 FETCH (UID 2)' 'a1 OK'
	imap_ok a 'a2 FETCH 2 (UID RFC822.SIZE)'
	expect_only "=* 2 FETCH (UID 2 RFC822.SIZE ${#NEST})" 'a2 OK'
}

@test "FETCH: RFC822, RFC822.HEADER, RFC822.TEXT (RFC 3501 6.4.5)" {
	imap_ok a 'a1 FETCH 1 RFC822.HEADER'
	expect_item RFC822.HEADER "$HELLO_HEADER"
	refute '\Seen'
	imap_ok a 'a2 FETCH 1 RFC822.TEXT'
	expect_item RFC822.TEXT "Hello.$CRLF"
	expect_flags 1 '\Seen'
	imap_ok a 'a3 FETCH 2 RFC822'
	expect_item RFC822 "$NEST"
	expect_flags 2 '\Seen'
}

@test "FETCH: BODY[] sets \\Seen, BODY.PEEK[] does not (RFC 3501 6.4.5)" {
	imap_ok a 'a1 FETCH 1 BODY.PEEK[]'
	expect_item 'BODY[]' "$HELLO"
	refute FLAGS
	imap_ok a 'a2 FETCH 1 FLAGS'
	expect_flags 1
	imap_ok a 'a3 FETCH 1 BODY[]'
	expect_item 'BODY[]' "$HELLO"
	expect_flags 1 '\Seen'
	imap_ok a 'a4 FETCH 1 BODY[]'
	refute FLAGS
	imap_ok a 'a5 FETCH 2 BODY[1]<0.1>'
	expect_flags 2 '\Seen'
}

@test "FETCH: the \\Seen that FETCH sets is told to other sessions" {
	imap_start b --select INBOX
	imap_ok a 'a1 FETCH 1 BODY[TEXT]'
	imap_ok b 'b1 NOOP'
	expect_flags 1 '\Seen'
	imap_ok b 'b2 STATUS INBOX (UNSEEN)'
	expect '=* STATUS INBOX (UNSEEN 1)'
}

@test "FETCH: HEADER and TEXT of the message (RFC 3501 6.4.5)" {
	section 2 HEADER <<-'EOM'
	From: a@example.org
	Subject: nested
	MIME-Version: 1.0
	Content-Type: multipart/mixed; boundary="outer"


	EOM
	imap_ok a 'a1 FETCH 2 BODY.PEEK[TEXT]'
	expect_item 'BODY[TEXT]' "${NEST#*"$CRLF$CRLF"}"
}

@test "FETCH: parts of a multipart, and their MIME headers (RFC 3501 6.4.5)" {
	section 2 1 <<<'part one =E2=82=AC'
	section 2 1.MIME <<-'EOM'
	Content-Type: text/plain; charset=utf-8
	Content-Transfer-Encoding: quoted-printable
	X-Part: one


	EOM
	section 2 2 <<<'AAECAw=='
	section 2 4.1 <<<'<p>four one</p>'
	section 2 4.2 <<<'GIF89a'
	section 2 4.2.MIME <<-'EOM'
	Content-Type: image/gif
	Content-ID: <gif@example.org>
	Content-Description: a picture
	Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==


	EOM
	section 2 4.MIME <<-'EOM'
	Content-Type: multipart/parallel; boundary="four"
	Content-Language: de, en
	Content-Location: http://example.org/x


	EOM
}

@test "FETCH: a message inside a message (RFC 3501 6.4.5)" {
	section 2 3.HEADER <<-'EOM'
	From: b@example.org
	To: c@example.org
	Subject: inner
	MIME-Version: 1.0
	Content-Type: multipart/alternative; boundary=inner


	EOM
	section 2 3.MIME <<-'EOM'
	Content-Type: message/rfc822


	EOM
	section 2 3.1 <<<'part three one'
	section 2 3.TEXT <<-'EOM'
	--inner

	part three one
	--inner
	Content-Type: message/rfc822

	Subject: innermost
	X-Deep: yes

	deep text
	--inner--
	EOM
	section 2 3 <<-'EOM'
	From: b@example.org
	To: c@example.org
	Subject: inner
	MIME-Version: 1.0
	Content-Type: multipart/alternative; boundary=inner

	--inner

	part three one
	--inner
	Content-Type: message/rfc822

	Subject: innermost
	X-Deep: yes

	deep text
	--inner--
	EOM
	section 2 3.2.HEADER <<-'EOM'
	Subject: innermost
	X-Deep: yes


	EOM
	section 2 3.2.TEXT <<<'deep text'
	section 2 3.2.1 <<<'deep text'
	section 2 '3.2.HEADER.FIELDS (x-deep)' <<-'EOM'
	X-Deep: yes


	EOM
}

@test "FETCH: what is not multipart has part 1 (RFC 3501 6.4.5)" {
	imap_ok a 'a1 FETCH 1 BODY.PEEK[1]'
	expect_item 'BODY[1]' "Hello.$CRLF"
	imap_ok a 'a2 FETCH 1 BODY.PEEK[1.MIME]'
	expect_item 'BODY[1.MIME]' "$HELLO_HEADER"
}

@test "FETCH: a part that is not there is NIL or empty, and OK" {
	local part
	for part in 5 1.1 1.1.1 2.HEADER 4.3 99999 1.TEXT; do
		imap a "a1 FETCH 2 BODY.PEEK[$part]"
		expect 'a1 OK'
		expect_item "BODY[$part]" NIL
	done
}

@test "FETCH: sections that the grammar forbids (RFC 3501 9 \"section\")" {
	local section
	for section in 0 1.0 01 1. .1 MIME 1..2 HEADER.FIELDS 'HEADER.FIELDS ()' \
	    'HEADER.FIELDS (' 'HEADER.FIELDS Subject' 'TEXT.1' 'HEADER.1' 'FROB' \
	    4294967296 'TEXT '; do
		imap a "a1 FETCH 1 BODY.PEEK[$section]"
		expect_only 'a1 BAD' || die "for: $section"
	done
	local item
	for item in 'BODY[' 'BODY[]<' 'BODY[]<1>' 'BODY[]<1.0>' 'BODY[]<.1>' \
	    'BODY[]<1.2' 'BODY.PEEK' 'RFC822.PEEK' '(FLAGS' '()' 'FLAGS UID' \
	    '(FLAGS  UID)' 'BODYSTRUCTURE[]'; do
		imap a "a2 FETCH 1 $item"
		expect_only 'a2 BAD' || die "for: $item"
	done
}

@test "FETCH: partials, at the end and beyond (RFC 3501 6.4.5)" {
	local size=${#HELLO}
	imap_ok a 'a1 FETCH 1 BODY.PEEK[]<0.10>'
	expect_item 'BODY[]<0>' "${HELLO:0:10}"
	imap_ok a 'a2 FETCH 1 BODY.PEEK[]<10.20>'
	expect_item 'BODY[]<10>' "${HELLO:10:20}"
	imap_ok a "a3 FETCH 1 BODY.PEEK[]<$((size - 3)).100>"
	expect_item "BODY[]<$((size - 3))>" "${HELLO:size-3}"
	imap_ok a "a4 FETCH 1 BODY.PEEK[]<$size.10>"
	expect_item "BODY[]<$size>" ''
	imap_ok a 'a5 FETCH 1 BODY.PEEK[]<4294967290.4294967295>'
	expect_item 'BODY[]<4294967290>' ''
	imap_ok a 'a6 FETCH 1 BODY.PEEK[TEXT]<1.3>'
	expect_item 'BODY[TEXT]<1>' ell
	imap_ok a 'a7 FETCH 1 BODY.PEEK[HEADER]<6.3>'
	expect_item 'BODY[HEADER]<6>' "${HELLO:6:3}"
	imap_ok a 'a8 FETCH 1 BODY.PEEK[HEADER.FIELDS (SUBJECT)]<9.9>'
	expect_item 'BODY[HEADER.FIELDS (SUBJECT)]<9>' IMAP4rev1
	imap_ok a 'a9 FETCH 2 BODY.PEEK[3.1]<5.5>'
	expect_item 'BODY[3.1]<5>' three
}

@test "FETCH: HEADER.FIELDS and HEADER.FIELDS.NOT (RFC 3501 6.4.5)" {
	section 1 'HEADER.FIELDS (Subject FROM x-none)' <<-'EOM'
	From: Terry Gray <gray@cac.washington.edu>
	Subject: IMAP4rev1 WG mtg summary and minutes


	EOM
	section 1 'HEADER.FIELDS (X-None)' <<<"$LF"
	section 1 'HEADER.FIELDS.NOT (subject from to cc message-id mime-version)' <<-'EOM'
	Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)
	Content-Type: TEXT/PLAIN; CHARSET=US-ASCII


	EOM
	imap_ok a 'a1 FETCH 1 BODY.PEEK[HEADER.FIELDS ("To" {2+}'"${CRLF}cc)]"
	expect '~cc: minutes@CNRI'
	expect '~To: imap@cac'
}

@test "FETCH: HEADER.FIELDS of folded, repeated and empty fields" {
	local text
	crlf text <<-'EOM'
	Received: one
	  more of one
	received: two
	Subject:
	X-A: b
	RECEIVED : three

	body
	EOM
	append a INBOX "$text"
	section 3 'HEADER.FIELDS (RECEIVED)' <<-'EOM'
	Received: one
	  more of one
	received: two
	RECEIVED : three


	EOM
	section 3 'HEADER.FIELDS (SUBJECT)' <<-'EOM'
	Subject:


	EOM
}

@test "FETCH: BODY of nested parts (RFC 3501 7.4.2)" {
	imap_ok a 'a1 FETCH 2 BODY'
	local three_env='(NIL "inner" ((NIL NIL "b" "example.org")) ((NIL NIL "b" "example.org")) ((NIL NIL "b" "example.org")) ((NIL NIL "c" "example.org")) NIL NIL NIL NIL)'
	local deep_env='(NIL "innermost" NIL NIL NIL NIL NIL NIL NIL NIL)'
	local one='("TEXT" "PLAIN" ("CHARSET" "utf-8") NIL NIL "QUOTED-PRINTABLE" 18 0)'
	ANSWER[0]=${ANSWER[0]^^}
	one=${one^^}
	[[ ${ANSWER[0]} == *"BODY ($one"* ]] || {
		one=${one% 0)}' 1)'
		[[ ${ANSWER[0]} == *"BODY ($one"* ]]
	}
	[[ ${ANSWER[0]} == *'("APPLICATION" "OCTET-STREAM" ("NAME" "B.BIN") NIL NIL "BASE64" 8)'* ]]
	[[ ${ANSWER[0]} == *"(\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" "[0-9]*" ${three_env^^} "* ]]
	[[ ${ANSWER[0]} == *"(\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" "[0-9]*" ${deep_env^^} "* ]]
	[[ ${ANSWER[0]} == *' "ALTERNATIVE") '[0-9]* ]]
	[[ ${ANSWER[0]} == *'("IMAGE" "GIF" NIL "<GIF@EXAMPLE.ORG>" "A PICTURE" "7BIT" 6)'* ]]
	[[ ${ANSWER[0]} == *' "PARALLEL") "MIXED"))' ]]
	[[ ${ANSWER[0]} != *'"ATTACHMENT"'* ]]
}

@test "FETCH: BODYSTRUCTURE has the extension data (RFC 3501 7.4.2)" {
	imap_ok a 'a1 FETCH 2 BODYSTRUCTURE'
	local text=${ANSWER[0]^^}
	[[ $text == *'"BASE64" 8 NIL ("ATTACHMENT" ("FILENAME" "B.BIN" "SIZE" "4")) NIL NIL)'* ]]
	[[ $text == *'"7BIT" 6 "Q2HLY2SGSW50ZWDYAXR5IQ==" NIL NIL NIL)'* ]]
	[[ $text == *'"PARALLEL" ("BOUNDARY" "FOUR") NIL ("DE" "EN") "HTTP://EXAMPLE.ORG/X")'* ]]
	[[ $text == *'"MIXED" ("BOUNDARY" "OUTER") NIL NIL NIL))' ]]
	imap_ok a 'a2 FETCH 1 BODYSTRUCTURE'
	expect_item BODYSTRUCTURE '("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 8 1 NIL NIL NIL NIL)'
}

@test "FETCH: ENVELOPE of groups, missing fields, encoded words and 8-bit (RFC 3501 7.4.2)" {
	local text
	crlf text <<-'EOM'
	From: "Dr. \"X\"" <x@example.org>, y@example.org (Why Not)
	To: friends: a@example.org, b@example.org;, c@example.org
	Cc: undisclosed-recipients:;
	Reply-To: reply@example.org
	Sender: =?utf-8?Q?Ren=C3=A9?= <rene@example.org>
	In-Reply-To: <1@example.org>
	Subject: =?utf-8?B?w6k=?= folded
	 subject

	EOM
	append a INBOX "$text"
	imap_ok a 'a1 FETCH 3 ENVELOPE'
	expect_item ENVELOPE '(NIL "=?utf-8?B?w6k=?= folded subject" (("Dr. \"X\"" NIL "x" "example.org")("Why Not" NIL "y" "example.org")) (("=?utf-8?Q?Ren=C3=A9?=" NIL "rene" "example.org")) ((NIL NIL "reply" "example.org")) ((NIL NIL "friends" NIL)(NIL NIL "a" "example.org")(NIL NIL "b" "example.org")(NIL NIL NIL NIL)(NIL NIL "c" "example.org")) ((NIL NIL "undisclosed-recipients" NIL)(NIL NIL NIL NIL)) NIL "<1@example.org>" NIL)'
	append a INBOX $'Subject: caf\xc3\xa9\r\n\r\n'
	imap_ok a 'a2 FETCH 4 ENVELOPE'
	expect_item ENVELOPE '(NIL "=?UTF-8?B?Y2Fmw6k=?=" NIL NIL NIL NIL NIL NIL NIL NIL)'
	# Not UTF-8, so no internationalised mail: as it came.
	append a INBOX $'Subject: caf\xe9\r\n\r\n'
	imap_ok a 'a3 FETCH 5 ENVELOPE'
	expect_item ENVELOPE $'(NIL {4}\r\ncaf\xe9 NIL NIL NIL NIL NIL NIL NIL NIL)'
	append a INBOX "$CRLF"
	imap_ok a 'a4 FETCH 6 ENVELOPE'
	expect_item ENVELOPE '(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)'
}

@test "FETCH: several items, and the same one twice" {
	imap_ok a 'a1 FETCH 1 (FLAGS UID BODY.PEEK[1] RFC822.SIZE BODY.PEEK[HEADER.FIELDS (SUBJECT)])'
	expect_item UID 1
	expect_item 'BODY[1]' "Hello.$CRLF"
	expect_item RFC822.SIZE "${#HELLO}"
	imap_ok a 'a2 FETCH 1 (BODY.PEEK[1] BODY.PEEK[TEXT] BODY.PEEK[1]<0.2>)'
	expect_item 'BODY[1]' "Hello.$CRLF"
	expect_item 'BODY[TEXT]' "Hello.$CRLF"
	expect_item 'BODY[1]<0>' He
}

@test "UID FETCH: UID is there without being asked for (RFC 3501 6.4.8)" {
	imap_ok a 'a1 UID FETCH 1:* FLAGS'
	expect_item UID 1
	expect_item UID 2
	imap a 'a2 UID FETCH 3:50 FLAGS'
	expect_only 'a2 OK'
	imap_ok a 'a3 UID FETCH 2 (UID RFC822.SIZE)'
	expect_only "=* 2 FETCH (UID 2 RFC822.SIZE ${#NEST})" 'a3 OK'
	imap_ok a 'a4 UID FETCH 7:* FLAGS'
	expect_only '* 2 FETCH (' 'a4 OK'
}

@test "FETCH: a sequence number beyond the last is BAD, an empty mailbox too (RFC 3501 9)" {
	imap a 'a1 FETCH 3 FLAGS'
	expect_only 'a1 BAD'
	imap a 'a2 FETCH 1,2,3 FLAGS'
	expect_only 'a2 BAD'
	imap_ok a 'a3 SELECT Drafts'
	imap a 'a4 FETCH 1 FLAGS'
	expect_only 'a4 BAD'
	imap a 'a5 UID FETCH 1:* FLAGS'
	expect_only 'a5 OK'
}

@test "FETCH: broken MIME still gives every item (RFC 2046 5.1.1)" {
	local text n=2
	for text in "Content-Type: multipart/mixed$CRLF${CRLF}no boundary$CRLF" \
	    "Content-Type: multipart/mixed; boundary=x$CRLF$CRLF--x$CRLF${CRLF}open" \
	    "Content-Type: multipart/mixed; boundary=x$CRLF${CRLF}none$CRLF" \
	    "Content-Type: message/rfc822$CRLF$CRLF" \
	    "Content-Type: ;;;=\"$CRLF$CRLF" \
	    "Content-Type: text/plain; charset=\"unclosed$CRLF$CRLF" \
	    "Content-Transfer-Encoding: rot13$CRLF${CRLF}x$CRLF"; do
		append a INBOX "$text"
		imap_ok a "a1 FETCH $((++n)) (BODY BODYSTRUCTURE ENVELOPE BODY.PEEK[])"
		expect_item 'BODY[]' "$text"
		imap_ok a "a2 FETCH $n (BODY.PEEK[1] BODY.PEEK[1.MIME] BODY.PEEK[TEXT])"
	done
}

@test "FETCH: a thousand multiparts in each other, and ten thousand parts" {
	local text numbers
	mapfile -t numbers < <(seq 1000 | sed p)
	printf -v text 'Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n' \
	    "${numbers[@]}"
	append a INBOX "$text${CRLF}deep"
	imap_ok a 'a1 FETCH 3 (BODYSTRUCTURE RFC822.SIZE)'
	((${#ANSWER[0]} < 100000))
	printf -v text -- '--b\r\n\r\n%d\r\n' {0..9999}
	append a INBOX "Content-Type: multipart/mixed; boundary=b$CRLF$CRLF$text--b--$CRLF"
	imap_ok a 'a2 FETCH 4 BODYSTRUCTURE'
	((${#ANSWER[0]} < 500000))
	imap_ok a 'a3 FETCH 4 BODY.PEEK[1000]'
	expect_item 'BODY[1000]' 999
}

# Each name is looked for in each line of the header: 100 lists of 1,000 took a
# minute for one message.
@test "FETCH: a thousand field names in all, and not in each list" {
	local names
	printf -v names 'x-%s ' {1..499}
	imap_ok a "a1 FETCH 1 (BODY.PEEK[HEADER.FIELDS (${names}x)] BODY.PEEK[HEADER.FIELDS.NOT (${names}x)])"
	expect '* 1 FETCH'
	imap a "a2 FETCH 1 (BODY.PEEK[HEADER.FIELDS (${names}x)] BODY.PEEK[HEADER.FIELDS.NOT (${names}x y)])"
	expect_only 'a2 BAD'
}
