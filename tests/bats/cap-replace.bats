#!/usr/bin/env bats
# cap-replace.bats - REPLACE and UID REPLACE (RFC 8508)
# SPDX-License-Identifier: ISC
load ../lib/imap

crlf NEW <<'EOM'
Date: Thu, 1 Jan 2015 00:05:00 -0500 (EST)
From: Fritz Schmidt <fritz.ze@example.org>
Subject: happy new year !!
To: miss.mitzy@example.org
Message-Id: <B238822388-0100000@example.org>
MIME-Version: 1.0
Content-Type: TEXT/PLAIN; CHARSET=US-ASCII

Just saw the best fireworks show. Wish you were here.
EOM

# A session a in a mailbox of four messages, with their \Recent told; sets V.
four() {
	imap_start a
	imap_ok a 'f0 CREATE work'
	seed a work 4
	imap_ok a 'f1 SELECT work'
	V=$(code UIDVALIDITY)
	V=${V%%]*}
	imap_ok a 'f2 SELECT work'
}

# The mailbox's UIDs.
uids() {
	imap_start u --select "$1"
	imap_ok u 'u1 UID SEARCH ALL'
	expect "=* SEARCH${2:+ $2}"
	imap_close u
}

@test "REPLACE: the example: APPENDUID, EXISTS, EXPUNGE (RFC 8508 3.2, 4.3)" {
	four
	imap_ok a 'a0 CAPABILITY'
	expect '~^\* CAPABILITY .*\bREPLACE\b'
	imap a "A003 REPLACE 4 work (\\Seen \\Draft) {${#NEW}}" "$NEW"
	expect '+ ' "=* OK [APPENDUID $V 5] Replaced" 'A003 OK'
	expect '* 4 EXPUNGE' 'A003 OK'
	refute '\Deleted' '* 4 FETCH' '* 5 FETCH'
	imap_ok a 'a1 FETCH 4 (UID FLAGS BODY.PEEK[])'
	expect '* 4 FETCH (UID 5 '
	expect_item 'BODY[]' "$NEW"
	expect_flags 4 '\Seen' '\Draft' '\Recent'
	uids work '1 2 3 5'
	run -0 mboxadm check alice
}

@test "UID REPLACE: by UID, again and again (RFC 8508 3.3)" {
	four
	imap_ok a 'a0 UID STORE 2 +FLAGS (\Flagged Work)'
	imap a "a1 UID REPLACE 2 work {${#NEW}+}" "$NEW"
	expect "* OK [APPENDUID $V 5] " 'a1 OK'
	expect '* 2 EXPUNGE' 'a1 OK'
	imap a "a2 UID REPLACE 5 work \"29-Feb-2024 00:00:00 +0545\" {${#NEW}+}" "$NEW"
	expect "* OK [APPENDUID $V 6] " 'a2 OK'
	expect '* 4 EXPUNGE' 'a2 OK'
	# Nothing is inherited (RFC 8508 1).
	imap_ok a 'a3 UID FETCH 6 (FLAGS INTERNALDATE)'
	expect '~^\* 4 FETCH \(UID 6 FLAGS \(\\Recent\) INTERNALDATE "29-Feb-2024 00:00:00 \+0545"\)'
	uids work '1 3 4 6'
	imap a "a4 UID REPLACE * work {1+}${CRLF}x"
	expect '* 4 EXPUNGE' 'a4 OK'
	imap a "a5 REPLACE * work {1+}${CRLF}x"
	expect '* 4 EXPUNGE' 'a5 OK'
	uids work '1 3 4 8'
}

@test "REPLACE: into another mailbox, the order of the ids either way (RFC 8508 3.4)" {
	imap_start a
	local i
	for i in 1 2 3 4; do
		imap_ok a "a1 CREATE from$i"
		imap_ok a "a2 CREATE to$i"
		seed a "from$i" 2
		imap_ok a "a3 SELECT from$i"
		imap a "a4 REPLACE 1 to$i (\\Seen Work) {${#NEW}}" "$NEW"
		expect '+ ' '~^\* OK \[APPENDUID [0-9]+ 1\] ' '* 1 EXPUNGE' 'a4 OK'
		refute EXISTS
		uids "from$i" 2
		uids "to$i" 1
		imap_start b --select "to$i"
		imap_ok b 'b1 FETCH 1 (FLAGS BODY.PEEK[])'
		expect_item 'BODY[]' "$NEW"
		expect_flags 1 '\Seen' Work
		imap_close b
	done
	run -0 mboxadm check alice
}

@test "REPLACE: two sessions are told, the one of the target too" {
	four
	imap_start b --select work
	imap_idle b
	imap_ok a "a1 UID REPLACE 1 work {${#NEW}+}$CRLF$NEW"
	imap_wait b '* 1 EXPUNGE'
	imap_idle_done b
	imap_start c --select INBOX
	imap_idle c
	imap_ok a "a2 UID REPLACE 2 INBOX {${#NEW}+}$CRLF$NEW"
	imap_wait c '* 1 EXISTS'
	imap_idle_done c
}

@test "REPLACE: a message that is not there, or goes meanwhile: nothing is added" {
	four
	imap a "a1 UID REPLACE 77 work {${#NEW}}" "$NEW"
	expect_only 'a1 NO [NONEXISTENT]'
	imap a "a2 REPLACE 5 work {${#NEW}}" "$NEW"
	expect_only 'a2 BAD'
	imap a "a3 UID REPLACE 77 work {${#NEW}+}$CRLF$NEW"
	expect_only 'a3 NO [NONEXISTENT]'
	imap_start b --select work
	imap_ok b 'b1 UID STORE 2 +FLAGS.SILENT (\Deleted)'
	imap_ok b 'b2 UID EXPUNGE 2'
	imap a "a4 UID REPLACE 2 work (New) {${#NEW}+}$CRLF$NEW"
	expect 'a4 NO [EXPUNGEISSUED]'
	# Between the go-ahead and the commit.
	ANSWER=()
	imap_send a "a5 UID REPLACE 3 INBOX {${#NEW}}"
	imap_wait a '+ '
	imap_ok b 'b3 UID STORE 3 +FLAGS.SILENT (\Deleted)'
	imap_ok b 'b4 UID EXPUNGE 3'
	imap_send a "$NEW"
	imap_recv a a5
	expect 'a5 NO [EXPUNGEISSUED]'
	refute APPENDUID
	uids work '1 4'
	uids INBOX ''
	imap_ok a 'a6 SELECT work'
	refute New
	run -0 mboxadm check alice
}

@test "REPLACE: refused, the old message stays: cancelled, too big, TRYCREATE, bad syntax" {
	conf 'message-size-limit = 2K'
	four
	imap a 'a1 REPLACE 1 work {0}'
	expect_only 'a1 NO [CANNOT]'
	imap a 'a2 REPLACE 1 work {4000}'
	expect_only 'a2 NO [TOOBIG]'
	imap a 'a3 REPLACE 1 none {40}'
	expect_only 'a3 NO [TRYCREATE]'
	local args
	for args in '' ' ' '1' '1 work' '1 work ' '1 work ()' '0 work {1+}' \
	    '1:2 work {1+}' '1,2 work {1+}' 'x work {1+}' '1 work (\Wrong) {1+}' \
	    '1 work "x" {1+}' '01 work {1+}' '1  work {1+}' '$ work {1+}'; do
		imap_send a "a4 REPLACE $args"
		[[ $args != *'{1+}' ]] || imap_send a x
		imap_recv a a4
		expect_only 'a4 BAD' || die "for: $args"
	done
	# RFC 8508 4.7: one message.
	imap a "a5 REPLACE 1 work {1+}${CRLF}x {1+}${CRLF}y"
	expect_only 'a5 BAD'
	imap a "a6 REPLACE 1 work CATENATE (URL /work/;UID=9)"
	expect_only 'a6 NO [BADURL /work/;UID=9]'
	uids work '1 2 3 4'
	imap_ok a 'a7 EXAMINE work'
	imap a "a8 REPLACE 1 work {1+}${CRLF}x"
	expect_only 'a8 NO'
	imap_ok a 'a9 UNSELECT'
	imap a "b1 REPLACE 1 work {1+}${CRLF}x"
	expect_only 'b1 BAD'
	uids work '1 2 3 4'
}

@test "REPLACE: CATENATE of the message that is replaced (RFC 8508 4.2)" {
	four
	local head=$'To: Mitzy <miss.mitzy@example.org>\r\n'
	imap a "A011 UID REPLACE 4 work CATENATE (TEXT {${#head}}" \
	    "$head URL \"/work/;UID=4\")"
	expect '+ ' "* OK [APPENDUID $V 5] " 'A011 OK'
	imap_ok a 'a1 UID FETCH 5 BODY.PEEK[]'
	expect_item 'BODY[]' "${head}Subject: message 4$CRLF${CRLF}body 4$CRLF"
	imap_ok a "a2 UID REPLACE 5 work CATENATE (URL ;UID=5/;section=HEADER TEXT {1+}${CRLF}x)"
	imap_ok a "a3 UID REPLACE 6 work ~{1+}${CRLF}x"
	uids work '1 2 3 7'
}

@test "REPLACE: rights of STORE, EXPUNGE and APPEND (RFC 8508 4.1)" {
	mboxadm grant sales alice lrswit >/dev/null
	imap_start s
	seed s 'shared\sales' 3
	local rights
	for rights in lrsw lrswi lrswit lrswie lrsi; do
		mboxadm grant sales bob "$rights" >/dev/null
		imap_start b --user bob --select 'shared\sales'
		imap b "b1 REPLACE 1 INBOX {${#NEW}}" "$NEW"
		expect_only 'b1 NO' || die "for: $rights"
		imap b "b2 REPLACE 1 shared\\sales {${#NEW}}" "$NEW"
		expect_only 'b2 NO' || die "for: $rights"
		imap_close b
	done
	# What is taken out of sales may go where bob may add.
	mboxadm grant sales bob lrte >/dev/null
	imap_start b --user bob --select 'shared\sales'
	imap b "b3 REPLACE 1 shared\\sales {${#NEW}}" "$NEW"
	expect_only 'b3 NO [NOPERM]'
	imap b "b4 REPLACE 1 INBOX {${#NEW}}" "$NEW"
	expect '* OK [APPENDUID' '* 1 EXPUNGE' 'b4 OK'
	# RFC 4315 3: no UID of what may not be read.
	mboxadm grant sales bob li >/dev/null
	imap_ok b 'b5 SELECT INBOX'
	imap b "b6 REPLACE 1 shared\\sales {${#NEW}}" "$NEW"
	expect '* 1 EXPUNGE' 'b6 OK'
	refute APPENDUID
}

@test "REPLACE: VANISHED under QRESYNC and UIDONLY (RFC 8508 4.5, RFC 9586 3)" {
	four
	imap_ok a 'a0 UNSELECT'
	imap_ok a 'a1 ENABLE QRESYNC'
	imap_ok a 'a2 SELECT work'
	imap a "a3 UID REPLACE 2 work {1+}${CRLF}x"
	expect "* OK [APPENDUID $V 5] " 'a3 OK [HIGHESTMODSEQ '
	expect '=* VANISHED 2' 'a3 OK'
	imap_ok a 'a4 UNSELECT'
	imap_ok a 'a5 ENABLE UIDONLY'
	imap_ok a 'a6 SELECT work'
	imap a "a7 REPLACE 1 work {1+}${CRLF}x"
	expect_only 'a7 BAD [UIDREQUIRED]'
	imap_ok a "a8 UID REPLACE 1 work {1+}${CRLF}x"
	expect '=* VANISHED 1' 'a8 OK'
}

@test "REPLACE: EMAILID is another, unless the octets are the same (RFC 8508 4.6)" {
	four
	imap_ok a 'a1 FETCH 1 EMAILID'
	local before=${ANSWER[0]#*EMAILID}
	imap_ok a "a2 UID REPLACE 1 work CATENATE (URL ;UID=1)"
	imap_ok a 'a3 UID FETCH 5 EMAILID'
	same "$before" "${ANSWER[0]#*EMAILID}"
	imap_ok a "a4 UID REPLACE 5 work CATENATE (URL ;UID=5 TEXT {1+}${CRLF}x)"
	imap_ok a 'a5 UID FETCH 6 EMAILID'
	[[ $before != "${ANSWER[0]#*EMAILID}" ]]
}

@test "REPLACE: turned off it is not known" {
	conf 'capabilities-off = REPLACE'
	four
	imap_ok a 'a0 CAPABILITY'
	refute REPLACE
	imap a "a1 REPLACE 1 work {1+}${CRLF}x"
	expect_only 'a1 BAD'
	imap a "a2 UID REPLACE 1 work {1+}${CRLF}x"
	expect_only 'a2 BAD'
}

@test "REPLACE: cut off in the middle the old message stays" {
	four
	local pid
	pid=$(imap_pid a)
	imap_send_raw a "a1 UID REPLACE 1 work {${#NEW}+}$CRLF${NEW:0:50}"
	imap_close a
	process_ends "$pid"
	uids work '1 2 3 4'
}

@test "REPLACE: kill -9 between two mailboxes: the message is in one of them" {
	imap_start a
	imap_ok a 'a0 CREATE one'
	imap_ok a 'a1 CREATE two'
	append a one 'version 0'
	imap_close a
	local round pid i all n
	for round in {1..6}; do
		imap_start b
		pid=$(imap_pid b)
		all=''
		for i in {1..9}; do
			all+="s$i SELECT one${CRLF}b$i REPLACE 1 two {9+}${CRLF}version $((i % 10))$CRLF"
			all+="t$i SELECT two${CRLF}c$i REPLACE 1 one {9+}${CRLF}version $((i % 10))$CRLF"
		done
		imap_send_raw b "$all"
		imap_recv b "s$((round + 1))"
		kill -9 "$pid"
		while imap_read b; do :; done
		imap_close b
		process_ends "$pid"
		imap_start a --select one
		n=$(grep -c . <<<"$(printf '%s\n' "${ANSWER[@]}" | grep -x '\* 1 EXISTS')") || :
		imap_ok a 'a2 SELECT two'
		n+=$(grep -c . <<<"$(printf '%s\n' "${ANSWER[@]}" | grep -x '\* 1 EXISTS')") || :
		[[ $n == 10 || $n == 01 ]] || die "in round $round: $n"
		imap_close a
		# The next round begins in the first.
		if [[ $n == 01 ]]; then
			imap_start a --select two
			imap_ok a "a3 REPLACE 1 one {9+}${CRLF}version 0"
			imap_close a
		fi
	done
	run -0 mboxadm check alice
}

@test "REPLACE: kill -9 at any time: the old message or the new one, never both" {
	imap_start a
	imap_ok a 'a0 CREATE work'
	append a work 'version 0'
	imap_close a
	local round pid i all uid=1
	for round in {1..10}; do
		imap_start b --select work
		pid=$(imap_pid b)
		all=''
		for i in {1..30}; do
			all+="b$i REPLACE 1 work {9+}${CRLF}version $((i % 10))$CRLF"
		done
		imap_send_raw b "$all"
		imap_recv b "b$((round * 2))"
		[[ ${ANSWER[-1]} == *OK* ]]
		kill -9 "$pid"
		while imap_read b; do :; done
		imap_close b
		process_ends "$pid"
		imap_start a --select work
		expect '=* 1 EXISTS'
		imap_ok a 'a1 FETCH 1 (UID BODY.PEEK[])'
		expect '~^\* 1 FETCH \(UID [0-9]+ BODY\[\] \{9\}..version [0-9]\)$'
		imap_ok a 'a2 LOGOUT'
		imap_close a
	done
	run -0 mboxadm check alice
}
