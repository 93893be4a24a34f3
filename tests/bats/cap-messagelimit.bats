#!/usr/bin/env bats
# cap-messagelimit.bats - MESSAGELIMIT and SAVELIMIT (RFC 9738)
# SPDX-License-Identifier: ISC
load ../lib/imap

# Messages with UIDs 1:8 and a limit of three.
setup() {
	imap_setup
	imap_start b
	seed b INBOX 8
	imap_ok b 'c1 CREATE foo'
	imap_ok b 's1 SELECT INBOX'
	imap_ok b 's2 SELECT INBOX'
	conf 'message-limit = 3'
	imap_start a
}

@test "MESSAGELIMIT is announced with its number (RFC 9738 3)" {
	expect '~ MESSAGELIMIT=3( |\])'
	refute SAVELIMIT
	imap_ok b 'b1 CAPABILITY'
	refute MESSAGELIMIT SAVELIMIT
	conf 'save-limit = 2'
	imap_start c
	expect '~ MESSAGELIMIT=3( |\])'
	refute SAVELIMIT
	conf 'message-limit = 0'
	imap_start d
	expect '~ SAVELIMIT=2( |\])'
	refute MESSAGELIMIT
}

@test "FETCH: the newest, from the highest UID down (RFC 9738 3.1)" {
	imap_ok a 's1 SELECT INBOX'
	imap a '03 FETCH 2:7 (UID FLAGS)'
	expect_only '=* 7 FETCH (UID 7 FLAGS ())' '=* 6 FETCH (UID 6 FLAGS ())' \
	    '=* 5 FETCH (UID 5 FLAGS ())' '03 OK [MESSAGELIMIT 3 5]'
	imap a 'a2 UID FETCH 2:4 (BODY.PEEK[TEXT])'
	expect_only '* 2 FETCH' '* 3 FETCH' '* 4 FETCH' 'a2 OK UID FETCH'
	imap a 'a3 UID FETCH 1,3,5,7:* BODY[TEXT]'
	expect '* 8 FETCH' '* 7 FETCH' '* 5 FETCH' 'a3 OK [MESSAGELIMIT 3 5]'
	imap_ok b 'b1 SEARCH SEEN'
	expect '=* SEARCH 5 7 8'
}

@test "FETCH: with PARTIAL over the limit nothing is done (RFC 9738 3.1)" {
	imap_ok a 's1 SELECT INBOX'
	imap a '10 UID FETCH 1:8 (UID FLAGS MODSEQ) (PARTIAL -1:-4)'
	expect_only '10 NO [MESSAGELIMIT 3]'
	imap a '11 UID FETCH 1:8 (UID) (PARTIAL -1:-3)'
	expect_only '* 6 FETCH' '* 7 FETCH' '* 8 FETCH' '11 OK UID FETCH'
}

@test "FETCH: EXPUNGEISSUED is the tagged one (RFC 9738 3.1)" {
	conf 'expunge-retention = 0'
	imap_start c --select INBOX
	imap_start d --select INBOX
	imap_ok d 'd1 STORE 7 +FLAGS.SILENT (\Deleted)'
	imap_ok d 'd2 EXPUNGE'
	imap c 'c1 UID FETCH 1:8 (UID BODY.PEEK[])'
	expect '* 8 FETCH' '* 6 FETCH' '* NO [MESSAGELIMIT 3 6]' 'c1 OK [EXPUNGEISSUED]'
}

@test "STORE: the newest (RFC 9738 3.1)" {
	imap_ok a 's1 SELECT INBOX'
	imap a '07 UID STORE 1:7 +FLAGS (\Seen)'
	expect_only '=* 7 FETCH (UID 7 FLAGS (\Seen))' '=* 6 FETCH (UID 6 FLAGS (\Seen))' \
	    '=* 5 FETCH (UID 5 FLAGS (\Seen))' '07 OK [MESSAGELIMIT 3 5]'
	imap a '08 UID STORE 1:4 +FLAGS.SILENT (\Seen)'
	expect_only '08 OK [MESSAGELIMIT 3 2]'
	imap a '09 UID STORE 1 +FLAGS.SILENT (\Seen)'
	expect_only '09 OK UID STORE'
	imap a '10 UID STORE 1:8 (UNCHANGEDSINCE 1) +FLAGS (\Flagged)'
	expect '* NO [MESSAGELIMIT 3 6]' '10 OK [MODIFIED 6:8]'
}

@test "COPY: all or none (RFC 9738 3.1)" {
	imap_ok a 's1 SELECT INBOX'
	imap a '05 UID COPY 2:7 foo'
	expect_only '05 NO [MESSAGELIMIT 3 5]'
	imap a '06 COPY 1:3 foo'
	expect '06 OK [COPYUID '
	imap_ok a 'a1 STATUS foo (MESSAGES)'
	expect '=* STATUS foo (MESSAGES 3)'
}

@test "MOVE: the newest, until nothing is left (RFC 9738 3.1)" {
	imap_ok a 's1 SELECT INBOX'
	imap a '06 UID MOVE 1:7 foo'
	expect_only '~^\* OK \[COPYUID [0-9]+ 5:7 1:3\]' '=* 7 EXPUNGE' '=* 6 EXPUNGE' \
	    '=* 5 EXPUNGE' '* OK [HIGHESTMODSEQ ' '06 OK [MESSAGELIMIT 3 5]'
	imap a '07 UID MOVE 1:7 foo'
	expect '~^\* OK \[COPYUID [0-9]+ 2:4 4:6\]' '07 OK [MESSAGELIMIT 3 2]'
	imap a '08 UID MOVE 1:7 foo'
	expect '~^\* OK \[COPYUID [0-9]+ 1 7\]' '08 OK [HIGHESTMODSEQ '
	imap_ok a '09 UID SEARCH ALL'
	expect '=* SEARCH 8'
}

@test "UID EXPUNGE: counts what is deleted; EXPUNGE and CLOSE have no limit (RFC 9738 3.1)" {
	imap_ok b 'b1 STORE 1:2,4:6,8 +FLAGS.SILENT (\Deleted)'
	imap_ok a 's1 SELECT INBOX'
	imap a '07 UID EXPUNGE 1:5'
	expect '=* 5 EXPUNGE' '=* 4 EXPUNGE' '=* 2 EXPUNGE' '07 OK [MESSAGELIMIT 3 2]'
	refute '* 1 EXPUNGE'
	imap a '08 UID EXPUNGE 1:5'
	expect_only '=* 1 EXPUNGE' '08 OK UID EXPUNGE'
	imap_ok b 'b2 STORE 1:* +FLAGS.SILENT (\Deleted)'
	imap a '09 EXPUNGE'
	expect '=* 1 EXPUNGE' '09 OK EXPUNGE'
	imap_ok b 'b3 NOOP'
	seed b INBOX 5
	imap_ok a '10 STATUS INBOX (UNSEEN MESSAGES)'
	expect '* STATUS INBOX (UNSEEN 5 MESSAGES 5)'
	imap_ok b 'b4 STORE 1:5 +FLAGS.SILENT (\Deleted)'
	imap_ok a '11 CLOSE'
	imap_ok a '12 STATUS INBOX (MESSAGES)'
	expect '* STATUS INBOX (MESSAGES 0)'
}

@test "MESSAGELIMIT: what is told of new messages is told of all, and no command's code" {
	imap_ok a 's1 SELECT INBOX'
	imap_ok a 'c1 SEARCH RETURN (UPDATE (FLAGS)) ALL'
	seed b INBOX 5
	imap_ok a 'n1 NOOP'
	expect '* 9 FETCH (UID 9 ' '* 13 FETCH (UID 13 ' '=n1 OK NOOP completed'
	imap_ok a 'c2 CANCELUPDATE "c1"'
	imap_ok a "n2 NOTIFY SET (selected (MessageNew (uid internaldate) MessageExpunge))"
	seed b INBOX 5
	imap_wait a '* 18 FETCH (UID 18 '
	expect '* 14 FETCH (UID 14 ' '* 18 FETCH (UID 18 '
	imap_ok a 'n3 NOOP'
	expect '=n3 OK NOOP completed'
}

@test "SAVELIMIT: COPY alone has a limit (RFC 9738 3)" {
	conf 'message-limit = 0' 'save-limit = 2'
	imap_start c --select INBOX
	imap c 'c1 COPY 1:3 foo'
	expect_only 'c1 NO [MESSAGELIMIT 2 2]'
	imap_ok c 'c2 COPY 1:2 foo'
	imap c 'c3 FETCH 1:8 UID'
	same 9 "${#ANSWER[@]}"
	imap c 'c4 MOVE 1:3 foo'
	expect 'c4 OK [HIGHESTMODSEQ '
}

@test "MESSAGELIMIT: turned off, there is none" {
	conf 'capabilities-off = MESSAGELIMIT'
	imap_start c --select INBOX
	imap c 'c1 FETCH 1:8 UID'
	same 9 "${#ANSWER[@]}"
	expect 'c1 OK FETCH'
	imap_ok c 'c2 COPY 1:8 foo'
}

@test "SEARCH: the newest are looked at, and \$ holds no more (RFC 9738 3.1, 3.4)" {
	imap_ok a 's1 SELECT INBOX'
	imap a '04 UID SEARCH UID 1:7 NOT UID 6'
	expect_only '=* SEARCH 5 7' '04 OK [MESSAGELIMIT 3 5]'
	imap a '05 UID SEARCH UID 2:4 SUBJECT message'
	expect_only '=* SEARCH 2 3 4' '05 OK UID SEARCH'
	imap a '06 SEARCH UNDELETED'
	expect_only '=* SEARCH 6 7 8' '06 OK [MESSAGELIMIT 3 6]'
	imap a '07 UID SEARCH RETURN (SAVE) SINCE 1-Jan-2004 NOT FROM "Smith" UID 1:8 UNDELETED'
	expect_only '07 OK [MESSAGELIMIT 3 6]'
	imap_ok a '08 UID FETCH $ UID'
	expect_only '* 6 FETCH' '* 7 FETCH' '* 8 FETCH' '08 OK UID FETCH'
	imap a '09 UID SEARCH RETURN (MIN COUNT) ALL'
	expect '~^\* ESEARCH \(TAG "09"\) UID MIN 6 COUNT 3$' '09 OK [MESSAGELIMIT 3 6]'
}

@test "APPEND of several messages: all or none (RFC 9738 3.1, RFC 3502)" {
	local m='{4+}'
	imap a "a1 APPEND foo $m" "ab$CRLF $m" "ab$CRLF $m" "ab$CRLF $m" "ab$CRLF"
	expect_only 'a1 NO [MESSAGELIMIT 3]'
	imap_ok a 'a2 STATUS foo (MESSAGES)'
	expect '=* STATUS foo (MESSAGES 0)'
	imap_ok a "a3 APPEND foo $m" "ab$CRLF $m" "ab$CRLF $m" "ab$CRLF"
	expect '~^a3 OK \[APPENDUID [0-9]+ 1:3\]'
}
