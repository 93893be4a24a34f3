#!/usr/bin/env bats
# mime-differ.bats - broken mail: src/mail beside GMime and Python's email
# SPDX-License-Identifier: ISC
#
# MIME_MESSAGES and MIME_SEED in the environment make it longer.
load ../lib/imap

# The peers, and so what they differ in, are those of Debian.
differ() {
	/usr/bin/python3 "$TESTS_DIR/lib/mime-differ.py" \
	    "$MSGSTORE_BUILD/tests/tools/mime-ours" "$@"
}

@test "Broken mail: what differs from GMime and Python's email is explained" {
	gmime=$MSGSTORE_BUILD/tests/tools/mime-gmime
	[[ -x $gmime ]] || skip 'configure found no gmime-3.0'
	differ "$gmime" "${MIME_SEED:-1}" "${MIME_MESSAGES:-600}"
}

@test "Broken mail: the same beside Python's email alone" {
	differ '' "${MIME_SEED:-2}" "${MIME_MESSAGES:-600}"
}

@test "Broken mail: a difference that no rule explains fails" {
	gmime=$MSGSTORE_BUILD/tests/tools/mime-gmime
	[[ -x $gmime ]] || skip 'configure found no gmime-3.0'
	run /usr/bin/python3 "$TESTS_DIR/lib/mime-differ.py" \
	    "$MSGSTORE_BUILD/tests/tools/mime-ours" "$gmime" 1 50 \
	    --without an-encoded-word-as-parameter
	[[ $status -eq 1 && $output == *UNEXPLAINED* ]]
}
