#!/usr/bin/env bats
# search-hostile.bats - search programs and mail that are made to hurt
# SPDX-License-Identifier: ISC
load ../lib/imap

setup() {
	imap_setup
	imap_start a
	seed a INBOX 20
	imap_ok a 's1 SELECT INBOX'
}

# What the session has ever taken stays below so many kB (not with ASan, which
# keeps what was freed).
peak_below() {
	local kb
	built_with_asan && return
	kb=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$(imap_pid a)/status")
	((kb < $1)) || die "the session took $kb kB"
}

# repeat N TEXT
repeat() {
	local out

	printf -v out "%$1s"
	printf %s "${out// /"$2"}"
}

@test "SEARCH: nesting has a limit, chains of OR and NOT have none but the command's" {
	imap a "q SEARCH $(repeat 1000 '(')ALL$(repeat 1000 ')')"
	expect_only 'q BAD'
	imap a "q SEARCH $(repeat 100000 '(')"
	expect_only 'q BAD'
	imap_ok a "q SEARCH $(repeat 3000 'OR ')$(repeat 3000 'SEEN ')ALL"
	expect '=* SEARCH 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20'
	imap_ok a "q SEARCH $(repeat 3000 'OR SEEN ')1"
	expect '=* SEARCH 1'
	imap_ok a "q SEARCH $(repeat 100001 'NOT ')2:*"
	expect '=* SEARCH 1'
	imap a "q SEARCH$(repeat 20000 ' ALL')"
	expect_only 'q BAD'
	imap a "q SEARCH $(repeat 60 'FUZZY (')ALL$(repeat 60 ')')"
	expect_only 'q BAD'
	imap a "q SEARCH $(repeat 5000 'FUZZY ')ALL"
	expect_only 'q BAD'
	peak_below 40000
}

@test "SEARCH: huge sets, each number once and again" {
	local i set

	printf -v set '%d,' {1..100000}
	imap_ok a "q SEARCH RETURN (ALL COUNT) ${set}1"
	expect '=* ESEARCH (TAG "q") ALL 1:20 COUNT 20'
	set=$(repeat 100000 '1:*,')
	imap_ok a "q UID SEARCH RETURN (ALL) UID ${set}5"
	expect '=* ESEARCH (TAG "q") UID ALL 1:20'
	imap_ok a "q SEARCH RETURN (SAVE) ${set}5"
	set=$(repeat 5000 '$ ')
	imap_ok a "q SEARCH RETURN (COUNT) ${set}ALL"
	expect '=* ESEARCH (TAG "q") COUNT 20'
	imap a "q SEARCH $(repeat 200000 '1:2,')"
	expect_only 'q BAD'
	# As many contexts as there may be, each as large as it may be.
	printf -v set '%d,' $(seq 1 2 11000)
	for ((i = 1; i <= 20; i++)); do
		imap_ok a "B$i SEARCH RETURN (UPDATE COUNT) ${set}1"
	done
	expect '* NO [NOUPDATE "B20"]'
	imap_ok a 'a1 STORE 1:* +FLAGS.SILENT (\Seen)'
	peak_below 60000
}

@test "SORT, THREAD: programs and names that go on" {
	imap_ok a "q SORT ($(repeat 10000 'REVERSE SUBJECT ')DATE) UTF-8 ALL"
	imap a "q SORT ($(repeat 100000 '(')"
	expect_only 'q BAD'
	imap a "q COMPARATOR \"$(repeat 200 '*a')b\""
	expect_only 'q BAD'
	imap a "q COMPARATOR \"$(repeat 120 '*i')\""
	expect_only '~^q NO \[BADCOMPARATOR'
	imap a "q ESEARCH IN (mailboxes ($(repeat 2000 'x ')y)) ALL"
	expect_only 'q BAD'
	imap_ok a "q ESEARCH IN (mailboxes ($(repeat 900 'INBOX ')y)) RETURN (COUNT) ALL"
	expect '~COUNT 20$'
	peak_below 40000
}

@test "SORT, THREAD: mail with long headers and thousands of references" {
	local i refs subject text out=''

	printf -v refs ' <%d@x>' {1..20000}
	subject=$(repeat 20000 '[a]re: ')
	for ((i = 1; i <= 20; i++)); do
		text="Subject: $subject$i${CRLF}References:$refs$CRLF"
		text+="Message-ID: <$((i + 20000))@x>$CRLF"
		text+="From: $(repeat 20000 'a@b, ')c@d$CRLF"
		text+="To: $(repeat 50000 '(')x$CRLF$CRLF"
		imap_ok a "a$i APPEND INBOX {${#text}+}$CRLF$text"
	done
	imap_ok a 'q THREAD REFERENCES UTF-8 21:40'
	expect '~^\* THREAD \(\(21\)\(22\).*\(40\)\)$'
	imap_ok a 'q SORT (SUBJECT FROM TO DISPLAYFROM) UTF-8 21:40'
	expect '* SORT '
	[[ $(sqlite3 "$MSGSTORE"/users/alice/*/messages.db \
	    'SELECT max(length(keys)) FROM sortkeys') -lt 4000 ]]
	peak_below 60000
}

@test "SEARCH: a client that is gone ends it" {
	local pid

	imap_start b --select INBOX
	pid=$(imap_pid b)
	imap_send_raw b "$(repeat 300 "q SEARCH TEXT x$CRLF")"
	imap_close b
	process_ends "$pid"
}

# So many keys on so few messages that the pauses between messages are too few.
@test "SEARCH, FETCH: a client that is gone ends what one message takes long for" {
	local pid text keys
	# Only what is sent to it tells a client that is gone from one that says no more.
	conf 'progress-interval = 1s'
	printf -v text 'Subject: large%s%01000000d' "$CRLF$CRLF" 0
	for _ in {1..10}; do
		append a INBOX "$text"
	done
	keys=$(repeat 9000 'OR TEXT q ')
	imap_start b --select INBOX
	pid=$(imap_pid b)
	imap_send_raw b "q SEARCH ${keys}TEXT q$CRLF"
	imap_close b
	process_ends "$pid"
	printf -v text 'Content-Transfer-Encoding: base64%s%02000000d' "$CRLF$CRLF" 0
	for _ in {1..10}; do
		append a INBOX "$text"
	done
	imap_start b --select INBOX
	pid=$(imap_pid b)
	imap_send_raw b "q FETCH 31:40 ($(repeat 990 'BINARY.SIZE[1] ')UID)$CRLF"
	imap_close b
	process_ends "$pid"
}

@test "SEARCH: thousands of texts take little memory" {
	imap_ok a "q SEARCH $(repeat 4000 'OR TEXT q ')TEXT q"
	peak_below 40000
}

@test "SEARCH: \$ in thousands of keys takes little memory" {
	local i

	for i in 1 2 3 4 5 6; do
		imap_ok a "c COPY 1:* INBOX"
	done
	imap_ok a "q STORE $(seq -s, 1 2 1280) +FLAGS.SILENT (\\Flagged)"
	imap_ok a 'q SEARCH RETURN (SAVE) FLAGGED'
	imap_ok a "q SEARCH RETURN (COUNT) $(repeat 9000 '$ ')ALL"
	expect '=* ESEARCH (TAG "q") COUNT 640'
	imap_ok a "q SEARCH RETURN (COUNT) $(repeat 4000 'OR 1,$ ')NOT $"
	expect '=* ESEARCH (TAG "q") COUNT 1280'
	peak_below 25000
	# A context keeps a copy of each.
	imap_ok a "u SEARCH RETURN (UPDATE COUNT) $(repeat 9000 '$ ')ALL"
	expect '* NO [NOUPDATE "u"]'
	peak_below 25000
}

@test "ESEARCH: a long set and many mailboxes take little memory" {
	local i

	imap_ok a 'c CREATE x'
	for ((i = 0; i < 150; i++)); do
		imap_send a "c CREATE x$i"
	done
	for ((i = 0; i < 150; i++)); do
		imap_read a
	done
	imap_ok a "q ESEARCH IN (PERSONAL) UID $(seq -s, 1 2 99999)"
	expect '~ESEARCH .*INBOX.* UID ALL '
	peak_below 25000
}
