#!/usr/bin/env bats
# resync.bats - clients that were away, brought up to date in every way there is
# SPDX-License-Identifier: ISC
#
# RESYNC_SECONDS=600 RESYNC_SEED=1 tests/run tests/bats/resync.bats is the long
# form: so many seconds for each of three seeds from that one on.
load ../lib/imap

@test "QRESYNC, CONDSTORE, VANISHED and a fresh look all agree (RFC 7162 6)" {
	local seed first=${RESYNC_SEED:-1}

	printf 'expunge-retention = 0\ntombstone-retention = 0\n' \
	    >"$BATS_TEST_TMPDIR/purge.conf"
	for ((seed = first; seed < first + 3; seed++)); do
		python3 "$TESTS_DIR/lib/resync.py" "$MSGSTORE_BUILD/imapd" \
		    "$MSGSTORE_BUILD/mboxadm" "$BATS_TEST_TMPDIR/purge.conf" \
		    alice "$seed" "${RESYNC_SECONDS:-6}"
	done
	mboxadm check
}
