#!/usr/bin/env bats
# valgrind.bats - most of what imapd and mboxadm do, watched by valgrind
# SPDX-License-Identifier: ISC
#
# It sees what sanitizers in our own code alone cannot: memory that was never
# written, also when SQLite or libc is what reads it.
load ../lib/imap

VALGRIND=(valgrind --quiet --vgdb=no --error-exitcode=99 --leak-check=full
    --errors-for-leak-kinds=definite --show-leak-kinds=definite)

setup() {
	command -v valgrind >/dev/null || skip 'valgrind is not installed'
	build_find
	! built_with_asan || skip 'the build has AddressSanitizer'
	imap_setup
	IMAP_TIMEOUT=120
	PIDS=()
	# valgrind itself makes calls that a sandbox refuses.
	conf 'sandbox = no'
	# A shell in front of it, which sees how it ends.
	cat >"$BATS_TEST_TMPDIR/watched" <<-END
		#!/bin/sh
		${VALGRIND[*]} --log-file='$BATS_TEST_TMPDIR'/valgrind.%p \\
		    '$MSGSTORE_BUILD/imapd' "\$@"
		echo "\$?" >'$BATS_TEST_TMPDIR'/status.\$\$
	END
	chmod 755 "$BATS_TEST_TMPDIR/watched"
	IMAP_PROGRAM=$BATS_TEST_TMPDIR/watched
}

# start NAME [ARGUMENT ...]: as imap_start, watched.
start() {
	imap_start "$@"
	PIDS+=("$(imap_pid "$1")")
}

# Every watched session ended with status 0 and without a word from valgrind.
all_clean() {
	local name pid

	for name in "${!IMAP_FD[@]}"; do
		imap_close "$name"
	done
	((${#PIDS[@]} > 0))
	for pid in "${PIDS[@]}"; do
		process_ends "$pid"
		cat "$BATS_TEST_TMPDIR"/valgrind.* >&2
		same 0 "$(<"$BATS_TEST_TMPDIR/status.$pid")"
	done
}

# yes_to NAME COMMAND ...: each is answered by OK.
yes_to() {
	local name=$1 line
	shift

	for line in "$@"; do
		imap_ok "$name" "y1 $line"
	done
}

# no_to NAME COMMAND ...: none is, and the session goes on.
no_to() {
	local name=$1 line
	shift

	for line in "$@"; do
		imap "$name" "n1 $line"
		[[ ${ANSWER[-1]} == n1\ [NB]* ]] || die "$line: ${ANSWER[-1]}"
	done
}

message() {
	crlf "$1" <<-'END'
		Date: Mon, 7 Feb 1994 21:52:25 -0800
		From: =?iso-8859-1?q?Andr=E9?= <andre@example.org>
		To: "B. B." <bob@example.org>, friends: c@example.org;
		Subject: =?utf-8?b?Y2Fmw6k=?= and more
		References: <1@example.org>
		Content-Type: multipart/mixed; boundary="x y"

		--x y
		Content-Type: text/plain; charset=iso-8859-1
		Content-Transfer-Encoding: quoted-printable

		caf=E9 au lait
		--x y
		Content-Type: message/rfc822

		Subject: inner
		From: inner@example.org

		text
		--x y
		Content-Type: text/html; charset=utf-8; name*=utf-8''%c3%a9.html
		Content-Transfer-Encoding: base64
		Content-Disposition: attachment; filename="e.html"

		PGI+Y2Fmw6k8L2I+
		--x y--
	END
}

@test "valgrind: reading, searching, and what is refused" {
	local text

	message text
	start a
	append a INBOX "$text" '(\Flagged $Work)' ' 1-Feb-1994 21:52:25 -0800'
	append a INBOX "Subject: two$CRLF$CRLF$(printf '%0100000d' 0)$CRLF"
	seed a INBOX 3
	yes_to a CAPABILITY 'ID ("name" "test" "version" NIL)' NAMESPACE \
	    'EXAMINE INBOX' CLOSE 'SELECT INBOX' \
	    'FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)' \
	    'FETCH 1:* FULL' 'UID FETCH 1:* (BODY.PEEK[HEADER.FIELDS (Subject From)])' \
	    'FETCH 1 (BODY[1] BODY[2.HEADER] BODY[2.TEXT] BODY[3.MIME] BODY[9])' \
	    'FETCH 1:2 (BODY.PEEK[HEADER.FIELDS.NOT (To "X Y")]<2.50> RFC822.TEXT)' \
	    'FETCH 1,2,* (BODY[] BODY.PEEK[TEXT]<99000.2000> RFC822.HEADER)' \
	    'SEARCH ALL' 'SEARCH OR SUBJECT caf TEXT "au lait" NOT DELETED' \
	    "SEARCH CHARSET ISO-8859-1 BODY {4+}${CRLF}caf"$'\xe9' \
	    "UID SEARCH CHARSET UTF-8 FROM {6+}${CRLF}andr"$'\xc3\xa9' \
	    'SEARCH KEYWORD $Work 1:3 UID 1:9 LARGER 10 SMALLER 100000' \
	    'SEARCH SENTSINCE 1-Feb-1994 BEFORE 2-Feb-2038 NEW UNKEYWORD none' \
	    'SEARCH HEADER Content-Type mixed HEADER References ""' NOOP CHECK
	no_to a FROB 'FETCH 0 FLAGS' 'FETCH 99 FLAGS' 'FETCH 1 BODY[' \
	    'SEARCH CHARSET nowhere TEXT x' 'SEARCH ((((' 'SELECT none' \
	    'SELECT {99999999}' 'LOGIN a b' 'COPY 1 none' 'STORE 1 FLAGS (\No)' \
	    "APPEND none {3+}${CRLF}abc" "APPEND INBOX {3+}${CRLF}a"$'\xff'"b x"
	yes_to a LOGOUT
	all_clean
}

@test "valgrind: changing messages and mailboxes, sharing, and hearing of it" {
	mboxadm grant sales alice full
	start a --select INBOX
	start b --select INBOX
	imap_idle b
	seed a INBOX 6
	yes_to a 'STORE 1:2 +FLAGS (\Deleted $x)' 'UID STORE 3 FLAGS.SILENT (y)' \
	    'STORE 4 -FLAGS \Seen' 'COPY 1:* Archive' 'UID COPY 2,4 shared\sales' \
	    'COPY 1 INBOX' 'UID EXPUNGE 2' EXPUNGE
	imap_wait b '* 1 EXPUNGE'
	imap_idle_done b
	yes_to b 'FETCH 1:* (UID FLAGS)' 'STORE 1 +FLAGS (\Deleted)' CLOSE
	yes_to a NOOP 'CREATE one\two' 'CREATE caf&AOk-' 'RENAME one un\deux' \
	    'RENAME INBOX old' 'DELETE un' 'SUBSCRIBE none' 'UNSUBSCRIBE Junk' \
	    'LIST "" *' 'LIST "" %' 'LSUB "" %' 'LIST "" ""' \
	    'STATUS old (MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN)' \
	    'SELECT shared\sales' 'CREATE shared\sales\sub' \
	    'RENAME shared\sales\sub shared\sales\bus' \
	    'DELETE shared\sales\bus' 'FETCH 1:* (FLAGS BODY[])' UNSELECT
	no_to a 'CREATE INBOX' 'DELETE INBOX' 'RENAME none x' 'DELETE none'
	# What is revoked closes the mailbox; who is deleted is sent away.
	yes_to b 'SELECT shared\sales'
	mboxadm revoke sales alice
	imap b 'n1 NOOP'
	expect '* OK [CLOSED]' 'n1 NO'
	mboxadm user delete alice
	imap_send b 'n2 NOOP'
	imap_eof b
	expect '* BYE'
	all_clean
}

@test "valgrind: logging in, wrongly and rightly" {
	start a --login
	yes_to a CAPABILITY
	no_to a 'SELECT INBOX' 'LOGIN alice wrong' 'AUTHENTICATE X' \
	    'AUTHENTICATE PLAIN ====' 'LOGIN nobody x'
	# RFC 4616: NUL alice NUL wonderland
	yes_to a 'AUTHENTICATE PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=' 'STATUS INBOX (MESSAGES)'
	all_clean
}

# watched ARGUMENT ...: mboxadm, which must find nothing to complain about.
watched() {
	"${VALGRIND[@]}" --log-file="$BATS_TEST_TMPDIR/valgrind.%p" \
	    "$MSGSTORE_BUILD/mboxadm" "$@" ||
		die "$? for mboxadm $*: $(cat "$BATS_TEST_TMPDIR"/valgrind.*)"
}

@test "valgrind: mboxadm" {
	local dir=$BATS_TEST_TMPDIR text

	message text
	printf 'From x Mon Feb  7 21:52:25 1994\n%s\n\n' "${text//"$CR"/}" \
	    >"$dir/in.mbox"
	mboxadm user add --no-password dave
	watched import mbox "$dir/in.mbox" dave one
	watched deliver dave <"$dir/in.mbox"
	watched export maildir dave one "$dir/out"
	watched mailbox list dave --json
	rm "$MSGSTORE/users/dave/$(mboxadm mailbox status dave one | cut -f 9)/messages.db"*
	watched check --repair dave
	watched user delete dave
}
