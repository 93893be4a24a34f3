#!/usr/bin/env bats
# compress.bats - COMPRESS=DEFLATE: RFC 4978
# SPDX-License-Identifier: ISC
load ../lib/imap
load ../lib/tls

setup_file() {
	imap_setup_file
	certificates_make
}

# compressed TEST [--login]: a test of tests/lib/compressed.py against sessions
# of alice, or before login.
compressed() {
	if [[ ${2:-} == --login ]]; then
		imap_serve pid.compressed.
	else
		imap_serve pid.compressed. --preauth alice
	fi
	# AddressSanitizer gives nothing back.
	! built_with_asan || export NO_MEMORY=1
	timeout -k 5 120 python3 "$TESTS_DIR/lib/compressed.py" "$IMAP_PORT" \
	    "$BATS_TEST_TMPDIR/pid.compressed." "$1"
}

@test "COMPRESS: offered, and refused where it does not fit (RFC 4978 3)" {
	imap_start a --login
	imap a 'a1 COMPRESS DEFLATE'
	expect_only 'a1 BAD'
	imap_ok a 'a2 LOGIN alice wonderland'
	imap_ok a 'a3 CAPABILITY'
	expect '~ COMPRESS=DEFLATE( |$)'
	imap a 'a4 COMPRESS LZW'
	expect_only 'a4 BAD'
	imap a 'a5 COMPRESS'
	expect_only 'a5 BAD'
	imap a 'a6 COMPRESS DEFLATE now'
	expect_only 'a6 BAD'
	imap_ok a 'a7 NOOP'
}

@test "COMPRESS: turned off it is unknown" {
	conf 'capabilities-off = COMPRESS=DEFLATE'
	imap_start a
	refute COMPRESS
	imap a 'a1 COMPRESS DEFLATE'
	expect_only 'a1 BAD'
}

@test "COMPRESS: a whole session, whatever the client's window and level" {
	compressed session
}

@test "COMPRESS: what is in the packet behind it is compressed (RFC 4978 3)" {
	compressed behind
}

@test "COMPRESS: one octet at a time, each kind of flush" {
	compressed bytes
}

@test "COMPRESS: ends with UNAUTHENTICATE (RFC 8437 4.1)" {
	conf 'unauthenticate = yes'
	compressed unauthenticate --login
}

@test "COMPRESS: within TLS (RFC 4978 3)" {
	tls_conf
	CA=$CERTS/ca.pem compressed tls --login
	expect_log 'login user=alice address=127.0.0.1 method=LOGIN tls=TLS1.3'
}

@test "COMPRESS: once is enough (RFC 4978 3)" {
	compressed twice
}

@test "COMPRESS: IDLE tells at once, and goes on after a rest" {
	compressed idle
}

@test "COMPRESS: without inotify too" {
	conf 'inotify = no'
	compressed idle
}

@test "COMPRESS: octets that are not compressed end the session" {
	compressed broken
	expect_log 'end user=alice .* reason=compression '
	expect_log 'end user=alice .* reason=logout '
}

@test "COMPRESS: a bomb meets the parser's limits" {
	conf 'message-size-limit = 1M'
	compressed bomb
	expect_log 'end user=alice .* reason=flood '
}

@test "COMPRESS: an idle session keeps little of it" {
	! built_with_asan || skip 'AddressSanitizer takes memory of its own'
	compressed memory
}
