#!/usr/bin/env bats
# cap-thread.bats - THREAD and UID THREAD: RFC 5256
# SPDX-License-Identifier: ISC
load ../lib/imap

# mail DAY SUBJECT ID [REFERENCES]: sent and arrived on that day of 2000.
mail() {
	local text

	text="Date: $1 Jan 2000 12:00:00 +0000${CRLF}Subject: $2$CRLF"
	text+="Message-ID: <$3@x>$CRLF${4:+References: $4$CRLF}$CRLF"
	append a INBOX "$text" '' "$(printf %2d "$1")-Jan-2000 12:00:00 +0000"
}

setup() {
	imap_setup
	imap_start a --select INBOX
}

# thread ALGORITHM RESULT
thread() {
	imap_ok a "q THREAD $1 UTF-8 ALL"
	expect_only "=* THREAD${2:+ $2}" 'q OK' || die "for: $1"
}

@test "THREAD: its algorithms are announced" {
	imap_ok a 'a1 CAPABILITY'
	expect '~^\* CAPABILITY .*THREAD=ORDEREDSUBJECT THREAD=REFERENCES THREAD=REFS'
}

@test "THREAD: the example of RFC 5256 4 (BASE.7.2.THREAD)" {
	mail 1 other 1
	mail 2 x 2
	mail 3 x 3
	mail 4 x 4 '<3@x> <6@x>'
	mail 5 y 5
	mail 6 x 6 '<3@x>'
	mail 7 x 7 '<3@x> <6@x> <44@x>'
	mail 8 x 44 '<3@x> <6@x>'
	mail 9 x 23 '<3@x> <6@x> <4@x>'
	mail 10 x 96 '<3@x> <6@x> <44@x> <7@x>'
	imap_ok a 'q THREAD REFS UTF-8 2:10'
	expect_only '=* THREAD (2)(5)(3 6 (4 9)(8 7 10))' 'q OK'
	imap_ok a 'q THREAD REFERENCES UTF-8 3:4,6:10'
	expect_only '=* THREAD (3 6 (4 9)(8 7 10))' 'q OK'
	# The parent does not match: RFC 5256 4.
	imap_ok a 'q THREAD REFERENCES UTF-8 4,8'
	expect_only '=* THREAD ((4)(8))' 'q OK'
}

@test "THREAD: nothing is found, nobody is there" {
	thread REFERENCES ''
	thread ORDEREDSUBJECT ''
	mail 1 x 1
	imap_ok a 'q THREAD ORDEREDSUBJECT US-ASCII TEXT "gewp"'
	expect_only '=* THREAD' 'q OK'
}

@test "UID THREAD: UIDs, with other search criteria (RFC 5256 3)" {
	mail 1 x 1
	mail 2 y 2
	mail 3 'Re: x' 3
	imap_ok a 'a1 STORE 1 +FLAGS.SILENT (\Deleted)'
	imap_ok a 'a2 EXPUNGE'
	mail 4 'Fwd: x' 4
	thread ORDEREDSUBJECT '(1)(2 3)'
	imap_ok a 'q UID THREAD ORDEREDSUBJECT UTF-8 ALL'
	expect_only '=* THREAD (2)(3 4)' 'q OK'
	imap_ok a 'q UID THREAD ORDEREDSUBJECT UTF-8 1:2'
	expect_only '=* THREAD (2)(3)' 'q OK'
	imap_ok a 'q UID THREAD REFERENCES UTF-8 UID 3:*'
	expect_only '=* THREAD ((3)(4))' 'q OK'
}

@test "THREAD: expunges of others come after THREAD, not in it (RFC 5256 3)" {
	mail 1 x 1
	mail 2 x 2 '<1@x>'
	imap_start b --select INBOX
	imap_ok b 'b1 STORE 1 +FLAGS.SILENT (\Deleted)'
	imap_ok b 'b2 EXPUNGE'
	imap_ok a 'q THREAD REFERENCES UTF-8 ALL'
	refute EXPUNGE
	expect '=* THREAD (2)'
	imap_ok a 'q UID THREAD REFERENCES UTF-8 ALL'
	expect '=* THREAD (2)' '* 1 EXPUNGE' 'q OK'
}

@test "THREAD: MODSEQ among the keys makes the session aware (RFC 7162 3.1)" {
	mail 1 x 1
	imap_ok a 'q THREAD REFS UTF-8 MODSEQ 1'
	expect '=* THREAD (1)' 'q OK'
}

@test "THREAD: the same as another implementation, on mail made by chance (RFC 5256 3)" {
	local seed args want user=alice line

	for seed in 1 2 3 4 5 6; do
		python3 "$TESTS_DIR/lib/thread-python.py" "$seed" $((seed * 60)) \
		    "$BATS_TEST_TMPDIR/mbox" >"$BATS_TEST_TMPDIR/want"
		chmod a+r "$BATS_TEST_TMPDIR/mbox"
		imap_ok a "c CREATE seed$seed"
		mboxadm import mbox - $user "seed$seed" \
		    <"$BATS_TEST_TMPDIR/mbox" >/dev/null
		imap_ok a "s SELECT seed$seed"
		while IFS=$'\t' read -r args want; do
			imap_ok a "q $args"
			expect_only "=$want" 'q OK' || die "seed $seed: $args"
		done <"$BATS_TEST_TMPDIR/want"
	done
}

@test "THREAD: rows of an older version get their keys (mailbox_fill)" {
	mail 1 x 1
	mail 2 z 2
	mail 3 y 3 '<1@x>'
	imap_close a
	sqlite3 "$MSGSTORE"/users/alice/*/messages.db \
	    'DELETE FROM sortkeys WHERE uid <> 2'
	imap_start b --select INBOX
	imap_ok b 'q THREAD REFS UTF-8 ALL'
	expect_only '=* THREAD (2)(1 3)' 'q OK'
	imap_ok b 'q SORT (REVERSE SUBJECT) UTF-8 ALL'
	expect_only '=* SORT 2 3 1' 'q OK'
	[[ $(sqlite3 "$MSGSTORE"/users/alice/*/messages.db \
	    'SELECT count(*) FROM sortkeys') == 3 ]]
}

@test "THREAD: what is no algorithm, character set or key is BAD (RFC 5256 5)" {
	local bad

	for bad in '' ' ' ' FOO UTF-8 ALL' ' REFERENCES' ' REFERENCES UTF-8' \
	    ' REFERENCES ALL' ' REFERENCES UTF-8 FOO' ' REFERENCES  UTF-8 ALL' \
	    ' (REFERENCES) UTF-8 ALL' ' REFERENCES UTF-8 ' \
	    ' RETURN () REFERENCES UTF-8 ALL' ' "REFERENCES" UTF-8 ALL'; do
		imap a "q THREAD$bad"
		expect_only 'q BAD' || die "for: $bad"
	done
	imap a 'q THREAD REFERENCES nosuch TEXT x'
	expect_only '~^q NO \[BADCHARSET'
	imap_ok a 'q thread references "utf-8" all'
}

@test "THREAD: an algorithm that is turned off is BAD" {
	conf 'capabilities-off = THREAD=REFS'
	imap_start b --select INBOX
	imap b 'q THREAD REFS UTF-8 ALL'
	expect_only 'q BAD'
	imap_ok b 'q THREAD REFERENCES UTF-8 ALL'
}
