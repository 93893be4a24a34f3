# auth-guess.bats - failed logins, the cache of right ones, sessions of a user
# SPDX-License-Identifier: ISC
# shellcheck shell=bash
load ../lib/imap

# try ADDRESS USER PASSWORD: LOGIN from there; ANSWER is the tagged answer, MS how
# long it took.
try() {
	local -; set +T
	local start=${EPOCHREALTIME/./}

	conf 'cleartext-login = yes'
	ANSWER=("$(printf 'a1 LOGIN %s %s\r\na2 LOGOUT\r\n' "$2" "$3" |
	    REMOTE_ADDR=$1 imapd 2>>"$IMAP_LOG" | tr -d '\r' | grep '^a1 ')")
	MS=$(((${EPOCHREALTIME/./} - start) / 1000))
	echo "$1 $2: ${ANSWER[0]:0:60} ($MS ms)"
}

fails() {
	try "$@"
	expect_only 'a1 NO [AUTHENTICATIONFAILED]'
}

works() {
	try "$@"
	expect_only 'a1 OK'
}

refused() {
	try "$@"
	expect_only 'a1 NO [LIMIT] Too many failed logins'
}

@test "guessing: an address is refused after so many failures, whoever it tries" {
	conf 'login-failures = 5'
	local i
	for i in 1 2 3 4 5; do
		fails 192.0.2.1 "user$i" guess
	done
	refused 192.0.2.1 alice guess
	refused 192.0.2.1 alice wonderland
	refused 192.0.2.1 mallory guess
	works 192.0.2.2 alice wonderland
	expect_log '^imapd: login failed user=user1 address=192.0.2.1 reason=password$'
	expect_log '^imapd: login failed user=mallory address=192.0.2.1 reason=guessing$'
}

@test "guessing: a name is refused from everywhere, whether it is a user's or not" {
	conf 'login-failures = 4'
	local i
	for i in 1 2 3 4; do
		fails "192.0.2.$i" alice guess
		fails "198.51.100.$i" mallory guess
	done
	refused 192.0.2.9 ALICE wonderland
	refused 192.0.2.9 Mallory guess
	works 192.0.2.9 bob builder
}

@test "guessing: an IPv6 network of 64 bits is one address" {
	conf 'login-failures = 3'
	fails 2001:db8:0:1::1 u1 guess
	fails 2001:db8:0:1::2 u2 guess
	fails 2001:db8:0:1:ffff::3 u3 guess
	refused 2001:db8:0:1:1:2:3:4 alice wonderland
	works 2001:db8:0:2::1 alice wonderland
}

@test "guessing: who logged in from there lately is not locked out by others" {
	conf 'login-failures = 3'
	works 192.0.2.1 alice wonderland
	local i
	for i in 1 2 3; do
		fails "198.51.100.$i" alice guess
	done
	refused 198.51.100.9 alice wonderland
	works 192.0.2.1 alice wonderland
	# Its own failures count there, until it is right again.
	fails 192.0.2.1 alice guess
	fails 192.0.2.1 alice guess
	works 192.0.2.1 alice wonderland
	fails 192.0.2.1 alice guess
	fails 192.0.2.1 alice guess
	fails 192.0.2.1 alice guess
	refused 192.0.2.1 alice wonderland
}

@test "guessing: loopback is not one address for all who come through it" {
	conf 'login-failures = 3'
	local i
	for i in 1 2 3 4 5; do
		fails 127.0.0.1 "user$i" guess
	done
	works 127.0.0.1 alice wonderland
	for i in 1 2 3; do
		fails 127.0.0.1 bob guess
	done
	refused 127.0.0.1 bob builder
}

@test "guessing: answers come later from the third failure on" {
	conf 'login-delay = 1s'
	fails 192.0.2.1 alice guess
	fails 192.0.2.1 mallory guess
	((MS < 500))
	fails 192.0.2.1 alice guess
	((MS >= 500 && MS < 3000))
	fails 192.0.2.1 mallory guess
	((MS >= 1000))
	# The right password is told from wrong ones after the wait, not before.
	works 192.0.2.1 bob builder
	((MS >= 1000))
	works 192.0.2.1 bob builder
	((MS < 1000))
}

@test "guessing: SCRAM counts too, and is refused" {
	conf 'login-failures = 2' 'cleartext-login = yes'
	imap_serve pid.scram.
	run python3 "$TESTS_DIR/lib/scram.py" 127.0.0.1 "$IMAP_PORT" \
	    SCRAM-SHA-256 alice wrong
	run python3 "$TESTS_DIR/lib/scram.py" 127.0.0.1 "$IMAP_PORT" \
	    SCRAM-SHA-256 alice wrong
	[[ $output == *'a1 NO [AUTHENTICATIONFAILED]'* ]]
	run python3 "$TESTS_DIR/lib/scram.py" 127.0.0.1 "$IMAP_PORT" \
	    SCRAM-SHA-256 alice wonderland
	[[ $output == *'a1 NO [LIMIT]'* ]]
}

@test "guessing: a table that holds anything harms nobody" {
	conf 'login-failures = 3' "runtime-directory = $BATS_TEST_TMPDIR/run"
	install -d -m 755 "$BATS_TEST_TMPDIR/run"
	own "$BATS_TEST_TMPDIR/run"
	works 192.0.2.1 alice wonderland
	local file n=0
	for file in "$BATS_TEST_TMPDIR"/run/*/login-*; do
		((n += 1))
		as_owner dd if=/dev/urandom of="$file" bs=1000 count=300 status=none
	done
	same 2 "$n"
	try 192.0.2.1 alice wonderland
	expect_only '~^a1 (OK|NO)'
	for file in "$BATS_TEST_TMPDIR"/run/*/login-*; do
		: >"$file"
	done
	works 192.0.2.1 alice wonderland
	for file in "$BATS_TEST_TMPDIR"/run/*/login-*; do
		rm "$file"
		as_owner mkdir "$file"
	done
	works 192.0.2.1 alice wonderland
	expect_log 'failed logins are not counted'
}

@test "guessing: the table does not grow, and names nobody" {
	conf 'login-failures = 1000' "runtime-directory = $BATS_TEST_TMPDIR/run"
	install -d -m 755 "$BATS_TEST_TMPDIR/run"
	own "$BATS_TEST_TMPDIR/run"
	fails 192.0.2.1 mallory1 guess1
	local size
	size=$(stat -c %s "$BATS_TEST_TMPDIR"/run/*/login-failures)
	local i
	for i in 2 3 4 5 6; do
		fails "192.0.2.$i" "mallory$i" "guess$i"
	done
	works 192.0.2.1 alice wonderland
	same "$size" "$(stat -c %s "$BATS_TEST_TMPDIR"/run/*/login-failures)"
	run grep -aqE 'mallory|guess|alice|wonderland|192' \
	    "$BATS_TEST_TMPDIR"/run/*/login-*
	((status == 1))
}

# Give alice a hash that takes long: the cache shows by that.
slow_hash() {
	local hash
	hash=$(perl -e 'print crypt($ARGV[0], $ARGV[1])' "$1" \
	    '$y$jDT$abcdefghijklmnopqrst/.')
	[[ $hash == '$y$jDT$'* ]]
	as_owner sqlite3 "$MSGSTORE/auth.db" \
	    "UPDATE credentials SET password = '$hash' WHERE password IS NOT NULL"
}

@test "login-cache: a right password is not hashed at each login" {
	slow_hash wonderland
	works 192.0.2.1 alice wonderland
	local cold=$MS
	works 192.0.2.2 alice wonderland
	((MS < cold / 5))
	# A wrong one is, each time.
	fails 192.0.2.1 alice wrong
	((MS > cold / 5))
	fails 192.0.2.1 alice wrong
	((MS > cold / 5))
	# It is no longer right when the password has changed.
	mboxadm user passwd --password-stdin alice <<<other
	fails 192.0.2.1 alice wonderland
	works 192.0.2.1 alice other
}

@test "login-cache = 0: every login hashes" {
	conf 'login-cache = 0' "runtime-directory = $BATS_TEST_TMPDIR/run"
	install -d -m 755 "$BATS_TEST_TMPDIR/run"
	own "$BATS_TEST_TMPDIR/run"
	works 192.0.2.1 alice wonderland
	works 192.0.2.1 alice wonderland
	run stat "$BATS_TEST_TMPDIR"/run/*/login-cache
	((status != 0))
}

@test "login-cache: a user who is gone or has no password any more" {
	works 192.0.2.1 bob builder
	mboxadm user passwd --no-password bob
	fails 192.0.2.1 bob builder
	works 192.0.2.1 alice wonderland
	mboxadm user delete alice
	fails 192.0.2.1 alice wonderland
	mboxadm user add --no-password alice
	fails 192.0.2.1 alice wonderland
}

@test "max-sessions-per-user: LIMIT, never AUTHENTICATIONFAILED (RFC 5530 3)" {
	conf 'max-sessions-per-user = 2'
	imap_start a --login
	imap_ok a 'a1 LOGIN alice wonderland'
	imap_start b --login
	imap_ok b 'b1 LOGIN alice wonderland'
	imap_start c --login
	imap c 'c1 LOGIN alice wonderland'
	expect_only 'c1 NO [LIMIT]'
	imap c 'c2 LOGIN bob builder'
	expect_only 'c2 OK'
	expect_log 'login failed user=alice address=127.0.0.1 reason=sessions'
	# One is free when its session has ended, however it did.
	imap_start d --login
	imap_ok a 'a2 LOGOUT'
	imap_eof a
	process_ends "$(imap_pid a)"
	imap_ok d 'd1 LOGIN alice wonderland'
	kill -9 "$(imap_pid b)"
	imap_eof b
	process_ends "$(imap_pid b)"
	imap_start e --login
	imap_ok e 'e1 LOGIN alice wonderland'
	imap_start f --login
	imap f 'f1 LOGIN alice wonderland'
	expect_only 'f1 NO [LIMIT]'
}
