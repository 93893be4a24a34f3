#!/usr/bin/env python3
# grammar.py - commands made from the grammar, and ones that are nearly so
# SPDX-License-Identifier: ISC
"""usage: grammar.py PORT ABNF SEED SECONDS

Reads the grammar ABNF (see commands.abnf), makes commands of it, and sends
them to a session that greets with PREAUTH.  A command that the grammar has is
not answered by BAD; one that was spoilt so that the grammar has it no more is;
and whatever was sent, the NOOP behind it gets its answer.
"""
import random
import re
import select
import socket
import sys
import time

LIMIT = 20              # seconds that an answer may take
NUDGES = 5              # of them before it
DEPTH = 12              # of rules, before the shortest way out is taken
MESSAGES = 5            # that the mailbox "work" has at least
TEXT = (b'From: a@example.org\r\nTo: b@example.org\r\nSubject: message\r\n'
        b'Date: Mon, 7 Feb 1994 21:52:25 -0800\r\n\r\nbody\r\n')
LITERALS = (b'message', b'', b'two words', b'new2', b'x: y\r\n\r\n')
# Commands that end the selected state or may leave too few messages.
LEAVES = re.compile(rb'(?i)^(select|examine|close|unselect|expunge|uid expunge'
                    rb'|move|uid move|replace|uid replace|delete|rename|notify)\b')


# --- The grammar: nodes are tuples ---

def tokens(text):
    return re.findall(r'"[^"]*"|<[^>]*>|%x[0-9a-fA-F]+|\d*\*\d*(?=[("<A-Za-z])'
                      r'|[()\[\]/]|[A-Za-z][-A-Za-z0-9]*!?', text)


class Grammar:
    def __init__(self, path):
        self.rules = {}
        lines = []
        with open(path) as file:
            for line in file:
                line = line.rstrip('\n')
                if line.startswith(';') or not line:
                    continue
                if line[0].isspace():
                    lines[-1] += line
                else:
                    lines.append(line)
        for line in lines:
            name, body = re.match(r'([-A-Za-z0-9]+)\s*=\s*(.*)', line).groups()
            self.rules[name] = self.rule(body)

    def rule(self, body):
        if body.startswith('~'):
            regex, samples = body[1:].rsplit('~', 1)
            words = [word.replace('^', ' ').encode()
                     for word in samples.split()]
            return ('regex', re.compile(regex.encode(), re.S), words)
        self.left = tokens(body)
        node = self.alternatives()
        assert not self.left, self.left
        return node

    def alternatives(self):
        nodes = [self.sequence()]
        while self.left and self.left[0] == '/':
            self.left.pop(0)
            nodes.append(self.sequence())
        return nodes[0] if len(nodes) == 1 else ('or', nodes)

    def sequence(self):
        nodes = []
        while self.left and self.left[0] not in ('/', ')', ']'):
            nodes.append(self.item())
        return ('and', nodes)

    def item(self):
        token = self.left.pop(0)
        if '*' in token and token[0] != '"':
            low, high = token.split('*')
            return ('repeat', int(low or 0), int(high or 99), self.item())
        if token in '([':
            node = self.alternatives()
            assert self.left.pop(0) == (')' if token == '(' else ']')
            return node if token == '(' else ('repeat', 0, 1, node)
        if token[0] == '"':
            return ('text', token[1:-1].encode().lower(), token[1:-1].encode())
        if token[0] == '%':
            octet = bytes([int(token[2:], 16)])
            return ('text', octet, octet)
        return ('literal', token) if token[0] == '<' else ('rule', token)

    # --- Making ---

    def make(self, node, rnd, depth=0):
        kind = node[0]
        if kind == 'text':
            return rnd.choice((node[2], node[2].lower(), node[2].upper(),
                               node[2]))
        if kind == 'literal':
            text = rnd.choice(LITERALS)
            return b'%s{%d%s}\r\n%s' % (
                b'~' if node[1] == '<literal8>' else b'', len(text),
                rnd.choice((b'+', b'+', b'')), text)
        if kind == 'regex':
            return rnd.choice(node[2])
        if kind == 'rule':
            return self.make(self.rules[node[1]], rnd, depth + 1)
        if kind == 'and':
            return b''.join(self.make(n, rnd, depth) for n in node[1])
        if kind == 'or':
            nodes = [n for n in node[1] if not self.hidden(n)]
            if depth > DEPTH:
                nodes = nodes[:1]
            return self.make(rnd.choice(nodes), rnd, depth)
        low, high, inner = node[1:]
        count = low
        while count < high and depth <= DEPTH and rnd.random() < 0.4:
            count += 1
        return b''.join(self.make(inner, rnd, depth) for _ in range(count))

    def hidden(self, node):
        if node[0] == 'rule':
            return node[1].endswith('!')
        return node[0] == 'and' and any(self.hidden(n) for n in node[1])

    # --- Matching: all places where a node that begins at pos can end ---

    def matches(self, text):
        self.text = text
        self.seen = {}
        return len(text) in self.ends(('rule', 'command'), 0)

    def ends(self, node, pos):
        kind = node[0]
        if kind == 'text':
            end = pos + len(node[1])
            return {end} if self.text[pos:end].lower() == node[1] else set()
        if kind == 'literal':
            return self.literal_ends(pos, node[1] == '<literal8>')
        if kind == 'regex':
            # A regular expression may end earlier too, but no rule needs it.
            found = node[1].match(self.text, pos)
            return {found.end()} if found else set()
        if kind == 'rule':
            name = node[1].rstrip('!')
            if (name, pos) not in self.seen:
                self.seen[name, pos] = set()
                self.seen[name, pos] = self.ends(self.rules[name], pos)
            return self.seen[name, pos]
        if kind == 'and':
            places = {pos}
            for inner in node[1]:
                places = set().union(*(self.ends(inner, p) for p in places))
            return places
        if kind == 'or':
            return set().union(*(self.ends(n, pos) for n in node[1]))
        low, high, inner = node[1:]
        places, all_places = {pos}, set() if low > 0 else {pos}
        for count in range(1, high + 1):
            places = set().union(*(self.ends(inner, p) for p in places))
            places -= all_places
            if not places:
                break
            if count >= low:
                all_places |= places
        return all_places

    def literal_ends(self, pos, octets):
        head = re.compile((b'~' if octets else b'') + rb'\{(\d{1,9})\+?\}\r?\n').match(self.text, pos)
        if not head:
            return set()
        end = head.end() + int(head[1])
        if end > len(self.text) or (not octets and
                                  b'\0' in self.text[head.end():end]):
            return set()
        return {end}


# --- Spoiling ---

def spoil(text, rnd):
    """One or two small changes behind the first octet."""
    for _ in range(rnd.choice((1, 1, 1, 2))):
        at = rnd.randrange(1, len(text)) if len(text) > 1 else 0
        spaces = [m.start() for m in re.finditer(b' ', text)] or [at]
        space = rnd.choice(spaces)
        how = rnd.randrange(10)
        if how == 0:
            text = text[:space] + text[space + 1:]
        elif how == 1:
            text = text[:space] + b' ' + text[space:]
        elif how == 2:
            text = text[:at] + text[at:at + 1].swapcase() + text[at + 1:]
        elif how == 3:
            text = text[:at] + rnd.choice((b'(', b')', b'()', b'[', b']',
                                           b'"', b'{', b'\\')) + text[at:]
        elif how == 4:
            text = text[:at] + text[at + 1:]
        elif how == 5:
            text = text[:at] + b'\0' + text[at:]
        elif how == 6:
            text = text[:at] + bytes([rnd.randrange(128, 256)]) + text[at:]
        elif how == 7:
            text = text[:at]
        elif how == 8:
            text += rnd.choice((b' ', b' x', b')', b' ()', b'\t', b'\r'))
        else:
            text = re.sub(rb'\{(\d+)', lambda m: b'{%d' % (
                int(m[1]) + rnd.choice((-1, 1, 7)) if int(m[1]) else 3), text)
    return text


def split(text):
    """The first command in text, without CRLF, and how many octets of a literal
    are missing before it has its end."""
    pos = 0
    while True:
        end = text.find(b'\n', pos)
        if end == -1:
            return text, 0
        head = re.search(rb'\{(\d+)\+?\}\r?$', text[pos:end])
        if not head:
            return text[:end - (text[pos:end][-1:] == b'\r')], 0
        pos = end + 1 + int(head[1])
        if pos > len(text):
            return text, pos - len(text)


def whole(text):
    """text with what it lacks to be a command, or several."""
    text += b'\r\n'
    while True:
        command, missing = split(text)
        if command.upper() == b'IDLE':
            return command + b'\r\nDONE\r\n'
        if missing == 0 and command != text:
            return text
        text += b'x' * missing + b'\r\n'


# --- The session ---

class Session:
    def __init__(self, port):
        self.port = port
        self.tag = 0
        self.sent = b''
        self.connect()

    def connect(self):
        self.sock = socket.create_connection(('127.0.0.1', self.port), LIMIT)
        self.got = b''
        self.nudge = b''
        self.line()
        self.ready = False

    def fill(self):
        for _ in range(NUDGES):
            if select.select([self.sock], [], [], 1)[0]:
                break
            # A literal's head in what was refused may have taken the NOOP.
            if self.nudge:
                self.sock.sendall(b'x' * 100 + b'\r\n' + self.nudge)
        octets = self.sock.recv(65536)
        assert octets, 'the session ended'
        self.got += octets

    def take(self, size):
        while len(self.got) < size:
            self.fill()
        octets, self.got = self.got[:size], self.got[size:]
        return octets

    def one_line(self):
        while b'\n' not in self.got:
            self.fill()
        return self.take(self.got.index(b'\n') + 1)

    def line(self):
        line = self.one_line()
        while (head := re.search(rb'\{(\d+)\}\r\n$', line)):
            line += self.take(int(head[1])) + self.one_line()
        return line

    def ask(self, text, end=b'\r\n'):
        """The tagged answers to text, and a NOOP's behind it, which comes."""
        self.tag += 1
        tag, noop = b't%d' % self.tag, b'n%d' % self.tag
        self.sent = tag + b' ' + text + end
        self.nudge = noop + b' NOOP\r\n'
        self.sock.sendall(self.sent + self.nudge)
        answer = None
        while True:
            line = self.line()
            if line.startswith(tag + b' ') and answer is None:
                answer = line[len(tag) + 1:]
            elif line.startswith(noop + b' '):
                assert line.startswith(noop + b' OK'), line
                self.nudge = b''
                return answer

    def prepare(self):
        """The mailbox "work" is selected and has messages."""
        if self.ready:
            return
        self.ask(b'NOTIFY NONE')
        self.ask(b'CREATE work')
        for _ in range(MESSAGES):
            answer = self.ask(b'APPEND work {%d+}\r\n%s' % (len(TEXT), TEXT))
            assert answer.startswith(b'OK'), answer
        answer = self.ask(b'SELECT work')
        assert answer.startswith(b'OK'), answer
        self.ready = True


FAILURES = []


def fail(session, seed, what, answer):
    FAILURES.append('seed %d: %s\nsent: %r\nanswer: %r' % (
        seed, what, session.sent[:600], answer))
    if answer is None or len(FAILURES) == 20:
        sys.exit('\n'.join(FAILURES))


def main():
    port, path, seed, seconds = sys.argv[1:]
    rnd = random.Random(int(seed))
    grammar = Grammar(path)
    end = time.monotonic() + float(seconds)
    session = Session(int(port))
    good = bad = 0
    while time.monotonic() < end:
        session.prepare()
        text = grammar.make(('rule', 'command'), rnd)
        if not grammar.matches(text):
            sys.exit('what was made does not match: %r' % text)
        try:
            # RFC 5161 3.1: only without a selected mailbox.
            if text[:6].upper() == b'ENABLE':
                session.ask(b'UNSELECT')
                session.ready = False
            answer = session.ask(whole(text), b'')
            session.prepare()
            if answer is None or answer.startswith(b'BAD'):
                fail(session, int(seed), 'the grammar has this', answer)
            good += 1
            if LEAVES.match(text):
                session.ready = False
                session.prepare()
            text = spoil(text, rnd)
            if re.match(rb'(?i) *(logout|compress|auth|starttls)', text):
                continue
            text = whole(text)
            answer = session.ask(text, b'')
            session.ready = session.ready and not LEAVES.match(text)
            # A message is refused before what is behind it is read.
            early = text[:6].upper() in (b'APPEND', b'REPLAC', b'UID RE')
            # What the grammar has may still name a message that is not there.
            if not grammar.matches(split(text)[0]):
                bad += 1
                if answer is not None and not answer.startswith(b'BAD') and \
                        not (early and answer.startswith(b'NO')):
                    fail(session, int(seed), 'the grammar has this not',
                         answer)
        except (AssertionError, OSError) as error:
            fail(session, int(seed), str(error), None)
    if FAILURES:
        sys.exit('\n'.join(FAILURES))
    print('%d commands of the grammar, %d spoilt ones' % (good, bad))


main()
