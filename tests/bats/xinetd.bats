#!/usr/bin/env bats
# xinetd.bats - the xinetd service that is shipped
# SPDX-License-Identifier: ISC
load ../lib/imap

setup_file() {
	build_find
	owner_find
	chmod go+x "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/*/ 2>/dev/null || :
	chmod 1777 "$BATS_FILE_TMPDIR"
	san_options "$BATS_FILE_TMPDIR"
	template_make
}
teardown_file() { :; }

setup() {
	((EUID == 0)) || skip 'xinetd starts programs as another user only as root'
	imap_setup
}

teardown() {
	[[ -z ${XINETD:-} ]] || kill "$XINETD" 2>/dev/null || :
	((EUID != 0)) || imap_teardown
}

# A port that is free now.  Should another program take it first, xinetd says so
# and the next is tried.
random_port() {
	echo $((20000 + RANDOM % 10000))
}

# The shipped file, with the port, the program and the store of this test.
service_write() {
	sed -e "s|^\(	port[[:space:]]*=\).*|\1 $1|" \
	    -e "s|^\(	server[[:space:]]*=\).*|\1 $BATS_TEST_TMPDIR/imapd|" \
	    -e "s|^\(	user[[:space:]]*=\).*|\1 $STORE_OWNER|" \
	    -e "s|^\(	group[[:space:]]*=\).*|\1 $STORE_OWNER|" \
	    -e "s|MSGSTORE=/var/lib/msgstore|MSGSTORE=$MSGSTORE MSGSTORE_CONF=$MSGSTORE_CONF|" \
	    "$MSGSTORE_BUILD/examples/xinetd-imap" >"$BATS_TEST_TMPDIR/imap"
}

xinetd_start() {
	local port try deadline

	# xinetd starts it as the store's user, who may not get to the build.
	install -m 755 "$MSGSTORE_BUILD/imapd" "$BATS_TEST_TMPDIR/imapd"
	for try in 1 2 3 4 5; do
		port=$(random_port)
		service_write "$port"
		# Its standard error would be the connection: imapd logs to syslog.
		env -u MSGSTORE_LOG xinetd -f "$BATS_TEST_TMPDIR/imap" -dontfork -pidfile \
		    "$BATS_TEST_TMPDIR/xinetd.pid" -filelog \
		    "$BATS_TEST_TMPDIR/xinetd.log" </dev/null \
		    >>"$BATS_TEST_TMPDIR/xinetd.out" 2>&1 3>&- &
		XINETD=$!
		deadline=$((SECONDS + IMAP_TIMEOUT))
		until grep -qE 'Started working|bind failed|failed to start' \
		    "$BATS_TEST_TMPDIR/xinetd.log" 2>/dev/null; do
			kill -0 "$XINETD" 2>/dev/null || break
			((SECONDS < deadline)) || break
			sleep 0.05
		done
		IMAP_PORT=$port
		if grep -q 'Started working: 1 available service' \
		    "$BATS_TEST_TMPDIR/xinetd.log" 2>/dev/null; then
			return
		fi
		kill "$XINETD" 2>/dev/null || :
		wait "$XINETD" || :
		cat "$BATS_TEST_TMPDIR"/xinetd.{log,out} || :
		rm -f "$BATS_TEST_TMPDIR/xinetd.log"
		echo "try $try failed"
	done
	die 'xinetd does not start'
}

connect() {
	local fd

	exec {fd}<>"/dev/tcp/127.0.0.1/$IMAP_PORT"
	IMAP_FD[$1]=$fd
	imap_read "$1"
	expect '* OK'
}

@test "xinetd: a session by the shipped service, from login to logout" {
	xinetd_start
	connect a
	imap_ok a 'a1 LOGIN alice wonderland'
	append a INBOX $'Subject: by xinetd\r\n\r\nbody\r\n'
	imap_ok a 'a2 SELECT INBOX'
	expect '* 1 EXISTS'
	imap_ok a 'a3 FETCH 1 BODY[]'
	expect '* 1 FETCH'
	imap a 'a4 LOGOUT'
	expect '* BYE' 'a4 OK'
	imap_eof a
}

@test "xinetd: two sessions, one hears of the other's message in IDLE" {
	xinetd_start
	connect a
	connect b
	imap_ok a 'a1 LOGIN alice wonderland'
	imap_ok b 'b1 LOGIN alice wonderland'
	imap_ok a 'a2 SELECT INBOX'
	imap_idle a
	append b INBOX $'Subject: by xinetd\r\n\r\nbody\r\n'
	imap_wait a '* 1 EXISTS'
	imap_idle_done a
}
