# tls.bash - certificates and TLS clients, for bats
# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# Certificates are made once for a file, in $CERTS: NAME.pem and NAME.key.

OUTPUT=

# certificate NAME KEY-TYPE [TEMPLATE-LINE ...]: signed by the CA, or by itself
# when it is called "ca".
certificate() {
	local -; set +T
	local name=$1 type=$2 line
	shift 2

	certtool --generate-privkey --key-type "$type" \
	    --outfile "$CERTS/$name.key" 2>/dev/null
	{
		printf 'cn = "%s"\n' "$name"
		for line in "$@"; do
			printf '%s\n' "$line"
		done
		[[ "$*" == *expiration_date* ]] || echo 'expiration_days = 30'
	} >"$CERTS/$name.cfg"
	if [[ $name == *ca ]]; then
		certtool --generate-self-signed --load-privkey "$CERTS/$name.key" \
		    --template "$CERTS/$name.cfg" --outfile "$CERTS/$name.pem"
	else
		certtool --generate-certificate --load-privkey "$CERTS/$name.key" \
		    --load-ca-certificate "$CERTS/${CA:-ca}.pem" \
		    --load-ca-privkey "$CERTS/${CA:-ca}.key" \
		    --template "$CERTS/$name.cfg" --outfile "$CERTS/$name.pem"
	fi 2>"$CERTS/certtool.log" || die "$(<"$CERTS/certtool.log")"
	chmod 600 "$CERTS/$name.key"
	own "$CERTS/$name.key" "$CERTS/$name.pem"
}

certificates_make() {
	export CERTS=$BATS_FILE_TMPDIR/certs
	mkdir -m 755 "$CERTS"
	certificate ca ecdsa ca cert_signing_key
	certificate mail.example.org ecdsa tls_www_server \
	    'dns_name = "mail.example.org"' 'dns_name = "localhost"' \
	    'ip_address = "127.0.0.1"'
}

# The default certificate, for the sessions that are started from now on.
tls_conf() {
	conf "tls-certificate = $CERTS/mail.example.org.pem" \
	    "tls-key = $CERTS/mail.example.org.key"
}

# What the server is next: tls-session (see its source) with these arguments.
serve_session() {
	local -; set +T
	INFO=$BATS_TEST_TMPDIR/info
	rm -f "$INFO"
	IMAP_PROGRAM=$MSGSTORE_BUILD/tls-session imap_serve pid.tls. \
	    "$INFO" "$@"
}

# The handshake has told something: key=value.
info_has() {
	local -; set +T
	local deadline=$((SECONDS + IMAP_TIMEOUT))

	until [[ -e $INFO ]]; do
		((SECONDS < deadline)) || { die 'no handshake was made'; return; }
		sleep 0.01
	done
	grep -qxF -- "$1" "$INFO" || { cat "$INFO"; die "not told: $1"; }
}

# s_client [ARGUMENT ...]: OpenSSL's client.  What the test says on standard
# input is sent; what it prints up to the server's end is in OUTPUT.
s_client() {
	local -; set +T
	OUTPUT=$(timeout "$IMAP_TIMEOUT" openssl s_client \
	    -connect "127.0.0.1:$IMAP_PORT" -ign_eof "$@" 2>&1) || :
	printf '%.4000s\n' "$OUTPUT"
}

# The client has printed this.
printed() {
	[[ $OUTPUT == *"$1"* ]] || die "not printed: $1"
}
