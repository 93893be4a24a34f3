#!/usr/bin/env bats
# capability.bats - the words of CAPABILITY, and where they are written down
# SPDX-License-Identifier: ISC
load ../lib/imap

# Configurations, a setting a line, that make sessions announce different words.
# shellcheck disable=SC2034
ANNOUNCING=(
	''
	'cleartext-login = no'
)

# words_of SESSION: what CAPABILITY lists, without what follows '=' where that
# is a number, one a line.
words_of() {
	imap_ok "$1" 'w1 CAPABILITY' >/dev/null
	[[ ${ANSWER[0]} == '* CAPABILITY '* ]] || die "${ANSWER[0]}"
	tr ' ' '\n' <<<"${ANSWER[0]#\* CAPABILITY }" | sed 's/=[0-9][0-9]*$//'
}

# All that is announced in some configuration, before or after login.
announced() {
	local line
	for line in "${ANNOUNCING[@]}"; do
		: >"$MSGSTORE_CONF"
		[[ -z $line ]] || conf "$line"
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
	    's/^\.It ([^ ]+) Ta (RFC [0-9]+|draft-[^ ]+) Ta .+$/\1/p' "$page" | sort)"
	# In order, so that a word is found.
	sed -nE 's/^\.It ([^ ]+) Ta (RFC|draft).*/\1/p' "$page" |
		LC_ALL=C sort -c -f
}

@test "CAPABILITY: README.md lists the same words with the same RFCs" {
	same "$(sed -nE 's/^\.It ([^ ]+) Ta (RFC ([0-9]+)|(draft-[^ ]+)) Ta .*/\1 \3\4/p' \
	    "$TESTS_DIR/../man/msgstore-capabilities.7")" \
	    "$(sed -nE 's/^\| ([A-Za-z0-9=+-]+) \| ([0-9]{4}|draft-[^ ]+) \|$/\1 \2/p' \
	    "$TESTS_DIR/../README.md")"
}

@test "capabilities-off: every word that is not the base can be taken away" {
	local word off=() left
	imap_start a --login
	mapfile -t off < <(words_of a; imap_close a; imap_start a >/dev/null; words_of a)
	conf "capabilities-off = ${off[*]}"
	imap_start b --login
	left=$(words_of b)
	same IMAP4rev1 "$left"
}
