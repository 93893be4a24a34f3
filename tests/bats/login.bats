#!/usr/bin/env bats
# login.bats - LOGIN and AUTHENTICATE
# SPDX-License-Identifier: ISC
load ../lib/imap

# sasl_plain AUTHZID AUTHCID PASSWORD: base64 of RFC 4616 2 "message"
sasl_plain() {
	printf '%s\0%s\0%s' "$@" | base64 -w0
}

@test "LOGIN: atoms, quoted strings and literals (RFC 3501 6.2.3)" {
	imap_start a --login
	imap a 'a1 LOGIN alice wonderland'
	expect_only 'a1 OK'
	imap_start b --login
	imap b 'b1 LOGIN "alice" "wonderland"'
	expect_only 'b1 OK'
	imap_start c --login
	imap c 'c1 LOGIN {5}' 'alice {10}' 'wonderland'
	expect '+ ' '+ ' 'c1 OK'
	imap_start d --login
	imap d 'd1 login {5+}' 'alice {10+}' 'wonderland'
	expect_only 'd1 OK'
}

@test "LOGIN: a password with quotes, backslashes and UTF-8 octets" {
	mboxadm user passwd --password-stdin bob <<<'p"a\s s%w{5}*(é'
	imap_start a --login
	imap a 'a1 LOGIN bob "p\"a\\s s%w{5}*(é"'
	expect_only 'a1 OK'
}

@test "LOGIN: the user's name in any case" {
	imap_start a --login
	imap a 'a1 LOGIN Alice wonderland'
	expect_only 'a1 OK'
}

@test "LOGIN: a wrong password, an unknown user, one without password: all the same (RFC 5530 3)" {
	imap_start a --login
	imap a 'a1 LOGIN alice wonderlan'
	expect_only 'a1 NO [AUTHENTICATIONFAILED]'
	local said=${ANSWER[0]#a1 }
	imap a 'a2 LOGIN nobody wonderland'
	expect_only "=a2 $said"
	imap a 'a3 LOGIN carol wonderland'
	expect_only "=a3 $said"
	imap_close a
	imap_start a --login
	imap a 'a4 LOGIN carol ""'
	expect_only "=a4 $said"
	imap a 'a5 LOGIN alice ""'
	expect_only "=a5 $said"
	imap a 'a6 SELECT INBOX'
	expect_only 'a6 BAD'
	imap a 'a7 LOGIN alice wonderland'
	expect_only 'a7 OK'
}

@test "LOGIN: the fifth failure ends the session" {
	imap_start a --login
	local i
	for i in 1 2 3 4; do
		imap a "a$i LOGIN alice wrong$i"
		expect_only "a$i NO [AUTHENTICATIONFAILED]"
	done
	imap_send a 'a5 LOGIN alice wrong'
	imap_eof a
	expect 'a5 NO [AUTHENTICATIONFAILED]' '* BYE'
}

@test "LOGIN: what is too long to be right is a failure like others" {
	imap_start a --login
	local long i
	printf -v long '%01100d' 0
	imap a "a1 LOGIN alice $long"
	expect_only 'a1 NO [AUTHENTICATIONFAILED]'
	imap a "a2 LOGIN $long wonderland"
	expect_only 'a2 NO [AUTHENTICATIONFAILED]'
	imap a "a3 AUTHENTICATE ${long:0:65}"
	expect_only 'a3 NO'
	refute SERVERBUG
	expect_log 'login failed user=alice address=127.0.0.1 reason=password'
	for i in 4 5; do
		imap a "a$i LOGIN alice wrong"
		expect_only "a$i NO [AUTHENTICATIONFAILED]"
	done
	imap_eof a
	expect '* BYE'
}

@test "AUTHENTICATE: who cancels again and again is told to go" {
	imap_start a --login
	local i
	for i in {1..24}; do
		imap_send a "a$i AUTHENTICATE PLAIN"
		imap_wait a '+ '
		imap_send a '*'
		imap_wait a "a$i BAD"
		((i < 24)) || break
		imap a "b$i NOOP"
		expect_only "b$i OK"
	done
	imap_eof a
	expect '* BYE'
}

@test "LOGIN: the log has user and address of each try, and never a password" {
	imap_start a --login
	imap a 'a1 LOGIN alice looking-glass'
	imap a 'a2 LOGIN alice wonderland'
	expect_log '127\.0\.0\.1.*alice|alice.*127\.0\.0\.1'
	(($(grep -c alice "$IMAP_LOG") >= 2))
	run ! grep -E 'looking-glass|wonderland' "$IMAP_LOG"
}

@test "LOGIN: a user's name forges no log line" {
	imap_start a --login
	imap a 'a1 LOGIN {16}' $'x\nimapd: all fine p'
	expect '~^a1 (NO|BAD)'
	run ! grep -E '^imapd: all fine' "$IMAP_LOG"
}

@test "LOGIN: grammar (RFC 3501 9 \"login\")" {
	imap_start a --login
	local line
	for line in 'LOGIN' 'LOGIN ' 'LOGIN alice' 'LOGIN alice ' \
	    'LOGIN alice wonderland x' 'LOGIN (alice) wonderland' \
	    'LOGIN "alice wonderland' 'LOGIN  alice wonderland'; do
		imap a "a1 $line"
		expect_only 'a1 BAD'
	done
	imap a 'a2 LOGIN alice wonderland'
	expect_only 'a2 OK'
}

@test "LOGIN: not a second time (RFC 3501 6.2)" {
	imap_start a
	imap a 'a1 LOGIN bob builder'
	expect_only 'a1 BAD'
	imap a "a2 AUTHENTICATE PLAIN $(sasl_plain '' bob builder)"
	expect_only 'a2 BAD'
}

@test "LOGIN: refused where cleartext-login is no (RFC 3501 6.2.3, RFC 5530 3)" {
	conf 'cleartext-login = no'
	imap_start a --login
	imap a 'a1 CAPABILITY'
	expect '~ LOGINDISABLED( |$)'
	refute 'AUTH=PLAIN'
	imap a 'a2 LOGIN alice wonderland'
	expect_only 'a2 NO [PRIVACYREQUIRED]'
	imap a "a3 AUTHENTICATE PLAIN $(sasl_plain '' alice wonderland)"
	expect_only 'a3 NO'
	imap a 'a4 SELECT INBOX'
	expect_only 'a4 BAD'
}

@test "AUTHENTICATE PLAIN: with an initial response (RFC 4959 3)" {
	imap_start a --login
	imap a "a1 AUTHENTICATE PLAIN $(sasl_plain '' alice wonderland)"
	expect_only 'a1 OK'
	imap_start b --login
	imap b "b1 authenticate plain $(sasl_plain alice alice wonderland)"
	expect_only 'b1 OK'
}

@test "AUTHENTICATE PLAIN: with a challenge (RFC 3501 6.2.2)" {
	imap_start a --login
	imap_send a 'a1 AUTHENTICATE PLAIN'
	imap_wait a '+ '
	same '+ ' "${ANSWER[0]}"
	imap_send a "$(sasl_plain '' alice wonderland)"
	imap_recv a a1
	expect_only 'a1 OK'
}

@test "AUTHENTICATE: the client cancels with * (RFC 3501 6.2.2)" {
	imap_start a --login
	imap_send a 'a1 AUTHENTICATE PLAIN'
	imap_wait a '+ '
	imap_send a '*'
	imap_recv a a1
	expect_only 'a1 BAD'
	imap a 'a2 LOGIN alice wonderland'
	expect_only 'a2 OK'
}

@test "AUTHENTICATE: what is not base64 is BAD (RFC 3501 6.2.2)" {
	imap_start a --login
	local bad
	for bad in '!!!!' 'YQ' 'YQ=' '====' 'YWxp Y2U=' 'YR=='; do
		imap a "a1 AUTHENTICATE PLAIN $bad"
		expect_only 'a1 BAD'
	done
	imap_send a 'a2 AUTHENTICATE PLAIN'
	imap_wait a '+ '
	imap_send a 'AGFsaWNl*'
	imap_recv a a2
	expect_only 'a2 BAD'
}

@test "AUTHENTICATE PLAIN: a message that is not RFC 4616's" {
	imap_start a --login
	local text
	for text in "$(printf alice | base64)" "$(printf 'alice\0wonderland' | base64)" \
	    "$(printf '\0\0wonderland' | base64)" '=' \
	    "$(printf 'a\0alice\0wonderland\0x' | base64)"; do
		imap a "a1 AUTHENTICATE PLAIN $text"
		expect_only '~^a1 (NO|BAD)'
	done
	imap a 'a2 LOGIN alice wonderland'
	expect_only 'a2 OK'
}

@test "AUTHENTICATE PLAIN: wrong password, and another identity (RFC 5530 3)" {
	imap_start a --login
	imap a "a1 AUTHENTICATE PLAIN $(sasl_plain '' alice wrong)"
	expect_only 'a1 NO [AUTHENTICATIONFAILED]'
	imap a "a2 AUTHENTICATE PLAIN $(sasl_plain bob alice wonderland)"
	expect_only '~^a2 NO \[AUTH'
}

@test "AUTHENTICATE: an unknown mechanism is NO (RFC 3501 6.2.2)" {
	imap_start a --login
	imap a 'a1 AUTHENTICATE GSSAPI'
	expect_only 'a1 NO'
	imap a 'a2 AUTHENTICATE'
	expect_only 'a2 BAD'
	imap a 'a3 NOOP'
	expect_only 'a3 OK'
}

@test "AUTHENTICATE: an overlong response ends neither memory nor session" {
	imap_start a --login
	local long
	printf -v long '%*s' 100000 ''
	imap_send_raw a "a1 AUTHENTICATE PLAIN$CRLF"
	imap_wait a '+ '
	imap_send a "${long// /A}"
	imap_read a
	expect '~^(a1 (BAD|NO)|\* BYE)'
}

@test "STARTTLS: not offered, and not known, without a certificate (RFC 3501 6.2.1)" {
	imap_start a --login
	imap a 'a1 CAPABILITY'
	refute STARTTLS
	imap a 'a2 STARTTLS'
	expect '~^a2 (BAD|NO)'
}

@test "login: a user who is deleted or renamed cannot log in any more" {
	mboxadm user delete bob
	imap_start a --login
	imap a 'a1 LOGIN bob builder'
	expect_only 'a1 NO [AUTHENTICATIONFAILED]'
	mboxadm user rename alice alicia
	imap a 'a2 LOGIN alice wonderland'
	expect_only 'a2 NO [AUTHENTICATIONFAILED]'
	imap a 'a3 LOGIN alicia wonderland'
	expect_only 'a3 OK'
}

@test "login: the session of a user who is deleted meanwhile ends with BYE" {
	imap_start a --user bob --select INBOX
	imap_start b --user bob
	mboxadm user delete bob
	imap_send a 'a1 NOOP'
	imap_eof a
	expect '* BYE'
	imap_send b 'b1 LIST "" *'
	imap_eof b
	expect '* BYE'
}
