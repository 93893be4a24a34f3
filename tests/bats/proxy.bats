#!/usr/bin/env bats
# proxy.bats - the PROXY protocol: imapd --proxy behind HAProxy and its like
# SPDX-License-Identifier: ISC
load ../lib/imap

# proxy_start NAME HEADER: a connection that begins with the header.
proxy_start() {
	local name=$1 fd
	rm -f "$BATS_TEST_TMPDIR/pid.$name"
	imap_serve "pid.$name" --proxy
	exec {fd}<>"/dev/tcp/127.0.0.1/$IMAP_PORT"
	# shellcheck disable=SC2004 # the array is associative
	IMAP_FD[$name]=$fd
	ANSWER=()
	printf %b "$2" >&"$fd"
}

V2='\r\n\r\n\0\r\nQUIT\n'

@test "--proxy: version 1 gives the client's address" {
	proxy_start a 'PROXY TCP4 192.0.2.7 192.0.2.1 5000 143\r\n'
	imap_read a
	expect '* OK'
	imap a 'a1 LOGIN alice wonderland'
	# Not from this machine: no password without TLS.
	expect_only 'a1 NO [PRIVACYREQUIRED]'
	expect_log 'address=192.0.2.7'
}

@test "--proxy: version 2 gives the client's address" {
	conf 'cleartext-login = yes'
	proxy_start a "$V2"'\x21\x11\0\x0c\xc0\0\x02\x09\xc0\0\x02\x01\x13\x88\0\x8f'
	imap_read a
	expect '* OK'
	imap_ok a 'a1 LOGIN alice wonderland'
	expect_log 'login user=alice address=192.0.2.9'
}

@test "--proxy: a proxy with TLS makes the connection safe for passwords" {
	proxy_start a "$V2"'\x21\x11\0\x14\xc0\0\x02\x09\xc0\0\x02\x01\x13\x88\0\x8f\x20\0\x05\x01\0\0\0\0'
	imap_read a
	expect '* OK'
	refute LOGINDISABLED
	imap_ok a 'a1 LOGIN alice wonderland'
}

@test "--proxy: the client's first commands may come with the header" {
	conf 'cleartext-login = yes'
	proxy_start a 'PROXY UNKNOWN\r\na1 LOGIN alice wonderland\r\na2 LOGOUT\r\n'
	imap_eof a
	expect '* OK' 'a1 OK' '* BYE' 'a2 OK'
}

@test "--proxy: a client whose address is not known is none of this machine" {
	local text
	for text in 'PROXY UNKNOWN\r\n' "$V2"'\x21\0\0\0' "$V2"'\x21\x31\0\0'; do
		proxy_start a "$text"
		imap_read a
		expect '* OK'
		imap a 'a1 LOGIN alice wonderland'
		expect_only 'a1 NO [PRIVACYREQUIRED]'
		imap_close a
	done
	expect_log 'login failed user=- address=- reason=cleartext'
}

@test "--proxy: LOCAL: the proxy speaks for itself" {
	proxy_start a "$V2"'\x20\0\0\0'
	imap_read a
	expect '* OK'
	imap_ok a 'a1 LOGIN alice wonderland'
	expect_log 'login user=alice address=127.0.0.1'
}

@test "--proxy: without a header there is no greeting" {
	local text
	for text in 'a1 LOGIN alice wonderland\r\n' 'PROXY TCP4 1.2.3\r\n' \
	    'GET / HTTP/1.1\r\n' "$V2"'\x31\x11\0\0'; do
		proxy_start a "$text"
		imap_eof a
		same 0 "${#ANSWER[@]}"
		imap_close a
	done
	expect_log 'proxy failed address=127.0.0.1'
}

@test "--proxy: one that is not trusted is not heard" {
	conf 'proxy-trusted = 192.0.2.0/24'
	proxy_start a 'PROXY TCP4 192.0.2.7 192.0.2.1 5000 143\r\n'
	imap_eof a
	same 0 "${#ANSWER[@]}"
	expect_log 'proxy failed address=127.0.0.1: .*proxy-trusted'
}

@test "--proxy: a proxy that says nothing is not waited for longer than login-timeout" {
	conf 'login-timeout = 1s'
	proxy_start a 'PROXY TCP4 192.0.2.7'
	imap_eof a
	same 0 "${#ANSWER[@]}"
	expect_log 'proxy failed address=127.0.0.1: timeout'
}

@test "without --proxy a header is another protocol" {
	imap_start a --login
	imap a 'PROXY TCP4 192.0.2.7 192.0.2.1 5000 143'
	expect_only '~^(PROXY BAD|\* BYE)'
	refute 192.0.2.7
}

@test "haproxy: both versions of its header, and a login through it" {
	command -v haproxy >/dev/null || skip 'haproxy is not installed'
	local version
	for version in send-proxy send-proxy-v2; do
		imap_serve pid.h --proxy
		free_port
		cat >"$BATS_TEST_TMPDIR/haproxy.cfg" <<-END
			defaults
			  mode tcp
			  timeout connect 5s
			  timeout client 30s
			  timeout server 30s
			listen imap
			  bind 127.0.0.1:$PORT
			  server s 127.0.0.1:$IMAP_PORT $version
		END
		haproxy -f "$BATS_TEST_TMPDIR/haproxy.cfg" -db 3>&- \
		    >"$BATS_TEST_TMPDIR/haproxy.log" 2>&1 &
		local pid=$!
		wait_for_port "$PORT"
		run python3 - "$PORT" <<-'END'
			import imaplib, sys
			m = imaplib.IMAP4("127.0.0.1", int(sys.argv[1]))
			print(m.login("alice", "wonderland")[0])
			print(m.select("INBOX")[0])
			m.logout()
		END
		kill "$pid"
		wait "$pid" || :
		same $'OK\nOK' "$output"
	done
}

free_port() {
	PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
}

wait_for_port() {
	local deadline=$((SECONDS + IMAP_TIMEOUT))
	until (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; do
		((SECONDS < deadline)) || die "nobody listens on port $1"
		sleep 0.05
	done
}
