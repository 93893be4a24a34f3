# auth-oauth.bats - OAUTHBEARER and XOAUTH2, with a helper
# SPDX-License-Identifier: ISC
# shellcheck shell=bash
load ../lib/imap

# helper BODY: a program for oauth-helper; the token is in $token.
helper() {
	rm -f "$BATS_TEST_TMPDIR/helper"
	printf '#!/bin/sh\nread -r token\n%s\n' "$1" >"$BATS_TEST_TMPDIR/helper"
	chmod 755 "$BATS_TEST_TMPDIR/helper"
	conf "oauth-helper = $BATS_TEST_TMPDIR/helper"
}

KNOWN='case $token in
alices.token) echo alice ;;
strangers) echo mallory ;;
*) exit 1 ;;
esac'

# bearer TOKEN [AUTHZID]; xoauth2 TOKEN USER: messages in base64.
bearer() {
	printf 'n,%s,\1host=x\1port=143\1auth=Bearer %s\1\1' "${2:+a=$2}" "$1" |
	    base64 -w 0
}

xoauth2() {
	printf 'user=%s\1auth=Bearer %s\1\1' "$2" "$1" | base64 -w 0
}

@test "OAUTHBEARER, XOAUTH2: not offered without a helper" {
	imap_start a --login
	imap a 'a1 CAPABILITY'
	refute OAUTH
	imap a "a2 AUTHENTICATE OAUTHBEARER $(bearer alices.token)"
	expect_only 'a2 NO [CANNOT]'
}

@test "OAUTHBEARER: a token that the helper knows (RFC 7628 3.1)" {
	helper "$KNOWN"
	imap_start a --login
	imap a 'a1 CAPABILITY'
	expect '~ AUTH=OAUTHBEARER AUTH=XOAUTH2 '
	imap a "a2 AUTHENTICATE OAUTHBEARER $(bearer alices.token)"
	expect_only 'a2 OK'
	imap_start b --login
	imap_send b 'b1 AUTHENTICATE OAUTHBEARER'
	imap_wait b '+ '
	imap_send b "$(bearer alices.token Alice)"
	imap_recv b b1
	expect_only 'b1 OK'
	expect_log 'login user=alice address=127.0.0.1 method=OAUTHBEARER'
}

@test "XOAUTH2: the same" {
	helper "$KNOWN"
	imap_start a --login
	imap a "a1 AUTHENTICATE XOAUTH2 $(xoauth2 alices.token alice)"
	expect_only 'a1 OK'
	expect_log 'method=XOAUTH2'
}

@test "OAUTHBEARER: an error is a challenge, then NO (RFC 7628 3.2.3)" {
	helper "$KNOWN"
	imap_start a --login
	local message
	for message in "$(bearer unknown)" "$(bearer strangers)" \
	    "$(bearer strangers mallory)" "$(printf 'n,,\1\1' | base64)"; do
		imap_send a "a1 AUTHENTICATE OAUTHBEARER $message"
		imap_wait a '+ '
		same '{"status":"invalid_token"}' \
		    "$(base64 -d <<<"${ANSWER[0]:2}")"
		imap_send a 'AQ=='
		imap_recv a a1
		expect_only 'a1 NO [AUTHENTICATIONFAILED]'
	done
	imap_send a "a2 AUTHENTICATE XOAUTH2 $(xoauth2 unknown alice)"
	imap_wait a '+ '
	[[ $(base64 -d <<<"${ANSWER[0]:2}") == '{"status":"401"'* ]]
	imap_send a ''
	imap_recv a a2
	expect 'a2 NO [AUTHENTICATIONFAILED]'
	expect_log 'login failed user=mallory address=127.0.0.1 reason=token'
}

@test "OAUTHBEARER: another identity than the token's" {
	helper "$KNOWN"
	imap_start a --login
	imap a "a1 AUTHENTICATE OAUTHBEARER $(bearer alices.token bob)"
	expect_only 'a1 NO [AUTHORIZATIONFAILED]'
	imap a "a2 AUTHENTICATE XOAUTH2 $(xoauth2 alices.token bob)"
	expect_only 'a2 NO [AUTHORIZATIONFAILED]'
}

@test "OAUTHBEARER: a token is not taken where a password is not" {
	helper "$KNOWN"
	conf 'cleartext-login = no'
	imap_start a --login
	imap a 'a1 CAPABILITY'
	refute OAUTH
	imap a "a2 AUTHENTICATE OAUTHBEARER $(bearer alices.token)"
	expect_only 'a2 NO [PRIVACYREQUIRED]'
}

@test "OAUTHBEARER: the helper gets a clean environment and nothing of ours" {
	export SECRET=here
	helper "env >'$BATS_TEST_TMPDIR/env'; ls -l /proc/self/fd >'$BATS_TEST_TMPDIR/fds'
	pwd >>'$BATS_TEST_TMPDIR/env'; cat >>'$BATS_TEST_TMPDIR/env'; echo alice"
	imap_start a --login
	imap a "a1 AUTHENTICATE OAUTHBEARER $(bearer alices.token)"
	expect_only 'a1 OK'
	grep -qx 'MECHANISM=OAUTHBEARER' "$BATS_TEST_TMPDIR/env"
	grep -qx 'REMOTE_ADDR=127.0.0.1' "$BATS_TEST_TMPDIR/env"
	run ! grep -q 'SECRET\|MSGSTORE' "$BATS_TEST_TMPDIR/env"
	run ! grep -q 'auth.db\|users.db' "$BATS_TEST_TMPDIR/fds"
}

@test "OAUTHBEARER: a helper that fails is not the client's fault (RFC 5530 3)" {
	helper 'exit 75'
	imap_start a --login
	imap a "a1 AUTHENTICATE OAUTHBEARER $(bearer x)"
	expect_only 'a1 NO [UNAVAILABLE]'
	helper 'kill -9 $$'
	imap_start b --login
	imap b "b1 AUTHENTICATE OAUTHBEARER $(bearer x)"
	expect_only 'b1 NO [UNAVAILABLE]'
	helper 'echo alice; echo bob'
	imap_start c --login
	imap c "c1 AUTHENTICATE OAUTHBEARER $(bearer x)"
	expect_only 'c1 NO [UNAVAILABLE]'
	helper 'yes alice | head -c 1000000'
	imap_start d --login
	imap d "d1 AUTHENTICATE OAUTHBEARER $(bearer x)"
	expect_only 'd1 NO [UNAVAILABLE]'
	conf 'oauth-helper = /nonexistent'
	imap_start e --login
	imap e "e1 AUTHENTICATE OAUTHBEARER $(bearer x)"
	expect_only 'e1 NO [CONTACTADMIN]'
	expect_log 'oauth-helper /nonexistent cannot be run'
}

@test "OAUTHBEARER: a helper that hangs is ended" {
	helper "echo \$\$ >'$BATS_TEST_TMPDIR/helper.pid'; exec sleep 1000"
	imap_start a --login
	imap a "a1 AUTHENTICATE OAUTHBEARER $(bearer x)"
	expect_only 'a1 NO [UNAVAILABLE]'
	process_ends "$(<"$BATS_TEST_TMPDIR/helper.pid")"
}

@test "OAUTHBEARER: what is no message of it is BAD (RFC 7628 3.1)" {
	helper 'echo alice'
	imap_start a --login
	local message
	for message in 'n,,' '\1' 'x,,\1auth=Bearer x\1\1' \
	    'p=tls-exporter,,\1auth=Bearer x\1\1' 'n,,\1auth=Basic x\1\1' \
	    'n,,\1auth=Bearer x y\1\1' 'n,,\1auth=Bearer x\1' \
	    'n,,\1auth=Bearer x\nrm\1\1'; do
		# shellcheck disable=SC2059
		imap a "a1 AUTHENTICATE OAUTHBEARER $(printf "$message" | base64)"
		expect_only 'a1 BAD'
		imap_close a
		imap_start a --login
	done
	imap a "a2 AUTHENTICATE OAUTHBEARER $(bearer x)"
	expect_only 'a2 OK'
}

@test "OAUTHBEARER: curl" {
	command -v curl >/dev/null || skip 'curl is not installed'
	helper "$KNOWN"
	imap_serve pid.curl.
	local mechanism
	for mechanism in OAUTHBEARER XOAUTH2; do
		# curl takes the first that it likes, whatever it is told.
		conf "auth-mechanisms = $mechanism"
		run -0 curl -s --max-time 20 -u alice: \
		    --oauth2-bearer alices.token \
		    --login-options "AUTH=$mechanism" \
		    "imap://127.0.0.1:$IMAP_PORT/" -X 'STATUS INBOX (MESSAGES)'
		[[ $output == *'STATUS INBOX (MESSAGES 0)'* ]]
		run curl -s --max-time 20 -u alice: --oauth2-bearer unknown \
		    --login-options "AUTH=$mechanism" \
		    "imap://127.0.0.1:$IMAP_PORT/" -X NOOP
		((status == 67))
		expect_log "login user=alice address=127.0.0.1 method=$mechanism"
	done
}
