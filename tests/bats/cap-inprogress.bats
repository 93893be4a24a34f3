#!/usr/bin/env bats
# cap-inprogress.bats - INPROGRESS: how far a long command is (RFC 9585)
# SPDX-License-Identifier: ISC
load ../lib/imap

setup() {
	imap_setup
	conf 'progress-interval = 0'
	imap_start a
	imap_ok a 'c1 CREATE foo'
	seed a INBOX 200
	imap_ok a 's1 SELECT INBOX'
}

@test "COPY and MOVE say how far they are (RFC 9585 4)" {
	imap_ok a 'A003 COPY 1:* foo'
	expect_only '=* OK [INPROGRESS ("A003" 64 200)] Processed 32% of the items' \
	    '=* OK [INPROGRESS ("A003" 128 200)] Processed 64% of the items' \
	    '=* OK [INPROGRESS ("A003" 192 200)] Processed 96% of the items' \
	    'A003 OK [COPYUID '
	imap_ok a 'A004 UID MOVE 1:128 foo'
	expect '* OK [INPROGRESS ("A004" 64 128)]' '* OK [COPYUID ' '=* 128 EXPUNGE'
	# Never as much as all.
	refute '128 128'
}

@test "INPROGRESS: a tag with a bracket is left out (RFC 9585 4)" {
	imap_ok a 'A]1 COPY 1:100 foo'
	expect_only '=* OK [INPROGRESS (NIL 64 100)] Processed 64% of the items' 'A]1 OK'
}

@test "INPROGRESS: a quick command says nothing of itself" {
	conf 'progress-interval = 10s'
	imap_start b --select INBOX
	imap_ok b 'b1 COPY 1:* foo'
	expect_only 'b1 OK'
}

@test "INPROGRESS: turned off, nothing is said" {
	conf 'capabilities-off = INPROGRESS'
	imap_start b --select INBOX
	imap_ok b 'b1 COPY 1:* foo'
	expect_only 'b1 OK'
}

@test "INPROGRESS: a client that does not read keeps no lock" {
	local i
	imap_start b --select INBOX
	# Nothing is read of what this sends, more than a socket takes.
	for ((i = 0; i < 400; i++)); do
		imap_send_raw b "x$i FETCH 1:* (FLAGS UID RFC822.SIZE INTERNALDATE)$CRLF"
	done
	imap_send b 'c1 COPY 1:* foo'
	imap_ok a 'a1 STORE 1 +FLAGS (\Seen)'
	append a foo "x: y$CRLF$CRLF"
	imap_close b
}

@test "SEARCH says how far it is, before its answer (RFC 9585 4)" {
	imap_ok a 'A001 SEARCH TEXT "this will be slow"'
	expect_only '* OK [INPROGRESS ("A001" 64 200)]' '* OK [INPROGRESS ("A001" 128 200)]' \
	    '* OK [INPROGRESS ("A001" 192 200)]' '=* SEARCH' 'A001 OK'
	imap_ok a 'A002 SEARCH 1:70 BODY "body 7"'
	expect_only '* OK [INPROGRESS ("A002" 64 70)]' '=* SEARCH 7 70' 'A002 OK'
}
