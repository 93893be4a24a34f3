#!/usr/bin/env bats
# sessions.bats - several sessions with the same mailbox
# SPDX-License-Identifier: ISC
load ../lib/imap

@test "append: every other session hears of it at its next command (RFC 3501 7.3.1)" {
	imap_start a --select INBOX
	imap_start b --select INBOX
	imap_start c --select INBOX
	append a INBOX "Subject: one$CRLF$CRLF"
	imap b 'b1 NOOP'
	expect '=* 1 EXISTS' 'b1 OK'
	imap c 'c1 SEARCH ALL'
	expect '=* 1 EXISTS' 'c1 OK'
	append b INBOX "Subject: two$CRLF$CRLF"
	append c INBOX "Subject: three$CRLF$CRLF"
	imap a 'a1 CHECK'
	expect '=* 3 EXISTS' 'a1 OK'
	imap_ok a 'a2 FETCH 1:3 BODY.PEEK[HEADER.FIELDS (SUBJECT)]'
	expect '~Subject: one' '~Subject: two' '~Subject: three'
}

@test "append: EXISTS may come with any command, even FETCH and SEARCH (RFC 3501 5.2)" {
	imap_start a --select INBOX
	imap_start b --select INBOX
	seed b INBOX 1
	imap_ok a 'a1 SEARCH ALL'
	expect '=* 1 EXISTS' 'a1 OK'
	imap_ok a 'a2 FETCH 1 UID'
	expect '=* 1 FETCH (UID 1)'
}

@test "append: a number that was not told yet cannot be used" {
	imap_start a --select INBOX
	imap_start b
	seed b INBOX 2
	imap a 'a1 FETCH 1 UID'
	expect 'a1 BAD'
	imap_ok a 'a2 FETCH 1:2 UID'
	expect '=* 1 FETCH (UID 1)' '=* 2 FETCH (UID 2)'
}

@test "flags: another session's STORE is told once, with the message's number (RFC 3501 7.4.2)" {
	imap_start a
	seed a INBOX 3
	imap_ok a 'a1 SELECT INBOX'
	imap_start b --select INBOX
	imap_ok a 'a2 STORE 2:3 +FLAGS.SILENT (\Flagged)'
	imap_ok b 'b1 NOOP'
	expect '* 2 FETCH' '* 3 FETCH' 'b1 OK'
	expect_flags 2 '\Flagged'
	refute '* 1 FETCH'
	imap b 'b2 NOOP'
	expect_only 'b2 OK'
	imap a 'a3 NOOP'
	expect_only 'a3 OK'
}

@test "flags: many changes in a row arrive as their end" {
	imap_start a
	seed a INBOX 1
	imap_ok a 'a1 SELECT INBOX'
	imap_start b --select INBOX
	local i
	for i in 1 2 3 4 5; do
		imap_ok a "a$i STORE 1 +FLAGS.SILENT (\\Seen)"
		imap_ok a "b$i STORE 1 -FLAGS.SILENT (\\Seen)"
	done
	imap_ok a 'c1 STORE 1 +FLAGS.SILENT (\Answered)'
	imap_ok b 'b1 NOOP'
	expect_only '* 1 FETCH' 'b1 OK'
	expect_flags 1 '\Answered'
}

@test "expunge and append between two commands: EXPUNGE first, numbers are right" {
	imap_start a
	seed a INBOX 4
	imap_ok a 'a1 SELECT INBOX'
	imap_start b --select INBOX
	imap_ok a 'a2 STORE 1,3 +FLAGS.SILENT (\Deleted)'
	imap_ok a 'a3 EXPUNGE'
	append a INBOX "Subject: new$CRLF$CRLF"
	imap_ok a 'a4 STORE 3 +FLAGS.SILENT (\Flagged)'
	imap_ok b 'b1 NOOP'
	expect '=* 3 EXISTS' 'b1 OK'
	expect '~^\* [13] EXPUNGE'
	imap_ok b 'b2 FETCH 1:3 (UID FLAGS)'
	expect '~^\* 1 FETCH \(UID 2' '~^\* 2 FETCH \(UID 4' '~^\* 3 FETCH \(UID 5'
	expect_flags 3 '\Flagged'
}

@test "expunge: waits as long as only FETCH, STORE and SEARCH come (RFC 3501 7.4.1)" {
	imap_start a
	seed a INBOX 5
	imap_ok a 'a1 SELECT INBOX'
	imap_start b --select INBOX
	local i
	for i in 1 2 3; do
		imap_ok a 'a2 STORE 1 +FLAGS.SILENT (\Deleted)'
		imap_ok a 'a3 EXPUNGE'
		imap_ok b 'b1 FETCH 5 UID'
		expect_only '=* 5 FETCH (UID 5)' 'b1 OK'
		imap_ok b 'b2 SEARCH UID 5'
		expect_only '=* SEARCH 5' 'b2 OK'
		imap_ok b 'b3 STORE 5 +FLAGS (\Flagged)'
		refute EXPUNGE
		imap_ok b 'b4 STORE 5 -FLAGS.SILENT (\Flagged)'
	done
	append a INBOX "x: y$CRLF$CRLF"
	imap_ok b 'b5 FETCH 5 UID'
	refute EXPUNGE
	imap_ok b 'b6 NOOP'
	same 3 "$(printf '%s\n' "${ANSWER[@]}" | grep -c EXPUNGE)"
	imap_ok b 'b7 FETCH 1:* UID'
	expect '=* 1 FETCH (UID 4)' '=* 2 FETCH (UID 5)' '=* 3 FETCH (UID 6)'
}

@test "delete: a session with the mailbox ends with BYE (RFC 2180 3.3)" {
	imap_start a
	imap_ok a 'a1 CREATE Work'
	seed a Work 2
	imap_start b --select Work
	imap_start c --select Work
	imap_start d --select INBOX
	imap_ok a 'a2 DELETE Work'
	imap_send b 'b1 NOOP'
	imap_eof b
	expect '* BYE'
	imap_send c 'c1 FETCH 1 FLAGS'
	imap_eof c
	expect '* BYE'
	imap_ok d 'd1 NOOP'
}

@test "delete: of the own selected mailbox" {
	imap_start a
	imap_ok a 'a1 CREATE Work'
	imap_ok a 'a2 SELECT Work'
	imap_ok a 'a3 DELETE Work'
	imap a 'a4 FETCH 1 FLAGS'
	expect_only 'a4 BAD'
	imap_ok a 'a5 SELECT INBOX'
}

@test "rename: a session with the mailbox goes on under the new name (RFC 2180 3.4)" {
	imap_start a
	imap_ok a 'a1 CREATE Work'
	seed a Work 2
	imap_start b --select Work
	imap_ok a 'a2 RENAME Work Play'
	imap_ok b 'b1 FETCH 1 BODY.PEEK[TEXT]'
	expect_item 'BODY[TEXT]' "body 1$CRLF"
	imap_ok b 'b2 STORE 1 +FLAGS (\Deleted)'
	imap_ok b 'b3 EXPUNGE'
	expect '=* 1 EXPUNGE'
	append a Play "x: y$CRLF$CRLF"
	imap_ok b 'b4 NOOP'
	expect '=* 2 EXISTS'
	imap_ok a 'a3 STATUS Play (MESSAGES UIDNEXT)'
	expect '=* STATUS Play (MESSAGES 2 UIDNEXT 4)'
}

@test "rename INBOX: who has it open hears that its mail went elsewhere (RFC 3501 6.3.5)" {
	imap_start a
	seed a INBOX 1
	imap_start b --select INBOX
	imap_idle b
	imap_ok a 'a1 RENAME INBOX Old'
	imap_wait b '* BYE'
	imap_eof b
	imap a 'a2 STATUS INBOX (MESSAGES)'
	expect '* STATUS INBOX (MESSAGES 0)' 'a2 OK'
	imap a 'a3 STATUS Old (MESSAGES)'
	expect '* STATUS Old (MESSAGES 1)' 'a3 OK'
}

@test "two users: each has an own INBOX" {
	imap_start a --select INBOX
	imap_start b --user bob --select INBOX
	seed a INBOX 2
	imap b 'b1 NOOP'
	expect_only 'b1 OK'
	imap_ok b 'b2 STATUS INBOX (MESSAGES)'
	expect '=* STATUS INBOX (MESSAGES 0)'
}

@test "ten sessions append to one mailbox at once: all UIDs, no gaps" {
	local i names=(a b c d e f g h i j) text="Subject: x$CRLF${CRLF}y$CRLF" out
	for i in "${names[@]}"; do
		imap_start "$i"
	done
	local n
	for i in "${names[@]}"; do
		out=
		for ((n = 0; n < 20; n++)); do
			out+="$i$n APPEND INBOX {${#text}+}$CRLF$text$CRLF"
		done
		imap_send_raw "$i" "$out"
	done
	for i in "${names[@]}"; do
		for ((n = 0; n < 20; n++)); do
			imap_recv "$i" "$i$n"
			expect "$i$n OK [APPENDUID"
		done
	done
	imap_ok a 'z1 SELECT INBOX'
	expect '=* 200 EXISTS'
	imap_ok a 'z2 UID SEARCH ALL'
	same "* SEARCH $(seq -s ' ' 200)" "${ANSWER[0]}"
}

@test "five sessions change flags of the same messages at once: none is lost" {
	local names=(b c d e f) i n out
	imap_start a
	seed a INBOX 10
	for i in "${names[@]}"; do
		imap_start "$i" --select INBOX
	done
	for i in "${names[@]}"; do
		out=
		for ((n = 1; n <= 10; n++)); do
			out+="$i$n STORE $n +FLAGS.SILENT (from-$i)$CRLF"
		done
		imap_send_raw "$i" "$out"
	done
	for i in "${names[@]}"; do
		imap_recv "$i" "${i}10"
		expect "${i}10 OK"
	done
	imap_ok a 'a1 SELECT INBOX'
	imap_ok a 'a2 FETCH 1:10 FLAGS'
	for ((n = 1; n <= 10; n++)); do
		expect_flags "$n" from-b from-c from-d from-e from-f
	done
}

@test "expunge, append and STORE by three sessions at once: all see the same in the end" {
	local i round
	imap_start a
	seed a INBOX 30
	for i in b c d; do imap_start "$i" --select INBOX; done
	for round in 1 2 3 4 5; do
		imap_send b "x1 UID STORE $((round * 2)) +FLAGS.SILENT (\\Deleted)"
		imap_send b 'x2 EXPUNGE'
		imap_send_raw c "y1 APPEND INBOX {6+}${CRLF}a: b$CRLF$CRLF"
		imap_send d "z1 UID STORE 1:* +FLAGS (round$round)"
		imap_recv b x2
		expect 'x2 OK'
		imap_recv c y1
		expect 'y1 OK'
		imap_recv d z1
		expect 'z1 OK'
	done
	local want got
	for i in b c d; do
		imap_ok "$i" 'n1 NOOP'
		imap_ok "$i" 'n2 FETCH 1:* (UID FLAGS)'
		got=$(printf '%s\n' "${ANSWER[@]}" | sed 's/ *\\Recent *//')
		[[ -z ${want:-} ]] || same "$want" "$got"
		want=$got
	done
	same 30 "$(($(wc -l <<<"$want") - 1))"
}
