#!/usr/bin/env bats
# cap-unauthenticate.bats - UNAUTHENTICATE: RFC 8437
# SPDX-License-Identifier: ISC
load ../lib/imap

setup() {
	imap_setup
	conf 'unauthenticate = yes'
}

@test "UNAUTHENTICATE: not there by default: it takes a process for each session" {
	conf 'unauthenticate = no'
	imap_start a --login
	imap a 'a1 CAPABILITY'
	refute UNAUTHENTICATE
	imap_ok a 'a2 LOGIN alice wonderland'
	imap a 'a3 UNAUTHENTICATE'
	expect_only 'a3 BAD'
}

@test "UNAUTHENTICATE: each session is confined to its own user" {
	imap_start a --login
	local pid child
	pid=$(imap_pid a)
	imap_ok a 'a1 LOGIN alice wonderland'
	imap_ok a 'a2 NOOP'
	child=$(pgrep -P "$pid")
	[[ $child =~ ^[0-9]+$ ]]
	same 0 "$(awk '$1 == "Seccomp:" { print $2 }' "/proc/$pid/status")"
	same 2 "$(awk '$1 == "Seccomp:" { print $2 }' "/proc/$child/status")"
	imap_ok a 'a3 UNAUTHENTICATE'
	imap_ok a 'a4 LOGIN bob builder'
	imap_ok a 'a5 NOOP'
	process_ends "$child"
	kill "$pid"
	imap_eof a
	expect '* BYE'
}

@test "UNAUTHENTICATE: another user on the same connection (RFC 8437 3)" {
	imap_start a --login
	imap a 'a1 CAPABILITY'
	expect '~ UNAUTHENTICATE( |$)'
	local before=${ANSWER[0]}
	imap_ok a 'a2 LOGIN alice wonderland'
	imap_ok a 'a3 CREATE Mine'
	imap a 'a4 UNAUTHENTICATE'
	expect_only 'a4 OK'
	imap a 'a5 CAPABILITY'
	same "$before" "${ANSWER[0]}"
	imap a 'a6 LIST "" *'
	expect_only 'a6 BAD'
	imap a 'a6 UNAUTHENTICATE'
	expect_only 'a6 BAD'
	imap_ok a 'a7 LOGIN bob builder'
	imap a 'a8 LIST "" *'
	expect_names INBOX Drafts Sent Trash Junk Archive
	expect_log 'login user=alice .*'
	expect_log 'logout user=alice .* reason=unauthenticate'
	expect_log 'login user=bob .*'
	imap_ok a 'a9 LOGOUT'
	expect_log 'end user=bob '
}

@test "UNAUTHENTICATE: with the next command in one packet (RFC 8437 3)" {
	imap_start a --login
	imap_send_raw a "a1 LOGIN alice wonderland${CRLF}a2 SELECT INBOX${CRLF}a3 UNAUTHENTICATE${CRLF}a4 AUTHENTICATE PLAIN $(printf '\0bob\0builder' | base64)${CRLF}a5 LIST \"\" INBOX${CRLF}"
	imap_recv a a5
	expect 'a5 OK'
}

@test "UNAUTHENTICATE: a selected mailbox is left, and nothing is expunged (RFC 8437 3)" {
	imap_start a --login
	imap_ok a 'a1 LOGIN alice wonderland'
	seed a INBOX 2
	imap_ok a 'a2 SELECT INBOX'
	imap_ok a 'a3 STORE 1 +FLAGS (\Deleted)'
	imap_start b
	seed b INBOX 1
	imap a 'a4 UNAUTHENTICATE'
	expect_only 'a4 OK'
	imap a 'a5 FETCH 1 FLAGS'
	expect_only 'a5 BAD'
	imap_ok b 'b1 STATUS INBOX (MESSAGES)'
	expect '=* STATUS INBOX (MESSAGES 3)'
	imap_ok a 'a6 LOGIN alice wonderland'
	imap a 'a7 FETCH 1 FLAGS'
	expect_only 'a7 BAD'
}

@test "UNAUTHENTICATE: what was enabled is off again (RFC 8437 4.1)" {
	imap_start a --login
	imap_ok a 'a1 LOGIN alice wonderland'
	imap_ok a $'a2 CREATE "caf\xc3\xa9"'
	imap_ok a 'a3 ENABLE IMAP4rev2 UTF8=ACCEPT'
	imap_ok a 'a4 UNAUTHENTICATE'
	imap_ok a 'a5 LOGIN alice wonderland'
	imap_ok a 'a6 LIST "" c*'
	expect '~LIST .* caf&AOk-$'
	imap_ok a 'a7 SELECT INBOX'
	expect '~^\* [0-9]+ RECENT'
	refute '* LIST'
	imap_ok a 'a8 UNSELECT'
	imap a 'a9 ENABLE IMAP4rev2'
	expect_only '=* ENABLED IMAP4rev2' 'a9 OK'
}

@test "UNAUTHENTICATE: rights and settings of one user are not the next one's (RFC 8437 4.1)" {
	mboxadm grant sales alice full
	mboxadm user set alice capabilities-off IDLE
	mboxadm user deny alice create
	imap_start a --login
	imap_ok a 'a1 LOGIN alice wonderland'
	imap_ok a 'a2 STATUS "shared\\sales" (MESSAGES)'
	imap a 'a3 CREATE x'
	expect_only 'a3 NO [NOPERM]'
	imap_ok a 'a4 UNAUTHENTICATE'
	imap a 'a5 CAPABILITY'
	expect '~ IDLE( |$)'
	imap_ok a 'a6 LOGIN bob builder'
	imap a 'a7 STATUS "shared\\sales" (MESSAGES)'
	expect_only 'a7 NO [NONEXISTENT]'
	imap_ok a 'a8 CREATE x'
}

@test "UNAUTHENTICATE: of a session that began with PREAUTH (RFC 8437 5)" {
	imap_start a
	imap_ok a 'a1 UNAUTHENTICATE'
	imap_ok a 'a2 LOGIN bob builder'
	imap_ok a 'a3 SELECT INBOX'
}

@test "UNAUTHENTICATE: works when the mailbox or the user is gone (RFC 8437 3)" {
	mboxadm grant sales alice full
	imap_start a --login
	imap_ok a 'a1 LOGIN alice wonderland'
	imap_ok a 'a2 SELECT "shared\\sales"'
	mboxadm revoke sales alice
	imap a 'a3 UNAUTHENTICATE'
	expect_only 'a3 OK'
	imap_ok a 'a4 LOGIN alice wonderland'
	mboxadm user delete alice
	imap a 'a5 UNAUTHENTICATE'
	expect_only 'a5 OK'
	imap a 'a6 LOGIN alice wonderland'
	expect_only 'a6 NO [AUTHENTICATIONFAILED]'
}

@test "UNAUTHENTICATE: failed logins count on" {
	imap_start a --login
	local i
	for i in 1 2; do
		imap a "a$i LOGIN alice wrong"
		expect "~^a$i NO "
	done
	imap_ok a 'b1 LOGIN alice wonderland'
	imap_ok a 'b2 UNAUTHENTICATE'
	for i in 3 4; do
		imap a "a$i LOGIN alice wrong"
		expect "~^a$i NO "
	done
	imap_send a 'a5 LOGIN alice wrong'
	imap_eof a
	expect 'a5 NO' '* BYE'
}

@test "UNAUTHENTICATE: what the grammar does not have is BAD; off, it is not known" {
	imap_start a
	imap a 'a1 UNAUTHENTICATE now'
	expect_only 'a1 BAD'
	imap a 'a2 UNAUTHENTICATE '
	expect_only 'a2 BAD'
	conf 'capabilities-off = UNAUTHENTICATE'
	imap_start b
	imap b 'a1 UNAUTHENTICATE'
	expect_only 'a1 BAD'
	imap b 'a2 CAPABILITY'
	refute UNAUTH
}
