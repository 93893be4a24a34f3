#!/usr/bin/env bats
# capability.bats - the words of CAPABILITY, and where they are written down
# SPDX-License-Identifier: ISC
load ../lib/imap

# Configurations, settings with | between, that make sessions announce different words.
# shellcheck disable=SC2034
ANNOUNCING=(
	''
	'cleartext-login = no'
	'message-limit = 1000'
	'save-limit = 1000'
	'capabilities-off = LITERAL+'
	'unauthenticate = yes'
	'oauth-helper = /bin/cat'
	'auth-mechanisms = LOGIN'
	'tls-certificate = /etc/ssl/mail.pem|tls-key = /etc/ssl/mail.key'
)

# Words of mechanisms that only TLS brings: starttls.bats sees those.
TLS_ONLY='^AUTH=(.*-PLUS|EXTERNAL)$'

# words_of SESSION: what CAPABILITY lists, limits without their numbers, one a
# line.
words_of() {
	imap_ok "$1" 'w1 CAPABILITY' >/dev/null
	[[ ${ANSWER[0]} == '* CAPABILITY '* ]] || die "${ANSWER[0]}"
	tr ' ' '\n' <<<"${ANSWER[0]#\* CAPABILITY }" | sed 's/LIMIT=[0-9][0-9]*$/LIMIT/'
}

# All that is announced in some configuration, before or after login.
announced() {
	local line
	for line in "${ANNOUNCING[@]}"; do
		tr '|' '\n' <<<"$line" >"$MSGSTORE_CONF"
		imap_start a --login >/dev/null
		words_of a
		imap_close a
		imap_start a >/dev/null
		words_of a
		imap_close a
	done | sort -u
}

@test "CAPABILITY: each word is there once" {
	local start
	for start in --login '--user alice'; do
		# shellcheck disable=SC2086
		imap_start a $start
		same '' "$(words_of a | sort | uniq -d)"
		imap_close a
	done
}

@test "CAPABILITY: msgstore-capabilities(7) lists the words with their RFCs" {
	local page=$TESTS_DIR/../man/msgstore-capabilities.7
	same "$(announced)" "$(sed -nE \
	    's/^\.It ([^ ]+) Ta (RFC [0-9]+|draft-[^ ]+|\\-) Ta .+$/\1/p' "$page" |
	    grep -vE "$TLS_ONLY" | sort)"
	# In order, so that a word is found.
	sed -nE 's/^\.It ([^ ]+) Ta (RFC|draft).*/\1/p' "$page" |
		LC_ALL=C sort -c -f
}

@test "CAPABILITY: README.md lists the same words with the same RFCs" {
	same "$(sed -nE 's/^\.It ([^ ]+) Ta (RFC ([0-9]+)|(draft-[^ ]+)) Ta .*/\1 \3\4/p' \
	    "$TESTS_DIR/../man/msgstore-capabilities.7")" \
	    "$(sed -nE 's/^\| ([A-Za-z0-9=+-]+) \| ([0-9]{4,5}|draft-[^ ]+) \|$/\1 \2/p' \
	    "$TESTS_DIR/../README.md")"
}

@test "capabilities-off: every word that is not the base can be taken away" {
	local word off=() left
	imap_start a --login
	mapfile -t off < <(words_of a; imap_close a; imap_start a >/dev/null; words_of a)
	conf "capabilities-off = ${off[*]} LITERAL-"
	imap_start b --login
	left=$(words_of b)
	same IMAP4rev1 "$left"
}

@test "capabilities-off: of a user, after login, beside those of all" {
	conf 'capabilities-off = NAMESPACE'
	mboxadm user set alice capabilities-off 'idle  UNSELECT LIST-EXTENDED'
	imap_start a --login
	imap a 'a1 CAPABILITY'
	expect '~ IDLE( |$)'
	imap a 'a2 LOGIN alice wonderland'
	expect '~^a2 OK \[CAPABILITY '
	refute '~ (IDLE|UNSELECT|NAMESPACE|LIST-EXTENDED)[] ]'
	imap a 'a3 CAPABILITY'
	refute '~ (IDLE|UNSELECT|NAMESPACE|LIST-EXTENDED)( |$)'
	expect '~ UIDPLUS( |$)'
	local line
	for line in IDLE NAMESPACE UNSELECT 'LIST () "" *'; do
		imap a "a4 $line"
		expect_only 'a4 BAD'
	done
	imap_start b --user bob
	imap b 'b1 CAPABILITY'
	expect '~ IDLE( |$)'
	refute '~ NAMESPACE( |$)'
}

@test "capabilities-off: of a user, shown, and taken back" {
	mboxadm user set alice capabilities-off 'ENABLE ID'
	mboxadm user show alice | grep -qx $'capabilities-off\tENABLE,ID'
	imap_start a
	imap a 'a1 ENABLE IMAP4rev2'
	expect_only 'a1 BAD'
	mboxadm user set ALICE capabilities-off ''
	mboxadm user show alice --json | grep -q -F '"capabilities-off": []'
	# A session that runs keeps what it has.
	imap a 'a2 ENABLE IMAP4rev2'
	expect_only 'a2 BAD'
	imap_start b
	imap_ok b 'b1 ENABLE IMAP4rev2'
}
