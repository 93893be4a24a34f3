#!/usr/bin/env bats
# offlineimap.bats - two-way synchronisation with a Maildir by offlineimap3
# SPDX-License-Identifier: ISC
load ../lib/clients

setup() {
	need offlineimap
	imap_setup
	imap_serve pid.client.
	export HOME=$BATS_TEST_TMPDIR/home
	mkdir -p "$HOME/mail"
}

# offlineimap_setup DELIMITER
offlineimap_setup() {
	conf "delimiter = $1"
	cat >"$HOME/.offlineimaprc" <<-EOT
	[general]
	accounts = test
	maxsyncaccounts = 1
	metadata = $HOME/metadata
	[Account test]
	localrepository = near
	remoterepository = far
	[Repository near]
	type = Maildir
	localfolders = $HOME/mail
	sep = /
	[Repository far]
	type = IMAP
	remotehost = 127.0.0.1
	remoteport = $IMAP_PORT
	remoteuser = alice
	remotepass = wonderland
	ssl = no
	starttls = no
	idlefolders = []
	# It does not quote "\" where it quotes a name with a space in it.
	folderfilter = lambda name: '/' == '${1/\\/x}' or ' ' not in name
	# Compressed it waits for ever when one read inflates to more than 32 KB.
	usecompression = no
	EOT
}

sync() {
	run timeout -k 10 120 offlineimap -o -u basic
	printf '%s\n' "${lines[@]}"
	((status == 0))
	[[ $output != *ERROR* && $output != *Traceback* ]]
}

near() {
	find "$HOME/mail/$1/cur" "$HOME/mail/$1/new" -type f 2>/dev/null | wc -l
}

both_ways() {
	local d=$1 name count file
	offlineimap_setup "$d"
	imap_start a
	imap_serve pid.client.
	imap_ok a "a0 CREATE \"Work${d/\\/\\\\}Plans\""
	append a "\"Work${d/\\/\\\\}Plans\"" "Subject: plan$CRLF$CRLF" '(\Flagged)'
	sync
	for name in INBOX Drafts Sent Trash Archive; do
		read -r count _ <<<"$(status alice "$name")"
		same "$count" "$(near "$name")" || die "in $name"
	done
	same 1 "$(near Work/Plans)"
	read -r count _ <<<"$(status alice INBOX)"

	# A new one here, one deleted here; one expunged there, a new one there.
	printf 'Message-ID: <here@example.org>\nSubject: from here\n\nbody\n' \
	    >"$HOME/mail/INBOX/new/1.test.here"
	file=$(find "$HOME/mail/Work/Plans/cur" "$HOME/mail/Work/Plans/new" -type f)
	rm "$file"
	imap_ok a 'a1 SELECT INBOX'
	imap_ok a 'a2 UID STORE 1 +FLAGS.SILENT (\Deleted)'
	imap_ok a 'a3 EXPUNGE'
	append a INBOX "Subject: from there$CRLF$CRLF" '(\Seen)'
	sync
	same "$((count + 1))" "$(near INBOX)"
	same "$((count + 1))" "$(status alice INBOX | cut -d ' ' -f 1)"
	same 0 "$(status alice "Work${d}Plans" | cut -d ' ' -f 1)"
	sync
	same "$((count + 1))" "$(near INBOX)"
}

@test "offlineimap: both ways, delimiter \\" {
	both_ways \\
}

@test "offlineimap: both ways, delimiter /" {
	both_ways /
}
