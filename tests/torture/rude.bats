#!/usr/bin/env bats
# rude.bats - clients that are slow, silent or rude: bounded memory, bounded time
# SPDX-License-Identifier: ISC
#
# Each kind of session - before login and after it, in clear, over TLS, compressed -
# is put into each state that a client can leave it in, and left there in each way
# (rude.py).  Whatever happens, all its processes end, others are not kept waiting,
# and memory stays within bounds that do not depend on what was sent.
load torture
load ../lib/tls

setup_file() {
	imap_setup_file
	certificates_make
}

# Here it is the listener and the store of imap.bash, after all.
teardown_file() { imap_teardown_file; }
setup() {
	# A million commands take minutes there, and memory is not given back.
	! built_with_asan || skip 'the build has AddressSanitizer'
	imap_setup
}
teardown() { imap_teardown; }

# rude HOW TEST: HOW is login, preauth, login-tls or preauth-tls.
rude() {
	local options=''

	[[ $1 != preauth* ]] || options='--preauth alice'
	[[ $1 != *-tls ]] || options+=' --tls'
	tls_conf
	# shellcheck disable=SC2086 # words
	imap_serve pid.rude. $options
	timeout -k 5 "$(some 300 7200)" python3 \
	    "$TESTS_DIR/torture/rude.py" "$IMAP_PORT" "$MSGSTORE" "$@"
}

# Mail for those who fetch: 40 messages, 8 MB; and many small ones.
mail_make() {
	local text

	printf -v text 'Subject: big\r\n\r\n%0200000d\r\n' 0
	imap_start a
	imap_ok a 'a CREATE big'
	imap_ok a 'a CREATE many'
	for _ in {1..40}; do
		append a big "$text"
	done
	seed a many "$(some 300 3000)"
	imap_close a
}

short_clocks() {
	conf 'login-timeout = 2s' 'autologout = 2s' 'write-timeout = 2s' \
	    'cleartext-login = yes'
}

@test "rude: silent in each state before login: login-timeout ends it" {
	short_clocks
	rude login silent
	rude login-tls silent
}

@test "rude: silent in each state after login: a clock ends it, and no lock is held" {
	mail_make
	short_clocks
	rude preauth silent
	rude preauth-tls silent
}

@test "rude: a trickle of octets in each state winds no clock" {
	mail_make
	short_clocks
	rude login trickle
	rude login-tls trickle
	rude preauth trickle
	rude preauth-tls trickle
}

@test "rude: a reset in each state ends every process of the session" {
	mail_make
	rude login reset
	rude login-tls reset
	rude preauth reset
	rude preauth-tls reset
}

@test "rude: hanging up in each state ends every process of the session" {
	mail_make
	rude login hang_up
	rude login-tls hang_up
	rude preauth hang_up
	rude preauth-tls hang_up
}

@test "rude: half-closed in each state: what was asked is answered, and it ends" {
	mail_make
	rude login half_close
	rude login-tls half_close
	rude preauth half_close
	rude preauth-tls half_close
}

@test "rude: a million commands from a client that reads nothing" {
	mail_make
	conf 'login-timeout = 4s' 'write-timeout = 2s' 'autologout = 4s'
	rude login unread
	rude login-tls unread
	rude preauth unread
	rude preauth-tls unread
}

@test "rude: a million NOOPs in one go are all answered, in little memory" {
	rude login million
	rude preauth million
	rude preauth-tls million
}

@test "rude: a reader that stalls keeps no log from beginning anew" {
	mail_make
	conf 'write-timeout = 4s'
	rude preauth stalled
	rude preauth-tls stalled
}

@test "rude: a crowd that says nothing is gone after login-timeout" {
	conf 'login-timeout = 2s'
	rude login crowd
	rude login-tls crowd
}

@test "rude: endless lines, deep parentheses, huge sets, millions of words" {
	mail_make
	rude login hostile
	rude preauth hostile
	[[ $(some short long) == short ]] || rude preauth-tls hostile
}
