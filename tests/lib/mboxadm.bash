# mboxadm.bash - stores, messages and damage, for the tests of mboxadm
# SPDX-License-Identifier: ISC
# shellcheck shell=bash disable=SC2154 # what run of bats sets
#
# A store for each test as in imap.bash, which this builds upon, but no listener:
# sessions are not needed.
# shellcheck source=tests/lib/imap.bash
. "${BASH_SOURCE[0]%/*}/imap.bash"

setup_file() {
	build_find
	owner_find
	chmod go+x "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/*/ 2>/dev/null || :
	chmod 1777 "$BATS_FILE_TMPDIR"
	san_options "$BATS_FILE_TMPDIR"
	template_make
}

teardown_file() { :; }

setup() {
	imap_setup
	cd "$BATS_TEST_TMPDIR" || return
	umask 022
}

teardown() { imap_teardown; }

# mail SUBJECT [BODY]: a message with LF.
mail() {
	printf 'From: a@example.org\nSubject: %s\n\n%s\n' "$1" "${2:-body of $1}"
}

# deliver TO SUBJECT ...: one message for each subject.
deliver() {
	local to=$1 subject
	shift

	for subject in "$@"; do
		mail "$subject" | mboxadm deliver "$to" 2>>deliver.log
	done
}

# dir_of USER MAILBOX: the mailbox's directory.
dir_of() {
	echo "$MSGSTORE/users/$1/$(mboxadm mailbox status "$1" "$2" | cut -f 9)"
}

# sql FILE SQL: as the store's user, so that no file changes its owner.
sql() {
	as_owner sqlite3 "$1" "$2"
}

# messages USER MAILBOX: all of it as mbox.
messages() {
	mboxadm export mbox "$1" "$2" - 2>/dev/null
}

# subjects USER MAILBOX: one a line, in order.
subjects() {
	messages "$1" "$2" | sed -n 's/^Subject: //p'
}

# json FILTER: standard input must be JSON; prints a Python expression of it (d).
json() {
	python3 -c 'import json, sys
d = json.load(sys.stdin)
r = eval(sys.argv[1])
print(r if isinstance(r, str) else json.dumps(r))' "$1"
}

# fails STATUS COMMAND ...: with this exit status, and words on stderr.
fails() {
	local want=$1
	shift

	run --separate-stderr "$@"
	[[ $status -eq $want ]] ||
		die "exit status $status, not $want: $* ($output $stderr)" || return
	[[ -n $stderr ]] || die "nothing on stderr: $*"
}

# says TEXT: the last command's stderr holds it.
says() {
	[[ $stderr == *"$1"* ]] || die "not on stderr: $1 ($stderr)"
}
