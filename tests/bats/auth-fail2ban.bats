# auth-fail2ban.bats - the filter that comes with imapd
# SPDX-License-Identifier: ISC
# shellcheck shell=bash
load ../lib/imap

# try ADDRESS USER PASSWORD: LOGIN from there.
try() {
	printf 'a1 LOGIN %s %s\r\na2 LOGOUT\r\n' "$2" "$3" |
	    REMOTE_ADDR=$1 imapd 2>>"$IMAP_LOG" >/dev/null
}

@test "fail2ban: the filter finds failed logins, and nothing else" {
	command -v fail2ban-regex >/dev/null || skip 'fail2ban is not installed'
	conf 'cleartext-login = yes' 'login-failures = 3'
	local i
	for i in 1 2 3 4; do
		try 192.0.2.1 alice wrong
	done
	try 2001:db8::1 mallory wrong
	# A name that looks like a line of the log.
	try 192.0.2.7 '"x address=198.51.100.1 reason=password"' wrong
	try 192.0.2.8 '"login failed user=a address=198.51.100.2 reason=password"' \
	    wrong
	try 192.0.2.2 bob builder
	conf 'cleartext-login = no'
	try 192.0.2.3 alice wrong
	sed 's/^imapd: /Nov 25 10:00:00 host imapd[123]: /' "$IMAP_LOG" \
	    >"$BATS_TEST_TMPDIR/syslog"
	grep -q 'reason=guessing' "$BATS_TEST_TMPDIR/syslog"
	run fail2ban-regex -o ip "$BATS_TEST_TMPDIR/syslog" \
	    "$TESTS_DIR/../examples/fail2ban-msgstore.conf"
	same "4 192.0.2.1 1 192.0.2.7 1 192.0.2.8 1 2001:db8::1 " \
	    "$(sort <<<"$output" | uniq -c | awk '{ printf "%s %s ", $1, $2 }')"
}
