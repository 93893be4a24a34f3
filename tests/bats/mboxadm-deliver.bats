#!/usr/bin/env bats
# mboxadm-deliver.bats - one message from an MTA's pipe
# SPDX-License-Identifier: ISC
load ../lib/mboxadm

# raw USER MAILBOX UID: the file's octets.
raw() {
	cat "$(dir_of "$1" "$2")/$3"
}

@test "deliver: LF becomes CRLF, CRLF stays, a missing last LF too" {
	printf 'Subject: x\n\na\r\nb\n\nc\rd' | mboxadm deliver alice
	printf 'Subject: x\r\n\r\na\r\nb\r\n\r\nc\rd' >want
	cmp want <(raw alice INBOX 1)
	run -0 mboxadm check
}

@test "deliver -f: Return-Path at the top, those that were there go" {
	printf '%s\n' 'Received: one' 'Return-Path: <old@x>' \
	    '  (folded)' 'RETURN-PATH : <older@x>' 'Subject: x' '' \
	    'Return-Path: <in@the.body>' | mboxadm deliver -f joe@x.org alice
	printf '%s\r\n' 'Return-Path: <joe@x.org>' 'Received: one' \
	    'Subject: x' '' 'Return-Path: <in@the.body>' >want
	cmp want <(raw alice INBOX 1)
}

@test "deliver -f '': the null sender is <>; brackets are not doubled" {
	mail x | mboxadm deliver -f '' alice
	mail x | mboxadm deliver -f '<joe@x.org>' alice
	[[ $(raw alice INBOX 1) == 'Return-Path: <>'* ]]
	[[ $(raw alice INBOX 2) == 'Return-Path: <joe@x.org>'* ]]
}

@test "deliver: without -f a Return-Path stays" {
	printf 'Return-Path: <a@b>\nSubject: x\n\n' | mboxadm deliver alice
	[[ $(raw alice INBOX 1) == 'Return-Path: <a@b>'* ]]
}

@test "deliver -f: a control character would forge a field: 64" {
	run -64 mboxadm deliver -f $'joe@x\nX-Evil: yes' alice < <(mail x)
	run -64 mboxadm deliver -f $'joe\t@x' alice < <(mail x)
	same '' "$(subjects alice INBOX)"
}

@test "deliver: an mbox 'From ' line at the top is dropped" {
	{ echo 'From joe Tue Apr 27 19:02:03 2010'; mail x; } |
	    mboxadm deliver alice
	[[ $(raw alice INBOX 1) == 'From: a@example.org'* ]]
	# A field in the form of RFC 5322 4.5 is none.
	printf 'From : joe\nSubject: x\n\nx\n' | mboxadm deliver alice
	[[ $(raw alice INBOX 2) == 'From : joe'* ]]
	fails 65 mboxadm deliver alice <<<'From joe Tue Apr 27 19:02:03 2010'
	says 'no message'
}

@test "deliver: a NUL becomes ?" {
	printf 'Subject: a\0b\n\nx\n' | mboxadm deliver alice
	[[ $(raw alice INBOX 1) == 'Subject: a?b'* ]]
}

@test "deliver: a line of a megabyte, and no line at all" {
	{ mail long; head -c 1000000 /dev/zero | tr '\0' x; } |
	    mboxadm deliver alice
	same 1000052 "$(($(raw alice INBOX 1 | wc -c)))"
	head -c 100000 /dev/zero | tr '\0' x | mboxadm deliver -f a@b alice
	same 100020 "$(($(raw alice INBOX 2 | wc -c)))"
}

@test "deliver: USER/MAILBOX; one that is missing goes to INBOX, logged" {
	mboxadm mailbox create alice 'Lists\Foo'
	deliver 'alice/Lists\Foo' one
	same one "$(subjects alice 'Lists\Foo')"
	run -0 --separate-stderr mboxadm deliver alice/Nope < <(mail two)
	says 'INBOX instead'
	same two "$(subjects alice INBOX)"
	run -0 mboxadm deliver ALICE < <(mail three)
}

@test "deliver: nobody of that name is 67" {
	run -67 mboxadm deliver -f a@b -- -f < <(mail x)
	run -67 mboxadm deliver nobody < <(mail x)
	run -67 mboxadm deliver 'no body' < <(mail x)
	run -67 mboxadm deliver shared/nothing < <(mail x)
	run -64 mboxadm deliver < <(mail x)
}

@test "deliver: message-size-limit and an empty message are 65" {
	conf 'message-size-limit = 1K'
	run -65 --separate-stderr mboxadm deliver alice \
	    < <(mail x; head -c 300000 /dev/zero | tr '\0' x)
	says message-size-limit
	run -65 mboxadm deliver alice </dev/null
	same '' "$(subjects alice INBOX)"
	run -0 mboxadm deliver alice < <(mail x)
	run -0 mboxadm check
}

@test "deliver: what the MTA writes is read to the end, or it sees SIGPIPE" {
	head -c 3000000 /dev/zero | {
		run mboxadm deliver nobody
		same 67 "$status"
	}
	same 0 "${PIPESTATUS[0]}"
}

@test "deliver: what may pass is 75: no store, a bad configuration, damage" {
	deliver alice one
	run -75 mboxadm -s /nonexistent deliver alice < <(mail x)
	echo 'colour = blue' >bad.conf
	run -75 mboxadm -f bad.conf deliver alice < <(mail x)
	if ((EUID == 0)); then
		mkdir rootstore
		run -75 mboxadm -s "$PWD/rootstore" deliver alice < <(mail x)
	fi
	echo garbage | as_owner tee "$(dir_of alice INBOX)/messages.db" >/dev/null
	as_owner rm -f "$(dir_of alice INBOX)"/messages.db-*
	run -75 mboxadm deliver alice < <(mail x)
	as_owner mv "$MSGSTORE/users/bob" "$MSGSTORE/away"
	run -75 mboxadm deliver bob < <(mail x)
	as_owner mv "$MSGSTORE/away" "$MSGSTORE/users/bob"
	run -0 mboxadm deliver bob < <(mail x)
}

@test "deliver: a full disk is 75, and nothing is left" {
	((EUID == 0)) || skip 'needs root to mount'
	mkdir small
	mount -t tmpfs -o size=2m,mode=755 none small 2>/dev/null ||
		skip 'cannot mount here'
	{
		cp -a "$MSGSTORE" small/store &&
		run mboxadm -s "$PWD/small/store" deliver alice \
		    < <(mail x; head -c 4000000 /dev/zero | tr '\0' x)
	} || :
	same 75 "$status"
	same '' "$(MSGSTORE=$PWD/small/store subjects alice INBOX)"
	run -0 mboxadm -s "$PWD/small/store" check
	umount small
}

@test "deliver: many at once, none is lost" {
	local i
	for i in {1..20}; do
		mail "m$i" | mboxadm deliver alice 2>>"log.$i" &
	done
	wait
	same "$(printf 'm%s\n' {1..20} | sort)" "$(subjects alice INBOX | sort)"
	run -0 mboxadm check
}
