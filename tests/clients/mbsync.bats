#!/usr/bin/env bats
# mbsync.bats - two-way synchronisation with a Maildir by mbsync (isync)
# SPDX-License-Identifier: ISC
load ../lib/clients

setup() {
	need mbsync
	imap_setup
	imap_serve pid.client.
	export HOME=$BATS_TEST_TMPDIR/home
	mkdir -p "$HOME/mail"
}

# sync_setup DELIMITER
sync_setup() {
	conf "delimiter = $1"
	cat >"$HOME/.mbsyncrc" <<-EOT
	IMAPStore far
	Host 127.0.0.1
	Port $IMAP_PORT
	User alice
	Pass wonderland
	SSLType None
	PipelineDepth 50

	MaildirStore near
	Path $HOME/mail/
	Inbox $HOME/mail/INBOX
	SubFolders Verbatim

	Channel all
	Far :far:
	Near :near:
	Patterns *
	Create Both
	Remove Both
	Expunge Both
	SyncState *
	EOT
}

sync() {
	run mbsync -c "$HOME/.mbsyncrc" -a
	printf '%s\n' "${lines[@]}"
	((status == 0))
	[[ $output != *[Ee]rror* ]]
}

# Messages of a local folder.
near() {
	find "$HOME/mail/$1/cur" "$HOME/mail/$1/new" -type f 2>/dev/null | wc -l
}

both_ways() {
	local d=$1 name count file uid
	sync_setup "$d"
	imap_start a
	imap_ok a "a0 CREATE \"Work${d/\\/\\\\}Plans\""
	append a "\"Work${d/\\/\\\\}Plans\"" "Subject: plan$CRLF$CRLF" '(\Flagged)'
	imap_serve pid.client.
	sync
	# All of it is here.
	for name in INBOX Drafts Sent Trash Junk Archive; do
		read -r count _ <<<"$(status alice "$name")"
		same "$count" "$(near "$name")" || die "in $name"
	done
	same 1 "$(near Work/Plans)"
	[[ $(find "$HOME/mail/Work/Plans" -name '*:2,*F*') ]]
	read -r count _ <<<"$(mboxadm mailbox status alice INBOX | cut -f 2)"

	# Here: a new message, one deleted, one marked, a new folder.
	printf 'Subject: from here\n\nbody\n' >"$HOME/mail/INBOX/new/1.test.here"
	file=$(find "$HOME/mail/Sent" -path '*cur*' -type f | head -n 1)
	[[ -z $file ]] || mv "$file" "${file}T"
	file=$(find "$HOME/mail/Work/Plans/cur" "$HOME/mail/Work/Plans/new" -type f)
	# shellcheck disable=SC2001 # two changes at once
	mv "$file" "$(sed 's|/new/|/cur/|; s/:2,F$/:2,FRS/' <<<"$file")"
	mkdir -p "$HOME/mail/Here/Below/"{cur,new,tmp} "$HOME/mail/Here/"{cur,new,tmp}
	printf 'Subject: in a new folder\n\n' >"$HOME/mail/Here/Below/new/2.test.here"
	# There: a new message, one expunged, one marked.
	append a INBOX "Subject: from there$CRLF${CRLF}x$CRLF"
	imap_ok a 'a1 SELECT INBOX'
	imap_ok a 'a2 STORE 1 +FLAGS.SILENT (\Deleted)'
	imap_ok a 'a3 EXPUNGE'
	imap_ok a 'a4 STORE 1 FLAGS.SILENT (\Answered \Seen)'
	sync
	same "$((count + 1))" "$(near INBOX)"
	same "$((count + 1))" "$(status alice INBOX | cut -d ' ' -f 1)"
	imap_ok a 'b1 NOOP'
	imap_ok a 'b2 SEARCH SUBJECT "from here"'
	[[ ${ANSWER[0]} =~ ^'* SEARCH '[0-9]+$ ]]
	imap_ok a "b3 SELECT \"Work${d/\\/\\\\}Plans\""
	imap_ok a 'b4 FETCH 1 FLAGS'
	expect_flags 1 '\Flagged' '\Answered' '\Seen'
	imap_ok a "b5 STATUS \"Here${d/\\/\\\\}Below\" (MESSAGES)"
	expect '~MESSAGES 1\)'
	grep -rq 'from there' "$HOME/mail/INBOX"

	# Nothing is left to do: both sides stay as they are.
	local before after
	before=$(find "$HOME/mail" -type f -path '*[wr]/*' | sort)
	imap_ok a 'c1 STATUS INBOX (MESSAGES UIDNEXT)'
	local far=${ANSWER[0]}
	sync
	after=$(find "$HOME/mail" -type f -path '*[wr]/*' | sort)
	same "$before" "$after"
	imap_ok a 'c2 STATUS INBOX (MESSAGES UIDNEXT)'
	same "$far" "${ANSWER[0]}"
}

@test "mbsync: both ways, delimiter \\" {
	both_ways '\'
}

@test "mbsync: both ways, delimiter /" {
	both_ways /
}

@test "mbsync: five hundred new messages go up, and come down elsewhere" {
	sync_setup '\'
	sync
	mkdir -p "$HOME/mail/Bulk/"{cur,new,tmp}
	local i
	for ((i = 0; i < 500; i++)); do
		printf 'Subject: bulk %d\n\nbody %d\n' "$i" "$i" \
		    >"$HOME/mail/Bulk/new/$i.bulk.here"
	done
	sync
	same '500 500' "$(status alice Bulk)"
	rm -r "$HOME/mail" "$HOME/.mbsync" 2>/dev/null || :
	mkdir "$HOME/mail"
	sync
	same 500 "$(near Bulk)"
	same 500 "$(grep -rhc '^Subject: bulk' "$HOME/mail/Bulk" | grep -c 1)"
}

@test "mbsync: shared mailboxes are synchronised like others" {
	sync_setup /
	sync
	local count
	imap_start a
	imap_ok a 'a1 STATUS shared/sales (MESSAGES)'
	count=${ANSWER[0]//[^0-9]/}
	((count > 0))
	same "$count" "$(near shared/sales)"
}
