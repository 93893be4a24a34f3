# imaplib-session.py - a session with Python's imaplib, for imaplib.bats
# SPDX-License-Identifier: ISC
#
# usage: imaplib-session.py PORT DELIMITER
"""Fails with a traceback at the first thing that is not as it should be."""
import email
import email.policy
import imaplib
import re
import sys
import time

port, delimiter = int(sys.argv[1]), sys.argv[2]


def quoted(name):
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def ok(answer):
    assert answer[0] == "OK", answer
    return answer[1]


def connect():
    m = imaplib.IMAP4("127.0.0.1", port)
    ok(m.login("alice", "wonderland"))
    return m


def names(m, *args):
    rows = [row for row in ok(m.list(*args)) if row]
    found = []
    for row in rows:
        match = re.fullmatch(rb'\(([^)]*)\) "((?:\\.|[^"])*)" (.*)', row)
        assert match, row
        assert match[2].decode().replace("\\\\", "\\") == delimiter, row
        name = match[3].decode()
        if name.startswith('"'):
            name = re.sub(r"\\(.)", r"\1", name[1:-1])
        found.append(name)
    return found


m = connect()
assert "IMAP4REV1" in m.capabilities, m.capabilities
listed = names(m)
for name in ("INBOX", "Drafts", "Sent", "Trash", "Junk", "Archive"):
    assert name in listed, (name, listed)
assert delimiter.join(("shared", "sales")) in listed, listed

# Every mailbox that can be selected: counts agree, messages are whole.
total = 0
for name in listed:
    status, data = m.select(quoted(name), readonly=True)
    if status != "OK":
        assert name in ("shared",), (name, data)
        continue
    count = int(data[0])
    told = ok(m.status(quoted(name), "(MESSAGES UIDNEXT UIDVALIDITY)"))[0]
    assert int(re.search(rb"MESSAGES (\d+)", told)[1]) == count, told
    numbers = ok(m.search(None, "ALL"))[0].split()
    assert len(numbers) == count
    for number in numbers:
        data = ok(m.fetch(number, "(RFC822.SIZE FLAGS BODYSTRUCTURE ENVELOPE)"))
        head = b"".join(d if isinstance(d, bytes) else d[0] + d[1] for d in data)
        size = int(re.search(rb"RFC822\.SIZE (\d+)", head)[1])
        body = ok(m.fetch(number, "(BODY.PEEK[])"))[0][1]
        assert len(body) == size, (name, number, size, len(body))
        message = email.message_from_bytes(body, policy=email.policy.default)
        header = ok(m.fetch(number, "(BODY.PEEK[HEADER])"))[0][1]
        assert body.startswith(header)
        text = ok(m.fetch(number, "(BODY.PEEK[TEXT])"))[0]
        text = text[1] if isinstance(text, tuple) else b""
        assert header + text == body
        # imaplib sends ASCII only.
        if message["message-id"] and str(message["message-id"]).isascii():
            found = ok(m.search(None, "HEADER", "Message-ID",
                                quoted(str(message["message-id"]))))[0].split()
            assert number in found, (name, number, found)
        total += 1
assert total > 40, total

# A mailbox of its own.
work = delimiter.join(("Work", "Plans"))
ok(m.create(quoted(work)))
ok(m.subscribe(quoted(work)))
assert work in names(m, '""', '"Work*"')
when = time.mktime((2020, 2, 29, 12, 30, 0, 0, 0, 0))
text = b"Subject: caf\xc3\xa9\r\nFrom: a@example.org\r\n\r\nline one\r\n.\r\nlast\r\n"
for flags in ("", r"(\Seen \Flagged)", "($Label1 Other)"):
    answer = ok(m.append(quoted(work), flags, imaplib.Time2Internaldate(when), text))
    assert re.search(rb"APPENDUID \d+ \d+", answer[0]), answer
assert ok(m.select(quoted(work)))[0] == b"3"
data = ok(m.fetch("1", "(INTERNALDATE BODY.PEEK[])"))
assert data[0][1] == text
assert time.mktime(imaplib.Internaldate2tuple(data[0][0])) == when, data[0][0]
assert set(imaplib.ParseFlags(ok(m.fetch("3", "(FLAGS)"))[0])) >= {b"$Label1", b"Other"}
assert ok(m.search(None, "FLAGGED"))[0] == b"2"
assert ok(m.uid("SEARCH", "KEYWORD", "Other"))[0] == b"3"
ok(m.store("1", "+FLAGS", r"(\Answered)"))
assert b"\\Answered" in imaplib.ParseFlags(ok(m.fetch("1", "(FLAGS)"))[0])
assert re.search(rb"COPYUID \d+ 1:2 \d+:\d+", ok(m.copy("1:2", "Archive"))[0])
ok(m.uid("COPY", "3", "Archive"))
ok(m.store("2", "+FLAGS", r"(\Deleted)"))
assert ok(m.expunge()) == [b"2"]
assert ok(m.uid("SEARCH", "ALL"))[0] == b"1 3"
typ, data = m.uid("EXPUNGE", "1")
assert typ == "OK"

# Another connection sees it, and its doings are heard of here.
other = connect()
assert ok(other.select(quoted(work)))[0] == b"2"
ok(other.store("1", "+FLAGS", r"(\Deleted)"))
ok(other.expunge())
ok(m.noop())
assert m.untagged_responses.get("EXPUNGE"), m.untagged_responses
ok(other.close())
other.logout()

ok(m.rename(quoted(work), quoted(delimiter.join(("Work", "Done")))))
assert ok(m.select(quoted(delimiter.join(("Work", "Done")))))[0] == b"1"
ok(m.unselect())
ok(m.delete(quoted(delimiter.join(("Work", "Done")))))
ok(m.delete("Work"))
assert not names(m, '""', '"Work*"')
assert ok(m.namespace())[0].startswith(b'(("" "')
try:
    m.select("Nothing at all")
    raise AssertionError("a blank in an unquoted name")
except imaplib.IMAP4.error:
    pass
assert m.logout()[0] == "BYE"

# AUTHENTICATE, as imaplib does it, and a wrong password.
m = imaplib.IMAP4("127.0.0.1", port)
ok(m.authenticate("PLAIN", lambda _: b"\0alice\0wonderland"))
m.logout()
m = imaplib.IMAP4("127.0.0.1", port)
try:
    m.login("alice", "looking-glass")
    raise AssertionError("a wrong password")
except imaplib.IMAP4.error as error:
    assert "AUTHENTICATIONFAILED" in str(error), error
m.logout()
print(total, "messages read")
