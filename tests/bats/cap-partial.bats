#!/usr/bin/env bats
# cap-partial.bats - PARTIAL in UID FETCH (RFC 9394 3.3)
# SPDX-License-Identifier: ISC
load ../lib/imap

# Messages with UIDs 1 2 5 6 7 9 10.
setup() {
	imap_setup
	imap_start a
	seed a INBOX 10
	imap_ok a 's1 SELECT INBOX'
	imap_ok a 's2 UID STORE 3:4,8 +FLAGS.SILENT (\Deleted)'
	imap_ok a 's3 EXPUNGE'
	imap_ok a 's4 SELECT INBOX'
}

@test "UID FETCH PARTIAL: from the end (RFC 9394 3.3)" {
	imap_ok a '10 UID FETCH 2:9 (UID FLAGS) (PARTIAL -1:-3)'
	expect_only '=* 4 FETCH (UID 6 FLAGS ())' '=* 5 FETCH (UID 7 FLAGS ())' \
	    '=* 6 FETCH (UID 9 FLAGS ())' '10 OK'
	imap_ok a '11 UID FETCH 2:9 (UID) (partial -3:-1)'
	expect_only '* 4 FETCH' '* 5 FETCH' '* 6 FETCH' '11 OK'
	imap_ok a '12 UID FETCH 1:* UID (PARTIAL -2:-2)'
	expect_only '=* 6 FETCH (UID 9)' '12 OK'
	imap_ok a '13 UID FETCH 1:* UID (PARTIAL -7:-100)'
	expect_only '=* 1 FETCH (UID 1)' '13 OK'
}

@test "UID FETCH PARTIAL: from the start, and beyond what there is" {
	imap_ok a '11 UID FETCH 2:9 (UID FLAGS) (PARTIAL 1:2)'
	expect_only '=* 2 FETCH (UID 2 FLAGS ())' '=* 3 FETCH (UID 5 FLAGS ())' '11 OK'
	imap_ok a '12 UID FETCH 1:* UID (PARTIAL 3:2)'
	expect_only '=* 2 FETCH (UID 2)' '=* 3 FETCH (UID 5)' '12 OK'
	imap_ok a '13 UID FETCH 1:* UID (PARTIAL 7:4294967295)'
	expect_only '=* 7 FETCH (UID 10)' '13 OK'
	imap_ok a '14 UID FETCH 1:* UID (PARTIAL 8:9)'
	expect_only '14 OK'
	imap_ok a '15 UID FETCH 100:200 UID (PARTIAL 1:9)'
	expect_only '15 OK'
}

@test "UID FETCH PARTIAL: first the place, then CHANGEDSINCE, in any order (RFC 9394 3.4)" {
	local m
	m=$(code HIGHESTMODSEQ)
	imap_ok a 'a1 UID STORE 1:2,9:10 +FLAGS.SILENT (\Flagged)'
	imap_ok a '101 UID FETCH 1:* (UID FLAGS) (PARTIAL -1:-3 CHANGEDSINCE '"$m"')'
	expect_only '* OK [HIGHESTMODSEQ' "=* 6 FETCH (UID 9 FLAGS (\\Flagged) MODSEQ ($((m + 1))))" \
	    '* 7 FETCH (UID 10 ' '101 OK'
	imap_ok a '102 UID FETCH 1:* (UID FLAGS) (CHANGEDSINCE '"$m"' PARTIAL 2:3)'
	expect_only '* 2 FETCH (UID 2 ' '102 OK'
}

@test "UID FETCH PARTIAL: only what is told becomes seen" {
	imap_ok a 'a1 UID FETCH 1:* BODY[] (PARTIAL -1:-1)'
	imap_ok a 'a2 UID SEARCH SEEN'
	expect '=* SEARCH 10'
}

@test "UID FETCH PARTIAL: its grammar (RFC 9394 4), and not in FETCH" {
	local bad
	for bad in '(PARTIAL)' '(PARTIAL 1)' '(PARTIAL 0:1)' '(PARTIAL 1:0)' \
	    '(PARTIAL -1:1)' '(PARTIAL 1:-1)' '(PARTIAL -1)' '(PARTIAL 1:*)' \
	    '(PARTIAL *:1)' '(PARTIAL -0:-1)' '(PARTIAL 1:2 PARTIAL 1:2)' \
	    '(PARTIAL 1:4294967296)' '(PARTIAL (1:2))' 'PARTIAL 1:2' '(PARTIAL 1:2'; do
		imap a "a1 UID FETCH 1:* UID $bad"
		expect_only 'a1 BAD'
	done
	imap a 'a2 FETCH 1:* UID (PARTIAL 1:2)'
	expect_only 'a2 BAD'
	conf 'capabilities-off = PARTIAL'
	imap_start b --select INBOX
	imap b 'b1 UID FETCH 1:* UID (PARTIAL 1:2)'
	expect_only 'b1 BAD'
}
