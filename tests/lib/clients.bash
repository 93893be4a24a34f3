# clients.bash - real mail programs against the demo store, for bats
# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# Each test has a fresh copy of the demo store, served on 127.0.0.1:$IMAP_PORT
# as an inetd-style listener would; clients log in as alice, wonderland.

load ../lib/imap

setup_file() {
	imap_setup_file
	export TEMPLATE=$BATS_FILE_TMPDIR/demo
	"$TESTS_DIR/../demo/make-demo" "$TEMPLATE"
}

setup() {
	imap_setup
	imap_serve pid.client.
	export HOME=$BATS_TEST_TMPDIR/home
	mkdir "$HOME"
}

need() {
	command -v "$1" >/dev/null || skip "$1 is not installed"
}

# status USER MAILBOX: messages and unseen, as mboxadm has them.
status() {
	mboxadm mailbox status "$1" "$2" | cut -f 2,3 | tr '\t' ' '
}
