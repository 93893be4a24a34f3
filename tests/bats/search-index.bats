#!/usr/bin/env bats
# search-index.bats - texts that search.db knows: RFC 9051 6.4.4
# SPDX-License-Identifier: ISC
load ../lib/imap

# So many that search.db is asked: message N has "wNe", all have "common".
fill() {
	local i

	for ((i = 1; i <= 120; i++)); do
		printf 'From a@b Tue Nov 25 10:00:00 2025\n'
		printf 'From: user%d@example.com\nTo: list@example.com\n' "$i"
		printf 'Subject: top%d thing\nX-Note: note%d\n\n' "$i" "$i"
		printf 'The common text, w%de of stra\303\237e %d.\n\n' "$i" "$i"
	done >"$BATS_TEST_TMPDIR/fill.mbox"
	mboxadm import mbox - alice INBOX <"$BATS_TEST_TMPDIR/fill.mbox"
}

search_db() {
	printf '%s\n' "$MSGSTORE"/users/alice/*/search.db
}

# A session that had to look at the messages may be at it too.
index_all() {
	local deadline=$((SECONDS + IMAP_TIMEOUT))

	until mboxadm index alice 2>&1 &&
	    [[ $(sqlite3 "$(search_db)" 'SELECT messages FROM state') == 120 ]]; do
		((SECONDS < deadline)) || { die 'search.db is not made'; return; }
		sleep 0.05
	done
}

# What is known to search.db is found although the messages' files are away: that
# it was asked.
hide_files() {
	local dir

	dir=$(dirname "$(search_db)")
	mkdir "$BATS_TEST_TMPDIR/away"
	mv "$dir"/[0-9]* "$BATS_TEST_TMPDIR/away"
}

@test "search.db: thousands of texts take little memory" {
	local kb keys

	fill
	run -0 mboxadm index alice
	imap_start a --select INBOX
	printf -v keys '%9000s' ''
	imap_ok a "q SEARCH RETURN (COUNT) ${keys// /OR TEXT common }ALL"
	expect '=* ESEARCH (TAG "q") COUNT 120'
	kb=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$(imap_pid a)/status")
	built_with_asan || ((kb < 50000)) || die "the session took $kb kB"
}

@test "search.db answers BODY, TEXT and fields, without a look at the messages" {
	fill
	run -0 mboxadm index alice
	imap_start a --select INBOX
	hide_files
	imap_ok a 'q SEARCH BODY w7e'
	expect '=* SEARCH 7'
	imap_ok a 'q SEARCH BODY w11'
	expect '=* SEARCH 11 110 111 112 113 114 115 116 117 118 119'
	imap_ok a 'q SEARCH RETURN (COUNT) BODY COMMON'
	expect '=* ESEARCH (TAG "q") COUNT 120'
	imap_ok a 'q SEARCH RETURN (COUNT) NOT BODY comMon'
	expect '=* ESEARCH (TAG "q") COUNT 0'
	imap_ok a 'q SEARCH SUBJECT top33'
	expect '=* SEARCH 33'
	imap_ok a 'q SEARCH TEXT note44'
	expect '=* SEARCH 44'
	imap_ok a 'q SEARCH BODY top33'
	expect '=* SEARCH'
	imap_ok a 'q SEARCH OR BODY w7e (SUBJECT top9 NOT BODY w9e)'
	expect '=* SEARCH 7 90 91 92 93 94 95 96 97 98 99'
	imap_ok a 'q SEARCH RETURN (MIN MAX COUNT) BODY w10'
	expect '=* ESEARCH (TAG "q") MIN 10 MAX 109 COUNT 11'
	imap_ok a 'q SEARCH RETURN (PARTIAL 2:3) BODY w10'
	expect '=* ESEARCH (TAG "q") PARTIAL (2:3 100:101)'
	# No word of the name is in any header.
	imap_ok a 'q SEARCH HEADER X-None ""'
	expect '=* SEARCH'
}

@test "SEARCH finds the same with search.db and without, whatever the mail is" {
	cd "$BATS_TEST_TMPDIR"
	for seed in ${SEARCH_SEEDS:-1 2}; do
		python3 "$TESTS_DIR/lib/textindex.py" \
		    "$MSGSTORE_BUILD/mboxadm" "$MSGSTORE_BUILD/imapd" alice \
		    "$seed" "${SEARCH_ROUNDS:-4}"
		rm -rf "$MSGSTORE"
		cp -a "$TEMPLATE" "$MSGSTORE"
	done
}

@test "search.db answers in other commands, other mailboxes and other collations" {
	fill
	mboxadm grant sales alice full
	mboxadm import mbox - shared/sales . <"$BATS_TEST_TMPDIR/fill.mbox"
	run -0 mboxadm index
	[[ $output == *'shared/sales'* ]]
	imap_start a --select INBOX
	hide_files
	imap_ok a 'q SORT (REVERSE ARRIVAL) UTF-8 BODY w11'
	expect '* SORT '
	(($(wc -w <<<"${ANSWER[0]}") == 13))
	imap_ok a 'q ESEARCH IN (mailboxes (INBOX "shared\\sales")) RETURN (COUNT) BODY w11'
	expect '* ESEARCH (TAG "q" MAILBOX' '* ESEARCH (TAG "q" MAILBOX' 'q OK'
	same 2 "$(printf '%s\n' "${ANSWER[@]}" | grep -c 'COUNT 11$')"
	# i;octet finds less: who may hold the word are looked at.
	mv "$BATS_TEST_TMPDIR"/away/* "$(dirname "$(search_db)")"
	imap_ok a 'q COMPARATOR "i;octet"'
	imap_ok a 'q SEARCH RETURN (COUNT) BODY COMMON'
	expect '=* ESEARCH (TAG "q") COUNT 0'
	imap_ok a 'q SEARCH RETURN (COUNT) BODY common'
	expect '=* ESEARCH (TAG "q") COUNT 120'
}

@test "messages that search.db does not know yet are looked at" {
	fill
	mboxadm index alice
	printf 'Subject: late\r\n\r\nw7e comes late\r\n' |
		mboxadm deliver alice
	imap_start a --select INBOX
	imap_ok a 'q SEARCH BODY w7e'
	expect '=* SEARCH 7 121'
	imap_ok a 'q STORE 7 +FLAGS.SILENT (\Deleted)'
	imap_ok a 'q EXPUNGE'
	imap_ok a 'q SEARCH BODY w7e'
	expect '=* SEARCH 120'
	imap_ok a 'q SEARCH RETURN (ALL) NOT BODY common'
	expect '=* ESEARCH (TAG "q") ALL 120'
}

@test "a session notes what it had to look at, once its client is silent" {
	local deadline=$((SECONDS + IMAP_TIMEOUT))

	fill
	imap_start a --select INBOX
	[[ ! -e $(search_db) ]]
	imap_ok a 'q SEARCH BODY w7e'
	expect '=* SEARCH 7'
	until [[ $(sqlite3 "$(search_db)" 'SELECT messages FROM state' \
	    2>/dev/null) == 120 ]]; do
		((SECONDS < deadline)) || die 'search.db is not made'
		sleep 0.05
	done
	hide_files
	imap_ok a 'q SEARCH BODY w7e'
	expect '=* SEARCH 7'
}

@test "a search waits for no one who writes search.db, and finds all" {
	local line

	fill
	mboxadm index alice
	coproc SQL { exec sqlite3 "$(search_db)" 2>&1; }
	printf '%s\n' 'BEGIN IMMEDIATE; UPDATE state SET upto = upto;' \
	    "SELECT 'held';" >&"${SQL[1]}"
	read -r -t "$IMAP_TIMEOUT" line <&"${SQL[0]}"
	[[ $line == held ]]
	imap_start a --select INBOX
	imap_ok a 'q SEARCH BODY w7e'
	expect '=* SEARCH 7'
	printf '%s\n' 'ROLLBACK;' '.quit' >&"${SQL[1]}"
	wait "$SQL_PID" || :
}

@test "a search.db that is damaged, or of another mailbox, is not believed" {
	local db

	fill
	mboxadm index alice
	db=$(search_db)
	# Of another mailbox, or from another time.
	for change in "mailbox = '0123456789abcdef'" 'uidvalidity = 1' 'upto = 5000' \
	    'emailid = randomblob(length(emailid))' 'emailid = x'"'00'"'' 'modseq = 9999999'; do
		sqlite3 "$db" "UPDATE state SET $change"
		sqlite3 "$db" "DELETE FROM words"
		imap_start a --select INBOX
		imap_ok a 'q SEARCH BODY w7e'
		expect '=* SEARCH 7'
		imap_close a
		index_all
	done
	# Torn.
	printf 'no database' >"$db"
	rm -f "$db"-wal "$db"-shm
	imap_start a --select INBOX
	imap_ok a 'q SEARCH BODY w7e'
	expect '=* SEARCH 7'
	index_all
	sqlite3 "$db" "UPDATE mail_data SET block = x'00ff00ff00ff00ff00'" \
	    "UPDATE grams_data SET block = x'ffffffffffffffffffff'"
	imap_ok a 'q SEARCH BODY w7e'
	expect '=* SEARCH 7'
	index_all
	imap_ok a 'q SEARCH BODY w7e'
	expect '=* SEARCH 7'
	hide_files
	imap_ok a 'q SEARCH BODY w7e'
	expect '=* SEARCH 7'
}

@test "a search.db that cannot be written on is made anew" {
	local damage

	fill
	for damage in 'DROP TABLE mail' 'DROP TABLE words' \
	    "UPDATE mail_data SET block = x'00ff00ff00ff00ff00'" \
	    "DELETE FROM grams_data" "INSERT INTO words VALUES
	    (9223372036854775807, 'last')"; do
		mboxadm index alice --rebuild
		sqlite3 "$(search_db)" "$damage" "UPDATE state SET upto = 60"
		# One of the two meets it, and the next begins again.
		mboxadm index alice || :
		index_all
		imap_start a --select INBOX
		hide_files
		imap_ok a 'q SEARCH BODY w7e'
		expect '=* SEARCH 7'
		imap_close a
		mv "$BATS_TEST_TMPDIR"/away/* "$(dirname "$(search_db)")"
		rmdir "$BATS_TEST_TMPDIR/away"
	done
}

@test "no search waits where there is no write-ahead log either (journal = rollback)" {
	local line started

	conf 'journal = rollback'
	fill
	mboxadm index alice
	coproc SQL { exec python3 -c '
import fcntl, os, sqlite3, struct, sys
path = sys.argv[1]
fd = os.open(os.path.dirname(path) + "/search.lock", os.O_RDWR)
fcntl.fcntl(fd, fcntl.F_OFD_SETLK,
            struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 1, 0))
db = sqlite3.connect(path, isolation_level=None)
db.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
' "$(search_db)"; }
	read -r -t "$IMAP_TIMEOUT" line <&"${SQL[0]}"
	[[ $line == held ]]
	started=$SECONDS
	imap_start a --select INBOX
	imap_ok a 'q SEARCH BODY w7e'
	expect '=* SEARCH 7'
	((SECONDS - started < 10))
	line=${SQL[1]}
	exec {line}>&-
	wait "$SQL_PID" || :
	hide_files
	imap_ok a 'q SEARCH BODY w7e'
	expect '=* SEARCH 7'
}

@test "mboxadm check tells of a bad search.db, and removes it" {
	local db

	fill
	mboxadm index alice
	db=$(search_db)
	run -0 mboxadm check
	sqlite3 "$db" "UPDATE mail_data SET block = x'00ff00ff00ff00ff00'
	    WHERE id > 100"
	run mboxadm check
	((status != 0))
	[[ $output == *search.db* ]]
	[[ -e $db ]]
	mboxadm check --repair
	[[ ! -e $db ]]
	run -0 mboxadm check
	mboxadm index alice
	run -0 mboxadm check
}

@test "search-index = no, for all or one user: there is no search.db" {
	fill
	conf 'search-index = no'
	run -0 mboxadm index alice
	same '' "$output"
	[[ ! -e $(search_db) ]]
	mboxadm user set alice search-index yes
	mboxadm user show alice --json | grep -q '"search-index": true'
	mboxadm index alice
	[[ -e $(search_db) ]]
	conf 'search-index = yes'
	mboxadm user set alice search-index no
	imap_start a --select INBOX
	sqlite3 "$(search_db)" "UPDATE mail_data SET block = x'00'"
	imap_ok a 'q SEARCH BODY w7e'
	expect '=* SEARCH 7'
	mboxadm index alice
	[[ ! -e $(search_db) ]]
	mboxadm user set alice search-index default
	run -0 mboxadm index alice INBOX --json
	[[ $output == *'"messages": 120'*'"octets": '* ]]
	run mboxadm user set alice search-index perhaps
	((status == 64))
}

@test "mboxadm index --rebuild: words that only messages had which are gone go too" {
	local db

	fill
	mboxadm index alice
	db=$(search_db)
	imap_start a --select INBOX
	imap_ok a 'q STORE 1:10 +FLAGS.SILENT (\Deleted)'
	imap_ok a 'q EXPUNGE'
	mboxadm index alice
	same 1 "$(sqlite3 "$db" "SELECT count(*) FROM words WHERE word = 'W7E'")"
	mboxadm index alice --rebuild
	same 0 "$(sqlite3 "$db" "SELECT count(*) FROM words WHERE word = 'W7E'")"
	same 110 "$(sqlite3 "$db" 'SELECT messages FROM state')"
	imap_ok a 'q STORE 1:* +FLAGS.SILENT (\Deleted)'
	imap_ok a 'q EXPUNGE'
	mboxadm index alice
	[[ ! -e $db ]]
	# So few are looked at as fast.
	printf 'Subject: x\r\n\r\nunusual\r\n' | mboxadm deliver alice
	mboxadm index alice
	[[ ! -e $db ]]
}

@test "a mail of very many words is looked at each time, and fills no search.db" {
	local i

	fill
	{
		printf 'Subject: many\r\n\r\n'
		awk 'BEGIN { for (i = 0; i < 40000; i++) {
			w = ""; for (j = i; j > 0; j = int(j / 26))
				w = w sprintf("%c", 97 + j % 26)
			print "q" w "z\r" } }'
	} | mboxadm deliver alice
	run -0 mboxadm index alice
	[[ $output == alice$'\t'INBOX$'\t'121$'\t'1$'\t'* ]]
	imap_start a --select INBOX
	imap_ok a 'q SEARCH BODY qbbz'
	expect '=* SEARCH 121'
	(($(sqlite3 "$(search_db)" 'SELECT count(*) FROM words') < 2000))
}

# Each session that searches reads the log first.
@test "mboxadm index leaves no large log behind" {
	local i log

	fill
	for ((i = 0; i < 40; i++)); do
		{
			printf 'Subject: some\r\n\r\n'
			awk -v i="$i" 'BEGIN { for (n = 0; n < 500; n++) {
				w = ""
				for (j = 99991 * (500 * i + n); j > 0;
				    j = int(j / 26))
					w = w sprintf("%c", 97 + j % 26)
				print w "\r" } }'
		} | mboxadm deliver alice
	done
	run -0 mboxadm index alice
	log=$(stat -c %s "$(search_db)-wal" 2>/dev/null || echo 0)
	((log + $(stat -c %s "$(search_db)") > 600000))
	((log <= 300000)) || die "the log has $log octets"
}
