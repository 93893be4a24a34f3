#!/usr/bin/env bats
# interimap.bats - two accounts kept the same by interimap, which needs QRESYNC
# SPDX-License-Identifier: ISC
load ../lib/clients

setup() {
	need interimap
	imap_setup
	imap_serve pid.client.
	export HOME=$BATS_TEST_TMPDIR/home
	mkdir -p "$HOME"
	export XDG_CONFIG_HOME=$HOME/.config XDG_DATA_HOME=$HOME/.local/share
	mkdir -p "$XDG_CONFIG_HOME/interimap" "$XDG_DATA_HOME"
}

# interimap_setup DELIMITER: alice is here, bob is there.
interimap_setup() {
	conf "delimiter = $1"
	cat >"$XDG_CONFIG_HOME/interimap/config" <<-EOT
	database = test.db
	list-mailbox = INBOX Work* New
	[local]
	type = imap
	host = 127.0.0.1
	port = $IMAP_PORT
	STARTTLS = NO
	username = alice
	password = wonderland
	[remote]
	type = imap
	host = 127.0.0.1
	port = $IMAP_PORT
	STARTTLS = NO
	username = bob
	password = builder
	EOT
	chmod 600 "$XDG_CONFIG_HOME/interimap/config"
}

sync() {
	run timeout -k 10 60 interimap
	printf '%s\n' "${lines[@]}"
	((status == 0))
}

# The two have the same number of messages, and of unseen ones.
alike() {
	same "$(status alice "$1")" "$(status bob "$1")" || die "in $1"
}

both_ways() {
	local d=$1 plans="\"Work${1/\\/\\\\}Plans\"" count
	interimap_setup "$d"
	imap_start a
	imap_start b --user bob
	imap_serve pid.client.
	imap_ok b "b1 CREATE $plans"
	append b "$plans" "Subject: plan$CRLF$CRLF" '(\Flagged)'
	sync
	alike INBOX
	alike "Work${d}Plans"
	read -r count _ <<<"$(status alice INBOX)"
	((count > 10))

	# A message expunged here, one marked there, a new one on each side.
	imap_ok a 'a1 SELECT INBOX'
	imap_ok a 'a2 UID STORE 1 +FLAGS.SILENT (\Deleted)'
	imap_ok a 'a3 EXPUNGE'
	imap_ok b "b2 SELECT $plans"
	imap_ok b 'b3 STORE 1 +FLAGS.SILENT (\Seen $Work)'
	append a INBOX "Subject: from here$CRLF$CRLF"
	append b INBOX "Subject: from there$CRLF$CRLF"
	imap_ok a 'a4 CREATE New'
	append a New "Subject: in a new mailbox$CRLF$CRLF"
	sync
	alike INBOX
	same "$((count + 1))" "$(status bob INBOX | cut -d ' ' -f 1)"
	alike "Work${d}Plans"
	alike New
	imap_ok a "a5 SELECT $plans"
	imap_ok a 'a6 FETCH 1 FLAGS'
	expect_flags 1 '\Flagged' '\Seen' '$Work'
	# Nothing is left to do, and nothing comes twice.
	sync
	same "$((count + 1))" "$(status alice INBOX | cut -d ' ' -f 1)"
	alike INBOX
}

@test "interimap: both ways, with QRESYNC, delimiter \\" {
	both_ways \\
}

@test "interimap: both ways, with QRESYNC, delimiter /" {
	both_ways /
}

@test "interimap: both ways, compressed" {
	interimap_setup \\
	sed -i 's/^STARTTLS.*/&\ncompress = YES/' "$XDG_CONFIG_HOME/interimap/config"
	sync
	alike INBOX
}

@test "interimap: watches by NOTIFY or IDLE, and brings what is new at once" {
	local pid deadline
	interimap_setup \\
	sync
	# First: what connects meanwhile would be served as this one is.
	imap_start a
	imap_serve pid.client.
	timeout -k 10 60 interimap --watch=60 >"$HOME/log" 2>&1 3>&- &
	pid=$!
	deadline=$((SECONDS + IMAP_TIMEOUT))
	append a INBOX "Subject: at once$CRLF$CRLF"
	until [[ $(status alice INBOX) == "$(status bob INBOX)" ]]; do
		((SECONDS < deadline)) || { cat "$HOME/log"; die 'not brought'; }
		sleep 0.1
	done
	kill "$pid"
	wait "$pid" || :
}
