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
	    'MODSEQ "/flags/" all 1' 'MODSEQ "/flags/a{b" all 1' 'MODSEQ "/flags/x" 1' 'MODSEQ "/flags/x" some 1' \
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

# After NO the client cannot know which flags it has set.
@test "STORE UNCHANGEDSINCE: a silent one that is refused tells the flags (RFC 2180 4.2.3)" {
	imap_start b --select INBOX
	imap_ok b 'b1 STORE 4:5 +FLAGS.SILENT (\Deleted)'
	imap_ok b 'b2 EXPUNGE'
	imap a 'a1 STORE 3:5 (UNCHANGEDSINCE 99) +FLAGS.SILENT (\Seen)'
	expect '~^\* 3 FETCH .*FLAGS \(\\Seen' 'a1 NO [EXPUNGEISSUED]'
	imap_ok a 'a2 NOOP'
	# Those that are here are no secret, and none is gone.
	imap_ok a 'a3 STORE 1:3 (UNCHANGEDSINCE 99) +FLAGS.SILENT (\Flagged)'
	refute '~FLAGS \('
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

@test "FETCH MODSEQ and CHANGEDSINCE (RFC 7162 3.1.4)" {
	imap_ok a 'a1 FETCH 1:3 (MODSEQ)'
	expect_only '=* OK [HIGHESTMODSEQ 6] Highest' '=* 1 FETCH (MODSEQ (2))' \
	    '=* 2 FETCH (MODSEQ (3))' '=* 3 FETCH (MODSEQ (4))' 'a1 OK'
	imap_ok a 'a2 UID FETCH 1:* (FLAGS) (CHANGEDSINCE 4)'
	expect_only '=* 4 FETCH (UID 4 FLAGS () MODSEQ (5))' \
	    '=* 5 FETCH (UID 5 FLAGS () MODSEQ (6))' 'a2 OK'
	imap_ok a 'a3 FETCH 1:4 (MODSEQ UID) (CHANGEDSINCE 4)'
	expect_only '=* 4 FETCH (MODSEQ (5) UID 4)' 'a3 OK'
	imap_ok a 'a4 FETCH 1:* FAST (CHANGEDSINCE 6)'
	expect_only 'a4 OK'
	# Not seen, because not told.
	imap_ok a 'a5 FETCH 1:* BODY[TEXT] (CHANGEDSINCE 5)'
	expect '~^\* 5 FETCH .*body 5.* UID 5 FLAGS \(.Seen\)|^\* 5 FETCH' 'a5 OK'
	imap_ok a 'a6 SEARCH UNSEEN'
	expect '=* SEARCH 1 2 3 4'
	imap a 'a7 FETCH 1 FLAGS (CHANGEDSINCE 0)'
	expect_only 'a7 BAD'
}

@test "FETCH that sets \\Seen tells UID, MODSEQ and flags with it (RFC 7162 3.2.4)" {
	imap_ok a 'a0 FETCH 1 MODSEQ'
	imap_ok a 'a1 FETCH 1 BODY[1]'
	expect "~^\* 1 FETCH \(UID 1 BODY\[1\] .*body 1.* MODSEQ \(7\) FLAGS \(.Seen\)\)$"
	imap_ok a 'a2 UID FETCH 2 (BODY[1] FLAGS)'
	expect '~^\* 2 FETCH \(UID 2 BODY\[1\] .*FLAGS \(.Seen\) MODSEQ \(8\)\)$'
	# Nothing is set: what was asked for, no more.
	imap_ok a 'a3 FETCH 1:2 BODY[]<0.1>'
	refute MODSEQ UID
}

@test "SELECT (CONDSTORE), and the other commands that enable it (RFC 7162 3.1)" {
	local command
	imap_start b
	imap_ok b 'b1 SELECT INBOX (CONDSTORE)'
	expect '=* OK [HIGHESTMODSEQ 6] Highest' 'b1 OK [READ-WRITE]'
	imap_ok a 'a1 STORE 1 +FLAGS (\Seen)'
	imap_ok b 'b2 NOOP'
	expect '=* 1 FETCH (UID 1 MODSEQ (7) FLAGS (\Seen))'
	for command in 'FETCH 1 MODSEQ' 'FETCH 1 FLAGS (CHANGEDSINCE 99)' \
	    'STORE 1 (UNCHANGEDSINCE 99) +FLAGS ()' 'SEARCH MODSEQ 99'; do
		imap_start c --select INBOX
		imap_ok a 'a2 STORE 2 +FLAGS (\Seen)'
		imap_ok c 'c1 NOOP'
		refute MODSEQ
		imap_ok c "c2 $command"
		expect '* OK [HIGHESTMODSEQ '
		imap_ok c "c3 $command"
		refute HIGHESTMODSEQ
		imap_ok a 'a3 STORE 2 -FLAGS (\Seen)'
		imap_ok c 'c4 NOOP'
		expect '* 2 FETCH (UID 2 MODSEQ ('
		imap_close c
	done
	imap_start c
	imap_ok c 'c1 ENABLE CONDSTORE'
	imap_ok c 'c2 EXAMINE INBOX'
	imap_ok a 'a4 STORE 3 +FLAGS (\Seen)'
	imap_ok c 'c3 NOOP'
	expect '* 3 FETCH (UID 3 MODSEQ ('
}

@test "HIGHESTMODSEQ rises with appends, flags and expunges, and is never 0" {
	imap_ok a 'a0 CREATE new'
	imap_ok a 'a1 SELECT new'
	expect '=* OK [HIGHESTMODSEQ 1] Highest'
	append a new "x: y$CRLF$CRLF"
	append a new "x: y$CRLF$CRLF"
	imap_ok a 'a2 SELECT new'
	expect '=* OK [HIGHESTMODSEQ 3] Highest'
	imap_ok a 'a3 STORE 1 +FLAGS (\Deleted)'
	imap_ok a 'a4 STORE 1 +FLAGS (\Deleted)'
	imap_ok a 'a5 EXPUNGE'
	imap_ok a 'a6 SELECT new'
	expect '=* OK [HIGHESTMODSEQ 5] Highest'
	# A copy is newer than all that was there.
	imap_ok a 'a7 COPY 1 INBOX'
	imap_ok a 'a8 SELECT INBOX'
	imap_ok a 'a9 FETCH 6 MODSEQ'
	expect '=* 6 FETCH (MODSEQ (7))'
}

@test "STORE UNCHANGEDSINCE of flags that the rights do not allow is refused (RFC 4314 4)" {
	mboxadm grant sales alice lri
	imap_close a
	imap_start a
	append a 'shared\sales' "x: y$CRLF$CRLF"
	imap_ok a 'a1 SELECT shared\sales (CONDSTORE)'
	imap a 'a2 STORE 1 (UNCHANGEDSINCE 99) +FLAGS (\Deleted)'
	expect 'a2 NO '
	refute MODIFIED
}

@test "FETCH: modifiers behind PREVIEW, which takes some of its own (RFC 4466 2.4, RFC 8970 6)" {
	imap_ok a 'a1 FETCH 1:* PREVIEW (CHANGEDSINCE 5)'
	expect '~^\* 5 FETCH \(PREVIEW "body 5" MODSEQ \(6\)\)$'
	imap_ok a 'a2 FETCH 1:* PREVIEW (LAZY) (CHANGEDSINCE 5)'
	expect '* 5 FETCH (PREVIEW '
	refute '* 4 FETCH'
	imap_ok a 'a3 FETCH 1:* (PREVIEW (LAZY) UID) (CHANGEDSINCE 5)'
	expect '* 5 FETCH (PREVIEW '
	local bad
	for bad in 'PREVIEW ' 'PREVIEW ()' 'PREVIEW (LAZY CHANGEDSINCE 5)' \
	    '(PREVIEW (CHANGEDSINCE 5))' 'PREVIEW (FOO)' 'PREVIEW (CHANGEDSINCE 5) (LAZY)'; do
		imap a "g1 FETCH 1 $bad"
		expect_only 'g1 BAD'
	done
}

@test "after a boot no mod-sequence is used that a crash may have taken back (RFC 7162 3.1)" {
	local lock
	lock=$(find "$MSGSTORE/users/alice" -name messages.db -execdir readlink -f lock \;)
	imap_ok a 'a1 STORE 1 (UNCHANGEDSINCE 99) +FLAGS.SILENT (\Seen)'
	expect '=* 1 FETCH (UID 1 MODSEQ (7))'
	printf '12345678' | dd of="$lock" bs=1 seek=8 conv=notrunc status=none
	imap_ok a 'a2 STORE 2 +FLAGS.SILENT (\Seen)'
	expect '* 2 FETCH (UID 2 MODSEQ (1000008)'
	imap_ok a 'a3 STORE 3 +FLAGS.SILENT (\Seen)'
	expect '=* 3 FETCH (UID 3 MODSEQ (1000009))'
	mboxadm check
}

@test "STATUS (HIGHESTMODSEQ): tells it, and enables CONDSTORE (RFC 7162 3.1.7)" {
	imap_start b
	imap_ok b 'b0 CREATE new'
	imap_ok b 'b1 STATUS new (UIDNEXT MESSAGES HIGHESTMODSEQ)'
	expect_only '=* STATUS new (UIDNEXT 1 MESSAGES 0 HIGHESTMODSEQ 1)' 'b1 OK'
	imap_ok b 'b2 STATUS INBOX (HIGHESTMODSEQ)'
	expect_only '=* STATUS INBOX (HIGHESTMODSEQ 6)' 'b2 OK'
	imap_ok b 'b3 SELECT INBOX'
	imap_ok a 'a1 STORE 1 +FLAGS (\Seen)'
	imap_ok b 'b4 NOOP'
	expect '=* 1 FETCH (UID 1 MODSEQ (7) FLAGS (\Seen))'
	imap_ok a 'a2 STATUS INBOX (HIGHESTMODSEQ)'
	expect '=* OK [HIGHESTMODSEQ 7] Highest' '=* STATUS INBOX (HIGHESTMODSEQ 7)'
}
