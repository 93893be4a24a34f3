#!/usr/bin/env python3
# textindex.py - the same answers with search.db and without
# SPDX-License-Identifier: ISC
"""usage: textindex.py MBOXADM IMAPD USER SEED ROUNDS

Appends mail in many character sets and encodings to USER's INBOX, expunges some
of it, has search.db made ("mboxadm index", now and then killed while it works,
or at work while mail comes and goes and is looked for), and asks for pieces of
that mail, in an order that SEED decides: one session with search-index = yes and
one with no must find the same.  MSGSTORE is in the environment; configuration
files are written to the working directory.
"""
import base64
import quopri
import random
import re
import signal
import subprocess
import sys
import time

MESSAGES = 60       # of a round; search.db is not asked below 100
KEYS = 60
WORDS = ['station', 'nation', 'STRASSE', 'straße', 'Ünïcödé', 'naïve', 'ﬁnal',
         'ﬃ', 'Ǆur', 'ŉ', 'İstanbul', 'ıssız', 'ΣΊΣΥΦΟΣ', 'σίσυφος', 'ς',
         '日本語の文章はここにあります', '東京都', 'привет', 'ПРИВЕТ', '½ inch',
         'x²', 'K', 'Å', 'e\u0301t\u00e9', '…', 'a\u00a0b', 'end of a day',
         'mailbox', 'mail', 'ma', 'il', 'box', 'boxes', 'AbC', 'abcd', '2025',
         '20251124', 'CVE-2024-12345', 'user@host.example', 'a.b.c', '10.0.0.1',
         'tk-77', 'tk-7712345', 'x-1y',
         'C++', '--', '<p class="x">', 'http://t.example/?u=', 'o\'clock',
         'supercalifragilisticexpialidocious', 'x' * 24, 'x' * 25, 'ab1defg',
         'abc1ef', '\U0001f600\U0001f601\U0001f602', 'ch\u00e2teau', 'ǰ', 'ΐ']
CHARSETS = ['utf-8', 'iso-8859-1', 'windows-1252', 'utf-16', 'iso-2022-jp',
            'koi8-r', 'us-ascii', 'shift_jis', 'utf-7', 'x-unknown', '']
FIELDS = ['Subject', 'From', 'To', 'Cc', 'X-Note', 'Comments', 'List-Id']
CODECS = {'': 'utf-8', 'x-unknown': 'latin-1', 'us-ascii': 'utf-8'}


class Session:
    def __init__(self, imapd, conf, user):
        self.process = subprocess.Popen(
            [imapd, '-f', conf, '--preauth', user],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.line()
        self.ask(b'SELECT INBOX')

    def line(self):
        line = self.process.stdout.readline()
        if not line.endswith(b'\r\n'):
            sys.exit('the session ended')
        return line[:-2]

    def ask(self, *pieces):
        """Send pieces, which are text or (literal,); return the lines."""
        out = b'q '
        for piece in pieces:
            if isinstance(piece, tuple):
                out += b'{%d+}\r\n' % len(piece[0]) + piece[0]
            else:
                out += piece
        self.process.stdin.write(out + b'\r\n')
        self.process.stdin.flush()
        lines = []
        while True:
            line = self.line()
            if line.startswith(b'q '):
                if not line.startswith(b'q OK'):
                    sys.exit('%r: %r' % (pieces, line))
                return lines
            lines.append(line)

    def search(self, *pieces):
        for line in self.ask(b'UID SEARCH RETURN (ALL COUNT) CHARSET UTF-8 ',
                             *pieces):
            found = re.fullmatch(rb'\* ESEARCH \(TAG "q"\) UID(.*)', line)
            if found:
                return found[1]
        sys.exit('no answer to %r' % (pieces,))

    def end(self):
        self.process.stdin.close()
        if self.process.wait(60) != 0:
            sys.exit('a session failed')


def random_text(r, words):
    out = ''
    for _ in range(r.randrange(words)):
        kind = r.random()
        if kind < 0.8:
            word = r.choice(WORDS)
            out += r.choice([word, word, word.upper(), word.lower()])
        elif kind < 0.9:
            out += '%x' % r.getrandbits(r.choice([8, 32, 128]))
        else:
            out += ''.join(chr(r.choice([r.randrange(32, 127),
                                         r.randrange(160, 0x600),
                                         r.randrange(0x1e00, 0x2200),
                                         r.randrange(0x3000, 0xd7ff)]))
                           for _ in range(r.randrange(1, 9)))
        out += r.choice([' ', ' ', ' ', '', '', '\r\n', '-', ', '])
    return out


def encoded(r, text):
    charset = r.choice(CHARSETS)
    octets = text.encode(CODECS.get(charset, charset), 'replace')
    how = r.choice(['8bit', 'quoted-printable', 'base64'])
    if b'\0' in octets and how == '8bit':
        how = 'base64'
    if how == 'quoted-printable':
        octets = quopri.encodestring(octets).replace(b'\n', b'\r\n')
    elif how == 'base64':
        octets = base64.encodebytes(octets).replace(b'\n', b'\r\n')
    return charset, how, octets


def part(r, text):
    charset, how, octets = encoded(r, text)
    kind = r.choice(['text/plain', 'text/plain', 'text/html', 'TEXT/x-other',
                     'application/octet-stream'])
    head = 'Content-Type: ' + kind
    if charset:
        head += '; charset=' + charset
    return head.encode() + b'\r\nContent-Transfer-Encoding: ' + how.encode() + \
        b'\r\n\r\n' + octets


def field(r, name, text):
    text = text.replace('\r\n', ' ')
    if r.random() < 0.4:
        return '%s: %s\r\n' % (name, text)
    words = [text[i:i + 9] for i in range(0, len(text), 9)]
    return name + ': ' + '\r\n '.join(
        '=?utf-8?%s?=' % ('B?' + base64.b64encode(w.encode()).decode()
                          if r.random() < 0.5 else 'Q?' +
                          ''.join('=%02X' % c for c in w.encode()))
        for w in words) + '\r\n'


def message(r, texts, depth=0):
    head = b''
    for name in r.sample(FIELDS, r.randrange(1, len(FIELDS))):
        texts.append(random_text(r, 4000 if r.random() < 0.005 else 6))
        head += field(r, name, texts[-1]).encode('utf-8', 'replace')
    texts.append(random_text(r, 3000 if r.random() < 0.05 else 40))
    kind = r.random()
    if kind < 0.5 or depth > 2:
        return head + part(r, texts[-1])
    if kind < 0.65:
        return head + b'Content-Type: message/rfc822\r\n\r\n' + \
            message(r, texts, depth + 1)
    bound = b'b%d' % r.getrandbits(40)
    head += b'Content-Type: multipart/mixed; boundary=' + bound + b'\r\n\r\n'
    for _ in range(r.randrange(1, 4)):
        texts.append(random_text(r, 20))
        head += b'--' + bound + b'\r\n' + (
            b'Content-Type: message/rfc822\r\n\r\n' +
            message(r, texts, depth + 1) if r.random() < 0.2 else
            part(r, texts[-1])) + b'\r\n'
    return head + b'--' + bound + b'--\r\n'


def key(r, texts):
    kind = r.random()
    text = r.choice(texts) if kind < 0.7 else r.choice(WORDS)
    start = r.randrange(len(text) + 1)
    text = text[start:start + r.choice([1, 2, 3, 3, 4, 5, 6, 8, 12, 30, 60])]
    text = r.choice([text, text.upper(), text.lower(), text.title()])
    if kind > 0.95:
        text += r.choice('aZ1 é')
    text = text.replace('\0', '').encode('utf-8', 'replace')
    return (text,)


def query(r, texts):
    """A search key, as pieces."""
    op = r.random()
    if op < 0.1:
        return [b'NOT '] + query(r, texts)
    if op < 0.2:
        return [b'OR ', *query(r, texts), b' ', *query(r, texts)]
    if op < 0.3:
        return [b'(', *query(r, texts), b' ', *query(r, texts), b')']
    if op < 0.35:
        return [r.choice([b'UNSEEN', b'LARGER 3000', b'UID 20:90',
                          b'SENTSINCE 1-Jan-2000'])]
    names = [b'BODY ', b'BODY ', b'TEXT ', b'SUBJECT ', b'FROM ', b'TO ',
             b'CC ', b'HEADER X-Note ', b'HEADER comments ', b'HEADER to ',
             b'HEADER List-Id ']
    return [r.choice(names), key(r, texts)]


def index_start(mboxadm, user):
    return subprocess.Popen([mboxadm, '-f', 'index-yes.conf', 'index', user],
                            stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)


def index_end(r, process):
    if r.random() < 0.4:
        time.sleep(r.random() * 0.15)
        process.send_signal(signal.SIGKILL)
        process.wait()
    elif process.wait(120) != 0:
        sys.exit('mboxadm index failed')


def main():
    mboxadm, imapd, user, seed, rounds = sys.argv[1:]
    r = random.Random(int(seed))
    for word in 'yes', 'no':
        with open('index-%s.conf' % word, 'w', encoding='ascii') as f:
            f.write('search-index = %s\n' % word)
    texts = []
    for number in range(int(rounds)):
        writer = Session(imapd, 'index-no.conf', user)
        meanwhile = index_start(mboxadm, user) if r.random() < 0.5 else None
        writer.ask(b'APPEND INBOX', *(piece for _ in range(MESSAGES) for piece in
                                      (b' ', (message(r, texts),))))
        first = 1 + number * MESSAGES
        for uid in r.sample(range(first, first + MESSAGES), MESSAGES // 8):
            writer.ask(b'UID STORE %d +FLAGS.SILENT (\\Deleted)' % uid)
        del texts[:-600]
        if r.random() < 0.5:
            writer.ask(b'EXPUNGE')
        if r.random() < 0.8:
            index_end(r, index_start(mboxadm, user))
        if r.random() < 0.5:
            writer.ask(b'EXPUNGE')
        with_it = Session(imapd, 'index-yes.conf', user)
        without = Session(imapd, 'index-no.conf', user)
        at_once = index_start(mboxadm, user) if r.random() < 0.3 else None
        for _ in range(KEYS):
            keys = query(r, texts)
            a, b = with_it.search(*keys), without.search(*keys)
            if a != b:
                sys.exit('seed %s, round %d: %r: with search.db%s, without%s' %
                         (seed, number, keys, a.decode(), b.decode()))
        with_it.end()
        without.end()
        writer.end()
        for process in meanwhile, at_once:
            if process:
                index_end(r, process)


main()
