#!/usr/bin/env bats
# greeting.bats - the connection's start and end, CAPABILITY, ID, NOOP
# SPDX-License-Identifier: ISC
load ../lib/imap

@test "greeting: OK before login, PREAUTH for a tunnel (RFC 3501 7.1.1, 7.1.4)" {
	imap_start a --login
	expect_only '~^\* OK '
	imap_start b
	expect_only '~^\* PREAUTH '
	imap b 'b1 LIST "" INBOX'
	expect '* LIST ' 'b1 OK'
}

@test "CAPABILITY: names what is there, before and after login (RFC 3501 6.1.1)" {
	imap_start a --login
	imap a 'a1 CAPABILITY'
	expect_only '* CAPABILITY IMAP4rev1 ' 'a1 OK'
	local words=" ${ANSWER[0]} " word
	for word in IDLE NAMESPACE ID CHILDREN UNSELECT UIDPLUS LITERAL+ \
	    SASL-IR AUTH=PLAIN; do
		[[ $words == *" $word "* ]] || die "no $word in $words"
	done
	[[ $words != *LOGINDISABLED* ]]
	imap_ok a 'a2 LOGIN alice wonderland'
	imap a 'a3 CAPABILITY'
	expect_only '* CAPABILITY IMAP4rev1 ' 'a3 OK'
	refute AUTH= SASL-IR
}

@test "CAPABILITY: words of capabilities-off are not shown" {
	conf 'capabilities-off = IDLE ID'
	imap_start a --login
	imap a 'a1 CAPABILITY'
	refute '~ IDLE( |$)' '~ ID( |$)'
	expect '~ UNSELECT( |$)'
}

@test "greeting: its CAPABILITY is the command's (RFC 3501 7.1)" {
	imap_start a --login
	local told
	[[ ${ANSWER[0]} != *'[CAPABILITY'* ]] || told=$(code CAPABILITY)
	imap_ok a 'a1 CAPABILITY'
	[[ -z ${told:-} ]] || expect "=* CAPABILITY $told"
}

@test "NOOP: does nothing in every state (RFC 3501 6.1.2)" {
	imap_start a --login
	imap a 'a1 NOOP'
	expect_only 'a1 OK'
	imap_ok a 'a2 LOGIN alice wonderland'
	imap a 'a3 noop'
	expect_only 'a3 OK'
	imap_ok a 'a4 SELECT INBOX'
	imap a 'a5 NoOp'
	expect_only 'a5 OK'
}

@test "LOGOUT: BYE, then OK, then the end, in every state (RFC 3501 6.1.3)" {
	local start
	for start in '--login' '--user alice' '--select INBOX'; do
		# shellcheck disable=SC2086
		imap_start a $start
		imap_send a 'a1 LOGOUT'
		imap_eof a
		expect_only '* BYE' 'a1 OK'
	done
}

@test "ID: the server names itself, before and after login (RFC 2971 3.1)" {
	imap_start a --login
	imap a 'a1 ID ("name" "test" "version" NIL)'
	expect_only '~^\* ID \(.*"name" "msgstore"' 'a1 OK'
	imap a 'a2 ID NIL'
	expect '* ID (' 'a2 OK'
	imap a 'a3 ID ()'
	expect '* ID (' 'a3 OK'
	imap_ok a 'a4 LOGIN alice wonderland'
	imap a 'a5 ID ("name" "test")'
	expect '* ID (' 'a5 OK'
	imap a 'a6 ID ("name")'
	expect_only 'a6 BAD'
	imap a 'a7 ID'
	expect_only 'a7 BAD'
}

@test "tags: any that the grammar allows, answered as they are (RFC 3501 2.2.1)" {
	imap_start a --login
	local tag
	for tag in a A142 0 ']' 'a.b-c_d' "a'1" '#$&,:;<=>?@[^`|}~'; do
		imap a "$tag NOOP"
		expect_only "$tag OK"
	done
}

@test "the client hangs up in any state: the process ends (no BYE is left behind)" {
	imap_start a --login
	imap_start b
	imap_start c --select INBOX
	imap_start d --select INBOX
	imap_idle d
	imap_start e
	imap_send_raw e "e1 APPEND INBOX {1000+}${CRLF}Subject: half"
	local pids
	pids="$(imap_pid a) $(imap_pid b) $(imap_pid c) $(imap_pid d) $(imap_pid e)"
	imap_close a; imap_close b; imap_close c; imap_close d; imap_close e
	local pid
	for pid in $pids; do
		process_ends "$pid"
	done
	imap_start f --select INBOX
	expect '=* 0 EXISTS'
}

@test "log: one line for the end of a session, with counts and no content" {
	imap_start a --select INBOX
	append a INBOX "Subject: secret words$CRLF$CRLF"
	imap a 'a1 LOGOUT'
	imap_close a
	expect_log 'alice.*logout|logout.*alice|alice.*logged out'
	run ! grep -E 'secret' "$IMAP_LOG"
}

@test "--preauth: refused to others than root and the store's owner" {
	((EUID == 0)) || skip 'needs root'
	run setpriv --reuid=65534 --regid=65534 --clear-groups -- \
	    "$MSGSTORE_BUILD/imapd" --preauth alice </dev/null
	((status != 0))
	[[ $output != *PREAUTH* ]]
}

@test "a capability that the listener had for its port is given up" {
	((EUID == 0)) || skip 'only root has capabilities to give'
	local status

	coproc setpriv --reuid="$STORE_OWNER" --regid="$STORE_OWNER" \
	    --clear-groups --inh-caps=+net_bind_service \
	    --ambient-caps=+net_bind_service -- \
	    "$MSGSTORE_BUILD/imapd" 2>/dev/null
	read -r -t "$IMAP_TIMEOUT" _ <&"${COPROC[0]}"
	status=$(</proc/"$COPROC_PID"/status)
	kill "$COPROC_PID"
	printf '%s\n' "$status"
	run ! grep -E '^Cap(Inh|Prm|Eff|Amb):.*[1-9a-f]' <<<"$status"
}

@test "--preauth: a user who is not there gets no greeting" {
	run "$MSGSTORE_BUILD/imapd" --preauth nobody </dev/null
	((status != 0))
	[[ $output != *PREAUTH* ]]
}

@test "imapd: talks over pipes too" {
	run bash -c "printf 'a1 NOOP\r\na2 LOGOUT\r\n' | imapd --preauth alice 2>/dev/null | cat"
	[[ $output == '* PREAUTH'*'a1 OK'*'* BYE'*'a2 OK'* ]]
}

@test "imapd: works as the owner of the store, never as root" {
	((EUID == 0)) || skip 'needs root'
	imap_start a
	local pid
	pid=$(imap_pid a)
	same "$(id -u "$STORE_OWNER")" "$(stat -c %u "/proc/$pid")"
	same "$(id -u "$STORE_OWNER")" \
	    "$(awk '$1 == "Uid:" { print $2 }' "/proc/$pid/status")"
	chown root: "$MSGSTORE"
	run "$MSGSTORE_BUILD/imapd" --preauth alice </dev/null
	((status != 0))
	[[ $output != *PREAUTH* ]]
}
