#!/usr/bin/env bats
# imapflow.bats - sessions of the npm package imapflow, which likes extensions
# SPDX-License-Identifier: ISC
load ../lib/clients

setup_file() {
	imap_setup_file
	export TEMPLATE=$BATS_FILE_TMPDIR/demo
	"$TESTS_DIR/../demo/make-demo" "$TEMPLATE"
	export NODE_PATH=$BATS_FILE_TMPDIR/node_modules
	command -v npm >/dev/null || return 0
	# The registry may be out of reach.
	HOME=$BATS_FILE_TMPDIR timeout -k 10 100 npm install --silent --no-audit \
	    --no-fund --no-save --fetch-retries=1 --fetch-timeout=20000 \
	    --prefix "$BATS_FILE_TMPDIR" imapflow@1 \
	    >"$BATS_FILE_TMPDIR/npm.log" 2>&1 3>&- || :
}

# session DELIMITER
session() {
	need npm
	[[ -d $NODE_PATH/imapflow ]] ||
		skip 'npm cannot install imapflow: its registry is not reachable'
	conf "delimiter = $1"
	imap_serve pid.client.
	timeout -k 5 60 node "$TESTS_DIR/clients/imapflow.js" "$IMAP_PORT" "$1"
}

@test "imapflow: mailboxes, messages, news by IDLE with QRESYNC, delimiter \\" {
	session \\
}

@test "imapflow: the same, delimiter /" {
	session /
}
