#!/usr/bin/env bats
# append.bats - APPEND
# SPDX-License-Identifier: ISC
load ../lib/imap

crlf HELLO <<'EOM'
Date: Mon, 7 Feb 1994 21:52:25 -0800 (PST)
From: Fred Foobar <foobar@Blurdybloop.COM>
Subject: afternoon meeting
To: mooch@owatagu.siam.edu
Message-Id: <B27397-0100000@Blurdybloop.COM>
MIME-Version: 1.0
Content-Type: TEXT/PLAIN; CHARSET=US-ASCII

Hello Joe, do you think we can meet at 3:30 tomorrow?

EOM

@test "APPEND: a synchronizing literal, APPENDUID (RFC 3501 6.3.11, RFC 4315 3)" {
	imap_start a
	imap_ok a 'a0 STATUS INBOX (UIDVALIDITY)'
	local validity=${ANSWER[0]//[^0-9]/}
	imap a "a1 APPEND INBOX (\\Seen) {${#HELLO}}" "$HELLO"
	expect_only '+ ' "a1 OK [APPENDUID $validity 1]"
	imap a "a2 APPEND INBOX {${#HELLO}+}" "$HELLO"
	expect_only "a2 OK [APPENDUID $validity 2]"
	imap_ok a 'a3 SELECT INBOX'
	imap_ok a 'a4 FETCH 1 (BODY.PEEK[] RFC822.SIZE FLAGS)'
	expect_item 'BODY[]' "$HELLO"
	expect_item RFC822.SIZE "${#HELLO}"
	expect_flags 1 '\Seen'
	imap_ok a 'a5 FETCH 2 FLAGS'
	expect_flags 2
}

@test "APPEND: flags and keywords" {
	imap_start a
	append a INBOX "$HELLO" '(\Answered \Flagged \Deleted \Seen \Draft)'
	append a INBOX "$HELLO" '($Forwarded Work \Seen)'
	append a INBOX "$HELLO" '()'
	append a INBOX "$HELLO" '(work)'
	imap_ok a 'a1 SELECT INBOX'
	imap_ok a 'a2 FETCH 1:4 FLAGS'
	expect_flags 1 '\Answered' '\Flagged' '\Deleted' '\Seen' '\Draft'
	expect_flags 2 '$Forwarded' Work '\Seen'
	expect_flags 3
	expect_flags 4 Work
	imap a "a3 APPEND INBOX (\\Recent) {${#HELLO}+}" "$HELLO"
	expect 'a3 BAD'
	imap a "a4 APPEND INBOX (\\Wrong) {${#HELLO}+}" "$HELLO"
	expect 'a4 BAD'
	imap_ok a 'a5 NOOP'
	refute EXISTS
}

@test "APPEND: the date is INTERNALDATE, with its zone (RFC 3501 6.3.11, 2.3.3)" {
	imap_start a --select INBOX
	append a INBOX "$HELLO" '' ' 7-Feb-1994 22:43:04 -0800'
	append a INBOX "$HELLO" '(\Seen)' '29-Feb-2024 00:00:00 +0545'
	append a INBOX "$HELLO" '' '01-jan-1970 00:00:00 +0000'
	imap_ok a 'a1 FETCH 1:3 INTERNALDATE'
	expect_item INTERNALDATE ' 7-Feb-1994 22:43:04 -0800'
	expect_item INTERNALDATE '29-Feb-2024 00:00:00 +0545'
	expect '~^\* 3 FETCH \(INTERNALDATE "[ 0]1-Jan-1970 00:00:00 \+0000"\)$'
	local date
	for date in '30-Feb-2024 00:00:00 +0000' '1-Jan-2024 00:00:00 +0000' \
	    ' 1-Jan-2024 24:00:00 +0000' ' 1-Jan-24 00:00:00 +0000' \
	    ' 1-Foo-2024 00:00:00 +0000' ' 1-Jan-2024 00:00:00 GMT' ''; do
		imap a "a2 APPEND INBOX \"$date\" {${#HELLO}+}" "$HELLO"
		expect 'a2 BAD' || die "for: $date"
	done
	imap_ok a 'a3 NOOP'
	refute EXISTS
}

@test "APPEND: without a date it is now" {
	imap_start a --select INBOX
	local before after told
	before=$(date +%s)
	append a INBOX "$HELLO"
	after=$(date +%s)
	imap_ok a 'a1 FETCH 1 INTERNALDATE'
	told=$(sed -E 's/.*"([ 0-9]+)-([A-Z][a-z]+)-([0-9]+) ([0-9:]+) ([-+][0-9]+)".*/\1 \2 \3 \4 \5/' \
	    <<<"${ANSWER[0]}")
	told=$(date -d "$told" +%s)
	((told >= before && told <= after))
}

@test "APPEND: to the selected mailbox it is told at once (RFC 3501 6.3.11)" {
	imap_start a --select INBOX
	imap a "a1 APPEND INBOX {${#HELLO}+}" "$HELLO"
	expect_only '=* 1 EXISTS' '=* 1 RECENT' 'a1 OK [APPENDUID'
}

@test "APPEND: TRYCREATE, whatever is missing of the name (RFC 3501 6.3.11)" {
	imap_start a
	imap a "a1 APPEND Nothing {${#HELLO}}" "$HELLO"
	expect 'a1 NO [TRYCREATE]'
	imap a "a2 APPEND Nothing\\Else {${#HELLO}+}" "$HELLO"
	expect_only 'a2 NO [TRYCREATE]'
	imap a 'a3 NOOP'
	expect_only 'a3 OK'
}

@test "APPEND: TRYCREATE comes before the octets of a synchronizing literal" {
	imap_start a
	imap a 'a1 APPEND Nothing {1000}'
	expect_only 'a1 NO [TRYCREATE]'
}

@test "APPEND: too big is refused before its octets (RFC 3501 6.3.11)" {
	conf 'message-size-limit = 1K'
	imap_start a --select INBOX
	imap a 'a1 APPEND INBOX {1025}'
	expect_only '~^a1 NO \[(TOOBIG|LIMIT)\]'
	imap a 'a2 APPEND INBOX {4294967296}'
	expect_only '~^a2 (NO|BAD)'
	local text
	printf -v text 'Subject: big\r\n\r\n%02000d' 0
	imap a "a3 APPEND INBOX {${#text}+}" "$text"
	expect_only '~^a3 NO \[(TOOBIG|LIMIT)\]'
	append a INBOX "${text:0:1024}"
	imap a 'a4 NOOP'
	expect_only 'a4 OK'
	imap_ok a 'a5 STATUS INBOX (MESSAGES)'
	expect '=* STATUS INBOX (MESSAGES 1)'
}

@test "APPEND: NUL is refused, nothing is left (RFC 3501 4.3 \"CHAR8\")" {
	imap_start a --select INBOX
	printf 'a1 APPEND INBOX {8+}\r\nab: c\0\r\n\r\n' >&"${IMAP_FD[a]}"
	imap_recv a a1
	expect_only '~^a1 (NO|BAD)'
	imap a 'a2 NOOP'
	expect_only 'a2 OK'
	imap_ok a 'a3 STATUS INBOX (MESSAGES UIDNEXT)'
	expect '=* STATUS INBOX (MESSAGES 0 UIDNEXT 1)'
}

@test "APPEND: zero octets are refused (RFC 3502)" {
	imap_start a --select INBOX
	imap a 'a1 APPEND INBOX {0}' ''
	expect_only 'a1 NO [CANNOT]'
	imap a 'a2 APPEND INBOX {0+}' ''
	expect_only 'a2 NO [CANNOT]'
	imap a 'a3 NOOP'
	expect 'a3 OK'
	imap_ok a 'a4 STATUS INBOX (MESSAGES UIDNEXT)'
	expect '=* STATUS INBOX (MESSAGES 0 UIDNEXT 1)'
}

@test "APPEND: what looks like a message and is none comes back octet by octet" {
	imap_start a --select INBOX
	local text n=0
	for text in 'x' "$CRLF" "no header at all" "a: b" "a: b$LF${LF}bare LF$LF" \
	    $'8-bit: \xff\xfe\r\n\r\n\x80\x81' "$CR$CR$LF$CR" \
	    ": no name$CRLF : fold first$CRLF$CRLF" ')' 'a1 OK'; do
		append a INBOX "$text"
		imap_ok a "a1 FETCH $((++n)) (BODY.PEEK[] RFC822.SIZE)"
		expect_item 'BODY[]' "$text"
		expect_item RFC822.SIZE "${#text}"
		imap_ok a "a2 FETCH $n (ENVELOPE BODYSTRUCTURE BODY)"
	done
}

@test "APPEND: a literal of 20 MB, in constant memory" {
	imap_start a --select INBOX
	local pid size=20000000
	pid=$(imap_pid a)
	{
		printf 'a1 APPEND INBOX {%d+}\r\nSubject: big\r\n\r\n' $size
		# "Subject: big" and two line ends are 16 octets.
		yes "$(printf '%0997d' 0)"$'\r' | head -c $((size - 16))
		printf '\r\n'
	} >&"${IMAP_FD[a]}"
	imap_recv a a1
	expect '=* 1 EXISTS' 'a1 OK'
	imap_ok a 'a2 FETCH 1 RFC822.SIZE'
	expect '* 1 FETCH (RFC822.SIZE 20000000)'
	built_with_asan || (($(awk '$1 == "VmHWM:" { print $2 }' "/proc/$pid/status") < 40000))
	# As anonymous memory it is far less; the file may be mapped.
	built_with_asan || (($(awk '$1 == "RssAnon:" { print $2 }' "/proc/$pid/status") < 4000))
}

@test "APPEND: grammar (RFC 3501 9 \"append\")" {
	imap_start a
	local line
	for line in 'APPEND INBOX ()' 'APPEND INBOX {x}' 'APPEND INBOX {3} x' \
	    'APPEND INBOX (\Seen)' 'APPEND INBOX (\Seen {3+}' \
	    'APPEND INBOX "x" {3+}' 'APPEND {5+}'"${CRLF}INBOX"; do
		imap_send a "a1 $line"
		[[ $line != *'{3+}' ]] || imap_send_raw a "abc$CRLF"
		imap_recv a a1
		expect_only 'a1 BAD' || die "for: $line"
	done
	imap_ok a 'a2 STATUS INBOX (MESSAGES)'
	expect '=* STATUS INBOX (MESSAGES 0)'
}

@test "APPEND: rubbish behind the literal appends nothing" {
	imap_start a --select INBOX
	imap_send_raw a "a1 APPEND INBOX {4+}${CRLF}a: b rubbish$CRLF"
	imap_recv a a1
	expect_only 'a1 BAD'
	imap a 'a2 NOOP'
	expect_only 'a2 OK'
}

@test "APPEND: mailbox name as a literal, then the message as another" {
	imap_start a
	imap a 'a1 APPEND {5}' "INBOX {${#HELLO}}" "$HELLO"
	expect '+ ' '+ ' 'a1 OK'
}

@test "APPEND: a session that is cut off leaves no trace" {
	imap_start a
	imap_send_raw a "a1 APPEND INBOX {100+}${CRLF}Subject: half"
	local pid
	pid=$(imap_pid a)
	imap_close a
	process_ends "$pid"
	imap_start b --select INBOX
	expect '=* 0 EXISTS'
	append b INBOX "$HELLO"
	run find "$MSGSTORE/users/alice" -type f -size -50c -name '[0-9]*'
	same '' "$output"
}

# Databases that the process of session NAME has open.
open_messages() {
	find "/proc/$(imap_pid "$1")/fd" -lname "*/messages.db" | wc -l
}

@test "APPEND: the mailbox stays open for the next one, until the session rests" {
	imap_start a
	append a INBOX "$HELLO"
	append a INBOX "$HELLO"
	imap a "a1 STATUS INBOX (MESSAGES)"
	expect '* STATUS INBOX (MESSAGES 2)' 'a1 OK'
	run -0 open_messages a
	same 1 "$output"
	SECONDS=0
	until [[ $(open_messages a) == 0 ]]; do
		((SECONDS < IMAP_TIMEOUT)) || die 'it stays open'
		sleep 0.1
	done
	append a INBOX "$HELLO"
	imap a "a2 STATUS INBOX (MESSAGES)"
	expect '* STATUS INBOX (MESSAGES 3)' 'a2 OK'
}

@test "APPEND: goes to what has the name now, whatever had it at the append before" {
	imap_start a; imap_start b
	imap_ok a 'a1 CREATE x'
	append a x "$HELLO"
	imap_ok b 'b1 RENAME x y'
	imap_ok b 'b2 CREATE x'
	append a x "$HELLO"
	append a x "$HELLO"
	imap b 'b3 STATUS x (MESSAGES)'
	expect '* STATUS x (MESSAGES 2)' 'b3 OK'
	imap b 'b4 STATUS y (MESSAGES)'
	expect '* STATUS y (MESSAGES 1)' 'b4 OK'
	imap_ok b 'b5 DELETE x'
	imap a "a2 APPEND x {${#HELLO}+}" "$HELLO"
	expect 'a2 NO [TRYCREATE]'
	imap_ok b 'b6 CREATE x'
	append a x "$HELLO"
	imap b 'b7 STATUS x (MESSAGES)'
	expect '* STATUS x (MESSAGES 1)' 'b7 OK'
	append a INBOX "$HELLO"
	imap_ok b 'b8 RENAME INBOX z'
	append a INBOX "$HELLO"
	imap b 'b9 STATUS z (MESSAGES)'
	expect '* STATUS z (MESSAGES 1)' 'b9 OK'
	imap b 'b10 STATUS INBOX (MESSAGES)'
	expect '* STATUS INBOX (MESSAGES 1)' 'b10 OK'
}
