#!/usr/bin/env bats
# many.bats - many sessions and deliveries at once, each checked by a model
# SPDX-License-Identifier: ISC
load torture

# A listener and a store of a test's own, as in other bats files.
setup_file() { imap_setup_file; }
teardown_file() { imap_teardown_file; }
setup() { imap_setup; }
teardown() { imap_teardown; }

# Five shared mailboxes, and ten users who may do all with them.
many_setup() {
	local i j

	conf 'delimiter = /'
	for ((j = 0; j < 10; j++)); do
		mboxadm user add --no-password "u$j"
	done
	for ((i = 0; i < 5; i++)); do
		mboxadm shared add "t$i"
		for ((j = 0; j < 10; j++)); do
			mboxadm grant "t$i" "u$j" lrswipkxtea
		done
	done
}

# No log has more than how each session began and ended, and what was delivered:
# to the mailbox above when the one that was meant was just renamed; and, where some
# were killed, that others finished their moves and put aside what was left.
log_is_quiet() {
	local quiet='^imapd: (login|end) |^mboxadm: deliver: (to=|.* goes to )'

	[[ ${1:-} != --kill ]] ||
		quiet+='|messages that had been moved when the|is no message: '
	! grep -vE "$quiet" "$IMAP_LOG" ||
		die 'there should be nothing else in the log'
}

# many [--kill]
many() {
	local seed=${MANY_SEED:-$RANDOM} kill=${1:-}

	many_setup
	export MANY_LOG=$IMAP_LOG
	echo "MANY_SEED=$seed"
	! built_with_asan || set -- "$@" --sanitized
	# A hang is a failure too.
	timeout -k 5 "$(some 150 900)" python3 "$TESTS_DIR/torture/many.py" \
	    "$MSGSTORE_BUILD" "$(some 40 200)" "$(some 10 240)" "$seed" "$@"
	log_is_quiet "$kill"
	mboxadm check
}

@test "many sessions and deliveries: each sees what some order of them explains" {
	many
}

@test "many sessions and deliveries, killed at random: the same" {
	# What looks for leaks when a process ends complains when that is killed
	# meanwhile; the test above looks for them.
	ASAN_OPTIONS+=:detect_leaks=0
	many --kill
}
