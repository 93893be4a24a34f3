#!/usr/bin/env bats
# imapfilter.bats - searches, flags, copies, moves, and IDLE by imapfilter
# SPDX-License-Identifier: ISC
load ../lib/clients

setup() {
	need imapfilter
	imap_setup
	imap_serve pid.client.
	export HOME=$BATS_TEST_TMPDIR/home
	mkdir -p "$HOME/.imapfilter"
}

# filter: runs standard input with "account" logged in.
filter() {
	{
		echo "options.timeout = $IMAP_TIMEOUT; options.create = true"
		echo "options.certificates = false; options.starttls = false"
		echo "account = IMAP { server = '127.0.0.1', port = $IMAP_PORT,"
		echo "    username = 'alice', password = 'wonderland' }"
		cat
	} >"$HOME/config.lua"
	run timeout -k 10 60 imapfilter -c "$HOME/config.lua"
	printf '%s\n' "${lines[@]}"
	((status == 0))
}

# What is done with delimiter $1.
work() {
	# It does not understand the delimiter in quotes: mailboxes on top only.
	local inbox plans=Plans

	[[ $1 != / ]] || plans=Work/Plans
	conf "delimiter = $1"
	read -r inbox _ <<<"$(status alice INBOX)"
	filter <<-EOT
	mailboxes, folders = account:list_all()
	found = {}
	for _, name in ipairs(mailboxes) do found[name] = true end
	assert([[$1]] ~= '/' or (found['INBOX'] and found['Sent']))
	all = account.INBOX:select_all()
	print(#all)
	seen = account.INBOX:is_unseen()
	seen:mark_seen()
	assert(#account.INBOX:is_unseen() == 0)
	one = Set { all[1] }
	one:copy_messages(account['Kept'])
	one:move_messages(account['$plans'])
	for _, message in ipairs(account['$plans']:select_all()) do
	    mailbox, uid = table.unpack(message)
	    assert(#mailbox[uid]:fetch_message() > 0)
	    assert(#mailbox[uid]:fetch_header() > 0)
	end
	account['Kept']:contain_subject('no such subject'):delete_messages()
	big = account.INBOX:is_larger(1) * account.INBOX:arrived_since('01-Jan-1980')
	assert(#big == #all - 1)
	EOT
	same "$((inbox - 1)) 0" "$(status alice INBOX)"
	same 1 "$(status alice Kept | cut -d ' ' -f 1)"
	same 1 "$(status alice "$plans" | cut -d ' ' -f 1)"
}

@test "imapfilter: searches, marks, copies and moves, delimiter \\" {
	work \\
}

@test "imapfilter: the same, delimiter /" {
	work /
}

@test "imapfilter: hears of new mail in IDLE" {
	local pid deadline
	imap_start a
	imap_serve pid.client.
	filter <<-EOT &
	print(#account.INBOX:select_all())
	account.INBOX:enter_idle()
	os.execute('touch $HOME/heard')
	EOT
	pid=$!
	deadline=$((SECONDS + IMAP_TIMEOUT))
	until [[ -e $HOME/heard ]]; do
		((SECONDS < deadline)) || die 'not heard'
		append a INBOX "Subject: new$CRLF$CRLF"
		sleep 0.1
	done
	wait "$pid"
}
