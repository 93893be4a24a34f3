#!/usr/bin/env bats
# cap-move.bats - MOVE and UID MOVE (RFC 6851, RFC 9051 6.4.8)
# SPDX-License-Identifier: ISC
load ../lib/imap

setup() {
	imap_setup
	imap_start a
	imap_ok a 'c1 CREATE foo'
	seed a INBOX 6
	imap_ok a 's1 SELECT INBOX'
	imap_ok a 's2 SELECT INBOX'
}

@test "UID MOVE: COPYUID before EXPUNGE, flags and dates go along (RFC 6851 3.3, 4.3)" {
	imap_start b --select INBOX
	imap_start c --select foo
	imap_ok a 'a1 STORE 2:3 +FLAGS.SILENT (\Seen $Foo \Deleted)'
	imap_ok a 'a2 FETCH 2 INTERNALDATE'
	local date=${ANSWER[0]#* \"}
	imap a 'a3 UID MOVE 2:3,5,77 foo'
	expect_only '~^\* OK \[COPYUID [0-9]+ 2:3,5 1:3\]' '=* 5 EXPUNGE' \
	    '=* 3 EXPUNGE' '=* 2 EXPUNGE' '~^a3 OK \[HIGHESTMODSEQ 9\]'
	# Nobody saw \Deleted set for it, and the others are told.
	imap_ok b 'b1 NOOP'
	expect '=* 5 EXPUNGE' '=* 3 EXPUNGE' '=* 2 EXPUNGE'
	imap_ok c 'c1 NOOP'
	expect '=* 3 EXISTS'
	imap_ok c 'c2 FETCH 1:3 (UID FLAGS BODY.PEEK[TEXT] INTERNALDATE)'
	expect_flags 1 '\Seen' '$Foo' '\Deleted'
	expect_flags 3
	expect_item 'BODY[TEXT]' "body 2$CRLF"
	expect_item 'BODY[TEXT]' "body 5$CRLF"
	[[ "${ANSWER[*]}" == *"${date%)}"* ]]
	imap_ok a 'a4 UID SEARCH ALL'
	expect '=* SEARCH 1 4 6'
	imap_ok a 'a5 STATUS foo (MESSAGES UNSEEN UIDNEXT)'
	expect '=* STATUS foo (MESSAGES 3 UNSEEN 1 UIDNEXT 4)'
	mboxadm check
}

@test "MOVE: by numbers" {
	imap a 'a1 MOVE 1,3:4 foo'
	expect_only '~^\* OK \[COPYUID [0-9]+ 1,3:4 1:3\]' '=* 4 EXPUNGE' \
	    '=* 3 EXPUNGE' '=* 1 EXPUNGE' 'a1 OK [HIGHESTMODSEQ '
	imap a 'a2 MOVE 4 foo'
	expect_only 'a2 BAD'
	imap_ok a 'a3 MOVE * foo'
	expect '~^\* OK \[COPYUID [0-9]+ 6 4\]' '=* 3 EXPUNGE'
}

@test "MOVE: what is not there is no error; a missing mailbox is TRYCREATE (RFC 6851 3.3)" {
	imap a 'a1 UID MOVE 70:99 foo'
	expect_only 'a1 OK'
	imap a 'a2 UID MOVE 1 none'
	expect_only 'a2 NO [TRYCREATE]'
	imap a 'a3 UID MOVE 99 none'
	expect_only 'a3 NO [TRYCREATE]'
	imap_ok a 'a4 UID SEARCH ALL'
	expect '=* SEARCH 1 2 3 4 5 6'
	# Expunged by another, and not told yet: gone is gone.
	imap_start b --select INBOX
	imap_ok b 'b1 STORE 2:3 +FLAGS.SILENT (\Deleted)'
	imap_ok b 'b2 EXPUNGE'
	imap a 'a5 UID MOVE 2:3 foo'
	expect '=* 3 EXPUNGE' '=* 2 EXPUNGE' 'a5 OK'
	refute COPYUID
	imap_ok b 'b3 STORE 1 +FLAGS.SILENT (\Deleted)'
	imap_ok b 'b4 EXPUNGE'
	imap a 'a6 MOVE 1:2 foo'
	expect '~^\* OK \[COPYUID [0-9]+ 4 1\]' '=* 2 EXPUNGE' '=* 1 EXPUNGE' \
	    'a6 OK [EXPUNGEISSUED]'
	imap_ok b 'b5 UID COPY 1:4 foo'
	refute COPYUID
	expect 'b5 OK'
}

@test "MOVE: to the selected mailbox gives new UIDs in one step (RFC 6851 3.3)" {
	imap_start b --select INBOX
	imap a 'a1 MOVE 1:2 INBOX'
	expect_only '~^\* OK \[COPYUID [0-9]+ 1:2 7:8\]' '=* 2 EXPUNGE' \
	    '=* 1 EXPUNGE' '=* 6 EXISTS' '=* 2 RECENT' '~^a1 OK \[HIGHESTMODSEQ 9\]'
	imap_ok b 'b1 NOOP'
	expect '=* 2 EXPUNGE' '=* 1 EXPUNGE' '=* 6 EXISTS'
	imap_ok b 'b2 UID SEARCH ALL'
	expect '=* SEARCH 3 4 5 6 7 8'
	imap_ok b 'b3 FETCH 5 (MODSEQ BODY.PEEK[TEXT])'
	expect '* 5 FETCH (MODSEQ (8)'
	expect_item 'BODY[TEXT]' "body 1$CRLF"
	mboxadm check
}

@test "MOVE: VANISHED with QRESYNC, and new mod-sequences on both sides (RFC 6851 4.4)" {
	local v
	v=$(code UIDVALIDITY)
	imap_start b
	imap_ok b 'b1 ENABLE QRESYNC'
	imap_ok b 'b2 SELECT INBOX'
	imap b 'b3 UID MOVE 2:4 foo'
	expect_only '~^\* OK \[COPYUID [0-9]+ 2:4 1:3\]' '=* VANISHED 2:4' \
	    '=b3 OK [HIGHESTMODSEQ 8] UID MOVE completed'
	imap_ok b "b4 SELECT INBOX (QRESYNC ($v 7))"
	expect '=* VANISHED (EARLIER) 2:4'
	imap_ok b 'b5 SELECT foo'
	expect '=* OK [HIGHESTMODSEQ 2] Highest'
	imap_ok b 'b6 FETCH 1:* MODSEQ'
	expect '=* 1 FETCH (MODSEQ (2))' '=* 3 FETCH (MODSEQ (2))'
}

@test "MOVE: refused in EXAMINE, and without a mailbox" {
	imap_ok a 'a1 EXAMINE INBOX'
	imap a 'a2 MOVE 1 foo'
	expect_only 'a2 NO'
	imap_ok a 'a3 UNSELECT'
	imap a 'a4 UID MOVE 1 foo'
	expect_only 'a4 BAD'
}

@test "MOVE: its grammar (RFC 6851 5)" {
	local bad
	for bad in '' ' ' ' 1' ' 1 ' ' foo' ' 0 foo' ' 1  foo' ' 1 foo bar' ' (1) foo'; do
		imap a "a1 MOVE$bad"
		expect_only 'a1 BAD'
	done
	imap_ok a 'a2 uid move 1 "foo"'
	imap_ok a 'a3 Move 1 {3+}' foo
}

@test "MOVE: the rights of STORE, COPY and EXPUNGE are needed (RFC 6851 4.2, RFC 4314 4)" {
	mboxadm grant sales alice lrsi
	imap_close a
	imap_start a
	append a 'shared\sales' "x: y$CRLF$CRLF"
	imap_ok a 'a1 SELECT shared\sales'
	imap a 'a2 MOVE 1 INBOX'
	expect_only 'a2 NO [NOPERM]'
	mboxadm grant sales alice lrsit
	imap a 'a3 MOVE 1 INBOX'
	expect 'a3 NO [NOPERM]'
	mboxadm grant sales alice lrse
	imap a 'a4 MOVE 1 INBOX'
	expect 'a4 NO [NOPERM]'
	mboxadm grant sales alice lrte
	imap a 'a5 MOVE 1 INBOX'
	expect '* OK [COPYUID ' '=* 1 EXPUNGE' 'a5 OK'
	# Into a mailbox that takes messages and shows nothing.
	mboxadm grant sales alice li
	imap_ok a 'a6 SELECT INBOX'
	imap a 'a7 UID MOVE 1 shared\sales'
	expect '=* 1 EXPUNGE' 'a7 OK'
	refute COPYUID
	mboxadm grant sales alice l
	imap a 'a8 UID MOVE 2 shared\sales'
	expect_only 'a8 NO [NOPERM]'
}

@test "MOVE: sessions that move the same messages in both directions lose none" {
	local i
	imap_start b --select foo
	for ((i = 1; i <= 15; i++)); do
		imap_send a "a$i UID MOVE 1:* foo"
		imap_send b "b$i UID MOVE 1:* INBOX"
		imap_recv a "a$i"
		expect "a$i OK"
		imap_recv b "b$i"
		expect "b$i OK"
	done
	imap_ok a 'a0 NOOP'
	imap_ok a 'a00 UID MOVE 1:* foo'
	imap_ok b 'b0 NOOP'
	imap_ok b 'b1 FETCH 1:* BODY.PEEK[TEXT]'
	for ((i = 1; i <= 6; i++)); do
		expect_item 'BODY[TEXT]' "body $i$CRLF"
	done
	same 7 "${#ANSWER[@]}"
	mboxadm check
}

@test "MOVE: with expunge-retention = 0 the file has one name left" {
	conf 'expunge-retention = 0'
	imap_start b --select INBOX
	imap_ok b 'b1 UID MOVE 3 foo'
	imap_ok b 'b2 SELECT foo'
	imap_ok b 'b3 FETCH 1 BODY.PEEK[TEXT]'
	expect_item 'BODY[TEXT]' "body 3$CRLF"
	same '' "$(find "$MSGSTORE/users/alice" -name 3)"
	mboxadm check
}

@test "MOVE: turned off, it is not known" {
	conf 'capabilities-off = MOVE'
	imap_start b --select INBOX
	imap b 'b1 MOVE 1 foo'
	expect_only 'b1 BAD'
	imap b 'b2 UID MOVE 1 foo'
	expect_only 'b2 BAD'
}
