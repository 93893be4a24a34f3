#!/usr/bin/env bats
# cap-condstore.bats - CONDSTORE: mod-sequences and conditional STORE (RFC 7162 3.1)
# SPDX-License-Identifier: ISC
load ../lib/imap

# The mod-sequence that the last FETCH response of SEQ told.
modseq_of() {
	local line found='' re="^\* $1 FETCH \(.*MODSEQ \(([0-9]+)\)"
	for line in "${ANSWER[@]}"; do
		[[ ! $line =~ $re ]] || found=${BASH_REMATCH[1]}
	done
	[[ -n $found ]] || die "no mod-sequence of $1"
	echo "$found"
}

setup() {
	imap_setup
	imap_start a
	seed a INBOX 5
	imap_ok a 's1 SELECT INBOX'
	imap_ok a 's2 SELECT INBOX'	# nothing is \Recent now
}

@test "SEARCH MODSEQ: tells the highest of what it found (RFC 7162 3.1.5, 3.1.6)" {
	imap_ok a 'a1 SEARCH MODSEQ 3'
	expect '* OK [HIGHESTMODSEQ ' '~^\* SEARCH 2 3 4 5 \(MODSEQ [0-9]+\)$'
	imap_ok a 'a2 UID SEARCH MODSEQ 3 UID 1:3'
	expect_only '=* SEARCH 2 3 (MODSEQ 4)' 'a2 OK'
	imap_ok a 'a3 SEARCH MODSEQ "/flags/\\draft" all 3 NOT 5'
	expect_only '=* SEARCH 2 3 4 (MODSEQ 5)' 'a3 OK'
	imap_ok a 'a4 SEARCH MODSEQ "/flags/$MDNSent" shared 0'
	expect '=* SEARCH 1 2 3 4 5 (MODSEQ 6)'
	imap_ok a 'a5 SEARCH MODSEQ "/flags/\\Seen" priv 999'
	expect_only '=* SEARCH' 'a5 OK'
	imap_ok a 't SEARCH OR NOT MODSEQ 720162338 LARGER 50000'
	expect '=* SEARCH 1 2 3 4 5 (MODSEQ 6)' 't OK'
	imap_ok a 'a6 SEARCH ALL'
	expect_only '=* SEARCH 1 2 3 4 5' 'a6 OK'
}

@test "SEARCH MODSEQ: its grammar (RFC 7162 7)" {
	local bad
	for bad in 'MODSEQ' 'MODSEQ x' 'MODSEQ -1' 'MODSEQ 9223372036854775808' \
	    'MODSEQ "/flags/" all 1' 'MODSEQ "/flags/x" 1' 'MODSEQ "/flags/x" some 1' \
	    'MODSEQ "flags" all 1' 'MODSEQ ""'; do
		imap a "a1 SEARCH $bad"
		expect_only 'a1 BAD'
	done
	imap_ok a 'a2 SEARCH MODSEQ 9223372036854775807'
	expect '=* SEARCH'
}

@test "SEARCH UIDAFTER and UIDBEFORE (RFC 9738 3.2)" {
	imap_ok a 'a1 SEARCH UIDAFTER 3'
	expect_only '=* SEARCH 4 5' 'a1 OK'
	imap_ok a 'a2 UID SEARCH UIDBEFORE 3'
	expect_only '=* SEARCH 1 2' 'a2 OK'
	imap_ok a 'a3 SEARCH UIDBEFORE 1'
	expect_only '=* SEARCH' 'a3 OK'
	imap_ok a 'a4 SEARCH NOT UIDBEFORE 1'
	expect_only '=* SEARCH 1 2 3 4 5' 'a4 OK'
	imap_ok a 'a5 SEARCH UIDAFTER 4294967295'
	expect_only '=* SEARCH' 'a5 OK'
	imap_ok a 'a6 SEARCH UIDAFTER 1 UIDBEFORE 4 NOT 3'
	expect_only '=* SEARCH 2' 'a6 OK'
	imap a 'a7 SEARCH UIDAFTER 0'
	expect_only 'a7 BAD'
	imap a 'a8 SEARCH UIDBEFORE *'
	expect_only 'a8 BAD'
}

@test "STORE UNCHANGEDSINCE: what is newer is left alone and named (RFC 7162 3.1.3)" {
	imap_start b --select INBOX
	imap_ok b 'b1 STORE 1,3 +FLAGS (\Flagged)'
	imap_ok a 'a1 NOOP'
	# The first CONDSTORE enabling command tells HIGHESTMODSEQ.
	imap a 'a2 STORE 3,1:4 (UNCHANGEDSINCE 6) +FLAGS.SILENT (\Seen)'
	expect_only '=* OK [HIGHESTMODSEQ 7] Highest' \
	    '=* 1 FETCH (UID 1 MODSEQ (7) FLAGS (\Flagged))' \
	    '=* 2 FETCH (UID 2 MODSEQ (8))' \
	    '=* 3 FETCH (UID 3 MODSEQ (7) FLAGS (\Flagged))' \
	    '=* 4 FETCH (UID 4 MODSEQ (8))' \
	    'a2 OK [MODIFIED 1,3]'
	imap a 'a3 STORE 1,3 (UNCHANGEDSINCE 7) +FLAGS (\Seen)'
	expect_only '=* 1 FETCH (UID 1 MODSEQ (9) FLAGS (\Flagged \Seen))' \
	    '=* 3 FETCH (UID 3 MODSEQ (9) FLAGS (\Flagged \Seen))' 'a3 OK'
	refute MODIFIED
	# Nothing changes: the mod-sequence is told and stays (RFC 7162 3.1.11).
	imap a 'a4 UID STORE 1 (UNCHANGEDSINCE 9) +FLAGS.SILENT (\Seen)'
	expect_only '=* 1 FETCH (UID 1 MODSEQ (9))' 'a4 OK'
	imap a 'a5 UID STORE 1:5 (UNCHANGEDSINCE 8) FLAGS (\Draft)'
	expect 'a5 OK [MODIFIED 1,3]'
	imap_ok b 'b2 NOOP'
	expect_flags 2 '\Draft'
	expect_flags 3 '\Flagged' '\Seen'
	refute MODSEQ
}

@test "STORE UNCHANGEDSINCE 0: fails for what exists, and a keyword may not (RFC 7162 3.1.3)" {
	imap_ok a 'a1 STORE 1 +FLAGS ($MDNSent)'
	imap a 'a2 STORE 1 (UNCHANGEDSINCE 0) +FLAGS.SILENT ($MDNSent)'
	expect 'a2 OK [MODIFIED 1]'
	imap a 'a3 STORE 1:2 (UNCHANGEDSINCE 0) +FLAGS.SILENT ($MDNSent)'
	expect '* 2 FETCH (UID 2 MODSEQ' 'a3 OK [MODIFIED 1]'
	imap a 'a4 STORE 3 (UNCHANGEDSINCE 0) +FLAGS (\Seen)'
	expect 'a4 OK [MODIFIED 3]'
	imap a 'a5 STORE 3 (UNCHANGEDSINCE 0) -FLAGS (\Seen)'
	expect 'a5 OK [MODIFIED 3]'
	imap a 'a6 STORE 3 (UNCHANGEDSINCE 0) FLAGS ($MDNSent)'
	expect 'a6 OK [MODIFIED 3]'
	imap_ok a 'a7 FETCH 1:3 FLAGS'
	expect_flags 1 '$MDNSent'
	expect_flags 2 '$MDNSent'
	expect_flags 3
}

@test "STORE UNCHANGEDSINCE: another's flag makes +FLAGS of a keyword no failure (RFC 7162 3.1.12)" {
	imap_start b --select INBOX
	imap_ok b 'b1 STORE 2 +FLAGS (\Deleted \Answered)'
	imap_ok b 'b2 STORE 3 +FLAGS ($Processed)'
	imap a 'a1 STORE 1:5 (UNCHANGEDSINCE 6) +FLAGS.SILENT ($Processed)'
	expect '* 1 FETCH (UID 1 MODSEQ (9))' '* 2 FETCH (UID 2 MODSEQ (9))' \
	    '=* 3 FETCH (UID 3 MODSEQ (8) FLAGS ($Processed))' \
	    'a1 OK [MODIFIED 3]'
	imap_ok a 'a2 FETCH 2 FLAGS'
	expect_flags 2 '\Deleted' '\Answered' '$Processed'
}

@test "STORE UNCHANGEDSINCE: with messages that are gone (RFC 7162 3.1.3, example 11)" {
	imap_start b --select INBOX
	imap_ok b 'b1 STORE 2 +FLAGS (\Answered)'
	imap_ok b 'b2 STORE 4:5 +FLAGS.SILENT (\Deleted)'
	imap_ok b 'b3 EXPUNGE'
	imap a 'a1 STORE 1:5 (UNCHANGEDSINCE 6) +FLAGS (\Seen)'
	expect '* 1 FETCH' '* 2 FETCH' '* 3 FETCH' 'a1 NO [MODIFIED 2]'
	refute '~^\* [0-9]+ EXPUNGE'
	# Expunges before what was told must not be missed (RFC 7162 3.2).
	expect '~^\* OK \[HIGHESTMODSEQ 6\]' 'a1 NO'
	imap_ok a 'a2 NOOP'
	expect '=* 5 EXPUNGE' '=* 4 EXPUNGE' 'a2 OK [HIGHESTMODSEQ 10]'
	imap a 'a3 UID STORE 3:5 (UNCHANGEDSINCE 99) -FLAGS (\Seen)'
	expect_only '* 3 FETCH' 'a3 OK'
}

@test "STORE UNCHANGEDSINCE: two sessions, one wins" {
	local i won
	imap_start b --select INBOX
	for i in 1 2 3; do
		imap_send a "a$i STORE $i (UNCHANGEDSINCE 6) +FLAGS.SILENT (\$Mine)"
		imap_send b "b$i STORE $i (UNCHANGEDSINCE 6) +FLAGS.SILENT (\$Mine)"
		imap_recv a "a$i"
		won=0
		[[ ${ANSWER[-1]} != *MODIFIED* ]] || won=1
		imap_recv b "b$i"
		[[ ${ANSWER[-1]} != *MODIFIED* ]] || ((won += 2))
		((won == 1 || won == 2))
	done
}

@test "STORE: the grammar of its modifier (RFC 7162 7, RFC 4466 2.5)" {
	local bad
	for bad in '(UNCHANGEDSINCE) FLAGS ()' '(UNCHANGEDSINCE x) FLAGS ()' \
	    '(UNCHANGEDSINCE -1) FLAGS ()' '() FLAGS ()' '(FOO 1) FLAGS ()' \
	    '(UNCHANGEDSINCE 9223372036854775808) FLAGS ()' \
	    '(UNCHANGEDSINCE 1 UNCHANGEDSINCE 2) FLAGS ()' \
	    '(UNCHANGEDSINCE 1)FLAGS ()' 'UNCHANGEDSINCE 1 FLAGS ()' \
	    'FLAGS () (UNCHANGEDSINCE 1)'; do
		imap a "a1 STORE 1 $bad"
		expect_only 'a1 BAD'
	done
	imap_ok a 'a2 STORE 1 (unchangedsince 9223372036854775807) FLAGS ()'
}

@test "a CONDSTORE-aware client gets UID and MODSEQ in all untagged FETCH (RFC 7162 3.2.4)" {
	imap_start b --select INBOX
	imap_ok a 'a0 SEARCH MODSEQ 1'
	imap_ok b 'b1 STORE 2 +FLAGS (\Seen)'
	refute MODSEQ
	imap_ok a 'a1 NOOP'
	expect_only '=* 2 FETCH (UID 2 MODSEQ (7) FLAGS (\Seen))' 'a1 OK'
	# A silent STORE tells the new mod-sequence (RFC 7162 example 14).
	imap_ok a 'a2 STORE 1:2 +FLAGS.SILENT (\Seen)'
	expect_only '=* 1 FETCH (UID 1 MODSEQ (8))' 'a2 OK'
	imap_ok a 'a3 STORE 1 -FLAGS (\Seen)'
	expect_only '=* 1 FETCH (UID 1 MODSEQ (9) FLAGS ())' 'a3 OK'
	imap_idle a
	imap_ok b 'b2 STORE 3 +FLAGS.SILENT (\Answered)'
	imap_wait a '* 3 FETCH'
	expect '=* 3 FETCH (UID 3 MODSEQ (10) FLAGS (\Answered))'
	imap_idle_done a
}
