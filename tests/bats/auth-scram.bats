# auth-scram.bats - AUTHENTICATE SCRAM-SHA-256 and SCRAM-SHA-1
# SPDX-License-Identifier: ISC
# shellcheck shell=bash
load ../lib/imap
load ../lib/tls

sql() {
	as_owner sqlite3 "$1" "$2"
}

# scram MECHANISM USER PASSWORD [OPTION ...]: a client of its own.
scram() {
	imap_serve pid.scram.
	run python3 "$TESTS_DIR/lib/scram.py" 127.0.0.1 "$IMAP_PORT" "$@"
	echo "$output"
}

@test "SCRAM: logs in, and the server proves to know the password (RFC 5802 5)" {
	local mechanism
	for mechanism in SCRAM-SHA-256 SCRAM-SHA-1; do
		scram "$mechanism" alice wonderland
		((status == 0))
		[[ $output == *'a1 OK [CAPABILITY'* ]]
		scram "$mechanism" alice wonderland ir
		((status == 0))
		expect_log "login user=alice address=127.0.0.1 method=$mechanism"
	done
}

@test "SCRAM: is offered without TLS too, passwords are not" {
	conf 'cleartext-login = no'
	imap_start a --login
	imap a 'a1 CAPABILITY'
	expect '~ AUTH=SCRAM-SHA-256 AUTH=SCRAM-SHA-1 '
	refute 'AUTH=PLAIN' '-PLUS'
	imap a 'a2 AUTHENTICATE PLAIN'
	expect_only 'a2 NO [PRIVACYREQUIRED]'
	scram SCRAM-SHA-256 alice wonderland
	((status == 0))
}

@test "SCRAM: wrong passwords and unknown users look the same (RFC 5802 9)" {
	local wrong unknown
	scram SCRAM-SHA-256 alice wrong
	((status == 1))
	wrong=${output#*$'\n'}
	scram SCRAM-SHA-256 mallory wrong
	unknown=$output
	same "$wrong" "${unknown#*$'\n'}"
	[[ $wrong == 'a1 NO [AUTHENTICATIONFAILED]'* ]]
	# A salt that changed each time would tell that there is no user.
	scram SCRAM-SHA-256 Mallory wrong
	same "$unknown" "$output"
	scram SCRAM-SHA-256 carol wrong cut
	[[ $output == *i=10000* ]]
	scram SCRAM-SHA-256 nobody wrong
	[[ $output != "$unknown" ]]
	expect_log 'login failed user=mallory address=127.0.0.1 reason=password'
}

@test "SCRAM: an identity of another's is refused (RFC 5530 3)" {
	scram SCRAM-SHA-256 alice wonderland authzid=bob
	[[ $output == *'a1 NO [AUTHORIZATIONFAILED]'* ]]
	scram SCRAM-SHA-256 alice wrong authzid=bob
	[[ $output == *'a1 NO [AUTHENTICATIONFAILED]'* ]]
	scram SCRAM-SHA-256 ALICE wonderland authzid=Alice
	((status == 0))
}

@test "SCRAM: 'y' is fine where there is nothing to bind to, 'p' is not (RFC 5802 6)" {
	scram SCRAM-SHA-256 alice wonderland gs2=y,,
	((status == 0))
	scram SCRAM-SHA-256 alice wonderland gs2=p=tls-exporter,, binding=00
	((status != 0))
	imap_start a --login
	imap a 'a1 AUTHENTICATE SCRAM-SHA-256-PLUS'
	expect_only 'a1 NO'
}

@test "SCRAM: what is no message of it is BAD" {
	imap_start a --login
	local text
	for text in 'n,,' 'x,,n=alice,r=abc' 'n,,n=alice' '' \
	    'n,,m=x,n=alice,r=abc'; do
		imap a "a1 AUTHENTICATE SCRAM-SHA-256 $(printf %s "${text}" |
		    base64 -w 0 | sed 's/^$/=/')"
		expect_only 'a1 BAD'
		imap_close a
		imap_start a --login
	done
	imap_send a "a2 AUTHENTICATE SCRAM-SHA-256 $(printf 'n,,n=alice,r=abc' | base64)"
	imap_wait a '+ '
	imap_send a '*'
	imap_recv a a2
	expect_only 'a2 BAD'
	imap_send a "a3 AUTHENTICATE SCRAM-SHA-256 $(printf 'n,,n=alice,r=abc' | base64)"
	imap_wait a '+ '
	imap_send a "$(printf 'c=biws,r=abc,p=AAAA' | base64)"
	imap_recv a a3
	expect_only '~^a3 (NO|BAD)'
	imap a 'a4 LOGIN alice wonderland'
	expect_only 'a4 OK'
}

@test "SCRAM: the last response must be empty (RFC 5802 5)" {
	scram SCRAM-SHA-256 alice wonderland last=eA==
	[[ $output == *'a1 BAD'* ]]
}

@test "SCRAM: users of a store of before can after their next login" {
	sql "$MSGSTORE/auth.db" 'UPDATE credentials SET scram = NULL'
	scram SCRAM-SHA-256 alice wonderland
	((status == 1))
	imap_start a --login
	imap a 'a1 LOGIN alice wonderland'
	expect_only 'a1 OK'
	scram SCRAM-SHA-256 alice wonderland
	((status == 0))
	scram SCRAM-SHA-1 alice wonderland
	((status == 0))
}

@test "SCRAM: follows the password" {
	mboxadm user passwd --password-stdin alice <<<'a,b=c d'
	scram SCRAM-SHA-256 alice wonderland
	((status == 1))
	scram SCRAM-SHA-256 alice 'a,b=c d'
	((status == 0))
	mboxadm user passwd --no-password alice
	scram SCRAM-SHA-256 alice 'a,b=c d'
	((status == 1))
}

@test "SCRAM: passwords are prepared by SASLprep (RFC 5802 2.2)" {
	# U+2168 is IX, U+00AD is nothing.
	mboxadm user passwd --password-stdin alice <<<$'\xe2\x85\xa8 pass\xc2\xadword'
	scram SCRAM-SHA-256 alice 'IX password'
	((status == 0))
	imap_start a --login
	imap a "a1 LOGIN alice {14}" $'\xe2\x85\xa8 pass\xc2\xadword'
	expect 'a1 OK'
}

@test "auth-mechanisms: only what is listed is offered, and works" {
	conf 'auth-mechanisms = SCRAM-SHA-256'
	imap_start a --login
	imap a 'a1 CAPABILITY'
	expect '~ AUTH=SCRAM-SHA-256 '
	expect '~ LOGINDISABLED '
	refute 'SHA-1 ' 'AUTH=PLAIN'
	imap a 'a2 AUTHENTICATE SCRAM-SHA-1'
	expect_only 'a2 NO'
	imap a 'a3 AUTHENTICATE PLAIN'
	expect_only 'a3 NO'
	imap a 'a4 LOGIN alice wonderland'
	expect_only 'a4 NO'
	conf 'auth-mechanisms = SCRAM'
	run mboxadm config check
	[[ $output == *'auth-mechanisms cannot be "SCRAM"'* ]]
	conf 'auth-mechanisms = PLAIN' 'capabilities-off = AUTH=PLAIN'
	imap_start b --login
	imap b 'b1 CAPABILITY'
	refute 'AUTH='
}

@test "AUTHENTICATE LOGIN: off by default, else asks for name and password" {
	imap_start a --login
	imap a 'a1 AUTHENTICATE LOGIN'
	expect_only 'a1 NO'
	conf 'auth-mechanisms = PLAIN LOGIN'
	imap_start b --login
	imap_send b 'b1 AUTHENTICATE LOGIN'
	imap_wait b '+ '
	same "+ $(printf 'Username:' | base64)" "${ANSWER[0]}"
	imap_send b "$(printf alice | base64)"
	imap_wait b '+ '
	same "+ $(printf 'Password:' | base64)" "${ANSWER[0]}"
	imap_send b "$(printf wonderland | base64)"
	imap_recv b b1
	expect_only 'b1 OK'
	imap_start c --login
	imap_send c "c1 AUTHENTICATE LOGIN $(printf alice | base64)"
	imap_wait c '+ '
	imap_send c "$(printf wrong | base64)"
	imap_recv c c1
	expect_only 'c1 NO [AUTHENTICATIONFAILED]'
	expect_log 'login user=alice address=127.0.0.1 method=LOGIN'
}

@test "SCRAM: PLUS is bound to the TLS connection (RFC 9266 2)" {
	command -v gsasl >/dev/null || skip 'gsasl is not installed'
	certificates_make
	tls_conf
	local mechanism
	for mechanism in SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS; do
		imap_serve pid.gsasl.
		run timeout -k 10 20 gsasl --client --imap --starttls \
		    --connect="127.0.0.1:$IMAP_PORT" --hostname=localhost \
		    --x509-ca-file="$CERTS/ca.pem" --mechanism="$mechanism" \
		    --authentication-id=alice --authorization-id=alice \
		    --password=wonderland </dev/null
		echo "$output"
		expect_log "login user=alice .* method=$mechanism tls=TLS1.3"
	done
}
