#!/usr/bin/env bats
# select.bats - SELECT, EXAMINE, CLOSE, UNSELECT, \Recent
# SPDX-License-Identifier: ISC
load ../lib/imap

@test "SELECT: all that must be told, before the OK (RFC 3501 6.3.1)" {
	imap_start a
	seed a INBOX 3
	imap a 'a1 SELECT INBOX'
	expect '* FLAGS (' 'a1 OK [READ-WRITE]'
	expect '=* 3 EXISTS'
	expect '=* 3 RECENT'
	expect '~^\* OK \[UIDVALIDITY [1-9][0-9]*\]'
	expect '* OK [UIDNEXT 4]'
	expect '* OK [UNSEEN 1]'
	expect '~^\* OK \[PERMANENTFLAGS \(.*\\\*\)\]'
	local flag
	for flag in Answered Flagged Deleted Seen Draft; do
		expect "~^\* FLAGS \(.*\\\\$flag"
		expect "~PERMANENTFLAGS \(.*\\\\$flag"
	done
}

@test "SELECT: an empty mailbox has no UNSEEN" {
	imap_start a
	imap a 'a1 SELECT Drafts'
	expect '=* 0 EXISTS'
	expect '=* 0 RECENT'
	expect '* OK [UIDNEXT 1]'
	expect 'a1 OK [READ-WRITE]'
	refute '[UNSEEN'
}

@test "SELECT: UNSEEN is the first message without \\Seen (RFC 3501 7.1)" {
	imap_start a
	append a INBOX "a: b$CRLF$CRLF" '(\Seen)'
	append a INBOX "a: b$CRLF$CRLF" '(\Seen)'
	append a INBOX "a: b$CRLF$CRLF"
	append a INBOX "a: b$CRLF$CRLF" '(\Seen)'
	append a INBOX "a: b$CRLF$CRLF"
	imap_ok a 'a1 SELECT INBOX'
	expect '* OK [UNSEEN 3]'
	imap_ok a 'a2 STORE 1:* +FLAGS (\Seen)'
	imap_ok a 'a3 SELECT INBOX'
	refute '[UNSEEN'
}

@test "EXAMINE: read-only, nothing changes (RFC 3501 6.3.2)" {
	imap_start a
	seed a INBOX 2
	imap a 'a1 EXAMINE INBOX'
	expect '=* 2 EXISTS'
	expect '=* 2 RECENT'
	expect '~^\* OK \[PERMANENTFLAGS \(\)\]'
	expect 'a1 OK [READ-ONLY]'
	imap_ok a 'a2 FETCH 1 BODY[]'
	refute '\Seen'
	local line
	for line in 'STORE 1 +FLAGS (\Seen)' 'EXPUNGE' 'UID EXPUNGE 1' \
	    'UID STORE 1 FLAGS ()'; do
		imap a "a3 $line"
		expect_only 'a3 NO [READ-ONLY]'
	done
	imap_ok a 'a4 COPY 1 Drafts'
	imap_ok a 'a5 CLOSE'
	imap_ok a 'a6 SELECT INBOX'
	expect '=* 2 RECENT'
	imap_ok a 'a7 FETCH 1 FLAGS'
	expect_flags 1 '\Recent'
}

@test "SELECT: a mailbox that is not there leaves nothing selected (RFC 3501 6.3.1)" {
	imap_start a --select INBOX
	imap a 'a1 SELECT Nothing'
	expect 'a1 NO [NONEXISTENT]'
	imap a 'a2 FETCH 1 FLAGS'
	expect_only 'a2 BAD'
	imap a 'a3 CLOSE'
	expect_only 'a3 BAD'
}

@test "SELECT: a malformed one leaves the mailbox selected" {
	imap_start a --select INBOX
	imap a 'a1 SELECT'
	expect_only 'a1 BAD'
	imap_ok a 'a2 CHECK'
}

@test "SELECT: another mailbox, without EXPUNGE of the first (RFC 3501 6.3.1)" {
	imap_start a
	seed a INBOX 2
	append a Sent "x: y$CRLF$CRLF"
	imap_ok a 'a1 SELECT INBOX'
	imap_ok a 'a2 STORE 1 +FLAGS (\Deleted)'
	imap_ok a 'a3 SELECT Sent'
	expect '=* 1 EXISTS'
	refute EXPUNGE
	imap_ok a 'a4 STATUS INBOX (MESSAGES)'
	expect '=* STATUS INBOX (MESSAGES 2)'
}

@test "SELECT: INBOX in any case" {
	imap_start a
	seed a INBOX 1
	imap_ok a 'a1 SELECT inbox'
	expect '=* 1 EXISTS'
	imap_ok a 'a2 EXAMINE "iNbOx"'
	expect '=* 1 EXISTS'
}

@test "CLOSE: expunges silently (RFC 3501 6.4.2)" {
	imap_start a
	seed a INBOX 3
	imap_ok a 'a1 SELECT INBOX'
	imap_ok a 'a2 STORE 2 +FLAGS (\Deleted)'
	imap a 'a3 CLOSE'
	expect_only 'a3 OK'
	imap a 'a4 FETCH 1 FLAGS'
	expect_only 'a4 BAD'
	imap_ok a 'a5 SELECT INBOX'
	expect '=* 2 EXISTS'
	imap_ok a 'a6 UID SEARCH ALL'
	expect '=* SEARCH 1 3'
}

@test "CLOSE: after EXAMINE expunges nothing (RFC 3501 6.4.2)" {
	imap_start a
	append a INBOX "x: y$CRLF$CRLF" '(\Deleted)'
	imap_ok a 'a1 EXAMINE INBOX'
	imap_ok a 'a2 CLOSE'
	imap_ok a 'a3 STATUS INBOX (MESSAGES)'
	expect '=* STATUS INBOX (MESSAGES 1)'
}

@test "UNSELECT: expunges nothing (RFC 3691 2)" {
	imap_start a
	append a INBOX "x: y$CRLF$CRLF" '(\Deleted)'
	imap_ok a 'a1 SELECT INBOX'
	imap a 'a2 UNSELECT'
	expect_only 'a2 OK'
	imap a 'a3 UNSELECT'
	expect_only 'a3 BAD'
	imap_ok a 'a4 STATUS INBOX (MESSAGES)'
	expect '=* STATUS INBOX (MESSAGES 1)'
}

@test "CHECK: a checkpoint, and news as with NOOP (RFC 3501 6.4.1)" {
	imap_start a --select INBOX
	imap_start b
	seed b INBOX 1
	imap a 'a1 CHECK'
	expect '=* 1 EXISTS' 'a1 OK'
}

@test "\\Recent: for the first session that selects, not for the next (RFC 3501 2.3.2)" {
	imap_start a
	seed a INBOX 2
	imap_start b --select INBOX
	expect '=* 2 RECENT'
	imap_ok b 'b1 FETCH 1:2 FLAGS'
	expect_flags 1 '\Recent'
	expect_flags 2 '\Recent'
	imap_start c --select INBOX
	expect '=* 0 RECENT'
	imap_ok c 'c1 FETCH 1 FLAGS'
	expect '=* 1 FETCH (FLAGS ())'
}

@test "\\Recent: a message that comes is recent to one of two sessions (RFC 3501 2.3.2)" {
	imap_start a --select INBOX
	imap_start b --select INBOX
	imap_start c
	seed c INBOX 1
	imap_ok a 'a1 NOOP'
	expect '=* 1 EXISTS' 'a1 OK'
	expect '=* 1 RECENT'
	imap_ok b 'b1 NOOP'
	expect '=* 1 EXISTS'
	expect '=* 0 RECENT'
	imap_ok a 'a2 FETCH 1 FLAGS'
	expect_flags 1 '\Recent'
	imap_ok b 'b2 FETCH 1 FLAGS'
	refute '\Recent'
}

@test "\\Recent: EXAMINE does not take it (RFC 3501 6.3.2)" {
	imap_start a
	seed a INBOX 2
	imap_start b
	imap_ok b 'b1 EXAMINE INBOX'
	expect '=* 2 RECENT'
	imap_ok b 'b2 FETCH 1 FLAGS'
	expect_flags 1 '\Recent'
	imap_start c --select INBOX
	expect '=* 2 RECENT'
}

@test "\\Recent: lasts as long as the mailbox is selected (RFC 3501 2.3.2)" {
	imap_start a
	seed a INBOX 1
	imap_ok a 'a1 SELECT INBOX'
	imap_ok a 'a2 SEARCH RECENT'
	expect '=* SEARCH 1'
	imap_ok a 'a3 STORE 1 FLAGS (\Seen)'
	expect_flags 1 '\Recent' '\Seen'
	imap_ok a 'a4 SELECT INBOX'
	expect '=* 0 RECENT'
	imap_ok a 'a5 SEARCH RECENT'
	expect '=* SEARCH'
}

@test "SELECT: keywords that are in use are in FLAGS (RFC 3501 7.2.6)" {
	imap_start a
	append a INBOX "x: y$CRLF$CRLF" '($Junk Work)'
	imap_ok a 'a1 SELECT INBOX'
	expect '~^\* FLAGS \(.*\$Junk'
	expect '~^\* FLAGS \(.*Work'
	expect '~PERMANENTFLAGS \(.*\$Junk.*\\\*\)'
}
