#!/usr/bin/env bats
# cap-uidbatches.bats - UIDBATCHES: UID ranges of as many messages (RFC 10022)
# SPDX-License-Identifier: ISC
load ../lib/imap

# many B: 1,201 messages with UIDs 11:600,701:1311 in the mailbox "many".
many() {
	imap_start "$1"
	imap_ok "$1" 'c1 CREATE many'
	seed "$1" many 1311
	imap_ok "$1" 'c2 SELECT many'
	imap_ok "$1" 'c3 UID STORE 1:10,601:700 +FLAGS.SILENT (\Deleted)'
	imap_ok "$1" 'c4 EXPUNGE'
}

@test "UIDBATCHES: newest first, nothing left out, down to UID 1 (RFC 10022)" {
	many a
	imap_ok a 'A143 UIDBATCHES 500'
	expect_only '=* UIDBATCHES (TAG "A143") 1311:812,811:212,211:1' 'A143 OK'
	imap_ok a 'a2 UIDBATCHES 600'
	expect_only '=* UIDBATCHES (TAG "a2") 1311:712,711:12,11:1' 'a2 OK'
	imap_ok a 'a3 uidbatches 1201'
	expect_only '=* UIDBATCHES (TAG "a3") 1311:1' 'a3 OK'
	imap_ok a 'a4 UIDBATCHES 4294967295'
	expect_only '=* UIDBATCHES (TAG "a4") 1311:1' 'a4 OK'
	# Each range holds as many messages as were asked for.
	imap_ok a 'a1 UID SEARCH RETURN (COUNT) UID 811:212'
	expect '=* ESEARCH (TAG "a1") UID COUNT 500'
	imap_ok a 'a2 UID SEARCH RETURN (COUNT) UID 211:1'
	expect '=* ESEARCH (TAG "a2") UID COUNT 201'
	# Some of the batches, and beyond what there is.
	imap_ok a 'a1 UIDBATCHES 500 1:1'
	expect_only '=* UIDBATCHES (TAG "a1") 1311:812' 'a1 OK'
	imap_ok a 'a2 UIDBATCHES 500 2:3'
	expect_only '=* UIDBATCHES (TAG "a2") 811:212,211:1' 'a2 OK'
	imap_ok a 'a3 UIDBATCHES 500 3:200'
	expect_only '=* UIDBATCHES (TAG "a3") 211:1' 'a3 OK'
	imap_ok a 'a4 UIDBATCHES 500 4:5'
	expect_only '=* UIDBATCHES (TAG "a4")' 'a4 OK'
	imap_ok a 'a5 UIDBATCHES 500 4294967295:4294967295'
	expect_only '=* UIDBATCHES (TAG "a5")' 'a5 OK'
}

@test "UIDBATCHES in an empty mailbox" {
	imap_start a
	imap_ok a 's1 SELECT INBOX'
	imap_ok a 'a1 UIDBATCHES 500'
	expect_only '=* UIDBATCHES (TAG "a1")' 'a1 OK'
}

@test "UIDBATCHES: too few, too many, and the wrong way round (RFC 10022)" {
	imap_start a
	seed a INBOX 2
	imap_ok a 's1 SELECT INBOX'
	imap a 'a1 UIDBATCHES 499'
	expect_only 'a1 NO [TOOFEW]'
	imap a 'a2 UIDBATCHES 500 2:1'
	expect_only 'a2 BAD [CLIENTBUG]'
	imap a 'a3 UIDBATCHES 500 1:201'
	expect_only 'a3 NO [TOOMANY]'
	imap a 'a4 UIDBATCHES 4294967295 1:4294967295'
	expect_only 'a4 NO [TOOMANY]'
	imap_ok a 'a5 UIDBATCHES 500 1:200'
	expect_only '=* UIDBATCHES (TAG "a5") 2:1' 'a5 OK'
}

@test "UIDBATCHES: its grammar, and only in a mailbox" {
	local bad

	imap_start a
	imap a 'a1 UIDBATCHES 500'
	expect_only 'a1 BAD'
	imap_ok a 's1 SELECT INBOX'
	for bad in UIDBATCHES 'UIDBATCHES ' 'UIDBATCHES 0' 'UIDBATCHES abc' \
	    'UIDBATCHES 500 10' 'UIDBATCHES 500 1:*' 'UIDBATCHES 500 0:1' \
	    'UIDBATCHES 500 1:2 ' 'UIDBATCHES 500 1:2,3:4' 'UIDBATCHES 0500' \
	    'UIDBATCHES 4294967296' 'UID BATCHES 500' 'UIDBATCHES  500'; do
		imap a "b $bad"
		expect_only 'b BAD'
	done
}

@test "UIDBATCHES: \$ stays what it was, and UIDONLY has it" {
	imap_start a
	seed a INBOX 3
	imap_ok a 's1 SELECT INBOX'
	imap_ok a 'a1 UID SEARCH RETURN (SAVE) UID 2'
	imap_ok a 'a2 UIDBATCHES 500 1:1'
	imap_ok a 'a3 UID SEARCH $'
	expect '=* SEARCH 2'
	imap_ok a 'a4 UNSELECT'
	imap_ok a 'a4 ENABLE UIDONLY'
	imap_ok a 's2 SELECT INBOX'
	imap_ok a 'a5 UIDBATCHES 500 1:1'
	expect_only '=* UIDBATCHES (TAG "a5") 3:1' 'a5 OK'
}

@test "UIDBATCHES: no batch is above MESSAGELIMIT (RFC 9738 3.1)" {
	conf 'message-limit = 3'
	imap_start a
	seed a INBOX 8
	imap_ok a 's1 SELECT INBOX'
	imap_ok a 'a1 UIDBATCHES 500'
	expect_only '=* UIDBATCHES (TAG "a1") 8:6,5:3,2:1' 'a1 OK'
	imap_ok a 'a2 UID FETCH 5:3 (UID)'
	expect_only '* 3 FETCH' '* 4 FETCH' '* 5 FETCH' 'a2 OK UID FETCH'
}

@test "UIDBATCHES: an expunge that others make moves the batches" {
	conf 'message-limit = 3'
	imap_start a
	seed a INBOX 8
	imap_ok a 's1 SELECT INBOX'
	imap_start b
	imap_ok b 's1 SELECT INBOX'
	imap_ok b 'b1 UID STORE 7 +FLAGS.SILENT (\Deleted)'
	imap_ok b 'b2 EXPUNGE'
	imap_ok a 'a1 NOOP'
	imap_ok a 'a2 UIDBATCHES 500'
	expect_only '=* UIDBATCHES (TAG "a2") 8:5,4:2,1:1' 'a2 OK'
}

@test "UIDBATCHES can be turned off" {
	conf 'capabilities-off = UIDBATCHES'
	imap_start a
	imap_ok a 'a1 CAPABILITY'
	refute UIDBATCHES
	imap_ok a 's1 SELECT INBOX'
	imap a 'a2 UIDBATCHES 500'
	expect_only 'a2 BAD'
}
