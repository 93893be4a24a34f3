#!/usr/bin/env bats
# curl.bats - curl's imap:// URLs
# SPDX-License-Identifier: ISC
load ../lib/clients

imap_url() {
	curl -sS --max-time "$IMAP_TIMEOUT" -u alice:wonderland \
	    "imap://127.0.0.1:$IMAP_PORT/$1" "${@:2}"
}

setup() {
	need curl
	imap_setup
	imap_serve pid.client.
}

@test "curl: lists the mailboxes" {
	run imap_url ''
	((status == 0))
	[[ $output == *'INBOX'* && $output == *'"shared\\sales"'* ]]
}

@test "curl: fetches every message of INBOX, and their sizes are right" {
	local count i size
	read -r count _ <<<"$(status alice INBOX)"
	((count > 10))
	for ((i = 1; i <= count; i++)); do
		imap_url "INBOX;MAILINDEX=$i" >"$BATS_TEST_TMPDIR/message"
		size=$(imap_url INBOX -X "FETCH $i RFC822.SIZE")
		size=${size##*RFC822.SIZE }
		same "${size%%)*}" "$(stat -c %s "$BATS_TEST_TMPDIR/message")"
	done
}

@test "curl: a section, by UID" {
	run imap_url 'INBOX;UID=1;SECTION=HEADER.FIELDS%20(SUBJECT)'
	((status == 0))
	[[ $output == 'Subject: '* ]]
}

@test "curl: searches" {
	run imap_url INBOX -X 'SEARCH ALL'
	[[ $output == '* SEARCH 1 2 3 '* ]]
	run imap_url 'INBOX?NEW'
	((status == 0))
}

@test "curl: appends a file, which comes back the same" {
	local before
	read -r before _ <<<"$(status alice Drafts)"
	printf 'Subject: from curl\r\n\r\nöctets\r\n' >"$BATS_TEST_TMPDIR/new"
	imap_url Drafts -T "$BATS_TEST_TMPDIR/new"
	same "$((before + 1))" "$(status alice Drafts | cut -d ' ' -f 1)"
	imap_url "Drafts;MAILINDEX=$((before + 1))" >"$BATS_TEST_TMPDIR/back"
	cmp "$BATS_TEST_TMPDIR/new" "$BATS_TEST_TMPDIR/back"
}

@test "curl: SASL PLAIN, and a wrong password" {
	imap_url '' --login-options AUTH=PLAIN
	run curl -sS -u alice:wrong "imap://127.0.0.1:$IMAP_PORT/"
	((status == 67))
}

@test "curl: a mailbox with blanks and one with a backslash" {
	mboxadm mailbox create alice 'Two Words'
	imap_url 'Two%20Words' -X 'EXAMINE "Two Words"'
	imap_url 'shared%5Csales' -X 'NOOP'
}
