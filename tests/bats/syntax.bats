#!/usr/bin/env bats
# syntax.bats - what is not a command, and commands out of place
# SPDX-License-Identifier: ISC
load ../lib/imap

# repeat TEXT TIMES VARIABLE
repeat() {
	local text
	text=$(yes "$1" | head -n "$2" | tr -d '\n')
	printf -v "$3" %s "$text"
}

@test "BAD: every malformed line is answered, and the session goes on" {
	imap_start a --select INBOX
	local line
	for line in 'FROB' 'FETCH' 'FETCH 1' 'FETCH 1 (' 'FETCH 1 FLAGS)' \
	    'FETCH 0 FLAGS' 'FETCH 1*2 FLAGS' 'FETCH , FLAGS' 'FETCH 1: FLAGS' \
	    'STORE 1 FLAGS' 'STORE 1 +FLAG (\Seen)' 'STORE 1 FLAGS (\Wrong)' \
	    'STORE 1 FLAGS (\Recent)' 'COPY 1' 'COPY INBOX' 'SEARCH' \
	    'SEARCH FROB' 'SEARCH (ALL' 'SEARCH OR ALL' 'SEARCH BEFORE today' \
	    'SEARCH KEYWORD' 'SEARCH HEADER Subject' 'SELECT' 'SELECT a b' \
	    'LIST ""' 'LIST' 'STATUS INBOX' 'STATUS INBOX ()' \
	    'STATUS INBOX (FROB)' 'APPEND' 'APPEND INBOX' 'APPEND INBOX x' \
	    'RENAME a' 'CREATE' 'UID' 'UID FROB 1' 'UID EXPUNGE' \
	    'NOOP x' 'LOGOUT now' 'CAPABILITY ' ' NOOP' 'EXPUNGE 1' \
	    'SUBSCRIBE' 'LSUB ""' 'IDLE x' 'NAMESPACE x' 'CLOSE x'; do
		imap a "a1 $line"
		expect_only 'a1 BAD' || die "for: $line"
	done
	imap a 'a2 NOOP'
	expect_only 'a2 OK'
}

@test "BAD: a line without a tag or a command (RFC 3501 2.2.1, 7.1.3)" {
	imap_start a
	local line
	for line in '' ' ' 'a1' 'a1 ' '(a1) NOOP' '* NOOP' '+ NOOP' '"a" NOOP' \
	    '{3}' 'a1%b NOOP'; do
		imap_send a "$line"
		ANSWER=()
		imap_read a
		expect '~^(\*|a1) BAD ' || die "for: $line"
	done
	imap a 'a2 NOOP'
	expect_only 'a2 OK'
}

@test "BAD: what only begins like a tag is answered without one (RFC 3501 7.1.3)" {
	imap_start a
	local line
	for line in 'a1+ NOOP' 'a1%b NOOP' 'a1"b" NOOP' 'a1(NOOP)'; do
		imap_send a "$line"
		ANSWER=()
		imap_read a
		expect_only '* BAD ' || die "for: $line"
	done
	imap a 'a2 NOOP'
	expect_only 'a2 OK'
}

@test "BAD: ten in a row before login end the session" {
	imap_start a --login
	local i
	for i in 1 2 3 4 5 6 7 8 9; do
		imap a "a$i FROB"
		expect_only "a$i BAD"
	done
	imap a 'a10 NOOP'
	expect_only 'a10 OK'
	for i in 1 2 3 4 5 6 7 8 9; do
		imap a "a$i FROB"
		expect_only "a$i BAD"
	done
	imap_send a 'a11 FROB'
	imap_eof a
	expect '* BYE'
}

@test "BAD: not even twenty in a row end a session that is logged in" {
	imap_start a
	local i
	for ((i = 0; i < 20; i++)); do
		imap a "a$i FROB"
		expect_only "a$i BAD"
	done
	imap a 'b NOOP'
	expect_only 'b OK'
}

@test "state: what needs login is BAD before it (RFC 3501 3)" {
	imap_start a --login
	local line
	for line in 'SELECT INBOX' 'EXAMINE INBOX' 'CREATE x' 'DELETE x' \
	    'RENAME x y' 'SUBSCRIBE x' 'UNSUBSCRIBE x' 'LIST "" *' 'LSUB "" *'; do
		imap a "a1 $line"
		expect_only 'a1 BAD'
	done
	imap_close a
	imap_start a --login
	for line in 'STATUS INBOX (MESSAGES)' 'NAMESPACE' 'IDLE' \
	    'APPEND INBOX {3+}'"${CRLF}abc" 'FETCH 1 FLAGS' 'CHECK' 'CLOSE' \
	    'UNSELECT'; do
		imap a "a1 $line"
		expect_only 'a1 BAD'
	done
}

@test "state: what needs a mailbox is BAD without one (RFC 3501 6.4)" {
	imap_start a
	local line
	for line in 'CHECK' 'CLOSE' 'UNSELECT' 'EXPUNGE' 'SEARCH ALL' \
	    'FETCH 1 FLAGS' 'STORE 1 FLAGS ()' 'COPY 1 INBOX' 'UID FETCH 1 FLAGS' \
	    'UID STORE 1 FLAGS ()' 'UID COPY 1 INBOX' 'UID SEARCH ALL' \
	    'UID EXPUNGE 1'; do
		imap a "a1 $line"
		expect_only 'a1 BAD'
	done
	imap a 'a2 NOOP'
	expect_only 'a2 OK'
}

@test "state: a command that is out of place is skipped whole, literals too (RFC 7888 4)" {
	imap_start a --login
	imap_send_raw a "a1 APPEND INBOX {9+}${CRLF}a2 LOGOUT${CRLF}a3 NOOP$CRLF"
	imap_recv a a3
	expect_only 'a1 BAD' 'a3 OK'
}

@test "pipelining: commands run in order, and all are answered (RFC 3501 5.5)" {
	imap_start a --login
	imap_send_raw a "a1 LOGIN alice wonderland${CRLF}a2 CREATE x${CRLF}a3 \
SELECT x${CRLF}a4 APPEND x {11+}${CRLF}Subject: x
${CRLF}a5 FETCH 1 RFC822.SIZE${CRLF}a6 FROB${CRLF}a7 NOOP${CRLF}a8 LOGOUT$CRLF"
	imap_eof a
	expect 'a1 OK' 'a2 OK' '=* 0 EXISTS' 'a3 OK' '=* 1 EXISTS' 'a4 OK' \
	    '* 1 FETCH (RFC822.SIZE 11)' 'a5 OK' 'a6 BAD' 'a7 OK' '* BYE' 'a8 OK'
}

@test "pipelining: five hundred commands in one go" {
	imap_start a --select INBOX
	local out='' i
	for ((i = 0; i < 500; i++)); do
		out+="p$i NOOP$CRLF"
	done
	imap_send_raw a "$out"
	imap_recv a p499
	same 500 "${#ANSWER[@]}"
}

@test "a command in many small packets" {
	imap_start a
	local text="a1 STATUS {5+}${CRLF}INBOX (MESSAGES UIDNEXT)$CRLF" i
	for ((i = 0; i < ${#text}; i++)); do
		printf %s "${text:i:1}" >&"${IMAP_FD[a]}"
	done
	imap_recv a a1
	expect_only '* STATUS INBOX (' 'a1 OK'
}

@test "a bare LF ends a line too" {
	imap_start a
	imap_send_raw a "a1 NOOP${LF}a2 NOOP$LF"
	imap_recv a a2
	expect_only 'a1 OK' 'a2 OK'
}

@test "overlong: a line of 2 MB is BAD or ends the session, in little memory" {
	local text
	repeat x 2000000 text
	imap_start a
	imap_send_raw a "a1 SELECT $text$CRLF"
	ANSWER=()
	imap_read a
	expect '~^(\* BYE|a1 BAD)'
	imap_start b --login
	imap_send_raw b "b1 LOGIN alice $text$CRLF" || :
	ANSWER=()
	imap_read b
	expect '~^(\* BYE|b1 BAD)'
}

@test "overlong: a tag of 1,000 octets" {
	local tag
	repeat t 1000 tag
	imap_start a
	imap_send a "$tag NOOP"
	ANSWER=()
	imap_read a
	expect '~^\* (BAD|BYE)'
}

@test "overlong: a huge literal is refused before its octets (RFC 3501 4.3)" {
	imap_start a
	imap_send a 'a1 SELECT {4000000000}'
	imap_recv a a1
	expect_only '~^a1 (BAD|NO)'
	imap a 'a2 SELECT {99999999999999999999}'
	expect_only 'a2 BAD'
	imap a 'a3 NOOP'
	expect_only 'a3 OK'
	imap_start b --login
	imap b 'b1 LOGIN {1000000}'
	expect_only '~^b1 (BAD|NO)'
	imap b 'b2 LOGIN {5}' 'alice wonderland'
	expect 'b2 OK'
}

@test "overlong: a huge non-synchronizing literal is skipped, or ends the session (RFC 7888 4)" {
	imap_start a --login
	imap_send a 'a1 LOGIN {4000000000+}'
	ANSWER=()
	imap_read a
	expect '~^(\* BYE|a1 (BAD|NO))'
	imap_close a
}

@test "NUL: anywhere in a command is BAD (RFC 3501 9 \"CHAR\")" {
	imap_start a
	printf 'a1 NO\0OP\r\n' >&"${IMAP_FD[a]}"
	imap_read a
	expect '~^(\*|a1) BAD '
	printf 'a2 SELECT "IN\0BOX"\r\n' >&"${IMAP_FD[a]}"
	imap_recv a a2
	expect 'a2 BAD'
	printf 'a3 SELECT {6+}\r\nIN\0BOX\r\n' >&"${IMAP_FD[a]}"
	imap_recv a a3
	expect 'a3 BAD'
	printf '\0\r\n' >&"${IMAP_FD[a]}"
	ANSWER=()
	imap_read a
	expect '~^\* BAD '
	imap a 'a4 NOOP'
	expect_only 'a4 OK'
}

@test "8-bit: in an atom or a tag is BAD (RFC 3501 9 \"atom\")" {
	imap_start a
	imap a $'a1 SELECT caf\xc3\xa9'
	expect_only 'a1 BAD'
	imap a $'a2 F\xc3\xa9TCH 1 FLAGS'
	expect_only 'a2 BAD'
	imap_send a $'\xc3\xa9 NOOP'
	ANSWER=()
	imap_read a
	expect '~^\* BAD '
	imap a $'a3 SELECT "\xff\xfe"'
	expect_only '~^a3 (BAD|NO)'
	imap a 'a4 NOOP'
	expect_only 'a4 OK'
}

@test "nesting: a thousand parentheses in SEARCH are BAD, in bounded time" {
	imap_start a --select INBOX
	local open close
	repeat '(' 1000 open
	repeat ')' 1000 close
	imap a "a1 SEARCH ${open}ALL$close"
	expect_only 'a1 BAD'
	local nots
	repeat 'NOT ' 1000 nots
	imap a "a2 SEARCH ${nots}ALL"
	expect '~^a2 (BAD|OK)'
	local ors
	repeat 'OR ALL ' 1000 ors
	imap a "a3 SEARCH ${ors}ALL"
	expect '~^a3 (BAD|OK)'
	imap a 'a4 SEARCH ((((ALL))))'
	expect_only '=* SEARCH' 'a4 OK'
}

@test "sets: a thousand ranges, and the largest numbers (RFC 3501 9 \"sequence-set\")" {
	imap_start a --select INBOX
	seed a INBOX 2
	local set
	repeat '1:2,2:1,' 1000 set
	imap a "a1 FETCH ${set}1 UID"
	expect_only '=* 1 FETCH (UID 1)' '=* 2 FETCH (UID 2)' 'a1 OK'
	imap a 'a2 UID FETCH 1:4294967295 FLAGS'
	expect '* 1 FETCH' '* 2 FETCH' 'a2 OK'
	imap a 'a3 UID FETCH 4294967295:* UID'
	expect_only '* 2 FETCH (UID 2)' 'a3 OK'
	imap a 'a4 UID FETCH 4294967296 UID'
	expect_only 'a4 BAD'
	imap a 'a5 FETCH 3 UID'
	expect_only 'a5 BAD'
	imap a 'a6 FETCH 2:* UID'
	expect_only '* 2 FETCH' 'a6 OK'
	imap a 'a7 FETCH *:1 UID'
	expect_only '* 1 FETCH' '* 2 FETCH' 'a7 OK'
}

@test "an unknown command is named by BAD; its text cannot break the answer" {
	imap_start a
	imap a 'a1 FROB x'
	expect_only 'a1 BAD'
	imap a "a2 $(printf '%0300d' 0) x"
	expect_only 'a2 BAD'
	((${#ANSWER[0]} < 1000))
}

@test "no octets of a finished session are taken for the next command" {
	imap_start a
	imap_send_raw a "a1 LOGOUT${CRLF}a2 NOOP$CRLF"
	imap_eof a
	expect '* BYE' 'a1 OK'
	refute a2
}
