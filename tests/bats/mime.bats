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
