#!/usr/bin/env bats
# model.bats - many random steps of several sessions, checked by clients that count
# SPDX-License-Identifier: ISC
load ../lib/imap

@test "four sessions play at random and all agree with a fresh one (RFC 3501 7.4)" {
	local seed

	for seed in 1 2 3; do
		python3 "$TESTS_DIR/lib/model.py" \
		    "$MSGSTORE_BUILD/imapd" alice "$seed" 700
	done
	mboxadm check
}
