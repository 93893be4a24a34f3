#!/usr/bin/env bats
# cap-context.bats - CONTEXT=SEARCH and CONTEXT=SORT: RFC 5267
# SPDX-License-Identifier: ISC
load ../lib/imap

# UIDs 1 3 4 6 are left of six messages; a is told by searches, b changes.
setup() {
	imap_setup
	imap_start a
	seed a INBOX 6
	imap_ok a 's1 SELECT INBOX'
	imap_ok a 's2 STORE 2,5 +FLAGS.SILENT (\Deleted)'
	imap_ok a 's3 EXPUNGE'
	imap_start b --select INBOX
}

cont_and_noop() {
	kill -CONT "$(imap_pid a)"
	imap_ok a 'a1 NOOP'
}

@test "CONTEXT=SEARCH and CONTEXT=SORT are announced" {
	imap_ok a 'a1 CAPABILITY'
	expect '~^\* CAPABILITY .*CONTEXT=SEARCH CONTEXT=SORT '
}

@test "SEARCH RETURN (CONTEXT): a hint (RFC 5267 4.2)" {
	imap_ok a 'A01 SEARCH RETURN (CONTEXT COUNT) UNDELETED UNKEYWORD $Junk'
	expect_only '=* ESEARCH (TAG "A01") COUNT 4' 'A01 OK'
	imap_ok a 'A02 UID SEARCH RETURN (CONTEXT PARTIAL 2:3) UNDELETED'
	expect_only '=* ESEARCH (TAG "A02") UID PARTIAL (2:3 3:4)' 'A02 OK'
	imap_ok a 'A03 SEARCH RETURN (CONTEXT SAVE) 2'
	imap_ok a 'A04 UID SEARCH $'
	expect_only '=* SEARCH 3' 'A04 OK'
}

@test "UID SEARCH RETURN (UPDATE): flags come and go (RFC 5267 4.3.3, 4.3.4)" {
	imap_ok a 'B01 UID SEARCH RETURN (UPDATE COUNT) FLAGGED KEYWORD $Junk'
	expect_only '=* ESEARCH (TAG "B01") UID COUNT 0' 'B01 OK'
	imap_ok b 'b1 STORE 2:3 +FLAGS (\Flagged $Junk)'
	imap_ok a 'a1 NOOP'
	expect '* 2 FETCH' '=* ESEARCH (TAG "B01") UID ADDTO (0 3:4)' 'a1 OK'
	imap_ok b 'b2 STORE 2 -FLAGS ($Junk)'
	imap_ok b 'b3 STORE 4 +FLAGS (\Flagged $Junk)'
	imap_ok a 'a2 NOOP'
	expect '* 2 FETCH' '=* ESEARCH (TAG "B01") UID REMOVEFROM (0 3)' \
	    '=* ESEARCH (TAG "B01") UID ADDTO (0 6)' 'a2 OK'
	# Its own changes count as those of others do.
	imap_ok a 'a3 STORE 1 +FLAGS.SILENT (\Flagged $Junk)'
	expect '=* ESEARCH (TAG "B01") UID ADDTO (0 1)' 'a3 OK'
	# What does not change the result is not told.
	imap_ok a 'a4 STORE 1 +FLAGS.SILENT (\Seen)'
	expect_only 'a4 OK'
}

@test "SEARCH RETURN (UPDATE): new messages, behind EXISTS (RFC 5267 4.3.3)" {
	imap_ok a 'B01 SEARCH RETURN (UPDATE ALL) SUBJECT "message 1"'
	expect_only '=* ESEARCH (TAG "B01") ALL 1' 'B01 OK'
	seed b INBOX 2
	imap_ok a 'a1 NOOP'
	expect '=* 6 EXISTS' '=* ESEARCH (TAG "B01") ADDTO (0 5)' 'a1 OK'
}

@test "SEARCH RETURN (UPDATE): REMOVEFROM before EXPUNGE (RFC 5267 4.3.4)" {
	imap_ok a 'B01 SEARCH RETURN (UPDATE) ALL'
	expect_only '=* ESEARCH (TAG "B01")' 'B01 OK'
	imap_ok a 'B02 UID SEARCH RETURN (UPDATE COUNT) UID 1:3'
	imap_ok b 'b1 STORE 2:3 +FLAGS.SILENT (\Deleted)'
	imap_ok b 'b2 EXPUNGE'
	imap_ok a 'a1 SEARCH 1'
	refute EXPUNGE REMOVEFROM
	imap_ok a 'a2 NOOP'
	expect '=* ESEARCH (TAG "B01") REMOVEFROM (0 2:3)' \
	    '=* ESEARCH (TAG "B02") UID REMOVEFROM (0 3)' \
	    '=* 3 EXPUNGE' '=* 2 EXPUNGE' 'a2 OK'
	imap_ok a 'a3 STORE 1 +FLAGS.SILENT (\Deleted)'
	imap_ok a 'a4 EXPUNGE'
	expect '=* ESEARCH (TAG "B01") REMOVEFROM (0 1)' '=* 1 EXPUNGE' 'a4 OK'
}

@test "SEARCH RETURN (UPDATE): told in IDLE (RFC 5267 4.3.2)" {
	imap_ok a 'B01 UID SEARCH RETURN (UPDATE COUNT) FLAGGED'
	imap_idle a
	imap_ok b 'b1 STORE 1 +FLAGS (\Flagged)'
	imap_wait a '=* ESEARCH (TAG "B01") UID ADDTO (0 1)'
	imap_ok b 'b2 STORE 1 +FLAGS (\Deleted)'
	imap_ok b 'b3 EXPUNGE'
	imap_wait a '=* ESEARCH (TAG "B01") UID REMOVEFROM (0 1)'
	imap_wait a '=* 1 EXPUNGE'
	imap_idle_done a
}

@test "SEARCH RETURN (UPDATE): message numbers and \$ mean what they did (RFC 5267 4.3)" {
	imap_ok a 'a0 SEARCH RETURN (SAVE) 4'
	imap_ok a 'B01 UID SEARCH RETURN (UPDATE ALL) 2:3 FLAGGED'
	imap_ok a 'B02 UID SEARCH RETURN (UPDATE ALL) $ FLAGGED'
	imap_ok a 'B03 UID SEARCH RETURN (UPDATE ALL) UID 5:* FLAGGED'
	imap_ok a 'a1 SEARCH RETURN (SAVE) 1'
	imap_ok a 'a2 STORE 1 +FLAGS.SILENT (\Deleted)'
	imap_ok a 'a3 EXPUNGE'
	seed b INBOX 1
	imap_ok b 'b1 STORE 1:* +FLAGS (\Flagged)'
	imap_ok a 'a4 NOOP'
	expect '=* ESEARCH (TAG "B01") UID ADDTO (0 3:4)' \
	    '=* ESEARCH (TAG "B02") UID ADDTO (0 6)' \
	    '=* ESEARCH (TAG "B03") UID ADDTO (0 6:7)'
}

@test "SEARCH RETURN (UPDATE): in a mailbox that was empty" {
	imap_ok a 'a1 CREATE none'
	imap_ok a 'a2 SELECT none'
	imap_ok a 'B01 UID SEARCH RETURN (UPDATE COUNT) UID 1:*'
	imap_ok a 'B02 UID SEARCH RETURN (UPDATE COUNT) 1:*'
	imap_ok a 'B03 UID SEARCH RETURN (UPDATE COUNT) KEYWORD $New'
	seed b none 1
	imap_ok a 'a3 NOOP'
	expect '=* ESEARCH (TAG "B01") UID ADDTO (0 1)'
	refute B02 B03
	imap_ok a 'a4 STORE 1 +FLAGS ($New)'
	expect '=* ESEARCH (TAG "B03") UID ADDTO (0 1)'
}

@test "SORT RETURN (UPDATE): where things are in the order (RFC 5267 4.3.3, 4.3.4)" {
	imap_ok a 'C01 UID SORT RETURN (UPDATE ALL) (REVERSE SUBJECT) UTF-8 UNFLAGGED'
	expect_only '=* ESEARCH (TAG "C01") UID ALL 6,4,3,1' 'C01 OK'
	imap_ok b 'b1 STORE 2:3 +FLAGS (\Flagged)'
	imap_ok a 'a1 NOOP'
	expect '=* ESEARCH (TAG "C01") UID REMOVEFROM (2 4,3)' 'a1 OK'
	imap_ok b 'b2 STORE 3 -FLAGS (\Flagged)'
	imap_ok b 'b3 STORE 1 +FLAGS (\Flagged)'
	imap_ok a 'a2 NOOP'
	expect '=* ESEARCH (TAG "C01") UID REMOVEFROM (2 1)' \
	    '=* ESEARCH (TAG "C01") UID ADDTO (2 4)' 'a2 OK'
	# 6 4 are there; 3 and a new 7 ("message 1") and 8 ("message 2") come.
	imap_ok b 'b4 STORE 2 -FLAGS (\Flagged)'
	seed b INBOX 2
	imap_ok a 'a3 NOOP'
	expect '=* ESEARCH (TAG "C01") UID ADDTO (3 3,8,7)' 'a3 OK'
	imap_ok b 'b5 STORE 4,3 +FLAGS.SILENT (\Deleted)'
	imap_ok b 'b6 EXPUNGE'
	imap_ok a 'a4 NOOP'
	expect '=* ESEARCH (TAG "C01") UID REMOVEFROM (1 6,4)' '* 4 EXPUNGE'
	imap_ok b 'b7 STORE 2,3 +FLAGS.SILENT (\Flagged)'
	imap_ok a 'a5 NOOP'
	expect '=* ESEARCH (TAG "C01") UID REMOVEFROM (3 7 1 3)' 'a5 OK'
}

@test "SORT RETURN (UPDATE): new messages while an EXPUNGE waits (RFC 5267 4.3.3, 4.3.4)" {
	imap_ok a 'C01 UID SORT RETURN (UPDATE ALL) (SUBJECT) UTF-8 ALL'
	expect_only '=* ESEARCH (TAG "C01") UID ALL 1,3:4,6' 'C01 OK'
	imap_ok a 'C02 UID SORT RETURN (UPDATE ALL) (REVERSE SUBJECT) UTF-8 ALL'
	expect_only '=* ESEARCH (TAG "C02") UID ALL 6,4,3,1' 'C02 OK'
	imap_ok b 'b1 STORE 1,3 +FLAGS.SILENT (\Deleted)'
	imap_ok b 'b2 EXPUNGE'
	seed b INBOX 1
	# 1 and 4 are in the client's order until it is told.  7 is "message 1".
	imap_ok a 'a1 FETCH 2 UID'
	expect '=* 5 EXISTS' '=* ESEARCH (TAG "C01") UID ADDTO (1 7)' \
	    '=* ESEARCH (TAG "C02") UID ADDTO (4 7)' 'a1 OK'
	imap_ok a 'a2 NOOP'
	expect '=* ESEARCH (TAG "C01") UID REMOVEFROM (4 4 2 1)' \
	    '=* ESEARCH (TAG "C02") UID REMOVEFROM (5 1 2 4)' '=* 3 EXPUNGE' \
	    '=* 1 EXPUNGE' 'a2 OK'
	seed b INBOX 1
	imap_ok a 'a3 NOOP'
	expect '=* ESEARCH (TAG "C01") UID ADDTO (2 8)' \
	    '=* ESEARCH (TAG "C02") UID ADDTO (4 8)' 'a3 OK'
}

@test "SORT RETURN (UPDATE): what could not be sorted is told later" {
	imap_ok a 'C01 UID SORT RETURN (UPDATE ALL) (SUBJECT) UTF-8 ALL'
	kill -STOP "$(imap_pid a)"
	seed b INBOX 1
	without "$MSGSTORE"/users/alice/*/messages.db sortkeys cont_and_noop
	expect '=* 5 EXISTS' 'a1 OK'
	refute ADDTO
	imap_ok a 'a2 NOOP'
	expect '=* ESEARCH (TAG "C01") UID ADDTO (2 7)' 'a2 OK'
}

@test "SORT RETURN (UPDATE): message numbers" {
	imap_ok a 'C01 SORT RETURN (UPDATE COUNT) (SUBJECT) UTF-8 FLAGGED'
	expect_only '=* ESEARCH (TAG "C01") COUNT 0' 'C01 OK'
	imap_ok b 'b1 STORE 4,1 +FLAGS (\Flagged)'
	imap_ok a 'a1 NOOP'
	expect '=* ESEARCH (TAG "C01") ADDTO (1 1,4)' 'a1 OK'
	imap_ok a 'a2 STORE 3 +FLAGS (\Flagged)'
	expect '=* ESEARCH (TAG "C01") ADDTO (2 3)' 'a2 OK'
}

@test "UPDATE: a tag is used once (RFC 5267 4.3)" {
	imap_ok a 'B01 UID SEARCH RETURN (UPDATE COUNT) DELETED'
	imap a 'B01 SORT RETURN (UPDATE) (DATE) UTF-8 FLAGGED'
	expect_only 'B01 BAD'
	imap a 'B01 SEARCH RETURN (UPDATE) FLAGGED'
	expect_only 'B01 BAD'
	imap_ok a 'B01 SEARCH RETURN (COUNT) ALL'
}

@test "CANCELUPDATE: no further updates (RFC 5267 4.3.5)" {
	imap_ok a 'B01 UID SEARCH RETURN (UPDATE COUNT) FLAGGED'
	imap_ok a 'B02 UID SEARCH RETURN (UPDATE COUNT) FLAGGED'
	imap_ok a 'B03 UID SEARCH RETURN (UPDATE COUNT) FLAGGED'
	imap_ok a 'B04 CANCELUPDATE "B01" "nosuch" "B03"'
	expect_only 'B04 OK'
	imap_ok a 'a1 STORE 1 +FLAGS.SILENT (\Flagged)'
	expect_only '=* ESEARCH (TAG "B02") UID ADDTO (0 1)' 'a1 OK'
	imap_ok a 'B01 UID SEARCH RETURN (UPDATE COUNT) FLAGGED'
}

@test "UPDATE: there is a limit, other options are answered (RFC 5267 4.3.1)" {
	local i

	for ((i = 1; i <= 16; i++)); do
		imap_ok a "B$i UID SEARCH RETURN (UPDATE COUNT) ALL"
		expect_only "=* ESEARCH (TAG \"B$i\") UID COUNT 4" "B$i OK"
	done
	imap_ok a 'C1 UID SEARCH RETURN (UPDATE COUNT) ALL'
	expect_only '=* ESEARCH (TAG "C1") UID COUNT 4' \
	    '* NO [NOUPDATE "C1"] ' 'C1 OK'
	imap_ok a 'a1 CANCELUPDATE "B7"'
	imap_ok a 'C2 UID SEARCH RETURN (UPDATE COUNT) ALL'
	expect_only '=* ESEARCH (TAG "C2") UID COUNT 4' 'C2 OK'
}

@test "UPDATE: a program that is too long is not kept" {
	local keys

	printf -v keys ' SUBJECT "%0100d"' {1..1000}
	imap_ok a "B1 UID SEARCH RETURN (UPDATE COUNT)$keys"
	expect_only '=* ESEARCH (TAG "B1") UID COUNT 0' \
	    '* NO [NOUPDATE "B1"] ' 'B1 OK'
}

@test "UPDATE: ends when the mailbox is left (RFC 5267 4.3)" {
	imap_ok a 'B01 UID SEARCH RETURN (UPDATE COUNT) FLAGGED'
	imap_ok a 'a1 SELECT INBOX'
	imap_ok a 'a2 STORE 1 +FLAGS.SILENT (\Flagged)'
	expect_only 'a2 OK'
	imap_ok a 'B01 UID SEARCH RETURN (UPDATE COUNT) FLAGGED'
}

@test "ESEARCH RETURN (UPDATE): the selected mailbox alone (RFC 7377 2.2)" {
	imap_ok a 'B01 ESEARCH IN (personal) RETURN (UPDATE COUNT) FLAGGED'
	expect_only 'B01 OK'
	imap_ok a 'a1 STORE 1 +FLAGS.SILENT (\Flagged)'
	expect_only '~^\* ESEARCH \(TAG "B01" MAILBOX INBOX UIDVALIDITY [0-9]+\) UID ADDTO \(0 1\)$' 'a1 OK'
	imap_ok a 'a2 UNSELECT'
	imap a 'B02 ESEARCH IN (personal) RETURN (UPDATE COUNT) FLAGGED'
	expect_only 'B02 BAD'
}

@test "CONTEXT: what the grammar does not have is BAD (RFC 5267 5)" {
	local bad

	for bad in CANCELUPDATE 'CANCELUPDATE B01' 'CANCELUPDATE ' \
	    'CANCELUPDATE "B01" ' 'CANCELUPDATE ("B01")' \
	    'CANCELUPDATE "B01"  "B02"' 'SEARCH RETURN (UPDATE 1) ALL' \
	    'SEARCH RETURN (CONTEXT (x)) ALL'; do
		imap a "q $bad"
		expect_only 'q BAD' || die "for: $bad"
	done
	imap_ok a 'a1 UNSELECT'
	imap a 'q CANCELUPDATE "B01"'
	expect_only 'q BAD'
}

@test "CONTEXT: turned off" {
	conf 'capabilities-off = CONTEXT=SORT'
	imap_start c --select INBOX
	imap c 'q SORT RETURN (UPDATE) (DATE) UTF-8 ALL'
	expect_only 'q BAD'
	imap_ok c 'q SEARCH RETURN (UPDATE) ALL'
	conf 'capabilities-off = CONTEXT=SORT CONTEXT=SEARCH'
	imap_start d --select INBOX
	imap d 'q SEARCH RETURN (UPDATE) ALL'
	expect_only 'q BAD'
	imap d 'q CANCELUPDATE "q"'
	expect_only 'q BAD'
}
