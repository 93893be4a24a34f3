#!/usr/bin/env bats
# mime.bats - body structures, parts and searches of generated messages
# SPDX-License-Identifier: ISC
load ../lib/imap

compare() {
	python3 "$TESTS_DIR/lib/mime-python.py" "$MSGSTORE_BUILD/imapd" alice "$@"
}

@test "FETCH and SEARCH: what is said of 250 messages is what Python's email says" {
	compare 1 250
}

@test "FETCH and SEARCH: the same of 250 others" {
	compare 2 250
}

@test "FETCH: the header ends where lines end in CR CR LF, too" {
	imap_start a
	append a INBOX "Subject: hello$CR$CRLF$CR${CRLF}Re: body$CR$CRLF"
	imap_ok a 's SELECT INBOX'
	imap_ok a 'a1 FETCH 1 (BODY ENVELOPE PREVIEW BODY.PEEK[TEXT])'
	expect '~BODY \("TEXT" .* 11 1\) ENVELOPE \(NIL "hello" NIL .* PREVIEW "Re: body" BODY\[TEXT\] \{11\}'
	imap_ok a 'a2 SEARCH BODY "re: body"'
	expect '=* SEARCH 1'
	imap_ok a 'a3 SEARCH HEADER Re ""'
	expect '=* SEARCH'
}
