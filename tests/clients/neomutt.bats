#!/usr/bin/env bats
# neomutt.bats - neomutt, driven by pushed keys
# SPDX-License-Identifier: ISC
load ../lib/clients

setup() {
	need neomutt
	need script
	imap_setup
	imap_serve pid.client.
	export HOME=$BATS_TEST_TMPDIR/home TERM=xterm
	mkdir "$HOME"
	cat >"$HOME/muttrc" <<-EOT
	set imap_user = alice
	set imap_pass = wonderland
	set ssl_starttls = no
	set ssl_force_tls = no
	set folder = imap://127.0.0.1:$IMAP_PORT/
	set spoolfile = +INBOX
	set record = +Sent
	set postponed = +Drafts
	set from = alice@example.org
	set sendmail = /bin/true
	set wait_key = no
	set delete = yes
	set move = no
	set quit = yes
	set confirmappend = no
	set confirmcreate = no
	set fast_reply = yes
	set abort_nosubject = no
	set abort_unmodified = no
	set editor = touch
	set copy = yes
	set recall = no
	set fcc_attach = yes
	set timeout = 1
	set imap_idle = no
	set mbox_type = mbox
	set header_cache = ''
	EOT
}

# Messages in the mbox that keys copied to; "From " may begin a line of text too.
copied() {
	grep -cE '^From .* [0-9]{2}:[0-9]{2}:[0-9]{2} [0-9]{4}$' "$HOME/copy"
}

# mutt MAILBOX KEYS: open it, type the keys; must end by itself.
mutt() {
	timeout -k 10 60 script -qec "stty rows 50 cols 132; neomutt -n -F '$HOME/muttrc' \
-f '$1' -e 'push \"$2\"'" /dev/null </dev/null >"$HOME/screen" 2>&1 ||
		die "neomutt ended with $?: $(tail -c 2000 "$HOME/screen")"
}

@test "neomutt: copies all messages of INBOX to a file" {
	local count
	read -r count _ <<<"$(status alice INBOX)"
	mutt +INBOX "<tag-pattern>~A<enter><tag-prefix><copy-message>$HOME/copy<enter><exit>"
	same "$count" "$(copied)"
}

@test "neomutt: saves a message to another mailbox, and deletes another" {
	local inbox archive
	read -r inbox _ <<<"$(status alice INBOX)"
	read -r archive _ <<<"$(status alice Archive)"
	mutt +INBOX '<first-entry><save-message>=Archive<enter><next-entry><delete-message><quit>'
	same "$((inbox - 2))" "$(status alice INBOX | cut -d ' ' -f 1)"
	same "$((archive + 1))" "$(status alice Archive | cut -d ' ' -f 1)"
}

@test "neomutt: flags a message" {
	imap_start a
	imap_ok a 'a1 SELECT INBOX'
	imap_ok a 'a2 STORE 1:* -FLAGS.SILENT (\Flagged)'
	imap_serve pid.client.
	mutt +INBOX '<first-entry><flag-message><sync-mailbox><quit>'
	imap_ok a 'a3 NOOP'
	imap_ok a 'a4 SEARCH FLAGGED'
	[[ ${ANSWER[0]} =~ ^'* SEARCH '[0-9]+$ ]]
}

# A backslash ends neomutt's idea of a URL: with the delimiter \ it opens only
# the mailboxes that are on top.
@test "neomutt: opens a nested and a shared mailbox, delimiter /" {
	conf 'delimiter = /'
	local count
	imap_start a
	imap_ok a 'a1 STATUS shared/sales (MESSAGES)'
	count=${ANSWER[0]##*MESSAGES }
	count=${count%)}
	imap_serve pid.client.
	mutt +shared/sales "<tag-pattern>~A<enter><tag-prefix><copy-message>$HOME/copy<enter><exit>"
	same "$count" "$(copied)"
	rm "$HOME/copy"
	mutt +Lists/builds "<tag-pattern>~A<enter><tag-prefix><copy-message>$HOME/copy<enter><exit>"
	same "$(status alice 'Lists/builds' | cut -d ' ' -f 1)" "$(copied)"
}

@test "neomutt: keeps a copy of what it sends in Sent" {
	local before
	read -r before _ <<<"$(status alice Sent)"
	printf 'hello bob\n' >"$HOME/file"
	mutt +INBOX "<mail>bob@example.org<enter>from mutt<enter><attach-file>$HOME/file<enter><send-message><quit>"
	same "$((before + 1))" "$(status alice Sent | cut -d ' ' -f 1)"
	imap_start a
	imap_ok a 'a1 SELECT Sent'
	imap_ok a 'a2 FETCH * (ENVELOPE BODYSTRUCTURE)'
	expect '~"from mutt"'
	expect '~"file"'
}

# Opens INBOX twice: the second time from its cache of headers, which QRESYNC or
# CONDSTORE brings up to date.
resync() {
	local count
	cat >>"$HOME/muttrc" <<-EOT
	set header_cache = $HOME/cache
	set $1
	EOT
	read -r count _ <<<"$(status alice INBOX)"
	mutt +INBOX '<last-entry><quit>'
	[[ -e $HOME/cache ]]
	imap_start a
	imap_ok a 'a1 SELECT INBOX'
	imap_ok a 'a2 UID STORE 2,4 +FLAGS.SILENT (\Deleted)'
	imap_ok a 'a3 EXPUNGE'
	imap_ok a 'a4 STORE 1:* -FLAGS.SILENT (\Flagged)'
	imap_ok a 'a5 UID STORE 5 +FLAGS.SILENT (\Flagged)'
	append a INBOX "Subject: later$CRLF$CRLF"
	imap_serve pid.client.
	mutt +INBOX "<tag-pattern>~A<enter><tag-prefix><copy-message>$HOME/copy<enter><exit>"
	same "$((count - 1))" "$(copied)"
	rm "$HOME/copy"
	mutt +INBOX "<tag-pattern>~F<enter><tag-prefix><copy-message>$HOME/copy<enter><exit>"
	same 1 "$(copied)"
}

@test "neomutt: comes back to its header cache with QRESYNC (RFC 7162 3.2)" {
	resync imap_qresync
}

@test "neomutt: comes back to its header cache with CONDSTORE (RFC 7162 3.1)" {
	resync imap_condstore
}

teardown() {
	[[ ! -e $HOME/screen ]] || tail -c 1500 "$HOME/screen" | tr '\033' '~'
	imap_teardown
}

@test "neomutt: logs in by SCRAM" {
	local mechanism
	for mechanism in SCRAM-SHA-256 SCRAM-SHA-1; do
		conf "auth-mechanisms = $mechanism"
		rm -f "$HOME/copy"
		mutt +INBOX "<first-entry><copy-message>$HOME/copy<enter><exit>"
		same 1 "$(copied)"
		expect_log "login user=alice address=127.0.0.1 method=$mechanism"
	done
}
