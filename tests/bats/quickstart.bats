#!/usr/bin/env bats
# quickstart.bats - what quickstart serves, and the commands that it prints
# SPDX-License-Identifier: ISC
#
# Each printed command is run as it is, as somebody would who pastes it.
load ../lib/imap

setup_file() {
	build_find
	owner_find
	chmod go+x "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/*/ 2>/dev/null || :
	chmod 1777 "$BATS_FILE_TMPDIR"
	# The user's own build is not touched, and the real demo store neither.
	export BUILD=$MSGSTORE_BUILD DEMO_STORE=$BATS_FILE_TMPDIR/demo
	export QUICKSTART=$TESTS_DIR/../quickstart OUT=$BATS_FILE_TMPDIR/out
	unset MSGSTORE_CONF
	export TERM=xterm HOME=$BATS_FILE_TMPDIR
	# Ports in use are skipped by quickstart itself.
	export PORT=$((31000 + RANDOM % 1000))
	quickstart_start "$OUT"
	FIRST=$QUICKSTART_PID
	export FIRST
}

teardown_file() {
	quickstart_stop "$FIRST"
}

setup() { :; }
teardown() { :; }

# Start quickstart in the background, and wait until it serves.
quickstart_start() {
	"$QUICKSTART" </dev/null >"$1" 2>&1 3>&- &
	QUICKSTART_PID=$!
	local deadline=$((SECONDS + 300))
	until grep -q '^Ctrl-C ends it' "$1"; do
		if ! kill -0 "$QUICKSTART_PID" || ((SECONDS >= deadline)); then
			cat "$1"
			die 'quickstart does not serve'
			return
		fi
		sleep 0.1
	done
}

quickstart_stop() {
	kill -TERM "$1" 2>/dev/null || return 0
	process_ends "$1"
}

# The printed command that begins so.
printed() {
	grep -m 1 "^$1 " "$OUT" || die "no $1 in what quickstart prints"
}

# Where the first quickstart serves.
served_port() {
	sed -nE 's/^msgstore serves .* on 127\.0\.0\.1:([0-9]+)\.$/\1/p' "$1"
}

@test "quickstart: the curl command prints a message" {
	run bash -c "$(printed curl)"
	printf '%s\n' "$output"
	((status == 0))
	[[ $output == *'Subject: Welcome to the tea party'* ]]
}

@test "quickstart: the nc command lists, selects and fetches as bob" {
	run bash -c "$(printed printf)"
	printf '%s\n' "$output"
	((status == 0))
	[[ $output == *'a OK '*'"shared\\sales\\Offers"'*'* 3 EXISTS'* ]]
	[[ $output == *'"Price of 200 teapots?"'*'d OK '*'* BYE '*'e OK '* ]]
}

@test "quickstart: the neomutt command shows the mailbox" {
	printed neomutt >"$BATS_TEST_TMPDIR/command"
	run command expect -f - "$BATS_TEST_TMPDIR/command" <<-'END'
		set timeout 20
		set stty_init "rows 40 columns 120"
		spawn bash [lindex $argv 0]
		expect {
			"Welcome to the tea party" { }
			default { exit 1 }
		}
		send "q"
		expect eof
	END
	printf '%s\n' "$output" | tail -n 5
	((status == 0))
}

@test "quickstart: alice has mail of many kinds in nested mailboxes" {
	local port
	port=$(served_port "$OUT")
	run python3 - "$port" <<-'END'
		import email, imaplib, sys
		imap = imaplib.IMAP4("127.0.0.1", int(sys.argv[1]), timeout=30)
		imap.login("alice", "wonderland")
		names, kinds, charsets, flags = [], set(), set(), set()
		for line in imap.list()[1]:
		    name = line.decode().split(' "\\\\" ')[1]
		    names.append(name)
		    if "\\Noselect" in line.decode():
		        continue
		    status, count = imap.select(name, readonly=True)
		    assert status == "OK", name
		    if int(count[0]) == 0:
		        continue
		    for item in imap.fetch("1:*", "(FLAGS BODY.PEEK[])")[1]:
		        if not isinstance(item, tuple):
		            continue
		        flags.update(f.decode() for f in imaplib.ParseFlags(item[0]))
		        for part in email.message_from_bytes(item[1]).walk():
		            kinds.add(part.get_content_type())
		            charsets.add(part.get_content_charset())
		print(len(names), sorted(kinds), charsets, flags)
		assert len(names) >= 20, names
		assert {"message/rfc822", "multipart/digest", "text/calendar",
		    "text/html", "image/png", "application/pdf",
		    "message/delivery-status"} <= kinds
		assert {"iso-2022-jp", "koi8-r", "gb18030", "windows-1252", "utf-8",
		    "euc-jp", "iso-8859-15"} <= charsets
		assert {"\\Seen", "\\Answered", "\\Flagged", "\\Draft", "\\Deleted",
		    "$Forwarded", "$Work", "$Junk"} <= flags
	END
	printf '%s\n' "$output"
	((status == 0))
}

@test "quickstart: a second one finds a free port, and keeps the mail" {
	local out=$BATS_TEST_TMPDIR/out

	PORT=$(served_port "$OUT") quickstart_start "$out"
	run bash -c "$(grep -m 1 '^curl ' "$out")"
	quickstart_stop "$QUICKSTART_PID"
	[[ $output == *'Welcome to the tea party'* ]]
	[[ $(served_port "$out") != "$(served_port "$OUT")" ]]
	grep -q 'alice: 0 messages' "$out"
}

@test "quickstart: Ctrl-C ends it, its listener and its sessions" {
	run command expect -f - <<-'END'
		set timeout 60
		spawn $env(QUICKSTART)
		expect {
			-re {on 127\.0\.0\.1:([0-9]+)\.} { set port $expect_out(1,string) }
			default { exit 1 }
		}
		expect "Ctrl-C ends it."
		set quickstart $spawn_id
		spawn nc 127.0.0.1 $port
		expect "* OK"
		send -i $quickstart "\003"
		# The session goes with it.
		expect {
			"* BYE " { }
			default { exit 2 }
		}
		expect {
			-i $quickstart
			eof { }
			timeout { exit 3 }
		}
		lassign [wait -i $quickstart] pid spawned oserror status
		exit $status
	END
	printf '%s\n' "$output"
	((status == 0))
}

@test "quickstart: an unknown word gets the usage and exit code 64" {
	run "$QUICKSTART" nonsense
	((status == 64))
	[[ $output == *usage:* ]]
}
