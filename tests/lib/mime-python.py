#!/usr/bin/env python3
# mime-python.py - compare what imapd says of messages with Python's email
# SPDX-License-Identifier: ISC
"""Append generated messages, and compare structure, octets and searches.

usage: mime-python.py IMAPD USER SEED COUNT

Speaks to IMAPD --preauth USER; prints one line for each difference and fails
when there is any.  The same seed gives the same messages.

Where the two differ by intent, and what is done about it here:

- A line without a colon ends a header in Python; imapd goes on to the empty
  line, as most servers do.  No such lines are made.
- A multipart in which no part is found has its preamble as its payload in
  Python, with the line end before an outer delimiter, or nothing when it is
  closed; imapd shows all of it as one text, since the grammar wants a part.
- Python takes the last line end from a part that no delimiter follows.
- Python takes delimiters behind each other for one; imapd sees an empty part
  between them.  No such delimiters are made.
- Python reads a message/rfc822 that has a transfer encoding; RFC 2046 5.2.1
  forbids it, and imapd calls it application/octet-stream.
- Python reads message/delivery-status and others as messages; none are made.
- Python takes a CR alone for a line's end; none are made.
"""
import base64
import email
import email.utils
import quopri
import random
import re
import subprocess
import sys

WORDS = {
    'utf-8': 'Größe€漢', 'iso-8859-1': 'straßenÄ', 'koi8-r': 'привет',
    'iso-8859-15': 'prix€é', 'windows-1252': '“quoted”', 'gb2312': '你好吗',
    'shift_jis': 'こんにちは', 'iso-2022-jp': 'こんにちは', 'big5': '你好嗎',
    'euc-kr': '안녕', 'us-ascii': 'plain',
}


def addresses(fields):
    """Newer Pythons answer nothing at all for an empty element, unless told."""
    if getattr(email.utils, 'supports_strict_parsing', False):
        return email.utils.getaddresses(fields, strict=False)
    return email.utils.getaddresses(fields)


class Maker:
    """Makes messages, right and wrong ones."""

    def __init__(self, seed):
        self.r = random.Random(seed)
        self.words = []
        self.number = 0

    def chance(self, percent):
        return self.r.randrange(100) < percent

    def word(self, charset):
        self.number += 1
        self.words.append(f'{WORDS[charset]}x{self.number}y')
        return self.words[-1]

    def text(self):
        charset = self.r.choice(list(WORDS))
        lines = ['filler ' * self.r.randrange(12)
                 for _ in range(self.r.randrange(5))]
        lines.insert(self.r.randrange(len(lines) + 1),
                     f'a {self.word(charset)} b')
        body = '\n'.join(lines).encode(charset)
        kind = self.r.choice(['plain', 'html', 'x-Other'])
        name = self.r.choice([charset, charset.upper(), f'"{charset}"'])
        note = self.r.choice(['', ' (a comment)', '; format=flowed',
                              '; name="a;b.txt"', '; x*0=a; x*1="b"'])
        head = [f'Content-Type: text/{kind};\n charset={name}{note}']
        if charset == 'us-ascii' and self.chance(40):
            head = []
        encoding = self.r.choice(['base64', 'Quoted-Printable', '8bit', None])
        if encoding == 'base64':
            body = base64.encodebytes(body)
        elif encoding == 'Quoted-Printable':
            body = quopri.encodestring(body)
        if encoding:
            head.append(f'Content-Transfer-Encoding: {encoding}')
        return head, body

    def data(self):
        body = base64.encodebytes(self.r.randbytes(self.r.randrange(200)))
        name = self.r.choice([
            'filename=plain.bin', 'filename="with blank \\"q\\".bin"',
            "filename*=utf-8''gr%C3%BC%C3%9Fe.bin",
            "filename*0*=utf-8''gr%C3%BC;\n filename*1=\"b c%.bin\"",
            'filename*0="one"; filename*1="two"', 'size=12'])
        return [self.r.choice(['Content-Type: application/octet-stream',
                               'Content-type: IMAGE/Png; name=x']),
                f'Content-Disposition: attachment; {name}',
                'Content-Transfer-Encoding: base64'], body

    def multipart(self, depth):
        # One boundary may be the beginning of another.
        boundary = self.r.choice(['b', 'bb', 'bbb', '=_x', 'a b', 'B']) + \
            'b' * depth + str(depth)
        sub = self.r.choice(['mixed', 'ALTERNATIVE', 'digest', 'related'])
        line = b'--' + boundary.encode()
        out = [] if self.chance(50) else [b'preamble', b'--b']
        for _ in range(self.r.randrange(4) if self.chance(20)
                       else 1 + self.r.randrange(3)):
            out.append(line + self.r.choice([b'', b'', b' ', b'\t ']))
            out.append(self.entity(depth + 1, digest=sub == 'digest'))
        if not self.chance(15):
            out.append(line + b'--')
            if self.chance(40):
                out += [b'epilogue', line, b'Not-A: part']
        quoted = f'"{boundary}"' if ' ' in boundary or self.chance(60) \
            else boundary
        head = f'Content-Type: multipart/{sub}; boundary={quoted}'
        if self.chance(10):
            head = (f'Content-Type: multipart/{sub};\n boundary*0="'
                    f'{boundary[:2]}";\n boundary*1="{boundary[2:]}"')
        if self.chance(5):
            head = f'Content-Type: multipart/{sub}'
        return [head], b'\n'.join(out)

    def address(self):
        self.number += 1
        plain = f'u{self.number}@example.{self.r.choice(["com", "org"])}'
        return self.r.choice([
            plain, f'<{plain}>', f'Jane Doe <{plain}>',
            f'"Doe, Jane \\"J\\"" <{plain}>',
            f'=?utf-8?q?J=C3=B6rg?= <{plain}>', f'{plain} (Jane)'])

    def message(self, depth):
        self.number += 1
        head = [f'From: {self.address()}',
                'To: ' + ',\n '.join(self.address()
                                     for _ in range(self.r.randrange(1, 4))),
                f'Subject: number {self.number}\n folded',
                f'Message-ID: <{self.number}@example.com>']
        more, body = self.content(depth)
        self.r.shuffle(more)
        return '\n'.join(head + more).encode() + b'\n\n' + body

    def content(self, depth):
        kind = self.r.randrange(100)
        if depth < 6 and kind < (70 if depth == 0 else 25):
            return self.multipart(depth)
        if depth < 6 and kind > 90:
            return (['Content-Type: message/rfc822'] +
                    (['Content-Transfer-Encoding: base64']
                     if self.chance(5) else []), self.message(depth + 1))
        return self.text() if kind < 75 else self.data()

    def entity(self, depth, digest):
        if digest and self.chance(60):
            return b'\n' + self.message(depth)
        head, body = self.content(depth)
        if digest and not any(s.lower().startswith('content-type')
                              for s in head):
            head.append('Content-Type: text/plain')
        if self.chance(5):
            body = b''
        return ('\n'.join(head) + '\n' if head else '').encode() + \
            b'\n' + body

    def make(self):
        """One message: as made, or with a line gone, doubled, or cut off."""
        self.words = []
        lines = self.message(0).split(b'\n')
        marks = [i for i, s in enumerate(lines) if s.startswith(b'--')]
        if marks and self.chance(15):
            del lines[self.r.choice(marks)]
        elif marks and self.chance(15):
            i = self.r.choice(marks)
            lines[i:i] = [lines[i], b'']
        if self.chance(15):
            del lines[self.r.randrange(1, len(lines)):]
        data = b'\n'.join(lines)
        return data if self.chance(10) else data.replace(b'\n', b'\r\n')


class Imap:
    """Just enough of a client."""

    def __init__(self, program, user):
        self.process = subprocess.Popen(
            [program, '--preauth', user], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE)
        self.tag = 0
        assert self.process.stdout.readline().startswith(b'* PREAUTH')

    def command(self, line):
        """Send octets; the untagged responses, literals included."""
        self.tag += 1
        tag = b't%d ' % self.tag
        self.process.stdin.write(tag + line + b'\r\n')
        self.process.stdin.flush()
        responses = []
        while True:
            answer = self.process.stdout.readline()
            while size := re.search(rb'\{(\d+)\}\r\n$', answer):
                answer += self.process.stdout.read(int(size[1]))
                answer += self.process.stdout.readline()
            if not answer:
                raise EOFError('imapd has gone')
            if answer.startswith(tag):
                if not answer.startswith(tag + b'OK'):
                    raise ValueError(f'{line[:100]}: {answer}')
                return responses
            responses.append(answer)

    def fetch(self, number, item):
        """The value of one item."""
        for answer in self.command(b'FETCH %d %s' % (number, item.encode())):
            words, _ = parse(answer, answer.index(b'FETCH (') + 6)
            for key, value in zip(words[::2], words[1::2]):
                if key == item.replace('.PEEK', '').encode():
                    return value
        raise ValueError(f'no {item} of {number}')


def parse(s, at):
    """The value at s[at:]: list, octets, number or None; and what follows."""
    if s[at:at + 1] == b'(':
        out, at = [], at + 1
        while s[at:at + 1] != b')':
            if s[at:at + 1] == b' ':
                at += 1
                continue
            value, at = parse(s, at)
            out.append(value)
        return out, at + 1
    if s[at:at + 1] == b'"':
        end = re.compile(rb'"((?:[^"\\]|\\.)*)"').match(s, at)
        return re.sub(rb'\\(.)', rb'\1', end[1]), end.end()
    if size := re.compile(rb'\{(\d+)\}\r\n').match(s, at):
        return s[size.end():size.end() + int(size[1])], \
            size.end() + int(size[1])
    word = re.compile(rb'[^\s()\[]+(\[[^]]*\])?').match(s, at)
    value = word[0]
    if value.isdigit():
        return int(value), word.end()
    return None if value == b'NIL' else value, word.end()


def octets(payload):
    return payload.encode('ascii', 'surrogateescape')


class Check:
    """Compares one message."""

    def __init__(self, imap, number, data, complain):
        self.imap = imap
        self.number = number
        self.data = data
        self.complain = complain
        self.text = []
        self.parts = 0
        message = email.message_from_bytes(data)
        self.envelope(message, imap.fetch(number, 'ENVELOPE'))
        body = imap.fetch(number, 'BODYSTRUCTURE')
        self.message(message, body, '')

    def same(self, what, server, python):
        if server != python:
            self.complain(f'message {self.number}: {what}: '
                          f'imapd {server!r}, Python {python!r}')
        return server == python

    def envelope(self, message, envelope):
        subject = message['Subject']
        if subject is not None:
            subject = re.sub(r'\r?\n', '', subject).encode()
        self.same('subject', envelope[1], subject)
        for field, value in (('From', envelope[2]), ('To', envelope[5])):
            want = [(name.encode(), addr.encode()) for name, addr in
                    addresses(message.get_all(field, []))
                    if addr]
            have = [(a[0] or b'', a[2] + b'@' + a[3]) for a in value or []]
            if all(b'@' in addr for _, addr in want):
                self.same(field, have, want)

    def message(self, message, body, path):
        """A message at path, or the whole one: its body is part 1 unless
        it has parts of its own."""
        if isinstance(body[0], list):
            self.multipart(message, body, path)
        else:
            self.part(message, body, f'{path}.1'.lstrip('.'))

    def multipart(self, message, body, path):
        count = next(i for i, b in enumerate(body) if not isinstance(b, list))
        kind = b'multipart/' + body[count].lower()
        self.same(f'type of {path}', kind.decode(), message.get_content_type())
        if not message.is_multipart():
            self.same(f'number of parts of {path}', count, 1)
            have = self.leaf(None, body[0], f'{path}.1'.lstrip('.'))
            want = octets(message._payload or '').rstrip(b'\r\n')
            self.same(f'octets of {path}', have[:len(want)], want)
            self.text.append(have.decode('utf-8', 'replace'))
            return
        parts = message.get_payload()
        if self.same(f'number of parts of {path}', count, len(parts)):
            for i, (part, sub) in enumerate(zip(parts, body), 1):
                self.part(part, sub, f'{path}.{i}'.lstrip('.'))

    def part(self, message, body, path):
        self.parts += 1
        if isinstance(body[0], list):
            self.multipart(message, body, path)
            return
        kind = f'{body[0].decode()}/{body[1].decode()}'.lower()
        want = message.get_content_type()
        if want == 'message/rfc822':
            if message['Content-Transfer-Encoding'] == 'base64':
                self.same(f'type of {path}', kind, 'application/octet-stream')
            elif self.same(f'type of {path}', kind, want):
                self.message(message.get_payload(0), body[8], path)
            return
        self.same(f'type of {path}', kind, want)
        self.leaf(octets(message._payload or ''), body, path)
        self.filename(message, body[9 if kind.startswith('text/') else 8],
                      path)
        if kind.startswith('text/'):
            # Python keeps a comment behind it.
            charset = message.get_content_charset('us-ascii').split()[0]
            self.text.append(message.get_payload(decode=True)
                             .decode(charset, 'replace'))

    def leaf(self, payload, body, path):
        have = self.imap.fetch(self.number, f'BODY.PEEK[{path}]')
        if payload is not None:
            if self.data.endswith(have):
                payload = payload.rstrip(b'\r\n') + \
                    have[len(have.rstrip(b'\r\n')):]
            self.same(f'octets of {path}', have, payload)
        self.same(f'size of {path}', body[6], len(have))
        if body[0] == b'TEXT':
            self.same(f'lines of {path}', body[7], have.count(b'\n'))
        return have

    def filename(self, message, disposition, path):
        name = None
        params = disposition[1] or [] if disposition else []
        for key, value in zip(params[::2], params[1::2]):
            if key == b'FILENAME':
                name = value.decode()
            elif key == b'FILENAME*':
                charset, _, rest = value.decode().split("'", 2)
                name = email.utils.collapse_rfc2231_value(
                    (charset, '', email.utils.unquote(percent(rest))))
        want = message.get_param('filename', None, 'content-disposition')
        if want is not None:
            want = email.utils.collapse_rfc2231_value(want)
        self.same(f'filename of {path}', name, want)


def percent(s):
    return re.sub('%([0-9A-Fa-f]{2})', lambda m: chr(int(m[1], 16)), s)


def main():
    program, user, seed, count = sys.argv[1:]
    differences = []
    maker = Maker(int(seed))
    imap = Imap(program, user)
    imap.command(b'SELECT INBOX')
    parts = searches = 0
    for number in range(1, int(count) + 1):
        data = maker.make()
        imap.command(b'APPEND INBOX {%d+}\r\n%s' % (len(data), data))
        if imap.fetch(number, 'BODY.PEEK[]') != data:
            differences.append(f'message {number}: octets')
        before = len(differences)
        check = Check(imap, number, data, differences.append)
        parts += check.parts
        for word in maker.words:
            found = imap.command(b'SEARCH CHARSET UTF-8 %d BODY {%d+}\r\n%s' %
                                 (number, len(word.encode()), word.encode()))
            check.same(f'search for {word}',
                       found == [b'* SEARCH %d\r\n' % number],
                       any(word in text for text in check.text))
            searches += 1
        if len(differences) > before:
            sys.stderr.write(f'--- message {number}\n')
            sys.stderr.buffer.write(data + b'\n')
    imap.command(b'LOGOUT')
    imap.process.stdin.close()
    status = imap.process.wait(20)
    print(*differences, sep='\n')
    print(f'{count} messages, {parts} parts, {searches} searches, '
          f'{len(differences)} differences')
    return 1 if differences or status != 0 or parts < int(count) else 0


if __name__ == '__main__':
    sys.exit(main())
