#!/usr/bin/env bats
# mboxadm-backup.bats - a copy of a store in use, and stores from it
# SPDX-License-Identifier: ISC
load ../lib/mboxadm

setup() {
	imap_setup
	cd "$BATS_TEST_TMPDIR" || return
	umask 022
	RUNNING=''
}

teardown() {
	[[ -z $RUNNING ]] || kill "$RUNNING" 2>/dev/null || :
	! mountpoint -q other || umount other
	imap_teardown
}

# A session of alice does this; every command must be OK.
session() {
	local line n=0 input=''
	for line in "$@"; do
		input+="t$((++n)) $line$CRLF"
	done
	imapd --preauth alice <<<"$input" >session.log
	same "$n" "$(grep -c '^t[0-9]* OK' session.log)" || cat session.log
}

# Mail with flags and dates in several mailboxes, and in a shared one.
fill() {
	deliver alice one two three
	deliver alice/Archive old
	deliver alice/Drafts draft
	deliver bob 'for bob'
	deliver shared/sales offer
	mboxadm grant sales alice full
	session 'SELECT INBOX' 'STORE 1 +FLAGS (\Seen $Work)' \
	    'STORE 2 +FLAGS (\Flagged)' 'LOGOUT'
}

# What two stores hold: everything that a client sees.
contents() {
	local who box
	for who in alice bob carol shared/sales; do
		while IFS= read -r box; do
			echo "== $who $box"
			mboxadm -s "$1" export mbox "$who" "$box" - 2>/dev/null
		done < <(mboxadm -s "$1" mailbox list "$who" | cut -f 1)
	done
	mboxadm -s "$1" user list
	mboxadm -s "$1" shared show sales
}

same_stores() {
	contents "$1" >"contents.$1"
	contents "$2" >"contents.$2"
	diff "contents.$1" "contents.$2"
}

subjects_in() {
	mboxadm -s "$1" export mbox "$2" "$3" - 2>/dev/null |
	    sed -n 's/^Subject: //p'
}

# said KEY: a number that the last command printed.
said() {
	sed -n "s/^$1$(printf '\t')//p" <<<"$output"
}

checks_clean() {
	run -0 mboxadm -s "$1" check
	[[ $output == *': 0 problems, 0 mended, 0 lost' ]] || die "$output"
	same 1 "${#lines[@]}"
}

state_of() {
	sed -n 's/^state //p' "$1/backup"
}

wait_for() {
	local deadline=$((SECONDS + IMAP_TIMEOUT))
	until "$@"; do
		((SECONDS < deadline)) || { die "waited in vain for: $*"; return; }
		sleep 0.01
	done
}

# hold LOCKFILE: nobody else gets this lock until release.
hold() {
	exec {HELD}<"$1"
	flock -x "$HELD"
}

# Others have inherited the descriptor: to close it is not enough.
release() {
	flock -u "$HELD"
	exec {HELD}>&-
}

# A backup that stands still behind Archive and before Drafts: with rollback
# journals a mailbox is copied under its lock.
stopped_backup() {
	conf 'journal = rollback' "$@"
	mboxadm check >/dev/null
	DRAFTS=$(dir_of alice Drafts) ARCHIVE=$(dir_of alice Archive)
	hold "$DRAFTS/lock"
	mboxadm backup copy >running.log 2>&1 3>&- &
	RUNNING=$!
	wait_for test -e "copy/backup.new/users/alice/${ARCHIVE##*/}/lock"
}

ends_well() {
	release
	wait "$RUNNING" || die "$(<running.log)"
	RUNNING=''
}

@test "backup: a store of the same layout, octet by octet, served as it is" {
	fill
	run -0 mboxadm backup copy
	same 4 "$(said accounts)"
	same 7 "$(said messages)"
	same 7 "$(said linked)"
	same 0 "$(said problems)"
	same complete "$(state_of copy)"
	same_stores store copy
	same "$(mboxadm mailbox status alice)" "$(mboxadm -s copy mailbox status alice)"
	checks_clean copy
	[[ ! -e copy/backup.new && ! -e copy/backup.lock && ! -e store/backup.lock ]]
	MSGSTORE=copy imapd --preauth bob <<<$'a SELECT INBOX\r\nb FETCH 1 BODY[]\r\nc LOGOUT\r' |
	    grep -q 'for bob'
	checks_clean store
}

@test "backup: message files are the same files, databases are nobody else's" {
	fill
	mboxadm backup copy
	dir=$(dir_of alice INBOX)
	same "$(stat -c %i "$dir/1")" "$(stat -c %i "copy/users/alice/${dir##*/}/1")"
	same '700 600 600' "$(stat -c %a copy copy/auth.db copy/users.db | tr '\n' ' ' | sed 's/ $//')"
	same 1 "$(stat -c %h "copy/users/alice/${dir##*/}/messages.db")"
	same 1 "$(find copy -printf '%u\n' | sort -u | wc -l)"
	same "$(stat -c %u store)" "$(stat -c %u copy)"
	[[ -z $(find copy -name '*-wal' -o -name '*-shm' -o -name 'search.db') ]]
}

@test "backup: passwords and app passwords are in it" {
	mboxadm app-password add alice phone >/dev/null
	mboxadm backup copy
	same "$(sql store/auth.db 'SELECT * FROM credentials; SELECT hex(hash) FROM app_passwords')" \
	    "$(sql copy/auth.db 'SELECT * FROM credentials; SELECT hex(hash) FROM app_passwords')"
}

@test "backup: run again it brings what is new, and removes what is gone" {
	fill
	conf 'expunge-retention = 0'
	mboxadm mailbox create alice Going Moving
	deliver alice/Going g1 g2
	deliver alice/Moving m1
	run -0 mboxadm backup copy
	same 10 "$(said linked)"
	deliver alice four
	session 'SELECT INBOX' 'STORE 2 +FLAGS (\Deleted)' EXPUNGE LOGOUT
	mboxadm mailbox delete alice Going
	mboxadm mailbox rename alice Moving Elsewhere
	mboxadm user delete carol
	mboxadm user add --no-password dora
	deliver dora hello
	run -0 mboxadm backup copy
	same 2 "$(said linked)"
	same 1 "$(said removed)"
	same 0 "$(said copied)"
	same "$(mboxadm user list)" "$(mboxadm -s copy user list)"
	same "$(mboxadm mailbox status alice)" "$(mboxadm -s copy mailbox status alice)"
	same "$(subjects alice INBOX)" "$(subjects_in copy alice INBOX)"
	same hello "$(subjects_in copy dora INBOX)"
	[[ ! -e copy/users/carol ]]
	dir=$(dir_of alice INBOX)
	same "$(cd "$dir" && ls -d [0-9]*)" "$(cd "copy/users/alice/${dir##*/}" && ls -d [0-9]*)"
	checks_clean copy
}

@test "backup: flags alone are brought too, and what is unchanged is left alone" {
	fill
	# As if all of it were of yesterday.
	find store -name 'messages.db*' -exec touch -d yesterday {} +
	mboxadm backup copy
	inbox=$(dir_of alice INBOX) archive=$(dir_of alice Archive)
	find copy -name messages.db -printf '%P %i\n' | sort >before
	session 'SELECT INBOX' 'STORE 3 +FLAGS (\Answered $Later)' LOGOUT
	run -0 mboxadm backup copy
	same 7 "$(said messages)"
	same 0 "$(said linked)"
	find copy -name messages.db -printf '%P %i\n' | sort >after
	same "users/alice/${inbox##*/}/messages.db" \
	    "$(diff before after | sed -n 's/^> \(.*\) .*/\1/p')"
	grep -q "users/alice/${archive##*/}/" after
	same_stores store copy
}

@test "backup --copy: nothing is shared with the store, also where links were" {
	fill
	mboxadm backup copy
	run -0 mboxadm backup --copy copy
	same 7 "$(said copied)"
	[[ $(said octets) -gt 300 ]]
	[[ -z $(find copy -type f -links +1) ]]
	same_stores store copy
	run -0 mboxadm backup --copy copy
	same 0 "$(said copied)"
	dir=$(dir_of alice INBOX)
	same "$(stat -c '%Y %s %a' "$dir/1")" "$(stat -c '%Y %s %a' "copy/users/alice/${dir##*/}/1")"
	checks_clean copy
}

@test "backup --copy: a message in two mailboxes is copied once" {
	fill
	session 'SELECT INBOX' 'COPY 1:2 Archive' LOGOUT
	run -0 mboxadm backup --copy copy
	same 9 "$(said messages)"
	same 7 "$(said copied)"
	same 2 "$(said linked)"
	same 4 "$(find copy -type f -links 2 | wc -l)"
	[[ -z $(comm -12 <(find copy -type f -printf '%i\n' | sort) \
	    <(find store -type f -printf '%i\n' | sort)) ]]
	same_stores store copy
	# One that comes later too, where the mailbox has changed.
	session 'SELECT INBOX' 'COPY 2 Archive' 'STORE 2 -FLAGS (\Flagged)' LOGOUT
	run -0 mboxadm backup --copy copy
	same '0 1' "$(said copied) $(said linked)"
	same_stores store copy
	checks_clean copy
}

@test "backup: to another file system" {
	((EUID == 0)) || skip 'only root can mount'
	mkdir other
	mount -t tmpfs -o size=32m tmpfs other 2>/dev/null ||
		skip 'nothing can be mounted here'
	chmod 777 other
	fill
	run -0 mboxadm backup other/copy
	same 7 "$(said copied)"
	same 0 "$(said linked)"
	mboxadm -s other/copy check
	deliver alice four
	run -0 mboxadm backup other/copy
	same 1 "$(said copied)"
	same "$(messages alice INBOX)" \
	    "$(mboxadm -s other/copy export mbox alice INBOX - 2>/dev/null)"
	# And back, from where nothing can be written.
	mboxadm backup other/copy
	mount -o remount,ro other
	mboxadm -s back restore other/copy
	mboxadm restore other/copy alice/INBOX Again
	umount other
	same "$(messages alice INBOX)" "$(messages alice Again)"
	checks_clean back
}

@test "backup: with rollback journals" {
	conf 'journal = rollback'
	fill
	mboxadm backup copy
	same_stores store copy
	checks_clean copy
	mboxadm -s back restore copy
	same_stores store back
}

# A message that goes to a mailbox that was copied already was in neither.
@test "backup: a message that is moved meanwhile is in one mailbox at least" {
	fill
	stopped_backup
	session 'SELECT INBOX' 'MOVE 2 Archive' LOGOUT
	ends_well
	same "$(printf 'one\ntwo\nthree')" "$(subjects_in copy alice INBOX)"
	same old "$(subjects_in copy alice Archive)"
	checks_clean copy
	# The next one is as the store is then.
	mboxadm backup copy
	same_stores store copy
}

@test "backup: also where nothing is retained, and into a mailbox made meanwhile" {
	fill
	mboxadm mailbox create alice Gone
	deliver alice/Gone g1 g2
	stopped_backup 'expunge-retention = 0'
	session 'CREATE New' 'SELECT INBOX' 'MOVE 1:2 New' 'SELECT Gone' \
	    'MOVE 1:2 New' 'DELETE Gone' LOGOUT
	run -0 mboxadm purge
	same 0 "$(said messages)"
	same 0 "$(said mailboxes)"
	ends_well
	same "$(printf 'one\ntwo\nthree')" "$(subjects_in copy alice INBOX)"
	same "$(printf 'g1\ng2')" "$(subjects_in copy alice Gone)"
	checks_clean copy
	run -0 mboxadm purge
	same 2 "$(said messages)"
	same 1 "$(said mailboxes)"
	mboxadm backup copy
	same_stores store copy
}

@test "backup: from and to shared mailboxes meanwhile" {
	fill
	stopped_backup
	session 'SELECT INBOX' 'MOVE 2 "shared\\sales"' \
	    'SELECT "shared\\sales"' 'MOVE 1 Archive' LOGOUT
	ends_well
	{ subjects_in copy alice INBOX; subjects_in copy alice Archive
	    subjects_in copy shared/sales .; } | sort -u >found
	same "$(printf '%s\n' offer old one three two)" "$(<found)"
	checks_clean copy
}

@test "backup: sessions that move and append all the time lose nothing" {
	local round
	mboxadm mailbox create alice A B
	deliver alice/A m1 m2 m3 m4 m5 m6 m7 m8
	while [[ ! -e enough ]]; do
		printf '%s\r\n' 's SELECT A' 'm MOVE 1:* B' 's SELECT B' \
		    'm MOVE 1:* A' $'a APPEND Sent {3+}\r\nx\r' \
		    's SELECT Sent' 'e STORE 1:* +FLAGS (\Deleted)' \
		    'e EXPUNGE' 'l LOGOUT' | imapd --preauth alice
	done >moving.log 3>&- &
	wait_for test -s moving.log
	for round in 1 2 3 4 5 6; do
		mboxadm backup copy >/dev/null
		{ subjects_in copy alice A; subjects_in copy alice B; } |
		    sort -u >found
		same "$(printf 'm%d\n' 1 2 3 4 5 6 7 8)" "$(<found)" || break
		# Once in each, however often it came and went.
		same '' "$(subjects_in copy alice A | sort | uniq -d)" || break
		checks_clean copy || break
	done
	touch enough
	wait
	((round == 6))
	[[ $(grep -c '^m OK' moving.log) -gt 1 ]]
	run ! grep -qE '^[a-z] (NO|BAD)' moving.log
	checks_clean store
}

@test "backup: while one is running another waits its turn, and nobody is deleted" {
	fill
	stopped_backup
	fails 75 mboxadm backup copy
	fails 75 mboxadm backup other
	fails 75 mboxadm user delete bob
	fails 75 mboxadm user rename bob robert
	fails 75 mboxadm shared delete sales
	says 'try again'
	ends_well
	mboxadm user rename bob robert
	mboxadm user delete robert
	mboxadm shared delete sales
	mboxadm backup copy
	[[ ! -e copy/users/bob && ! -e copy/users/robert && ! -e copy/shared/sales ]]
	checks_clean copy
}

@test "backup: one that was killed leaves the one before, and the next goes on" {
	fill
	mboxadm backup copy
	contents copy >before
	deliver alice/Archive newer
	stopped_backup
	kill -9 "$RUNNING"
	wait "$RUNNING" || :
	release
	same complete "$(state_of copy)"
	contents copy | diff before -
	run -0 mboxadm -s copy check
	# What it left in the store keeps nobody from anything.
	mboxadm user add --no-password dora
	mboxadm user delete dora
	run -0 mboxadm backup copy
	same 0 "$(said linked)"
	same "$(printf 'old\nnewer')" "$(subjects_in copy alice Archive)"
	same_stores store copy
	checks_clean copy
}

@test "backup: a first one that was killed is not complete, and not restored" {
	fill
	stopped_backup
	kill -9 "$RUNNING"
	wait "$RUNNING" || :
	release
	same incomplete "$(state_of copy)"
	fails 65 mboxadm -s back restore copy
	says 'not complete'
	[[ ! -e back/users.db ]]
	mboxadm backup copy
	same complete "$(state_of copy)"
	mboxadm -s back restore copy
	same_stores store back
}

@test "backup: a damaged mailbox is told, the rest is copied, its copy of before stays" {
	fill
	mboxadm backup copy
	dir=$(dir_of alice INBOX)
	as_owner rm -f "$dir/messages.db-wal" "$dir/messages.db-shm"
	echo 'this is no database' | as_owner tee "$dir/messages.db" >/dev/null
	deliver bob second
	run -65 --separate-stderr mboxadm backup copy
	says "users/alice/${dir##*/}"
	same 1 "$(said problems)"
	same incomplete "$(state_of copy)"
	same "$(printf 'for bob\nsecond')" "$(subjects_in copy bob INBOX)"
	same "$(printf 'one\ntwo\nthree')" "$(subjects_in copy alice INBOX)"
	fails 65 mboxadm -s back restore copy
	mboxadm -s back restore --incomplete copy
	same "$(printf 'one\ntwo\nthree')" "$(subjects_in back alice INBOX)"
	mboxadm check --repair >/dev/null || :
	mboxadm backup copy
	same complete "$(state_of copy)"
	checks_clean copy
}

@test "backup: a message without its file is told" {
	fill
	rm "$(dir_of alice INBOX)/2"
	run -65 --separate-stderr mboxadm backup copy
	says 'message 2 has no file'
	mboxadm check --repair >/dev/null || :
	mboxadm backup copy
	checks_clean copy
}

@test "backup: places that cannot be one" {
	mkdir full
	touch full/file
	own full
	fails 65 mboxadm backup full
	says 'not empty'
	fails 65 mboxadm backup store
	fails 65 mboxadm backup store/copy
	fails 73 mboxadm backup nowhere/copy
	fails 64 mboxadm backup
	fails 64 mboxadm backup copy --repair
	mkdir -m 700 roots
	((EUID != 0)) || fails 73 mboxadm backup roots
	checks_clean store
}

@test "backup: not in the place of another store's" {
	fill
	mboxadm backup copy
	mkdir new
	own new
	mboxadm -s new init
	for user in alice bob carol; do
		mboxadm -s new user add --no-password "$user"
	done
	mboxadm -s new shared add sales
	fails 65 mboxadm -s new backup copy
	says 'another store'
	same_stores store copy
	# That store goes on, also where it was restored from it.
	mboxadm backup copy
	mboxadm -s again restore copy
	mboxadm -s again backup copy
	checks_clean copy
	# What has none of its credentials is of no use to anybody.
	rm copy/auth.db
	mboxadm -s new backup copy
	same_stores new copy
}

@test "backup: JSON" {
	fill
	same 7 "$(mboxadm backup copy --json | json 'd["messages"]')"
	same 0 "$(mboxadm backup copy --json | json 'd["problems"]')"
	same 19 "$(mboxadm -s back restore copy --json | json 'd["mailboxes"]')"
}

@test "backup: of what somebody used as a store nothing stays" {
	fill
	mboxadm backup copy
	mboxadm -s copy deliver alice <<<'Subject: stray'
	mboxadm -s copy mailbox create alice Stray
	mboxadm -s copy user add --no-password stray
	mboxadm backup copy
	same_stores store copy
	checks_clean copy
	[[ ! -e copy/users/stray ]]
}

@test "restore: a store from a backup; UIDs that were given since are not given again" {
	fill
	mboxadm backup copy
	deliver alice four
	session 'SELECT INBOX' 'STORE 1 +FLAGS (\Deleted)' LOGOUT
	run -0 mboxadm -s back restore copy
	same 7 "$(said messages)"
	same_stores copy back
	checks_clean back
	[[ ! -e back/backup && ! -e back/backup.new && ! -e back/backup.lock ]]
	# RFC 9051 2.3.1.1: each UIDVALIDITY is greater than all before.
	lowest=$(mboxadm -s back mailbox status alice | cut -f 7 | sort -n | head -1)
	highest=$(mboxadm mailbox status alice | cut -f 7 | sort -n | tail -1)
	((lowest > highest))
	mboxadm -s back mailbox create alice New
	((lowest < $(mboxadm -s back mailbox status alice New | cut -f 7)))
	mboxadm -s back deliver alice <<<'Subject: next'
	checks_clean back
	same_stores store store
}

@test "restore --keep-uidvalidity: clients keep their caches, and read flags anew" {
	fill
	mboxadm backup copy
	run -0 mboxadm -s back restore --keep-uidvalidity copy
	same_stores copy back
	checks_clean back
	same "$(mboxadm mailbox status alice INBOX | cut -f 1-5,7)" \
	    "$(mboxadm -s back mailbox status alice INBOX | cut -f 1-5,7)"
	same 1000004 "$(mboxadm -s back mailbox status alice INBOX | cut -f 6)"
	modseq=$(mboxadm mailbox status alice INBOX | cut -f 8)
	MSGSTORE=back imapd --preauth alice <<<$'e ENABLE QRESYNC\r
s SELECT INBOX (QRESYNC ('"$(mboxadm mailbox status alice INBOX | cut -f 7) $((modseq + 10)) 1:9"$'))\r
l LOGOUT\r' >resync.log
	grep -q 'VANISHED (EARLIER) 4:9' resync.log
	same 3 "$(grep -c '^\* [0-9] FETCH .*FLAGS' resync.log)"
	mboxadm -s back deliver alice <<<'Subject: next'
	checks_clean back
}

@test "restore: refused where a store or anything else is" {
	fill
	mboxadm backup copy
	fails 65 mboxadm restore copy
	says 'not empty'
	fails 66 mboxadm -s back restore nowhere
	fails 66 mboxadm -s back restore store
	fails 65 mboxadm -s copy restore copy
	checks_clean store
	checks_clean copy
}

@test "restore: one that was killed is no store, and goes on" {
	fill
	mboxadm backup copy
	archive=$(dir_of alice Archive) drafts=$(dir_of alice Drafts)
	hold "copy/users/alice/${drafts##*/}/lock"
	mboxadm -s back restore copy >running.log 2>&1 3>&- &
	RUNNING=$!
	wait_for test -e "back/backup.new/users/alice/${archive##*/}/lock"
	kill -9 "$RUNNING"
	wait "$RUNNING" || :
	release
	fails 69 mboxadm -s back user list
	fails 65 mboxadm backup back
	run -0 mboxadm -s back restore copy
	same_stores store back
	checks_clean back
}

# A store without the mailbox was made, and exit status 65 told of it.
@test "restore: nothing, where not all can be read; with --incomplete the rest" {
	fill
	mboxadm backup copy
	dir=$(dir_of alice INBOX)
	dir=copy/users/alice/${dir##*/}
	rm "$dir/2"
	fails 65 mboxadm -s back restore copy
	says 'message 2 has no file'
	[[ ! -e back/users.db ]]
	mboxadm user delete alice
	fails 65 mboxadm restore copy alice
	fails 67 mboxadm user show alice
	mboxadm user add --no-password alice
	fails 65 mboxadm restore copy alice/INBOX Old
	run -65 mboxadm -s back restore --incomplete copy
	same 'for bob' "$(subjects_in back bob INBOX)"
	run -65 mboxadm restore --incomplete copy alice/INBOX Old
	mboxadm check --repair >/dev/null || :
	same "$(printf 'one\nthree')" "$(subjects alice Old)"
}

@test "restore: what is left of one that was killed at the very end" {
	fill
	mboxadm backup copy
	mboxadm -s back restore copy
	# All but the last step was done.
	printf 'msgstore backup 1\nstate incomplete\nrestore yes\n' |
	    as_owner tee back/backup >/dev/null
	mboxadm -s back deliver alice <<<'Subject: newer'
	run -0 mboxadm -s back restore copy
	[[ ! -e back/backup ]]
	mboxadm -s back export mbox alice INBOX - 2>/dev/null | grep -q newer
}

@test "restore USER: an account that is gone comes back, with all that it was" {
	fill
	mboxadm app-password add alice phone >/dev/null
	mboxadm user deny alice delete
	mboxadm grant sales bob read
	mboxadm backup copy
	mboxadm user delete alice
	mboxadm user rename bob alice2
	run -0 mboxadm restore copy alice
	same 1 "$(said accounts)"
	same "$(subjects_in copy alice INBOX)" "$(subjects alice INBOX)"
	same "$(mboxadm -s copy mailbox list alice)" "$(mboxadm mailbox list alice)"
	same "$(mboxadm -s copy user show alice | grep -v '^created')" \
	    "$(mboxadm user show alice | grep -v '^created')"
	same "$(mboxadm -s copy shared show sales | grep -w alice)" \
	    "$(mboxadm shared show sales | grep -w alice)"
	fails 65 mboxadm restore copy alice
	fails 67 mboxadm restore copy nobody
	fails 64 mboxadm restore copy carol name
	checks_clean store
	[[ ! -e store/restore.new && ! -e store/backup.lock ]]
	# Of bob the name is free, and the id is another's.
	mboxadm restore copy bob
	same 'for bob' "$(subjects bob INBOX)"
	checks_clean store
}

@test "restore USER/MAILBOX: lost messages come back in a mailbox of their own" {
	fill
	mboxadm backup copy
	session 'SELECT INBOX' 'STORE 1:2 +FLAGS (\Deleted)' EXPUNGE LOGOUT
	fails 65 mboxadm restore copy alice/INBOX
	says 'another name'
	run -0 mboxadm restore copy alice/INBOX 'Lost\INBOX'
	same 3 "$(said messages)"
	[[ $output != *'cut off'* ]]
	same "$(mboxadm -s copy export mbox alice INBOX - 2>/dev/null)" \
	    "$(messages alice 'Lost\INBOX')"
	mboxadm mailbox list alice | cut -f 1 | grep -qx Lost
	checks_clean store
	mboxadm mailbox delete alice Archive
	mboxadm restore copy alice/Archive
	same old "$(subjects alice Archive)"
	fails 65 mboxadm restore copy alice/Nope
	fails 64 mboxadm restore copy alice/INBOX Kept --keep-uidvalidity
	fails 67 mboxadm restore copy nobody/INBOX
	checks_clean store
	# An empty one too, and a session finds all of them.
	mboxadm restore copy alice/Junk Junk2
	session 'SELECT "Lost\\INBOX"' 'APPEND Junk2 {2+}'$'\r\nx\r' \
	    'SELECT Junk2' LOGOUT
	checks_clean store
}

@test "restore shared/NAME, and a mailbox of it" {
	fill
	mboxadm mailbox create shared/sales Orders
	deliver shared/sales/Orders order
	mboxadm backup copy
	run -0 mboxadm restore copy shared/sales/Orders Again
	same order "$(subjects shared/sales Again)"
	run -0 mboxadm restore copy shared/sales/. Itself
	same offer "$(subjects shared/sales Itself)"
	mboxadm shared delete sales
	run -0 mboxadm restore copy shared/SALES
	same offer "$(subjects shared/sales .)"
	same order "$(subjects shared/sales Orders)"
	same "$(mboxadm -s copy shared show sales)" "$(mboxadm shared show sales)"
	checks_clean store
}

@test "restore USER/MAILBOX: one that was killed goes on" {
	fill
	mboxadm backup copy
	dir=$(dir_of alice INBOX)
	hold "copy/users/alice/${dir##*/}/lock"
	mboxadm restore copy alice/INBOX Back >running.log 2>&1 3>&- &
	RUNNING=$!
	wait_for test -e "store/restore.new/backup.new/users/alice/${dir##*/}"
	kill -9 "$RUNNING"
	wait "$RUNNING" || :
	release
	checks_clean store
	mboxadm restore copy alice/INBOX Back
	same "$(printf 'one\ntwo\nthree')" "$(subjects alice Back)"
	checks_clean store
	[[ ! -e store/restore.new ]]
}
