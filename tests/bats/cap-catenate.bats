#!/usr/bin/env bats
# cap-catenate.bats - messages made of others on the server (RFC 4469)
# SPDX-License-Identifier: ISC
load ../lib/imap

crlf DRAFT <<'EOM'
From: Bob Ar <bar@example.org>
Subject: About our holiday trip
MIME-Version: 1.0
Content-Type: multipart/mixed;
              boundary="------------030308070208000400050907"

--------------030308070208000400050907
Content-Type: text/plain; charset=us-ascii; format=flowed
Content-Transfer-Encoding: 7bit

Our travel agent has sent the schedule.

--------------030308070208000400050907
Content-Type: application/x-zip-compressed
Content-Transfer-Encoding: base64

UEsDBAoAAAAAAA==

--------------030308070208000400050907--
EOM
BOUNDARY="$CRLF--------------030308070208000400050907$CRLF"
LAST="$CRLF--------------030308070208000400050907--$CRLF"

# A mailbox Drafts with DRAFT as UID 1; sets V, its UIDVALIDITY.
drafts() {
	imap_start a
	imap a 'd0 CREATE Drafts'
	append a Drafts "$DRAFT"
	imap_ok a 'd1 STATUS Drafts (UIDVALIDITY)'
	V=${ANSWER[0]//[^0-9]/}
}

# section ITEM: of message 1 in Drafts, without its label.
section() {
	imap_ok a "s1 FETCH 1 BODY.PEEK[$1]" >/dev/null
	local text=${ANSWER[0]#*"]"}
	text=${text#* }
	if [[ $text == '{'* ]]; then
		text=${text#*"$CRLF"}
		printf '%sx' "${text%)}"
	else
		text=${text#\"}
		printf '%sx' "${text%\")}"
	fi
}

@test "CATENATE: replace an attachment, example 1 (RFC 4469 A)" {
	drafts
	imap_ok a 'a0 CAPABILITY'
	expect '~^\* CAPABILITY .*\bCATENATE\b'
	local zip=$'Content-Type: text/plain\r\n\r\nnot a zip'
	append a Drafts "$zip"
	imap a "A003 APPEND Drafts (\\Seen \\Draft \$MDNSent) CATENATE (URL \"/Drafts;UIDVALIDITY=$V/;UID=1/;section=HEADER\" TEXT {${#BOUNDARY}}" \
	    "$BOUNDARY URL \"/Drafts;UIDVALIDITY=$V/;UID=1/;section=1.MIME\" URL \"/Drafts;UIDVALIDITY=$V/;UID=1/;section=1\" TEXT {${#BOUNDARY}}" \
	    "$BOUNDARY URL \"/Drafts;UIDVALIDITY=$V/;UID=2\" TEXT {${#LAST}}" \
	    "$LAST)"
	expect_only '+ ' '+ ' '+ ' "A003 OK [APPENDUID $V 3] "
	imap_ok a 'a1 SELECT Drafts'
	local header mime one want
	header=$(section HEADER) mime=$(section 1.MIME) one=$(section 1)
	want="${header%x}$BOUNDARY${mime%x}${one%x}$BOUNDARY$zip$LAST"
	imap_ok a 'a2 FETCH 3 (BODY.PEEK[] FLAGS PREVIEW)'
	expect_item 'BODY[]' "$want"
	expect_flags 3 '\Seen' '\Draft' '$MDNSent' '\Recent'
	expect_item PREVIEW 'Our travel agent has sent the schedule.'
	# What was read for it is not seen by it.
	imap_ok a 'a3 FETCH 1 FLAGS'
	expect_flags 1 '\Recent'
}

@test "CATENATE: new text in front, example 2 (RFC 4469 A)" {
	drafts
	local head=$'Subject: new\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed;\r\n              boundary="------------030308070208000400050907"\r\n\r\n--------------030308070208000400050907\r\n'
	imap a "A003 APPEND Drafts (\\Seen \\Draft \$MDNSent) CATENATE (TEXT {${#head}}" \
	    "$head URL \"/Drafts;UIDVALIDITY=$V/;UID=1/;Section=2.MIME\" URL \"/Drafts;UIDVALIDITY=$V/;UID=1/;Section=2\" TEXT {${#LAST}}" "$LAST)"
	expect_only '+ ' '+ ' "A003 OK [APPENDUID $V 2] "
	imap_ok a 'A004 SELECT Drafts'
	imap_ok a 'A005 UID STORE 1 +FLAGS.SILENT (\Deleted)'
	imap_ok a 'A006 UID FETCH 2 (BODY.PEEK[1] ENVELOPE)'
	local two
	two=$(section 2)
	imap_ok a 'A007 UID FETCH 2 BODY.PEEK[1]'
	expect_item 'BODY[1]' "${two%x}"
}

@test "CATENATE: a URL that fails is BADURL, example 4 (RFC 4469 A, 4.1)" {
	drafts
	imap a "A003 APPEND Drafts (\\Seen \$MDNSent) CATENATE (TEXT {4}" \
	    "a: b URL \"/Drafts;UIDVALIDITY=$V/;UID=1\" TEXT {2}" \
	    "$CRLF URL \"/Drafts;UIDVALIDITY=$V/;UID=113330/;section=1.5.9\" TEXT {2}" x
	expect_only '+ ' '+ ' "A003 NO [BADURL /Drafts;UIDVALIDITY=$V/;UID=113330/;section=1.5.9] "
	imap_ok a 'a1 STATUS Drafts (MESSAGES UIDNEXT)'
	expect '=* STATUS Drafts (MESSAGES 1 UIDNEXT 2)'
}

@test "CATENATE: URLs that are none, or of something else (RFC 4469 3, RFC 5092 7)" {
	drafts
	local url
	for url in / x '//server/Drafts/;UID=1' 'imap://alice@server/Drafts/;UID=1' \
	    /Drafts /Drafts/ "/Drafts;UIDVALIDITY=$V" "/Drafts;UIDVALIDITY=1/;UID=1" \
	    /Drafts/\;UID=2 /Nothing/\;UID=1 /Drafts/\;UID=1/\;section=9 \
	    /Drafts/\;UID=1/\;section=1.TEXT /Drafts/\;UID=1/\;section=MIME \
	    /Drafts/\;UID=1/\;section=0 '/Drafts/;UID=1/;section=HEADER.FIELDS' \
	    '/Drafts/;UID=1/;section=1%5D' '/Drafts/;UID=1/;section=1%5D%3C0.1%3E' \
	    '/Drafts/;UID=1/;section=HEADER.FIELDS%20()' '/Drafts?SUBJECT%20x' \
	    /x/../Drafts/\;UID=1 \;UID=1 '/Drafts/;UID=1;URLAUTH=anonymous:INTERNAL:0' \
	    '/shared%5Csales/;UID=1' '/shared/;UID=1' 'http://example.org/'; do
		imap a "a1 APPEND Drafts CATENATE (URL \"$url\")"
		expect_only "a1 NO [BADURL $url] " || die "for: $url"
	done
	imap a 'a2 APPEND Drafts CATENATE (URL "")'
	expect_only '~^a2 NO \[BADURL [^]]+\] '
	imap a 'a3 APPEND Drafts CATENATE (URL "/D] \\é/;UID=1")'
	expect_only '=a3 NO [BADURL /D%5D%20%5C%C3%A9/;UID=1] This is not the URL of a message on this server'
	local long
	printf -v long '/%05000d/;UID=1' 0
	imap a "a4 APPEND Drafts CATENATE (URL $long)"
	expect_only "a4 NO [BADURL ${long:0:4096}] "
	imap_ok a 'a5 STATUS Drafts (MESSAGES UIDNEXT)'
	expect '=* STATUS Drafts (MESSAGES 1 UIDNEXT 2)'
}

@test "CATENATE: sections and partials give what FETCH gives (RFC 4469 3, RFC 5550 5.7.1)" {
	drafts
	imap_ok a 'a0 CAPABILITY'
	expect '~^\* CAPABILITY .*\bURL-PARTIAL\b'
	imap_ok a 'a0 SELECT Drafts'
	local spec escaped want n=1 text
	for spec in HEADER TEXT 1 1.MIME 2 2.MIME 'HEADER.FIELDS (Subject FROM)' \
	    'HEADER.FIELDS.NOT (subject)' 'HEADER.FIELDS ("X-None")'; do
		want=$(section "$spec")
		escaped=${spec// /%20}
		escaped=${escaped//\"/%22}
		imap_ok a "a1 APPEND Drafts CATENATE (TEXT {4+}${CRLF}a: b URL \"/Drafts/;UID=1/;SECTION=$escaped\")"
		imap_ok a "a2 FETCH $((++n)) BODY.PEEK[]"
		expect_item 'BODY[]' "a: b${want%x}"
	done
	want=$(section TEXT) want=${want%x}
	for text in 0.5 10.20 3 0.4294967295; do
		imap_ok a "a1 APPEND Drafts CATENATE (TEXT {1+}${CRLF}x URL /Drafts/;UID=1/;section=TEXT/;PARTIAL=$text)"
		imap_ok a "a2 FETCH $((++n)) BODY.PEEK[]"
		case $text in
		*.*) expect_item 'BODY[]' "x${want:${text%.*}:${text#*.}}" ;;
		*) expect_item 'BODY[]' "x${want:$text}" ;;
		esac
	done
	# A start behind the end gives nothing, and nothing alone is no message.
	imap_ok a "a3 APPEND Drafts CATENATE (TEXT {1+}${CRLF}x URL /Drafts/;UID=1/;PARTIAL=99999.1)"
	imap a 'a4 APPEND Drafts CATENATE (URL /Drafts/;UID=1/;PARTIAL=99999.1)'
	expect_only 'a4 NO [CANNOT]'
	imap a "a5 APPEND Drafts CATENATE (TEXT {0+}$CRLF)"
	expect_only 'a5 NO [CANNOT]'
	imap_ok a "a6 APPEND Drafts CATENATE (TEXT {0+}$CRLF TEXT {1+}${CRLF}x)"
}

@test "CATENATE: the selected mailbox is the base of ;UID= (RFC 4469 3, RFC 5092 9.1)" {
	drafts
	imap_ok a 'a1 SELECT Drafts'
	imap_ok a 'a2 APPEND INBOX CATENATE (URL ";UID=1")'
	imap_ok a 'a3 APPEND INBOX CATENATE (URL ";uid=1/;section=HEADER")'
	imap_ok a 'a4 SELECT INBOX'
	imap_ok a 'a5 FETCH 1 BODY.PEEK[]'
	expect_item 'BODY[]' "$DRAFT"
	imap_ok a 'a6 UNSELECT'
	imap a 'a7 APPEND INBOX CATENATE (URL ";UID=1")'
	expect_only 'a7 NO [BADURL ;UID=1] '
	# A URL may be a literal, or an atom.
	imap a 'a8 APPEND INBOX CATENATE (URL {15}' '/Drafts/;uid=1 )'
	expect_only '+ ' 'a8 NO [BADURL'
	imap a 'a9 APPEND INBOX CATENATE (URL {14}' '/Drafts/;uid=1)'
	expect_only '+ ' 'a9 OK'
}

@test "CATENATE: names with delimiters, spaces and other letters" {
	imap_start a
	imap_ok a 'a0 CREATE "a b\\Entw&APw-rfe"'
	append a '"a b\\Entw&APw-rfe"' "$DRAFT"
	imap_ok a 'a1 APPEND INBOX CATENATE (URL "/a%20b%5CEntw%C3%BCrfe/;UID=1")'
	imap_ok a 'a2 ENABLE UTF8=ACCEPT'
	imap_ok a 'a3 APPEND INBOX CATENATE (URL "/a%20b%5CEntw%C3%BCrfe/;UID=1")'
	imap_ok a 'a4 APPEND INBOX CATENATE (URL /inbox/;UID=1)'
	imap a 'a5 APPEND INBOX CATENATE (URL "/a%20b%5CEntw%FCrfe/;UID=1")'
	expect_only 'a5 NO [BADURL'
	imap a 'a6 APPEND INBOX CATENATE (URL "/a%20b%5CEntw&APw-rfe/;UID=1")'
	expect_only 'a6 NO [BADURL'
}

@test "CATENATE: with MULTIAPPEND, in any order, all or none" {
	drafts
	imap a "a1 APPEND INBOX {1+}${CRLF}x (\\Seen) CATENATE (URL /Drafts/;UID=1) \"29-Feb-2024 00:00:00 +0545\" CATENATE (TEXT {1+}${CRLF}y) {1+}${CRLF}z"
	expect_only '~^a1 OK \[APPENDUID [0-9]+ 1:4\]'
	imap a "a2 APPEND INBOX {1+}${CRLF}x CATENATE (URL /Drafts/;UID=1) CATENATE (URL /Drafts/;UID=7)"
	expect_only 'a2 NO [BADURL /Drafts/;UID=7] '
	imap_ok a 'a3 STATUS INBOX (MESSAGES UIDNEXT)'
	expect '=* STATUS INBOX (MESSAGES 4 UIDNEXT 5)'
	imap_ok a 'a4 SELECT INBOX'
	imap_ok a 'a5 FETCH 2 (BODY.PEEK[] FLAGS)'
	expect_item 'BODY[]' "$DRAFT"
	expect_flags 2 '\Seen' '\Recent'
}

@test "CATENATE: TOOBIG counts all parts together (RFC 4469 4.2)" {
	conf 'message-size-limit = 3K'
	imap_start a
	local text
	printf -v text 'a: b\r\n\r\n%01500d' 0
	append a INBOX "$text"
	imap_ok a 'a1 APPEND INBOX CATENATE (URL /INBOX/;UID=1 URL /INBOX/;UID=1)'
	imap a 'a2 APPEND INBOX CATENATE (URL /INBOX/;UID=1 URL /INBOX/;UID=1 URL /INBOX/;UID=1)'
	expect_only 'a2 NO [TOOBIG]'
	imap a 'a3 APPEND INBOX CATENATE (URL /INBOX/;UID=2 TEXT {100}'
	expect_only 'a3 NO [TOOBIG]'
	imap a 'a4 APPEND INBOX CATENATE (TEXT {3073}'
	expect_only 'a4 NO [TOOBIG]'
	imap a "a5 APPEND INBOX CATENATE (URL /INBOX/;UID=2 TEXT {100+}$CRLF$(printf '%0100d' 0) TEXT {1+}${CRLF}x)"
	expect_only 'a5 NO [TOOBIG]'
	imap_send a 'a6 APPEND INBOX CATENATE (TEXT {99999999999999999999+}'
	imap_eof a
	expect '* BYE'
}

@test "CATENATE: a shared mailbox gives to who may read it, and no one else" {
	mboxadm grant sales alice lrswit >/dev/null
	mboxadm grant sales bob li >/dev/null
	imap_start a
	append a 'shared\sales' "$DRAFT"
	imap_ok a 'a1 APPEND INBOX CATENATE (URL "/shared%5Csales/;UID=1")'
	imap_ok a 'a2 APPEND INBOX CATENATE (URL "/SHARED%5Csales/;UID=1")'
	imap_start b --user bob
	imap b 'b1 APPEND INBOX CATENATE (URL "/shared%5Csales/;UID=1")'
	expect_only 'b1 NO [BADURL /shared%5Csales/;UID=1] '
	mboxadm grant sales bob lr >/dev/null
	imap_ok b 'b2 APPEND INBOX CATENATE (URL "/shared%5Csales/;UID=1")'
	imap b 'b3 APPEND shared\sales CATENATE (URL /INBOX/;UID=1)'
	expect_only 'b3 NO [NOPERM]'
	mboxadm revoke sales bob >/dev/null
	imap b 'b4 APPEND INBOX CATENATE (URL "/shared%5Csales/;UID=1")'
	expect_only 'b4 NO [BADURL'
	# Another user's mailbox has no name here.
	imap b 'b5 APPEND INBOX CATENATE (URL "/alice%5CINBOX/;UID=1")'
	expect_only 'b5 NO [BADURL'
}

@test "CATENATE: what another session expunged is BADURL; a UID that is not told yet is there" {
	drafts
	imap_ok a 'a1 SELECT Drafts'
	imap_start b --select Drafts
	append b Drafts "$DRAFT"
	imap_ok a 'a2 APPEND INBOX CATENATE (URL /Drafts/;UID=2)'
	imap_ok b 'b1 UID STORE 1 +FLAGS.SILENT (\Deleted)'
	imap_ok b 'b2 UID EXPUNGE 1'
	imap a 'a3 APPEND INBOX CATENATE (URL /Drafts/;UID=1)'
	expect 'a3 NO [BADURL /Drafts/;UID=1] '
}

@test "CATENATE: grammar (RFC 4469 5)" {
	drafts
	local args
	for args in 'CATENATE' 'CATENATE ()' 'CATENATE URL /Drafts/;UID=1' \
	    'CATENATE (URL)' 'CATENATE (URL )' 'CATENATE (URL /Drafts/;UID=1' \
	    'CATENATE (URL /Drafts/;UID=1)x' 'CATENATE (URL /Drafts/;UID=1 )' \
	    'CATENATE (URL /Drafts/;UID=1  URL /Drafts/;UID=1)' \
	    'CATENATE (LINK /Drafts/;UID=1)' 'CATENATE (TEXT "x")' \
	    'CATENATE (TEXT x)' 'CATENATE(URL /Drafts/;UID=1)' \
	    "CATENATE (TEXT {1+}${CRLF}xTEXT {1+}${CRLF}x)" \
	    "CATENATE (TEXT ~{1+}${CRLF}x)" "CATENATE (TEXT {1+}${CRLF}x" \
	    "CATENATE (UTF8 (~{1+}${CRLF}x))" 'CATENATES (x)' \
	    'CATENATE (URL NIL URL)' '() CATENATE ()'; do
		imap_send_raw a "a1 APPEND Drafts $args$CRLF"
		imap_recv a a1
		expect_only '~^a1 (BAD|NO \[BADURL NIL\])' || die "for: $args"
	done
	imap_ok a "a2 append Drafts () catenate (text {1+}${CRLF}x url /Drafts/;uid=1)"
	imap a 'a3 NOOP'
	expect_only 'a3 OK'
	conf 'capabilities-off = CATENATE'
	imap_start b
	imap b 'b1 APPEND Drafts CATENATE (URL /Drafts/;UID=1)'
	expect_only 'b1 BAD'
}

@test "CATENATE: 20 MB out of one message into another, in constant memory" {
	imap_start a
	local pid size=20000000
	pid=$(imap_pid a)
	{
		printf 'a1 APPEND INBOX {%d+}\r\nSubject: big\r\n\r\n' $size
		yes "$(printf '%0997d' 0)"$'\r' | head -c $((size - 16))
		printf '\r\n'
	} >&"${IMAP_FD[a]}"
	imap_recv a a1
	expect 'a1 OK'
	imap_ok a 'a2 APPEND INBOX CATENATE (URL /INBOX/;UID=1 URL /INBOX/;UID=1/;section=TEXT)'
	imap_ok a 'a3 SELECT INBOX'
	imap_ok a 'a4 FETCH 2 RFC822.SIZE'
	expect '* 2 FETCH (RFC822.SIZE 39999984)'
	built_with_asan || (($(awk '$1 == "RssAnon:" { print $2 }' "/proc/$pid/status") < 4000))
}

@test "CATENATE: a URL of nothing but what must be escaped is told whole" {
	imap_start a
	local url
	printf -v url '%04096d' 0
	url=${url//0/]}
	imap a "a1 APPEND INBOX CATENATE (URL \"$url\")"
	expect_only "a1 NO [BADURL ${url//]/%5D}] "
	imap a 'a2 NOOP'
	expect_only 'a2 OK'
}
