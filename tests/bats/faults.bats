#!/usr/bin/env bats
# faults.bats - a system call that fails, or that the process does not survive
# SPDX-License-Identifier: ISC
#
# strace makes the n-th of the calls that put a message on the disk fail, or
# kills the process there, for each n up to where a command is done without.
load ../lib/imap

setup() {
	command -v strace >/dev/null || skip 'strace is not installed'
	build_find
	! built_with_asan || skip 'the build has AddressSanitizer'
	imap_setup
	# strace cannot look into a process that forbids it.
	conf 'sandbox = no'
	PREPARED=$BATS_TEST_TMPDIR/prepared
}

# prepare: what the store is now is what each round begins with.
prepare() {
	rm -rf "$PREPARED"
	cp -a "$MSGSTORE" "$PREPARED"
}

# round CALL NUMBER ACTION LINE ...: run a command with that fault, in a fresh
# copy of the store.  Sets TOLD (OK, NO or nothing); fails where the call did not
# come so often.
round() {
	local -; set +T
	local call=$1 n=$2 action=$3 pid
	shift 3
	rm -rf "$MSGSTORE"
	cp -a "$PREPARED" "$MSGSTORE"
	rm -f "$BATS_TEST_TMPDIR/calls"
	cat >"$BATS_TEST_TMPDIR/faulty" <<-END
		#!/bin/sh
		exec strace -f -qq -o '$BATS_TEST_TMPDIR/calls' -e 'trace=$call' \\
		    -e 'inject=$call:$action:when=$n' '$MSGSTORE_BUILD/imapd' "\$@"
	END
	chmod 755 "$BATS_TEST_TMPDIR/faulty"
	IMAP_PROGRAM=$BATS_TEST_TMPDIR/faulty
	imap_start f --no-greeting
	unset IMAP_PROGRAM
	pid=$(imap_pid f)
	TOLD=
	imap_send_raw f "f0 SELECT work$CRLF$*$CRLF"
	ANSWER=()
	while imap_read f; do
		[[ ${ANSWER[-1]} != f1\ * ]] || { TOLD=${ANSWER[-1]:3:2}; break; }
	done
	imap_close f
	process_ends "$pid"
	grep -qE 'INJECTED|killed by SIGKILL' "$BATS_TEST_TMPDIR/calls"
}

# The messages' texts in a mailbox, sorted, with a blank between.
texts() {
	local -; set +T
	local line all=()

	imap_start t --select "$1" >/dev/null
	imap t 't1 FETCH 1:* BODY.PEEK[]' >/dev/null
	for line in "${ANSWER[@]}"; do
		[[ $line != *'BODY[] {'* ]] || {
			line=${line#*"$CRLF"}
			all+=("${line%)}")
		}
	done
	imap_close t
	printf '%s\n' "${all[@]}" | sort | tr '\n' ' ' | sed 's/ *$//'
}

# faults CHECK LINE: each call, each action.
faults() {
	local check=$1 call action n step rounds=0
	shift
	prepare
	for call in fdatasync fsync linkat pwrite64; do
		for action in error=EIO signal=KILL; do
			step=1
			[[ $call != pwrite64 ]] || step=7	# it comes often
			for ((n = 1; n < 300; n += step)); do
				round "$call" "$n" "$action" "$@" || break
				rounds=$((rounds + 1))
				"$check" || die "$call $n $action: told '$TOLD'"
				mboxadm check alice >"$BATS_TEST_TMPDIR/check" ||
				    { cat "$BATS_TEST_TMPDIR/check"; die "$call $n $action"; }
			done >"$BATS_TEST_TMPDIR/rounds" || {
				tail -n 40 "$BATS_TEST_TMPDIR/rounds"
				return 1
			}
		done
	done
	echo "$rounds faults"
	((rounds >= 15))
}

replaced() {
	case $TOLD in
	OK) same 'new' "$(texts work)" ;;
	NO) same 'old' "$(texts work)" ;;
	*) [[ $(texts work) =~ ^(old|new)$ ]] ;;
	esac
}

@test "REPLACE: a fault at each step leaves the old message or the new one (RFC 8508 3.4)" {
	imap_start a
	imap_ok a 'a1 CREATE work'
	append a work old
	imap_ok a 'a2 LOGOUT'
	imap_close a
	faults replaced "f1 REPLACE 1 work {3+}${CRLF}new"
}

moved() {
	local here there
	here=$(texts work) there=$(texts other)
	case $TOLD in
	OK) same '/new' "$here/$there" ;;
	NO) same 'old/' "$here/$there" ;;
	# Killed between the two commits it is mended by who looks next.
	*) [[ $here/$there =~ ^(old/|/new)$ ]] ;;
	esac
}

@test "REPLACE: into another mailbox, a fault at each step loses nothing" {
	imap_start a
	imap_ok a 'a1 CREATE work'
	imap_ok a 'a2 CREATE other'
	append a work old
	imap_ok a 'a3 LOGOUT'
	imap_close a
	faults moved "f1 REPLACE 1 other {3+}${CRLF}new"
}

appended() {
	case $TOLD in
	OK) same 'one three two' "$(texts work)" ;;
	NO) same '' "$(texts work)" ;;
	*) [[ $(texts work) =~ ^('one three two')?$ ]] ;;
	esac
}

@test "MULTIAPPEND: a fault at each step leaves all or nothing (RFC 3502 6.3.11)" {
	imap_start a
	imap_ok a 'a1 CREATE work'
	imap_ok a 'a2 LOGOUT'
	imap_close a
	faults appended "f1 APPEND work (Key) {3+}${CRLF}one (Other) {3+}${CRLF}two {5+}${CRLF}three"
}

# What could not be read was taken for what is not there: messages were lost, or
# came back under new UIDs, and the repair told of no failure.
@test "check --repair: a directory that cannot be read for a moment loses nothing" {
	local n dir
	imap_start a
	imap_ok a 'a1 CREATE work'
	append a work one
	append a work two
	imap_ok a 'a2 LOGOUT'
	imap_close a
	dir=$MSGSTORE/users/alice/$(mboxadm mailbox status alice work | cut -f 9)
	rm "$dir"/messages.db*
	prepare
	for ((n = 1; n <= 24; n++)); do
		rm -rf "$MSGSTORE"
		cp -a "$PREPARED" "$MSGSTORE"
		strace -f -qq -o "$BATS_TEST_TMPDIR/calls" -e trace=getdents64 \
		    -e "inject=getdents64:error=EIO:when=$n" \
		    "$MSGSTORE_BUILD/mboxadm" check --repair >/dev/null 2>&1 || :
		mboxadm check --repair >/dev/null || :
		mboxadm check >"$BATS_TEST_TMPDIR/check" ||
			{ cat "$BATS_TEST_TMPDIR/check"; die "call $n"; }
		same 'one two' "$(texts work)"
		imap_start u --select work
		imap u 'u1 UID SEARCH ALL'
		expect '* SEARCH 1 2'
		imap_close u
		grep -q INJECTED "$BATS_TEST_TMPDIR/calls" || break
	done
	((n > 5))
}
