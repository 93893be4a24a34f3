#!/usr/bin/env bats
# imaplib.bats - Python's imaplib
# SPDX-License-Identifier: ISC
load ../lib/clients

session() {
	need python3
	conf "delimiter = $1"
	PYTHONDONTWRITEBYTECODE=1 python3 "$TESTS_DIR/clients/imaplib-session.py" \
	    "$IMAP_PORT" "$1"
}

@test "imaplib: a long session, delimiter \\" {
	session '\'
}

@test "imaplib: a long session, delimiter /" {
	session /
}

@test "imaplib: a long session, delimiter ." {
	session .
}
