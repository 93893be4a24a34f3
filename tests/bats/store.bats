#!/usr/bin/env bats
# store.bats - STORE, keywords
# SPDX-License-Identifier: ISC
load ../lib/imap

setup() {
	imap_setup
	imap_start a
	seed a INBOX 4
	imap_ok a 's1 SELECT INBOX'
}

@test "STORE: replace, add, remove; the new flags are told (RFC 3501 6.4.6)" {
	imap a 'a1 STORE 2:4 +FLAGS (\Deleted)'
	expect '* 2 FETCH' '* 3 FETCH' '* 4 FETCH' 'a1 OK'
	expect_flags 3 '\Deleted'
	imap_ok a 'a2 STORE 2 FLAGS (\Seen \Flagged)'
	expect_flags 2 '\Seen' '\Flagged'
	imap_ok a 'a3 STORE 2 -FLAGS (\Seen \Draft)'
	expect_flags 2 '\Flagged'
	imap_ok a 'a4 STORE 2 FLAGS ()'
	expect_flags 2
	imap_ok a 'a5 FETCH 1:4 FLAGS'
	expect_flags 1
	expect_flags 2
	expect_flags 4 '\Deleted'
}

@test "STORE: .SILENT tells nothing of what it did (RFC 3501 6.4.6)" {
	local op
	for op in FLAGS +FLAGS -FLAGS; do
		imap a "a1 STORE 1:4 $op.SILENT (\\Answered)"
		expect_only 'a1 OK'
	done
	imap a 'a2 NOOP'
	expect_only 'a2 OK'
}

@test "STORE: flags without parentheses, in any case (RFC 3501 9 \"store-att-flags\")" {
	imap_ok a 'a1 STORE 1 +flags \seen'
	expect_flags 1 '\Seen'
	imap_ok a 'a2 store 1 +FLAGS \DELETED \flagged $Work'
	expect_flags 1 '\Seen' '\Deleted' '\Flagged' '$Work'
	imap_ok a 'a3 STORE 1 -FLAGS.SILENT \Seen'
	expect_only 'a3 OK'
}

@test "STORE: what changes nothing is answered all the same (RFC 3501 6.4.6)" {
	imap_ok a 'a1 STORE 1 +FLAGS (\Seen)'
	imap_ok a 'a2 STORE 1 +FLAGS (\Seen)'
	expect_flags 1 '\Seen'
}

@test "STORE: keywords are made, shown as first written, told in FLAGS (RFC 3501 2.3.2, 7.2.6)" {
	imap_ok a 'a1 STORE 1 +FLAGS ($Forwarded NonJunk)'
	expect '~^\* FLAGS \(.*\$Forwarded' '* 1 FETCH'
	expect_flags 1 '$Forwarded' NonJunk
	imap_ok a 'a2 STORE 2 +FLAGS (nonjunk)'
	expect_flags 2 NonJunk
	imap_ok a 'a3 SEARCH KEYWORD NONJUNK'
	expect '=* SEARCH 1 2'
	imap_ok a 'a4 STORE 1 -FLAGS (nonJUNK)'
	expect_flags 1 '$Forwarded'
}

@test "STORE: a keyword that others made is told before it is used (RFC 3501 7.2.6)" {
	imap_start b --select INBOX
	imap_ok a 'a1 STORE 1 +FLAGS (NewWord)'
	imap_ok b 'b1 NOOP'
	expect '~^\* FLAGS \(.*NewWord' '* 1 FETCH (' 'b1 OK'
	expect_flags 1 NewWord
}

@test "STORE: too many keywords are refused, those there go on" {
	local i words=''
	for ((i = 0; i < 58; i++)); do words+=" k$i"; done
	imap_ok a "a1 STORE 1 +FLAGS (${words# })"
	imap a 'a2 STORE 1 +FLAGS (onemore)'
	expect 'a2 NO [LIMIT]'
	imap_ok a 'a3 STORE 2 +FLAGS (k57 k0)'
	expect_flags 2 k0 k57
	imap_ok a 'a4 SELECT INBOX'
	refute '\*'
}

@test "STORE: a keyword that is too long" {
	local word
	printf -v word '%0101d' 0
	imap a "a1 STORE 1 +FLAGS (k$word)"
	expect_only '~^a1 (NO|BAD)'
}

@test "STORE: \\Recent cannot be changed (RFC 3501 2.3.2)" {
	imap a 'a1 STORE 1 +FLAGS (\Recent)'
	expect_only 'a1 BAD'
}

@test "UID STORE: by UID, whose answer has the UID (RFC 3501 6.4.8)" {
	imap_ok a 'a0 STORE 1 +FLAGS.SILENT (\Deleted)'
	imap_ok a 'a1 EXPUNGE'
	imap_ok a 'a2 UID STORE 3:4 +FLAGS (\Seen)'
	expect '~^\* 2 FETCH \(.*UID 3' '~^\* 3 FETCH \(.*UID 4' 'a2 OK'
	expect_flags 2 '\Seen'
	imap a 'a3 UID STORE 1 +FLAGS (\Seen)'
	expect_only 'a3 OK'
}

@test "STORE: a number beyond the last changes nothing" {
	imap a 'a1 STORE 4,5 +FLAGS (\Seen)'
	expect_only 'a1 BAD'
	imap_ok a 'a2 FETCH 4 FLAGS'
	expect_flags 4
}

@test "STORE: an expunged message, not yet told: NO, but .SILENT passes it over (RFC 2180 4.2)" {
	imap_start b --select INBOX
	imap_ok a 'a1 STORE 2 +FLAGS.SILENT (\Deleted)'
	imap_ok a 'a2 EXPUNGE'
	imap b 'b1 STORE 2 +FLAGS (\Flagged)'
	expect 'b1 NO [EXPUNGEISSUED]'
	refute '~^\* [0-9]+ EXPUNGE'
	imap b 'b2 STORE 1:4 +FLAGS.SILENT (\Flagged)'
	expect_only 'b2 OK'
	refute '~^\* [0-9]+ EXPUNGE'
	imap_ok b 'b3 NOOP'
	expect '=* 2 EXPUNGE'
	imap_ok b 'b4 FETCH 1:3 FLAGS'
	expect_flags 1 '\Flagged'
	expect_flags 3 '\Flagged'
}

@test "STORE: two sessions, two flags of one message: both stay" {
	imap_start b --select INBOX
	imap_ok a 'a1 STORE 1 +FLAGS.SILENT (\Seen)'
	imap_ok b 'b1 STORE 1 +FLAGS (\Flagged)'
	expect_flags 1 '\Seen' '\Flagged'
	imap_ok a 'a2 NOOP'
	expect_flags 1 '\Seen' '\Flagged'
}

@test "descriptors that are closed: no greeting or log line goes into the store" {
	local before
	before=$(as_owner cat "$MSGSTORE/lock" "$MSGSTORE/users.db" | cksum)
	run bash -c 'MSGSTORE_LOG=stderr "$MSGSTORE_BUILD/imapd" \
	    --preauth alice <&- >&- 2>&-'
	same "$before" "$(as_owner cat "$MSGSTORE/lock" "$MSGSTORE/users.db" |
	    cksum)"
	mboxadm check
}

# A log that is carried over but not begun anew grew with each writer that came
# after the last had gone, and each had to read all of it.
@test "the log stays small when writers come one by one" {
	local i file size pid
	for ((i = 0; i < 60; i++)); do
		as_owner mboxadm deliver alice <<<$'Subject: x\n\nbody' 2>/dev/null
	done
	imap_start a
	for ((i = 0; i < 60; i++)); do
		append a Sent "Subject: y$CRLF$CRLF" >/dev/null
	done
	# One that goes on carries it over when it ends.
	pid=$(imap_pid a)
	imap_close a
	process_ends "$pid"
	for file in "$MSGSTORE"/users/alice/*/messages.db-wal \
	    "$MSGSTORE/users/alice/account.db-wal"; do
		[[ -e $file ]] || continue
		size=$(stat -c %s "$file")
		((size < 600000)) || die "$file has $size octets"
	done
}
