#!/usr/bin/env bats
# cap-multiappend.bats - several messages in one APPEND (RFC 3502)
# SPDX-License-Identifier: ISC
load ../lib/imap

crlf ONE <<'EOM'
Date: Mon, 7 Feb 1994 21:52:25 -0800 (PST)
From: Fred Foobar <foobar@Blurdybloop.example.COM>
Subject: afternoon meeting
To: mooch@owatagu.example.net
Message-Id: <B27397-0100000@Blurdybloop.example.COM>
MIME-Version: 1.0
Content-Type: TEXT/PLAIN; CHARSET=US-ASCII

Hello Joe, do you think we can meet at 3:30 tomorrow?
EOM
crlf TWO <<'EOM'
Date: Mon, 7 Feb 1994 22:43:04 -0800 (PST)
From: Joe Mooch <mooch@OWaTaGu.example.net>
Subject: Re: afternoon meeting
To: foobar@blurdybloop.example.com
Message-Id: <a0434793874930@OWaTaGu.example.net>
MIME-Version: 1.0
Content-Type: TEXT/PLAIN; CHARSET=US-ASCII

3:30 is fine with me.
EOM

# The mailbox has this many messages, and nothing of others lies about.
has() {
	imap_ok a "has STATUS $1 (MESSAGES UIDNEXT)"
	expect "=* STATUS $1 (MESSAGES $2 UIDNEXT $3)"
}

# files of alice's mailboxes, other than databases
message_files() {
	find "$MSGSTORE/users/alice" -type f -name '[1-9]*' | wc -l
}

@test "MULTIAPPEND: the example (RFC 3502 6.3.11)" {
	imap_start a
	imap_ok a 'a0 CAPABILITY'
	expect '~^\* CAPABILITY .*\bMULTIAPPEND\b'
	imap_ok a 'a1 CREATE saved-messages'
	imap_ok a 'a2 STATUS saved-messages (UIDVALIDITY)'
	local validity=${ANSWER[0]//[^0-9]/}
	imap a "A003 APPEND saved-messages (\\Seen) {${#ONE}}" \
	    "$ONE (\\Seen) \" 7-Feb-1994 22:43:04 -0800\" {${#TWO}}" "$TWO"
	expect_only '+ ' '+ ' "A003 OK [APPENDUID $validity 1:2] "
	imap a "A004 APPEND bogusname (\\Flagged) {1023}"
	expect_only 'A004 NO [TRYCREATE]'
	imap_ok a 'a5 SELECT saved-messages'
	imap_ok a 'a6 FETCH 1:2 (FLAGS BODY.PEEK[] INTERNALDATE)'
	expect_item 'BODY[]' "$ONE"
	expect_item 'BODY[]' "$TWO"
	expect_item INTERNALDATE ' 7-Feb-1994 22:43:04 -0800'
	expect_flags 1 '\Seen' '\Recent'
	expect_flags 2 '\Seen' '\Recent'
}

@test "MULTIAPPEND: each has flags, keywords and a date of its own" {
	imap_start a --select INBOX
	imap a "a1 APPEND INBOX (\\Seen Work) {${#ONE}+}$CRLF$ONE {${#TWO}+}$CRLF$TWO (\\Flagged work \$Junk) {1+}${CRLF}x \"29-Feb-2024 00:00:00 +0545\" {1+}${CRLF}y"
	expect '=* 4 EXISTS' '~^a1 OK \[APPENDUID [0-9]+ 1:4\]'
	imap_ok a 'a2 FETCH 1:4 (FLAGS INTERNALDATE)'
	expect_flags 1 '\Seen' Work
	expect_flags 2
	expect_flags 3 '\Flagged' Work '$Junk'
	expect_flags 4
	expect '~^\* 4 FETCH .*29-Feb-2024 00:00:00 \+0545'
}

@test "MULTIAPPEND: another session hears of all at once" {
	imap_start a --select INBOX
	imap_start b --select INBOX
	imap_idle b
	imap_ok a "a1 APPEND INBOX {${#ONE}+}$CRLF$ONE {${#TWO}+}$CRLF$TWO {${#ONE}+}$CRLF$ONE"
	imap_wait b '* 3 EXISTS'
	refute '* 1 EXISTS' '* 2 EXISTS'
	imap_idle_done b
}

@test "MULTIAPPEND: all or none: an empty literal cancels (RFC 3502 6.3.11)" {
	imap_start a --select INBOX
	append a INBOX "$ONE"
	imap a "a1 APPEND INBOX (New1) {${#ONE}}" "$ONE (New2) {${#TWO}}" "$TWO {0}"
	expect_only '+ ' '+ ' 'a1 NO '
	imap a "a2 APPEND INBOX {${#ONE}+}$CRLF$ONE {0+}$CRLF"
	expect_only 'a2 NO '
	has INBOX 1 2
	imap_ok a 'a3 SELECT INBOX'
	refute New1 New2
	same 1 "$(message_files)"
}

@test "MULTIAPPEND: all or none: too big, bad syntax, NUL, bad flags, cut off" {
	conf 'message-size-limit = 2K'
	imap_start a --select INBOX
	local rest
	for rest in "{4096+}$CRLF$(printf '%04096d' 0)" " {3+}${CRLF}abc" \
	    "(\\Wrong) {3+}${CRLF}abc" '"no date" {3+}'"${CRLF}abc" 'x' '' \
	    "{3+}${CRLF}abc{3+}${CRLF}abc" "{3+}${CRLF}abc rubbish" \
	    '(\Seen)' "\"a\" {3+}${CRLF}abc" "NIL" "{3+}${CRLF}abc "; do
		imap_send_raw a "a1 APPEND INBOX {${#ONE}+}$CRLF$ONE $rest$CRLF"
		imap_recv a a1
		expect_only '~^a1 (NO|BAD)' || die "for: $rest"
	done
	printf 'a2 APPEND INBOX {3+}\r\nabc {3+}\r\na\0c\r\n' >&"${IMAP_FD[a]}"
	imap_recv a a2
	expect_only 'a2 NO '
	imap a "a3 APPEND INBOX {${#ONE}}" "$ONE {2049}"
	expect_only '+ ' 'a3 NO [TOOBIG]'
	imap a 'a4 NOOP'
	expect_only 'a4 OK'
	has INBOX 0 1
	local pid
	pid=$(imap_pid a)
	imap_send_raw a "a5 APPEND INBOX {${#ONE}+}$CRLF$ONE {${#TWO}+}${CRLF}${TWO:0:30}"
	imap_close a
	process_ends "$pid"
	imap_start a
	has INBOX 0 1
	same 0 "$(message_files)"
}

@test "MULTIAPPEND: keywords of a refused one are not made, and too many refuse it" {
	imap_start a --select INBOX
	local words='' i
	for i in {1..40}; do words+="key$i "; done
	imap a "a1 APPEND INBOX (${words% }) {1+}${CRLF}x (${words//key/more}other) {1+}${CRLF}y"
	expect '~^a1 (NO|BAD)'
	imap a "a2 APPEND INBOX (${words% }) {1+}${CRLF}x (${words//key/more}) {1+}${CRLF}y"
	expect '~^a2 (NO|BAD)'
	words=${words% }
	imap a "a3 APPEND INBOX ($words) {1+}${CRLF}x (${words//key/more}) {1+}${CRLF}y"
	expect_only 'a3 NO [LIMIT]'
	has INBOX 0 1
	imap_ok a 'a4 SELECT INBOX'
	refute key1 more1
	same 0 "$(message_files)"
	imap_ok a "a5 APPEND INBOX ($words) {1+}${CRLF}x"
	imap_ok a 'a6 FETCH 1 FLAGS'
	expect '~key40'
}

@test "MULTIAPPEND: at most 200 messages, in bounded memory" {
	imap_start a --select INBOX
	local text='' i
	for ((i = 0; i < 200; i++)); do text+=" {${#ONE}+}$CRLF$ONE"; done
	imap_send_raw a "a1 APPEND INBOX$text$CRLF"
	imap_recv a a1
	expect '=* 200 EXISTS' '~^a1 OK \[APPENDUID [0-9]+ 1:200\]'
	imap_send_raw a "a2 APPEND INBOX$text {3+}${CRLF}abc$CRLF"
	imap_recv a a2
	expect_only 'a2 NO [LIMIT]'
	imap a 'a3 NOOP'
	expect_only 'a3 OK'
	has INBOX 200 201
}

@test "MULTIAPPEND: without the right to read no UIDs are told (RFC 4315 3)" {
	mboxadm grant sales alice li >/dev/null
	imap_start a
	imap a "a1 APPEND shared\\sales {1+}${CRLF}x {1+}${CRLF}y"
	expect_only '=a1 OK APPEND completed'
}

@test "MULTIAPPEND: turned off, a second message is BAD" {
	conf 'capabilities-off = MULTIAPPEND'
	imap_start a --select INBOX
	imap_ok a "a1 APPEND INBOX {1+}${CRLF}x"
	imap a "a2 APPEND INBOX {1+}${CRLF}x {1+}${CRLF}y"
	expect_only 'a2 BAD'
	has INBOX 1 2
}

@test "MULTIAPPEND: kill -9 in the middle: all of a command or nothing" {
	local round pid n=0 text='' i
	for i in 1 2 3 4 5; do text+=" {${#ONE}+}$CRLF$ONE"; done
	for round in {1..8}; do
		imap_start b
		pid=$(imap_pid b)
		text_all=''
		for i in {1..20}; do text_all+="b$i APPEND INBOX$text$CRLF"; done
		imap_send_raw b "$text_all"
		imap_recv b "b$round"
		kill -9 "$pid"
		while imap_read b; do :; done
		imap_close b
		process_ends "$pid"
		imap_start a
		imap_ok a 'a1 STATUS INBOX (MESSAGES)'
		n=${ANSWER[0]//[^0-9]/}
		((n % 5 == 0 && n >= round * 5)) || die "$n messages"
		imap_close a
	done
	run -0 mboxadm check alice
}
