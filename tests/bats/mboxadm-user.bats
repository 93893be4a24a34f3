#!/usr/bin/env bats
# mboxadm-user.bats - users, shared mailboxes, grants
# SPDX-License-Identifier: ISC
load ../lib/mboxadm

names() {
	mboxadm mailbox list "$1" | cut -f 1 | sort
}

@test "user add: the usual mailboxes, others, none" {
	run -0 mboxadm user add --no-password dave
	same "$(printf '%s\n' Archive Drafts INBOX Junk Sent Trash)" \
	    "$(names dave)"
	run -0 mboxadm user add --no-password --mailboxes 'Sent,Größe,a\b' erin
	same "$(printf '%s\n' Größe INBOX Sent a 'a\b')" "$(names erin)"
	run -0 mboxadm user add --no-password --mailboxes none frank
	same INBOX "$(names frank)"
	run -0 mboxadm mailbox list dave
	[[ $output == *$'Drafts\t0\t0\t0\t\\Drafts'* ]]
}

@test "user add: who is there already, and bad names: 65" {
	fails 65 mboxadm user add --no-password alice
	fails 65 mboxadm user add --no-password ALICE
	fails 65 mboxadm user add --no-password ../evil
	fails 65 mboxadm user add --no-password 'a b'
	fails 65 mboxadm user add --no-password --mailboxes 'a\\b' dave
	fails 67 mboxadm user show dave
	fails 64 mboxadm user add --no-password --password-stdin dave
}

@test "user passwd and the ways of a password" {
	printf 'neu und lang\n' | mboxadm user passwd --password-stdin alice
	printf 'no newline' | mboxadm user passwd --password-stdin alice
	fails 65 mboxadm user passwd --password-stdin alice <<<''
	run -65 --separate-stderr mboxadm user passwd --password-stdin alice \
	    < <(head -c 600 /dev/zero | tr '\0' x)
	run -65 --separate-stderr mboxadm user passwd --password-stdin alice \
	    < <(printf 'a\0b\n')
	fails 67 mboxadm user passwd --password-stdin nobody <<<x
	fails 64 mboxadm user passwd --no-password --password-stdin alice <<<x
	same true "$(mboxadm user show alice --json | json 'd["password"]')"
	run -0 mboxadm user passwd --no-password alice
	same false "$(mboxadm user show alice --json | json 'd["password"]')"
}

@test "a password from a file with CRLF, up to the longest" {
	local long response
	long=$(head -c 510 /dev/zero | tr '\0' x)
	for password in secret "$long"x; do
		run -0 mboxadm user passwd --password-stdin alice \
		    < <(printf '%s\r\nmore\r\n' "$password")
		response=$(printf '\0alice\0%s' "$password" | base64 -w 0)
		printf 'a AUTHENTICATE PLAIN %s\r\nb LOGOUT\r\n' "$response" |
		    imapd >login.log 2>&1
		grep -q '^a OK' login.log
	done
	run -65 mboxadm user passwd --password-stdin alice \
	    < <(printf '%sx\rmore\n' "$long")
	run -65 mboxadm user passwd --password-stdin alice <<<"${long}xx"
}

@test "a password without a terminal: --password-stdin is named" {
	fails 64 setsid -w mboxadm user passwd alice </dev/null
	says --password-stdin
}

@test "a password on a terminal: twice, without echo" {
	command -v script >/dev/null || skip 'no script(1)'
	# The answers are typed ahead: readpassphrase() flushes what came before
	# its prompt, so each is sent when its prompt is seen.
	cat >type.py <<-'END'
	import os, pty, sys
	pid, fd = pty.fork()
	if pid == 0:
	    os.execvp("mboxadm", ["mboxadm", "user", "passwd", "alice"])
	seen = b""
	for prompt, word in ((b"Password: ", sys.argv[1]), (b"more: ", sys.argv[2])):
	    while prompt not in seen:
	        seen += os.read(fd, 100)
	    os.write(fd, word.encode() + b"\n")
	try:
	    while True:
	        part = os.read(fd, 100)
	        if not part:
	            break
	        seen += part
	except OSError:
	    pass
	print(seen.decode())
	sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	END
	run -0 python3 type.py geheim geheim
	[[ $output != *geheim* ]]
	run -65 python3 type.py geheim gehiem
	[[ $output == *differ* ]]
}

@test "user list and show" {
	run -0 mboxadm user list
	same "$(printf '%s\n' alice bob carol)" "$(cut -f 1 <<<"$output")"
	[[ ${lines[0]} == $'alice\tcreate,rename,delete\tyes\t'20*T*Z ]]
	[[ ${lines[2]} == carol$'\t'*$'\t'no$'\t'* ]]
	same '["alice", "bob", "carol"]' \
	    "$(mboxadm user list --json | json '[u["name"] for u in d]')"
	deliver alice one two
	run -0 mboxadm user show alice
	[[ $output == *$'name\talice'* && $output == *$'messages\t2'* ]]
	same 2 "$(mboxadm user show alice --json | json 'd["unseen"]')"
	fails 67 mboxadm user show nobody
}

@test "user allow and deny: only what is named, again is the same" {
	run -0 mboxadm user deny alice delete,rename
	run -0 mboxadm user deny alice delete
	same '["create"]' "$(mboxadm user show alice --json | json 'd["may"]')"
	run -0 mboxadm user allow alice delete
	run -0 mboxadm user allow alice delete
	same '["create", "delete"]' \
	    "$(mboxadm user show alice --json | json 'd["may"]')"
	run -0 mboxadm user deny alice create,delete
	[[ $(mboxadm user list) == alice$'\t-\t'* ]]
	fails 64 mboxadm user allow alice everything
	fails 67 mboxadm user allow nobody create
}

# The directory moves before the row: a crash between used to lock the user out
# until somebody moved the directory back by hand.
# The row went before the directory: a crash between left mail without a user.
@test "user delete: one that was cut off is taken back, and then done" {
	deliver alice one
	mv "$MSGSTORE/users/alice" "$MSGSTORE/users/.removed-0123456789abcdef"
	as_owner sh -c "printf 'users/%s\n' alice .removed-0123456789abcdef \
	    >'$MSGSTORE/moving'"
	same one "$(subjects alice INBOX)"
	[[ ! -e $MSGSTORE/moving ]]
	mv "$MSGSTORE/users/alice" "$MSGSTORE/users/.removed-0123456789abcdef"
	as_owner sh -c "printf 'users/%s\n' alice .removed-0123456789abcdef \
	    >'$MSGSTORE/moving'"
	run -0 mboxadm check
	same one "$(subjects alice INBOX)"
	run -0 mboxadm user delete alice
	[[ ! -e $MSGSTORE/moving && ! -e $MSGSTORE/users/alice ]]
	run -0 mboxadm check
	# Of a shared mailbox too, and without a directory the row goes alone.
	run -0 mboxadm shared add sales
	mv "$MSGSTORE/shared/sales" "$MSGSTORE/shared/.removed-0123456789abcdef"
	as_owner sh -c "printf 'shared/%s\n' sales .removed-0123456789abcdef \
	    >'$MSGSTORE/moving'"
	run -0 mboxadm shared delete sales
	same '' "$(ls "$MSGSTORE/shared")"
	run -0 mboxadm shared add gone
	rm -r "$MSGSTORE/shared/gone"
	run -0 mboxadm shared delete gone
	run -0 mboxadm check
}

@test "user rename: one that was cut off is taken back by who comes next" {
	deliver alice one
	mv "$MSGSTORE/users/alice" "$MSGSTORE/users/dora"
	as_owner sh -c "printf 'users/%s\n' alice dora >'$MSGSTORE/moving'"
	same one "$(subjects alice INBOX)"
	[[ ! -e $MSGSTORE/moving ]]
	# Nor does another user get the directory.
	mv "$MSGSTORE/users/alice" "$MSGSTORE/users/dora"
	as_owner sh -c "printf 'users/%s\n' alice dora >'$MSGSTORE/moving'"
	mboxadm user add --no-password dora
	same one "$(subjects alice INBOX)"
	same '' "$(subjects dora INBOX)"
	# A note that was left behind, or that is none, changes nothing.
	for note in $'users/alice\nusers/eve' users/alice 'alice eve' \
	    $'users/../x\nusers/y' $'users/alice\nshared/x' ''; do
		as_owner sh -c "echo '$note' >'$MSGSTORE/moving'"
		mboxadm user deny alice create
		mboxadm user allow alice create
		[[ ! -e $MSGSTORE/moving ]]
	done
	run -0 mboxadm user rename alice eve
	[[ ! -e $MSGSTORE/moving ]]
	run -0 mboxadm check
}

@test "user rename: mail and grants go along" {
	deliver alice hello
	mboxadm grant sales alice read
	run -0 mboxadm user rename alice dora
	same hello "$(subjects dora INBOX)"
	same '["sales=lrs"]' "$(mboxadm user show dora --json | json 'd["grants"]')"
	fails 67 mboxadm user show alice
	fails 65 mboxadm user rename dora bob
	fails 67 mboxadm user rename nobody x
}

@test "user delete: all is gone, and the name is free" {
	deliver alice hello
	run -0 mboxadm user delete alice
	[[ ! -e $MSGSTORE/users/alice ]]
	fails 67 mboxadm user delete alice
	fails 67 mboxadm mailbox list alice
	run -0 mboxadm user add --no-password alice
	same '' "$(subjects alice INBOX)"
}

@test "shared add, list, show, delete" {
	run -0 mboxadm shared add 'Größe & Co'
	run -0 --separate-stderr mboxadm shared add sales
	says already
	run -0 mboxadm shared list
	same "$(printf 'Größe & Co\t0\nsales\t0')" "$output"
	fails 65 mboxadm shared add 'a/b'
	fails 65 mboxadm shared add .hidden
	mboxadm grant sales bob read
	mboxadm grant SALES alice full
	run -0 mboxadm shared show sales
	same "$(printf 'alice\tlrswipkxte\nbob\tlrs')" "$output"
	same 2 "$(mboxadm shared list --json | json '[s["grants"] for s in d][1]')"
	same lrs "$(mboxadm shared show sales --json | json 'd[1]["rights"]')"
	run -0 mboxadm shared delete Sales
	fails 67 mboxadm shared show sales
	fails 67 mboxadm shared delete sales
}

@test "grant sets, revoke takes all, and again is no error" {
	run -0 mboxadm grant sales alice full
	run -0 mboxadm grant sales alice lr
	same lr "$(mboxadm shared show sales | cut -f 2)"
	run -0 mboxadm grant sales alice write
	same lrswipte "$(mboxadm shared show sales | cut -f 2)"
	fails 64 mboxadm grant sales alice everything
	fails 64 mboxadm grant sales alice ''
	fails 67 mboxadm grant sales nobody read
	fails 67 mboxadm grant nothing alice read
	run -0 mboxadm revoke sales alice
	run -0 mboxadm revoke sales alice
	same '' "$(mboxadm shared show sales)"
}

@test "user set: what it does not take" {
	fails 64 mboxadm user set alice
	fails 64 mboxadm user set alice capabilities-off
	fails 64 mboxadm user set alice capabilities-off IDLE ID
	says 'search-index yes'
	fails 64 mboxadm user set alice nonsense x
	says capabilities-off
	fails 64 mboxadm user set alice capabilities-off 'A,B'
	fails 67 mboxadm user set nobody capabilities-off IDLE
}
