# auth-app.bats - app passwords
# SPDX-License-Identifier: ISC
# shellcheck shell=bash
load ../lib/imap

# add USER LABEL [OPTION ...]: makes an app password, into PASSWORD.
add() {
	PASSWORD=$(mboxadm app-password add "$@" | sed -n $'s/^password\t//p')
	[[ $PASSWORD =~ ^([a-z2-9]{5}-){4}[a-z2-9]{5}$ ]]
}

# login NAME USER PASSWORD WANT
login() {
	imap_start "$1" --login
	imap "$1" "l1 LOGIN $2 $3"
	expect_only "l1 $4"
	imap_close "$1"
}

@test "app passwords: log in beside the user's password" {
	add alice phone
	local phone=$PASSWORD plain
	add alice 'old laptop'
	[[ $PASSWORD != "$phone" ]]
	login a alice "$phone" OK
	login b alice "$PASSWORD" OK
	login c ALICE "\"${phone^^}\"" OK
	login d alice "\"${phone//-/ }\"" OK
	login e alice "${phone//-}" OK
	login f alice wonderland OK
	login g bob "$phone" 'NO [AUTHENTICATIONFAILED]'
	login h alice "${phone}a" 'NO [AUTHENTICATIONFAILED]'
	login i alice aaaaa-aaaaa-aaaaa-aaaaa-aaaaa 'NO [AUTHENTICATIONFAILED]'
	plain=$(printf '\0alice\0%s' "$phone" | base64 -w 0)
	imap_start j --login
	imap j "j1 AUTHENTICATE PLAIN $plain"
	expect_only 'j1 OK'
}

@test "app passwords: for a user without a password" {
	add carol phone
	login a carol "$PASSWORD" OK
	login b carol '""' 'NO [AUTHENTICATIONFAILED]'
}

@test "app passwords: are listed with their last use, and revoked" {
	add alice phone
	run -0 mboxadm app-password list alice
	[[ $output =~ ^phone$'\t'[0-9T:-]+Z$'\t'-$'\t'-$ ]]
	login a alice "$PASSWORD" OK
	run -0 mboxadm app-password list alice --json
	[[ $output == *"\"used\": \"$(date -u +%F)\""* ]]
	run -0 mboxadm user show alice
	[[ $output == *$'app-passwords\t1'* && $output == *$'scram\tyes'* ]]
	mboxadm app-password revoke alice phone
	login b alice "$PASSWORD" 'NO [AUTHENTICATIONFAILED]'
	run -0 mboxadm app-password list alice
	same '' "$output"
}

@test "app passwords: expire, which is told to who knows them (RFC 5530 3)" {
	add alice phone --expires 1s
	local deadline=$((SECONDS + IMAP_TIMEOUT))
	run -0 mboxadm app-password list alice
	[[ $output == *Z$'\t'-$'\t'*Z ]]
	# Until the clock has passed it.
	as_owner sqlite3 "$MSGSTORE/auth.db" \
	    'UPDATE app_passwords SET expires = expires - 10'
	login a alice "$PASSWORD" 'NO [EXPIRED]'
	expect_log 'login failed user=alice address=127.0.0.1 reason=expired'
	add alice later --expires 90d
	login b alice "$PASSWORD" OK
}

@test "app passwords: follow the user, and go with it" {
	add alice phone
	mboxadm user rename alice alicia
	login a alicia "$PASSWORD" OK
	mboxadm user delete alicia
	mboxadm user add --no-password alicia
	login b alicia "$PASSWORD" 'NO [AUTHENTICATIONFAILED]'
	same 0 "$(as_owner sqlite3 "$MSGSTORE/auth.db" \
	    'SELECT count(*) FROM app_passwords')"
}

@test "app passwords: only a hash is stored" {
	add alice phone
	run ! grep -aq "${PASSWORD:0:11}" "$MSGSTORE"/auth.db*
	run ! grep -aq "${PASSWORD//-}" "$MSGSTORE"/auth.db*
}

@test "mboxadm app-password: what is wrong" {
	add alice phone
	run -65 mboxadm app-password add alice phone
	run -67 mboxadm app-password add mallory phone
	run -67 mboxadm app-password list mallory
	run -65 mboxadm app-password revoke alice tablet
	run -65 mboxadm app-password add alice ''
	run -65 mboxadm app-password add alice $'a\tb'
	run -65 mboxadm app-password add alice $'\xff'
	run -64 mboxadm app-password add alice x --expires soon
	run -64 mboxadm app-password add alice x --expires 0
	run -64 mboxadm app-password add alice
	run -0 mboxadm app-password add alice $'K\xc3\xbcche' --json
	[[ $output == *'"password": "'* && $output == *'"expires": null'* ]]
}
