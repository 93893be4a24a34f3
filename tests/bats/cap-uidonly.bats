#!/usr/bin/env bats
# cap-uidonly.bats - UIDONLY: no message numbers (RFC 9586)
# SPDX-License-Identifier: ISC
load ../lib/imap

setup() {
	imap_setup
	imap_start b
	seed b INBOX 6
	imap_ok b 's1 SELECT INBOX'
	imap_ok b 's2 UID STORE 2:3 +FLAGS.SILENT (\Deleted)'
	imap_ok b 's3 EXPUNGE'
	imap_ok b 's4 SELECT INBOX'
	imap_start a
	imap_ok a 'e1 ENABLE UIDONLY'
	expect_only '=* ENABLED UIDONLY' 'e1 OK'
	imap_ok a 'e2 SELECT INBOX'
}

@test "UIDONLY: SELECT tells no message number (RFC 9586 3)" {
	expect '=* 4 EXISTS' '* OK [UIDNEXT 7]'
	refute UNSEEN
}

@test "UIDONLY: commands with message numbers are refused (RFC 9586 3.2, 3.5, 3.8)" {
	local command
	for command in 'FETCH 1:4 (UID FLAGS)' 'STORE 1 +FLAGS (\Seen)' \
	    'SEARCH ALL' 'COPY 1 Sent' 'MOVE 1 Sent' 'SORT (DATE) UTF-8 ALL' \
	    'THREAD REFERENCES UTF-8 ALL' 'UID SORT (DATE) UTF-8 1' \
	    'UID THREAD REFERENCES UTF-8 1' 'UID SEARCH 1:2' 'UID SEARCH NOT 1' \
	    'UID SEARCH OR SEEN (UNSEEN *)'; do
		imap a "a1 $command"
		expect_only 'a1 BAD [UIDREQUIRED]'
	done
	imap a "a1 REPLACE 1 INBOX {4+}$CRLF""ab$CRLF"
	expect_only 'a1 BAD [UIDREQUIRED]'
	imap_ok a 'a2 UID SEARCH ALL'
	expect_only '=* SEARCH 1 4 5 6' 'a2 OK'
	imap_ok a 'a3 UID SEARCH UID 2:5'
	expect_only '=* SEARCH 4 5' 'a3 OK'
	imap_ok a 'a4 UID COPY 5:* Sent'
	expect 'a4 OK [COPYUID '
}

@test "UIDONLY: UIDFETCH in place of FETCH (RFC 9586 3.3)" {
	imap_ok a 'a1 UID FETCH 2:5 (FLAGS)'
	expect_only '=* 4 UIDFETCH (FLAGS ())' '=* 5 UIDFETCH (FLAGS ())' 'a1 OK'
	imap_ok a 'a2 UID FETCH 4 (FLAGS UID)'
	expect_only '=* 4 UIDFETCH (FLAGS () UID 4)' 'a2 OK'
	imap_ok a 'a3 UID STORE 4:5 +FLAGS (\Seen)'
	expect_only '=* 4 UIDFETCH (FLAGS (\Seen))' '=* 5 UIDFETCH (FLAGS (\Seen))' 'a3 OK'
	imap_ok a 'a4 UID FETCH 6 BODY[TEXT]'
	expect "~^\* 6 UIDFETCH \(BODY\[TEXT\] .*FLAGS \(.Seen\)\)$" 'a4 OK'
	imap_ok a 'a5 UID FETCH 1 (BODY.PEEK[TEXT])'
	expect_item 'BODY[TEXT]' "body 1$CRLF"
	# The other session counts.
	imap_ok b 'b1 NOOP'
	expect '=* 2 FETCH (FLAGS (\Seen))' '=* 3 FETCH (FLAGS (\Seen))' '* 4 FETCH'
}

@test "UIDONLY: VANISHED in place of EXPUNGE, beside a session that counts (RFC 9586 3.4, 3.6)" {
	imap_ok b 'b1 STORE 1 +FLAGS (\Flagged)'
	imap_ok a 'a1 NOOP'
	expect_only '=* 1 UIDFETCH (FLAGS (\Flagged))' 'a1 OK'
	imap_ok a 'a2 UID STORE 4:5 +FLAGS.SILENT (\Deleted)'
	imap a 'a3 EXPUNGE'
	expect_only '=* VANISHED 4:5' 'a3 OK'
	imap_ok b 'b2 NOOP'
	expect '=* 3 EXPUNGE' '=* 2 EXPUNGE'
	imap_idle a
	imap_ok b 'b3 STORE 2 +FLAGS.SILENT (\Deleted)'
	imap_wait a '=* 6 UIDFETCH (FLAGS (\Deleted))'
	imap_ok b 'b4 EXPUNGE'
	imap_wait a '=* VANISHED 6'
	append b INBOX "x: y$CRLF$CRLF"
	imap_wait a '=* 2 EXISTS'
	imap_idle_done a
	imap_ok a 'a4 UID STORE 7 +FLAGS.SILENT (\Deleted)'
	imap a 'a5 UID EXPUNGE 1:*'
	expect_only '=* VANISHED 7' 'a5 OK'
}

@test "UIDONLY with CONDSTORE and QRESYNC (RFC 9586 3.7)" {
	local v
	v=$(code UIDVALIDITY)
	imap_ok a 'a0 UNSELECT'
	imap_ok a 'a1 ENABLE QRESYNC'
	imap a "a2 SELECT INBOX (QRESYNC ($v 1 1:9 (1 1)))"
	expect_only 'a2 BAD [UIDREQUIRED]'
	imap_ok a "a3 SELECT INBOX (QRESYNC ($v 6 1:9))"
	expect '=* VANISHED (EARLIER) 2:3' '=* 6 UIDFETCH (MODSEQ (7) FLAGS ())' 'a3 OK'
	imap_ok a 'a4 UID STORE 6 (UNCHANGEDSINCE 7) +FLAGS (\Seen)'
	expect_only '=* 6 UIDFETCH (MODSEQ (10) FLAGS (\Seen))' 'a4 OK'
	imap_ok a 'a5 UID STORE 5:6 (UNCHANGEDSINCE 7) +FLAGS.SILENT (\Answered)'
	expect '* 5 UIDFETCH (MODSEQ (11))' '* 6 UIDFETCH (MODSEQ (10) FLAGS (\Seen))' \
	    'a5 OK [MODIFIED 6]'
	imap_ok a 'a6 UID FETCH 1:* (FLAGS) (CHANGEDSINCE 9 VANISHED)'
	expect_only '=* 5 UIDFETCH (FLAGS (\Answered) MODSEQ (11))' \
	    '=* 6 UIDFETCH (FLAGS (\Seen) MODSEQ (10))' 'a6 OK'
}
