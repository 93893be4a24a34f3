#!/usr/bin/env bats
# cap-mailboxid.bats - MAILBOXID of OBJECTID: RFC 8474 4
# SPDX-License-Identifier: ISC
load ../lib/imap

# id_of NAME: by STATUS, in session a.
id_of() {
	imap_ok a "i1 STATUS $1 (MAILBOXID)" >/dev/null
	[[ ${ANSWER[0]} =~ \(MAILBOXID\ \(([A-Za-z0-9_-]{1,255})\)\)$ ]] ||
		die "${ANSWER[0]}"
	printf '%s\n' "${BASH_REMATCH[1]}"
}

@test "MAILBOXID: CREATE, SELECT, EXAMINE, STATUS and LIST tell the same (RFC 8474 4.1 to 4.3)" {
	imap_start a
	imap a '3 create foo'
	expect_only '~^3 OK \[MAILBOXID \(F[0-9a-f]+\)\] '
	local foo bar
	foo=$(code MAILBOXID)
	foo=${foo//[()]/}
	imap_ok a '4 create bar'
	bar=$(code MAILBOXID)
	bar=${bar//[()]/}
	[[ $foo != "$bar" ]]
	imap a '5 create foo'
	expect_only '5 NO [ALREADYEXISTS]'
	imap_ok a '27 select "foo"'
	expect "* OK [MAILBOXID ($foo)] "
	imap_ok a '28 EXAMINE bar'
	expect "* OK [MAILBOXID ($bar)] "
	imap_ok a '6 status foo (mailboxid)'
	expect_only "=* STATUS foo (MAILBOXID ($foo))" '6 OK'
	imap_ok a '11 list "" (foo bar) return (status (mailboxid))'
	expect "=* STATUS bar (MAILBOXID ($bar))" "=* STATUS foo (MAILBOXID ($foo))"
}

@test "MAILBOXID: kept by RENAME, not given again (RFC 8474 4)" {
	imap_start a
	imap_ok a 'a1 CREATE "foo\\child"'
	local foo child inbox
	foo=$(id_of foo) child=$(id_of '"foo\\child"') inbox=$(id_of INBOX)
	imap_ok a 'a2 RENAME foo renamed'
	same "$foo" "$(id_of renamed)"
	same "$child" "$(id_of '"renamed\\child"')"
	imap_ok a 'a3 CREATE foo'
	[[ $(id_of foo) != "$foo" ]]
	# RENAME INBOX makes an INBOX: its messages, and what names them, went.
	imap_ok a 'a4 RENAME INBOX old'
	same "$inbox" "$(id_of old)"
	[[ $(id_of INBOX) != "$inbox" ]]
	imap_ok a 'a5 DELETE old'
	imap_ok a 'a6 CREATE old'
	[[ $(id_of old) != "$inbox" ]]
}

@test "MAILBOXID: a shared mailbox has one for all" {
	mboxadm grant sales alice write
	mboxadm grant sales bob read
	imap_start a
	local id
	id=$(id_of '"shared\\sales"')
	imap_start b --user bob
	imap_ok b 'b1 SELECT "shared\\sales"'
	expect "* OK [MAILBOXID ($id)] "
}

@test "capabilities-off: OBJECTID tells no MAILBOXID" {
	conf 'capabilities-off = OBJECTID'
	imap_start a
	imap a 'a1 CREATE x'
	expect_only 'a1 OK CREATE'
	imap_ok a 'a2 SELECT x'
	refute MAILBOXID
	imap a 'a3 STATUS x (MAILBOXID)'
	expect_only 'a3 BAD'
}
