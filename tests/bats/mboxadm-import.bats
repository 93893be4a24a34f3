#!/usr/bin/env bats
# mboxadm-import.bats - mbox and Maildir, in and out
# SPDX-License-Identifier: ISC
load ../lib/mboxadm

# flags USER MAILBOX: "UID FLAGS" of each message, by imapd.
flags() {
	printf 'a SELECT "%s"\r\nb FETCH 1:* (UID FLAGS)\r\nc LOGOUT\r\n' "$2" |
	    imapd --preauth "$1" | tr -d '\r' |
	    sed -n 's/^\* [0-9]* FETCH (UID \([0-9]*\) FLAGS (\(.*\)))$/\1 \2/p' |
	    sed 's/ *\\Recent//; s/ $//'
}

# dates USER MAILBOX: INTERNALDATEs.
dates() {
	printf 'a SELECT "%s"\r\nb FETCH 1:* INTERNALDATE\r\nc LOGOUT\r\n' \
	    "${2//\\/\\\\}" |
	    imapd --preauth "$1" | sed -n 's/.*INTERNALDATE "\(.*\)".*/\1/p'
}

raw() {
	tr -d '\r' <"$(dir_of "$1" "$2")/$3"
}

@test "import mbox: messages, dates, the mailbox is made" {
	cat >in.mbox <<-'END'
	From joe@x.org Tue Apr 27 19:02:03 2010
	Subject: one

	body one

	From - Wed Apr 28 19:02:03 2010 +0200
	Subject: two

	>From the start
	>>From deeper

	From here on it is text.

	From MAILER-DAEMON
	Date: Thu, 29 Apr 2010 10:00:00 -0500 (EST)
	Subject: three

	END
	run -0 mboxadm import mbox in.mbox alice 'Old\Mail'
	same 'imported 3 messages' "$output"
	same "$(printf 'one\ntwo\nthree')" "$(subjects alice 'Old\Mail')"
	same "$(printf '%s\n' '27-Apr-2010 19:02:03 +0000' \
	    '28-Apr-2010 19:02:03 +0200' '29-Apr-2010 10:00:00 -0500')" \
	    "$(dates alice 'Old\Mail')"
	same "$(printf 'Subject: two\n\nFrom the start\n>From deeper\n\nFrom here on it is text.')" \
	    "$(raw alice 'Old\Mail' 2)"
	run -0 mboxadm check
}

@test "import mbox: flags and keywords of others' fields; the fields stay" {
	cat >in.mbox <<-'END'
	From a Tue Apr 27 19:02:03 2010
	Subject: one
	Status: RO
	X-Status: AF
	X-Keywords: work $Forwarded

	From a Tue Apr 27 19:02:03 2010
	X-Mozilla-Status: 0005
	X-Mozilla-Keys: Work later
	Subject: two

	END
	run -0 mboxadm import mbox in.mbox alice In
	same "$(printf '%s\n' '1 \Answered \Flagged \Seen work $Forwarded' \
	    '2 \Flagged \Seen work later')" "$(flags alice In)"
	[[ $(raw alice In 1) == *'X-Status: AF'* ]]
	[[ $(raw alice In 2) == *'X-Mozilla-Status: 0005'* ]]
}

@test "import mbox: a field is no separator, though a blank is before its colon" {
	{ echo 'From a Tue Apr 27 19:02:03 2010'
	  printf 'From :joe\nSubject: x\n\nx\n\nFrom b\nSubject: y\n\ny\n'
	} >in.mbox
	run -0 mboxadm import mbox in.mbox alice In
	same 'imported 2 messages' "$output"
	[[ $(raw alice In 1) == 'From :joe'* ]]
}

@test "import mbox: CRLF, standard input, JSON" {
	printf 'From a Tue Apr 27 19:02:03 2010\r\nSubject: x\r\n\r\nbody\r\n\r\n' |
	    mboxadm import mbox - alice In --json >out
	same 1 "$(json 'd["imported"]' <out)"
	same "$(printf 'Subject: x\n\nbody')" "$(raw alice In 1)"
}

@test "import mbox: a damaged message is told and left out, 65" {
	printf '%s\n' 'From a Tue Apr 27 19:02:03 2010' \
	    'From a Tue Apr 27 19:02:03 2010' 'Subject: x' '' body '' \
	    'From a Tue Apr 27 19:02:03 2010' '' '' >in.mbox
	fails 65 mboxadm import mbox in.mbox alice In
	says 'message 1 at octet 0 is empty'
	says 'message 3'
	same 'imported 1 messages, left out 2' "$output"
	same x "$(subjects alice In)"
}

@test "import mbox: a header without an end takes little memory" {
	! built_with_asan || skip 'a sanitizer takes its own'
	{ echo 'From a@example.org Mon Jan  1 00:00:00 2024'
	  yes 'X-Keywords: one' | head -n 3000000 || :
	  printf 'Subject: long\n\nbody\n'; } >long.mbox
	run -0 bash -c 'ulimit -d 32768; mboxadm import mbox long.mbox alice Long'
	[[ $output == *'imported 1 messages'* ]]
}

@test "import mbox: what is no mbox, or not there" {
	echo 'just text' >in.mbox
	fails 65 mboxadm import mbox in.mbox alice In
	says 'no mbox'
	fails 66 mboxadm import mbox missing.mbox alice In
	fails 67 mboxadm import mbox in.mbox nobody In
	fails 65 mboxadm import mbox in.mbox alice 'a\\b'
	: >empty.mbox
	run -0 mboxadm import mbox empty.mbox alice In
	same 'imported 0 messages' "$output"
}

@test "import mbox: a file that only root can read" {
	((EUID == 0)) || skip 'needs root'
	{ echo 'From a Tue Apr 27 19:02:03 2010'; mail x; } >in.mbox
	mkdir -m 700 closed
	mv in.mbox closed
	chmod 600 closed/in.mbox
	run -0 mboxadm import mbox closed/in.mbox alice In
	run -0 mboxadm export mbox alice In closed/out.mbox
	run -0 mboxadm export maildir alice In closed/md
	grep -q 'Subject: x' closed/out.mbox closed/md/cur/*
}

@test "import mbox: more than one batch, in order" {
	local i
	for i in {1..230}; do
		echo 'From a Tue Apr 27 19:02:03 2010'
		mail "m$i"
		echo
	done >in.mbox
	run -0 mboxadm import mbox in.mbox alice In
	same "$(printf 'm%s\n' {1..230})" "$(subjects alice In)"
	run -0 mboxadm check
}

# Messages of many kinds in alice's In.
fill() {
	local body
	cat >in.mbox <<-'END'
	From a Tue Apr 27 19:02:03 2010
	Status: RO
	X-Status: AF
	X-Keywords: work $Forwarded
	Subject: own fields are dropped

	text
	>From quoted
	>>From twice

	From a Tue Apr 27 19:02:04 2010
	Status: O
	X-Status: DT
	X-Keywords:
	Status: this one is the message's
	Subject: two


	two empty lines at the end


	END
	mboxadm import mbox in.mbox alice In
	printf 'Return-Path: <joe@x.org>\nSubject: three\n\n8-bit: \xe4\xff\nlong: %s\n' \
	    "$(head -c 70000 /dev/zero | tr '\0' y)" | mboxadm deliver alice/In
	printf 'Subject: no body\n\n' | mboxadm deliver alice/In
}

@test "export mbox | import mbox: octets, dates, flags, keywords are the same" {
	fill
	mboxadm export mbox alice In out.mbox
	run -0 mboxadm import mbox out.mbox bob Copy
	same 'imported 4 messages' "$output"
	for i in 1 2 3 4; do
		cmp "$(dir_of alice In)/$i" "$(dir_of bob Copy)/$i"
	done
	same "$(flags alice In)" "$(flags bob Copy)"
	same "$(dates alice In | sed 3,4d)" "$(dates bob Copy | sed 3,4d)"
	messages bob Copy | cmp - out.mbox
	grep -q '^From joe@x.org ' out.mbox
	grep -q '^From MAILER-DAEMON Tue Apr 27 19:02:03 2010$' out.mbox
	[[ $(raw alice In 1) == 'Subject: own fields are dropped'* ]]
	[[ $(raw alice In 2) == 'Status: this one'* ]]
}

@test "export: what comes later stays, or a mailbox would grow by itself without end" {
	local line
	# More than are looked up at once, and than fit into the pipe.
	for n in {1..600}; do
		printf 'From a Mon Jan  1 00:00:00 2024\n'
		mail "$n" "$(printf '%0200d' 0)"
		echo
	done >in.mbox
	mboxadm import mbox in.mbox alice In
	mkfifo pipe
	mboxadm export mbox alice In - >pipe 2>export.log 3>&- &
	exec 5<pipe
	IFS= read -r line <&5
	[[ $line == 'From '* ]]
	deliver alice/In late
	cat <&5 >out.mbox
	exec 5<&-
	wait $!
	same 'exported 600 messages' "$(grep exported export.log)"
	same 600 "$(grep -c '^Subject: [0-9]*$' out.mbox)"
}

@test "export mbox | import mbox: whatever the sender is called" {
	local sender
	for sender in 99 Feb 31 12:34 2024; do
		mail "from $sender" | mboxadm deliver -f "$sender" alice
	done 2>deliver.log
	run -0 mboxadm import mbox - bob Copy < <(messages alice INBOX)
	same 'imported 5 messages' "$output"
	same "$(subjects alice INBOX)" "$(subjects bob Copy)"
	same "$(dates alice INBOX)" "$(dates bob Copy)"
}

@test "export | import: a CR before CRLF stays" {
	local long n
	for n in 65533 65534 65535; do
		long=$(printf "%0${n}d" 0)
		printf 'Subject: x\n\n%s\r\r\na\r\r\n\r\r\nb\rc\r\n\r\n%s\r\n' \
		    "$long" "$long" | mboxadm deliver alice/Sent
	done 2>deliver.log
	mboxadm export mbox alice Sent out.mbox
	run -0 mboxadm import mbox out.mbox bob Mbox
	mboxadm export maildir alice Sent md
	run -0 mboxadm import maildir md bob Maildir
	for n in 1 2 3; do
		cmp "$(dir_of alice Sent)/$n" "$(dir_of bob Mbox)/$n"
		cmp "$(dir_of alice Sent)/$n" "$(dir_of bob Maildir)/$n"
	done
}

@test "export maildir | import maildir: octets, dates, flags, keywords, order" {
	fill
	run -0 mboxadm export maildir alice In md
	same 'exported 4 messages' "$output"
	same "$(printf '%s\n' cur dovecot-keywords new tmp)" "$(ls md)"
	[[ -e $(echo md/cur/*:2,DT) ]]
	[[ -e $(echo md/cur/*:2,FPRSa) ]]
	same '0 work' "$(<md/dovecot-keywords)"
	run -0 mboxadm import maildir md bob Copy
	for i in 1 2 3 4; do
		cmp "$(dir_of alice In)/$i" "$(dir_of bob Copy)/$i"
	done
	same "$(flags alice In | tr ' ' '\n' | sort)" \
	    "$(flags bob Copy | tr ' ' '\n' | sort)"
	same "$(dates alice In | wc -l)" "$(dates bob Copy | wc -l)"
	same "$(subjects alice In)" "$(subjects bob Copy)"
	run -0 mboxadm check
}

@test "export: never over what is there, and to standard output" {
	fill
	: >there
	fails 73 mboxadm export mbox alice In there
	fails 73 mboxadm export mbox alice In nowhere/x
	fails 73 mboxadm export maildir alice In there
	fails 65 mboxadm export mbox alice Nope new.mbox
	fails 67 mboxadm export mbox nobody In new2.mbox
	same 4 "$(mboxadm export mbox alice In - 2>/dev/null | grep -c '^From ')"
	same 4 "$(mboxadm export mbox alice In j.mbox --json | json 'd["exported"]')"
}

@test "import maildir: new, cur, flags, dates, by name" {
	mkdir -p md/cur md/new md/tmp
	mail c >"md/new/3.c.host"
	mail a >"md/cur/1.a.host:2,RSTab"
	mail b >"md/cur/2.b.host:2,DFPz"
	printf '0 $label1\n1 todo\n' >md/dovecot-keywords
	mail unfinished >md/tmp/4.d
	TZ=UTC touch -d '2012-03-04 05:06:07' md/cur/1.*
	chmod -R a+rX md
	own md
	run -0 env TZ=UTC mboxadm import maildir md alice In
	same 'imported 3 messages' "$output"
	same "$(printf 'a\nb\nc')" "$(subjects alice In)"
	same "$(printf '%s\n' '1 \Answered \Deleted \Seen $label1 todo' \
	    '2 \Flagged \Draft $Forwarded' '3')" "$(flags alice In)"
	same ' 4-Mar-2012 05:06:07 +0000' "$(dates alice In | head -n 1)"
}

@test "import maildir --recursive: folders become mailboxes" {
	mkdir -p md/{cur,new} md/.Lists/{cur,new} "md/.Lists.Gr&APYA3w-e"/{cur,new}
	mail top >md/cur/1
	mail list >md/.Lists/cur/1
	mail deep >"md/.Lists.Gr&APYA3w-e/new/1"
	own md
	run -0 mboxadm import maildir md alice In
	same 'imported 1 messages' "$output"
	run -0 mboxadm import maildir --recursive md bob In
	same 'imported 3 messages' "$output"
	same list "$(subjects bob 'In\Lists')"
	same deep "$(subjects bob 'In\Lists\Größe')"
}

@test "import maildir: what cannot be read is told, and is not followed" {
	mkdir -p md/cur md/new
	mail good >md/cur/1
	: >md/cur/2
	ln -s /etc/passwd md/cur/3
	mkdir md/cur/4
	mkfifo md/cur/5
	: >md/cur/$'6\e[2J\nx\xc2\x9b2J'
	truncate -s 5G md/cur/7
	own md
	fails 65 mboxadm import maildir md alice In
	same 'imported 1 messages, left out 6' "$output"
	says '2 is empty'
	says '6?[2J?x??2J is empty'
	says '7 is too large'
	fails 66 mboxadm import maildir missing alice In
	mkdir nomd
	own nomd
	fails 66 mboxadm import maildir nomd alice In
}

@test "import maildir: folders and parts that cannot be read are told" {
	mkdir -p md/{cur,new} md/.A/{cur,new} md/.B/{cur,new} md/.C/cur \
	    md/.D/cur md/.E/cur real/cur md/.sieve
	for box in A/new B/cur C/cur D/cur E/cur; do
		mail "$box" >"md/.$box/1"
	done
	mail real >real/cur/1
	ln -s ../real md/.Link
	ln -s ../../real/cur md/.C/new
	echo '0 $Work' >md/.E/dovecot-keywords
	touch md/.qmail
	ln -s .qmail md/.also
	own md real
	chmod 0 md/.A/new md/.B md/.E/dovecot-keywords
	chmod 600 md/.D
	fails 65 mboxadm import maildir --recursive md alice In
	same 'imported 2 messages, left out 6' "$output"
	says 'new: Permission denied'
	says 'folder .B: Permission denied'
	says 'new: Too many levels of symbolic links'
	says 'folder .D: Permission denied'
	says 'dovecot-keywords: Permission denied'
	says 'folder .Link: Too many levels of symbolic links'
}

@test "import: as root, by no user's link to what is another's" {
	((EUID == 0)) || skip 'needs root'
	mkdir -p home bobs/cur mine/cur
	mail secret >bobs/cur/1
	mail own >mine/cur/1
	{ echo 'From b@example.org Mon Jan  1 00:00:00 2024'; mail root; } >secret
	chown -R daemon bobs
	chown -R nobody mine
	ln -s ../bobs home/md
	ln -s ../mine home/own
	ln -s "$PWD/secret" home/mbox
	ln -s /proc/self/cwd/secret home/proc
	ln -s .. home/up
	chown -hR nobody home
	fails 66 mboxadm import maildir home/md alice In
	fails 66 mboxadm import maildir "$PWD/home/md/" alice In
	fails 66 mboxadm import mbox home/mbox alice In
	fails 66 mboxadm import mbox home/proc alice In
	fails 66 mboxadm import mbox home/up/secret alice In
	run -0 mboxadm import maildir home/own alice In
	same own "$(subjects alice In)"
	ln -s home/../secret roots
	ln -s bobs other
	run -0 mboxadm import mbox roots alice In
	run -0 mboxadm import mbox <(cat secret) alice In
	run -0 mboxadm import mbox /dev/stdin alice In <secret
	run -0 mboxadm import maildir "$PWD/../${PWD##*/}//other/." alice In
	same 'own root root root secret' "$(subjects alice In | paste -sd ' ')"
}

@test "import maildir: as root, with the rights of the Maildir's owner" {
	((EUID == 0)) || skip 'needs root'
	mkdir -p md/cur md/new
	mail good >md/cur/1
	mail another >others
	chmod 600 others
	ln others md/cur/2
	chown -R nobody md/cur/1 md/cur md/new md
	chown root md/cur/2
	chmod -R go-rwx md
	fails 65 mboxadm import maildir md alice In
	same good "$(subjects alice In)"
}
