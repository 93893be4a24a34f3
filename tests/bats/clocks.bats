#!/usr/bin/env bats
# clocks.bats - autologout, login-timeout, peers that do not read
# SPDX-License-Identifier: ISC
load ../lib/imap

# elapsed START: tenths of seconds since then.
now() { echo $((${EPOCHREALTIME/./} / 100000)); }

@test "autologout: BYE and the end, without a command for so long (RFC 3501 5.4)" {
	conf 'autologout = 1s'
	imap_start a --select INBOX
	local pid
	pid=$(imap_pid a)
	imap_eof a
	expect_only '* BYE'
	process_ends "$pid"
	expect_log 'reason=timeout'
}

@test "autologout: a command winds the clock up again" {
	conf 'autologout = 2s'
	imap_start a
	local start i
	start=$(now)
	for i in 1 2 3 4; do
		read -r -t 1 <> <(:) || :
		imap a "a$i NOOP"
		expect_only "a$i OK"
	done
	(($(now) - start >= 38))
	imap_eof a
	expect_only '* BYE'
}

@test "autologout: a slow trickle of octets does not prolong it" {
	conf 'autologout = 1s'
	imap_start a
	local start
	start=$(now)
	while (($(now) - start < 100)); do
		printf x >&"${IMAP_FD[a]}" || break
		! imap_read a 0.2 || break
	done
	expect '* BYE'
	(($(now) - start < 50))
}

@test "login-timeout: before login the clock is another, failures do not wind it" {
	conf 'login-timeout = 1s'
	imap_start a --login
	imap a 'a1 NOOP'
	imap_eof a
	expect_only '* BYE'
	imap_start b --login
	imap_send_raw b 'b1 LOGIN ali'
	imap_eof b
	expect '* BYE'
}

@test "login-timeout: does not count after login" {
	conf 'login-timeout = 1s'
	imap_start a --login
	imap_ok a 'a1 LOGIN alice wonderland'
	read -r -t 1.5 <> <(:) || :
	imap a 'a2 NOOP'
	expect_only 'a2 OK'
}

@test "IDLE: autologout ends it (RFC 2177 3)" {
	conf 'autologout = 1s'
	imap_start a --select INBOX
	imap_idle a
	imap_eof a
	expect '* BYE'
}

@test "IDLE: autologout-idle is a clock of its own" {
	conf 'autologout = 1s' 'autologout-idle = 30m'
	imap_start a --select INBOX
	imap_start b --select INBOX
	imap_idle a
	imap_eof b
	expect '* BYE'
	append_as_other
	imap_wait a '=* 1 EXISTS'
	imap_idle_done a
}

append_as_other() {
	imap_start c
	append c INBOX "x: y$CRLF$CRLF"
	imap_close c
}

@test "IDLE: news do not wind the clock" {
	conf 'autologout = 2s'
	imap_start a --select INBOX
	imap_idle a
	local start
	start=$(now)
	read -r -t 1 <> <(:) || :
	append_as_other
	imap_wait a '=* 1 EXISTS'
	imap_eof a
	expect '* BYE'
	(($(now) - start < 40))
}

@test "write-timeout: a peer that does not read ends the session" {
	conf 'write-timeout = 1s'
	imap_start a
	local text pid
	printf -v text 'Subject: large\r\n\r\n%01000000d' 0
	append a INBOX "$text"
	imap_start b --select INBOX
	pid=$(imap_pid b)
	local i
	for ((i = 0; i < 20; i++)); do
		printf 'b%d FETCH 1 BODY.PEEK[]\r\n' "$i" >&"${IMAP_FD[b]}"
	done
	process_ends "$pid"
	imap_ok a 'a1 NOOP'
}

@test "a peer that vanishes while a large answer goes out ends the session" {
	imap_start a
	local text pid
	printf -v text 'Subject: large\r\n\r\n%01000000d' 0
	append a INBOX "$text"
	imap_start b --select INBOX
	pid=$(imap_pid b)
	local i
	for ((i = 0; i < 20; i++)); do
		printf 'b%d FETCH 1 BODY.PEEK[]\r\n' "$i" >&"${IMAP_FD[b]}"
	done
	imap_close b
	process_ends "$pid"
}

@test "SIGTERM: BYE, and the end" {
	imap_start a --select INBOX
	imap_start b --select INBOX
	imap_idle b
	kill -TERM "$(imap_pid a)" "$(imap_pid b)"
	imap_eof a
	expect '* BYE'
	imap_eof b
	expect '* BYE'
}
