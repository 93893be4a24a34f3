# mail.py - fills the demo's mailboxes, as any mail client would
# SPDX-License-Identifier: ISC
"""usage: mail.py USER COMMAND ...

COMMAND speaks IMAP on its standard input and output and greets with PREAUTH as
USER ("imapd -s STORE --preauth alice").  Mailboxes that hold messages already are
left alone.  The mail is the same each time."""
import imaplib
import re
import shlex
import sys
import time

import letters


def utf7(name):
    """Modified UTF-7: RFC 3501 5.1.3."""
    def shift(found):
        raw = found.group(0).encode("utf-16-be")
        coded = imaplib.binascii.b2a_base64(raw, newline=False).decode()
        return "&" + coded.rstrip("=").replace("/", ",") + "-"

    return re.sub(r"[^\x20-\x7e]+", shift, name.replace("&", "&-"))


def quoted(name):
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


class Client:
    def __init__(self, command):
        self.imap = imaplib.IMAP4_stream(shlex.join(command))
        self.delimiter = self.ask_delimiter()

    def must(self, answer):
        status, data = answer
        if status != "OK":
            sys.exit(f"mail.py: {status} {data}")
        return data

    def ask_delimiter(self):
        line = self.must(self.imap.list('""', '""'))[0].decode()
        return re.search(r'\) "\\?(.)" ', line).group(1)

    def name(self, levels):
        return quoted(utf7(self.delimiter.join(levels)))

    def messages(self, name):
        """How many there are; None when there is no such mailbox."""
        status, data = self.imap.status(name, "(MESSAGES)")
        if status != "OK":
            return None
        return int(re.search(rb"MESSAGES (\d+)", data[-1]).group(1))

    def fill(self, levels, mails):
        name = self.name(levels)
        there = self.messages(name)
        if there is None:
            self.must(self.imap.create(name))
            self.must(self.imap.subscribe(name))
        if there:
            return 0
        for mail in mails:
            date = imaplib.Time2Internaldate(mail.date)
            self.must(self.imap.append(name, f"({mail.flags})", date,
                mail.octets))
        return len(mails)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    user, command = sys.argv[1], sys.argv[2:]
    begin = time.monotonic()
    client = Client(command)
    count = 0
    for levels, mails in letters.mailboxes(user):
        count += client.fill(levels, mails)
    client.imap.logout()
    print(f"{user}: {count} messages in {time.monotonic() - begin:.1f} s")


if __name__ == "__main__":
    main()
