#!/usr/bin/env bats
# door.bats - the processes of a connection, and what each of them cannot do
# SPDX-License-Identifier: ISC
#
# The real processes are asked to do what one that a client has taken over would
# try (tests/lib/probe.c).
load ../lib/imap

# start_with LIBRARY NAME ARGUMENT ...: as imap_start, with a library inside.
start_with() {
	local lib=$1.so
	shift
	! built_with_asan || skip 'the build has AddressSanitizer'
	[[ -e $MSGSTORE_BUILD/tests/lib/$lib ]] ||
		die "tests/lib/$lib is not built: make check-programs"
	cp "$MSGSTORE_BUILD/tests/lib/$lib" "$BATS_TEST_TMPDIR/$lib"
	chmod 755 "$BATS_TEST_TMPDIR/$lib"
	cat >"$BATS_TEST_TMPDIR/preloaded" <<-END
		#!/bin/sh
		LD_PRELOAD='$BATS_TEST_TMPDIR/$lib' exec \\
		    '$MSGSTORE_BUILD/imapd' "\$@"
	END
	chmod 755 "$BATS_TEST_TMPDIR/preloaded"
	IMAP_PROGRAM=$BATS_TEST_TMPDIR/preloaded imap_start "$@"
}

probe_start() {
	start_with probe "$@"
}

# probe NAME WHAT ARGUMENT: stores the errno that it got in ERRNO.
probe() {
	ANSWER=()
	imap_send "$1" "PROBE $2 ${3:-}"
	imap_read "$1" || return
	[[ ${ANSWER[0]} =~ ^\*\ PROBE\ $2\ ([0-9]+)$ ]] ||
		die "no answer to the probe: ${ANSWER[0]}"
	ERRNO=${BASH_REMATCH[1]}
}

has_landlock() {
	"$MSGSTORE_BUILD/tests/unit/test-sandbox" | grep -q '^ok' ||
		skip 'this kernel has no Landlock'
}

# A message's file in INBOX of a user.
message_of() {
	local file

	append_as "$1" INBOX "Subject: of $1$CRLF${CRLF}secret$CRLF"
	for file in "$MSGSTORE/users/$1"/*/1; do
		[[ -f $file ]] && echo "$file" && return
	done
	die "no message of $1"
}

append_as() {
	printf '%s' "$3" | as_owner mboxadm deliver "$1/$2" >&2
}

# Wait until a process has no child any more, nor what is left of one that ended.
childless() {
	local deadline=$((SECONDS + IMAP_TIMEOUT))

	while pgrep -P "$1" >/dev/null; do
		((SECONDS < deadline)) || die "$(ps -o pid,stat,args --ppid "$1")"
		sleep 0.01
	done
}

@test "door: nothing is left of it, whoever ends first" {
	local i
	for i in {1..20}; do
		imap_start "a$i" --login
		imap_send_raw "a$i" "l LOGIN alice wonderland${CRLF}n NOOP$CRLF"
		imap_recv "a$i" n
		childless "$(imap_pid "a$i")"
	done
	conf 'unauthenticate = yes'
	imap_start b --login
	imap_ok b 'b1 LOGIN alice wonderland'
	imap_ok b 'b2 UNAUTHENTICATE'
	imap_ok b 'b3 LOGIN bob builder'
}

@test "door: another process than the session's, and gone after login" {
	imap_start a --login
	local pid
	pid=$(imap_pid a)
	# Its only child is the door.
	door=$(pgrep -P "$pid")
	[[ $door =~ ^[0-9]+$ ]]
	built_with_asan || same 3 "$(awk '$1 == "Max" && $2 == "open" { print $4 - 1 }' \
	    "/proc/$door/limits")"
	same 2 "$(awk '$1 == "Seccomp:" { print $2 }' "/proc/$door/status")"
	imap_ok a 'a1 LOGIN alice wonderland'
	imap_ok a 'a2 NOOP'
	childless "$pid"
	same 2 "$(awk '$1 == "Seccomp:" { print $2 }' "/proc/$pid/status")"
}

@test "door: opens no file, no socket, no program, and ends when it tries" {
	has_landlock
	local what
	for what in 'read /etc/passwd' "read $MSGSTORE/users.db" \
	    "read $MSGSTORE/users/alice/account.db" 'create /tmp/msgstore-door' \
	    'inet' 'unix' 'exec /bin/true' 'fork' 'kill'; do
		probe_start a --login
		imap_send a "PROBE $what"
		imap_eof a
		imap_close a
		expect_log 'the door was ended by signal 31'
		: >"$IMAP_LOG"
	done
	[[ ! -e /tmp/msgstore-door ]]
}

@test "door: what it tells the log is of its own client" {
	probe_start a --login
	probe a say 'end user=x address=127.0.0.1 reason=joke'
	same 0 "$ERRNO"
	imap_send a 'PROBE say login failed user=x address=203.0.113.9 reason=password'
	imap_eof a
	expect_log 'reason=joke'
	expect_log 'a door speaks of another address'
	run ! grep '203.0.113.9' "$IMAP_LOG"
	process_ends "$(imap_pid a)"
}

@test "session: reaches its user's mail, and nothing of anyone else" {
	has_landlock
	local own other shared
	own=$(message_of alice)
	other=$(message_of bob)
	mboxadm grant sales alice read
	probe_start a --login
	imap_ok a 'a1 LOGIN alice wonderland'
	probe a read "$own"; same 0 "$ERRNO"
	probe a read "$MSGSTORE/shared/sales/account.db"; same 0 "$ERRNO"
	probe a read "$other"; same 13 "$ERRNO"
	probe a read "$MSGSTORE/users/bob/account.db"; same 13 "$ERRNO"
	probe a read "$MSGSTORE/users"; same 13 "$ERRNO"
	probe a read "$MSGSTORE/users.db"; same 0 "$ERRNO"
	probe a write "$MSGSTORE/users.db"; same 13 "$ERRNO"
	probe a create "$MSGSTORE/users/x"; same 13 "$ERRNO"
	probe a read /etc/passwd; same 13 "$ERRNO"
	probe a create /tmp/msgstore-session; same 13 "$ERRNO"
	probe a inet; same 1 "$ERRNO"
	probe a unix; same 1 "$ERRNO"
	probe a exec /bin/true; same 1 "$ERRNO"
	probe a fork; same 1 "$ERRNO"
	probe a kill; same 1 "$ERRNO"
	imap_ok a 'a2 SELECT INBOX'
	imap a 'a3 FETCH 1 BODY[TEXT]'
	expect '~secret'
}

@test "session: the same with PREAUTH" {
	has_landlock
	local other
	other=$(message_of bob)
	probe_start a
	probe a read "$other"; same 13 "$ERRNO"
	probe a read /etc/passwd; same 13 "$ERRNO"
	probe a exec /bin/true; same 1 "$ERRNO"
}

@test "session: a shared mailbox that is not granted is out of reach" {
	has_landlock
	mboxadm shared add legal
	mboxadm grant sales alice read
	probe_start a
	probe a read "$MSGSTORE/shared/sales/account.db"; same 0 "$ERRNO"
	probe a read "$MSGSTORE/shared/legal/account.db"; same 13 "$ERRNO"
}

@test "session: without a sandbox nothing stands in the way" {
	conf 'sandbox = no'
	probe_start a
	probe a read /etc/passwd; same 0 "$ERRNO"
	imap_start b --login
	imap_ok b 'b1 LOGIN alice wonderland'
	same 0 "$(awk '$1 == "Seccomp:" { print $2 }' "/proc/$(imap_pid b)/status")"
}

@test "sandbox = required serves where the kernel has all of it" {
	has_landlock
	conf 'sandbox = required'
	imap_start a --login
	imap_ok a 'a1 LOGIN alice wonderland'
	imap_ok a 'a2 SELECT INBOX'
}

@test "a kernel without Landlock: said once, and served" {
	start_with no-landlock a --login
	imap_ok a 'a1 LOGIN alice wonderland'
	imap_ok a 'a2 SELECT INBOX'
	same 1 "$(grep -c 'this kernel has no Landlock' "$IMAP_LOG")"
	# What the kernel has is used.
	same 2 "$(awk '$1 == "Seccomp:" { print $2 }' "/proc/$(imap_pid a)/status")"
}

@test "a kernel without Landlock: not served with sandbox = required" {
	conf 'sandbox = required'
	start_with no-landlock a --login --no-greeting
	imap_eof a
	expect_only '* BYE [UNAVAILABLE]'
	expect_log 'lacks Landlock'
}

@test "session: charsets that the C library loads later still work" {
	append_as alice INBOX "Subject: =?iso-2022-jp?B?GyRCRnxLXBsoQg==?=$CRLF${CRLF}x$CRLF"
	imap_start a --login
	imap_ok a 'a1 LOGIN alice wonderland'
	imap_ok a 'a2 SELECT INBOX'
	imap_send_raw a "a3 SEARCH CHARSET UTF-8 SUBJECT {6+}$CRLF日本$CRLF"
	imap_recv a a3
	expect '* SEARCH 1' 'a3 OK'
}

@test "pipelining: what comes behind LOGIN in one packet is answered by the session" {
	imap_start a --login
	imap_send_raw a "a1 NOOP${CRLF}a2 LOGIN alice wonderland${CRLF}a3 SELECT INBOX${CRLF}a4 APPEND INBOX {4+}${CRLF}x: y${CRLF}a5 LOGOUT$CRLF"
	imap_eof a
	expect 'a1 OK' 'a2 OK' 'a3 OK' 'a4 OK' '* BYE' 'a5 OK'
}

@test "pipelining: more than a door's buffer behind LOGIN" {
	imap_start a --login
	local text='' i
	for ((i = 0; i < 1000; i++)); do
		text+="n$i NOOP$CRLF"
	done
	imap_send_raw a "a2 LOGIN alice wonderland$CRLF${text}a5 LOGOUT$CRLF"
	imap_eof a
	expect 'a2 OK' 'n0 OK' 'n999 OK' 'a5 OK'
	expect_log 'end user=alice .* in=[0-9]+ .*commands=1002 '
}

@test "log: the session counts what passed through the door" {
	imap_start a --login
	imap_ok a 'a1 NOOP'
	imap_ok a 'a2 LOGIN alice wonderland'
	imap_ok a 'a3 LOGOUT'
	imap_close a
	# 9 + 27 + 11 octets.
	expect_log 'end user=alice .*reason=logout .* in=47 out=[0-9]+ commands=3 '
}

@test "door: ends with its monitor" {
	imap_start a --login
	local pid door
	pid=$(imap_pid a)
	door=$(pgrep -P "$pid")
	kill -9 "$pid"
	process_ends "$door"
	imap_eof a
}

@test "door: SIGTERM to the monitor says BYE to the client" {
	imap_start a --login
	kill "$(imap_pid a)"
	imap_eof a
	expect_only '* BYE'
	process_ends "$(imap_pid a)"
}

@test "door: when it is killed the session ends" {
	imap_start a --login
	local pid
	pid=$(imap_pid a)
	kill -9 "$(pgrep -P "$pid")"
	imap_eof a
	process_ends "$pid"
	expect_log 'the door was ended by signal 9'
}

# The monitor waited for the door when the signal came; that wait is over.
@test "door: when it is killed behind a SIGTERM to the monitor the session ends" {
	imap_start a --login
	local pid door deadline=$((SECONDS + IMAP_TIMEOUT)) pending=0
	pid=$(imap_pid a)
	door=$(pgrep -P "$pid")
	kill -STOP "$door"
	until grep -q '^State:.T' "/proc/$door/status"; do
		((SECONDS < deadline)) || die 'the door did not stop'
	done
	kill "$pid"
	# The monitor passes the signal on.
	until ((16#$pending & 1 << 14)); do
		((SECONDS < deadline)) || die 'the door was not told'
		pending=$(awk '/^ShdPnd:/ { print $2 }' "/proc/$door/status")
	done
	kill -9 "$door"
	process_ends "$pid"
	imap_eof a
}

# What a browser, a mail server, an SSH and a TLS client begin with.
@test "another protocol is dropped at its first line" {
	local text
	for text in "GET / HTTP/1.1$CRLF" "POST /x HTTP/1.1$CRLF" \
	    "OPTIONS * HTTP/1.1$CRLF" "CONNECT x:143 HTTP/1.1$CRLF" \
	    "PRI * HTTP/2.0$CRLF" "EHLO example.org$CRLF" \
	    "SSH-2.0-OpenSSH_9.2p1$CRLF" $'\x16\x03\x01\x02\x01'; do
		imap_start a --login
		imap_send_raw a "${text}a1 LOGIN alice wonderland$CRLF"
		imap_eof a
		expect_only '* BYE'
		imap_close a
	done
	expect_log 'reason=protocol'
}

@test "words of other protocols are tags like others" {
	imap_start a --login
	imap a 'GET NOOP'
	expect_only 'GET OK'
	imap a 'EHLO CAPABILITY'
	expect 'EHLO OK'
	imap_ok a 'a1 LOGIN alice wonderland'
	imap a 'GET / HTTP/1.1'
	expect_only 'GET BAD'
}
