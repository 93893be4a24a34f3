#!/usr/bin/env bats
# cap-qresync.bats - QRESYNC: resynchronisation by one command (RFC 7162 3.2)
# SPDX-License-Identifier: ISC
load ../lib/imap

# b has a view of its own of a mailbox with ten messages, UIDs 1 to 10.
setup() {
	imap_setup
	imap_start a
	seed a INBOX 10
	imap_ok a 's1 SELECT INBOX'
	UIDVALIDITY=$(code UIDVALIDITY)
	imap_ok a 's2 SELECT INBOX'
}

# resync NAME ARGUMENTS: with QRESYNC enabled, SELECT INBOX (QRESYNC ...).
resync() {
	imap_start "$1"
	imap_ok "$1" 'e1 ENABLE QRESYNC'
	expect_only '=* ENABLED QRESYNC' 'e1 OK'
	imap "$1" "r1 SELECT INBOX (QRESYNC ($2))"
}

expunge() {
	imap_ok a "x1 UID STORE $1 +FLAGS.SILENT (\\Deleted)"
	imap_ok a "x2 UID EXPUNGE $1"
}

@test "QRESYNC: SELECT tells what vanished and what changed, and no more (RFC 7162 3.2.5.1)" {
	imap_ok a 'a1 STORE 1 +FLAGS (\Seen)'		# 12
	expunge 3,5:6					# 13, 14
	imap_ok a 'a2 UID STORE 9 +FLAGS ($Foo)'	# 15
	seed a INBOX 1					# 16
	resync b "$UIDVALIDITY 12"
	expect '=* 8 EXISTS' '=* OK [HIGHESTMODSEQ 16] Highest' \
	    '=* VANISHED (EARLIER) 3,5:6' \
	    '=* 6 FETCH (UID 9 MODSEQ (15) FLAGS ($Foo))' \
	    '~^\* 8 FETCH \(UID 11 MODSEQ \(16\) FLAGS \(' \
	    'r1 OK [READ-WRITE]'
	refute '* 1 FETCH'
	imap_ok b 'r2 SELECT INBOX (QRESYNC ('"$UIDVALIDITY"' 13 1:9))'
	expect '=* OK [CLOSED] Previous mailbox closed' '=* VANISHED (EARLIER) 3,5:6' \
	    '* 6 FETCH' 'r2 OK'
	refute '* 8 FETCH'
	imap_ok b 'r3 SELECT INBOX (QRESYNC ('"$UIDVALIDITY"' 11 1,5,9))'
	expect '=* VANISHED (EARLIER) 5' '* 1 FETCH' '* 6 FETCH' 'r3 OK'
	# Up to date: nothing to tell.
	imap_ok b 'r4 EXAMINE INBOX (QRESYNC ('"$UIDVALIDITY"' 16))'
	refute VANISHED FETCH
	expect 'r4 OK [READ-ONLY]'
	imap_ok b 'r5 SELECT INBOX (CONDSTORE QRESYNC ('"$UIDVALIDITY"' 15 20:30))'
	refute VANISHED FETCH
}

@test "QRESYNC: a mod-sequence that is lost here, and the client is told all" {
	expunge 4
	imap_ok a 'a1 STORE 1 +FLAGS (\Seen)'
	resync b "$UIDVALIDITY 9999999 1:5"
	expect '=* VANISHED (EARLIER) 4' \
	    '=* 1 FETCH (UID 1 MODSEQ (14) FLAGS (\Seen))' '* 2 FETCH (UID 2 ' \
	    '* 3 FETCH (UID 3 ' '* 4 FETCH (UID 5 ' 'r1 OK'
	refute '* 5 FETCH'
}

@test "QRESYNC: another UIDVALIDITY, and nothing is told (RFC 7162 3.2.5)" {
	expunge 2
	resync b '67890007 1 41,43:211,214:541'
	expect '=* 9 EXISTS' "* OK [UIDVALIDITY $UIDVALIDITY]" \
	    '* OK [HIGHESTMODSEQ 13]' 'r1 OK [READ-WRITE]'
	refute VANISHED FETCH
}

@test "QRESYNC: an empty mailbox that never had a message" {
	imap_start b
	imap_ok b 'b1 ENABLE QRESYNC'
	imap_ok b 'b2 CREATE new'
	imap_ok b 'b3 SELECT new'
	local v
	v=$(code UIDVALIDITY)
	expect '~^\* OK \[HIGHESTMODSEQ [1-9]'
	imap_ok b "b4 SELECT new (QRESYNC ($v 1 1:100))"
	refute VANISHED FETCH
}

@test "QRESYNC: forgotten expunges, and all that is missing is told, never all (RFC 7162 3.2.6)" {
	conf 'expunge-retention = 0' 'tombstone-retention = 0'
	expunge 2,4
	imap_ok a 'a1 STORE 1 +FLAGS (\Seen)'
	expunge 10
	imap_close a
	mboxadm purge
	resync b "$UIDVALIDITY 5"
	expect '=* 7 EXISTS' '=* VANISHED (EARLIER) 2,4,10' '* 1 FETCH' 'r1 OK'
	imap_ok b 'b1 UID FETCH 1:* (FLAGS) (CHANGEDSINCE 5 VANISHED)'
	expect '=* VANISHED (EARLIER) 2,4,10' '* 1 FETCH (UID 1 ' 'b1 OK'
	imap_ok b 'b2 UID FETCH 3:9,50 (FLAGS) (CHANGEDSINCE 5 VANISHED)'
	expect '=* VANISHED (EARLIER) 4' 'b2 OK'
	# The client's own sample shows that up to UID 3 both are in step.
	imap_ok b "b3 SELECT INBOX (QRESYNC ($UIDVALIDITY 5 1:20 (1:2,5 1,3,6)))"
	expect '=* VANISHED (EARLIER) 4,10' 'b3 OK'
	imap_ok b "b4 SELECT INBOX (QRESYNC ($UIDVALIDITY 5 1:20 (1,7 1,9)))"
	expect '=* VANISHED (EARLIER) 10' 'b4 OK'
	imap_ok b "b5 SELECT INBOX (QRESYNC ($UIDVALIDITY 5 (3:4 4:5)))"
	expect '=* VANISHED (EARLIER) 2,4,10' 'b5 OK'
	# What is remembered is told exactly again.
	conf 'tombstone-retention = 90d'
	resync c "$UIDVALIDITY 16"
	imap_ok c 'c1 UID STORE 9 +FLAGS.SILENT (\Deleted)'
	imap_ok c 'c2 EXPUNGE'
	imap_ok c "c3 SELECT INBOX (QRESYNC ($UIDVALIDITY 17))"
	expect '=* VANISHED (EARLIER) 9' 'c3 OK'
}

@test "QRESYNC: a session that missed forgotten expunges hears of them all the same" {
	conf 'expunge-retention = 0' 'tombstone-retention = 0'
	resync b "$UIDVALIDITY 11"
	imap_ok b 'b1 FETCH 10 UID'
	expunge 2,4
	mboxadm purge
	imap_ok b 'b2 NOOP'
	expect_only '=* VANISHED 2,4' 'b2 OK'
	# Without numbers in hand nobody can tell what it saw.
	expunge 1
	imap_start c --select INBOX
	imap_start d --select INBOX
	expunge 6
	mboxadm purge
	imap c 'c1 NOOP' || :
	expect '* BYE '
	imap_eof c
	imap_ok d 'd0 LOGOUT'
}

@test "VANISHED: in place of EXPUNGE, with UIDs that were told, once QRESYNC is on (RFC 7162 3.2.10)" {
	resync b "$UIDVALIDITY 11"
	seed a INBOX 2
	imap_ok a 'a1 UID STORE 3,5,11:12 +FLAGS.SILENT (\Deleted)'
	imap_ok a 'a2 EXPUNGE'
	imap_ok b 'b1 FETCH 1 FLAGS'
	refute VANISHED EXPUNGE
	imap_ok b 'b2 SEARCH ALL'
	refute VANISHED EXPUNGE
	# 11 and 12 came and went without a word of them.
	imap b 'b3 NOOP'
	expect '=* VANISHED 3,5' '~^b3 OK \[HIGHESTMODSEQ [0-9]+\]'
	refute EXPUNGE '11'
	imap_ok b 'b4 FETCH 8 UID'
	expect '=* 8 FETCH (UID 10)'
	imap_ok a 'a3 UID STORE 1:2 +FLAGS.SILENT (\Deleted)'
	imap b 'b5 EXPUNGE'
	expect '=* VANISHED 1:2' '~^b5 OK \[HIGHESTMODSEQ [0-9]+\]'
	imap a 'a4 NOOP'
	expect '=* 2 EXPUNGE' '=* 1 EXPUNGE' 'a4 OK NOOP'
	imap_ok b 'b6 UID STORE 4 +FLAGS.SILENT (\Deleted)'
	imap b 'b7 UID EXPUNGE 1:99'
	expect_only '=* VANISHED 4' '~^b7 OK \[HIGHESTMODSEQ [0-9]+\]'
	# Nothing went, nothing is told.
	imap b 'b8 EXPUNGE'
	expect_only 'b8 OK EXPUNGE'
	# CLOSE tells neither (RFC 7162 3.2.8).
	imap_ok b 'b9 STORE 1 +FLAGS.SILENT (\Deleted)'
	imap b 'b10 CLOSE'
	expect_only 'b10 OK CLOSE'
}

@test "VANISHED: at once in IDLE, and in UID commands, but not in FETCH (RFC 7162 3.2.10.2)" {
	resync b "$UIDVALIDITY 11"
	imap_idle b
	expunge 7
	imap_wait b '* VANISHED'
	expect '=* VANISHED 7'
	imap_idle_done b
	expunge 8
	imap_ok b 'b1 UID FETCH 1 UID'
	expect '=* VANISHED 8' 'b1 OK'
}

@test "HIGHESTMODSEQ is held back while a VANISHED waits (RFC 7162 6)" {
	resync b "$UIDVALIDITY 11"
	expunge 3				# 12, 13
	imap_ok a 'a1 STORE 1 +FLAGS (\Seen)'	# 14
	imap_ok b 'b1 FETCH 1 FLAGS'
	expect '=* 1 FETCH (FLAGS (\Seen))' \
	    '=* 1 FETCH (UID 1 MODSEQ (14) FLAGS (\Seen))' \
	    '=b1 OK [HIGHESTMODSEQ 11] FETCH completed'
	imap_ok b 'b2 STORE 2 +FLAGS.SILENT (\Seen)'
	expect '* 2 FETCH (UID 2 MODSEQ (15))' '=b2 OK [HIGHESTMODSEQ 11] STORE completed'
	imap_ok b 'b3 NOOP'
	expect_only '=* VANISHED 3' '=b3 OK [HIGHESTMODSEQ 15] NOOP completed'
}

@test "UID FETCH VANISHED: what went since then, before FETCH (RFC 7162 3.2.6)" {
	expunge 3:4,6
	imap_ok a 'a1 UID STORE 5,7 +FLAGS (\Flagged)'
	resync b "$UIDVALIDITY 99"
	imap b 'b1 UID FETCH 4:8 (FLAGS) (CHANGEDSINCE 11 VANISHED)'
	expect_only '=* VANISHED (EARLIER) 4,6' \
	    '~^\* 3 FETCH \(FLAGS \(.Flagged\) MODSEQ \([0-9]+\)\)$|^\* 3 FETCH \(UID 5 FLAGS' '* 4 FETCH' 'b1 OK'
	imap b 'b2 UID FETCH 1:* (FLAGS) (VANISHED CHANGEDSINCE 9999)'
	expect_only 'b2 OK'
	# The last message is gone: "*" still reaches it.
	expunge 10
	imap b 'b3 UID FETCH 9:* (FLAGS) (CHANGEDSINCE 14 VANISHED)'
	expect '=* VANISHED 10' '=* VANISHED (EARLIER) 10' 'b3 OK'
}

@test "QRESYNC: not without ENABLE, and its grammar (RFC 7162 3.2.5, 3.2.6, 7)" {
	local bad
	imap a "a1 SELECT INBOX (QRESYNC ($UIDVALIDITY 1))"
	expect_only 'a1 BAD'
	imap a 'a2 UID FETCH 1 FLAGS (CHANGEDSINCE 1 VANISHED)'
	expect_only 'a2 BAD'
	# The mailbox stays selected.
	imap_ok a 'a3 FETCH 1 UID'
	imap_start b
	imap_ok b 'b1 ENABLE CONDSTORE'
	expect '=* ENABLED CONDSTORE'
	imap b "b2 SELECT INBOX (QRESYNC ($UIDVALIDITY 1))"
	expect_only 'b2 BAD'
	imap_ok b 'b3 ENABLE CONDSTORE QRESYNC'
	expect '=* ENABLED QRESYNC'
	imap_ok b "b4 SELECT INBOX (qresync ($UIDVALIDITY 1))"
	for bad in '' '()' '(FOO)' '(CONDSTORE CONDSTORE)' '(QRESYNC)' 'CONDSTORE' \
	    '(QRESYNC ())' '(QRESYNC (1))' '(QRESYNC (0 1))' '(QRESYNC (1 0))' \
	    '(QRESYNC (1 x))' '(QRESYNC (1 9223372036854775808))' \
	    '(QRESYNC (1 1 *))' '(QRESYNC (1 1 1:*))' '(QRESYNC (1 1 0))' \
	    '(QRESYNC (1 1 1 ()))' '(QRESYNC (1 1 1 (1)))' \
	    '(QRESYNC (1 1 1 (1 1,2)))' '(QRESYNC (1 1 1 (* 1)))' \
	    '(QRESYNC (1 1 1 (1 1) 2))' '(QRESYNC (1 1 1:2 3))' \
	    '(QRESYNC (1 1) QRESYNC (1 1))' '(QRESYNC (1 1)) x' '(QRESYNC (1 1)'; do
		imap b "g1 SELECT INBOX $bad"
		expect_only 'g1 BAD'
	done
	for bad in '(VANISHED)' '(CHANGEDSINCE 1 VANISHED VANISHED)' \
	    '(CHANGEDSINCE 0 VANISHED)' '(CHANGEDSINCE 1 CHANGEDSINCE 2)' '()' \
	    '(CHANGEDSINCE)' '(CHANGEDSINCE 9223372036854775808)' '(FOO)'; do
		imap b "g2 UID FETCH 1 FLAGS $bad"
		expect_only 'g2 BAD'
	done
	imap b 'g3 FETCH 1 FLAGS (CHANGEDSINCE 1 VANISHED)'
	expect_only 'g3 BAD'
	imap_ok b 'b5 FETCH 1 UID'
	imap_ok b "b6 SELECT INBOX (QRESYNC ($UIDVALIDITY 1 (1:3 1:3)))"
}

@test "QRESYNC: turned off, ENABLE does not know it" {
	conf 'capabilities-off = QRESYNC CONDSTORE'
	imap_start b
	imap_ok b 'b1 ENABLE QRESYNC CONDSTORE'
	expect_only '=* ENABLED' 'b1 OK'
	imap b 'b2 SELECT INBOX (QRESYNC (1 1))'
	expect_only 'b2 BAD'
	imap_ok b 'b3 SELECT INBOX'
	imap b 'b4 FETCH 1 MODSEQ'
	expect_only 'b4 BAD'
	imap b 'b5 STORE 1 (UNCHANGEDSINCE 1) FLAGS ()'
	expect_only 'b5 BAD'
	imap b 'b6 SEARCH MODSEQ 1'
	expect_only 'b6 BAD'
	imap b 'b7 STATUS INBOX (HIGHESTMODSEQ)'
	expect_only 'b7 BAD'
	imap b 'b8 SELECT INBOX (CONDSTORE)'
	expect_only 'b8 BAD'
	imap b 'b9 FETCH 1 FLAGS (CHANGEDSINCE 1)'
	expect_only 'b9 BAD'
}

@test "QRESYNC: thousands of UIDs that vanished come in lines of a bearable length" {
	local i
	imap_start c
	imap_ok c 'c1 CREATE big'
	for ((i = 0; i < 10; i++)); do
		imap_ok a "a1 COPY 1:* big"
	done
	imap_ok c 'c2 SELECT big'
	for ((i = 0; i < 5; i++)); do
		imap_ok c 'c3 COPY 1:* big'
	done
	expect '=* 3200 EXISTS'
	local v odd
	imap_ok c 'c5 SELECT big'
	v=$(code UIDVALIDITY)
	odd=$(seq -s, 1 2 3200)
	imap_ok c "c6 UID STORE $odd +FLAGS.SILENT (\\Deleted)"
	imap_ok c 'c7 EXPUNGE'
	imap_start b
	imap_ok b 'b1 ENABLE QRESYNC'
	imap_ok b "b2 SELECT big (QRESYNC ($v 16))"
	expect '* VANISHED (EARLIER) 1,3,5' '* VANISHED (EARLIER) 2001,2003,' 'b2 OK'
	same "$odd" "$(printf '%s\n' "${ANSWER[@]}" | sed -n 's/^.*EARLIER) //p' | paste -sd,)"
}

@test "VANISHED: not in UID SEARCH that names message numbers (RFC 7162 3.2.10.2)" {
	resync b "$UIDVALIDITY 11"
	expunge 3
	imap_ok b 'b1 UID SEARCH 1:4'
	refute VANISHED
	expect '=* SEARCH 1 2 4'
	imap_ok b 'b2 UID SEARCH NOT (1 OR 2 5)'
	refute VANISHED
	imap_ok b 'b3 UID SEARCH UID 1:4'
	expect '=* VANISHED 3' 'b3 OK'
}
